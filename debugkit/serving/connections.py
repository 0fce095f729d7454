"""What a server's loop waits for: new connections at the door, and silent ones that are parked without a thread.

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


class Waiting(Protocol):
    """A connection: what is read from, and when to give it up, on the monotonic clock."""

    deadline: float

    @property
    def transport(self) -> HasFileno: ...


C = TypeVar("C", bound=Waiting)


class Parking(Generic[C]):
    """Connections that ``selector`` looks after, with themselves as the data of their keys."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._parked: set[C] = set()
        #: No connection's deadline comes earlier. Those that left are not subtracted, so it may be too early.
        self.soonest = NEVER

    def __len__(self) -> int:
        return len(self._parked)

    def __contains__(self, connection: object) -> bool:
        return connection in self._parked

    def add(self, connection: C) -> None:
        self._selector.register(connection.transport, selectors.EVENT_READ, connection)
        self._parked.add(connection)
        self.soonest = min(self.soonest, connection.deadline)

    def remove(self, connection: C) -> None:
        self._selector.unregister(connection.transport)
        self._parked.discard(connection)

    def take_expired(self, now: float) -> Iterator[C]:
        """Remove and give those whose time is over."""
        if now < self.soonest:
            return
        for connection in [one for one in self._parked if one.deadline <= now]:
            self.remove(connection)
            yield connection
        self.soonest = min((one.deadline for one in self._parked), default=NEVER)

    def take_first(self, count: int) -> Iterator[C]:
        """Remove and give ``count`` of them, those whose time is over first."""
        for connection in sorted(self._parked, key=lambda one: one.deadline)[:count]:
            self.remove(connection)
            yield connection


class Door:
    """Listening sockets, which ``selector`` looks after while it is open. ``say`` tells when nobody can come in."""

    def __init__(
        self, selector: selectors.BaseSelector, sockets: Iterable[socket.socket], say: Callable[[str], None]
    ) -> None:
        self._selector = selector
        self._sockets = list(sockets)
        self._say = say
        self._complained = False
        self._open = False
        #: When to open it again, on the monotonic clock.
        self.again = NEVER

    def open(self) -> None:
        self.again = NEVER
        self._open = True
        for sock in self._sockets:
            sock.setblocking(False)
            self._selector.register(sock, selectors.EVENT_READ, self)

    def shut(self, until: float) -> None:
        """Accept nobody before ``until``; who comes meanwhile waits in the system's queue."""
        self.again = until
        if self._open:
            self._open = False
            for sock in self._sockets:
                self._selector.unregister(sock)

    def close(self) -> None:
        """Accept nobody any more."""
        self.shut(NEVER)
        for sock in self._sockets:
            sock.close()

    def accept(self, listener: Any) -> tuple[socket.socket, Any] | None:
        """A connection and its peer. `None`: there is none after all. Raises `OSError` when it cannot be accepted."""
        try:
            accepted: tuple[socket.socket, Any] = listener.accept()
        except (BlockingIOError, ConnectionError):  # another process took it, or the client left
            return None
        except OSError as error:
            if not self._complained:  # once, until one can be accepted again
                self._say(f"Cannot accept connections for a moment: {error}")
            self._complained = True
            raise
        self._complained = False
        return accepted
