"""Whatever bytes a client sends, in whatever pieces: an answer or a close, never a hang, a traceback or a request more.

A strict reader, written here by RFC 9112 and with nothing of the server's, says which requests the application may see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serving_support import Client, Running, application, running

from debugkit.serving.config import Timeouts

#: Derandomized: a failure is everybody's failure, and the time is the same in every run.
FUZZ = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

SEEN: list[str] = []


def note(environ: dict[str, Any]) -> list[bytes]:
    SEEN.append(f"{environ['REQUEST_METHOD']} {environ['REQUEST_URI']}")
    return [environ["wsgi.input"].read(100_000)]


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(application(note), check=False, timeouts=Timeouts(closing=0.5)) as found:
        yield found


# The strict reader.

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
LINE = re.compile(rb"(%b) ([\x21-\x7e\x80-\xff]+) HTTP/(\d\.\d)" % TOKEN)
HEADER = re.compile(rb"(%b):[ \t]*([\t\x20-\x7e\x80-\xff]*)" % TOKEN)
QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"'
SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})([ \t]*;[ \t]*%b([ \t]*=[ \t]*(%b|%b))?)*" % (TOKEN, TOKEN, QUOTED))


class Broken(Exception):
    """What follows is no HTTP, or is not complete."""


def requests(data: bytes) -> Iterator[str]:
    """The requests that a strict server may read from ``data``, until one is broken or ends the connection."""
    while data := data.lstrip(b"\r\n"):
        head, mark, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        line = LINE.fullmatch(first)
        headers = [HEADER.fullmatch(entry) for entry in lines]
        if not mark or not line or not all(headers):
            return
        found: dict[bytes, list[bytes]] = {}
        for header in headers:
            assert header is not None
            found.setdefault(header[1].lower(), []).append(header[2].strip(b" \t").lower())
        yield f"{line[1].decode()} {escaped(line[2])}"
        options = {option.strip(b" \t") for value in found.get(b"connection", []) for option in value.split(b",")}
        if b"close" in options or (line[3] == b"1.0" and b"keep-alive" not in options):
            return
        try:
            data = behind_body(found, rest)
        except Broken:
            return


def escaped(target: bytes) -> str:
    """What is not ASCII, as it ought to have been sent (RFC 3986, 2.1)."""
    return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in target)


def behind_body(headers: dict[bytes, list[bytes]], data: bytes) -> bytes:
    codings, lengths = headers.get(b"transfer-encoding", []), headers.get(b"content-length", [])
    members = [member.strip(b" \t") for value in codings for member in value.split(b",")]
    if [member for member in members if member] == [b"chunked"] and not lengths:
        return behind_chunks(data)
    if codings or len(set(lengths)) > 1 or not all(length.isdigit() for length in lengths):
        raise Broken
    size = int(lengths[0]) if lengths else 0
    if len(data) < size:
        raise Broken
    return data[size:]


def behind_chunks(data: bytes) -> bytes:
    while True:
        line, mark, data = data.partition(b"\r\n")
        size = SIZE.fullmatch(line)
        if not mark or not size:
            raise Broken
        count = int(size[1], 16)
        if not count:
            break
        if data[count : count + 2] != b"\r\n":
            raise Broken
        data = data[count + 2 :]
    while True:
        line, mark, data = data.partition(b"\r\n")
        if not mark or (line and not HEADER.fullmatch(line)):
            raise Broken
        if not line:
            return data


# What is sent.

PIECES = [
    *(b"GET / HTTP/1.1", b"POST /a HTTP/1.1", b"HEAD /b HTTP/1.1", b"OPTIONS * HTTP/1.1", b"GET http://a/c HTTP/1.1"),
    *(
        b"GET / HTTP/1.0",
        b"Host: a",
        b"Host:",
        b"Content-Length: 5",
        b"Content-Length: 0",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: , chunked",
        b"Transfer-Encoding:",
        b"GET /\xc3\xbc HTTP/1.1",
    ),
    *(b"Connection: close", b"Connection: keep-alive", b"Expect: 100-continue", b"Upgrade: websocket", b"X: y", b" z"),
    *(b"\r\n", b"\r\n", b"\r\n", b"\r\n\r\n", b"\r\n\r\n", b"\n", b"\r", b" ", b"\t", b":", b";", b",", b"\0", b"\xff"),
    *(
        b"hello",
        b"5",
        b"0",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"0x5",
        b"+5",
        b"-1",
        b"ffffffffffffffff",
        b"\x16\x03\x01",
    ),
]
VALID = [
    b"GET /one HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HEAD /two HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
    b"POST /three HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /four HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n",
    b"PUT /five HTTP/1.1\r\nHost: a\r\nContent-Length: 33\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://a/six?q HTTP/1.1\r\nHost: b\r\nCookie: a=b; c=d\r\n\r\n",
]

soup = st.one_of(st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join), st.binary(max_size=200))
pipelines = st.lists(st.sampled_from(VALID), min_size=1, max_size=4).map(b"".join)


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """Good requests with a few bytes lost, doubled, changed or put in."""
    data = draw(pipelines)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        lost = draw(st.integers(0, 3))
        data = data[:at] + draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=3))) + data[at + lost :]
    return data


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(places)]


def exchange(server: Running, pieces: list[bytes]) -> bytes:
    """Everything that the server says until it hangs up, which it must once the client has nothing more to say."""
    SEEN.clear()
    with Client(server.port) as client:
        try:
            for piece in pieces:
                client.send(piece)
            client.sock.shutdown(1)
            return client.rest()
        except ConnectionError:  # refused while more was sent
            return client.buffer


def check(server: Running, data: bytes, pieces: list[bytes]) -> None:
    answer = exchange(server, pieces)
    allowed = list(requests(data))
    assert allowed[: len(SEEN)] == SEEN
    assert answer.count(b"\r\nDate: ") <= len(SEEN) + 1
    assert "Traceback" not in server.log


@FUZZ
@given(soup)
def test_soup_is_answered_or_refused(server: Running, data: bytes) -> None:
    check(server, data, [data])


@FUZZ
@given(mutants())
def test_damaged_requests_are_answered_or_refused(server: Running, data: bytes) -> None:
    check(server, data, [data])


@FUZZ
@given(mutants(), st.lists(st.integers(0, 200), max_size=4))
def test_damaged_requests_in_pieces_are_answered_or_refused(server: Running, data: bytes, cuts: list[int]) -> None:
    check(server, data, split(data, cuts))


@FUZZ
@given(pipelines, st.lists(st.integers(0, 400), max_size=5))
def test_good_requests_are_all_answered_however_they_are_cut(server: Running, data: bytes, cuts: list[int]) -> None:
    answer = exchange(server, split(data, cuts))
    assert list(requests(data)) == SEEN
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == len(SEEN)
    assert "Traceback" not in server.log
