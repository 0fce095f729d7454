"""One request that is sent again: what may be, what came of it, and stopping it. Knows no protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from debugkit.debug.request_snapshot import RequestSnapshot
from debugkit.debug.safe.real_threads import Event

#: Methods that change nothing by being repeated (RFC 9110, section 9.2.1).
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

#: The replay whose request the current code answers.
_current: ContextVar[Replay | None] = ContextVar("debugkit.replay", default=None)


class Replay:
    """A request that is being sent again. Whoever sends it runs the application in `noting`."""

    def __init__(self) -> None:
        #: Of the answer; 0 as long as there is none.
        self.status = 0
        #: The answer was broken off.
        self.broken = False
        #: Ids of the errors that were recorded on the way.
        self.errors: list[str] = []
        #: Ends the request, as far as that is possible.
        self.stop: Callable[[], object] = lambda: None
        self._ended = Event()

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note what becomes of the request; an exception that reaches this ends here."""
        token = _current.set(self)
        try:
            yield
        except BaseException:  # what it was is recorded; or the request was stopped
            self.broken = True
        finally:
            _current.reset(token)
            self._ended.set()

    def wait(self, seconds: float) -> bool:
        """Whether it ends within so many seconds."""
        return self._ended.wait(seconds)

    @property
    def failed(self) -> str:
        """The id of the error that it was answered with; empty for any other answer."""
        return self.errors[-1] if self.errors and (self.broken or self.status >= 400) else ""


def note_error(error_id: str) -> None:
    """An error was recorded: tell the replay that it happened in, if it did in one."""
    replay = _current.get()
    if replay is not None:
        replay.errors.append(error_id)


def obstacle(request: RequestSnapshot) -> str:
    """Why a request cannot be sent again, as a sentence; empty if it can be."""
    if not request.is_http:
        return "A WebSocket cannot be sent again: what came over it is not kept."
    if not request.body_complete:
        size = f" of {request.body_length:,} bytes" if request.body_length else ""
        return (
            f"The body{size} was not kept as a whole, and a part of it would be another request. "
            "Limits(recorded_body=...) sets how much is kept."
        )
    return ""
