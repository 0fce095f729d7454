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
        self._lock = threading.Lock()
        self._unfinished = 0  # what is being worked on, and what waits
        #: None ends the thread that gets it.
        self._waiting: queue.SimpleQueue[T | None] = queue.SimpleQueue()

    def submit(self, item: T) -> None:
        """Have ``item`` worked on: at once if a thread is idle or can be started, else as soon as one is done."""
        with self._lock:
            self._unfinished += 1
            enough = self._unfinished <= len(self._threads)
        self._waiting.put(item)
        if not enough and len(self._threads) < self._size:
            self._add_thread()

    def _add_thread(self) -> None:
        # Daemons: an endless request must not keep the process alive after the server has stopped.
        thread = threading.Thread(target=self._run, name=f"debugkit-{len(self._threads) + 1}", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system allows no more: those that there are must do
            if not self._threads:
                raise
            self._size = len(self._threads)
        else:
            self._threads.append(thread)

    @property
    def has_time(self) -> bool:
        """Whether something that is submitted now would be begun at once."""
        return self._unfinished < self._size

    def dismiss(self) -> None:
        """End every thread, after what it is doing and what waits already."""
        for _ in self._threads:
            self._waiting.put(None)

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            self._work(item)
            with self._lock:
                self._unfinished -= 1
