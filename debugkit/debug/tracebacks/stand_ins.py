"""Exceptions for `traceback` to print in place of the user's: they look the same, and none of their code is foreign.

`traceback` calls ``__str__`` again, and reads fields that a subclass may have overridden. Knows nothing of the text.
"""

from __future__ import annotations

from functools import lru_cache
from types import MemberDescriptorType, ModuleType, TracebackType
from typing import Any, Final

from debugkit.debug.safe import inspection
from debugkit.debug.tracebacks import exceptions
from debugkit.debug.tracebacks.messages import ExceptionTexts

#: The built-in classes whose fields `traceback` prints or makes suggestions of.
_BASES: Final = (
    BaseExceptionGroup,
    SyntaxError,
    ModuleNotFoundError,
    ImportError,
    UnboundLocalError,
    NameError,
    AttributeError,
)
_OWN_DIR: Final = tuple(inspection.class_dict(cls)["__dir__"] for cls in (object, type, ModuleType))


def stand_in(exc: BaseException, tb: TracebackType | None, texts: ExceptionTexts) -> BaseException:
    """One for ``exc`` with the traceback ``tb``, and for all that it is tied to."""
    made: dict[int, BaseException] = {}
    waiting: list[BaseException] = []

    def of(error: BaseException) -> BaseException:
        if id(error) not in made:
            made[id(error)] = _copy(error, texts)
            waiting.append(error)
        return made[id(error)]

    first = of(exc)
    while waiting:
        error = waiting.pop()
        copy: Any = made[id(error)]
        for name in ("__cause__", "__context__"):
            earlier = exceptions.field(BaseException, name, error)
            setattr(copy, name, None if earlier is None else of(earlier))
        copy.__suppress_context__ = exceptions.field(BaseException, "__suppress_context__", error)
        copy.__traceback__ = exceptions.traceback_of(error)
        if isinstance(copy, BaseExceptionGroup):
            copy._members = tuple([of(member) for member in exceptions.members(error)])  # type: ignore[attr-defined]
    return first.with_traceback(tb)


def _copy(exc: BaseException, texts: ExceptionTexts) -> BaseException:
    cls = type(exc)
    base = next((candidate for candidate in _BASES if issubclass(cls, candidate)), Exception)
    made = _class(base, inspection.module_name(cls), inspection.exact_str(type.__dict__["__qualname__"].__get__(cls)))
    copy: Any = made("", [Exception()]) if base is BaseExceptionGroup else made()
    copy._text = texts.message(exc)
    notes = texts.notes(exc)
    if notes:
        copy.__notes__ = list(notes)
    for owner in inspection.mro(base):
        if owner is not BaseExceptionGroup and issubclass(owner, Exception):
            _copy_fields(owner, exc, copy)
    if base is SyntaxError:
        copy.msg = copy._text
    return copy  # type: ignore[no-any-return]


def _copy_fields(owner: type, exc: BaseException, copy: BaseException) -> None:
    for name, descriptor in inspection.class_dict(owner).items():
        if type(descriptor) is MemberDescriptorType:
            value = MemberDescriptorType.__get__(descriptor, exc)
            MemberDescriptorType.__set__(descriptor, copy, value if _is_harmless(name, value) else _plain(value))


def _is_harmless(name: str, value: object) -> bool:
    """Whether `traceback` may have the value itself: it asks the owner of a missing attribute for its ``dir``."""
    if name == "obj":
        own_dir = inspection.class_attribute(type(value), "__dir__")
        return any(own_dir is known for known in _OWN_DIR)
    return any(type(value) is known for known in (type(None), int, bool, tuple))


def _plain(value: object) -> str | None:
    return inspection.exact_str(value) or None


@lru_cache(maxsize=256)
def _class(base: type[BaseException], module: str, qualname: str) -> type[BaseException]:
    """A class that is printed by that name."""
    namespace: dict[str, Any] = {"__module__": module or None, "__qualname__": qualname, "__str__": _own_text}
    if base is BaseExceptionGroup:
        namespace["exceptions"] = property(lambda self: self._members)
    return type("StandIn", (base,), namespace)


def _own_text(self: Any) -> str:
    text: str = self._text
    return text
