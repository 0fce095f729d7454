"""Any object -> one line of text and pages of children: bounded, redacted, never raising, never hanging.

Fills lines and pages from the shapes of values, hides secrets, and keeps the time. It knows no markup and no page, and
no type but the simplest. Nothing is ever consumed or changed: iterators are not advanced, properties not read, lazy
objects not evaluated. Types are compared by ``type()`` and looked up by ``id()``: ``isinstance`` believes
``__class__``, and a dict asks a metaclass for its hash.
"""

from __future__ import annotations

import contextvars
import types
from collections.abc import Sequence
from typing import Final, NamedTuple

from debugkit.debug.redaction.names import LONGEST_NAME
from debugkit.debug.redaction.patterns import CREDENTIAL_OPTIONS, NAME_KEYS, VALUE_KEYS
from debugkit.debug.redaction.redactor import REDACTED, Redactor
from debugkit.debug.safe.inspection import ForeignCodeError, Guard, class_name, exact_str, printable
from debugkit.debug.safe.lazy_imports import LAZY_IMPORTS
from debugkit.debug.safe.processor_time import ProcessorTime
from debugkit.debug.safe.text import text_of
from debugkit.debug.values.builtins import int_text
from debugkit.debug.values.dispatch import Classes
from debugkit.debug.values.preview import Note, Preview, Property, cut
from debugkit.debug.values.remembered import Remembered
from debugkit.frozen import frozen
from debugkit.settings import Limits

#: Fewer characters than these say nothing: the part is counted with those left out.
FEWEST: Final = 6
#: Room that a key and its value get however many there are: few that can be read say more than many that cannot.
KEY: Final = 40
VALUE: Final = 16
#: Characters for each container in a list of containers: better two that tell something than ten that do not.
ROOM_TO_SEE_INTO: Final = 45

#: How deep the line of a value looks into containers: what is deeper is too short to say anything.
DEPTH: Final = 3
#: Children sent at once when a value is opened: more than fit on a screen, and still quick to describe.
PAGE_ITEMS: Final = 50
#: How much time all foreign code of one page has, in times of `Limits.repr_seconds`: a page is to wait for two values
#: that hang, and then shows the attributes of the others.
PATIENCE: Final = 2.5
#: Seconds of the processor for the values and texts of one page; with hundreds of large ones it takes a tenth of that.
MOST_SECONDS: Final = 1.0
#: Characters of a text that is searched in so little time that it is not counted.
SHORT_TEXT: Final = 400
_NO_TIME: Final = "not shown: the time for this page ran out"

#: Whatever they are called: `None` and booleans, for they are the reason of many an error, and code.
_CODE: Final = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, type, types.ModuleType, *LAZY_IMPORTS)
_NEVER_SECRET: Final = frozenset(map(id, (type(None), bool, *_CODE)))
#: Classes that say nothing of what their instances are for.
_PLAIN: Final = frozenset(map(id, (str, int, float, bytes, list, tuple, dict, set)))


class Node(NamedTuple):
    """One value in one line. ``openable``: it has children."""

    text: str
    type: str
    kind: str  # string, number, constant, container, object, error, redacted
    openable: bool
    redacted: bool = False


@frozen
class Child:
    """``label`` is the text of a key, the name of an attribute or the number of an item."""

    label: str
    value: object
    node: Node


@frozen
class Children:
    """A page of children. ``next_offset`` is where the next page begins, `None` on the last one."""

    items: tuple[Child, ...]
    next_offset: int | None
    total: int | None


def page_guard(limits: Limits, context: contextvars.Context | None = None) -> Guard:
    """The guard for the foreign code of one page, which runs in ``context``."""
    return Guard(limits.repr_seconds, PATIENCE * limits.repr_seconds, context=context)


