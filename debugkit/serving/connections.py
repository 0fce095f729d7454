"""What a server's loop waits for: new connections, and idle ones, which keep no thread.

Knows neither HTTP nor threads: everything here belongs to the loop's own.
"""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar

NEVER = float("inf")


class HasFileno(Protocol):
    def fileno(self) -> int: ...


class Idle(Protocol):
    """A connection: what is read from, and when to give it up, on the monotonic clock."""

    deadline: float

    @property
    def transport(self) -> HasFileno: ...


C = TypeVar("C", bound=Idle)


class IdleConnections(Generic[C]):
    """Connections that ``selector`` looks after, with themselves as the data of their keys."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._idle: set[C] = set()
        #: No connection's deadline comes earlier. Those that left are not subtracted, so it may be too early.
        self.next_deadline = NEVER

    def __len__(self) -> int:
        return len(self._idle)

    def __contains__(self, connection: object) -> bool:
        return connection in self._idle

    def add(self, connection: C) -> None:
        self._selector.register(connection.transport, selectors.EVENT_READ, connection)
        self._idle.add(connection)
        self.next_deadline = min(self.next_deadline, connection.deadline)

    def remove(self, connection: C) -> None:
        self._selector.unregister(connection.transport)
        self._idle.discard(connection)

    def take_expired(self, now: float) -> Iterator[C]:
        """Remove and give those whose time is over."""
        if now < self.next_deadline:
            return
        for connection in [connection for connection in self._idle if connection.deadline <= now]:
            self.remove(connection)
            yield connection
        self.next_deadline = min((connection.deadline for connection in self._idle), default=NEVER)

    def take_first(self, count: int) -> Iterator[C]:
        """Remove and give ``count`` of them, those whose time is over first."""
        for connection in sorted(self._idle, key=lambda connection: connection.deadline)[:count]:
            self.remove(connection)
            yield connection


class Acceptor:
    """Accepts connections on listening sockets, unless paused. ``say`` reports when none can be accepted."""

    def __init__(
        self, selector: selectors.BaseSelector, sockets: Iterable[socket.socket], say: Callable[[str], None]
    ) -> None:
        self._selector = selector
        self._sockets = list(sockets)
        self._say = say
        self._complained = False
        self._accepting = False
        #: When to resume, on the monotonic clock.
        self.resumes_at = NEVER

    def resume(self) -> None:
        self.resumes_at = NEVER
        self._accepting = True
        for sock in self._sockets:
            sock.setblocking(False)
            self._selector.register(sock, selectors.EVENT_READ, self)

    def pause(self, until: float) -> None:
        """Accept none before ``until``; clients wait in the system's queue."""
        self.resumes_at = until
        if self._accepting:
            self._accepting = False
            for sock in self._sockets:
                self._selector.unregister(sock)

    def close(self) -> None:
        """Accept no more, ever."""
        self.pause(NEVER)
        for sock in self._sockets:
            sock.close()

    def accept(self, listener: Any) -> tuple[socket.socket, Any] | None:
        """A connection and its peer; `None` if the client is gone. Raises `OSError` when it cannot be accepted."""
        try:
            accepted: tuple[socket.socket, Any] = listener.accept()
        except (BlockingIOError, ConnectionError):  # another process took it, or the client left
            return None
        except OSError as error:
            if not self._complained:  # once, until one can be accepted again
                self._say(f"Temporarily not accepting connections: {error}")
            self._complained = True
            raise
        self._complained = False
        return accepted
