"""What our own server knows of each request, for an ASGI application that another one serves: its line in the log, and
whether it is still being answered. Outside of all other middleware.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from debugkit.debug.asgi.gateway import peer_of
from debugkit.debug.asgi.no_errors import is_no_error
from debugkit.raised import traceback_of
from debugkit.runner.asgi.lifespan import Application, Lifespan
from debugkit.runner.failed_start import strip_own_frames
from debugkit.serving.log import Log

Send = Callable[[Any], Awaitable[None]]

CLOSE = (b"connection", b"close")
#: What servers answer for an application that failed before it did.
FAILED = 500


class Requests:
    """ASGI middleware that writes a line to ``log`` for each request, and the traceback of what the application raises.

    While ``stopping``, each answer is the last one on its connection: its client asks the next server on a new one.
    """

    def __init__(self, application: Application, lifespan: Lifespan, log: Log) -> None:
        self._application = application
        self._lifespan = lifespan
        self._log = log
        self._calls: set[_Call] = set()
        self._raised = 0
        self.stopping = False

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan.run(scope, receive, send)
            return
        call = _Call(scope, send, self)
        self._calls.add(call)
        try:
            await self._application(scope, receive, call.send)
        except BaseException as error:
            self._raised = id(error)
            call.raised = True
            if not is_no_error(error, send):
                self.failed(error)
            raise
        finally:
            self._calls.discard(call)
            call.end()

    def failed(self, error: BaseException) -> None:
        """Print the traceback of an exception that nobody has caught."""
        self._log.failed(error, strip_own_frames(traceback_of(error)))

    def is_printed(self, error: BaseException) -> bool:
        """Whether this is the exception that was raised last: the server would print it once more."""
        return id(error) == self._raised

    def write(self, call: _Call) -> None:
        if call.status and not call.scope.get("debugkit.own"):
            seconds = time.perf_counter() - call.began
            self._log.access(peer_of(call.scope), call.line, call.status, call.size, seconds)

    @property
    def unfinished(self) -> list[str]:
        """The lines of the requests that are being answered, as they may be logged."""
        return list(dict.fromkeys(filter(None, (self._log.shown(call.line) for call in self._calls))))


class _Call:
    """One request, or one WebSocket."""

    def __init__(self, scope: Any, send: Send, requests: Requests) -> None:
        self.scope = scope
        self._send = send
        self._requests = requests
        self._written = False
        self.began = time.perf_counter()
        self.status = 0
        self.size = 0
        self.raised = False

    @property
    def line(self) -> str:
        """The request's first line (RFC 9112, 3)."""
        scope = self.scope
        raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode("ascii")
        query: bytes = scope.get("query_string") or b""
        target = raw.partition(b"?")[0] + (b"?" + query if query else b"")
        return f"{scope.get('method', 'GET')} {target.decode('latin-1')} HTTP/{scope.get('http_version', '1.1')}"

    async def send(self, message: Any) -> None:
        kind = message["type"]
        if kind in ("http.response.start", "websocket.http.response.start"):
            self.status = message["status"]
            if self._requests.stopping:
                message = {**message, "headers": [*message.get("headers", ()), CLOSE]}
        elif kind == "http.response.body":
            if self.scope["method"] != "HEAD":
                self.size += len(message.get("body", b""))
            if not message.get("more_body", False) and self.status < FAILED:
                await self._send(message)
                self._write()  # background tasks may follow; after a failure, its traceback
                return
        elif kind == "websocket.accept":
            self.status = 101
        elif kind == "websocket.close":
            self.status = self.status or 403  # ASGI's answer to a handshake that is not accepted
        await self._send(message)

    def end(self) -> None:
        """The application has returned, or raised."""
        if self.raised and not self.status:
            self.status = FAILED
        self._write()

    def _write(self) -> None:
        if not self._written:
            self._written = True
            self._requests.write(self)
