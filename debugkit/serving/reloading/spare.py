"""The process that waits, its interpreter started, to become the next worker: a save does not pay for that start."""

from __future__ import annotations

import time
from collections.abc import Callable

from debugkit.serving.reloading.workers import Worker

#: Seconds after which a worker that serves gets a successor that waits.
DELAY = 0.5


class Spare:
    """At most one process that waits. ``start`` starts one, ``discard`` ends one that is not wanted any more."""

    def __init__(self, start: Callable[[], Worker], discard: Callable[[Worker], None]) -> None:
        self._start = start
        self._discard = discard
        self.worker: Worker | None = None
        self.due: float | None = None  # when to start one

    def schedule(self) -> None:
        self.due = time.monotonic() + DELAY

    def renew(self) -> None:
        """Another one would be better prepared."""
        self.close()
        self.due = time.monotonic()

    def start_if_due(self, now: float) -> None:
        if self.due is None or self.due > now:
            return
        self.due = None
        if self.worker is not None:
            return
        try:
            self.worker = self._start()
        except OSError:  # whoever needs a worker will say so
            pass

    def take(self) -> Worker | None:
        """The process that waits, unless packages have been installed since: it would not find them."""
        worker, self.worker, self.due = self.worker, None, None
        if worker is None or worker.is_fresh():
            return worker
        self._discard(worker)
        return None

    def close(self) -> None:
        worker, self.worker = self.worker, None
        if worker is not None:
            self._discard(worker)
