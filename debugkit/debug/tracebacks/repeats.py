"""Long rows in short: rounds of a cycle that are left out, and the middle of what is too long. Knows no frames."""

from __future__ import annotations

from collections.abc import Sequence

from debugkit.frozen import frozen

#: Items of a cycle that are looked for, and how many rounds of it are listed before the rest is left out.
_LONGEST_CYCLE = 8
_ROUNDS_LISTED = 3


@frozen
class OmittedItems:
    """``count`` items in a row that are not listed."""

    count: int
    cycle: int  # how many items before it are one round of what repeats; 0: it is not a repetition


def folded(keys: Sequence[object], most: int) -> list[int | OmittedItems]:
    """Indexes of ``keys``; `OmittedItems` for a cycle's rounds after the third and before the last. About ``most``."""
    items: list[int | OmittedItems] = []
    index = 0
    if len(set(keys)) == len(keys):  # nothing repeats, as mostly
        items += range(len(keys))
        index = len(keys)
    while index < len(keys):
        cycle, rounds = _repetition(keys, index)
        count = (rounds - _ROUNDS_LISTED - 1) * cycle
        stop = index + (_ROUNDS_LISTED * cycle if count > 1 else 1)
        items += range(index, stop)
        index = stop
        if count > 1:
            items.append(OmittedItems(count, cycle))
            items += range(stop + count, stop + count + cycle)
            index = stop + count + cycle
    return _cut(items, max(2, most))


def _repetition(keys: Sequence[object], start: int) -> tuple[int, int]:
    """The cycle that covers most of ``keys`` from ``start``: its length, and how many rounds of it there are."""
    best, covered = (1, 1), 1
    for cycle in range(1, _LONGEST_CYCLE + 1):
        end = start + cycle
        while end < len(keys) and keys[end] == keys[end - cycle]:
            end += 1
        rounds = (end - start) // cycle
        if rounds > _ROUNDS_LISTED + 1 and rounds * cycle > covered:
            best, covered = (cycle, rounds), rounds * cycle
            if end == len(keys):
                break
    return best


def _cut(items: list[int | OmittedItems], most: int) -> list[int | OmittedItems]:
    """The first and the last of ``items``, when there are too many."""
    surplus = len(items) - most
    if surplus <= 0:
        return items
    first = most // 2
    count = sum(item.count if isinstance(item, OmittedItems) else 1 for item in items[first : first + surplus])
    # The round that a piece of the tail repeats may be among those cut.
    tail = (
        OmittedItems(item.count, 0) if isinstance(item, OmittedItems) and place < item.cycle else item
        for place, item in enumerate(items[first + surplus :])
    )
    return [*items[:first], OmittedItems(count, 0), *tail]
