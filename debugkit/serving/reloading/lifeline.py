"""How processes that a worker has forked learn that it ends. Knows nothing of workers or servers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable


class Lifeline:
    """Tells processes that a worker has forked when it is about to end, and also when it has ended by force.

    Nobody ever writes: what they wait for is the end of it, which comes when the worker's end is closed.
    """

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()

    def break_off(self) -> None:
        self._ours.close()

    def follow(self, stop: Callable[[], None]) -> None:
        """Have ``stop`` called, in a forked process, when its worker ends."""
        threading.Thread(target=self._wait, args=[stop], name="debugkit-lifeline", daemon=True).start()

    def _wait(self, stop: Callable[[], None]) -> None:
        self._theirs.recv(1)
        stop()
