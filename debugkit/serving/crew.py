"""Threads that are started when they are needed and share what there is to do. Knows no sockets and no HTTP."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Crew(Generic[T]):
    """Calls ``work`` with what is submitted, in as many threads as are needed, at most ``size``.

    `submit` and `dismiss` belong to one thread. ``work`` must not raise: an exception would cost a thread.
    """

    def __init__(self, size: int, work: Callable[[T], None]) -> None:
        self._size = size
        self._work = work
        self._threads: list[threading.Thread] = []
        self._idle = threading.Semaphore(0)
        #: None ends the thread that gets it.
        self._waiting: queue.SimpleQueue[T | None] = queue.SimpleQueue()

    def submit(self, item: T) -> None:
        """Have ``item`` worked on: at once if a thread is idle or can be started, else as soon as one is done."""
        self._waiting.put(item)
        if self._idle.acquire(blocking=False) or len(self._threads) >= self._size:
            return
        # Daemons: an endless request must not keep the process alive after the server has stopped.
        thread = threading.Thread(target=self._run, name=f"debugkit-{len(self._threads) + 1}", daemon=True)
        self._threads.append(thread)
        thread.start()

    @property
    def has_time(self) -> bool:
        """Nothing waits for a thread."""
        return self._waiting.empty()

    def dismiss(self) -> None:
        """End every thread, after what it is doing and what waits already."""
        for _ in self._threads:
            self._waiting.put(None)

    def join(self, seconds: float) -> bool:
        """Wait for a thread to end. False: all have ended."""
        for thread in self._threads:
            if thread.is_alive():
                thread.join(seconds)
                return True
        return False

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            self._work(item)
            self._idle.release()
