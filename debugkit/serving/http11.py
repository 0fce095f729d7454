"""One connection of HTTP/1.1: bytes on one side, a WSGI application (PEP 3333) on the other.

h11 reads what the client sends, strictly (RFC 9112), with a new reader for each request. What goes out is written in
`answer.py`: PEP 3333 wants it checked while the application calls `start_response`, which leaves h11 nothing to find.
Knows no listening socket, no thread and no debugger.
"""

from __future__ import annotations

import io
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import h11

from debugkit.serving.answer import Answer
from debugkit.serving.wire import BLOCK, DRAIN_SIZE, Disconnected, Malformed, Patience, Wire

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

#: Bytes of a request's first line and headers; browsers send all cookies of localhost, whichever project set them.
HEAD_SIZE = 65_536

_HOST = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*")
_ABSOLUTE = re.compile(r"https?://([^/?]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Site:
    """What all connections of one server share."""

    app: WSGIApplication
    environ: dict[str, Any]  # what every request's environ starts from
    access: Callable[[str, str, int, int, float], None]  # peer, request line, status, bytes of the body, seconds
    failed: Callable[[BaseException], None]  # what the application did not catch
    stopping: Callable[[], bool] = lambda: False
    patience: Patience = field(default_factory=Patience)
    wire: Callable[[socket.socket, Patience], Wire] = Wire  # how a connection's socket is read and written


class Body(io.RawIOBase):
    """The request's body, read from the wire when the application asks for it."""

    def __init__(self, reader: h11.Connection, wire: Wire, *, empty: bool) -> None:
        self._reader = reader
        self._wire = wire
        self.ended = empty
        self._rest = b""
        #: The client waits for a word before it sends (RFC 9110, 10.1.1).
        self.awaited = reader.they_are_waiting_for_100_continue

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._rest or self.next()
        size = min(len(buffer), len(data))
        buffer[:size] = data[:size]
        self._rest = data[size:]
        return size

    def readall(self) -> bytes:
        pieces = [self._rest]
        self._rest = b""
        while data := self.next():
            pieces.append(data)
        return b"".join(pieces)

    def next(self) -> bytes:
        """The next piece as it comes, b"" at the end. Raises `Disconnected` and `Malformed`."""
        while not self.ended:
            event = self._event()
            if isinstance(event, h11.Data):
                self.awaited = False
                if event.data:
                    return bytes(event.data)
            elif event is h11.NEED_DATA:
                self._receive()
            else:
                self.ended = True
        return b""

    def _event(self) -> Any:
        try:
            return self._reader.next_event()
        except h11.RemoteProtocolError as error:
            raise Malformed(str(error), error.error_status_hint) from error

    def _receive(self) -> None:
        if self.awaited:
            self.awaited = False
            self._wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        data = self._wire.receive()
        if not data:
            raise Disconnected("The client stopped sending before the end of the request's body.")
        self._reader.receive_data(data)

    def drain(self) -> bool:
        """Throw away what the application did not read. False: that is too much, or broken."""
        size = 0
        try:
            while not self.ended and not self.awaited and size < DRAIN_SIZE:
                size += len(self.next())
        except Malformed:
            return False
        return self.ended


class Connection:
    """A client's connection, from the first request to the last."""

    def __init__(self, sock: socket.socket, peer: tuple[str, int], site: Site) -> None:
        self.wire = site.wire(sock, site.patience)
        self._opened = False
        self._site = site
        self._peer = peer[0]
        self._environ = site.environ | {"REMOTE_ADDR": peer[0], "REMOTE_PORT": str(peer[1])}
        self._next_reader(b"")

    def _next_reader(self, received: bytes) -> None:
        """Get ready for the next request, of which ``received`` has come already."""
        self._reader = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_SIZE)
        self._partial = False
        #: When to give up waiting for the next request, on the monotonic clock.
        self.deadline = time.monotonic() + self._site.patience.idle
        if received:
            self._receive(received)

    def serve(self, linger: Callable[[], float]) -> bool:
        """Answer requests until none comes for ``linger()`` seconds. True: the connection stays open for more."""
        try:
            if not self._opened:
                self._opened = True
                self.wire.open()
            waits = self._serve(linger)
        except Disconnected:
            waits = False
        except Malformed as error:
            self._refuse(error)
            return False
        except h11.RemoteProtocolError as error:
            self._refuse(Malformed(str(error), error.error_status_hint))
            return False
        if not waits:
            self.wire.close()
        return waits

    def _serve(self, linger: Callable[[], float]) -> bool:
        while True:
            event = self._reader.next_event() if self._partial else h11.NEED_DATA
            if event is h11.NEED_DATA:
                data = self.wire.receive(linger())
                if not data:
                    return data is None and not self._site.stopping() and not self._expired()
                self._receive(data)
            elif not isinstance(event, h11.Request) or not self._answer(event):
                return False

    def _receive(self, data: bytes) -> None:
        if self._partial:
            self._expired()
        else:
            data = data.lstrip(b"\r\n")  # RFC 9112, 2.2
            if data.startswith(b"\x16\x03"):
                raise Malformed("This port speaks HTTP, and the client began with TLS: open it with http://.")
            if data:
                self._partial = True
                self.deadline = time.monotonic() + self._site.patience.head
        if data:  # h11 takes nothing for the end of the stream
            self._reader.receive_data(data)

    def _expired(self) -> bool:
        if time.monotonic() < self.deadline:
            return False
        if self._partial:
            raise Malformed("The rest of the request did not come in time.", 408)
        return True

    def expire(self) -> None:
        """Hang up on a client that has kept the server waiting past the deadline."""
        try:
            self._expired()
        except Malformed as error:
            self._refuse(error)
        self.wire.close()

    def _refuse(self, error: Malformed) -> None:
        self._site.access(self._peer, f"- ({error})", error.status, 0, 0.0)
        answer = Answer(self.wire, keep=False, chunks=False, head_only=False, announce=lambda status: None)
        try:
            answer.fail(error.status, f"{error}\n")
            self.wire.close(unread=True)
        except Disconnected:
            self.wire.close()

    def _answer(self, request: h11.Request) -> bool:
        """Let the application answer. True: the connection can take another request."""
        began = time.perf_counter()
        environ = make_environ(request, self._environ)
        has_body = "CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ
        body = Body(self._reader, self.wire, empty=not has_body)
        environ["wsgi.input"] = io.BufferedReader(body, BLOCK) if has_body else io.BytesIO()
        modern = environ["SERVER_PROTOCOL"] != "HTTP/1.0"
        line = f"{environ['REQUEST_METHOD']} {environ['REQUEST_URI']} {environ['SERVER_PROTOCOL']}"

        def announce(status: int) -> None:
            if body.awaited:  # the body that the client held back will not be read any more
                answer.keep = False

        answer = Answer(
            self.wire,
            keep=modern and "close" not in environ.get("HTTP_CONNECTION", "").lower() and not self._site.stopping(),
            chunks=modern,
            head_only=request.method == b"HEAD",
            announce=announce,
        )
        complete = self._run(environ, answer)
        if answer.begun:
            self._site.access(self._peer, line, answer.status, answer.size, time.perf_counter() - began)
        if not complete:
            return False
        if not (answer.keep and body.drain()):
            self.wire.close(unread=not body.ended or bool(self._reader.trailing_data[0]))
            return False
        self._next_reader(self._reader.trailing_data[0])
        return True

    def _run(self, environ: dict[str, Any], answer: Answer) -> bool:
        """Call the application. True: the client has a complete answer."""
        try:
            run(self._site.app, environ, answer)
        except Disconnected:
            return False
        except BaseException as error:
            # SystemExit included: a view that calls exit() must not end the server.
            return self._recover(error, answer)
        return True

    def _recover(self, error: BaseException, answer: Answer) -> bool:
        if isinstance(error, Malformed):
            if not answer.begun:
                raise error
            return False
        self._site.failed(error)
        if not answer.begun:
            answer.fail(500, "Internal Server Error\n")
            return True
        if answer.ends_with_connection:
            self.wire.reset()
        return False


