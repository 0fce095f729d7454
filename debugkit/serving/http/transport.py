"""A connected socket on which every wait ends, and the words for what goes wrong there. Knows no HTTP."""

from __future__ import annotations

import select
import socket
import struct
import time
from contextlib import AbstractContextManager, nullcontext

from debugkit.serving.config import Timeouts

#: Bytes asked of the socket at once.
BLOCK = 65_536
#: The largest piece of a body that is asked for at once.
LARGE_BLOCK = 262_144
#: Bytes that are read and thrown away at the end of a connection: a client that still sends does not read the response.
DRAIN_LIMIT = 1 << 30

#: Seconds in which an application that took the connection over may still say something after it has returned.
LAST_WORD = 0.05


class Disconnected(ConnectionError):
    """The client has closed the connection, or has stopped reading or sending."""

    client_is_gone = True  # for a debugger around the application, which does not know this class


class Malformed(OSError):
    """What the client sent is not HTTP. ``status`` is what the response says."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


class Transport:
    """A connected socket on which every wait ends. Whatever goes wrong on it is `Disconnected`."""

    __slots__ = ("_poll", "_sock", "_timeouts", "away", "hijacked")

    def __init__(self, sock: socket.socket, timeouts: Timeouts) -> None:
        sock.setblocking(False)
        try:
            # Otherwise Nagle's algorithm and delayed acknowledgements add 40 ms to responses on kept connections.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:  # the client left already, as macOS tells here; or this is no TCP socket
            pass
        self._sock = sock
        self._timeouts = timeouts
        self._poll = select.poll() if hasattr(select, "poll") else None
        if self._poll is not None:  # once for the connection: it is asked before every read
            self._poll.register(sock, select.POLLIN)
        #: What a thread is in while it waits for a client that is slow: another one may take its place.
        self.away: AbstractContextManager[None] = nullcontext()
        #: An application has taken the connection over, and the server has nothing to say on it any more.
        self.hijacked = False

    @property
    def sock(self) -> socket.socket:
        return self._sock

    def fileno(self) -> int:
        return self._sock.fileno()

    def hijack(self) -> socket.socket:
        """The socket, waiting as sockets do by default, for an application that takes the connection over."""
        self.hijacked = True
        self._sock.setblocking(True)
        return self._sock

    def receive(self, seconds: float | None = None, size: int = BLOCK) -> bytes | None:
        """At most ``size`` bytes that have come, b"" at the end, or `None` when nothing comes in ``seconds``."""
        seconds = self._timeouts.transfer if seconds is None else seconds
        try:
            if not (
                self._poll.poll(seconds * 1000) if self._poll else is_ready(self._sock, writing=False, seconds=seconds)
            ):
                return None
            return self._sock.recv(size)
        except BlockingIOError:
            return None
        except OSError as error:
            raise Disconnected(str(error)) from error

    def send(self, data: bytes) -> None:
        view: bytes | memoryview = data
        while view:
            try:
                sent = self._sock.send(view)
            except BlockingIOError:
                self._wait(writing=True)
            except OSError as error:
                raise Disconnected(str(error)) from error
            else:
                view = memoryview(view)[sent:] if sent < len(view) else b""

    @property
    def writable(self) -> bool:
        """A short response can be sent at once."""
        return is_ready(self._sock, writing=True, seconds=0)

    @property
    def hung_up(self) -> bool:
        """The client sends no more. False where the system does not tell before it is read."""
        if self._poll is None:
            return False
        poll = select.poll()
        try:
            poll.register(self._sock, getattr(select, "POLLRDHUP", 0))  # elsewhere than on Linux the end is a POLLHUP
            return bool(poll.poll(0))
        except (OSError, ValueError) as error:  # ValueError: closed by the server that stops
            raise Disconnected(str(error)) from error

    @property
    def closing(self) -> float:
        """Seconds for which a client that sends no more is still waited for."""
        return self._timeouts.closing

    def _wait(self, *, writing: bool) -> None:
        with self.away:
            if not is_ready(self._sock, writing=writing, seconds=self._timeouts.transfer):
                raise Disconnected("The client does not take the response.")

    def close(self, *, unread: bool = False) -> None:
        """Hang up. ``unread``: the client may still be sending, and closing now would take the response from it."""
        try:
            if self.hijacked:
                # The application has returned, and a thread of its WebSocket library may be about to say goodbye.
                is_ready(self._sock, writing=False, seconds=LAST_WORD)
            if unread:
                self._finish_gently()
        except OSError:
            pass
        if self.hijacked:
            self.interrupt()  # a thread of the application may be reading
        self._sock.close()

    def _finish_gently(self) -> None:
        # RFC 9112, 9.6: unread bytes make the kernel send a reset, which erases the response on its way.
        self._sock.setblocking(False)  # where the application took over, its thread may read what was seen to be there
        self._sock.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + self._timeouts.closing
        size = 0
        with self.away:
            while size < DRAIN_LIMIT and (data := self.receive(max(0.0, deadline - time.monotonic()))):
                size += len(data)

    def interrupt(self) -> None:
        """Make every wait on the transport end, from another thread."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:  # closed meanwhile
            pass

    def reset(self) -> None:
        """Hang up so that the client cannot take what it has for the whole, even without a length."""
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        self._sock.close()


def poll_ready(sock: socket.socket, *, writing: bool, seconds: float) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLOUT if writing else select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def select_ready(sock: socket.socket, *, writing: bool, seconds: float) -> bool:
    """For Windows, which has no poll. Elsewhere select takes no descriptor above 1023."""
    return any(select.select([] if writing else [sock], [sock] if writing else [], [], seconds))


_wait_until_ready = poll_ready if hasattr(select, "poll") else select_ready


def is_ready(sock: socket.socket, *, writing: bool, seconds: float) -> bool:
    try:
        return _wait_until_ready(sock, writing=writing, seconds=seconds)
    except (OSError, ValueError) as error:  # ValueError: closed by the server that stops
        raise Disconnected(str(error)) from error
