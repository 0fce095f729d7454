"""A request's body, read when the application asks for it: of a known length, or in chunks (RFC 9112, 7).

h11 reads the heads of requests and no bodies: it copies them once more, and takes bare line feeds for ends of lines in
trailers, with which a second request can be smuggled in. Knows no headers.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from typing import Any

from debugkit.serving.http.transport import BLOCK, LARGE_BLOCK, Disconnected, Malformed, Transport

#: Bytes of an unread body that are read and thrown away, so that the connection can be kept.
DRAIN_SIZE = 1_000_000
#: Bytes of the line before a chunk, and of all trailers. What may be there besides the size is ignored.
CHUNK_LINE = 16_384
TRAILERS = 65_536

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*+"'
#: The size of a chunk and its extensions (RFC 9112, 7.1.1). The possessive repetitions keep it linear.
_SIZE = re.compile(
    rb"([0-9A-Fa-f]{1,16})(?:[ \t]*+;[ \t]*+%b(?:[ \t]*+=[ \t]*+(?:%b|%b))?+)*+" % (_TOKEN, _TOKEN, _QUOTED)
)
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*")


class Body(io.RawIOBase):
    """What ``wsgi.input`` reads from. Subclasses know how the client tells where the body ends.

    ``limit`` is how many bytes it may have, `None` for any number. Reading raises `Malformed` for what is not HTTP or
    too much, and `Disconnected` when the client is gone or silent. Both are `OSError`, as of any stream that fails.
    """

    def __init__(self, transport: Transport, *, awaited: bool, limit: int | None) -> None:
        self._transport = transport
        self._rest = memoryview(b"")
        self._limit = limit
        self._size = 0
        self._deadline: float | None = None
        self._hurried = False
        #: The client waits for a word before it sends (RFC 9110, 10.1.1).
        self.awaited = awaited
        self.ended = False
        #: Why the body cannot be read to its end.
        self.error: OSError | None = None

    def _piece(self) -> bytes:
        """The next piece. b"": more must be received first, or the body has ended."""
        raise NotImplementedError

    def _feed(self, data: bytes) -> None:
        """Take what has been received."""
        raise NotImplementedError

    @property
    def _block(self) -> int:
        """How much to ask for at once."""
        return BLOCK

    def behind(self) -> bytes:
        """What has been received after the end of the body."""
        raise NotImplementedError

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._rest or memoryview(self.next())
        size = min(len(buffer), len(data))
        buffer[:size] = data[:size]
        self._rest = data[size:]
        return size

    def readall(self) -> bytes:
        pieces: list[bytes | memoryview] = [self._rest]
        self._rest = memoryview(b"")
        while data := self.next():
            pieces.append(data)
        return b"".join(pieces)

    def next(self) -> bytes:
        """The next piece as it comes, b"" at the end, or when it does not come in time after `hurry`."""
        try:
            while not self.ended:
                if data := self._piece():
                    return self._count(data)
                if not self.ended and not self._receive():
                    return b""
        except (Malformed, Disconnected) as error:
            self.error = error
            raise
        return b""

    def _count(self, data: bytes) -> bytes:
        self._size += len(data)
        if self._limit is not None and self._size > self._limit:
            raise Malformed(f"The request's body has more than {self._limit} bytes.", 413)
        return data

    def hurry(self, seconds: float) -> None:
        """Wait no longer than ``seconds`` in all from now on, and call for nothing that the client holds back.

        To its reader the body then ends with what has come: PEP 3333 knows no stream that does not block.
        """
        self._deadline = time.monotonic() + seconds
        self._hurried = True

    def _receive(self) -> bool:
        """Wait for more. False: in a hurry, and there is none."""
        if self.awaited and self._hurried:
            return False
        if self.awaited:
            self.awaited = False
            self._transport.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        left = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        data = self._transport.receive(0.0, self._block)
        if data is None:
            with self._transport.away:
                data = self._transport.receive(left, self._block)
        if data is None and self._hurried:
            return False
        if not data:
            raise Disconnected("The client stopped sending before the end of the request's body.")
        self._feed(data)
        return True

    def drain(self, seconds: float) -> bool:
        """Throw away what the application did not read. False: that is too much, too slow or broken."""
        self._deadline, self._hurried = time.monotonic() + seconds, False
        size = 0
        try:
            while not self.ended and not self.awaited and size < DRAIN_SIZE:
                size += len(self.next())
        except (Malformed, Disconnected):
            return False
        return self.ended


class SizedBody(Body):
    """A body of ``size`` bytes, of which ``received`` have come with the head, or even more."""

    def __init__(self, transport: Transport, size: int, received: bytes, *, awaited: bool) -> None:
        super().__init__(transport, awaited=awaited and not received, limit=size)
        self._left = size
        self._received = received
        self.ended = not size

    def _piece(self) -> bytes:
        data, self._received = self._received, b""
        if len(data) > self._left:
            data, self._received = data[: self._left], data[self._left :]
        self._left -= len(data)
        self.ended = not self._left
        return data

    def _feed(self, data: bytes) -> None:
        self._received = data

    @property
    def _block(self) -> int:
        return LARGE_BLOCK if self._left > BLOCK else BLOCK

    def behind(self) -> bytes:
        return self._received


class ChunkedBody(Body):
    """A body in chunks, of which ``received`` has come with the head, or even more.

    Extensions of chunks and trailers must be well formed, and mean nothing to an application of PEP 3333.
    """

    def __init__(self, transport: Transport, received: bytes, *, awaited: bool, limit: int | None) -> None:
        super().__init__(transport, awaited=awaited and not received, limit=limit)
        self._buffer = received
        self._at = 0  # what precedes is consumed
        self._left = 0  # bytes of the chunk to come
        self._trailers = 0
        #: What the next line is.
        self._line: Callable[[bytes], None] = self._size_line

    def _piece(self) -> bytes:
        while not self._left:
            line = self._next_line()
            if line is None:
                return b""
            self._line(line)
            if self.ended:
                return b""
        data = self._buffer[self._at : self._at + self._left]
        self._at += len(data)
        self._left -= len(data)
        return data

    def _next_line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n", self._at)
        if (len(self._buffer) if end < 0 else end) - self._at > CHUNK_LINE:
            raise Malformed("A line between the chunks of the request's body is too long.")
        if end < 0:
            self._check_begun(self._buffer[self._at :])
            return None
        line = self._buffer[self._at : end]
        self._at = end + 2
        return line

    def _check_begun(self, line: bytes) -> None:
        """Refuse what can become no line any more, so that a client that waits for its response gets one now."""
        if b"\n" in line or b"\r" in line[:-1]:
            raise Malformed("A line between the chunks of the request's body does not end as lines in HTTP do.")
        if line not in (b"", b"\r") and self._line == self._end_line:
            self._end_line(line)

    def _size_line(self, line: bytes) -> None:
        match = _SIZE.fullmatch(line)
        if match is None:
            raise Malformed("The size of a chunk of the request's body is not clear.")
        self._left = int(match[1], 16)
        self._line = self._end_line if self._left else self._trailer_line

    def _end_line(self, line: bytes) -> None:
        if line:
            raise Malformed("A chunk of the request's body does not end where its size says.")
        self._line = self._size_line

    def _trailer_line(self, line: bytes) -> None:
        self._trailers += len(line)
        if line and not _TRAILER.fullmatch(line):
            raise Malformed("The request's body ends with what is no header.")
        if self._trailers > TRAILERS:
            raise Malformed("The headers behind the request's body are too long.", 431)
        self.ended = not line

    def _feed(self, data: bytes) -> None:
        self._buffer = self._buffer[self._at :] + data
        self._at = 0

    def behind(self) -> bytes:
        return self._buffer[self._at :]
