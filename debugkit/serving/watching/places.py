"""Tells that something was installed: names that come and go in a few folders, without looking at what is below them.

A few files too, when they are written. It uses inotify(7), and is silent where that is not to be had: whoever needs to
be sure looks again before it counts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

from debugkit.serving.watching.inotify import IN_CLOSE_WRITE, IN_ONLYDIR, NAMES, Calls, drain

#: Seconds without another event after which an installation counts as finished: pip is silent while it copies the
#: files of one package, and a look in the middle of that has to be repeated.
QUIET = 1.0

MASK = (NAMES & ~IN_ONLYDIR) | IN_CLOSE_WRITE


class Places:
    """One inotify instance, for a selector. ``due`` is when the places will have been quiet for long enough."""

    def __init__(self, calls: Calls, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._calls = calls
        self._clock = clock
        self._descriptor = calls.init()
        self.due: float | None = None

    def fileno(self) -> int:
        """The descriptor; below 0 when the system has no more of them."""
        return self._descriptor

    def watch(self, paths: Iterable[str]) -> None:
        """Watch these too, those that are there. A path that has come to mean another folder is to be named again."""
        for path in paths:
            self._calls.add(self._descriptor, os.fsencode(path), MASK)

    def read(self) -> None:
        """Something has happened."""
        drain(self._descriptor)
        self.due = self._clock() + QUIET

    def is_quiet(self, now: float) -> bool:
        """Whether something has happened, and is over. True once."""
        if self.due is None or self.due > now:
            return False
        self.due = None
        return True

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1
