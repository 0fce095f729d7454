"""The queries of a request: kept, printed, and never in the way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import django_site
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.signals import request_finished, request_started
from django.db import DatabaseError, OperationalError, connection, connections
from django.template import Context, Engine
from django.test import RequestFactory

from debugkit.debug.timeline import timeline
from debugkit.debug.timeline.timeline import shorten
from debugkit.django.options import LAYOUT, SqlOptions
from debugkit.django.query_printer import QueryPrinter
from debugkit.django.sql import KEPT, PARAMETER, TEXT, Query, Recording, describe, is_users, recorded

assert django_site  # settings are needed


@contextmanager
def request_of(recording: Recording) -> Iterator[Any]:
    """A request that is being answered, and whose queries are recorded."""
    recording.begin()
    request = RequestFactory().get("/")
    request_started.send(sender=None, environ=request.META)
    try:
        yield request
    finally:
        request_finished.send(sender=None)
        recording.end()
        connections.close_all()
        for one in connections.all():
            one.execute_wrappers.clear()


def query(sql: str, params: Any = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def test_the_queries_of_a_request_are_kept_with_the_users_line_that_asked() -> None:
    with request_of(Recording()) as request:
        query("SELECT %s AS tea, %s AS cups", ["Assam", 2])
        with pytest.raises(DatabaseError):
            query("SELECT nothing FROM nowhere")
        first, second = recorded(request)
    assert (first.number, first.sql, first.params) == (1, "SELECT %s AS tea, %s AS cups", ("'Assam'", "2"))
    assert (first.alias, first.many, first.failed, second.failed) == ("default", 0, False, True)
    assert re.fullmatch(r"\S*test_sql.py:\d+ in query", first.where)
    assert first.seconds > 0


def test_many_sets_of_parameters_are_counted() -> None:
    with request_of(Recording()) as request, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE cups (name TEXT)")
        cursor.executemany("INSERT INTO cups VALUES (%s)", [["a"], ["b"], ["c"]])
        assert [(one.many, one.params) for one in recorded(request)] == [(0, ()), (3, ())]


def test_only_the_last_queries_are_kept_and_they_say_their_number() -> None:
    with request_of(Recording()) as request:
        for _ in range(KEPT + 5):
            query("SELECT 1")
        found = recorded(request)
    assert [one.number for one in found] == list(range(6, KEPT + 6))


def test_long_queries_and_parameters_are_shortened() -> None:
    with request_of(Recording()) as request:
        query(f"SELECT '{'x' * 5_000}', %s", ["y" * 5_000])
        (found,) = recorded(request)
    assert len(found.sql) < TEXT + 40
    assert len(found.params[0]) < PARAMETER + 40


def test_queries_belong_to_their_request_alone() -> None:
    recording = Recording()
    with request_of(recording) as first:
        query("SELECT 1")
        assert len(recorded(first)) == 1
        assert recorded(RequestFactory().get("/")) == []
        assert recorded(None) == []
    assert recorded(first) == []
    query("SELECT 2")  # of no request
    with request_of(recording) as second:
        assert recorded(second) == []


def test_async_views_ask_in_other_threads_and_it_is_still_their_request() -> None:
    async def view() -> None:
        await asyncio.sleep(0)
        await sync_to_async(query)("SELECT 1")

    with request_of(Recording()) as request:
        async_to_sync(view)()
        assert [one.sql for one in recorded(request)] == ["SELECT 1"]


def test_a_query_that_a_template_asks_for_names_the_template_line(tmp_path: Path) -> None:
    (tmp_path / "teas.html").write_text("<h1>Teas</h1>\n{{ ask }}\n")
    template = Engine([tmp_path]).get_template("teas.html")
    with request_of(Recording()) as request:
        # The view's own line stands further out on the stack than the template's.
        template.render(Context({"ask": connection.introspection.table_names}))
        assert f"{tmp_path / 'teas.html'}:2" in {one.where for one in recorded(request)}


def test_a_connection_is_watched_once_however_often_it_is_made() -> None:
    recording = Recording()
    with request_of(recording) as request:
        for _ in range(3):
            connection.close()
            query("SELECT 1")
        assert connection.execute_wrappers == [recording]
        assert len(recorded(request)) == 3


def test_djangos_own_record_of_queries_is_what_it_always_is(settings_debug: None) -> None:
    with request_of(Recording(lambda *parts: None)):
        connection.queries_log.clear()
        query("SELECT 1")
        assert [one["sql"] for one in connection.queries] == ["SELECT 1"]


@pytest.fixture
def settings_debug() -> Iterator[None]:
    connection.force_debug_cursor = True
    yield
    connection.force_debug_cursor = False


class Hostile:
    def __repr__(self) -> str:
        raise AssertionError("a parameter's repr was called")


def test_parameters_are_texts_and_code_of_others_is_not_run_for_them() -> None:
    assert describe([1, None, b"x", date(2026, 11, 21), Hostile()]) == ("1", "None", "b'x'", "2026-11-21", "<Hostile>")
    assert describe({"tea": "Assam"}) == ("tea='Assam'",)
    assert describe(None) == ()


def test_a_shortened_text_says_how_long_it_was() -> None:
    assert shorten("abc", 3) == "abc"
    assert shorten("abcd" * 1_000, 3) == "abc… (4,000 characters)"


def test_installed_code_and_manage_py_are_not_the_users() -> None:
    assert is_users(__file__)
    assert not is_users("/srv/shop/manage.py")
    assert not is_users(re.__file__)
    assert not is_users("<frozen importlib._bootstrap>")
    assert not is_users(Path(django_site.django.__file__).as_posix())


# Printing


def printed(options: SqlOptions, *parts: tuple[str, Any], keyword: Any = None) -> list[str]:
    lines: list[str] = []
    with request_of(Recording(QueryPrinter(options, lines.append, keyword))):
        for sql, params in parts:
            query(sql, params)
    return lines


def test_a_printed_query_has_its_parameters_filled_in_and_its_facts_below() -> None:
    (text,) = printed(SqlOptions(layout=None), ("SELECT %s AS tea", ["Assam"]))
    assert re.fullmatch(r"SELECT 'Assam' AS tea\n    \S+ms  \[default\]", text)


def test_the_location_is_one_line_of_the_users() -> None:
    (text,) = printed(SqlOptions(layout=None, location=True), ("SELECT 1", None))
    assert re.search(r"  \S*test_sql.py:\d+ in query$", text)


def test_a_query_is_laid_out_first_and_cut_then() -> None:
    sql = "SELECT one, two FROM (SELECT 1 AS one, 2 AS two) WHERE one = 1"
    (text,) = printed(SqlOptions(layout=LAYOUT), (sql, None))
    assert text.startswith("SELECT one,\n       two\n  FROM")
    (text,) = printed(SqlOptions(layout=LAYOUT, truncate=20), (sql, None))
    assert text.startswith("SELECT one,\n       t… (")
    (text,) = printed(SqlOptions(layout=None, truncate=None), (f"SELECT '{'x' * 30_000}'", None))
    assert "x" * 30_000 in text


def test_a_layout_that_sqlparse_refuses_costs_the_layout_only() -> None:
    (text,) = printed(SqlOptions(layout={"indent_width": "wide"}), ("SELECT 1", None))
    assert text.startswith("SELECT 1\n    (not laid out: ")


def test_words_of_sql_are_coloured_where_there_are_colours() -> None:
    (text,) = printed(SqlOptions(layout=None), ("SELECT 1", None), keyword=lambda word: f"<{word}>")
    assert text.startswith("<SELECT> 1\n")
    (text,) = printed(SqlOptions(layout=None, colours=False), ("SELECT 1", None), keyword=lambda word: f"<{word}>")
    assert text.startswith("SELECT 1\n")


def test_a_query_cannot_steer_the_terminal() -> None:
    (text,) = printed(SqlOptions(layout=None), ("SELECT %s", ["\x1b[2J"]))
    assert "\x1b" not in text


def test_a_driver_that_cannot_tell_what_it_sent_is_no_trouble() -> None:
    class Silent:
        alias = "default"

        class ops:
            @staticmethod
            def last_executed_query(*_: Any) -> str:
                raise RuntimeError("no")

    lines: list[str] = []
    asked = Query(1, "SELECT %s", ("1",), "default", 0.001, 0, "", True)
    show = QueryPrinter(SqlOptions(layout=None), lines.append)
    show(asked, "SELECT %s", [1], {"connection": Silent, "cursor": None})
    assert lines == ["SELECT %s [1]\n    1.0ms  [default]  failed"]


def test_queries_stand_in_the_timeline_of_the_request() -> None:
    with request_of(Recording()):
        line = timeline.begin()
        query("SELECT 1")
        with pytest.raises(OperationalError):
            query("SELECT * FROM nowhere")
        done, failed = timeline.recorded().moments
        line.end()

    assert (done.kind, done.label, done.text) == ("sql", "default", "SELECT 1")
    assert done.where.endswith("in query")
    assert failed.label == "default, failed"
