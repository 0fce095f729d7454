"""What the exceptions of one error say: each is asked once, under guard, and everybody uses the remembered text.

``__str__``, ``__notes__`` and ``__traceback_info__`` are code of the user's, which may be slow, hang, or say something
else the next time. Knows no frames and no chain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from debugkit.debug.safe import inspection
from debugkit.debug.safe.text import called, type_name
from debugkit.debug.tracebacks import exceptions

#: Seconds for one text, and for all of one error: more than a value gets, since the message is what the page is for.
_EACH: Final = 1.0
_TOTAL: Final = 2.0
#: Python's own ways to say it, which run no code of others when the arguments are plain.
_OWN_STR: Final = (BaseException.__dict__["__str__"], KeyError.__dict__["__str__"])
_PLAIN: Final = frozenset(map(id, (str, int, float, bool, type(None))))


class ExceptionTexts:
    """Asks exceptions what they say. Use it in ``with``: what it remembers keeps them alive, and it may have a thread.

    ``size`` is the number of characters kept of a message.
    """

    def __init__(self, size: int, runner: inspection.Guard | None = None) -> None:
        self._size = size
        self._guard = runner or inspection.Guard(_EACH, _TOTAL)
        self._messages: dict[int, tuple[BaseException, str]] = {}  # the exception is kept: its id stays its own
        self._notes: dict[int, tuple[BaseException, tuple[str, ...]]] = {}

    def __enter__(self) -> ExceptionTexts:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._guard.close()
        self._messages.clear()
        self._notes.clear()

    def message(self, exc: BaseException) -> str:
        """What the traceback prints behind the type."""
        remembered = self._messages.get(id(exc))
        if remembered is None:
            remembered = self._messages[id(exc)] = (exc, self._ask_message(exc))
        return remembered[1]

    def notes(self, exc: BaseException) -> tuple[str, ...]:
        """Its notes (PEP 678)."""
        remembered = self._notes.get(id(exc))
        if remembered is None:
            remembered = self._notes[id(exc)] = (exc, self._ask_notes(exc))
        return remembered[1]

    def text(self, value: object, size: int) -> str:
        """``str`` of any value."""
        if type(value) is str:
            return called(str, value, size)
        return self._run(f"str() of {type_name(type(value))}", called, str, value, size)

    def _ask_message(self, exc: BaseException) -> str:
        if _is_plain(exc):
            return exceptions.message(exc, self._size)
        return self._run(f"str() of {type_name(type(exc))}", exceptions.message, exc, self._size)

    def _ask_notes(self, exc: BaseException) -> tuple[str, ...]:
        if _has_no_notes(exc):
            return ()
        try:
            return self._guard.run(exceptions.notes, exc)
        except inspection.ForeignCodeError as error:
            return (f"<reading __notes__ {error}>",)

    def _run(self, what: str, function: Callable[..., str], *args: Any) -> str:
        try:
            return self._guard.run(function, *args)
        except inspection.ForeignCodeError as error:
            return f"<{what} {error}>"


def _is_plain(exc: BaseException) -> bool:
    """Whether it says no more than its arguments, and no code of others runs for that."""
    own_str = inspection.class_attribute(type(exc), "__str__")
    if not any(own_str is known for known in _OWN_STR):
        return issubclass(type(exc), SyntaxError)  # whose message is read, not asked for
    return all(id(type(argument)) in _PLAIN for argument in exceptions.field(BaseException, "args", exc))


def _has_no_notes(exc: BaseException) -> bool:
    """Whether to look for ``__notes__`` would find nothing, and no class has a say in it."""
    cls = type(exc)
    if not inspection.is_heap_type(cls):  # an exception of Python's own has no hooks
        return "__notes__" not in exceptions.field(BaseException, "__dict__", exc)
    unhooked = all(inspection.class_attribute(cls, name) is inspection.MISSING for name in ("__notes__", "__getattr__"))
    own_getattribute = inspection.class_attribute(cls, "__getattribute__") is BaseException.__dict__["__getattribute__"]
    return own_getattribute and unhooked and inspection.attribute(exc, "__notes__") is inspection.MISSING
