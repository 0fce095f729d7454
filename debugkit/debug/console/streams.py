"""Routes the process's streams by context and by thread: routers in ``sys`` while a command runs, else nothing.

``sys.stdin``, ``sys.stdout`` and ``sys.stderr`` route each access to the console that owns the current context, or the
current thread. Child threads inherit the owner; so do child tasks of an event loop, which share a thread and have a
context each. Those who hold a real stream, as handlers of `logging` do, write to its owner too: its ``write`` is
replaced meanwhile. Does not know what becomes of the text.
"""

from __future__ import annotations

import contextlib
import contextvars
import io
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

from debugkit.debug.safe.real_threads import RLock, local

NO_INPUT = "The console has no standard input: assign the value to a name instead, or pass it as an argument."


class Streams(Protocol):
    """The streams behind the routers, for the threads that belong to them."""

    @property
    def routes(self) -> bool:
        """Whether its threads are routed here at the moment."""

    def stream(self, name: str) -> io.TextIOBase:
        """What ``sys.stdin``, ``sys.stdout`` or ``sys.stderr`` is for them."""


class _Nowhere(io.TextIOBase):
    """Replaces a stream that the process does not have (``sys.stdout`` is `None` under pythonw)."""

    def write(self, text: str) -> int:
        return len(text)


#: Where a thread that a command started keeps its streams. Not an identifier, so that it collides with no attribute.
OWNER: Final = "debugkit: capture"


class Own(local):
    """The streams of the thread that a command runs on, and of each greenlet in it."""

    streams: Streams | None = None


own: Final = Own()


#: The streams that a context belongs to, and with it the tasks that are made in it.
streams_of_context: contextvars.ContextVar[Streams | None] = contextvars.ContextVar("debugkit streams", default=None)


def current_streams() -> Streams | None:
    """The streams of the calling task or thread, if it has any."""
    streams = streams_of_context.get()
    if streams is None or not streams.routes:
        streams = own.streams or threading.current_thread().__dict__.get(OWNER)
    return streams if streams is not None and streams.routes else None


class _Router:
    """Replaces a stream in ``sys``, and acts at each access as the stream of the current thread."""

    def __init__(self, name: str, original: Any) -> None:
        self._name = name
        self._original = original

    def _stream(self) -> Any:
        streams = current_streams()
        if streams is not None:
            return streams.stream(self._name)
        return _Nowhere() if self._original is None else self._original

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream(), name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._stream())

    def __next__(self) -> Any:
        return next(self._stream())

    def __enter__(self) -> Any:
        return self._stream().__enter__()

    def __exit__(self, *error: Any) -> Any:
        return self._stream().__exit__(*error)


class _Tap:
    """Replaces ``write`` of a real stream, for those who got hold of it before the command."""

    def __init__(self, name: str, stream: Any) -> None:
        self.stream = stream
        self._name = name
        self._before: dict[str, Any] = {name: method for name, method in vars(stream).items() if name == "write"}
        self._write: Callable[[str], Any] = stream.write
        stream.write = self

    def __call__(self, text: str) -> Any:
        streams = current_streams()
        return self._write(text) if streams is None else streams.stream(self._name).write(text)

    @property
    def __self__(self) -> Any:
        """Whose method it is, for the calling thread: servers ask, who write to their stderr past Python's streams."""
        streams = current_streams()
        return getattr(self._write, "__self__", None) if streams is None else streams.stream(self._name)

    def remove(self) -> None:
        if vars(self.stream).get("write") is self:  # else somebody replaced it, which is respected
            del self.stream.write
            vars(self.stream).update(self._before)


_NAMES = ("stdin", "stdout", "stderr")


class Routing:
    """Installs routers in ``sys`` while they are used, and removes them afterwards."""

    # For the same reason as in `real_threads.KeptLock`.
    __slots__ = ("_breakpoint", "_original_breakpoint", "_original_start", "_start", "_taps", "_users", "lock")

    def __init__(self) -> None:
        # Re-entrant: a generator that the garbage collector closes in the middle of `enter` calls `leave`.
        self.lock = RLock()
        self._users = 0
        self._taps: list[_Tap] = []
        self._start: Callable[[threading.Thread], None] = threading.Thread.start
        self._original_start = self._start
        self._breakpoint: Callable[..., Any] = sys.breakpointhook
        self._original_breakpoint = self._breakpoint

    def enter(self) -> None:
        self._users += 1
        for name in _NAMES:
            self._route(name)
        if self._users == 1:
            self._follow_threads()
            self._refuse_breakpoints()

    def leave(self) -> None:
        self._users -= 1
        if self._users == 0:
            for name in _NAMES:
                self._restore(name)
            while self._taps:
                self._taps.pop().remove()
            if threading.Thread.start is self._start:
                threading.Thread.start = self._original_start  # type: ignore[method-assign]  # undone here
            if sys.breakpointhook is self._breakpoint:
                sys.breakpointhook = self._original_breakpoint

    def _route(self, name: str) -> None:
        # A new router each time: something that wraps an old one may be there, and the old one must not lead back.
        current = getattr(sys, name, None)
        if not isinstance(current, _Router):
            setattr(sys, name, _Router(name, current))
            if name != "stdin":
                self._tap(name, current)
                self._tap(name, getattr(sys, f"__{name}__"))

    def _tap(self, name: str, stream: Any) -> None:
        if not any(tap.stream is stream for tap in self._taps):
            # `None`, or a stream of another kind that takes no attribute: it is not routed for those who hold it.
            with contextlib.suppress(Exception):
                self._taps.append(_Tap(name, stream))

    @staticmethod
    def _restore(name: str) -> None:
        current = getattr(sys, name, None)
        if isinstance(current, _Router):  # else a command replaced it, which is respected
            setattr(sys, name, current._original)

    def _follow_threads(self) -> None:
        """Threads do not know who started them: record it when one is started."""
        original = threading.Thread.start

        def start(thread: threading.Thread) -> None:
            streams = current_streams()
            if streams is not None:
                thread.__dict__[OWNER] = streams
            original(thread)

        self._original_start, self._start = original, start
        threading.Thread.start = start  # type: ignore[method-assign, assignment]  # taken back in `leave`

    def _refuse_breakpoints(self) -> None:
        """pdb would stop in the console's own code first, and find no input there. Other debuggers are left alone."""
        original = sys.breakpointhook

        def hook(*arguments: Any, **choices: Any) -> Any:
            if current_streams() is not None and original is sys.__breakpointhook__:
                raise io.UnsupportedOperation("breakpoint() is not available here. " + NO_INPUT)
            return original(*arguments, **choices)

        self._original_breakpoint, self._breakpoint = original, hook
        sys.breakpointhook = hook


routing = Routing()
