"""An exception of somebody else's, read past what its class made of the fields' names, and printed whatever it does.

For all that must go on when an exception is hostile: logs, and what watches the files a traceback names.
"""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Any


def field(owner: type, name: str, exc: BaseException) -> Any:
    """What the built-in class ``owner`` keeps in ``exc`` by that name."""
    return owner.__dict__[name].__get__(exc)


def traceback_of(exc: BaseException) -> TracebackType | None:
    tb: TracebackType | None = field(BaseException, "__traceback__", exc)
    return tb


def with_traceback(exc: BaseException, tb: TracebackType | None) -> BaseException:
    """``exc``, ready to be raised as if it came from ``tb``."""
    return BaseException.with_traceback(exc, tb)


def printed(exc: BaseException, tb: TracebackType | None = None) -> str:
    """The text of `traceback`, its end included; the place and the type alone where the exception prevents that."""
    start = traceback_of(exc) if tb is None else tb
    try:
        return "".join(traceback.format_exception(type(exc), exc, start))
    except KeyboardInterrupt:
        raise
    except BaseException as failure:  # __str__ or an overridden field raises, be it SystemExit; no stack is left
        name, why = (str.__str__(type.__dict__["__name__"].__get__(type(error))) for error in (exc, failure))
    try:
        place = "".join(traceback.format_tb(start))
    except Exception:
        place = ""
    return f"Traceback (most recent call last):\n{place}{name}: (it cannot be printed: that raised {why})\n"
