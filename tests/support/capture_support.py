"""Failures of many kinds, and short words to capture them."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from types import CodeType

from debugkit.debug.tracebacks.capture import capture
from debugkit.debug.tracebacks.model import CapturedException, CapturedTraceback, plain_frames


def caught(function: Callable[..., object], *args: object) -> BaseException:
    try:
        function(*args)
    except BaseException as error:
        return error
    raise AssertionError("it raised nothing")


def captured(function: Callable[..., object], *args: object, **options: object) -> CapturedTraceback:
    return capture(caught(function, *args), **options)


def names(one: CapturedTraceback | CapturedException) -> list[str]:
    """The functions below the test's own `caught`."""
    exception = one.exception if isinstance(one, CapturedTraceback) else one
    found = [frame.name.rpartition(".")[2] for frame in plain_frames(exception)]
    return [name for name in found if name != "caught"]


def expected_text(exc: BaseException) -> str:
    return "".join(traceback.format_exception(type(exc), exc, exc.__traceback__))


def run(source: str, filename: str = "/app/shop.py", **namespace: object) -> dict[str, object]:
    """Run source as if it stood in a file of that name."""
    namespace["__name__"] = "shop"
    exec(compile(source, filename, "exec"), namespace)
    return namespace


def fail() -> None:
    raise ValueError("no stock")


def hide(word: object, inner: Callable[[], object]) -> object:
    __traceback_hide__ = word
    return inner()


def first(inner: Callable[[], object]) -> object:
    return inner()


def last() -> None:
    fail()


def recursive(depth: int) -> int:
    return 1 // depth if depth == 0 else recursive(depth - 1) + 1


def even(depth: int) -> object:
    return odd(depth - 1) if depth else fail()


def odd(depth: int) -> object:
    return even(depth - 1)


def chained(how: str) -> None:
    try:
        fail()
    except ValueError as error:
        if how == "cause":
            raise KeyError("price") from error
        if how == "none":
            raise KeyError("price") from None
        raise KeyError("price")  # noqa: B904 - the context is what is tested


def grouped() -> None:
    raise ExceptionGroup("both", [caught(fail), ExceptionGroup("inner", [caught(chained, "cause")])])


def multi_line() -> object:
    values = [1, 2, 0]
    return (
        values[0]
        / values[2]
    )  # fmt: skip


def noted() -> None:
    exc = ValueError("a\nb")
    exc.add_note("first\nsecond")
    raise exc


def misspelt() -> object:
    return valuess  # noqa: F821


def compiled(source: str, filename: str = "/app/prices.py") -> CodeType:
    return compile(source, filename, "exec")


class Unprintable:
    def __str__(self) -> str:
        raise SystemExit(3)
