"""One response (PEP 3333): what `start_response` and `write` are given, checked, framed and sent (RFC 9112, 6).

A response whose head is on its way cannot be replaced any more, and one that breaks off never looks complete.
Knows no request but for what decides the framing.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from debugkit.errors import ApplicationError
from debugkit.raised import with_traceback
from debugkit.serving.http.transport import BLOCK, Disconnected, Transport

#: Hop-by-hop headers (RFC 9110, 7.6.1) belong to the server: an application that sets one is wrong (PEP 3333).
HOP_BY_HOP = {"te", "trailer", "transfer-encoding", "upgrade", "proxy-authenticate", "proxy-authorization"}
#: So are these, but so many event streams say "Connection: keep-alive" that they are left out instead of refused.
DROPPED = {"connection", "keep-alive", "proxy-connection"}
#: Responses that never have a body (RFC 9112, 6.3).
BODYLESS = {204, 304}

KEEP = "\r\n\r\n"
KEEP_OLD = "\r\nConnection: keep-alive\r\n\r\n"
CLOSE = "\r\nConnection: close\r\n\r\n"

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_STATUS = re.compile(r"[2-9][0-9]{2}( [\t\x20-\x7e\x80-\xff]*)?")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Response:
    """One response: what `start_response` and `write` were given, and how far it has been sent."""

    __slots__ = (
        *("_before_head", "_chunked", "_head", "_head_only", "_left", "_old", "_silence", "_transport"),
        *("begun", "keep", "length", "size", "status"),
    )

    def __init__(
        self, transport: Transport, *, keep: bool, old: bool, head_only: bool, before_head: Callable[[Response], None]
    ) -> None:
        self._transport = transport
        self._old = old  # HTTP/1.0: no chunks, and connections are kept only by agreement
        self._chunked = False
        self._head_only = head_only
        self._head = ""
        self._left: int | None = None
        #: Since when a client that sends no more has got nothing either, and how much it had got by then.
        self._silence: tuple[int, float] | None = None
        #: Called with it before the response begins. What it raises keeps it from beginning.
        self._before_head = before_head
        self.keep = keep
        self.begun = False
        self.length: int | None = None
        self.size = 0  # bytes of the body that have been sent
        self.status = 0

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[bytes], None]:
        """PEP 3333. Raises `ApplicationError` for what cannot be sent, ``exc_info`` when the response has begun."""
        if exc_info is None:
            if self.status:
                raise ApplicationError("start_response was called twice: the second call must pass exc_info.")
        elif self.begun:
            try:
                raise with_traceback(exc_info[1], exc_info[2])
            finally:
                exc_info = None  # the frame of this call is in the traceback: no cycle
        self._set_head(status, headers)
        return self.write

    def _set_head(self, status: str, headers: list[tuple[str, str]]) -> None:
        if not isinstance(status, str) or not _STATUS.fullmatch(status):
            raise ApplicationError(f"The status must be text such as '200 OK', not {status!r:.100}.")
        if not isinstance(headers, list):
            raise ApplicationError(f"The headers must be a list of (name, value), not {type(headers).__name__}.")
        code = int(status[:3])
        length = None
        dated = False
        lines = [f"HTTP/1.1 {status}" if len(status) > 3 else f"HTTP/1.1 {status} "]
        for name, value in headers:
            lower = header_name(name)
            if lower in DROPPED:
                self.keep = self.keep and "close" not in str(value).lower()
                continue
            if lower == "content-length":
                length = content_length(value, length)
                if code in BODYLESS and (code == 204 or not length):
                    # RFC 9110, 8.6: never on a 204, and on a 304 only that of the 200, which frameworks do not mean
                    # when they say 0.
                    length = None
                    continue
            elif lower == "date":
                dated = True
            if type(value) is not str or not value.isascii() or not value.isprintable():
                check_value(name, value)
            lines.append(f"{name}: {value}")
        if not dated:
            lines.append(http_date(int(time.time())))
        self.status, self.length, self._head = code, length, "\r\n".join(lines)

    def write(self, data: bytes) -> None:
        """Send ``data`` now, before anything that the application's iterable yields (PEP 3333)."""
        check_bytes(data)
        if data:
            self._send(data)

    def _send_nothing(self) -> None:
        """Give up a client that has hung up: whoever sends nothing would never learn that it has left.

        One that has only finished sending looks the same, and still takes its response: as long as there is one.
        """
        if not self._transport.hung_up:
            return
        now = time.monotonic()
        if self._silence is None or self._silence[0] != self.size:
            self._silence = self.size, now
        elif now - self._silence[1] > self._transport.closing:
            raise Disconnected("The client has hung up.")

    def send_all(self, parts: Iterable[bytes]) -> None:
        """Send what the application returned, and finish."""
        if type(parts) is FileWrapper and not self.begun:
            parts.left = self.length
        if isinstance(parts, (list, tuple)) and len(parts) <= 1 and not self.begun:
            self._send_whole(parts[0] if parts else b"")
            return
        for part in parts:
            self.write(part)
            if not part:
                self._send_nothing()
            if self._head_only and self.begun:
                return
        self._finish()

    def _send_whole(self, data: bytes) -> None:
        """The body in one piece: its length is known (PEP 3333, "Handling the Content-Length Header")."""
        check_bytes(data)
        if self.status in BODYLESS:
            self._left = 0
        elif self.length is None:
            if data or not self._head_only:
                self.length = len(data)
                self._head += f"\r\nContent-Length: {self.length}"
        elif self.length != len(data) and not self._head_only:
            raise ApplicationError(f"The body has {len(data)} bytes, and its Content-Length says {self.length}.")
        head = self._begin()
        size = len(data)
        if self._head_only:
            data, size = b"", 0
        elif self._left:
            self._left = 0
        self._send_with(head, data)
        self.size += size

    def _send_with(self, head: bytes, data: bytes) -> None:
        """Send two parts together, unless the second is so large that copying it costs more than a call."""
        if len(data) < BLOCK:
            self._transport.send(head + data)
        else:
            self._transport.send(head)
            self._transport.send(data)

    def _send(self, data: bytes) -> None:
        head = b"" if self.begun else self._begin()
        size = len(data)
        if self._head_only:
            data, size = b"", 0
        elif self._left is not None:
            data = self._within_length(data, head)
        elif self._chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        if head:
            self._send_with(head, data)
        else:
            self._transport.send(data)
        self.size += size

    def _within_length(self, data: bytes, head: bytes) -> bytes:
        left = self._left or 0
        if len(data) > left:
            self._transport.send(head + data[:left])
            self.size += left
            raise ApplicationError(f"The body is longer than its Content-Length, {self.length} bytes.")
        self._left = left - len(data)
        return data

    def _begin(self) -> bytes:
        """The head, once; from here on the response cannot be replaced."""
        if self._transport.hijacked:
            raise Disconnected("The application has taken over the connection.")
        if not self.status:
            raise ApplicationError("The application did not call start_response before it returned a body.")
        self._before_head(self)
        self._head_only = self._head_only or self.status in BODYLESS
        self._left = self.length
        self._frame()
        self.begun = True
        return f"{self._head}{(KEEP_OLD if self._old else KEEP) if self.keep else CLOSE}".encode("latin-1")

    def _frame(self) -> None:
        """Decide how the client will know the end of the body (RFC 9112, 6)."""
        if self._head_only or self._left is not None:
            return
        if self._old:
            self.keep = False
        else:
            self._chunked = True
            self._head += "\r\nTransfer-Encoding: chunked"

    def _finish(self) -> None:
        if not self.begun:
            self._send_whole(b"")
        elif self._chunked:
            self._transport.send(b"0\r\n\r\n")
        elif self._left and not self._head_only:
            raise ApplicationError(f"The body ended {self._left} bytes before its Content-Length, {self.length} bytes.")

    @property
    def ends_with_connection(self) -> bool:
        """Nothing but the end of the connection says where the body ends."""
        return not self._chunked and self.length is None

    def fail(self, status: int, text: str) -> None:
        """Replace a response that has not begun."""
        self._set_head(f"{status} {HTTPStatus(status).phrase}", [("Content-Type", "text/plain; charset=utf-8")])
        self._send_whole(text.encode())


