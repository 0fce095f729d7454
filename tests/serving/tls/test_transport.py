"""The transport that speaks TLS, byte by byte, and what it makes of clients that do not."""

from __future__ import annotations

import select
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from serving_support import TIMEOUT
from tls_support import Peer, careless, certificate, trusting

from debugkit.serving.config import Timeouts
from debugkit.serving.http.transport import Disconnected, Malformed
from debugkit.serving.tls.certificates import make_pair
from debugkit.serving.tls.transport import TlsTransport

PATIENT = Timeouts(transfer=TIMEOUT, head=TIMEOUT, closing=TIMEOUT)


@contextmanager
def ends(timeouts: Timeouts = PATIENT, context: Any = None) -> Iterator[tuple[TlsTransport, Peer]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        transport = TlsTransport(listener.accept()[0], timeouts, context or certificate().context)
    try:
        yield transport, Peer(client)
    finally:
        transport.close()
        client.close()


@contextmanager
def connected(timeouts: Timeouts = PATIENT, context: Any = None) -> Iterator[tuple[TlsTransport, Peer]]:
    """Both ends after the handshake."""
    with ends(timeouts, context) as (transport, peer):
        peer.sock.sendall(peer.shake_hands())
        assert transport.receive(0.0) is None
        peer.take()
        peer.sock.sendall(peer.shake_hands())
        assert transport.receive(0.0) is None
        yield transport, peer


class Wayward:
    """A context whose connections want to write before they do anything, or to read before they send."""

    def wrap_socket(self, sock: socket.socket, **options: Any) -> Wayward:
        self.sock = certificate().context.wrap_socket(sock, **options)
        self.wants_to_write = False
        self.wants_to_read = 0
        self.waits = threading.Event()
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)

    def _first_write(self) -> None:
        if self.wants_to_write:
            self.wants_to_write = False
            raise ssl.SSLWantWriteError

    def recv(self, size: int) -> bytes:
        self._first_write()
        return self.sock.recv(size)

    def unwrap(self) -> socket.socket:
        self._first_write()
        return self.sock.unwrap()

    def send(self, data: bytes) -> int:
        if self.wants_to_read and not select.select([self.sock], [], [], 0)[0]:
            self.wants_to_read += 1
            self.waits.set()
            raise ssl.SSLWantReadError
        return self.sock.send(data)


# The handshake


def test_a_handshake_goes_on_whenever_a_byte_of_it_comes() -> None:
    with ends() as (transport, peer):
        assert transport.receive(0.0) is None
        for byte in peer.shake_hands():
            peer.sock.sendall(bytes([byte]))
            assert transport.receive(0.0) is None
        peer.take()
        peer.sock.sendall(peer.shake_hands() + peer.encrypt(b"hello"))
        assert transport.receive() == b"hello"


def test_a_client_that_is_silent_in_the_handshake_gets_no_more_than_its_time() -> None:
    with ends(Timeouts(head=0.0)) as (transport, peer):
        peer.sock.sendall(peer.shake_hands()[:10])
        with pytest.raises(Disconnected, match="did not finish the TLS handshake in time"):
            transport.receive(0.0)


@pytest.mark.parametrize("size", [0, 1, 100], ids=["at once", "after a byte", "in the middle"])
def test_a_client_that_hangs_up_during_the_handshake_is_gone(size: int) -> None:
    with ends() as (transport, peer):
        peer.sock.sendall(peer.shake_hands()[:size])
        peer.sock.close()
        with pytest.raises(Disconnected):
            transport.receive()


def test_a_client_that_resets_during_the_handshake_is_gone() -> None:
    with ends() as (transport, peer):
        peer.sock.sendall(peer.shake_hands())
        assert transport.receive(0.0) is None
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.sock.close()
        with pytest.raises(Disconnected):
            transport.receive()


@pytest.mark.parametrize(
    "request_", [b"GET / HTTP/1.1\r\n\r\n", b"\r\nGET", b"options", b" "], ids=["get", "line", "word", "blank"]
)
def test_a_client_that_speaks_http_is_answered_in_clear(request_: bytes) -> None:
    with ends() as (transport, peer):
        peer.sock.sendall(request_)
        with pytest.raises(Malformed, match=r"speaks HTTPS.*open it with https://") as caught:
            transport.receive()
        assert caught.value.status == 400
        assert transport.receive() == request_
        transport.send(b"in clear")
        peer.sock.shutdown(socket.SHUT_WR)
        transport.close(unread=True)
        assert peer.sock.makefile("rb").read() == b"in clear"


