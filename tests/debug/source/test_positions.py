"""Columns, the lines of code, and the width of lines."""

from __future__ import annotations

import itertools
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugkit.debug.source import positions
from debugkit.debug.tracebacks.model import NOWHERE, Position


def never() -> int:
    raise AssertionError("the end of the code on this line does not matter")


def failing_position(source: str) -> Position:
    """Where CPython says the exception was raised when ``source`` ran."""
    code = compile(source, "<test>", "exec")
    try:
        exec(code, {})
    except Exception as error:
        traceback = error.__traceback__
        assert traceback is not None
        assert traceback.tb_next is not None
        offset = traceback.tb_next.tb_lasti // 2
        return Position(*next(itertools.islice(code.co_positions(), offset, None)))
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize(
    ("line", "byte_offset", "characters"),
    [
        ("value", 2, 2),
        ("välue = x", 4, 3),
        ("名前 = x", 6, 2),
        ("🎉🎉 = x", 8, 2),
        ("e\u0301 = x", 3, 2),  # a combining accent is a character of its own
        ("\tx", 1, 1),
        ("x", 99, 1),
        ("ä", 99, 1),
        ("x", -1, 0),
        ("ä", -1, 0),
        ("ä", 1, 0),  # in the middle of a character
        ("", 0, 0),
    ],
)
def test_bytes_become_characters(line: str, byte_offset: int, characters: int) -> None:
    assert positions.character_offset(line, byte_offset) == characters


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.integers(0, 40))
def test_every_character_boundary_converts_back(line: str, at: int) -> None:
    assert positions.character_offset(line, len(line[:at].encode())) == min(at, len(line))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = {}['price']", "{}['price']"),
        ("größe = 'ü' + {}['ä'] + 'ß'", "{}['ä']"),
        ("if 1:\n\tname = '名前' + {}[1]", "{}[1]"),
        ("'🎉', 1 / 0 # end", "1 / 0"),
        ("e\u0301 = 'e\u0301', 1 / 0", "1 / 0"),
    ],
)
def test_the_mark_is_what_the_interpreter_means(source: str, expected: str) -> None:
    if "/" in source:
        source = source.replace("1 / 0", "one / 0")
        source, expected = f"one = 1; {source}", expected.replace("1 / 0", "one / 0")
    position = failing_position(source)
    assert position.lineno is not None
    line = source.split("\n")[position.lineno - 1]
    [(start, end)] = positions.line_marks(position, position.lineno, line, never)
    assert line[start:end] == expected


def test_every_line_of_a_long_expression_is_marked_in_its_own_width() -> None:
    lines = ["total = sum(", "    # only a note", "    missing,", "", "  ) + 1"]
    ends = [12, 0, 12, 0, 7]
    position = Position(1, 5, 8, 3)
    marks = [positions.line_marks(position, n, lines[n - 1], lambda n=n: ends[n - 1]) for n in range(1, 6)]
    assert marks == [((8, 12),), (), ((4, 12),), (), ((2, 3),)]


@pytest.mark.parametrize("missing", ["lineno", "end_lineno", "colno", "end_colno"])
def test_an_unknown_position_marks_nothing(missing: str) -> None:
    position = Position(1, 1, 0, 3)._replace(**{missing: None})
    assert positions.line_marks(position, 1, "abc", never) == ()


def test_other_lines_are_not_marked() -> None:
    assert positions.line_marks(Position(2, 2, 0, 3), 1, "abc", never) == ()
    assert positions.line_marks(Position(2, 2, 0, 3), 3, "abc", never) == ()


def test_an_empty_or_backward_range_marks_nothing() -> None:
    assert positions.line_marks(Position(1, 1, 2, 2), 1, "abc", never) == ()
    assert positions.line_marks(Position(1, 1, 3, 1), 1, "abc", never) == ()
    assert positions.line_marks(Position(3, 1, 0, 1), 2, "abc", never) == ()
    assert positions.line_marks(Position(1, 1, 7, 9), 1, "abc", never) == ()


def test_nowhere_marks_nothing() -> None:
    assert positions.line_marks(NOWHERE, 1, "abc", never) == ()


# Width


def test_a_short_line_is_not_cut() -> None:
    assert positions.cut_window(10, 10, ()) == (0, 10)


def test_a_long_line_is_cut_at_its_end() -> None:
    assert positions.cut_window(100, 10, ()) == (0, 8)
    assert positions.cut_window(100, 10, [(2, 5)]) == (0, 8)


def test_a_line_is_cut_around_a_mark_that_would_be_lost() -> None:
    start, stop = positions.cut_window(1000, 42, [(500, 510)])
    assert start < 500 < 510 < stop
    assert stop - start == 40


def test_a_mark_at_the_very_end_leaves_no_empty_space() -> None:
    assert positions.cut_window(1000, 42, [(999, 1000)]) == (960, 1000)


def test_a_mark_longer_than_the_width_shows_its_beginning() -> None:
    start, stop = positions.cut_window(1000, 42, [(500, 900)])
    assert start <= 500 < stop


@given(st.integers(0, 500), st.integers(1, 120), st.integers(0, 499), st.integers(1, 499))
def test_a_cut_line_fits_and_shows_where_the_mark_begins(length: int, width: int, at: int, size: int) -> None:
    marks = [(at, min(length, at + size))] if at < length else []
    start, stop = positions.cut_window(length, width, marks)
    assert 0 <= start <= stop <= length
    assert stop - start <= max(1, width)
    if marks and length:
        assert start <= at < stop


def test_tokens_are_sliced_in_their_colours() -> None:
    tokens = [("k", "def"), ("", " "), ("nf", "name"), ("p", "(")]
    assert list(positions.slice_tokens(tokens, 1, 6)) == [("k", "ef"), ("", " "), ("nf", "na")]
    assert list(positions.slice_tokens(tokens, 4, 99)) == [("nf", "name"), ("p", "(")]


# Code


def compiled(source: str) -> dict[str, tuple[int, int]]:
    module = compile(textwrap.dedent(source), "<test>", "exec")
    return {code.co_qualname: positions.code_extent(code) for code in positions.nested_codes(module)}


def test_a_function_goes_from_its_decorator_to_the_end_of_what_is_inside() -> None:
    extents = compiled(
        """
        class Cart:
            @property
            @staticmethod
            def total(self):
                def inner():
                    return [
                        1,
                    ]
            last = 1
        """
    )
    assert extents["Cart"] == (2, 10)
    assert extents["Cart.total"] == (3, 9)
    assert extents["Cart.total.<locals>.inner"] == (6, 9)
