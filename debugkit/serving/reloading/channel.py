"""A connected socket that carries messages, one JSON object a line. Only the supervisor and one worker hold it.

But the application runs in one of them, and may write anything to any descriptor: what is no message arrives as `None`.
"""

from __future__ import annotations

import select
import socket
import threading

from debugkit.serving.reloading.messages import Message, decode, encode

#: Bytes without an end of line after which they are no message.
LONGEST = 16 * 2**20


class Channel:
    """Messages over a connected socket. Any thread may send; one receives."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._buffer = b""
        self._lock = threading.Lock()

    def fileno(self) -> int:
        return self.sock.fileno()

    def send(self, message: Message) -> None:
        """Send a message; nothing happens when the other end is gone, which `receive` reports."""
        # It begins with a line end too, in case something else has left half a line there.
        line = b"\n" + encode(message) + b"\n"
        with self._lock:
            try:
                self.sock.sendall(line)
            except OSError:
                pass

    @property
    def waits(self) -> bool:
        """Whether there is something to receive now. False when this end is closed."""
        return self.fileno() >= 0 and bool(select.select([self.sock], [], [], 0)[0])

    def receive(self) -> list[Message | None]:
        """The messages that are complete after one read, which waits. Raises `EOFError` when the other end is gone.

        `None` for a line that is not a message.
        """
        try:
            data = self.sock.recv(65_536)
        except OSError:
            data = b""
        if not data:
            raise EOFError
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        if len(self._buffer) > LONGEST:
            lines, self._buffer = [*lines, self._buffer], b""
        return [decode(line) for line in lines if line]
