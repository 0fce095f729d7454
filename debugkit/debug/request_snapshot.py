"""What is kept of the request that failed: an environ (PEP 3333) as plain data. Decides nothing on what is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

from debugkit.debug.safe.inspection import class_name, exact_str
from debugkit.frozen import frozen


class InputStream(Protocol):
    """``wsgi.input`` as PEP 3333 defines it."""

    def read(self, size: int = ..., /) -> bytes: ...
    def readline(self, size: int = ..., /) -> bytes: ...
    def readlines(self, hint: int = ..., /) -> list[bytes]: ...
    def __iter__(self) -> Iterator[bytes]: ...


class RecordedInput:
    """Stands in for ``wsgi.input`` and remembers the first ``limit`` bytes that the application reads from it."""

    __slots__ = ("_limit", "_stream", "ended", "recorded", "total")

    def __init__(self, stream: InputStream, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self.recorded = bytearray()
        self.total = 0
        #: Whether the stream has come to its end, as far as reading has shown.
        self.ended = False

    def _record(self, data: bytes) -> bytes:
        self.total += len(data)
        room = self._limit - len(self.recorded)
        if room > 0:
            self.recorded += data[:room]
        return data

    def read(self, *size: int) -> bytes:
        data = self._record(self._stream.read(*size))
        if not size or size[0] is None or size[0] < 0 or not (data or size[0] == 0):
            self.ended = True
        return data

    def readline(self, *size: int) -> bytes:
        return self._record(self._stream.readline(*size))

    def readlines(self, *hint: int) -> list[bytes]:
        self.ended = self.ended or not hint
        return [self._record(line) for line in self._stream.readlines(*hint)]

    def __iter__(self) -> Iterator[bytes]:
        yield from map(self._record, self._stream)
        self.ended = True

    def __getattr__(self, name: str) -> Any:
        # Servers add methods of their own, which applications may rely on; some of them read, as `readinto` does.
        member = getattr(self._stream, name)
        if name in ("readinto", "readinto1"):
            return partial(self._read_into, member)
        return partial(self._read_some, member) if name == "read1" else member

    def _read_into(self, method: Callable[[Any], int | None], buffer: Any) -> int | None:
        size = method(buffer)
        with memoryview(buffer).cast("B") as view:
            self._record(bytes(view[: size or 0]))
            self.ended = self.ended or (size == 0 and len(view) > 0)
        return size

    def _read_some(self, method: Callable[..., bytes], *size: int) -> bytes:
        data = self._record(method(*size))
        self.ended = self.ended or not (data or size == (0,))
        return data

    def is_whole(self, length: int | None) -> bool:
        """Whether all of a body of ``length`` bytes is recorded; `None`: nobody has said how many there are."""
        return len(self.recorded) == (self.total if length is None else length) and (length is not None or self.ended)

    def finish(self, length: int) -> bool:
        """Read what the application left of a body of ``length`` bytes, as far as it is recorded. False: it ends early.

        The application is done with it, and has failed; nothing is taken away from anybody.
        """
        while (room := min(length, self._limit) - self.total) > 0:
            if not self.read(room):
                return False
        return True


#: Seconds that an error page waits for a body which nobody has read: browsers send a form right behind the head.
PATIENCE = 0.5
#: Where our own server says how its ``wsgi.input`` is made to wait no longer than some seconds.
HURRY = "debugkit.hurry"
#: The environ key of the recording: inner middleware may put streams of its own over ``wsgi.input``.
RECORDED = "debugkit.input"

#: What stands in the place of a WebSocket's method.
WEBSOCKET = "WEBSOCKET"

#: What of the environ stands in other panels under its own name.
SHOWN = frozenset({"CONTENT_LENGTH", "CONTENT_TYPE", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "REQUEST_METHOD"})
#: What every server puts there and nobody learns from: streams, and functions of the server and the debugger.
PLUMBING = frozenset(
    {"wsgi.errors", "wsgi.file_wrapper", "wsgi.input", "debugkit.away", "debugkit.hurry", "debugkit.socket"}
    | {"debugkit.pyramid.request", "werkzeug.debug.preserve_context", "werkzeug.socket"}
)
_NO_VARIABLES = SHOWN | PLUMBING


def record_body(environ: dict[str, Any], limit: int) -> None:
    """Remember up to ``limit`` bytes of what the application reads of its request body."""
    environ[RECORDED] = environ["wsgi.input"] = RecordedInput(environ["wsgi.input"], limit)


@frozen
class RequestSnapshot:
    """The failed request. ``body`` is as much of it as is recorded; ``body_length`` is what the client announced."""

    method: str
    path: str  # percent-encoded, with SCRIPT_NAME
    query: str
    environ: Mapping[str, Any] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    body_length: int | None = None
    body_notice: str = ""
    #: Whether ``body`` is all of it.
    body_complete: bool = True
    #: What addresses of the application begin with, percent-encoded.
    root: str = ""

    @property
    def line(self) -> str:
        """The method and path, as people name the request. The query may hold secrets; it is in the panel."""
        return f"{self.method} {self.path}".strip()

    @property
    def protocol(self) -> str:
        """What its variables belong to."""
        return "WSGI"

    @property
    def is_http(self) -> bool:
        """Whether it was an HTTP request, which can be sent again; a WebSocket cannot."""
        return self.method != WEBSOCKET

    @property
    def scheme(self) -> str:
        return exact_str(self.environ.get("wsgi.url_scheme")) or "http"

    @property
    def client(self) -> str:
        """The address of the client."""
        return exact_str(self.environ.get("REMOTE_ADDR"))

    @property
    def user(self) -> str:
        """Who has logged in, as far as the server or a middleware knows (RFC 3875, 4.1.11)."""
        return exact_str(self.environ.get("REMOTE_USER"))

    @property
    def variables(self) -> dict[str, object]:
        """What else the server, middleware and the framework have left with the request."""
        return {key: value for key, value in self.environ.items() if key[:5] != "HTTP_" and key not in _NO_VARIABLES}

    @property
    def multiprocess(self) -> bool:
        """Whether other processes may serve the same application (PEP 3333)."""
        return self.environ.get("wsgi.multiprocess") is True

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers, lower-case, from the environ's HTTP_ names."""
        headers = {
            key[5:].replace("_", "-").lower(): value for key, value in self.environ.items() if key[:5] == "HTTP_"
        }
        for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            if exact_str(self.environ.get(name)):
                headers[name.replace("_", "-").lower()] = self.environ[name]
        return {name: exact_str(value) for name, value in headers.items() if issubclass(type(value), str)}


