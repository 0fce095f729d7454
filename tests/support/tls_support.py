"""Clients that speak TLS: one for requests, and one whose every byte is in the hand of the test."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from serving_support import TIMEOUT, Client, Reply, Running, running

from debugkit.serving.tls.certificates import Certificate, keep_certificate


@cache
def certificate() -> Certificate:
    """One for all tests: it lives in memory."""
    return keep_certificate()


def trusting(pem: str | None = None) -> ssl.SSLContext:
    """A client's context that trusts one certificate, and looks at names and dates as ever."""
    return ssl.create_default_context(cadata=pem or certificate().pem)


def careless() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class TlsClient(Client):
    """As `Client`, after a handshake in which the certificate is verified."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None, name: str = "localhost") -> None:
        super().__init__(port)
        try:
            self.tls = (context or trusting()).wrap_socket(self.sock, server_hostname=name, suppress_ragged_eofs=False)
        except BaseException:
            self.sock.close()
            raise
        self.sock = self.tls


class Secure(Running):
    """A running server that is asked over TLS."""

    def client(self) -> TlsClient:
        return TlsClient(self.port)

    def plain(self) -> Client:
        return Client(self.port)

    def answer(self, client: TlsClient) -> Reply:
        with client:
            return client.get("/")


@contextmanager
def secure(app: Any, **options: Any) -> Iterator[Secure]:
    with running(app, ssl_context=certificate().context, **options) as server:
        yield Secure(server.server, server.stream)


class Peer:
    """The client's end of a connection, with OpenSSL in memory: nothing is sent or read but when the test says so."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(TIMEOUT)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = careless().wrap_bio(self.incoming, self.outgoing)

    def shake_hands(self) -> bytes:
        """Go on with the handshake, and return what is to be sent for it."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self.outgoing.read()

    def encrypt(self, data: bytes) -> bytes:
        self.tls.write(data)
        return self.outgoing.read()

    def take(self) -> None:
        """Read from the socket once."""
        data = self.sock.recv(1_000_000)
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()

    def read(self) -> bytes:
        """What the other side said; b"" after its goodbye. Raises `ssl.SSLEOFError` when it left without one."""
        while True:
            try:
                return self.tls.read(1_000_000)
            except ssl.SSLWantReadError:
                self.take()
            except ssl.SSLZeroReturnError:
                return b""
