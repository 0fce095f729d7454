"""Columns are marked only where they can be those of the text that is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, TracebackType

import pytest
from capture_support import captured, caught

from debugkit import Limits
from debugkit.debug.source.excerpt import Gap, excerpt
from debugkit.debug.tracebacks.capture import capture
from debugkit.debug.tracebacks.model import CapturedFrame, plain_frames


def marked(frame: CapturedFrame) -> list[tuple[int, str]]:
    """The failing line's number, and each marked piece."""
    lines = [line for line in excerpt(frame, Limits()).lines if not isinstance(line, Gap)]
    return [(line.lineno, line.text[start:end]) for line in lines for start, end in line.marks]


def current(frame: CapturedFrame) -> list[int]:
    return [line.lineno for line in excerpt(frame, Limits()).lines if not isinstance(line, Gap) and line.current]


def rebuilt(exc: BaseException) -> BaseException:
    """``exc`` with a traceback as tblib makes it of a pickled one: a statement at each line, in code of that name."""
    traces = []
    tb = exc.__traceback__
    while tb is not None:
        traces.append((tb.tb_frame.f_code.co_filename, tb.tb_frame.f_code.co_name, tb.tb_lineno))
        tb = tb.tb_next
    following: TracebackType | None = None
    for filename, name, lineno in reversed(traces):
        code = compile("\n" * (lineno - 1) + "raise __traceback_maker", filename, "exec").replace(co_name=name)
        made = caught(exec, code, {"__traceback_maker": ValueError(), "__file__": filename})
        assert made.__traceback__ is not None
        assert made.__traceback__.tb_next is not None
        inner = made.__traceback__.tb_next
        following = TracebackType(following, inner.tb_frame, inner.tb_lasti, inner.tb_lineno)
    return exc.with_traceback(following)


class Cart:
    def __init__(self) -> None:
        self.__prices: dict[str, int] = {}

    def total(self) -> int:
        return self.__prices["tea"]


def divide(amount: int) -> float:
    return (
        amount
        / 0
    )  # fmt: skip


def wide() -> float:
    return len("茶茶茶茶") / 0


def in_a_class_body() -> None:
    class Broken:
        1 / 0


def formatted() -> str:
    return f"{1 / 0:>10}"


def imported() -> None:
    from json import nothing  # noqa: F401


@pytest.mark.parametrize(
    ("failing", "text"),
    [
        (lambda: Cart().total(), 'self.__prices["tea"]'),
        (lambda: divide(1), "amount / 0"),
        (wide, 'len("茶茶茶茶") / 0'),
        (in_a_class_body, "1 / 0"),
        (imported, "from json import nothing"),
    ],
)
def test_true_columns_are_marked(failing: Callable[[], object], text: str) -> None:
    last = list(plain_frames(captured(failing).exception))[-1]
    assert " ".join(piece for _, piece in marked(last)) == text


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.11 tells wrong columns inside f-strings (PEP 701)")
def test_columns_inside_a_formatted_string_are_marked() -> None:
    last = list(plain_frames(captured(formatted).exception))[-1]
    assert [piece for _, piece in marked(last)] == ["1 / 0"]


@pytest.mark.parametrize("failing", [Cart().total, lambda: divide(1), wide, in_a_class_body])
def test_a_traceback_made_anew_from_a_pickle_marks_its_lines_only(failing: Callable[[], object]) -> None:
    before = [frame.lineno for frame in plain_frames(captured(failing).exception)]
    one = capture(rebuilt(caught(failing)))
    frames = list(plain_frames(one.exception))
    assert [frame.lineno for frame in frames] == before
    assert [current(frame) for frame in frames] == [[lineno] for lineno in before]
    assert [marked(frame) for frame in frames] == [[] for _ in frames]


def generated(source: str, filename: Path) -> CodeType:
    return compile(source, str(filename), "exec")


@pytest.mark.parametrize(
    ("real", "ran"),
    [
        ("price = 1\n    # a remark on the price\n", "price = 1\nprice / 0"),
        ("price = 1\nx\n", "price = 1\nprice / 0"),
        ("", "price = 1\nprice / 0"),
        ("price = 1\nquantities = 1\n", "price = 1\nprice / 0"),
        ("other = 1\nother / 0\n", "price = 1\nprice / 0"),
    ],
)
def test_generated_code_that_goes_by_the_name_of_a_file_marks_its_line_only(
    tmp_path: Path, real: str, ran: str
) -> None:
    file = tmp_path / "shop.py"
    file.write_text(real, "utf-8")
    last = list(plain_frames(captured(exec, generated(ran, file), {}).exception))[-1]
    assert last.lineno == 2
    assert marked(last) == []
