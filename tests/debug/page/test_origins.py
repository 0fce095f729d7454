"""How it came to this, as the page tells it: the reader's own code first, libraries in one line, nothing twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from capture_support import caught, run
from client import Client
from database_support import disposing, memory_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from debugkit import DebuggedApplication

LIBRARY = "/venv/lib/python3.13/site-packages/orm/session.py"


@pytest.fixture(autouse=True)
def closed_databases() -> Iterator[None]:
    with disposing():
        yield


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


def client(function: Callable[..., object], *args: object) -> Client:
    def app(environ: object, start_response: object) -> list[bytes]:
        function(*args)
        raise AssertionError("it raised nothing")

    return Client(DebuggedApplication(app))


def page(function: Callable[..., object], *args: object) -> str:
    return client(function, *args)("/").text


def origins(html: str) -> str:
    """What stands above the opened frame."""
    return html[html.index('<div class="opened">') : html.index("<main")]


def ordered() -> object:
    with Session(memory_engine()) as session:
        return session.query(Order).all()


def test_the_error_of_a_driver_is_one_line_above_the_line_of_the_application() -> None:
    html = page(ordered)
    above = origins(html)

    assert above.count("<li") == above.count('<li class="line">') == 1
    assert re.search(
        r'root cause</span>\s*<a href="[^"]+" data-open>\s*<b class="type">sqlite3.OperationalError', above
    )
    assert "no such table: orders" in above
    assert "cursor.execute" not in above
    assert '<span class="fn">ordered</span>' in html


SAVE = """
def save(convert, value):
    try:
        return convert(value)
    except Exception as error:
        raise RuntimeError("not saved") from error
"""


def as_euros(value: str) -> float:
    return float(value.removesuffix(" EUR"))


def saved() -> None:
    run(SAVE, LIBRARY)["save"](as_euros, "4,50 EUR")  # type: ignore[operator]


def test_the_page_of_a_wrapper_opens_on_the_cause_in_own_code_and_names_it_there() -> None:
    html = page(saved)

    assert re.search(r'<span class="fn">as_euros</span>', html)
    assert re.search(r'class="origins here">.*root cause</span>.*ValueError', origins(html), re.S)
    assert html.count('aria-current="step"') == 1
    assert re.search(r'aria-current="step"[^>]*>\s*<span class="nth">1</span>', html)


def raised_anew() -> None:
    try:
        as_euros("many")
    except ValueError as error:
        raise ValueError(*error.args) from error


def test_exceptions_that_say_the_same_are_no_steps() -> None:
    html = page(raised_anew)

    assert 'class="steps"' not in html
    assert "root cause" not in origins(html)


def renamed() -> None:
    try:
        raised_anew()
    except ValueError as error:
        raise LookupError("no price") from error


def test_steps_and_listed_exceptions_have_the_same_numbers() -> None:
    html = page(renamed)

    assert re.findall(r'<span class="nth">(\d)</span> ', html) == ["1", "2"]
    assert re.findall(r'<h3>\s*<span class="nth" [^>]*>(\d)</span>', html) == ["2", "1", "1"]


# Frames that two exceptions share


def passed_on() -> None:
    error = caught(outer, "many")
    raise KeyError("price").with_traceback(error.__traceback__) from error


def outer(value: str) -> float:
    return inner(value)


def inner(value: str) -> float:
    return as_euros(value)


def test_frames_that_an_exception_above_has_too_are_folded() -> None:
    app = client(passed_on)
    html = app("/").text
    address = re.search(r'"(/__debugkit__/tracebacks/\w+)\.md"', html)

    assert html.count("the same 4 frames as above") == 1
    assert address
    assert "(the same 4 frames as above)" in app(f"{address[1]}.md").text


# Groups


def asked(supplier: str, answers: list[str]) -> int:
    return len(supplier) + int(answers[0])


def group(count: int) -> None:
    answers = ["many", "few"]
    raise ExceptionGroup("suppliers failed", [caught(asked, f"s{number}", answers) for number in range(count)])


def test_values_that_are_the_same_in_each_member_are_shown_once() -> None:
    above = origins(page(group, 3))

    assert above.count("<b>answers</b>") == 1
    assert re.findall(r"&#39;(s\d)&#39;", above) == ["s0", "s1", "s2"]


def test_every_member_of_a_large_group_can_be_reached() -> None:
    above = origins(page(group, 12))
    links = re.findall(r'<a href="(/__debugkit__/frames/[^"]+)"', above)

    assert "<summary>9 more</summary>" in above
    assert len(set(links)) == 12


def test_a_cause_that_was_never_raised_is_named_where_it_can_be() -> None:
    def refused() -> None:
        raise ValueError("refused") from KeyError("budget")

    assert re.search(r"root cause</span>\s*<b class=\"type\">KeyError</b>: <span[^>]*>&#39;budget&#39;", page(refused))


# Markdown and JSON


def told(function: Callable[..., object], accept: str) -> Any:
    return client(function)("/", HTTP_ACCEPT=accept)


def test_markdown_begins_with_the_root_cause_its_line_and_its_values() -> None:
    markdown = told(renamed, "text/markdown").text
    first, second = markdown.split("\n## ")[1:3]

    assert "in `as_euros`" in first
    assert "Root cause: `ValueError: could not convert string to float: 'many'`" in first
    assert re.search(r"^> +\d+ +return float", first, re.M)
    assert "value = 'many'" in first
    assert "Led to: `LookupError: no price`" in second


def test_markdown_names_a_root_cause_in_a_library_before_the_line_of_the_application() -> None:
    before, first = told(ordered, "text/markdown").text.split("\n## ")[:2]

    assert "Root cause: `sqlite3.OperationalError: no such table: orders`" in before
    assert "in `ordered`" in first


def test_json_has_the_values_of_the_root_cause() -> None:
    root = told(renamed, "application/json").json["exceptions"][-1]

    assert {"name": "value", "type": "str", "text": "'many'"} in root["frames"][-1]["values"]