def run(app: WSGIApplication, environ: dict[str, Any], answer: Answer) -> None:
    """Call the application and send what it returns; its `close` is called whatever happens (PEP 3333)."""
    parts = app(environ, answer.start_response)
    try:
        answer.send_all(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()


def make_environ(request: h11.Request, base: dict[str, Any]) -> dict[str, Any]:
    """The request as PEP 3333 wants it. Raises `Malformed` for what h11 lets through and RFC 9112 does not."""
    environ = base.copy()
    version = request.http_version
    if version[:1] != b"1":
        raise Malformed("This server speaks HTTP/1.1.", 505)
    for name, value in request.headers:
        key = environ_key(name)
        if key is None:
            continue
        text = value.decode("latin-1")
        environ[key] = text if key not in environ else f"{environ[key]}{';' if key == 'HTTP_COOKIE' else ','} {text}"
        if key == "HTTP_HOST" and not _HOST.fullmatch(value):
            raise Malformed("The Host header is not a name or an address.")
    if "HTTP_TRANSFER_ENCODING" in environ and ("CONTENT_LENGTH" in environ or version == b"1.0"):
        # RFC 9112, 6.1: two ways to tell the length are how requests are smuggled.
        raise Malformed("The length of the request's body is not clear.")
    target = request.target.decode("latin-1")
    environ["REQUEST_METHOD"] = request.method.decode("latin-1")
    environ["SERVER_PROTOCOL"] = "HTTP/1.0" if version == b"1.0" else "HTTP/1.1"
    environ["REQUEST_URI"] = environ["RAW_URI"] = target
    set_path(environ, target)
    return environ


def set_path(environ: dict[str, Any], target: str) -> None:
    """The four forms of a target (RFC 9112, 3.2)."""
    if "#" in target:
        raise Malformed("A fragment is for the browser alone.")
    if target[0] != "/":
        absolute = _ABSOLUTE.match(target)
        if absolute is not None:
            environ["HTTP_HOST"] = absolute[1].rpartition("@")[2]
            target = target[absolute.end() :]
            target = target if target.startswith("/") else f"/{target}"
        elif target == "*" and environ["REQUEST_METHOD"] == "OPTIONS":
            target = ""
        else:
            raise Malformed("The request's target is neither a path nor an http address.")
    path, _, environ["QUERY_STRING"] = target.partition("?")
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path


@lru_cache(maxsize=1024)
def environ_key(name: bytes) -> str | None:
    """The key of a header in the environ. `None`: the application must not see it."""
    if b"_" in name or name == b"proxy":
        # "X_Forwarded_For" would pose as "X-Forwarded-For", and "Proxy" as the variable HTTP_PROXY (CVE-2016-5385).
        return None
    key = name.decode("ascii").upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
