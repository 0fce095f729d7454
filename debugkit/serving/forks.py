"""What a process that the application forks must not have of this one, and how it learns that this one ends.

Knows nothing of workers, servers and connections.
"""

from __future__ import annotations

import functools
import os
import socket
import threading
from collections.abc import Callable

_letting_go: set[Callable[[], None]] = set()


def in_forked(let_go: Callable[[], None]) -> None:
    """Have ``let_go`` called in every process that is forked from this one, until `no_more`. It must take no lock."""
    _letting_go.add(let_go)
    _register()


def no_more(let_go: Callable[[], None]) -> None:
    _letting_go.discard(let_go)


@functools.cache
def _register() -> None:
    if hasattr(os, "register_at_fork"):  # not on Windows
        os.register_at_fork(after_in_child=_let_go)


def _let_go() -> None:
    for function in list(_letting_go):
        function()
    _letting_go.clear()


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
