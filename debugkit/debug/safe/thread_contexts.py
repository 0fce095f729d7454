"""What frameworks keep for a thread, such as the request: entered by every thread that looks at a value of it.

Context variables reach such threads by themselves; these managers travel among them, and nobody hands them on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from contextvars import Context, ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

_managers: ContextVar[tuple[ThreadContext, ...]] = ContextVar("debugkit_thread_contexts", default=())


class ThreadContext:
    """A context manager that gives its thread what another thread had. It runs no code of the application."""

    def __enter__(self) -> None:
        raise NotImplementedError

    def __exit__(self, *exc_info: object) -> None:
        """Where nothing has to be taken back: the next one replaces it."""


def carry(context: Context, managers: Iterable[Any]) -> None:
    """Have what runs in ``context`` by `call` find itself in those of the managers that belong to a thread."""
    own = tuple(manager for manager in managers if issubclass(type(manager), ThreadContext))
    if own:
        context.run(_managers.set, own)


def call(function: Callable[..., T], *arguments: Any) -> T:
    """``function(*arguments)`` with all that the current context carries."""
    managers = _managers.get()
    if not managers:
        return function(*arguments)
    with ExitStack() as stack:
        for manager in managers:
            stack.enter_context(manager)
        return function(*arguments)
