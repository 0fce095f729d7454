"""The thread that has snapshots written, one after the other, in a small part of the time that there is."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

#: Errors that wait for their snapshot: of a flood the newest ones.
WAITING = 20
#: How much longer than a snapshot took the thread rests after it: a flood of errors costs a tenth of a processor.
_REST = 9.0
#: Seconds that the end of the process waits for what is left.
_LAST = 1.0


class Writer(Generic[T]):
    """Calls ``write`` with what is `put`, in a thread that is started with the first one. Errors are for ``write``."""

    def __init__(self, write: Callable[[T], object], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._clock = clock
        self._waiting: deque[T] = deque()
        self._wake = threading.Event()
        self._ended = threading.Event()
        # Re-entrant: what is dropped after it was written may be the last of an application, which ends this.
        self._writing = threading.RLock()
        threading.Thread(target=self._run, name="debugkit-snapshots", daemon=True).start()

    def put(self, item: T) -> None:
        """Have ``item`` written soon; the oldest that waits gives way when there are too many."""
        self._waiting.append(item)
        while len(self._waiting) > WAITING:
            try:
                self._waiting.popleft()
            except IndexError:  # the thread was quicker
                break
        self._wake.set()

    def close(self) -> None:
        """End the thread; what waits is dropped."""
        self._ended.set()
        self._wake.set()
        self._waiting.clear()

    def finish(self) -> None:
        """Write what waits, as far as there is time: the process is about to end."""
        self._ended.set()
        end = self._clock() + _LAST
        if self._writing.acquire(timeout=_LAST):
            try:
                while self._clock() < end and self._step():
                    pass
            finally:
                self._writing.release()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._wake.wait()
            self._wake.clear()
            rest = 0.0
            while not self._ended.wait(rest):
                start = self._clock()
                with self._writing:
                    if self._ended.is_set() or not self._step():
                        break
                rest = (self._clock() - start) * _REST

    def _step(self) -> bool:
        """Write the newest that waits; `False` when nothing does."""
        try:
            item = self._waiting.pop()
        except IndexError:
            return False
        self._write(item)
        return True
