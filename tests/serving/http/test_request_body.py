"""Bodies of requests, read from a transport in the pieces in which they come."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_support import TIMEOUT

from debugkit.serving.config import Timeouts
from debugkit.serving.http.request_body import CHUNK_LINE, DRAIN_SIZE, Body, ChunkedBody, SizedBody
from debugkit.serving.http.transport import Disconnected, Malformed, Transport

Make = Callable[[Transport], Body]


def sized(size: int, received: bytes = b"", *, awaited: bool = False) -> Make:
    return lambda transport: SizedBody(transport, size, received, awaited=awaited)


def chunked(received: bytes = b"", *, awaited: bool = False, limit: int | None = None) -> Make:
    return lambda transport: ChunkedBody(transport, received, awaited=awaited, limit=limit)


@contextmanager
def connected(make: Make, **timeouts: float) -> Iterator[tuple[Body, socket.socket]]:
    ours, theirs = socket.socketpair()
    theirs.settimeout(TIMEOUT)
    transport = Transport(ours, Timeouts(**timeouts))
    with theirs:
        yield make(transport), theirs
    transport.close()


def in_chunks(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def test_a_body_is_what_came_with_the_head_and_what_comes_later() -> None:
    with connected(sized(10, b"hello")) as (body, client):
        client.sendall(b", you and the next")
        assert body.read() == b"hello, you"
        assert body.behind() == b" and the next"
        assert body.read() == b""


def test_what_came_behind_the_body_with_its_head_is_kept_for_the_next() -> None:
    with connected(sized(3, b"abcGET")) as (body, _):
        assert body.read(100) == b"abc"
        assert (body.ended, body.behind()) == (True, b"GET")


def test_a_body_of_no_bytes_has_ended() -> None:
    with connected(sized(0, b"GET")) as (body, _):
        assert body.ended
        assert (body.read(), body.behind()) == (b"", b"GET")


@settings(derandomize=True, database=None, deadline=None, max_examples=100)
@given(st.lists(st.binary(min_size=1, max_size=50), max_size=6), st.lists(st.integers(1, 200), max_size=5))
def test_chunks_are_put_together_however_they_are_cut(pieces: list[bytes], cuts: list[int]) -> None:
    data = in_chunks(*pieces) + b"behind"
    places = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    with connected(chunked()) as (body, client):
        reader = io.BufferedReader(body, 16)
        for start, end in pairwise(places):
            client.sendall(data[start:end])
        assert reader.read() == b"".join(pieces)
        assert b"behind".startswith(body.behind())


def test_lines_and_single_bytes_are_read_as_from_any_file() -> None:
    with connected(chunked(in_chunks(b"a\nb", b"c\n", b"d"))) as (body, _):
        reader = io.BufferedReader(body)
        assert reader.read(1) == b"a"
        assert reader.readlines() == [b"\n", b"bc\n", b"d"]


# Clients that wait for a word.


@pytest.mark.parametrize("make", [sized(2, awaited=True), chunked(awaited=True)], ids=["sized", "chunked"])
def test_a_client_that_waits_is_told_once_to_go_on(make: Make) -> None:
    with connected(make) as (body, client):
        assert body.awaited
        client.sendall(b"ok" if isinstance(body, SizedBody) else in_chunks(b"ok"))
        assert body.read() == b"ok"
        client.setblocking(False)
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert not body.awaited


@pytest.mark.parametrize("make", [sized(2, b"ok", awaited=True), chunked(b"2", awaited=True)], ids=["sized", "chunked"])
def test_a_client_that_has_begun_does_not_wait(make: Make) -> None:
    with connected(make) as (body, _):
        assert not body.awaited


# Ends that are none.


@pytest.mark.parametrize(
    "make", [sized(5, b"hell"), chunked(b"5\r\nhell"), chunked(b"0\r\n")], ids=["sized", "chunk", "end"]
)
def test_a_client_that_leaves_has_not_sent_the_whole(make: Make) -> None:
    with connected(make) as (body, client):
        client.close()
        with pytest.raises(Disconnected):
            body.read()
        assert isinstance(body.error, Disconnected)


def test_a_client_that_falls_silent_is_not_waited_for_forever() -> None:
    with connected(sized(5), transfer=0.01) as (body, _), pytest.raises(Disconnected):
        body.read()


def test_more_than_the_limit_is_refused_with_413_as_soon_as_it_is_known() -> None:
    with connected(chunked(in_chunks(b"abc", b"def")[:-5], limit=5)) as (body, _):
        assert body.next() == b"abc"
        with pytest.raises(Malformed, match="more than 5 bytes") as caught:
            body.next()
        assert caught.value.status == 413
        assert body.error is caught.value


def test_as_much_as_the_limit_is_read() -> None:
    with connected(chunked(in_chunks(b"abc", b"de"), limit=5)) as (body, _):
        assert body.read() == b"abcde"


def test_a_line_between_chunks_is_not_collected_forever() -> None:
    with connected(chunked(b"5;" + b"x" * CHUNK_LINE)) as (body, _), pytest.raises(Malformed, match="too long"):
        body.read()


# What the application did not read.


@pytest.mark.parametrize(
    "sent",
    [
        b"3\r\nabcx",
        b"3\r\nabc\n",
        b"3\r\nabc\rx",
        b"3\n",
        b"3\rx",
        b"0\r\n\n",
        b"0\r\nExpires: never\n",
        b"0\r\nA: b\r\nExpires: never\n\n",
    ],
    ids=repr,
)
def test_what_can_become_no_line_is_refused_without_waiting_for_the_rest_of_it(sent: bytes) -> None:
    with connected(chunked()) as (body, client):
        client.sendall(sent)
        with pytest.raises(Malformed, match="chunk"):  # and not `Disconnected`: nothing was waited for
            body.read()


@pytest.mark.parametrize("cut", range(len(b"3\r\nabc\r\n0\r\nA: b\r\n\r\n")))
def test_a_body_that_comes_in_two_pieces_is_not_refused_for_the_first(cut: int) -> None:
    data = b"3\r\nabc\r\n0\r\nA: b\r\n\r\n"
    with connected(chunked(data[:cut])) as (body, client):
        client.sendall(data[cut:])
        assert body.read() == b"abc"


def test_the_rest_is_thrown_away() -> None:
    with connected(sized(20_000)) as (body, client):
        client.sendall(bytes(10_000))
        assert body.read(10) == bytes(10)
        client.sendall(bytes(10_000))
        assert body.drain(TIMEOUT)
        assert body.next() == b""


@pytest.mark.parametrize(
    "make",
    [sized(1), chunked(b"5\r\n"), chunked(b"oh no\r\n"), sized(1, awaited=True)],
    ids=["silent", "silent in a chunk", "broken", "never told to go on"],
)
def test_what_does_not_come_or_is_broken_is_not_waited_for(make: Make) -> None:
    with connected(make) as (body, _):
        assert not body.drain(0.01)


def test_too_much_is_not_thrown_away_for_politeness() -> None:
    with connected(chunked(b"%x\r\n" % (2 * DRAIN_SIZE) + bytes(DRAIN_SIZE + 1))) as (body, _):
        assert not body.drain(TIMEOUT)
