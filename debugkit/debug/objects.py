"""How objects of any class are looked at: by what their class inherits from, else by their attributes.

Only `by_repr` runs their code. Which look a class gets, and the guard around that one, are not known here.
"""

from __future__ import annotations

import enum
import re
import types
from collections.abc import Iterator, Mapping
from typing import Any, Final

from debugkit.debug.builtin_types import CONTAINERS, container, int_text
from debugkit.debug.guard import (
    MISSING,
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
from debugkit.debug.shapes import MOST_LINE, Look, Part, Shape, atom, fields, one, record, said, sliced

#: A ``__repr__`` that says no more than the name of the class.
_USELESS: Final = re.compile(r"<[^<>]* object at 0x[0-9A-Fa-f]+>")


# By inheritance


def by_inheritance(cls: type) -> Look | None:
    """The look for families of classes that are known by what they inherit from."""
    if cls is types.SimpleNamespace:
        return _namespace
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
        return lambda value: atom("number", f"{class_name(cls)}({int_text(value)})")
    if issubclass(cls, float):
        return lambda value: atom("number", f"{class_name(cls)}({float.__repr__(value)})")
    found = next((base for base in mro(cls) if id(base) in CONTAINERS), None)
    return None if found is None else _subclass_of(found)


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


def _named_tuple(value: Any) -> Shape:
    names = class_attribute(type(value), "_fields")
    found = dict(zip(map(exact_str, names), tuple.__iter__(value), strict=False))
    return record(class_name(type(value)), found, call=True)


def _namespace(value: object) -> Shape:
    return record("namespace", own_attributes(value), call=True)


def _subclass_of(base: type) -> Look:
    return lambda value: _with_attributes(container(value, base), value)


def _with_attributes(shape: Shape, value: object) -> Shape:
    """``shape``, and the instance's attributes among its children."""
    own = own_attributes(value)
    if not own:
        return shape
    first, more = shape.total, fields(own)

    def parts(start: int, stop: int) -> Iterator[Part]:
        yield from shape.parts(start, min(stop, first)) if start < first else ()
        yield from more(max(start - first, 0), stop - first) if stop > first else ()

    return Shape(shape.kind, shape.line, shape.head, shape.tail, parts, first + len(own), shape.lined or first)


# By attributes


def own_attributes(value: object) -> dict[str, Any]:
    """What `attributes` finds, {} if it fails."""
    try:
        return attributes(value)
    except Exception:  # another thread changes them, or a C type is not initialised
        return {}


def plain_object(value: object) -> Shape:
    """``<Name attribute=value, ...>``: what can be said of anything."""
    return record(class_name(type(value)), own_attributes(value))


def data_class(value: object) -> Shape:
    """The fields of a data class as its ``__repr__`` would list them; those it leaves out can be opened."""
    described: Mapping[str, Any] = class_attribute(type(value), "__dataclass_fields__")
    found = {name: attribute(value, name) for name in described}
    shown = {name: item for name, item in found.items() if item is not MISSING and attribute(described[name], "repr")}
    rest = {name: item for name, item in own_attributes(value).items() if name not in shown}
    return record(class_name(type(value)), shown | rest, call=True, lined=len(shown))


def is_plain_data_class(cls: type, own_repr: Any) -> bool:
    """Whether its ``__repr__`` is the one that `dataclasses` wrote, so that it need not run."""
    written = (instance_dict(own_repr) or {}).get("__wrapped__", own_repr)
    code = written.__code__ if type(written) is types.FunctionType else None
    marked = class_attribute(cls, "__dataclass_fields__") is not MISSING
    return marked and code is not None and code.co_filename == "<string>"


def by_repr(value: object) -> Shape:
    """What the class's own ``__repr__`` says: to be run under guard."""
    text = exact_str(repr(value))[:MOST_LINE]
    return plain_object(value) if _USELESS.fullmatch(text) else said(text, own_attributes(value))