def named(environ: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The items of an environ, their names as plain texts."""
    for name, value in environ.items():
        if type(name) is str:  # as nearly all are
            yield name, value
        elif issubclass(type(name), str):
            yield exact_str(name), value


def quoted_path(environ: Mapping[str, Any]) -> str:
    """SCRIPT_NAME and PATH_INFO, percent-encoded. PEP 3333 passes bytes as Latin-1 characters."""
    path = f"{exact_str(environ.get('SCRIPT_NAME'))}{exact_str(environ.get('PATH_INFO'))}"
    return quote(path.encode("latin-1", "replace"), safe="/:@!$&'()*+,;=~-._")


#: Bytes beyond ASCII, percent-encoded.
_ENCODED = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")
#: Persian words and emoji are written with them.
_JOINERS = "\u200c\u200d"


def iri(address: str) -> str:
    """An address as people write it (RFC 3987, 3.2): ``/抹茶``. What is no UTF-8, no letter or would steer the text
    around it stays percent-encoded.
    """
    return _ENCODED.sub(_decoded, address)


def _decoded(match: re.Match[str]) -> str:
    # What cannot be decoded becomes a lone surrogate, which is not printable and encodes to the byte it was.
    text = bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "surrogateescape")
    return "".join(
        char if char.isprintable() or char in _JOINERS else quote(char, errors="surrogateescape") for char in text
    )


def take_snapshot(environ: Mapping[str, Any], *, root: str = "", finish: bool = True) -> RequestSnapshot:
    """Keep what the page shows of a request. ``root`` is that of its `Request`.

    ``finish`` reads its recorded body to the end, which nobody else may want to read then.
    """
    stream = environ.get(RECORDED)
    length = _length(environ)
    body, notice, complete = b"", "", not length and "HTTP_TRANSFER_ENCODING" not in environ
    if isinstance(stream, RecordedInput):
        if finish:
            hurry(environ)
        notice = _finish(stream, length if finish else None)
        body, complete = bytes(stream.recorded), stream.is_whole(length)
    return RequestSnapshot(
        method=exact_str(environ.get("REQUEST_METHOD")),
        path=quoted_path(environ),
        query=exact_str(environ.get("QUERY_STRING")),
        # What is no text is no name (PEP 3333); whatever is there was put there by the application.
        environ={name: value for name, value in named(environ) if name != RECORDED},
        body=body,
        body_length=length,
        body_notice=notice,
        body_complete=complete,
        root=root,
    )


def hurry(environ: Mapping[str, Any]) -> None:
    """Have a body that nobody has read keep the error page waiting for no longer than `PATIENCE`."""
    if HURRY in environ:
        environ[HURRY](PATIENCE)


def _length(environ: Mapping[str, Any]) -> int | None:
    text = exact_str(environ.get("CONTENT_LENGTH"))
    return int(text) if text.isascii() and text.isdecimal() else None


def _finish(stream: RecordedInput, length: int | None) -> str:
    if length is None:  # chunked: nobody knows whether more comes, and waiting for it could hang the page
        return "" if stream.total else "The application did not read the body."
    try:
        if not stream.finish(length):
            return "The rest of the body had not arrived when the error was raised."
    except Exception as error:  # the client is gone, or the server refuses: the error page matters more
        return f"The body could not be read completely ({class_name(type(error))})."
    return ""
