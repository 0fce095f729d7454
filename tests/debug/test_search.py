"""A text is found wherever a page of the error would show it, and nowhere else."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from html import unescape
from typing import Any

import pytest
from support.client import Client

from debugkit import DebuggedApplication
from debugkit.debug.access.viewer import Level, Viewer
from debugkit.debug.search import MOST_OF_A_GROUP, ErrorSearch

MOUNT = "/__debugkit__"
PIN = "314-159-265"


class Basket:
    def __repr__(self) -> str:
        return "<Basket with Lapsang>"


def price_of(item: dict[str, Any]) -> Any:
    basket = Basket()
    password = "Lapsang-Souchong"
    return item["price"], basket, password


def walk(items: list[dict[str, Any]], depth: int) -> Any:
    return walk(items, depth - 1) if depth else price_of(items[0])


def failing_app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    return [bytes(walk([{"name": "Lapsang"}], 3))]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> DebuggedApplication:
    folder = tmp_path_factory.mktemp("state")
    folder.chmod(0o700)
    return DebuggedApplication(failing_app, pin=PIN, state_dir=folder)


@pytest.fixture(scope="module")
def entry(app: DebuggedApplication) -> str:
    answer = Client(app)("/shop?" + "&".join(f"field_{number}=1" for number in range(30)), HTTP_X_TEA="green Lapsang")
    return (answer.header("X-Debugkit-Traceback") or "").rpartition("/")[2]


@pytest.fixture
def summary(app: DebuggedApplication, entry: str) -> Callable[..., str]:
    def search(text: str, **environ: Any) -> str:
        answer = Client(app).post(f"{MOUNT}/tracebacks/{entry}/search", {"text": text}, **environ)
        assert answer.status == 200, answer.text
        match = re.search('data-summary="(.*?)"', answer.text)
        assert match is not None
        return unescape(match[1])

    return search


def test_frames_source_values_and_request_are_searched_whatever_the_case(summary: Callable[..., str]) -> None:
    assert summary("lapsang") == (
        "2 in tests/debug/test_search.py, 8 in Locals of walk, 2 in Locals of price_of, 1 in Headers."
    )
    assert "Locals of price_of" in summary("password")
    assert "in tests/debug/test_search.py" in summary("failing_app")
    assert summary("HTTP/1.0").startswith("1 in ")


def test_a_secret_is_not_found_by_its_value(summary: Callable[..., str]) -> None:
    # The literal stands in the source, which is shown; the value of the variable is not.
    assert summary("Souchong") == "1 in tests/debug/test_search.py."


def test_who_sees_no_values_searches_none(summary: Callable[..., str]) -> None:
    notice = "Values and the request are searched after unlocking."
    assert summary("green", REMOTE_ADDR="192.168.1.7") == f"Nothing found. {notice}"
    assert "test_search.py" in summary("price_of", REMOTE_ADDR="192.168.1.7")


def test_a_match_says_where_it_is_and_is_escaped(app: DebuggedApplication, entry: str) -> None:
    answer = Client(app).post(f"{MOUNT}/tracebacks/{entry}/search", {"text": "<basket"})

    assert "&lt;<mark>" not in answer.text
    assert "<mark>&lt;Basket</mark> with Lapsang&gt;" in answer.text
    assert re.search(r'data-frame="/__debugkit__/frames/\w+-\d+" data-name="basket"', answer.text)


def test_a_search_ends_in_time_and_has_looked_at_the_frames_of_the_application_first(
    app: DebuggedApplication, entry: str
) -> None:
    record = app.debugger.registry.get(entry)
    ticks = itertools.count()
    with app.debugger.describer(record) as describer:
        search = ErrorSearch(record, Viewer(Level.VISITOR, True), describer, app.debugger.settings, lambda: next(ticks))
        view = search.search("Lapsang")

    count = len(record.captured.frames)
    assert view.notice == f"Only 1 of {count} frames were searched: more would have taken too long."
    assert view.groups[0].label == "tests/debug/test_search.py"
    assert view.groups[-1].label == "Headers"


def test_what_is_searched_gets_no_handles(app: DebuggedApplication, entry: str) -> None:
    """Those are for values on a page, of which a table has a limited number."""
    record = app.debugger.registry.get(entry)

    def issued(name: str) -> int:
        return int(re.findall(r"-v(\d+)x", record.values.put(object(), name))[0])

    before = issued("before")
    with app.debugger.describer(record) as describer:
        ErrorSearch(record, Viewer(Level.RUNNER, True), describer, app.debugger.settings).search("Lapsang")

    assert issued("after") == before + 1


def test_many_matches_of_a_group_are_counted_and_not_all_listed(app: DebuggedApplication, entry: str) -> None:
    answer = Client(app).post(f"{MOUNT}/tracebacks/{entry}/search", {"text": " "})
    assert 'data-summary="Nothing found."' in answer.text

    answer = Client(app).post(f"{MOUNT}/tracebacks/{entry}/search", {"text": "field_2"})
    assert re.findall(r"<b>Request</b> (\d+)", answer.text) == ["11"]
    answer = Client(app).post(f"{MOUNT}/tracebacks/{entry}/search", {"text": "field_"})
    assert re.findall(r"<b>Request</b> (\d+)", answer.text) == ["30"]
    assert answer.text.count('data-panel="request"') == MOST_OF_A_GROUP
    assert f">{30 - MOST_OF_A_GROUP} more</li>" in answer.text
