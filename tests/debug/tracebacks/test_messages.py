"""What an exception says is asked for once, with a deadline, and the same text stands everywhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from capture_support import caught, expected_text
from client import Client
from process_support import TIMEOUT

from debugkit import DebuggedApplication
from debugkit.debug.safe.inspection import Guard
from debugkit.debug.tracebacks.capture import capture
from debugkit.debug.tracebacks.messages import ExceptionTexts

FORMS = ["", ".txt", ".md", ".json"]


class Counted(Exception):
    asked = 0

    def __str__(self) -> str:
        type(self).asked += 1
        return f"asked {self.asked} times"


class CountedNote:
    asked = 0

    def __str__(self) -> str:
        type(self).asked += 1
        return "a note"


def alone() -> None:
    raise type("Alone", (Counted,), {})


def chained() -> None:
    try:
        alone()
    except Counted as error:
        raise ValueError from error


def grouped() -> None:
    raise ExceptionGroup("group", [caught(alone)])


def key() -> None:
    class Key:
        asked = 0

        def __repr__(self) -> str:
            type(self).asked += 1
            return "a key"

    raise KeyError(Key())


@pytest.mark.parametrize("fail", [alone, chained, grouped])
def test_an_exception_is_asked_once_for_all_forms(fail: Callable[[], None]) -> None:
    raised: list[BaseException] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        raised.append(caught(fail))
        raise raised[0]

    client = Client(DebuggedApplication(app))
    first = client("/")
    address = first.header("X-Debugkit-Traceback")
    texts = [first.errors, first.text, *(client(f"{address}{form}").text for form in FORMS)]

    counted = raised[0].__cause__ or getattr(raised[0], "exceptions", raised)[0]
    assert counted.asked == 1
    assert all("asked 1 times" in text for text in texts)
    assert not any("asked 2 times" in text for text in texts)


def test_the_key_of_a_key_error_is_asked_once() -> None:
    exc = caught(key)
    capture(exc)
    assert exc.args[0].asked == 1


def test_a_note_is_asked_once() -> None:
    exc = ValueError("x")
    exc.__notes__ = [CountedNote()]
    assert capture(exc).text == "ValueError: x\na note\n"
    assert CountedNote.asked == 1


def test_a_message_that_never_comes_costs_its_deadline_once() -> None:
    entered, release = [], threading.Event()

    class Slow(Exception):
        def __str__(self) -> str:
            entered.append(1)
            release.wait(TIMEOUT)
            return "too late"

    exc = Slow()
    with ExceptionTexts(1_000, Guard(0.05, 10.0)) as said:
        texts = [said.message(exc), said.message(exc)]
    release.set()

    assert "took longer than 0.05 s" in texts[0]
    assert texts[0] == texts[1]
    assert entered == [1]


def test_when_the_time_is_used_up_the_rest_is_not_asked() -> None:
    with ExceptionTexts(1_000, Guard(1.0, 0.0)) as said:
        assert "was not called" in said.message(Counted())
        assert said.message(ValueError("plain")) == "plain"


@pytest.mark.parametrize(
    "exc",
    [
        ValueError("x", 1, None),
        KeyError("price"),
        SyntaxError("wrong", ("shop.py", 1, 2, "x x", 1, 3)),
        LookupError(),
        OSError(2, "No such file", Path("a")),
        UnicodeDecodeError("ascii", b"\xff", 0, 1, "bad"),
        ImportError("no module", name="x", path="y"),
        ModuleNotFoundError("No module named 'jsn'", name="jsn"),
        IndentationError("bad", ("shop.py", 1, 2, " x", 1, 3)),
        BaseExceptionGroup("g", [KeyError("a"), BaseExceptionGroup("h", [KeyboardInterrupt()])]),
    ],
    ids=lambda exc: type(exc).__name__,
)
def test_built_in_exceptions_read_as_the_traceback_prints_them(exc: BaseException) -> None:
    assert capture(exc).text == expected_text(exc)


def test_what_runs_no_code_of_others_needs_no_thread() -> None:
    before = set(threading.enumerate())
    with ExceptionTexts(1_000) as said:
        assert [said.message(ValueError("x")), said.message(KeyError("k"))] == ["x", "'k'"]
        assert said.notes(ValueError("x")) == ()
        assert set(threading.enumerate()) <= before
