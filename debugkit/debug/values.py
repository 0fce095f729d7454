"""Any object -> one line of text and pages of children: bounded, redacted, never raising, never hanging.

The only module that touches values of the application. It knows no markup and no page. Nothing is ever consumed or
changed: iterators are not advanced, properties not read, lazy objects not evaluated. Types are compared by ``type()``
and looked up by ``id()``: ``isinstance`` believes ``__class__``, and a dict asks a metaclass for its hash.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fractions
import gc
import io
import pathlib
import re
import threading
import types
import uuid
import zoneinfo
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from debugkit.debug.guard import (
    MISSING,
    ForeignCodeError,
    Guard,
    NoTimeLeft,
    TookTooLong,
    attribute,
    attributes,
    class_attribute,
    class_dict,
    class_name,
    exact_str,
    instance_dict,
    mro,
    printable,
    qualified_name,
)
from debugkit.debug.known_types import (
    Note,
    Part,
    Parts,
    Shape,
    fields,
    find_view,
    items_of_list,
    one,
    record,
    said,
    sliced,
)
from debugkit.debug.redaction import REDACTED, Redactor
from debugkit.settings import Limits

#: Characters looked at beyond those shown, so that a secret that begins in sight is recognised as a whole.
MARGIN: Final = 512
#: Characters of a string, or of what a ``__repr__`` returned, that are looked at at all.
MOST_TEXT: Final = 1_000_000
#: Integers of more bits are not converted: decimal conversion is quadratic, and CPython refuses it over 4300 digits.
MOST_BITS: Final = 1_600
#: Fewer characters than these say nothing: the part is counted with those left out.
FEWEST: Final = 6

#: Characters for each container in a list of containers: better two that tell something than ten that do not.
ROOM_TO_SEE_INTO: Final = 45


@dataclass(frozen=True, slots=True)
class Node:
    """One value in one line. ``openable``: it has children."""

    text: str
    type: str
    kind: str  # string, number, constant, container, object, error, redacted
    openable: bool
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class Child:
    """``label`` is the text of a key, the name of an attribute or the number of an item."""

    label: str
    value: object
    node: Node


@dataclass(frozen=True, slots=True)
class Children:
    """A page of children. ``next_offset`` is where the next page begins, `None` on the last one."""

    items: tuple[Child, ...]
    next_offset: int | None
    total: int | None


class Describer:
    """Describes values within ``limits``. Make one for each page: it holds the time that foreign code may take."""

    def __init__(self, limits: Limits, redactor: Redactor, guard: Guard | None = None) -> None:
        self.limits, self.redactor = limits, redactor
        self._guard = guard or Guard(limits.repr_seconds, limits.values_seconds)
        self._path: list[int] = []  # ids of the containers around the value at hand
        self._kinds: dict[int, _Kind] = {}  # by id of the class
        self._asked: dict[
            int, tuple[object, Shape | None]
        ] = {}  # answers of foreign code, by id of the value, likewise
        self._slow: set[int] = set()  # classes whose repr took too long once
        self._texts: dict[int, _Look] = {id(str): self._string, id(bytes): self._bytes, id(bytearray): self._bytes}

    def __enter__(self) -> Describer:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End the helper thread, if there is one, and let go of all values."""
        self._guard.close()
        self._asked.clear()
        self._kinds.clear()

    def describe(self, value: object, name: str = "") -> Node:
        """``value`` in one line of at most ``limits.value_text`` characters. Its ``name`` may make it secret."""
        try:
            return self._node(value, name)
        except Exception as error:
            return self._failed(value, error)

    def children(self, value: object, name: str = "", offset: int = 0) -> Children:
        """At most ``limits.page_items`` children from ``offset`` on; none of a secret."""
        try:
            if self._is_secret(value, name):
                return Children((), None, 0)
            return self._page(self._shape(value), max(offset, 0))
        except Exception as error:
            return Children((Child("", None, self._failed(value, error)),), None, None)

    # One line

    def _node(self, value: object, name: str) -> Node:
        of = printable(self._kind(type(value)).name)
        if self._is_secret(value, name):
            return Node(REDACTED, of, "redacted", False, True)
        shape = self._shape(value)
        text = _cut(printable(self._text(shape, value, self.limits.value_text, 0)), self.limits.value_text)
        if text.strip("b'\"") == REDACTED:
            return Node(REDACTED, of, "redacted", False, True)
        return Node(text, of, shape.kind, shape.total > 0)

    def _failed(self, value: object, error: Exception) -> Node:
        """The last resort. `RecursionError` and `MemoryError` end here as well."""
        name = printable(class_name(type(value)))
        return Node(f"<{name}: cannot be shown, {class_name(type(error))}>", name, "error", False)

    def _is_secret(self, value: object, name: str) -> bool:
        """By name or type. `None`, booleans and "" are no secrets, and the reason of many an error; nor is code."""
        cls = type(value)
        if id(cls) in _NEVER_SECRET or (cls is str and not value):
            return False
        if name and self.redactor.name_is_secret(name):
            return not issubclass(cls, (type, types.ModuleType))
        return self._kind(cls).secret

    def _text(self, shape: Shape, value: object, budget: int, depth: int) -> str:
        if shape.line is not None:
            return shape.line(budget)
        lined = shape.total if shape.lined is None else shape.lined
        if id(value) in self._path:
            return f"<cycle: {class_name(type(value))}>"
        room = budget - len(shape.head) - len(shape.tail)
        if lined and (depth > self.limits.value_depth or room < FEWEST):
            return f"{shape.head}…{shape.tail}"
        self._path.append(id(value))
        try:
            return f"{shape.head}{self._inside(shape, lined, room, depth)}{shape.tail}"
        finally:
            self._path.pop()

    def _inside(self, shape: Shape, lined: int, room: int, depth: int) -> str:
        """As many parts as there is room for. Each gets a fair share of the room; what one leaves, the next may use."""
        parts = self._read(shape, 0, min(self.limits.value_items, lined))
        if len(parts) > 2 and parts[0].style == "item" and self._shape(parts[0].value).total:
            parts = parts[: max(2, room // ROOM_TO_SEE_INTO)]
        room -= 2 * max(len(parts) - 1, 0) + (len(f", … {lined:,} more") if lined > len(parts) else 0)
        texts = self._fill(parts, room, depth)
        left = room - sum(map(len, texts))
        cut = [number for number, text in enumerate(texts) if "…" in text]
        if depth == 0 and cut and left > FEWEST:  # the last ones were short: let the first ones have what is left
            for number in cut:
                texts[number] = self._part(parts, number, len(texts[number]) + left // len(cut), depth)
        if len(texts) < lined:
            texts.append(f"… {lined - len(texts):,} more")
        return ", ".join(texts)

    def _fill(self, parts: Sequence[Part], room: int, depth: int) -> list[str]:
        texts: list[str] = []
        for number in range(len(parts)):
            if texts and room < FEWEST:
                break
            texts.append(self._part(parts, number, max(room // (len(parts) - number), 2 * FEWEST), depth))
            room -= len(texts[-1])
        return texts

    def _part(self, parts: Sequence[Part], number: int, budget: int, depth: int) -> str:
        style, key, value = parts[number]
        label = ""
        if style == "pair":
            label = self._line(key, "", max(budget // 2, FEWEST), depth + 1) + ": "
        elif style == "field":
            label = f"{key}="
        return label + self._line(value, _name_of(parts, number), max(budget - len(label), 1), depth + 1)

    def _line(self, value: object, name: str, budget: int, depth: int) -> str:
        if self._is_secret(value, name):
            return REDACTED
        cls = type(value)
        if cls is str and len(value) + 2 < budget:  # type: ignore[arg-type]  # most values are short strings or numbers
            return _cut(repr(self.redactor.text(value)), budget)  # type: ignore[arg-type]
        if cls is int:
            return _cut(_int_text(value), budget)  # type: ignore[arg-type]
        return self._text(self._shape(value), value, budget, depth)

    # Children

    def _page(self, shape: Shape, offset: int) -> Children:
        size = 1 if shape.kind == "string" else self.limits.page_items
        stop = min(offset + size, shape.total)
        parts = self._read(shape, offset, stop) if offset < stop else ()
        items = tuple(self._child(parts, number) for number in range(len(parts)))
        return Children(items, stop if stop < shape.total else None, shape.total)

    def _child(self, parts: Sequence[Part], number: int) -> Child:
        style, key, value = parts[number]
        if style == "text":  # a piece of a long string, already redacted
            return Child(exact_str(key), value, Node(printable(exact_str(value)), "str", "string", False))
        label = self._line(key, "", self.limits.value_text // 2, 1) if style in ("pair", "value") else str(key)
        return Child(printable(label), value, self.describe(value, _name_of(parts, number)))

    def _read(self, shape: Shape, start: int, stop: int) -> Sequence[Part]:
        """Parts of a value; another thread may be changing it."""
        try:
            if shape.guarded:
                return self._guard.run(lambda: list(shape.parts(start, stop)))
            return list(shape.parts(start, stop))
        except ForeignCodeError as error:
            return [Part("item", start, Note(f"<cannot be read: {error}>"))]
        except RuntimeError:
            return [Part("item", start, Note("<changed while it was read>"))]

    # What a value looks like

    def _shape(self, value: object) -> Shape:
        return self._kind(type(value)).look(value)

    def _kind(self, cls: type) -> _Kind:
        kind = self._kinds.get(id(cls))
        if kind is None:
            secret = id(cls) not in _BUILTIN and any(_SECRET_TYPE.match(class_name(base)) for base in mro(cls))
            look = _BUILTIN.get(id(cls)) or self._texts.get(id(cls)) or self._look(cls)
            kind = self._kinds[id(cls)] = _Kind(cls, qualified_name(cls), secret, look)
        return kind

    def _look(self, cls: type) -> _Look:
        """How to look at instances of ``cls``, which is none of the built-in types."""
        view = find_view(cls)
        if view is not None:
            return lambda value: self._by_view(view.look, view.foreign, value)
        special = _by_class(cls)
        if special is not None:
            return special
        own_repr = class_attribute(cls, "__repr__")
        for base in mro(cls):
            if id(base) in self._texts:
                # A class that hides its text behind a `__repr__` has its reasons.
                return self._texts[id(base)] if own_repr is class_dict(base)["__repr__"] else self._foreign
            if id(base) in _CONTAINERS:
                return _subclass_of(base)
        if own_repr is object.__repr__:
            return _object
        return _data_class if _is_plain_data_class(cls, own_repr) else self._foreign

    def _by_view(self, look: Callable[[Any], Shape | None], foreign: bool, value: object) -> Shape:
        """A view of a well-known type; the generic one if it fails, for libraries change."""
        try:
            shape = self._ask(value, look) if foreign else self._safe(look(value))
        except ForeignCodeError:
            return _object(value)
        except Exception:  # a view that expected another version of its library
            return self._foreign(value)
        return shape or self._foreign(value)

    def _ask(self, value: object, look: Callable[[Any], Shape | None]) -> Shape | None:
        """The answer of foreign code, remembered: a page names the same value in several places."""
        known = self._asked.get(id(value))
        if known is None:
            known = self._asked[id(value)] = (value, self._safe(self._guard.run(look, value)))
        return known[1]

    def _safe(self, shape: Shape | None) -> Shape | None:
        """``shape`` with the texts that others made printable, redacted and cut."""
        if shape is None:
            return None
        if shape.line is None:
            return replace(shape, head=self._safe_text(shape.head), tail=self._safe_text(shape.tail))
        text = self._safe_text(shape.line(MOST_LINE))
        return replace(shape, line=lambda budget: _cut(text, budget))

    def _safe_text(self, text: str) -> str:
        return printable(self.redactor.text(text[:MOST_LINE]))

    def _foreign(self, value: object) -> Shape:
        """What the class's own ``__repr__`` says, run under guard; the attributes are its children."""
        cls = type(value)
        if id(cls) in self._slow:
            return _object(value)
        try:
            return self._ask(value, _by_repr) or _object(value)
        except NoTimeLeft:
            return _object(value)
        except ForeignCodeError as error:
            if type(error) is TookTooLong:
                self._slow.add(id(cls))
            text, own = self._safe_text(f"<{class_name(cls)}: repr {error}>"), _own(value)
            shape = Shape("error", line=lambda budget: _cut(text, budget), parts=fields(own), total=len(own))
            self._asked[id(value)] = (value, shape)
            return shape

    # Strings

    def _string(self, value: Any) -> Shape:
        length = str.__len__(value)

        def quoted(budget: int) -> str:
            text = self._clipped(lambda size: str.__getitem__(value, slice(0, size)), length, budget)
            return _quoted(repr(text), length, budget, "characters")

        return self._long(value, quoted, lambda: repr(self.redactor.text(value[:MOST_TEXT]))[1:-1], length)

    def _bytes(self, value: Any) -> Shape:
        base = bytes if issubclass(type(value), bytes) else bytearray
        length = base.__len__(value)

        def read(size: int) -> str:
            return base.__getitem__(value, slice(0, size)).decode("latin-1")

        def quoted(budget: int) -> str:
            return "b" + _quoted(_bytes_repr(self._clipped(read, length, budget)), length, budget - 1, "bytes")

        return self._long(value, quoted, lambda: _bytes_repr(self.redactor.text(read(MOST_TEXT)))[1:-1], length)

    def _clipped(self, read: Callable[[int], str], length: int, budget: int) -> str:
        """About the first ``budget`` characters, redacted, without ever reading the whole."""
        wanted = budget + MARGIN
        text = self.redactor.text(read(wanted))
        return text if length <= wanted else text[:-MARGIN] or REDACTED

    def _long(self, value: object, quoted: Callable[[int], str], whole: Callable[[], str], length: int) -> Shape:
        """A string that, when it is longer than a line, opens into pieces."""
        size, cls = self.limits.value_string, type(value)
        name = "" if cls is str or cls is bytes else class_name(cls)

        def line(budget: int) -> str:
            return f"{name}({quoted(max(budget - len(name) - 2, 3))})" if name else quoted(budget)

        def pieces(start: int, stop: int) -> Iterator[Part]:
            text = whole()
            return (Part("text", f"{n * size:,}", text[n * size : (n + 1) * size]) for n in range(start, stop))

        opened = length + 3 > self.limits.value_text
        count = -(-min(length, MOST_TEXT) // size) if opened else 0
        return Shape("string", line, parts=pieces, total=count)


_Look = Callable[[Any], Shape]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is known of a class; it is kept alive, so that its id stays its own."""

    cls: type
    name: str
    secret: bool
    look: _Look


#: Characters of a line that a library or a class made, before it is cut to the room there is.
MOST_LINE: Final = 10_000


def _cut(text: str, budget: int) -> str:
    return text if len(text) <= budget else text[: max(budget - 1, 0)] + "…"


def _quoted(text: str, length: int, budget: int, unit: str) -> str:
    """``text``, a repr without prefix, within ``budget``; ``length`` is that of the complete value."""
    if len(text) <= budget and length <= budget:
        return text
    size = f" ({length:,} {unit})" if budget >= 60 else ""
    return f"{text[0]}{text[1:-1][: max(budget - 3 - len(size), 1)]}…{text[0]}{size}"


def _bytes_repr(text: str) -> str:
    """The repr of bytes, without its ``b``, from their Latin-1 text in which secrets are replaced."""
    return "'" + REDACTED.join(repr(piece.encode("latin-1"))[2:-1] for piece in text.split(REDACTED)) + "'"


def _name_of(parts: Sequence[Part], number: int) -> str:
    """The name that may make a part secret: its key; for the second of two, the first: ``("password", "hunter2")``."""
    style, key, _ = parts[number]
    if style != "item":
        return exact_str(key)
    return exact_str(parts[0].value) if number == 1 and len(parts) == 2 and style == "item" else ""


# Objects


def _own(value: object) -> dict[str, Any]:
    try:
        return attributes(value)
    except Exception:  # another thread changes them, or a C type is not initialised
        return {}


def _object(value: object) -> Shape:
    return record(class_name(type(value)), _own(value))


def _with_attributes(shape: Shape, value: object) -> Shape:
    """``shape``, and the instance's attributes among its children."""
    own = _own(value)
    if not own:
        return shape
    first, more = shape.total, fields(own)

    def parts(start: int, stop: int) -> Iterator[Part]:
        yield from shape.parts(start, min(stop, first)) if start < first else ()
        yield from more(max(start - first, 0), stop - first) if stop > first else ()

    return Shape(shape.kind, shape.line, shape.head, shape.tail, parts, first + len(own), shape.lined or first)


def _by_repr(value: object) -> Shape:
    """Runs in the helper thread: everything here may be foreign code."""
    text = exact_str(repr(value))[:MOST_LINE]
    return _object(value) if _USELESS.fullmatch(text) else said(text, _own(value))


def _data_class(value: object) -> Shape:
    described: Mapping[str, Any] = class_attribute(type(value), "__dataclass_fields__")
    found = {name: attribute(value, name) for name in described}
    shown = {name: item for name, item in found.items() if item is not MISSING and attribute(described[name], "repr")}
    rest = {name: item for name, item in _own(value).items() if name not in shown}
    return record(class_name(type(value)), shown | rest, call=True, lined=len(shown))


def _is_plain_data_class(cls: type, own_repr: Any) -> bool:
    """Whether its ``__repr__`` is the one that `dataclasses` wrote, so that it need not run."""
    written = (instance_dict(own_repr) or {}).get("__wrapped__", own_repr)
    code = written.__code__ if type(written) is types.FunctionType else None
    marked = class_attribute(cls, "__dataclass_fields__") is not MISSING
    return marked and code is not None and code.co_filename == "<string>"


def _named_tuple(value: Any) -> Shape:
    names = class_attribute(type(value), "_fields")
    found = dict(zip(map(exact_str, names), tuple.__iter__(value), strict=False))
    return record(class_name(type(value)), found, call=True)


def _enum_member(value: object) -> Shape:
    name = f"{class_name(type(value))}.{exact_str(attribute(value, '_name_')) or '?'}"
    return Shape("constant", head=f"<{name}: ", tail=">", parts=one(attribute(value, "_value_")), lined=1)


def _exception(value: Any) -> Shape:
    args = BaseException.args.__get__(value)  # type: ignore[attr-defined]  # a getset descriptor
    shape = Shape(head=f"{class_name(type(value))}(", tail=")", parts=sliced(lambda i, j: args[i:j]), total=len(args))
    return _with_attributes(shape, value)


def _class(value: type) -> Shape:
    names = {exact_str(name): item for name, item in class_dict(value).items()}
    return said(f"<class '{qualified_name(value)}'>", names)


def _module(value: object) -> Shape:
    names = instance_dict(value) or {}
    name, file = exact_str(names.get("__name__")), exact_str(names.get("__file__"))
    return said(printable(f"<module '{name}'{f' from {file!r}' if file else ''}>"), names)


def _by_class(cls: type) -> _Look | None:
    """Families of classes that are known by what they inherit from."""
    if issubclass(cls, enum.Enum):
        return _enum_member
    if issubclass(cls, BaseException):
        return _exception
    if issubclass(cls, type):
        return _class
    if issubclass(cls, types.ModuleType):
        return _module
    if issubclass(cls, tuple) and type(class_attribute(cls, "_fields")) is tuple:
        return _named_tuple
    if issubclass(cls, int):
        return lambda value: _atom("number", f"{class_name(cls)}({_int_text(value)})")
    if issubclass(cls, float):
        return lambda value: _atom("number", f"{class_name(cls)}({float.__repr__(value)})")
    return None


# Built-in types, by code that calls none of theirs


def _atom(kind: str, text: str) -> Shape:
    return Shape(kind, line=lambda budget: _cut(text, budget))


def _int_text(value: int) -> str:
    bits = int.bit_length(value)
    if bits > MOST_BITS:
        return f"<int of about {int(bits * 0.30103) + 1:,} digits>"
    return int.__repr__(value)


def _dict_parts(value: Any, style: str = "pair") -> Parts:
    def parts(start: int, stop: int) -> Iterator[Part]:
        return (Part(style, key, item) for key, item in islice(dict.items(value), start, stop))

    return parts


def _items(base: Any, value: Any) -> Parts:
    return sliced(lambda start, stop: islice(base.__iter__(value), start, stop))


def _container(value: Any, base: type) -> Shape:
    """A container, or an instance of a subclass of it, read by the methods of ``base``."""
    opening, closing = _CONTAINERS[id(base)]
    total: int = base.__len__(value)  # type: ignore[attr-defined]
    if not total and issubclass(base, (set, frozenset)):
        opening, closing = (f"{base.__name__}(", ")")
    if base is tuple and total == 1:
        closing = ",)"
    if type(value) is not base:
        opening, closing = f"{class_name(type(value))}({opening}", f"{closing})"
    if issubclass(base, dict):
        return Shape("container", head=opening, tail=closing, parts=_dict_parts(value), total=total)
    if base is list:
        return Shape("container", head=opening, tail=closing, parts=items_of_list(value), total=total)
    if base is tuple:
        parts = sliced(lambda start, stop: tuple.__getitem__(value, slice(start, stop)))
        return Shape("container", head=opening, tail=closing, parts=parts, total=total)
    return Shape("container", head=opening, tail=closing, parts=_items(base, value), total=total)


def _subclass_of(base: type) -> _Look:
    return lambda value: _with_attributes(_container(value, base), value)


def _default_dict(value: Any) -> Shape:
    factory = class_dict(collections.defaultdict)["default_factory"].__get__(value)
    name = class_name(factory) if issubclass(type(factory), type) else "…" if factory is not None else "None"
    head = f"{class_name(type(value))}({name}, {{"
    return Shape("container", head=head, tail="})", parts=_dict_parts(value), total=dict.__len__(value))


def _proxied(value: Any) -> Any:
    """The mapping behind a mapping proxy, which has no attribute for it and would ask the mapping for everything."""
    return gc.get_referents(value)[0]


def _mapping_proxy(value: Any) -> Shape:
    return Shape("container", head="mappingproxy(", tail=")", parts=one(_proxied(value)), total=1)


def _dict_view(style: str) -> _Look:
    def look(value: Any) -> Shape:
        mapping = _proxied(value.mapping)
        parts, total = _dict_parts(mapping, style), dict.__len__(mapping)
        if style == "key":
            parts = sliced(lambda start, stop: islice(dict.__iter__(mapping), start, stop))
        opening, closing = ("({", "})") if style == "pair" else ("([", "])")
        return Shape("container", head=class_name(type(value)) + opening, tail=closing, parts=parts, total=total)

    return look


def _range(value: range) -> Shape:
    numbers = [value.start, value.stop, *([value.step] if value.step != 1 else [])]
    return _atom("container", f"range({', '.join(map(_int_text, numbers))})")


def _slice(value: slice) -> Shape:
    return Shape(
        head="slice(", tail=")", parts=sliced(lambda i, j: (value.start, value.stop, value.step)[i:j]), lined=3
    )


def _time(value: Any) -> Shape:
    """A time zone may be anybody's class."""
    zone = value.tzinfo
    known = zone is None or type(zone) in (datetime.timezone, zoneinfo.ZoneInfo)
    text = str(value if known else value.replace(tzinfo=None))
    return _atom("constant", f"{type(value).__name__}({text}{'' if known else ' ' + class_name(type(zone))})")


def _decimal(value: decimal.Decimal) -> Shape:
    return _atom("number", f"Decimal('{value}')" if abs(value.adjusted()) < 1_000 else f"Decimal('{value:.10E}')")


def _fraction(value: fractions.Fraction) -> Shape:
    return _atom("number", f"Fraction({_int_text(value.numerator)}, {_int_text(value.denominator)})")


def _function(value: types.FunctionType) -> Shape:
    code, cells = value.__code__, value.__closure__ or ()
    where = f"{exact_str(value.__module__)}:{exact_str(value.__qualname__)}, {pathlib.PurePath(code.co_filename).name}"
    found = {name: _cell(cell) for name, cell in zip(code.co_freevars, cells, strict=False)}
    return said(printable(f"<function {where}:{code.co_firstlineno}>"), found)


def _cell(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return Note("<not set yet>")


def _method(value: types.MethodType) -> Shape:
    function = value.__func__
    name = exact_str(function.__qualname__) if type(function) is types.FunctionType else "…"
    return Shape(head=f"<bound method {name} of ", tail=">", parts=one(value.__self__), total=1)


def _generator(value: Any) -> Shape:
    prefix = {types.GeneratorType: "gi", types.CoroutineType: "cr"}.get(type(value), "ag")
    frame = getattr(value, f"{prefix}_frame")
    state = "finished" if frame is None else f"at line {frame.f_lineno}"
    kind = {"gi": "generator", "cr": "coroutine", "ag": "async generator"}[prefix]
    return said(f"<{kind} {exact_str(value.__qualname__)}, {state}>")


def _memory(value: memoryview) -> Shape:
    try:
        return _atom("container", f"<memoryview of {value.nbytes:,} bytes>")
    except ValueError:
        return _atom("container", "<memoryview, released>")


def _bytes_io(value: io.BytesIO) -> Shape:
    if value.closed:
        return said("<BytesIO, closed>")
    with value.getbuffer() as buffer:
        return said(f"<BytesIO of {buffer.nbytes:,} bytes, at {value.tell():,}>")


def _string_io(value: io.StringIO) -> Shape:
    return said("<StringIO, closed>" if value.closed else f"<StringIO, at {value.tell():,}>")


def _pattern(value: re.Pattern[Any]) -> Shape:
    return Shape(head="re.compile(", tail=")", parts=one(value.pattern), lined=1)


def _match(value: re.Match[Any]) -> Shape:
    if type(value.string) not in (str, bytes):
        return said(f"<re.Match span={value.span()}>")
    return Shape(head=f"<re.Match span={value.span()}, match=", tail=">", parts=one(value.group()), lined=1)


def _own_repr(kind: str) -> _Look:
    """For types whose repr is C code, or the standard library's, that runs no code of others."""
    return lambda value: _atom(kind, printable(_ADDRESS.sub("", repr(value))))


def _table(*entries: tuple[_Look, Sequence[type]]) -> dict[int, _Look]:
    return {id(cls): look for look, classes in entries for cls in classes}


_USELESS: Final = re.compile(r"<[^<>]* object at 0x[0-9A-Fa-f]+>")
_ADDRESS: Final = re.compile(r"(?: object)? at 0x[0-9A-Fa-f]+")
#: pydantic's SecretStr, Starlette's Secret, ...; not `SecretaryForm`.
_SECRET_TYPE: Final = re.compile(r"Secret(?![a-z])")
_CODE: Final = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, type, types.ModuleType)
_NEVER_SECRET: Final = frozenset(map(id, (type(None), bool, *_CODE)))
_CONTAINERS: Final[Mapping[int, tuple[str, str]]] = {
    id(list): ("[", "]"),
    id(tuple): ("(", ")"),
    id(set): ("{", "}"),
    id(frozenset): ("frozenset({", "})"),
    id(dict): ("{", "}"),
    id(collections.OrderedDict): ("OrderedDict({", "})"),
    id(collections.Counter): ("Counter({", "})"),
    id(collections.deque): ("deque([", "])"),
}
_BUILTIN: Final[Mapping[int, _Look]] = _table(
    (_own_repr("constant"), (type(None), bool, type(...), type(NotImplemented))),
    (_own_repr("number"), (float, complex)),
    (lambda value: _atom("number", _int_text(value)), (int,)),
    (lambda value: _container(value, list), (list,)),
    (lambda value: _container(value, tuple), (tuple,)),
    (lambda value: _container(value, set), (set,)),
    (lambda value: _container(value, frozenset), (frozenset,)),
    (lambda value: _container(value, dict), (dict,)),
    (lambda value: _container(value, collections.deque), (collections.deque,)),
    (lambda value: _container(value, collections.Counter), (collections.Counter,)),
    (lambda value: _container(value, collections.OrderedDict), (collections.OrderedDict,)),
    (_default_dict, (collections.defaultdict,)),
    (_mapping_proxy, (types.MappingProxyType,)),
    (_dict_view("key"), (type({}.keys()),)),
    (_dict_view("value"), (type({}.values()),)),
    (_dict_view("pair"), (type({}.items()),)),
    (_range, (range,)),
    (_slice, (slice,)),
    (_time, (datetime.datetime, datetime.time)),
    (lambda value: _atom("constant", f"{type(value).__name__}({value})"), (datetime.date, datetime.timedelta)),
    (_decimal, (decimal.Decimal,)),
    (_fraction, (fractions.Fraction,)),
    (_own_repr("constant"), (uuid.UUID, datetime.timezone, zoneinfo.ZoneInfo)),
    (_own_repr("string"), (pathlib.PosixPath, pathlib.WindowsPath, pathlib.PurePosixPath, pathlib.PureWindowsPath)),
    (_own_repr("object"), (type(threading.Lock()), type(threading.RLock()), object, types.BuiltinFunctionType)),
    (_own_repr("object"), (types.CodeType, types.FrameType, types.TracebackType)),
    (_function, (types.FunctionType,)),
    (_method, (types.MethodType,)),
    (_generator, (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)),
    (_class, (type,)),
    (_module, (types.ModuleType,)),
    (_memory, (memoryview,)),
    (_bytes_io, (io.BytesIO,)),
    (_string_io, (io.StringIO,)),
    (_pattern, (re.Pattern,)),
    (_match, (re.Match,)),
    (lambda note: _atom("constant", note.text), (Note,)),
    (lambda value: record("namespace", _own(value), call=True), (types.SimpleNamespace,)),
)
