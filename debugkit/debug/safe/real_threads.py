"""Threads, locks and queues of the interpreter, also where gevent or eventlet has put greenlets in their place.

After ``monkey.patch_all()`` what `threading` starts is a greenlet: it cannot be interrupted by another one, and while
it is busy nothing else of its thread runs. So whatever runs foreign code is a real thread; and a greenlet that waits
for one lets the other greenlets of its own thread go on. The only module that knows of this, and imports neither.
"""

from __future__ import annotations

import _thread
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

try:
    from _queue import Empty, SimpleQueue  # `queue` itself may hand out a queue for greenlets
except ImportError:  # PyPy
    from queue import Empty, SimpleQueue

__all__ = ["Empty", "Event", "KeptLock", "RLock", "SimpleQueue", "allocate_lock", "get", "get_ident", "local", "start"]

T = TypeVar("T")

#: Seconds that a greenlet may keep its whole thread waiting, which is what most calls of foreign code take.
_BRIEFLY: Final = 0.002
#: Seconds between two looks, at most: what a greenlet waits for comes this much later.
_BETWEEN: Final = 0.02


def _originals() -> Any:
    """What holds the items of `_thread` as the interpreter made them, whoever has replaced them by now."""
    gevent, eventlet = sys.modules.get("gevent.monkey"), sys.modules.get("eventlet.patcher")
    if gevent is not None and gevent.is_module_patched("_thread"):
        return _Saved(gevent.get_original)
    if eventlet is not None and eventlet.is_monkey_patched("thread"):
        return eventlet.original("_thread")
    return _thread


class _Saved:
    def __init__(self, get_original: Callable[[str, str], Any]) -> None:
        self._get_original = get_original

    def __getattr__(self, name: str) -> Any:
        return self._get_original("_thread", name)


# Taken once: what is patched later does not change these.
_original: Final = _originals()
get_ident: Final[Callable[[], int]] = _original.get_ident
allocate_lock: Final[Callable[[], _thread.LockType]] = _original.allocate_lock
RLock: Final = _thread.RLock  # both leave it alone, and replace what `threading` makes of it
_start_new_thread: Final[Callable[..., int]] = _original.start_new_thread
if TYPE_CHECKING:
    from threading import local
else:
    local = _original._local


class KeptLock:
    """An `RLock` of a module that may be imported before ``eventlet.monkey_patch()``.

    That replaces each one which dicts and attributes lead to by one for greenlets. It follows no ``__slots__``.
    """

    __slots__ = ("lock",)

    def __init__(self) -> None:
        self.lock = RLock()


# Threads


class Running(Protocol):
    """A thread that has been started."""

    @property
    def ident(self) -> int | None:
        """What the interpreter knows it by."""

    def is_alive(self) -> bool:
        """Whether it has not come to its end."""


def start(target: Callable[..., object], *args: Any, name: str) -> Running:
    """Run ``target(*args)`` in a new thread, which keeps no program from ending.

    Raises `RuntimeError` when there are too many.
    """
    if _thread.start_new_thread is _start_new_thread:
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        thread.start()
        return thread
    return _RealThread(target, args)


class _RealThread:
    """A thread among greenlets. `threading` knows nothing of it."""

    def __init__(self, target: Callable[..., object], args: tuple[Any, ...]) -> None:
        self._alive = True
        self._begun = allocate_lock()
        self._begun.acquire()
        self.ident: int | None = _start_new_thread(self._run, (target, args))
        # As `threading` does: before it runs no exception reaches it, nor, up to 3.11, this thread. Other greenlets
        # are kept waiting, since the caller may hold a lock that shuts out other threads only.
        self._begun.acquire()

    def is_alive(self) -> bool:
        return self._alive

    def _run(self, target: Callable[..., object], args: tuple[Any, ...]) -> None:
        self._begun.release()
        try:
            target(*args)
        finally:
            _leave_no_hub()
            self._alive = False


def _leave_no_hub() -> None:
    """What sleeps in a thread gives it a hub, whose descriptors nobody else would close."""
    get_hub = getattr(sys.modules.get("gevent._hub_local"), "get_hub_if_exists", None)
    if get_hub is not None and (hub := get_hub()) is not None:
        hub.destroy(destroy_loop=True)
    of_threads: Any = getattr(sys.modules.get("eventlet.hubs"), "_threadlocal", None)
    if (hub := getattr(of_threads, "hub", None)) is not None:
        hub.abort(wait=True)
        del of_threads.hub


# Waiting for a thread


class Event:
    """Something that happens once."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._lock.acquire()

    def set(self) -> None:
        """It has happened. To be called once."""
        self._lock.release()

    def wait(self, timeout: float) -> bool:
        """Whether it happens within ``timeout`` seconds."""
        if not acquire(self._lock, timeout):
            return False
        self._lock.release()
        return True


def acquire(lock: _thread.LockType, timeout: float) -> bool:
    """``lock.acquire(timeout=timeout)``, which does not keep other greenlets from running."""
    sleep = _cooperative_sleep()
    if sleep is None:
        return lock.acquire(timeout=timeout)
    end = time.monotonic() + timeout
    if lock.acquire(timeout=min(_BRIEFLY, timeout)):
        return True
    while not lock.acquire(blocking=False):
        left = end - time.monotonic()
        if left <= 0:
            return False
        sleep(min(left, _BETWEEN))
    return True


def get(queue: SimpleQueue[T], timeout: float | None = None) -> T:
    """``queue.get(timeout=timeout)``, which does not keep other greenlets from running. Raises `Empty`."""
    sleep = _cooperative_sleep()
    if sleep is None:
        return queue.get(timeout=timeout)
    end = None if timeout is None else time.monotonic() + timeout
    while True:
        try:
            return queue.get_nowait()
        except Empty:
            left = _BETWEEN if end is None else end - time.monotonic()
            if left <= 0:
                raise
        sleep(min(left, _BETWEEN))


def _cooperative_sleep() -> Callable[[float], object] | None:
    """What lets the other greenlets of this thread run; `None` where there are none.

    Not whether something is patched: servers for greenlets work without, too, and patched programs have real threads.
    """
    greenlet = sys.modules.get("greenlet")
    parent = greenlet.getcurrent().parent if greenlet is not None else None
    while parent is not None:  # the hub is the root of all greenlets that it switches to
        if (gevent := sys.modules.get("gevent.hub")) is not None and isinstance(parent, gevent.Hub):
            return gevent.sleep  # type: ignore[no-any-return]  # without annotations
        if (hubs := sys.modules.get("eventlet.hubs")) is not None and parent is hubs.get_hub().greenlet:
            return sys.modules["eventlet"].sleep  # type: ignore[no-any-return]  # without annotations
        parent = parent.parent
    return None
