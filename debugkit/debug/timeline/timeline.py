"""The moments of one request. Adding one costs a few microseconds, and the last ones stay: they led to the error."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Final, Literal

from debugkit.frozen import frozen

Kind = Literal["log", "warning", "sql"]

#: Moments kept of a request, and characters of each.
MOST: Final = 200
MOST_TEXT: Final = 2_000


@frozen
class Moment:
    """``at`` is in seconds since the request began; ``seconds`` is how long it took, 0 for what takes no time.

    ``label`` tells what it is ("WARNING shop.cart", "default"), and ``where`` the line of the application that caused
    it ("shop/cart.py:12 in total"), empty if there is none.
    """

    kind: Kind
    at: float
    label: str
    text: str
    where: str = ""
    seconds: float = 0.0


class Timeline:
    """What happens while one request is answered."""

    __slots__ = ("_began", "_clock", "_moments", "_outer", "count", "ended")

    def __init__(self, clock: Callable[[], float] = time.perf_counter, outer: Timeline | None = None) -> None:
        self._clock = clock
        self._outer = outer
        self._began = clock()
        self._moments: deque[Callable[[], Moment]] | None = None  # most requests have none
        #: How many there were, kept or not.
        self.count = 0
        self.ended = False

    @property
    def now(self) -> float:
        """Seconds since the request began."""
        return self._clock() - self._began

    def add(self, moment: Moment) -> None:
        self.add_later(lambda: moment)

    def add_later(self, make: Callable[[], Moment]) -> None:
        """Add a moment whose text is only made if somebody will read it."""
        if self._moments is None:
            self._moments = deque(maxlen=MOST)
        self.count += 1
        self._moments.append(make)

    def end(self) -> None:
        """The request is answered. Its body may be closed in another context than the one that it began in."""
        self.ended = True
        self._moments = None
        if _current.get() is self:
            _current.set(self._outer)
        self._outer = None

    def moments(self) -> Iterator[Moment]:
        """Those that are kept, oldest first."""
        for make in list(self._moments or ()):
            yield make()


@frozen
class Recorded:
    """A timeline when an error happened, ``at`` seconds after its request began. ``count`` includes what was lost."""

    moments: tuple[Moment, ...] = ()
    count: int = 0
    at: float = 0.0


NOTHING: Final = Recorded()

_current: ContextVar[Timeline | None] = ContextVar("debugkit_timeline", default=None)


def begin() -> Timeline:
    """Begin the timeline of a request in this context, until its `Timeline.end`."""
    timeline = Timeline(outer=current())
    _current.set(timeline)
    return timeline


def current() -> Timeline | None:
    """The timeline of the request that this context answers."""
    timeline = _current.get()
    return None if timeline is None or timeline.ended else timeline


def note(kind: Kind, label: str, text: str, where: str, seconds: float = 0.0) -> None:
    """Add what has just ended after ``seconds`` to the request of this context, if there is one."""
    timeline = current()
    if timeline is not None:
        timeline.add(Moment(kind, max(timeline.now - seconds, 0.0), label, shorten(text), where, seconds))


def shorten(text: str, most: int = MOST_TEXT) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


def recorded() -> Recorded:
    """The timeline of this context, for an error that has just happened."""
    timeline = current()
    if timeline is None:
        return NOTHING
    return Recorded(tuple(timeline.moments()), timeline.count, timeline.now)
