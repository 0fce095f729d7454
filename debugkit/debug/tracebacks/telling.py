"""Which exceptions of an error are steps of their own, and which frames tell most of them. Knows no page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, groupby, islice
from typing import NamedTuple

from debugkit.debug.tracebacks.model import (
    CapturedException,
    CapturedFrame,
    CapturedTraceback,
    nearest_frame,
    plain_frames,
    replaced,
    walk,
)

#: Frames given in full; and those where the exceptions of a chain or group happened, which come first, even if more.
FULL_FRAMES = 5
MOST_EXCEPTIONS = 8


class Link(NamedTuple):
    """One step of a chain: an exception, or neighbours that say the same, since one was raised anew from the other."""

    exceptions: tuple[CapturedException, ...]  # root cause first

    @property
    def telling(self) -> CapturedException:
        """The one that happened in the application's own code; of several, the nearest to the root cause."""
        return next(filter(is_own, self.exceptions), self.exceptions[-1])

    @property
    def last(self) -> CapturedException:
        return self.exceptions[-1]

    def holds(self, frame: CapturedFrame | None) -> bool:
        return frame is not None and any(frame in exception.frames for exception in self.exceptions)


def links(head: CapturedException) -> list[Link]:
    """The chain of ``head`` as it came about, root cause first and ``head`` last."""
    same = groupby((*reversed(head.chain), head), key=lambda exception: (exception.type_name, exception.message))
    return [Link(tuple(exceptions)) for _, exceptions in same]


def is_own(exception: CapturedException) -> bool:
    """Whether it happened in code of the application."""
    frame = nearest_frame(exception)
    return frame is not None and frame.own


class AppFrame(NamedTuple):
    """A frame, and what its exception is to the others where it is the place that tells most of that."""

    frame: CapturedFrame
    exception: CapturedException
    role: str = ""


def app_frames(captured: CapturedTraceback) -> list[AppFrame]:
    """What to give in full to who reads an error as text (an assistant, an issue).

    The nearest frame of each exception, root cause first, then the calls that led there, nearest first.
    """
    frames = {listed.frame.index: listed for listed in _nearest(captured.exception)}
    for listed in _calls(captured.exception):
        if len(frames) >= FULL_FRAMES:
            break
        frames.setdefault(listed.frame.index, listed)
    return list(frames.values())


def _nearest(head: CapturedException) -> Iterator[AppFrame]:
    steps = links(head)
    # Of a long chain both ends: where it began, and what it came to.
    half = MOST_EXCEPTIONS // 2
    ends = steps if len(steps) <= MOST_EXCEPTIONS else [*steps[:half], *steps[-half:]]
    members = (member for member in walk(head) if member.relation == "member")
    listed = chain(
        _own((link, _role(link, steps)) for link in ends),
        _own((Link((member,)), "also raised") for member in members),
    )
    yield from islice(listed, MOST_EXCEPTIONS)


def _own(candidates: Iterator[tuple[Link, str]]) -> Iterator[AppFrame]:
    for link, role in candidates:
        frame = nearest_frame(link.telling)
        if frame is not None and not frame.foreign:
            yield AppFrame(frame, link.telling, role)


def _role(link: Link, steps: list[Link]) -> str:
    if len(steps) == 1:
        return ""
    return "root cause" if link is steps[0] else "led to"


def _calls(head: CapturedException) -> Iterator[AppFrame]:
    """The application's frames, innermost first; those of the exception that matters before others."""
    for exception in (replaced(head), *walk(head)):
        for frame in reversed(list(plain_frames(exception))):
            if not frame.foreign:
                yield AppFrame(frame, exception)