@pytest.mark.parametrize(
    "data",
    [b"\x80\x2e\x01\x00\x02" + bytes(50), b"\xff" * 50, b"\x16\x03\x01\x00\x05hello"],
    ids=["SSLv2", "noise", "almost"],
)
def test_noise_is_malformed_and_gets_no_answer_in_clear(data: bytes) -> None:
    with ends() as (transport, peer):
        peer.sock.sendall(data)
        with pytest.raises(Malformed, match="The TLS handshake failed: "):
            transport.receive()
        with pytest.raises(Disconnected):
            transport.send(b"HTTP/1.1 400 Bad Request\r\n")
        transport.close()
        try:
            assert b"HTTP" not in peer.sock.makefile("rb").read()
        except ConnectionResetError:
            pass


def failure(client: ssl.SSLContext) -> OSError:
    """What the server makes of a client whose handshake fails."""
    with ends() as (transport, peer):
        peer.tls = client.wrap_bio(peer.incoming, peer.outgoing, server_hostname="localhost")
        peer.sock.sendall(peer.shake_hands())
        try:
            transport.receive(0.0)
            peer.take()
            with pytest.raises(ssl.SSLError):
                peer.shake_hands()
            peer.sock.sendall(peer.outgoing.read())
            transport.receive()
        except OSError as error:
            return error
    raise AssertionError("the handshake succeeded")


def test_a_client_that_does_not_trust_the_certificate_is_nothing_for_the_log() -> None:
    other = trusting(make_pair([], certificate().expires - 300 * 24 * 3600)[0].decode())
    assert isinstance(failure(other), Disconnected)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_an_old_version_of_tls_is_malformed() -> None:
    client = careless()
    client.set_ciphers("DEFAULT@SECLEVEL=0")
    client.minimum_version = client.maximum_version = ssl.TLSVersion.TLSv1_1
    error = failure(client)
    assert isinstance(error, Malformed)
    assert str(error) == "The TLS handshake failed: unsupported protocol."


def test_tls_1_2_will_do() -> None:
    client = careless()
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    with ends() as (transport, peer):
        peer.tls = client.wrap_bio(peer.incoming, peer.outgoing)
        for _ in range(2):
            peer.sock.sendall(peer.shake_hands())
            assert transport.receive(0.0) is None
            peer.take()
        assert peer.shake_hands() == b""
        assert peer.tls.version() == "TLSv1.2"
        transport.send(b"hello")
        assert peer.read() == b"hello"


# Receiving


def test_none_means_that_nothing_is_held_back() -> None:
    with connected() as (transport, peer):
        peer.sock.sendall(b"".join(peer.encrypt(bytes([65 + number]) * 100) for number in range(3)))
        assert [transport.receive(0.0) for _ in range(3)] == [b"A" * 100, b"B" * 100, b"C" * 100]
        assert transport.receive(0.0) is None


def test_a_record_in_pieces_is_read_when_it_is_whole() -> None:
    with connected() as (transport, peer):
        record = peer.encrypt(b"hello")
        peer.sock.sendall(record[:7])
        assert transport.receive(0.01) is None
        peer.sock.sendall(record[7:])
        assert transport.receive(0.01) == b"hello"


def test_a_goodbye_is_the_end_of_the_stream() -> None:
    with connected() as (transport, peer):
        with pytest.raises(ssl.SSLWantReadError):
            peer.tls.unwrap()
        peer.sock.sendall(peer.outgoing.read())
        assert transport.receive() == b""


def test_a_stream_that_is_cut_off_is_no_end_but_a_disconnection() -> None:
    with connected() as (transport, peer):
        peer.sock.close()
        with pytest.raises(Disconnected):
            transport.receive()


def test_bytes_that_were_tampered_with_are_a_disconnection() -> None:
    with connected() as (transport, peer):
        record = bytearray(peer.encrypt(b"hello"))
        record[-1] ^= 1
        peer.sock.sendall(record)
        with pytest.raises(Disconnected):
            transport.receive()


# Sending


def test_more_than_the_socket_takes_at_once_is_sent_as_it_is_read() -> None:
    data = bytes(range(256)) * 40_000
    found = bytearray()
    with connected() as (transport, peer):

        def read() -> None:
            while len(found) < len(data):
                found.extend(peer.read())

        reader = threading.Thread(target=read)
        reader.start()
        transport.send(data)
        reader.join(TIMEOUT)
    assert found == data


def test_a_client_that_does_not_take_the_answer_is_gone() -> None:
    with connected(Timeouts(transfer=0.01, closing=0.01)) as (transport, _):
        with pytest.raises(Disconnected, match="does not take the response"):
            transport.send(bytes(20_000_000))


def test_a_client_that_left_takes_no_answer() -> None:
    with connected() as (transport, peer):
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.sock.close()
        with pytest.raises(Disconnected):
            while True:
                transport.send(b"hello")


