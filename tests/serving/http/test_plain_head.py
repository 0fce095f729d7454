"""Heads that are read without h11: nothing that h11 or the server's own rules refuse, and never in another way."""

from __future__ import annotations

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from debugkit.serving.http.environ import check_head, header_variables
from debugkit.serving.http.plain_head import plain_head

CHROME = (
    b"GET /cart?a=1&b=%20 HTTP/1.1\r\nHost: localhost:5000\r\nConnection: keep-alive\r\nsec-ch-ua-mobile: ?0\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html,*/*;q=0.8\r\nCookie: a=1; b=2\r\n\r\n"
)
POST = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-type: text/plain\r\n\r\nabc"


@pytest.mark.parametrize("received", [CHROME, POST, b"GET / HTTP/1.1\r\nHost:\r\nX: \xe9 \t\r\nX:\r\n\r\nGET /next"])
def test_what_clients_usually_send_is_plain(received: bytes) -> None:
    head = plain_head(received)
    assert head is not None
    assert received[: head.size].endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "received",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n",
        b"GET / HTTP/1.0\r\nHost: a\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1234567890123456\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
        b"GET /\xc3\xbc HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_whatever_else_there_is_goes_to_h11(received: bytes) -> None:
    assert plain_head(received) is None


PIECES = st.sampled_from(
    (
        *(b"GET ", b"POST ", b"/", b"/a?b", b"*", b" ", b"\t", b" HTTP/1.1", b" HTTP/1.0", b"\r\n", b"\r", b"\n"),
        *(b"\r\n\r\n", b"Host: a\r\n", b"host:a\r\n", b"X-A: 1\r\n", b"X_A: \xe9\r\n", b"A:\r\n", b"ab", b":", b"("),
        *(b"Content-Length: 2\r\n", b"content-length:02 \r\n", b"Content-Length: 2, 2\r\n", b"Expect: x\r\n"),
        *(b"Transfer-Encoding: chunked\r\n", b"Upgrade: x\r\n", b"Connection: close\r\n", b"\x00", b"\x7f", b"\xff"),
    )
)
HEADS = st.builds(
    lambda line, fields, rest: line + b"".join(fields) + b"\r\n" + rest,
    st.sampled_from([b"GET / HTTP/1.1\r\nHost: a\r\n", b"PUT /x HTTP/1.1\r\n", b""]),
    st.lists(PIECES, max_size=8),
    st.binary(max_size=3),
)


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@example(CHROME)
@example(POST)
@given(HEADS)
def test_a_head_that_is_plain_means_to_h11_what_it_means_here(received: bytes) -> None:
    head = plain_head(received)
    if head is None:
        return
    reader = h11.Connection(h11.SERVER)
    reader.receive_data(received)
    request = reader.next_event()
    assert isinstance(request, h11.Request)
    assert (request.method, request.target, request.http_version) == (head.method, head.target, head.http_version)
    assert tuple(request.headers) == head.headers
    assert head.variables == header_variables(request.headers)
    assert plain_head(received) == head
    assert reader.trailing_data[0] == received[head.size :]
    assert not reader.they_are_waiting_for_100_continue
    check_head(received[: head.size])
