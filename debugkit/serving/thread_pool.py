"""Threads that are started when they are needed and share what there is to do. Knows no sockets and no HTTP."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class ThreadPool(Generic[T]):
    """Calls ``work`` with what is submitted, in as many threads as are needed, at most ``size``.

    A thread inside of ``with pool.away`` only waits, and another one works in its place, but there are never more than
    ``most`` in all. `submit` and `shutdown` belong to one thread. ``work`` must not raise: an exception would cost a
    thread. `concurrent.futures.ThreadPoolExecutor` joins its threads when the interpreter exits, which an endless
    request would block.
    """

    def __init__(self, size: int, work: Callable[[T], None], *, most: int = 0) -> None:
        self._size = size
        self._most = max(size, most)
        self._work = work
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._unfinished = 0  # what is being worked on, and what waits
        self._absent = 0  # threads that are away
        self._is_shut_down = False
        #: None ends the thread that gets it.
        self._waiting: queue.SimpleQueue[T | None] = queue.SimpleQueue()
        self.away = Away(self._leave, self._return)

    def submit(self, item: T) -> None:
        """Have ``item`` worked on: at once if a thread is idle or can be started, else as soon as one is done."""
        with self._lock:
            self._unfinished += 1
            self._waiting.put(item)
            self._grow()

    def _grow(self) -> None:
        """Start a thread if one is needed and allowed. The caller holds the lock."""
        count = len(self._threads)
        if self._unfinished > count < self._most and count - self._absent < self._size and not self._is_shut_down:
            self._add_thread()

    def _add_thread(self) -> None:
        # Daemons: an endless request must not keep the process alive after the server has stopped.
        thread = threading.Thread(target=self._run, name=f"debugkit-{len(self._threads) + 1}", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system allows no more: those that there are must do
            if not self._threads:
                raise
            self._most = len(self._threads)
        else:
            self._threads.append(thread)

    @property
    def has_idle(self) -> bool:
        """Whether something that is submitted now would be begun at once."""
        return self._unfinished - self._absent < self._size and self._unfinished < self._most

    def shutdown(self) -> None:
        """End every thread, after what it is doing and what waits already."""
        with self._lock:
            self._is_shut_down = True
            for _ in self._threads:
                self._waiting.put(None)

    # What the threads do.

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            self._work(item)
            with self._lock:
                self._unfinished -= 1
                if len(self._threads) - self._absent > self._size and not self._is_shut_down:
                    # Those in whose place others came are back.
                    self._threads.remove(threading.current_thread())
                    return

    def _leave(self) -> None:
        with self._lock:
            self._absent += 1
            self._grow()

    def _return(self) -> None:
        with self._lock:
            self._absent -= 1


class Away:
    """A context manager for one thread after the other and for several at the same time."""

    __slots__ = ("_leave", "_return")

    def __init__(self, leave: Callable[[], None], come_back: Callable[[], None]) -> None:
        self._leave = leave
        self._return = come_back

    def __enter__(self) -> None:
        self._leave()

    def __exit__(self, *exc_info: object) -> None:
        self._return()
