"""Paired rounds: the peers take turns, so that a slow moment of the machine meets all of them."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TypeVar

#: Seconds that the turns of one action may take together: one that is slow takes fewer turns.
BUDGET = 4.0

Result = TypeVar("Result")


@dataclass(frozen=True)
class Effort:
    """How much is measured: turns of each peer, or one small one to see whether all parts run."""

    rounds: int = 3
    quick: bool = False

    def choose(self, quick: int, full: int) -> int:
        """A number that has nothing to do with rounds."""
        return quick if self.quick else full

    def turns(self, factor: int) -> int:
        """Turns of what is quick itself, which needs more of them."""
        return 2 if self.quick else self.rounds * factor

    def of(self, everything: list[Result], few: int = 2) -> list[Result]:
        """The first ``few`` when it is only to be seen whether they run."""
        return everything[:few] if self.quick else everything


def paired(actions: Mapping[str, Callable[[], float]], turns: int, budget: float = BUDGET) -> dict[str, list[float]]:
    """What each action returns in each of its turns. Where there are many, the first does not count: it warms up.

    The order is another one in each turn: an action gains or loses by what is in the caches after the one before it.
    """
    order = Random(0)
    values: dict[str, list[float]] = {name: [] for name in actions}
    spent = dict.fromkeys(actions, 0.0)
    for turn in range(turns):
        for name in order.sample(list(actions), len(actions)):
            if spent[name] > budget:
                continue
            progress(f"{name}, round {turn + 1} of {turns}")
            start = time.perf_counter()
            values[name].append(actions[name]())
            spent[name] += time.perf_counter() - start
    return {name: found[1:] if len(found) > 5 else found for name, found in values.items()}


def timed(
    action: Callable[[], object],
    unit: float = 1.0,
    repeat: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> Callable[[], float]:
    """An action that returns how long one call took, in seconds by ``unit``."""

    def measure() -> float:
        gc.collect(0)
        start = clock()
        for _ in range(repeat):
            action()
        return (clock() - start) / repeat * unit

    return measure


#: The same by the time of this process's processor, for what waits for nobody: other processes do not count.
computed = partial(timed, clock=time.process_time)


def progress(text: str) -> None:
    """A line of the terminal that the next one replaces."""
    if sys.stderr.isatty():
        print(f"\r{text[:78]:78}", end="\r", file=sys.stderr, flush=True)
