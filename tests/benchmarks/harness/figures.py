"""A figure: what each peer has for it. Knows nothing of how it was measured or how it is printed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

#: What the names of our own rows begin with.
OURS = "debugkit"


@dataclass
class Row:
    """What was measured of a peer: ``values`` in the figure's unit, one of each round. Memory is in megabytes."""

    peer: str
    values: Sequence[float] = ()
    memory: float | None = None
    growth: float | None = None
    failed: int | None = None
    #: Why there is no value, or what else is to be known.
    remark: str = ""

    @property
    def median(self) -> float | None:
        return statistics.median(self.values) if self.values else None

    @property
    def ours(self) -> bool:
        """Whether this is debugkit, in whatever way."""
        return self.peer.startswith(OURS)


@dataclass
class Figure:
    title: str
    unit: str
    rows: list[Row] = field(default_factory=list)
    #: What is better.
    better: Literal["less", "more"] = "less"
    #: Stands in the short table, too.
    headline: bool = True

    @property
    def own(self) -> Row | None:
        """Of debugkit's ways the first: the one that the others are compared with."""
        return next((row for row in self.rows if row.ours and row.values), None)

    def ratio(self, row: Row) -> float | None:
        """How many times better than ``row`` debugkit is; `None` for itself, and where one has no value.

        Differences may be zero or less; they have no ratio.
        """
        base = self.own and self.own.median
        if row is self.own or not base or not row.median or base < 0 or row.median < 0:
            return None
        return row.median / base if self.better == "less" else base / row.median

    @property
    def best_peer(self) -> Row | None:
        """The best of those that are not debugkit and do the same work."""
        peers = [row for row in self.rows if row.values and not row.ours and row.peer != "bare"]
        choose = min if self.better == "less" else max
        return choose(peers, key=lambda row: row.median or 0.0, default=None)


def number(value: float | None) -> str:
    """Three digits that count, and no more than two after the point where one of them is before it."""
    if value is None:
        return ""
    size = abs(value)
    if size >= 100 or size == 0:
        return f"{value:,.0f}"
    digits = 2 - math.floor(math.log10(size))
    return f"{value:.{min(max(digits, 1), 4)}f}" if size < 1 else f"{value:.{1 if size >= 10 else 2}f}"


def spread(row: Row) -> str:
    """The smallest and the largest value."""
    return f"{number(min(row.values))} to {number(max(row.values))}" if len(row.values) > 1 else ""
