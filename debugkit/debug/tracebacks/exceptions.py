"""What an exception says of itself: its message, its notes, and the exceptions it is tied to.

Fields are read from the built-in classes' own slots, past whatever a subclass made of their names. Knows no frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from debugkit.debug.safe import inspection
from debugkit.debug.safe.text import called, clean, shortened, type_name
from debugkit.raised import field, traceback_of

__all__ = ["Link", "field", "members", "message", "notes", "previous", "traceback_of"]

#: Characters kept of a note; how many notes.
_NOTE_SIZE = 4_000
_NOTES = 50


#: `field` of these, which are asked for several times an error.
_cause, _context, _suppress_context = (
    BaseException.__dict__[name].__get__ for name in ("__cause__", "__context__", "__suppress_context__")
)


class Link(NamedTuple):
    """The exception that the traceback prints before another, if any, and how it led to that."""

    exception: BaseException | None
    relation: Literal["cause", "context"]
    suppressed: bool  # there is a context, which ``from None`` hides


def previous(exc: BaseException) -> Link:
    """What the traceback prints before ``exc``."""
    cause = _cause(exc)
    if cause is not None:
        return Link(cause, "cause", suppressed=False)
    context = _context(exc)
    if _suppress_context(exc):
        return Link(None, "context", suppressed=context is not None)
    return Link(context, "context", suppressed=False)


def members(exc: BaseException) -> Sequence[BaseException]:
    """The exceptions in a group (PEP 654); none in others."""
    if not issubclass(type(exc), BaseExceptionGroup):
        return ()
    exceptions: Sequence[BaseException] = field(BaseExceptionGroup, "exceptions", exc)
    return exceptions


def message(exc: BaseException, size: int) -> str:
    """What the traceback prints behind the type, in at most about ``size`` characters. Never raises."""
    if issubclass(type(exc), SyntaxError):  # str() adds the file and line, which the traceback prints as a location
        return clean(shortened(inspection.exact_str(field(SyntaxError, "msg", exc)), size)) or "<no detail available>"
    return called(str, exc, size)


def notes(exc: BaseException) -> tuple[str, ...]:
    """Its notes (PEP 678). ``__notes__`` is an attribute like any other: it may be anything, and may raise."""
    try:
        value = getattr(exc, "__notes__", None)
    except BaseException as error:
        return (f"<reading __notes__ raised {type_name(type(error))}>",)
    if value is None:
        return ()
    if type(value) is not list and type(value) is not tuple:  # not compared: a metaclass may define `__eq__`
        return (called(repr, value, _NOTE_SIZE),)
    return tuple(called(str, note, _NOTE_SIZE) for note in list(value)[:_NOTES])
