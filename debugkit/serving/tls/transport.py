"""A `Transport` that speaks TLS. Takes the context as it is given, and knows of HTTP only with which letters it begins.

The handshake is a part of receiving: a client that falls silent in the middle of it costs no thread, as any other
idle one.
"""

from __future__ import annotations

import socket
import ssl
import time

from debugkit.serving.config import Timeouts
from debugkit.serving.http.transport import BLOCK, Disconnected, Malformed, Transport, is_ready
from debugkit.serving.tls.context import words


class TlsTransport(Transport):
    """A transport that begins with a handshake. Whoever begins with something else is `Malformed`."""

    __slots__ = ("_context", "_deadline", "_plain", "_secure", "_tls")

    def __init__(self, sock: socket.socket, timeouts: Timeouts, context: ssl.SSLContext) -> None:
        super().__init__(sock, timeouts)
        self._context = context
        self._plain = False  # the client speaks HTTP without TLS
        self._tls: ssl.SSLSocket | None = None  # from the client's first byte on
        self._secure = False  # from the end of the handshake on
        self._deadline = 0.0  # of the handshake, on the monotonic clock

    # Receiving

    def receive(self, seconds: float | None = None, size: int = BLOCK) -> bytes | None:
        """As without TLS. `None` also means that OpenSSL holds nothing back: the socket tells when to go on."""
        if self._plain:
            return super().receive(seconds, size)
        deadline = time.monotonic() + (self._timeouts.transfer if seconds is None else seconds)
        while True:
            try:
                return self._read(size)
            except ssl.SSLWantWriteError:
                self._wait(writing=True)
            except (ssl.SSLWantReadError, BlockingIOError):
                left = deadline - time.monotonic()
                if left <= 0 or not is_ready(self._sock, writing=False, seconds=left):
                    return None
            except Malformed:
                raise
            except OSError as error:
                raise Disconnected(str(error)) from error

    def _read(self, size: int) -> bytes:
        """What OpenSSL has, or can make of what the socket has. Raises what they raise when that is nothing yet."""
        if self._tls is None:
            self._tls = self._begin()
        if not self._secure:
            self._shake_hands(self._tls)
            self._secure = True
        return self._tls.recv(size)

    # The handshake

    def _begin(self) -> ssl.SSLSocket:
        first = self._sock.recv(1, socket.MSG_PEEK)
        if not first:
            raise Disconnected("The client left before the TLS handshake.")
        if first.isascii() and (first in b"\r\n" or first.decode().isprintable()):
            # A TLS record begins with its type, 20 to 24 (RFC 8446, 5.1); a request with a method.
            self._plain = True
            raise Malformed("This port speaks HTTPS, and the client began with HTTP: open it with https://.")
        self._deadline = time.monotonic() + self._timeouts.head
        tls = self._context.wrap_socket(
            self._sock, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=False
        )
        self._sock = tls
        return tls

    def _shake_hands(self, tls: ssl.SSLSocket) -> None:
        try:
            tls.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            if time.monotonic() > self._deadline:
                raise Disconnected("The client did not finish the TLS handshake in time.") from None
            raise
        except ssl.SSLError as error:
            if _is_silent(error):
                raise
            raise Malformed(f"The TLS handshake failed: {words(error)}.") from error

    # Sending and ending

    def send(self, data: bytes) -> None:
        if self._tls is None:
            super().send(data)
            return
        if not self._secure:
            raise Disconnected("There is no TLS handshake to send anything after.")
        view = memoryview(data)
        while view:
            try:
                view = view[self._tls.send(view) :]
            except ssl.SSLWantWriteError:
                self._wait(writing=True)
            except ssl.SSLWantReadError:
                self._wait(writing=False)
            except OSError as error:
                raise Disconnected(str(error)) from error

    def hijack(self) -> socket.socket:
        if self._tls is not None:
            # As in the sockets that applications know; typeshed leaves the attribute out.
            self._tls.suppress_ragged_eofs = True  # type: ignore[attr-defined]
        return super().hijack()

    def close(self, *, unread: bool = False) -> None:
        if self._secure and not self.hijacked:  # a thread of the application may be using what no two threads can
            self._say_goodbye()
        super().close(unread=unread)

    def _say_goodbye(self) -> None:
        """Tell the client that nothing was cut off (RFC 8446, 6.1). Its own goodbye is not waited for.

        After a response that could not be sent to its end OpenSSL refuses to.
        """
        assert self._tls is not None
        try:
            try:
                self._tls.unwrap()
            except ssl.SSLWantWriteError:  # the client has yet to take the response
                with self.away:
                    taken = is_ready(self._sock, writing=True, seconds=self._timeouts.closing)
                if taken:
                    self._tls.unwrap()
        except (OSError, ValueError):  # SSLWantReadError too: said, and not replied to yet
            pass

    def interrupt(self) -> None:
        try:
            # SSLSocket.shutdown would first forget the encryption, and a thread in the middle of `send` go on in clear.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
        except OSError:  # closed meanwhile
            pass


def _is_silent(error: ssl.SSLError) -> bool:
    """The client is gone, or does not trust the certificate and tells its user so: nothing for the log."""
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)):
        return True
    reason = error.reason or ""
    return "_ALERT_" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason)
