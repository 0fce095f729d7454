"""What can be typed at a place, before it is known what is typed there already; and the choice of what fits that.

Texts are compared first and candidates made of those that are shown: a frame may have ten thousand names.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Literal

from debugkit.debug.safe.inspection import MISSING
from debugkit.frozen import frozen

#: Candidates that are shown.
MOST: Final = 100
#: Characters from which on a text may also fit in its middle: fewer fit nearly everything.
_WITHIN: Final = 2

Kind = Literal["variable", "function", "class", "module", "attribute", "property", "key", "argument", "keyword"]


@frozen
class Candidate:
    """Something that can be typed. ``insert`` is its text in source; ``value`` is `MISSING` where running would tell.

    ``bound``: it is a function whose first parameter is the object before the dot. ``secret``: no value is shown.
    """

    name: str
    kind: Kind
    insert: str
    value: Any = MISSING
    bound: bool = False
    secret: bool = False


@frozen
class Group:
    """Candidates of one sort: the texts that are compared, with what ``make`` needs beside each.

    It gives `None` for what cannot be typed at the place. ``ordered``: the order of the texts says something.
    """

    texts: Sequence[tuple[str, Any]]
    make: Callable[[str, Any], Candidate | None]
    ordered: bool = False


@frozen
class Choice:
    """The best candidates, best first, and how many more there are."""

    candidates: tuple[Candidate, ...] = ()
    more: int = 0


def choose(groups: Sequence[Group], prefix: str, most: int = MOST) -> Choice:
    """Those that begin with ``prefix`` in any case, then those that contain it; private names after public ones.

    Among equals the group decides, then its order or the alphabet.
    """
    ranked = list(_ranked(groups, prefix.casefold()))
    best = heapq.nsmallest(most, ranked)
    made = [groups[group].make(*groups[group].texts[at]) for *_, group, _, at in best]
    candidates = tuple(candidate for candidate in made if candidate is not None)
    return Choice(candidates, len(ranked) - len(best))


def _ranked(groups: Sequence[Group], prefix: str) -> Iterator[tuple[bool, int, int, str, int]]:
    for number, group in enumerate(groups):
        for at, (text, _) in enumerate(group.texts):
            folded = text.casefold()
            within = not folded.startswith(prefix)
            if within and (len(prefix) < _WITHIN or prefix not in folded):
                continue
            # Private names are what they are by their beginning: with it typed, they are no less meant than others.
            private = 0 if text[:1] != "_" else 2 if text[:2] == "__" else 1
            yield within, private, number, "" if group.ordered else folded, at
