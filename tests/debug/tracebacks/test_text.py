"""The text is that of the `traceback` module, whatever was raised."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest
from capture_support import (
    captured,
    caught,
    chained,
    compiled,
    even,
    expected_text,
    fail,
    grouped,
    hide,
    last,
    misspelt,
    multi_line,
    noted,
    recursive,
    run,
)

from debugkit.debug.tracebacks import text as traceback_text
from debugkit.debug.tracebacks.capture import capture


def deep_group() -> None:
    exc: Exception = ValueError("deep")
    for _ in range(12):
        exc = ExceptionGroup("level", [exc, KeyError("side")])
    raise exc


def wide_group() -> None:
    raise ExceptionGroup("wide", [caught(fail) for _ in range(20)])


FAILURES: list[Callable[[], object]] = [
    fail,
    grouped,
    deep_group,
    wide_group,
    multi_line,
    noted,
    misspelt,
    lambda: chained("cause"),
    lambda: chained("context"),
    lambda: chained("none"),
    lambda: recursive(3),
    lambda: recursive(4),
    lambda: recursive(900),
    lambda: even(900),
    lambda: even(899),
    lambda: compiled("größe = 'ä' = 3\n"),
    lambda: compiled("if x:\npass\n"),
    lambda: compiled("f(\n"),
    lambda: int("x"),
    lambda: {}["price"],
    lambda: "".pirce,
    lambda: __import__("jsn"),
    lambda: hide(True, last),
    lambda: run("größe = {}\ngröße['ä'] + 1"),
    lambda: exec("1 / 0"),
    lambda: sys.exit("bye"),
]


@pytest.mark.parametrize("function", FAILURES)
def test_the_text_is_that_of_the_traceback_module(function: Callable[[], object]) -> None:
    exc = caught(function)
    assert capture(exc).text == expected_text(exc)


def test_the_text_has_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in captured(fail).text


def test_the_text_is_what_was_when_it_was_captured() -> None:
    exc = ValueError("before")
    one = capture(exc)
    exc.args = ("after",)
    assert one.text == "ValueError: before\n"


def frames_formatted(exc: BaseException) -> int:
    """How many frames the traceback module formats for the text of ``exc``: counted, not timed."""
    formatted: list[str] = []

    def count(frame: FrameType, event: str, arg: object) -> None:
        if event == "call" and frame.f_code is traceback.StackSummary.format_frame_summary.__code__:
            formatted.append(event)

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        capture(exc)
    finally:
        sys.setprofile(before)
    return len(formatted)


def test_repeated_frames_cost_the_text_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traceback_text, "_known", {})
    assert 0 < frames_formatted(caught(even, 900)) < 10


def failing_in(path: Path, *lines: str) -> BaseException:
    path.write_text("\n".join(lines), "utf-8")
    exc = caught(lambda: exec(compile(path.read_text("utf-8"), str(path), "exec"), {}))
    assert isinstance(exc, ZeroDivisionError)
    return exc


def test_the_next_error_at_the_same_place_formats_no_frame(tmp_path: Path) -> None:
    exc = failing_in(tmp_path / "shop.py", "price = 1", "price / (", "  0)")
    capture(exc)
    assert frames_formatted(exc) == 0


@pytest.mark.parametrize("lines", [("price = 1", "price / 0  # ä", "1"), ("price = 1", "price / (", "  0  )", "2")])
def test_a_line_that_has_changed_stands_in_the_next_text_as_it_is_now(tmp_path: Path, lines: tuple[str, ...]) -> None:
    path = tmp_path / "shop.py"
    capture(failing_in(path, "price = 1", "price / (", "  0)"))
    exc = failing_in(path, *lines)
    assert capture(exc).text == expected_text(exc)


def test_what_is_kept_of_frames_for_the_next_error_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traceback_text, "_MOST_KNOWN", 5)
    monkeypatch.setattr(traceback_text, "_known", {})
    for number in range(1, 9):
        capture(failing_in(tmp_path / "shop.py", *["price = 1"] * number, "price / 0"))
        assert len(traceback_text._known) <= 5
    long = failing_in(tmp_path / "shop.py", "price = 1", f"price / 0; '{'x' * 3_000}'")
    capture(long)
    assert frames_formatted(long) > 0


def test_fields_that_a_class_overrides_do_not_reach_the_traceback_module() -> None:
    class Odd(Exception):
        @property
        def __suppress_context__(self) -> bool:
            raise SystemExit

    def outer() -> None:
        try:
            fail()
        except ValueError as error:
            raise Odd("strange") from error

    text = captured(outer).text
    assert "ValueError: no stock\n" in text
    assert "direct cause" in text
    assert "Odd: strange\n" in text
    assert text.index("ValueError: no stock") < text.index("Odd: strange")


def test_the_owner_of_a_missing_attribute_is_not_asked_for_its_names() -> None:
    class Owner:
        def __dir__(self) -> list[str]:
            asked.append(1)
            return ["name"]

    asked: list[int] = []

    def outer() -> None:
        raise AttributeError("strange", name="nmae", obj=Owner())

    assert captured(outer).text.endswith("AttributeError: strange\n")
    assert asked == []


def test_what_the_traceback_module_cannot_print_in_time_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traceback_text, "_MOST_PRINTED", 1)
    text = captured(chained, "cause").text
    assert "ValueError: no stock\n" in text
    assert "direct cause" in text
    assert ", in chained\n" in text
    assert "Shortened: too many exceptions" in text
    assert text.index("ValueError: no stock") < text.index("KeyError: 'price'")


def test_of_a_very_long_line_the_beginning_is_printed(tmp_path: Path) -> None:
    file = tmp_path / "long.py"
    file.write_text(f"x = ['{'a' * 300_000}', 1 / 0]\n")
    text = captured(exec, compiled(file.read_text(), str(file))).text
    assert "x = ['aaa" in text
    assert len(text) < 15_000
