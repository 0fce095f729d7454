"""The classes met on a page: what each is called, whether it keeps secrets, and which previewer shows its instances.

Decides whose code runs: that of some libraries, and a ``__repr__`` somebody wrote; always under guard, its answers
redacted and remembered. Does not know how a preview becomes a line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from debugkit.debug.redaction.redactor import Redactor, type_is_secret
from debugkit.debug.safe.inspection import (
    ForeignCodeError,
    Guard,
    NoTimeLeft,
    Refused,
    TookTooLong,
    class_attribute,
    class_dict,
    class_name,
    mro,
    printable,
    qualified_name,
)
from debugkit.debug.values.builtins import BUILTIN_TYPES
from debugkit.debug.values.objects import (
    by_inheritance,
    by_repr,
    class_properties,
    data_class,
    is_plain_data_class,
    own_attributes,
    plain_object,
    with_class,
)
from debugkit.debug.values.preview import MOST_LINE, Preview, Previewer, cut, fields
from debugkit.debug.values.remembered import Remembered
from debugkit.debug.values.strings import Strings
from debugkit.debug.values.third_party import Adapter, find_adapter
from debugkit.debug.values.wrappers import find_wrapper
from debugkit.frozen import frozen
from debugkit.settings import Limits


@frozen
class KnownClass:
    """What is known of a class; it is kept alive, so that its id stays its own. ``name`` is fit for one line."""

    cls: type
    name: str
    secret: bool
    previewer: Previewer


#: What is known of the types in `BUILTIN_TYPES`, the same on all pages.
_BUILTIN: dict[int, KnownClass] = {}


class Classes:
    """The classes met so far, found by id. What foreign code answers is put into ``remembered``."""

    def __init__(self, limits: Limits, redactor: Redactor, guard: Guard, remembered: Remembered) -> None:
        self._redactor, self._guard, self._remembered = redactor, guard, remembered
        self._patience = limits.repr_seconds
        self._most = limits.value_text + 1  # characters of an answer: those that are shown, and one that is cut off
        strings = Strings(limits, redactor)
        self._strings: Mapping[int, Previewer] = {
            id(str): strings.text, id(bytes): strings.binary, id(bytearray): strings.binary
        }  # fmt: skip
        self._known: dict[int, KnownClass] = {}

    def clear(self) -> None:
        """Let go of all classes, and of what is remembered, unless somebody else keeps it."""
        self._known.clear()
        self._remembered = Remembered()

    def preview(self, value: object) -> Preview:
        """What there is to show of ``value``."""
        return self.of(type(value)).previewer(value)

    def of(self, cls: type) -> KnownClass:
        """What is known of ``cls``."""
        known = self._known.get(id(cls)) or _BUILTIN.get(id(cls))
        if known is None:
            name, previewer = printable(qualified_name(cls)), BUILTIN_TYPES.get(id(cls))
            if previewer is not None:
                return _BUILTIN.setdefault(id(cls), KnownClass(cls, name, False, previewer))
            previewer = self._strings.get(id(cls)) or self._previewer(cls)
            secret = any(type_is_secret(class_name(base)) for base in mro(cls))
            known = self._known[id(cls)] = KnownClass(cls, name, secret, previewer)
        return known

    def _previewer(self, cls: type) -> Previewer:
        """How to look at instances of ``cls``, which is none of the built-in types."""
        adapter = find_adapter(cls)
        if adapter is not None:
            return lambda value: self._by_adapter(adapter, value)
        inherited = by_inheritance(cls)
        if inherited is not None and not issubclass(cls, BaseException):
            return inherited
        known, previewer = self._wrapper_previewer(cls) or (object, inherited or self._own_previewer(cls))
        defined = class_properties(cls, known)
        return (lambda value: with_class(previewer(value), defined)) if defined else previewer

    def _wrapper_previewer(self, cls: type) -> tuple[type, Previewer] | None:
        wrapper = find_wrapper(cls)
        if wrapper is None:
            return None
        known, previewer = wrapper
        adapter = Adapter(previewer)
        return known, lambda value: self._by_adapter(adapter, value)

    def _own_previewer(self, cls: type) -> Previewer:
        """The look at a class that is no special one: what it says or has itself."""
        own_repr = class_attribute(cls, "__repr__")
        for base in mro(cls):
            if id(base) in self._strings:
                # A class that hides its text behind a `__repr__` has its reasons.
                return self._strings[id(base)] if own_repr is class_dict(base)["__repr__"] else self._foreign
        if own_repr is object.__repr__:
            return plain_object
        return data_class if is_plain_data_class(cls, own_repr) else self._foreign

    def _by_adapter(self, adapter: Adapter, value: object) -> Preview:
        """An adapter of a well-known type; the generic one if it fails, for libraries change."""
        otherwise = adapter.otherwise or plain_object
        try:
            if adapter.foreign:
                preview = self._ask(value, adapter.previewer, lambda error: self._safe(otherwise(value)))
            else:
                answer = adapter.previewer(value)
                preview = self._foreign(value) if answer is None else self._safe(answer)
            if adapter.otherwise is not None and self._tells_secret(preview):
                preview = self._safe(adapter.otherwise(value))
        except Exception:  # an adapter that expected another version of its library
            return self._foreign(value)
        return preview

    def _tells_secret(self, preview: Preview) -> bool:
        """Whether what the value says of itself holds one of its fields that are secret."""
        return any(
            type(field) is str and field and field in preview.head and self._redactor.name_is_secret(str(name))
            for _, name, field in preview.properties(0, preview.total)
        )

    def _ask(
        self,
        value: object,
        previewer: Callable[[Any], Preview | None],
        otherwise: Callable[[ForeignCodeError], Preview],
    ) -> Preview:
        """The answer of foreign code, or its replacement if it gave none. Either is remembered."""
        asked = self._remembered.begin(value)
        if asked is not None:  # by another look at the same error
            asked.wait(self._patience)
            return self._remembered.find(value) or otherwise(NoTimeLeft("is being asked by another page"))
        try:
            known = self._remembered.find(value)
            if known is None:
                known = self._answer(value, previewer, otherwise)
                self._remembered.keep(value, known)
        except NoTimeLeft as error:  # it was not asked: another page may have the time
            return otherwise(error)
        finally:
            self._remembered.end(value)
        return known

    def _answer(
        self,
        value: object,
        previewer: Callable[[Any], Preview | None],
        otherwise: Callable[[ForeignCodeError], Preview],
    ) -> Preview:
        try:
            answer = self._guard.run(previewer, value)
            return plain_object(value) if answer is None else self._safe(answer)
        except NoTimeLeft:
            raise
        except ForeignCodeError as error:
            return otherwise(error)

    def _safe(self, preview: Preview) -> Preview:
        """``preview`` with the texts that others made printable, redacted and cut."""
        if preview.line is None:
            return preview._replace(head=self._safe_text(preview.head), tail=self._safe_text(preview.tail))
        text = self._safe_text(preview.line(MOST_LINE))
        return preview._replace(line=lambda budget: cut(text, budget))

    def _safe_text(self, text: str) -> str:
        return printable(self._redactor.text(text[:MOST_LINE]))[: self._most]

    def _foreign(self, value: object) -> Preview:
        """What the class's own ``__repr__`` says, run under guard; the attributes are its children."""
        if self._remembered.is_slow(type(value)) and self._remembered.find(value) is None:
            return plain_object(value)
        return self._ask(value, by_repr, lambda error: self._without_repr(value, error))

    def _without_repr(self, value: object, error: ForeignCodeError) -> Preview:
        cls = type(value)
        if type(error) is NoTimeLeft:
            return plain_object(value)
        if type(error) is TookTooLong:
            self._remembered.keep_slow(cls)
        reason = str(error) if type(error) is Refused else f"repr {error}"
        text, own = self._safe_text(f"<{class_name(cls)}: {reason}>"), own_attributes(value)
        return Preview("error", line=lambda budget: cut(text, budget), properties=fields(own), total=len(own))
