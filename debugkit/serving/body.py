"""A request's body, read from the wire when the application asks for it. Knows no headers, and no h11."""

from __future__ import annotations

import io
import time
from typing import Any

from debugkit.serving.wire import Disconnected, Malformed, Wire

#: Bytes of an unread body that are read and thrown away, so that the connection can be kept.
DRAIN_SIZE = 1_000_000


class Body(io.RawIOBase):
    """What ``wsgi.input`` reads from. Subclasses know how the client tells where the body ends.

    ``limit`` is how many bytes it may have, `None` for any number. Reading raises `Malformed` for what is not HTTP or
    too much, and `Disconnected` when the client is gone or silent. Both are `OSError`, as of any stream that fails.
    """

    def __init__(self, wire: Wire, *, awaited: bool, limit: int | None) -> None:
        self._wire = wire
        self._rest = b""
        self._limit = limit
        self._size = 0
        self._deadline: float | None = None
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

    def behind(self) -> bytes:
        """What has been received after the end of the body."""
        raise NotImplementedError

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
        """The next piece as it comes, b"" at the end."""
        try:
            while not self.ended:
                if data := self._piece():
                    return self._counted(data)
                if not self.ended:
                    self._receive()
        except (Malformed, Disconnected) as error:
            self.error = error
            raise
        return b""

    def _counted(self, data: bytes) -> bytes:
        self._size += len(data)
        if self._limit is not None and self._size > self._limit:
            raise Malformed(f"The request's body has more than {self._limit} bytes.", 413)
        return data

    def _receive(self) -> None:
        if self.awaited:
            self.awaited = False
            self._wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        left = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        data = self._wire.receive(left)
        if not data:
            raise Disconnected("The client stopped sending before the end of the request's body.")
        self._feed(data)

    def drain(self, seconds: float) -> bool:
        """Throw away what the application did not read. False: that is too much, too slow or broken."""
        self._deadline = time.monotonic() + seconds
        size = 0
        try:
            while not self.ended and not self.awaited and size < DRAIN_SIZE:
                size += len(self.next())
        except (Malformed, Disconnected):
            return False
        return self.ended


class SizedBody(Body):
    """A body of ``size`` bytes, of which ``received`` have come with the head, or even more."""

    def __init__(self, wire: Wire, size: int, received: bytes, *, awaited: bool) -> None:
        super().__init__(wire, awaited=awaited and not received, limit=size)
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

    def behind(self) -> bytes:
        return self._received
