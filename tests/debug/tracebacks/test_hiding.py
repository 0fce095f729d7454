"""Hiding: each word, alone and with others, and values that nobody may ask."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugkit.debug.safe import inspection
from debugkit.debug.tracebacks.hiding import hidden

NONE = inspection.MISSING


def kept(*values: object) -> list[int]:
    """The frames that stay, by their place."""
    return [index for index, hide in enumerate(hidden(values)) if not hide]


def test_without_the_word_nothing_is_hidden() -> None:
    assert kept() == []
    assert kept(NONE, NONE) == [0, 1]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        (True, [0, 2]),
        ("yes", [0, 2]),
        ([], [0, 2]),
        (0.0, [0, 2]),
        ("before", [1, 2]),
        ("before_and_this", [2]),
        ("after", [0, 1]),
        ("after_and_this", [0]),
        ("reset", [0, 1, 2]),
        ("reset_and_this", [0, 2]),
        ("this_and_this", [0, 2]),
        (False, [0, 1, 2]),
        (0, [0, 1, 2]),
        (None, [0, 1, 2]),
        ("", [0, 1, 2]),
    ],
)
def test_each_word_hides_its_frames(word: object, expected: list[int]) -> None:
    assert kept(NONE, word, NONE) == expected


def test_after_hides_until_a_reset() -> None:
    assert kept("after", NONE, "reset", NONE) == [0, 2, 3]
    assert kept(NONE, "after_and_this", NONE, "reset_and_this", NONE) == [0, 4]


def test_before_ends_what_after_hid_and_hides_it_for_another_reason() -> None:
    assert kept(NONE, "after", NONE, "before", NONE) == [3, 4]


def test_the_last_before_counts() -> None:
    assert kept("before", NONE, "before", NONE) == [2, 3]


def test_all_hidden_means_none_hidden() -> None:
    assert kept(True) == [0]
    assert kept(True, "before_and_this") == [0, 1]
    assert kept("after_and_this", NONE) == [0, 1]


class Hostile:
    """Says nothing of itself, not even its class."""

    @property
    def __class__(self) -> type:
        raise SystemExit

    def __bool__(self) -> bool:
        raise SystemExit

    def __eq__(self, other: object) -> bool:
        raise SystemExit

    __hash__ = None


class HostileNumber(int):
    def __bool__(self) -> bool:
        raise SystemExit

    def __eq__(self, other: object) -> bool:
        raise SystemExit

    __hash__ = None


class HostileText(str):
    def removesuffix(self, suffix: str) -> str:
        raise SystemExit

    def __eq__(self, other: object) -> bool:
        raise SystemExit

    __hash__ = None


@pytest.mark.parametrize("make", [Hostile, lambda: HostileNumber(3), lambda: HostileText("before")])
def test_an_object_is_true_without_being_asked(make: Callable[[], object]) -> None:
    assert kept(NONE, make(), NONE) == [0, 2]


def test_a_number_of_another_class_is_asked_past_its_class() -> None:
    assert kept(NONE, HostileNumber(0), NONE) == [0, 1, 2]


WORDS = [NONE, None, True, False, "before", "after", "reset", "before_and_this", "after_and_this", "reset_and_this"]


@given(st.lists(st.sampled_from(WORDS), min_size=1))
def test_there_is_an_answer_for_each_frame_and_something_to_see(values: list[object]) -> None:
    found = hidden(values)
    assert len(found) == len(values)
    assert not all(found)
