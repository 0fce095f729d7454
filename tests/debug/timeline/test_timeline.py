"""What stands on the page of an error that the request did before it: bounded, redacted, and at nobody's cost."""

from __future__ import annotations

import contextvars
import logging
import re
import warnings
from collections.abc import Callable, Iterable
from types import GeneratorType
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
import sqlalchemy
from client import Client
from sqlalchemy.pool import StaticPool

from debugkit import DebuggedApplication
from debugkit.debug.timeline.timeline import MOST, Moment, Recorded, Timeline, begin, current

LOGGER = logging.getLogger("teashop.cart")
MOUNT = "/__debugkit__"


def client_of(work: Callable[[], object], **settings: Any) -> Client:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/fine":
            start_response("200 OK", [("Content-Type", "text/plain")])
            work()
            return [b"fine"]
        work()
        raise KeyError("price")

    return Client(DebuggedApplication(app, pin_logging=False, **({"timeline": True} | settings)))


def moments(client: Client) -> dict[str, str]:
    problem = client("/", HTTP_ACCEPT="application/json").json
    [table] = problem["request"].get("timeline", [{"values": {}}])
    values: dict[str, str] = table["values"]
    return values


def test_log_records_and_warnings_stand_in_their_order_with_the_line_that_made_them() -> None:
    def work() -> None:
        LOGGER.warning("only %d left", 3)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("old tea", DeprecationWarning, stacklevel=1)

    shown = moments(client_of(work))
    (first, record), (second, warned), (last, error) = shown.items()

    assert first.startswith("1. +")
    assert first.endswith("ms WARNING teashop.cart")
    assert record.startswith("only 3 left\n")
    assert record.endswith("in work")
    assert (second.split(" ", 3)[3], warned.partition("\n")[0]) == ("warning DeprecationWarning", "old tea")
    assert (last.rpartition(" ")[2], error) == ("error", "KeyError: 'price'")


def test_the_page_sets_time_and_line_apart_from_what_happened() -> None:
    page = client_of(lambda: LOGGER.error("two\nlines"))("/", HTTP_ACCEPT="text/html").text

    assert re.search(r'<dt><span class="at">1\. \+[\d.]+ ms </span>ERROR teashop.cart</dt>', page)
    assert re.search(r'<span class="val">two\nlines</span><span class="type mono">\S+:\d+ in \S+</span>', page)


def test_a_request_has_its_own_moments_only() -> None:
    client = client_of(lambda: LOGGER.error("once"))
    client("/fine")

    assert [text.partition("\n")[0] for text in moments(client).values()] == ["once", "KeyError: 'price'"]


def test_without_the_setting_nothing_is_kept() -> None:
    assert moments(client_of(lambda: LOGGER.error("unseen"), timeline=False)) == {}


def test_the_text_of_a_record_is_taken_from_its_handler_and_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Tea:
        def __str__(self) -> str:
            asked.append("str")
            return "Sencha"

    handler = logging.StreamHandler(open("/dev/null", "w"))  # noqa: SIM115, PTH123
    monkeypatch.setattr(LOGGER, "handlers", [handler])
    monkeypatch.setattr(LOGGER, "propagate", False)
    shown = moments(client_of(lambda: LOGGER.warning("no %s", Tea())))

    assert next(iter(shown.values())).startswith("no Sencha\n")
    assert asked == ["str"]
    handler.stream.close()


def test_no_code_of_the_arguments_runs_where_no_handler_has_made_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tea:
        def __str__(self) -> str:
            raise AssertionError("asked")

    monkeypatch.setattr(LOGGER, "handlers", [logging.NullHandler()])
    monkeypatch.setattr(LOGGER, "propagate", False)

    assert next(iter(moments(client_of(lambda: LOGGER.warning("no %s", Tea()))).values())).startswith("no %s\n")


def test_secrets_are_redacted() -> None:
    shown = moments(client_of(lambda: LOGGER.warning("connecting with password=%s", "hunter2hunter2")))

    assert "hunter2" not in str(shown)
    assert "password=••••••" in str(shown)


def test_the_last_moments_are_kept_and_the_others_counted() -> None:
    def work() -> None:
        for number in range(5_000):
            LOGGER.error("%d", number)

    logging.disable(logging.NOTSET)
    client = client_of(work)
    problem = client("/", HTTP_ACCEPT="application/json").json
    [table] = problem["request"]["timeline"]

    assert len(table["values"]) == MOST + 1
    assert table["notice"].startswith(f"The last {MOST} of 5,000.")
    assert [text.partition("\n")[0] for text in table["values"].values()][-2] == "4999"


def test_what_is_long_is_cut() -> None:
    shown = moments(client_of(lambda: LOGGER.error("x" * 100_000)))

    assert len(next(iter(shown.values()))) < 3_000


def test_statements_of_sqlalchemy_have_their_time_and_repeated_ones_are_counted() -> None:
    engine = sqlalchemy.create_engine("sqlite://", poolclass=StaticPool)

    def work() -> None:
        with engine.connect() as connection:
            for number in range(4):
                connection.execute(sqlalchemy.text("SELECT :number + 0"), {"number": number})
            with pytest.raises(sqlalchemy.exc.OperationalError):
                connection.execute(sqlalchemy.text("SELECT * FROM nowhere"))

    problem = client_of(work)("/", HTTP_ACCEPT="application/json").json
    engine.dispose()
    [table] = problem["request"]["timeline"]
    names, texts = list(table["values"]), list(table["values"].values())

    assert texts[0].startswith("SELECT ? + 0\n")
    assert texts[0].endswith("in work")
    assert " SQL sqlite, " in names[0]
    assert names[0].endswith(" ms")
    assert "SQL sqlite, failed: OperationalError" in names[4]
    assert table["notice"] == "4 times the same query: SELECT ? + 0"


def test_a_released_error_keeps_no_timeline() -> None:
    client = client_of(lambda: LOGGER.error("tea"))
    client("/")
    registry = client.app.debugger.registry  # type: ignore[attr-defined]
    [[entry]] = registry.recent_groups()
    assert entry.timeline.moments
    for _ in range(5):
        client("/")

    assert not entry.live
    assert entry.timeline == Recorded()


def test_a_moment_costs_only_its_own_request_something() -> None:
    clock = iter((10.0, 10.5, 11.0)).__next__
    line = Timeline(clock)
    line.add(Moment("log", line.now, "INFO tea", "one"))

    assert [moment.at for moment in line.moments()] == [0.5]
    assert line.now == 1.0


@pytest.mark.parametrize("streamed", [False, True])
def test_what_happens_after_a_request_is_none_of_its_moments(streamed: bool) -> None:
    seen: list[Timeline | None] = []

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        seen.append(current())
        return (part for part in (b"a", b"b")) if streamed else [b"a"]

    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    body = DebuggedApplication(app, pin_logging=False, timeline=True)(environ, lambda *_: None)  # type: ignore[arg-type, return-value]
    assert seen[0] is not None
    assert (current() is seen[0]) is streamed
    # Some servers close it in another context than that of the call.
    if isinstance(body, GeneratorType):
        contextvars.Context().run(body.close)
    LOGGER.error("tea")

    assert current() is None
    assert not list(seen[0].moments())


def test_an_application_inside_of_another_one_ends_its_own_timeline_only() -> None:
    outer = begin()
    inner = begin()
    inner.end()

    assert current() is outer
    outer.end()
    assert current() is None
