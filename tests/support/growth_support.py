"""Whether something costs time in proportion to its size, asked so that every machine answers the same.

Only processor time is compared, with itself, at sizes so far apart that the bound has room on both sides.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: The longer of two has so many times the size.
TIMES = 8
#: Between `TIMES`, which is proportion, and its square: caches of a processor and its neighbours cost a factor of two.
BOUND = 3 * TIMES
#: Between one, which is a cost that does not grow, and `TIMES`.
STEADY = TIMES / 2
#: Measured again where it was more: another process may have been in the way.
TRIES = 5
#: Seconds. What takes less is too little to be measured, and no danger.
FLOOR = 0.0005


def growth(make: Callable[[int], Callable[[], object]], size: int, bound: float = BOUND) -> float:
    """How many times as long takes what `make` returns for `TIMES` the size: more than `BOUND` is out of proportion.

    It is the least of some tries, which end below ``bound``.
    """
    short, long = make(size), make(size * TIMES)
    short()  # what is imported, compiled and kept the first time
    least = float("inf")
    for _ in range(TRIES):
        base = min(processor_seconds(short) for _ in range(3))
        least = min(least, processor_seconds(long) / max(base, FLOOR))
        if least < bound:
            break
    return least


def processor_seconds(work: Callable[[], object]) -> float:
    """Of this process with all its threads, and without the garbage of others."""
    with no_collection():
        start = time.process_time()
        work()
        return time.process_time() - start


@contextmanager
def no_collection() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
