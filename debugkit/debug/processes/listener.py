"""The owner's side: answers what other processes hand on, in threads of its own.

So Stop arrives also where the only thread of the server is busy with the command that it is to stop.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from debugkit.debug.messages import Request, Response
from debugkit.debug.processes.protocol import Broken, Channel, Kind, receive_request, send_body, send_head

#: Requests that are answered at the same time; one more is dropped, which its sender is told by the end.
MOST = 64
#: Connections that wait to be accepted.
_BACKLOG = 128
#: Seconds in which a request has to be complete, and those in which each piece of an answer has to be taken.
_TAKING, _GIVING = 5.0, 60.0
#: Seconds to wait when no descriptor is left for another connection.
_RELIEF = 0.5


class Listener:
    """Listens at ``path`` from the start on, and calls ``answer`` with each request. Raises `OSError`.

    ``most`` bounds the bytes of a request's body.
    """

    def __init__(self, path: Path, answer: Callable[[Request], Response], *, most: int) -> None:
        self._path = path
        self._answer = answer
        self._most = most
        self._free = threading.BoundedSemaphore(MOST)
        self._closed = threading.Event()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with ExitStack() as stack:
            stack.callback(self._socket.close)
            self._socket.bind(str(path))
            self._socket.listen(_BACKLOG)
            self._place = _place(path)
            threading.Thread(target=self._listen, name="debugkit-processes", daemon=True).start()
            stack.pop_all()

    @property
    def is_reachable(self) -> bool:
        """Whether its socket still is where it was: somebody may have cleaned up."""
        return self._place is not None and self._place == _place(self._path)

    def close(self) -> None:
        """Listen no more."""
        self._closed.set()
        # Closing alone does not wake a thread that waits in accept(2).
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        if self.is_reachable:
            with suppress(OSError):
                self._path.unlink()

    def leave_to_parent(self) -> None:
        """In a forked child: the socket is the parent's. Nobody would accept here when that has ended."""
        self._closed.set()
        self._socket.close()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                self._closed.wait(_RELIEF)
                continue
            if not self._free.acquire(blocking=False):
                connection.close()
                continue
            self._start(connection)

    def _start(self, connection: socket.socket) -> None:
        try:
            threading.Thread(target=self._serve, args=[connection], name="debugkit-processes", daemon=True).start()
        except RuntimeError:  # no more threads
            connection.close()
            self._free.release()

    def _serve(self, connection: socket.socket) -> None:
        channel = Channel(connection)
        try:
            with suppress(OSError, Broken):
                self._respond(channel)
        finally:
            channel.close()
            self._free.release()

    def _respond(self, channel: Channel) -> None:
        response = self._answer(receive_request(channel, self._most, _TAKING))
        with ExitStack() as stack:
            stack.callback(getattr(response.body, "close", lambda: None))
            send_head(channel, response, _GIVING)
            for piece in (response.body,) if isinstance(response.body, bytes) else response.body:
                send_body(channel, piece, _GIVING)
            channel.send(Kind.END, b"", _GIVING)


def _place(path: Path) -> tuple[int, int] | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
