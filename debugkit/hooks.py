"""What an application may have called when the server starts, before a reload, and when files change.

The functions register in this process and do nothing by themselves; the runner calls what is registered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar, get_args

#: What `on_change` handlers may answer, the strongest first.
Answer = Literal["restart", "handled", "ignore"]

Start = Callable[[str], object]
Leave = Callable[[], object]
Change = Callable[[Sequence[str]], str]
F = TypeVar("F", bound=Callable[..., object])
C = TypeVar("C", bound=Change)

started: list[Start] = []
leaving: list[Leave] = []
changing: list[Change] = []

ANSWERS: tuple[Answer, ...] = get_args(Answer)


def after_start(function: F) -> F:
    """Have ``function(url: str)`` called each time the server has begun to listen. Usable as a decorator."""
    started.append(function)
    return function


def before_reload(function: F) -> F:
    """Have ``function()`` called in the process that a reload is about to replace. Usable as a decorator."""
    leaving.append(function)
    return function


def on_change(function: C) -> C:
    """Have ``function(paths: Sequence[str]) -> str`` decide about changed files. Usable as a decorator.

    It returns "restart" for a reload, "handled" when it has made the change good itself (such as a template cache it
    has emptied), "ignore" when the files do not concern it. Without a handler every change is a reload; with several
    the strongest answer counts, in that order. It is called in a thread of its own.
    """
    changing.append(function)
    return function
