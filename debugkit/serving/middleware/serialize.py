"""One request at a time, for applications that cannot do with threads. The server stays concurrent around them.

Connections, static files and the debugger's own requests do not wait for their turn.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


#: What is whole when the application returns it; and what is no body, which is for the server or the debugger to say.
MADE = (list, tuple, str, bytes, dict, type(None))


class Serialize:
    """WSGI middleware that calls ``app`` for one request, from the call to the end of its body, before the next."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app
        self._turn = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgi.multithread"] = False
        if not self._turn.acquire(blocking=False):
            with environ.get("debugkit.away") or nullcontext():  # those who need no turn need a thread
                self._turn.acquire()
        try:
            parts = self.app(environ, start_response)
        except BaseException:
            self._turn.release()
            raise
        if isinstance(parts, MADE):
            self._turn.release()
            return parts
        return Turn(parts, self._turn)


class Turn:
    """A body that gives the turn back when it is closed."""

    def __init__(self, parts: Iterable[bytes], turn: threading.Lock) -> None:
        self._parts = parts
        self._turn: threading.Lock | None = turn

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        turn, self._turn = self._turn, None  # closed twice, it must not give away another one's turn
        try:
            close = getattr(self._parts, "close", None)
            if close is not None:
                close()
        finally:
            if turn is not None:
                turn.release()
