"""One connection of HTTP/1.1: bytes on one side, a WSGI application (PEP 3333) on the other.

`plain_head` reads the heads of requests, and h11 those that are not plain, strictly (RFC 9112), with a new reader for
each; `request_body.py` reads what follows.
Responses are written in `response.py`: PEP 3333 wants them checked inside `start_response`, with sentences for the
application's author, and h11's writer takes five times as long. Knows no listening socket, no thread and no debugger.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import h11

from debugkit.frozen import frozen
from debugkit.serving.config import RequestLimits, Timeouts
from debugkit.serving.http.environ import Head, check_head, connection_options, header_variables, make_environ
from debugkit.serving.http.hijack import HijackableSocket
from debugkit.serving.http.plain_head import plain_head
from debugkit.serving.http.refused_head import second_look
from debugkit.serving.http.request_body import Body, ChunkedBody, SizedBody
from debugkit.serving.http.response import Response
from debugkit.serving.http.transport import BLOCK, Disconnected, Malformed, Transport

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

#: Bytes of a body that no computer can hold: an application that asks for so many at once gets an `OverflowError`
#: (RFC 9110, 8.6 wants servers to see that coming).
LARGEST = 1 << 48


@frozen
class ServerContext:
    """What all connections of one server share."""

    app: WSGIApplication
    environ: dict[str, Any]  # what every request's environ starts from
    access: Callable[[str, str, int, int, float], None]  # peer, request line, status, bytes of the body, seconds
    failed: Callable[[BaseException], None]  # what the application did not catch
    stopping: Callable[[], bool] = lambda: False
    timeouts: Timeouts = field(default_factory=Timeouts)
    transport: Callable[[socket.socket, Timeouts], Transport] = Transport  # reads and writes a socket
    limits: RequestLimits = field(default_factory=RequestLimits)
    away: AbstractContextManager[None] = field(default_factory=nullcontext)  # see `Transport`


class Request(NamedTuple):
    """A head of ``size`` bytes, what an environ has of its headers, and what was ``received`` behind it.

    With ``awaited`` the client holds a body back.
    """

    head: Head
    size: int
    variables: Mapping[str, str]
    received: bytes
    awaited: bool = False


class Connection:
    """A client's connection, from the first request to the last."""

    def __init__(self, sock: socket.socket, peer: tuple[str, int], context: ServerContext) -> None:
        self.transport = context.transport(sock, context.timeouts)
        self.transport.away = context.away
        self._context = context
        self._peer = peer[0]
        self._hijackable = HijackableSocket(self.transport)
        self._environ = context.environ | {
            "REMOTE_ADDR": peer[0],
            "REMOTE_PORT": str(peer[1]),
            "debugkit.away": context.away,  # for code that waits for something other than the processor
            "debugkit.socket": self._hijackable,
            "werkzeug.socket": self._hijackable,  # where WebSocket libraries look
        }
        #: The application is at work on `line`.
        self.answering = False
        self._next_reader(b"")

    def _next_reader(self, received: bytes) -> None:
        """Get ready for the next request, of which ``received`` has come already."""
        #: Reads a head that is not plain.
        self._reader: h11.Connection | None = None
        self._received = b""
        self._request: Head | None = None
        #: When to give up waiting for the next request, on the monotonic clock.
        self.deadline = time.monotonic() + self._context.timeouts.idle
        if received:
            self._receive(received)

    def serve(self, keep_thread: Callable[[], float]) -> bool:
        """Answer requests until none comes for ``keep_thread()`` seconds. True: the connection stays open for more."""
        try:
            waits = self._serve(keep_thread)
        except Disconnected:
            waits = False
        except Malformed as error:
            self._refuse(error)
            return False
        except h11.RemoteProtocolError as error:
            self._refuse(self._malformed(error))
            return False
        if not waits:
            self.transport.close()
        return waits

    def _serve(self, keep_thread: Callable[[], float]) -> bool:
        while True:
            request = self._next_request() if self._received else None
            if request is None:
                data = self.transport.receive(keep_thread())
                if not data:
                    return data is None and not self._context.stopping() and not self._expired()
                if self._expired():
                    return False
                self._receive(data)
            elif not self._respond(request):
                return False

    def _next_request(self) -> Request | None:
        """The request whose head has come. `None`: it is not complete."""
        if self._reader is None:
            plain = plain_head(self._received)
            if plain is not None:
                return Request(plain, plain.size, plain.variables, self._received[plain.size :])
            self._reader = self._new_reader(self._received)
        head = self._next_event(self._reader)
        if not isinstance(head, h11.Request):
            return None
        rest = self._reader.trailing_data[0]
        size = len(self._received) - len(rest)
        check_head(self._received[:size])
        variables = header_variables(head.headers)
        return Request(head, size, variables, rest, self._reader.they_are_waiting_for_100_continue)

    def _next_event(self, reader: h11.Connection) -> object:
        try:
            return reader.next_event()
        except h11.RemoteProtocolError:
            head = second_look(self._received)
            if head == self._received:
                raise
            self._received = head
            self._reader = self._new_reader(head)
            return self._reader.next_event()

    def _new_reader(self, received: bytes) -> h11.Connection:
        reader = h11.Connection(h11.SERVER, max_incomplete_event_size=self._context.limits.head)
        reader.receive_data(received)
        return reader

    def _receive(self, data: bytes) -> None:
        if self._received:
            self._received += data
            if self._reader is not None:
                self._reader.receive_data(data)
            return
        data = data.lstrip(b"\r\n")  # RFC 9112, 2.2
        if data.startswith(b"\x16\x03"):
            raise Malformed("This port speaks HTTP, and the client began with TLS: open it with http://.")
        if data:  # h11 takes nothing for the end of the stream
            self._received = data
            self.deadline = time.monotonic() + self._context.timeouts.head

    def _expired(self) -> bool:
        if time.monotonic() < self.deadline:
            return False
        if self._received:
            raise Malformed("The rest of the request did not come in time.", 408)
        return True

    def expire(self) -> None:
        """Hang up on a client that has kept the server waiting past the deadline, without waiting for it once more."""
        try:
            self._expired()
        except Malformed as error:
            if self.transport.writable:
                self._refuse(error, unread=False)
        self.transport.close()

    def _malformed(self, error: h11.RemoteProtocolError) -> Malformed:
        if error.error_status_hint != 431:
            return Malformed(reason(error), error.error_status_hint)
        return too_large() if b"\n" in self._received else too_long()

    def _refuse(self, error: Malformed, *, unread: bool = True) -> None:
        self._context.access(self._peer, f"{self.line} ({error})", error.status, 0, 0.0)
        response = Response(self.transport, keep=False, old=True, head_only=False, before_head=lambda _: None)
        try:
            response.fail(error.status, f"{error}\n")
            self.transport.close(unread=unread)
        except Disconnected:
            self.transport.close()

    @property
    def line(self) -> str:
        """The request's first line; a dash when none could be read."""
        request = self._request
        if request is None:
            return "-"
        line = b"%b %b HTTP/%b" % (request.method, request.target, request.http_version)
        return line.decode("latin-1")

    def _respond(self, request: Request) -> bool:
        """Let the application answer. True: the connection can take another request."""
        began = time.perf_counter()
        self._request = request.head
        self._check_size(request)
        environ = make_environ(request.head, request.variables, self._environ)
        received = request.received
        body = self._body(environ, request)
        self._hijackable.early = bool(received)
        response = self._new_response(environ, body)
        self.answering = True
        complete = self._run(environ, response, body)
        self.answering = False
        status = 101 if self.transport.hijacked else response.status if response.begun else 0
        if status and "debugkit.own" not in environ:
            self._context.access(self._peer, self.line, status, response.size, time.perf_counter() - began)
        behind = received if body is None else body.behind()
        if complete and response.keep and (body is None or body.drain(self._context.timeouts.drain)):
            self._next_reader(behind if body is None else body.behind())
            return True
        if not complete and response.begun and response.ends_with_connection:
            self.transport.reset()
        elif complete or self.transport.hijacked:
            unread = self.transport.hijacked or behind or (body is not None and not body.ended)
            self.transport.close(unread=bool(unread))
        return False

    def _check_size(self, request: Request) -> None:
        limits = self._context.limits
        if self._received.index(b"\r\n") > limits.line:
            raise too_long()
        if request.size > limits.head or len(request.head.headers) > limits.headers:
            raise too_large()

    def _body(self, environ: dict[str, Any], request: Request) -> Body | None:
        """What ``wsgi.input`` reads from. `None`: the request has no body."""
        limit = self._context.limits.body
        received, awaited = request.received, request.awaited
        body: Body
        if "HTTP_TRANSFER_ENCODING" in environ:
            body = ChunkedBody(self.transport, received, awaited=awaited, limit=limit)
        elif "CONTENT_LENGTH" in environ:
            size = int(environ["CONTENT_LENGTH"])
            if size > (most := LARGEST if limit is None else limit):
                raise Malformed(f"The request's body has {size} bytes, and {most} are allowed.", 413)
            body = SizedBody(self.transport, size, received, awaited=awaited)
        else:
            environ["wsgi.input"] = io.BytesIO()
            return None
        environ["wsgi.input"] = io.BufferedReader(body, BLOCK)
        environ["debugkit.hurry"] = body.hurry  # for error responses: the client may be slow with the rest
        return body

    def _new_response(self, environ: dict[str, Any], body: Body | None) -> Response:
        old = environ["SERVER_PROTOCOL"] == "HTTP/1.0"
        options = connection_options(environ.get("HTTP_CONNECTION", ""))
        keep = "close" not in options and (not old or "keep-alive" in options)
        head_only = environ["REQUEST_METHOD"] == "HEAD"
        # Not a closure, which would know the response, and the two would be garbage that only the collector frees.
        before_head = partial(self._before_head, body)
        return Response(self.transport, keep=keep, old=old, head_only=head_only, before_head=before_head)

    def _before_head(self, body: Body | None, response: Response) -> None:
        if self._context.stopping():
            response.keep = False
        if body is not None:
            check_body(body, response)

    def _run(self, environ: dict[str, Any], response: Response, body: Body | None) -> bool:
        """Call the application. True: the client has a complete response."""
        try:
            run(self._context.app, environ, response)
        except Disconnected:
            return False
        except BaseException as error:
            # SystemExit included: a view that calls exit() must not end the server.
            cause = None if body is None else body.error
            return not isinstance(cause, Disconnected) and self._recover(cause or error, response)
        return True

    def _recover(self, error: BaseException, response: Response) -> bool:
        kind = type(error)  # not `isinstance`, which asks the exception for its `__class__`
        if issubclass(kind, Malformed):
            if not response.begun:
                raise error
            return False
        if self.transport.hijacked and issubclass(kind, OSError):
            return False
        self._context.failed(error)
        if self.transport.hijacked:
            return False
        if not response.begun:
            response.fail(500, "Internal Server Error\n")
            return True
        return False


def run(app: WSGIApplication, environ: dict[str, Any], response: Response) -> None:
    """Call the application and send what it returns; its `close` is called whatever happens (PEP 3333)."""
    parts = app(environ, response.start_response)
    try:
        response.send_all(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()


def check_body(body: Body, response: Response) -> None:
    """Refuse a malformed body, and do not keep the connection when the client still holds its body back."""
    if isinstance(body.error, Malformed):
        raise body.error  # whatever the application made of it, this is the client's mistake
    if body.awaited:  # the body that the client held back will not be read any more
        response.keep = False


def too_long() -> Malformed:
    return Malformed("The request's first line is too long.", 414)


def too_large() -> Malformed:
    return Malformed("The request's headers are too many or too long.", 431)


def reason(error: h11.RemoteProtocolError) -> str:
    """What h11 says, without the bytes that it shows: a cookie may be among them, and this goes to the log."""
    return str(error).partition(": b")[0].rstrip(".") + "."
