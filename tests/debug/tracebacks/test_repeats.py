"""Folding: what repeats is left out, and nothing is lost or counted twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugkit.debug.tracebacks.repeats import OmittedItems, folded

ALL = 10_000


def test_what_does_not_repeat_is_listed() -> None:
    assert folded("", ALL) == []
    assert folded("abc", ALL) == [0, 1, 2]


def test_five_rounds_are_listed_since_one_left_out_saves_nothing() -> None:
    assert folded("aaaaa", ALL) == [0, 1, 2, 3, 4]


def test_the_first_three_rounds_and_the_last_are_listed() -> None:
    assert folded("aaaaaa", ALL) == [0, 1, 2, OmittedItems(2, 1), 5]
    assert folded("x" + "ab" * 6 + "y", ALL) == [0, 1, 2, 3, 4, 5, 6, OmittedItems(4, 2), 11, 12, 13]


@pytest.mark.parametrize("cycle", range(1, 9))
def test_cycles_up_to_eight_are_found(cycle: int) -> None:
    assert OmittedItems(96 * cycle, cycle) in folded("abcdefgh"[:cycle] * 100, ALL)


def test_a_cycle_of_nine_is_too_long() -> None:
    assert folded("abcdefghi" * 10, ALL) == list(range(90))


def test_the_cycle_that_covers_most_is_taken() -> None:
    assert folded("aab" * 20, ALL)[9] == OmittedItems(48, 3)


def test_one_repetition_after_another_is_found() -> None:
    assert [one for one in folded("a" * 50 + "b" * 50, ALL) if isinstance(one, OmittedItems)] == [
        OmittedItems(46, 1)
    ] * 2


def test_too_many_are_cut_in_the_middle() -> None:
    keys = [str(number) for number in range(100)]
    assert folded(keys, 4) == [0, 1, OmittedItems(96, 0), 98, 99]
    assert folded(keys, 5) == [0, 1, OmittedItems(95, 0), 97, 98, 99]


@pytest.mark.parametrize("most", [-1, 0, 1])
def test_the_first_and_the_last_are_always_listed(most: int) -> None:
    assert folded("abcdef", most) == [0, OmittedItems(4, 0), 5]


def test_a_cut_forgets_a_cycle_whose_round_it_cuts() -> None:
    keys = [*map(str, range(20)), *"aaaaaaaaaa"]
    assert folded(keys, 6) == [0, 1, 2, OmittedItems(19, 0), 22, OmittedItems(6, 1), 29]
    assert folded(keys, 4) == [0, 1, OmittedItems(21, 0), OmittedItems(6, 0), 29]


@given(st.lists(st.sampled_from("ab"), max_size=60) | st.lists(st.sampled_from("abc"), max_size=60), st.integers(2, 70))
def test_everything_is_listed_or_counted_and_in_its_order(keys: list[str], most: int) -> None:
    found = folded(keys, most)
    place = 0
    for count, one in enumerate(found):
        if isinstance(one, OmittedItems):
            cycle = found[count - one.cycle : count] if one.cycle else []
            shown = [keys[index] for index in cycle if not isinstance(index, OmittedItems)]
            left_out = keys[place : place + one.count]
            assert not shown or left_out == shown * (one.count // one.cycle)
            assert len(shown) == one.cycle
            place += one.count
        else:
            assert one == place
            place += 1
    assert place == len(keys)
    assert len(found) <= most + 1
