"""Frames over a socket: what goes in comes out, and nothing else is taken for a message."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from debugkit.debug.messages import Request, Response
from debugkit.debug.processes.protocol import (
    LARGEST,
    Broken,
    Channel,
    Kind,
    receive_body,
    receive_head,
    receive_request,
    send_body,
    send_head,
    send_request,
)

LONG, SHORT = 10.0, 0.02
REQUEST = Request(
    method="POST",
    path="frames/0-1/evaluate",
    query="a=1",
    headers={"host": "localhost", "x-name": "caf\xe9\udcff"},
    root="/shop",
    scheme="https",
    peer="127.0.0.1",
    server=("localhost", "8000"),
)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    first, second = socket.socketpair()
    with first, second:
        yield first, second


def frame(kind: int, data: bytes, *, magic: bytes = b"dbk1", size: int | None = None) -> bytes:
    return struct.pack("!4sBI", magic, kind, len(data) if size is None else size) + data


def received(data: bytes, most: int = 100) -> Request:
    """What is made of ``data`` after which the sender hangs up."""
    first, second = socket.socketpair()
    with first, second:
        first.sendall(data)
        first.shutdown(socket.SHUT_WR)
        return receive_request(Channel(second), most, LONG)


def test_a_request_arrives_as_it_was(ends: tuple[socket.socket, socket.socket]) -> None:
    body = b"\x00\xff" * 300_000
    sender = threading.Thread(target=send_request, args=(Channel(ends[0]), REQUEST, body, LONG))
    sender.start()
    request = receive_request(Channel(ends[1]), len(body), LONG)
    sender.join(LONG)
    for name in ("method", "path", "query", "headers", "root", "scheme", "peer", "server"):
        assert getattr(request, name) == getattr(REQUEST, name)
    assert request.multiprocess
    assert request.read_body(10) == body[:11]
    assert request.read_body(10**9) == body


def test_a_response_arrives_as_it_was(ends: tuple[socket.socket, socket.socket]) -> None:
    sender, reader = Channel(ends[0]), Channel(ends[1])
    send_head(sender, Response(404, (("Content-Type", "text/html"),), b"nothing"), LONG)
    send_body(sender, b"nothing", LONG)
    sender.send(Kind.END, b"", LONG)
    head = receive_head(reader, LONG)
    assert (head.status, head.headers, head.stream) == (404, (("Content-Type", "text/html"),), False)
    assert list(receive_body(reader, 100, LONG)) == [b"nothing"]


HEAD = b'{"method":"GET","path":"","query":"","root":"","scheme":"http","peer":"","headers":{},"server":["",""]}'


def test_the_smallest_request_is_taken() -> None:
    assert received(frame(Kind.HEAD, HEAD) + frame(Kind.END, b"")).method == "GET"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        frame(Kind.HEAD, HEAD),
        frame(Kind.HEAD, HEAD)[:-5],
        frame(Kind.HEAD, HEAD, magic=b"dbk2") + frame(Kind.END, b""),
        frame(9, HEAD) + frame(Kind.END, b""),
        frame(Kind.HEAD, b"", size=LARGEST[Kind.HEAD] + 1),
        frame(Kind.HEAD, HEAD) + frame(Kind.BODY, b"x" * 101) + frame(Kind.END, b""),
        frame(Kind.HEAD, HEAD) + frame(Kind.BODY, b"x" * 60) * 2 + frame(Kind.END, b""),
        frame(Kind.HEAD, HEAD) * 2 + frame(Kind.END, b""),
        frame(Kind.HEAD, HEAD) + frame(Kind.END, b"x"),
        frame(Kind.BODY, HEAD) + frame(Kind.END, b""),
        frame(Kind.HEAD, b"no json") + frame(Kind.END, b""),
        frame(Kind.HEAD, b"[" * 100_000) + frame(Kind.END, b""),
        frame(Kind.HEAD, b"[]") + frame(Kind.END, b""),
        frame(Kind.HEAD, b"{}") + frame(Kind.END, b""),
        frame(Kind.HEAD, HEAD.replace(b'"GET"', b"7")) + frame(Kind.END, b""),
        frame(Kind.HEAD, HEAD.replace(b"{},", b'{"host":7},')) + frame(Kind.END, b""),
        frame(Kind.HEAD, HEAD.replace(b'["",""]', b'[""]')) + frame(Kind.END, b""),
    ],
    ids=lambda data: repr(data[:30]),
)
def test_what_is_cut_off_too_long_or_no_request_is_broken(data: bytes) -> None:
    with pytest.raises(Broken):
        received(data)


@pytest.mark.parametrize("data", [b'{"status":200}', b'{"status":"x","headers":[],"stream":true}', b"7"])
def test_what_is_no_response_is_broken(ends: tuple[socket.socket, socket.socket], data: bytes) -> None:
    ends[0].sendall(frame(Kind.HEAD, data))
    with pytest.raises(Broken):
        receive_head(Channel(ends[1]), LONG)


def test_what_comes_byte_by_byte_has_one_deadline() -> None:
    class Slow:
        """Gives one byte a call, each of which takes a second."""

        def __init__(self) -> None:
            self.now = 0.0

        def settimeout(self, seconds: float) -> None:
            assert seconds > 0

        def recv(self, size: int) -> bytes:
            self.now += 1.0
            return b"d"

    slow = Slow()
    with pytest.raises(TimeoutError):
        Channel(slow, clock=lambda: slow.now).receive(5.0)  # type: ignore[arg-type]
    assert slow.now == 5.0


def test_nothing_too_long_is_sent(ends: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises(Broken):
        Channel(ends[0]).send(Kind.HEAD, bytes(LARGEST[Kind.HEAD] + 1), LONG)


def test_nobody_waits_longer_than_the_deadline_for_a_frame(ends: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises(TimeoutError):
        Channel(ends[1]).receive(SHORT)
