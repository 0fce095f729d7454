"""A request and its response as frames over a socket: a length before everything, bounded sizes, deadlines.

Knows no error and no address. What is too long, cut off or not of this protocol raises `Broken`: nobody answers that.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any

from debugkit.debug.messages import Request, Response
from debugkit.frozen import frozen

#: Starts every frame; the digit is the version of the protocol.
MAGIC = b"dbk1"
_FRAME = struct.Struct("!4sBI")


class Kind(IntEnum):
    """What a frame holds."""

    HEAD = 1  # JSON: all of a message but its body
    BODY = 2  # a piece of the body
    END = 3  # nothing: the message is complete


#: The most bytes of a frame: servers take 64 KiB of headers, which JSON may escape.
LARGEST = {Kind.HEAD: 524_288, Kind.BODY: 262_144, Kind.END: 0}


class Broken(Exception):
    """The connection ended early, or what came is not of this protocol."""


@frozen
class Frame:
    kind: Kind
    data: bytes


class Channel:
    """A connected socket that sends and receives frames. Each call has ``seconds``; then it raises `TimeoutError`."""

    def __init__(self, connection: socket.socket, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._connection = connection
        self._clock = clock

    def close(self) -> None:
        self._connection.close()

    def send(self, kind: Kind, data: bytes, seconds: float) -> None:
        """Send a frame. Raises `OSError` when the other side has gone, and `Broken` for what is too long."""
        if len(data) > LARGEST[kind]:
            raise Broken(f"{len(data):,} bytes are too many")
        self._connection.settimeout(seconds)
        self._connection.sendall(_FRAME.pack(MAGIC, kind, len(data)) + data)

    def receive(self, seconds: float) -> Frame:
        """The next frame, complete."""
        end = self._clock() + seconds
        magic, number, size = _FRAME.unpack(self._exactly(_FRAME.size, end))
        if magic != MAGIC or number not in iter(Kind) or size > LARGEST[Kind(number)]:
            raise Broken("this is no frame")
        return Frame(Kind(number), self._exactly(size, end))

    def _exactly(self, size: int, end: float) -> bytes:
        data = bytearray()
        while len(data) < size:
            left = end - self._clock()
            if left <= 0:
                raise TimeoutError
            self._connection.settimeout(left)
            piece = self._connection.recv(size - len(data))
            if not piece:
                raise Broken("the connection ended early")
            data += piece
        return bytes(data)


# Messages


def send_request(channel: Channel, request: Request, body: bytes, seconds: float) -> None:
    head = {name: getattr(request, name) for name in _TEXTS}
    head |= {"headers": dict(request.headers), "server": list(request.server)}
    channel.send(Kind.HEAD, _encoded(head), seconds)
    send_body(channel, body, seconds)
    channel.send(Kind.END, b"", seconds)


#: The fields of a request that are texts.
_TEXTS = ("method", "path", "query", "root", "scheme", "peer")


def receive_request(channel: Channel, most: int, seconds: float) -> Request:
    """A request whose body has at most ``most`` bytes."""
    head = _head(channel.receive(seconds))
    body = b"".join(receive_body(channel, most, seconds))
    texts = {name: head.get(name) for name in _TEXTS}
    headers, server = head.get("headers"), head.get("server")
    if not (isinstance(headers, dict) and isinstance(server, list) and len(server) == 2):
        raise Broken("this is no request")
    if not all(isinstance(text, str) for text in (*texts.values(), *headers.values(), *server)):
        raise Broken("this is no request")
    return Request(
        **{name: str(text) for name, text in texts.items()},
        headers=headers,
        read_body=lambda limit: body[: limit + 1],
        server=(server[0], server[1]),
        multiprocess=True,
    )


def send_head(channel: Channel, response: Response, seconds: float) -> None:
    """Send all of a response but its body. A stream is told from a body that is there already."""
    head = {"status": response.status, "headers": response.headers, "stream": not isinstance(response.body, bytes)}
    channel.send(Kind.HEAD, _encoded(head), seconds)


@frozen
class Head:
    """A response without its body; with ``stream`` that comes piece by piece, as things happen."""

    status: int
    headers: tuple[tuple[str, str], ...]
    stream: bool


def receive_head(channel: Channel, seconds: float) -> Head:
    head = _head(channel.receive(seconds))
    try:
        headers = tuple((str(name), str(value)) for name, value in head["headers"])
        return Head(int(head["status"]), headers, bool(head["stream"]))
    except (KeyError, TypeError, ValueError):
        raise Broken("this is no response") from None


def send_body(channel: Channel, body: bytes, seconds: float) -> None:
    """Send a piece of a body of any length."""
    size = LARGEST[Kind.BODY]
    for start in range(0, len(body), size):
        channel.send(Kind.BODY, body[start : start + size], seconds)


def receive_body(channel: Channel, most: int, seconds: float) -> Iterator[bytes]:
    """The pieces of a body, until its end; each has ``seconds``."""
    while (frame := channel.receive(seconds)).kind is not Kind.END:
        most -= len(frame.data)
        if frame.kind is not Kind.BODY or most < 0:
            raise Broken("this is no body, or too long a one")
        yield frame.data


def _encoded(head: dict[str, Any]) -> bytes:
    return json.dumps(head).encode("ascii")


def _head(frame: Frame) -> dict[str, Any]:
    try:
        head = json.loads(frame.data) if frame.kind is Kind.HEAD else None
    except (ValueError, RecursionError):
        head = None
    if not isinstance(head, dict):
        raise Broken("this is no message")
    return head