def test_what_cannot_be_read_before_something_is_written_is_read_then() -> None:
    context = Wayward()
    with connected(context=context) as (transport, peer):
        context.wants_to_write = True
        peer.sock.sendall(peer.encrypt(b"hello"))
        assert transport.receive() == b"hello"


def test_what_cannot_be_sent_before_something_is_read_waits_for_the_client() -> None:
    context = Wayward()
    with connected(context=context) as (transport, peer):
        context.wants_to_read = 1
        sender = threading.Thread(target=transport.send, args=[b"answer"])
        sender.start()
        assert context.waits.wait(TIMEOUT)
        peer.sock.sendall(peer.encrypt(b"hello"))
        sender.join(TIMEOUT)
        assert context.wants_to_read == 2  # it waited, and did not try again and again
        assert (peer.read(), transport.receive()) == (b"answer", b"hello")


# The end


@pytest.mark.parametrize("unread", [False, True], ids=["all read", "unread"])
def test_the_client_is_told_that_nothing_was_cut_off(unread: bool) -> None:
    with connected() as (transport, peer):
        if unread:
            peer.sock.sendall(peer.encrypt(b"more" * 1000))
            peer.sock.shutdown(socket.SHUT_WR)
        transport.send(b"the end")
        transport.close(unread=unread)
        assert peer.read() == b"the end"
        assert peer.read() == b""


def test_a_reset_is_no_goodbye() -> None:
    with connected() as (transport, peer):
        transport.send(b"half of it")
        transport.reset()
        with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):
            while True:
                peer.read()


def test_a_client_that_takes_nothing_holds_up_the_end_no_longer_than_its_time() -> None:
    with connected(Timeouts(transfer=0.01, closing=0.01)) as (transport, _):
        with pytest.raises(Disconnected):
            transport.send(bytes(20_000_000))
        transport.close(unread=True)
        assert transport.fileno() == -1


def test_a_goodbye_waits_for_the_client_to_take_the_answer() -> None:
    context = Wayward()
    with connected(context=context) as (transport, peer):
        transport.send(b"the end")
        context.wants_to_write = True
        transport.close()
        assert peer.read() == b"the end"
        assert peer.read() == b""


def test_an_answer_that_was_cut_off_ends_without_a_goodbye() -> None:
    with connected(Timeouts(transfer=0.01, closing=TIMEOUT)) as (transport, peer):
        with pytest.raises(Disconnected):
            transport.send(bytes(20_000_000))
        closing = threading.Thread(target=transport.close)
        closing.start()
        with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):
            while True:
                peer.read()
        closing.join(TIMEOUT)


def test_an_interruption_ends_a_wait_and_lets_nothing_out_in_clear() -> None:
    with connected(Timeouts(transfer=TIMEOUT, closing=0.01)) as (transport, peer):
        ended = threading.Event()

        def send() -> None:
            with pytest.raises(Disconnected):
                transport.send(b"secret" * 5_000_000)
            ended.set()

        sender = threading.Thread(target=send)
        sender.start()
        first = peer.sock.recv(100_000)
        transport.interrupt()
        assert ended.wait(TIMEOUT)
        sender.join()
        assert transport.hijack().version() == "TLSv1.3"  # type: ignore[attr-defined]
        assert b"secret" not in first + peer.sock.makefile("rb").read()
        transport.close()
        transport.interrupt()


def test_an_application_that_takes_the_connection_over_gets_one_that_speaks_tls() -> None:
    with connected() as (transport, peer):
        taken = transport.hijack()
        assert isinstance(taken, ssl.SSLSocket)
        peer.sock.sendall(peer.encrypt(b"hello"))
        assert taken.recv(100) == b"hello"
        taken.sendall(b"answer")
        assert peer.read() == b"answer"


def test_a_client_that_is_cut_off_is_the_end_for_an_application_that_took_over() -> None:
    with connected() as (transport, peer):
        taken = transport.hijack()
        peer.sock.shutdown(socket.SHUT_WR)
        assert taken.recv(100) == b""


@pytest.mark.parametrize("unread", [False, True], ids=["all read", "unread"])
def test_a_connection_that_was_taken_over_ends_while_a_thread_still_reads(unread: bool) -> None:
    with connected(Timeouts(closing=0.0)) as (transport, peer):
        taken = transport.hijack()
        reader = threading.Thread(target=lambda: suppress_errors(taken.recv))
        reader.start()
        transport.close(unread=unread)
        reader.join(TIMEOUT)
        assert not reader.is_alive()
        with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):
            peer.read()


def suppress_errors(recv: Any) -> None:
    try:
        recv(100)
    except (OSError, ValueError):  # it is closed meanwhile
        pass
