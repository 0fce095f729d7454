"""A transport between two real sockets: every wait ends, and every end has a name."""

from __future__ import annotations

import os
import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from serving_support import TIMEOUT

from debugkit.serving.config import Timeouts
from debugkit.serving.http.transport import BLOCK, Disconnected, Malformed, Transport


@contextmanager
def pair(**timeouts: float) -> Iterator[tuple[Transport, socket.socket]]:
    """A transport and the client at its other end, over TCP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname(), timeout=TIMEOUT)
        ours, _ = listener.accept()
    transport = Transport(ours, Timeouts(**timeouts))
    with theirs:
        yield transport, theirs
    transport.close()


def rest(sock: socket.socket) -> bytes:
    pieces = []
    while data := sock.recv(BLOCK):
        pieces.append(data)
    return b"".join(pieces)


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def test_what_comes_is_received_and_the_end_is_empty() -> None:
    with pair() as (transport, theirs):
        theirs.sendall(b"hello")
        assert transport.receive() == b"hello"
        theirs.shutdown(socket.SHUT_WR)
        assert transport.receive() == b""


@pytest.mark.skipif(not hasattr(select, "poll"), reason="this system does not tell that a client has left")
def test_a_client_that_sends_no_more_is_told_from_one_that_is_silent_behind_what_it_sent() -> None:
    with pair() as (transport, theirs):
        assert not transport.hung_up
        theirs.sendall(b"not read yet")
        assert not transport.hung_up
        theirs.shutdown(socket.SHUT_WR)
        assert transport.hung_up == hasattr(select, "POLLRDHUP")
        transport.close()
        with pytest.raises(Disconnected):
            assert transport.hung_up


def test_nothing_in_time_is_none() -> None:
    with pair(transfer=0.01) as (transport, _):
        assert transport.receive(0.0) is None
        assert transport.receive() is None


def test_a_client_that_resets_is_disconnected() -> None:
    with pair() as (transport, theirs):
        reset(theirs)
        with pytest.raises(Disconnected):
            transport.receive()
        with pytest.raises(Disconnected):
            transport.send(b"anybody?")


def test_a_closed_wire_is_disconnected_and_may_be_closed_again() -> None:
    with pair() as (transport, _):
        transport.close()
        for use in (transport.receive, lambda: transport.send(b"x")):
            with pytest.raises(Disconnected):
                use()
        transport.close(unread=True)
        transport.interrupt()


def test_more_than_the_system_buffers_is_sent_as_the_client_reads() -> None:
    data = os.urandom(BLOCK) * 200
    with pair() as (transport, theirs):
        sender = threading.Thread(target=lambda: (transport.send(data), transport.close()))
        sender.start()
        assert rest(theirs) == data
        sender.join(TIMEOUT)


def test_a_client_that_takes_nothing_is_disconnected() -> None:
    with pair(transfer=0.01) as (transport, _), pytest.raises(Disconnected, match="does not take the response"):
        while True:
            transport.send(bytes(BLOCK))


def test_nagle_is_off_and_the_socket_never_blocks() -> None:
    with pair() as (transport, _):
        assert transport.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert transport.sock.gettimeout() == 0


# The end.


def test_a_client_that_still_sends_gets_the_answer_all_the_same() -> None:
    with pair() as (transport, theirs):
        upload = threading.Thread(target=theirs.sendall, args=[bytes(20_000_000)])
        upload.start()
        transport.receive()
        transport.send(b"Too large.")
        closing = threading.Thread(target=transport.close, kwargs={"unread": True})
        closing.start()
        upload.join(TIMEOUT)
        assert rest(theirs) == b"Too large."
        theirs.close()
        closing.join(TIMEOUT)
        assert not closing.is_alive()


def test_a_client_that_sends_without_end_is_cut_off() -> None:
    with pair(closing=0.05) as (transport, theirs):
        closing = threading.Thread(target=transport.close, kwargs={"unread": True})
        closing.start()
        with pytest.raises(ConnectionError):
            while True:
                theirs.sendall(bytes(BLOCK))
        closing.join(TIMEOUT)


def test_a_reset_is_no_end_of_the_stream() -> None:
    with pair() as (transport, theirs):
        transport.send(b"half")
        assert theirs.recv(100) == b"half"
        transport.reset()
        with pytest.raises(ConnectionResetError):
            theirs.recv(100)


def test_an_error_says_which_status_it_becomes() -> None:
    assert (Malformed("odd").status, Malformed("too long", 431).status) == (400, 431)
    assert str(Malformed("odd")) == "odd"