class Describer:
    """Describes values within ``limits``. Make one for each page: it holds the time of foreign code and of texts.

    ``remembered`` is what foreign code answered before, and gets what it answers now. ``processor_time`` is what the
    page has for its values and texts.
    """

    def __init__(
        self,
        limits: Limits,
        redactor: Redactor,
        guard: Guard | None = None,
        *,
        remembered: Remembered | None = None,
        processor_time: ProcessorTime | None = None,
    ) -> None:
        self.limits, self.redactor = limits, redactor
        self._guard = guard or page_guard(limits)
        self._classes = Classes(limits, redactor, self._guard, remembered or Remembered())
        self._time = processor_time or ProcessorTime(MOST_SECONDS)
        self._texts: dict[str, str] = {}
        self._path: list[int] = []  # ids of the containers around the value at hand

    def __enter__(self) -> Describer:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End the helper thread, if there is one, and release all values."""
        self._guard.close()
        self._classes.clear()
        self._texts.clear()

    def text(self, text: str) -> str:
        """``text`` without secrets. The same one is searched once, however often a page prints it."""
        known = self._texts.get(text)
        if known is None:
            known = self._texts[text] = self._searched(text)
        return known

    def _searched(self, text: str) -> str:
        if self._time.used_up:
            return f"({_NO_TIME})"
        return self.redactor.text(text) if len(text) <= SHORT_TEXT else self._time.run(self.redactor.text, text)

    def describe(self, value: object, name: str = "") -> Node:
        """``value`` in one line of at most ``limits.value_text`` characters. Its ``name`` may make it secret."""
        try:
            plain = self._plain(value, name)
        except Exception as error:
            return self._failed(value, error)
        if plain is not None:
            return plain
        if self._time.used_up:
            return self._error(value, _NO_TIME)
        return self._time.run(self._described, value, name)

    def describe_each(self, values: Sequence[object], names: Sequence[str]) -> list[Node]:
        """`describe` for values that are small together, such as those of a row: the clock is asked once."""
        if self._time.used_up:
            return [self._error(value, _NO_TIME) for value in values]
        return self._time.run(list, map(self._described, values, names))

    def children(self, value: object, name: str = "", offset: int = 0, *, most: int = PAGE_ITEMS) -> Children:
        """At most ``most`` children from ``offset`` on; none of a secret."""
        try:
            if self._is_secret(value, name):
                return Children((), None, 0)
            return self._page(self._classes.preview(value), max(offset, 0), most)
        except Exception as error:
            return Children((Child("", None, self._failed(value, error)),), None, None)

    def pairs(self, value: object, most: int) -> list[tuple[object, object]]:
        """The keys and values of what is known to be a mapping; of nothing whose own code would have to run."""
        preview = self._classes.preview(value)
        if preview.kind != "container" or preview.guarded:
            return []
        try:
            parts = list(preview.properties(0, min(preview.total, most)))
        except RuntimeError:  # another thread changes it
            return []
        return [(part.key, part.value) for part in parts if part.style == "pair"]

    # One line

    def _described(self, value: object, name: str) -> Node:
        try:
            return self._node(value, name)
        except Exception as error:
            return self._failed(value, error)

    def _node(self, value: object, name: str) -> Node:
        known = self._classes.of(type(value))
        of = known.name
        if self._is_secret(value, name):
            return Node(REDACTED, of, "redacted", False, True)
        preview = known.previewer(value)
        text = cut(printable(self._text(preview, value, self.limits.value_text, 0)), self.limits.value_text)
        if text.strip("b'\"") == REDACTED:
            return Node(REDACTED, of, "redacted", False, True)
        return Node(text, of, preview.kind, preview.total > 0)

    def _plain(self, value: object, name: str) -> Node | None:
        """What the previews of short strings, numbers and constants say, without making any: most values are such.

        It takes so little time that it is not counted.
        """
        cls, most = type(value), self.limits.value_text
        if value is None or cls is bool:
            return Node(repr(value), cls.__name__, "constant", False)
        if not (cls is str or cls is int) or (name and self.redactor.name_is_secret(name)):
            return None
        if cls is int:
            return Node(cut(int_text(value), most), "int", "number", False)  # type: ignore[arg-type]
        # With its quotes a longer one fills the line, and can be opened.
        text = repr(self.redactor.text(value)) if len(value) + 3 <= most else ""  # type: ignore[arg-type]
        return Node(text, "str", "string", False) if 0 < len(text) <= most and REDACTED not in text else None

    def _failed(self, value: object, error: Exception) -> Node:
        """The last resort. `RecursionError` and `MemoryError` end here as well."""
        return self._error(value, f"cannot be shown, {class_name(type(error))}")

    def _error(self, value: object, why: str) -> Node:
        name = printable(class_name(type(value)))
        return Node(f"<{name}: {why}>", name, "error", False)

    def _is_secret(self, value: object, name: str) -> bool:
        """By name or type. The empty string is no secret either."""
        cls = type(value)
        if id(cls) in _NEVER_SECRET or (cls is str and not value):
            return False
        if name and self.redactor.name_is_secret(name):
            return not issubclass(cls, (type, types.ModuleType))
        return id(cls) not in _PLAIN and self._classes.of(cls).secret

    def _text(self, preview: Preview, value: object, budget: int, depth: int) -> str:
        if preview.line is not None:
            return preview.line(budget)
        lined = preview.total if preview.lined is None else preview.lined
        if id(value) in self._path:
            return f"<cycle: {class_name(type(value))}>"
        room = budget - len(preview.head) - len(preview.tail)
        if lined and (depth > DEPTH or room < FEWEST):
            return f"{preview.head}…{preview.tail}"
        self._path.append(id(value))
        try:
            return f"{preview.head}{self._inside(preview, lined, room, depth)}{preview.tail}"
        finally:
            self._path.pop()

    def _inside(self, preview: Preview, lined: int, room: int, depth: int) -> str:
        """As many parts as there is room for. Each gets a fair share of the room; what one leaves, the next may use."""
        properties = self._read(preview, 0, min(self.limits.value_items, lined))
        if len(properties) > 2 and properties[0].style == "item" and self._classes.preview(properties[0].value).total:
            properties = properties[: max(2, room // ROOM_TO_SEE_INTO)]
        room -= 2 * max(len(properties) - 1, 0) + (len(f", … {lined:,} more") if lined > len(properties) else 0)
        texts = self._fill(properties, room, depth)
        left = room - sum(map(len, texts))
        shortened = [number for number, text in enumerate(texts) if "…" in text]
        if depth == 0 and shortened and left > FEWEST:  # the last ones were short: let the first ones have what is left
            for number in shortened:
                texts[number] = self._part(properties, number, len(texts[number]) + left // len(shortened), depth)
        if len(texts) < lined:
            texts.append(f"… {lined - len(texts):,} more")
        return ", ".join(texts)

    def _fill(self, properties: Sequence[Property], room: int, depth: int) -> list[str]:
        texts: list[str] = []
        for number in range(len(properties)):
            if texts and room < FEWEST:
                break
            texts.append(self._part(properties, number, max(room // (len(properties) - number), 2 * FEWEST), depth))
            room -= len(texts[-1])
        return texts

    def _part(self, properties: Sequence[Property], number: int, budget: int, depth: int) -> str:
        style, key, value = properties[number]
        label = ""
        if style == "pair":
            label = self._line(key, "", max(budget // 2, KEY), depth + 1) + ": "
        elif style == "field":
            label = f"{key}="
        return label + self._line(value, _name_of(properties, number), max(budget - len(label), VALUE), depth + 1)

    def _line(self, value: object, name: str, budget: int, depth: int) -> str:
        if self._is_secret(value, name):
            return REDACTED
        cls = type(value)
        if cls is str and len(value) + 2 < budget:  # type: ignore[arg-type]  # most values are short strings or numbers
            return cut(repr(self.redactor.text(value)), budget)  # type: ignore[arg-type]
        if cls is int:
            return cut(int_text(value), budget)  # type: ignore[arg-type]
        return self._text(self._classes.preview(value), value, budget, depth)

    # Children

    def _page(self, preview: Preview, offset: int, most: int) -> Children:
        size = 1 if preview.kind == "string" else most
        stop = min(offset + size, preview.total)
        first = min(offset, 1) if preview.kind == "container" else 0  # one item before the page may name its first one
        properties = self._read(preview, offset - first, stop) if offset < stop else ()
        items = tuple(self._child(properties, number) for number in range(first, len(properties)))
        return Children(items, stop if stop < preview.total else None, preview.total)

    def _child(self, properties: Sequence[Property], number: int) -> Child:
        style, key, value = properties[number]
        if style == "text":  # a piece of a long string, already redacted
            return Child(exact_str(key), value, Node(printable(exact_str(value)), "str", "string", False))
        label = self._line(key, "", self.limits.value_text // 2, 1) if style in ("pair", "value") else text_of(key)
        return Child(printable(label), value, self.describe(value, _name_of(properties, number)))

    def _read(self, preview: Preview, start: int, stop: int) -> Sequence[Property]:
        """Parts of a value; another thread may be changing it."""
        try:
            if preview.guarded:
                return self._guard.run(lambda: list(preview.properties(start, stop)))
            return list(preview.properties(start, stop))
        except ForeignCodeError as error:
            return [Property("item", start, Note(f"<cannot be read: {error}>"))]
        except RuntimeError:
            return [Property("item", start, Note("<changed while it was read>"))]


def _name_of(properties: Sequence[Property], number: int) -> str:
    """The name that may make a part secret: its key, or the sibling that names it.

    For an item, that is the first of two (``("password", "hunter2")``) or the option before it (``--password``); for a
    ``value`` in a record, its ``name``.
    """
    style, key, value = properties[number]
    if style == "item":
        before = _name(properties[number - 1].value) if number else ""
        if before in CREDENTIAL_OPTIONS:
            return "credentials" if ":" in exact_str(value) else ""
        return before if before.startswith("-") or (number == 1 and len(properties) == 2) else ""
    name = _name(key)
    if name.lower() in VALUE_KEYS:
        beside = (_name(part.value) for part in properties if _name(part.key).lower() in NAME_KEYS)
        name = next(filter(None, beside), name)
    return name


def _name(value: object) -> str:
    # The headers of an ASGI scope are bytes, which are their own class only: a subclass may have its own `decode`.
    return value[:LONGEST_NAME].decode("latin-1") if type(value) is bytes else exact_str(value)[:LONGEST_NAME]
