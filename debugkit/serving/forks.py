"""What a process that the application forks must not have of this one. Knows nothing of servers and connections."""

from __future__ import annotations

import functools
import os
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