@lru_cache(maxsize=512)
def header_name(name: str) -> str:
    """The name in lower case. Raises `ApplicationError` when an application must not send it."""
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        raise ApplicationError(f"A header cannot have the name {name!r:.100}.")
    if name.lower() in HOP_BY_HOP:
        raise ApplicationError(f"{name} is set by the server: PEP 3333 forbids applications to send it.")
    return name.lower()


def check_value(name: str, value: str) -> None:
    """For the value of a header that has more in it than letters, digits, signs and blanks."""
    if not isinstance(value, str):
        raise ApplicationError(f"The value of the header {name} must be text, not {type(value).__name__}.")
    if _CONTROL.search(value) or max(value, default="") > "\xff":
        raise ApplicationError(f"The value of the header {name} has a character that HTTP forbids: {value!r:.100}.")


def check_bytes(data: object) -> None:
    if not isinstance(data, bytes):
        raise ApplicationError(f"The body must be made of bytes, not of {type(data).__name__}.")


def content_length(value: str, known: int | None) -> int:
    if not (value.isascii() and value.isdecimal()) or known not in (None, int(value)):
        raise ApplicationError(f"The Content-Length {value!r:.100} is not one number of bytes.")
    return int(value)


@lru_cache(maxsize=1)
def http_date(second: int) -> str:
    """The Date header (RFC 9110, 6.6.1)."""
    return f"Date: {formatdate(second, usegmt=True)}"


class FileWrapper:
    """``wsgi.file_wrapper``: sends a file, in large blocks whatever the application suggests.

    ``left`` is how many bytes may still be sent (PEP 3333: what Content-Length says), `None` for all.
    """

    def __init__(self, file: Any, block_size: int = BLOCK) -> None:
        self._file = file
        self._block_size = max(block_size, BLOCK)
        self.left: int | None = None

    def __iter__(self) -> FileWrapper:
        return self

    def __next__(self) -> bytes:
        data: bytes = self._file.read(self._block_size if self.left is None else min(self._block_size, self.left))
        if not data:
            raise StopIteration
        if self.left is not None:
            self.left -= len(data)
        return data

    def close(self) -> None:
        if hasattr(self._file, "close"):
            self._file.close()
