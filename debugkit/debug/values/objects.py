"""Previews of objects of any class: by what their class inherits from, else by their attributes.

Only `by_repr` runs their code. Which look a class gets, and the guard around that one, are not known here.
"""

from __future__ import annotations

import enum
import re
import types
from collections.abc import Iterator, Mapping
from itertools import islice, takewhile
from typing import Any, Final

from debugkit.debug.safe.inspection import (
    MISSING,
    MOST_ATTRIBUTES,
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
from debugkit.debug.values.builtins import CONTAINERS, container, int_text
from debugkit.debug.values.preview import (
    MOST_LINE,
    ClassProperties,
    Preview,
    Previewer,
    Properties,
    Property,
    fields,
    fields_preview,
    line_preview,
    listed,
    sequence_items,
    single_item,
    text_preview,
)

#: A ``__repr__`` that says no more than the name of the class.
_USELESS: Final = re.compile(r"<[^<>]* object at 0x[0-9A-Fa-f]+>")
#: Base classes of an object's class that are considered.
MOST_CLASSES: Final = 20


# By inheritance


def by_inheritance(cls: type) -> Previewer | None:
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
        return lambda value: line_preview("number", f"{class_name(cls)}({int_text(value)})")
    if issubclass(cls, float):
        return lambda value: line_preview("number", f"{class_name(cls)}({float.__repr__(value)})")
    container = next((base for base in mro(cls) if id(base) in CONTAINERS), None)
    return None if container is None else _subclass_of(container)


def _enum_member(value: object) -> Preview:
    name = f"{class_name(type(value))}.{exact_str(attribute(value, '_name_')) or '?'}"
    return Preview(
        "constant", head=f"<{name}: ", tail=">", properties=single_item(attribute(value, "_value_")), lined=1
    )


def _exception(value: Any) -> Preview:
    args = BaseException.args.__get__(value)  # type: ignore[attr-defined]  # a getset descriptor
    preview = Preview(
        head=f"{class_name(type(value))}(", tail=")", properties=sequence_items(lambda i, j: args[i:j]), total=len(args)
    )
    return with_attributes(preview, value)


def _class(value: type) -> Preview:
    names = {exact_str(name): item for name, item in class_dict(value).items()}
    return text_preview(f"<class '{qualified_name(value)}'>", names)


def _module(value: object) -> Preview:
    names = instance_dict(value) or {}
    name, file = exact_str(names.get("__name__")), exact_str(names.get("__file__"))
    return text_preview(printable(f"<module '{name}'{f' from {file!r}' if file else ''}>"), names)


def _named_tuple(value: Any) -> Preview:
    names = class_attribute(type(value), "_fields")
    items = dict(zip(map(exact_str, names), tuple.__iter__(value), strict=False))
    return fields_preview(class_name(type(value)), items, call=True)


def _namespace(value: object) -> Preview:
    return fields_preview("namespace", own_attributes(value), call=True)


def _subclass_of(base: type) -> Previewer:
    return lambda value: with_attributes(container(value, base), value)


def with_attributes(preview: Preview, value: object, *left_out: str) -> Preview:
    """``preview``, and the instance's attributes among its children, but for those that it shows already."""
    own = {name: item for name, item in own_attributes(value).items() if name not in left_out}
    if not own:
        return preview
    first, properties = preview.total, _joined(preview, fields(own))
    return Preview(
        preview.kind, preview.line, preview.head, preview.tail, properties, first + len(own), preview.lined or first
    )


# By class


def class_properties(cls: type, known: type = object) -> tuple[ClassProperties, ...]:
    """What ``cls`` and the classes it inherits from, up to a ``known`` one, define beside methods; a part for each.

    They are read without asking anybody.

    What has a ``__get__`` (a function, a property, a column) is a rule for what instances have, and no value.
    """
    unknown = takewhile(lambda base: base is not known, mro(cls))
    defined = ((base, _defined(base)) for base in islice(unknown, MOST_CLASSES))
    return tuple(
        ClassProperties(f"from class {printable(class_name(base))}", names) for base, names in defined if names
    )


def _defined(cls: type) -> dict[str, object]:
    namespace = class_dict(cls)
    fields = namespace.get("__dataclass_fields__")
    set_by_instances = fields if type(fields) is dict else {}
    names = ((exact_str(name), item) for name, item in islice(namespace.items(), MOST_ATTRIBUTES))
    return {
        name: item
        for name, item in names
        if name and name[:2] != "__" and name != "_abc_impl" and name not in set_by_instances and _is_value(item)
    }


def _is_value(item: object) -> bool:
    kind = type(item)
    return kind is not types.FunctionType and class_attribute(kind, "__get__") is MISSING


def with_class(preview: Preview, defined: tuple[ClassProperties, ...]) -> Preview:
    """``preview``, and among its children what the class defines, separate from the instance's own."""
    more = listed([Property("field", part.label, part) for part in defined])
    lined = preview.total if preview.lined is None else preview.lined
    return preview._replace(properties=_joined(preview, more), total=preview.total + len(defined), lined=lined)


def _joined(preview: Preview, more: Properties) -> Properties:
    """The properties of ``preview``, then ``more``."""
    first, read = preview.total, preview.properties

    def properties(start: int, stop: int) -> Iterator[Property]:
        yield from read(start, min(stop, first)) if start < first else ()
        yield from more(max(start - first, 0), stop - first) if stop > first else ()

    return properties


# By attributes


def own_attributes(value: object) -> dict[str, Any]:
    """What `attributes` finds, {} if it fails."""
    try:
        return attributes(value)
    except Exception:  # another thread changes them, or a C type is not initialised
        return {}


def plain_object(value: object) -> Preview:
    """``<Name attribute=value, ...>``: what can be said of anything."""
    return fields_preview(class_name(type(value)), own_attributes(value))


def data_class(value: object) -> Preview:
    """The fields of a data class as its ``__repr__`` would list them; those it leaves out can be opened."""
    described: Mapping[str, Any] = class_attribute(type(value), "__dataclass_fields__")
    values = {name: attribute(value, name) for name in described}
    shown = {name: item for name, item in values.items() if item is not MISSING and attribute(described[name], "repr")}
    rest = {name: item for name, item in own_attributes(value).items() if name not in shown}
    return fields_preview(class_name(type(value)), shown | rest, call=True, lined=len(shown))


def is_plain_data_class(cls: type, own_repr: Any) -> bool:
    """Whether its ``__repr__`` is the one that `dataclasses` wrote, so that it need not run."""
    written = (instance_dict(own_repr) or {}).get("__wrapped__", own_repr)
    code = written.__code__ if type(written) is types.FunctionType else None
    marked = class_attribute(cls, "__dataclass_fields__") is not MISSING
    return marked and code is not None and exact_str(code.co_filename) == "<string>"


def by_repr(value: object) -> Preview:
    """What the class's own ``__repr__`` says: to be run under guard."""
    text = exact_str(repr(value))[:MOST_LINE]
    return plain_object(value) if _USELESS.fullmatch(text) else text_preview(text, own_attributes(value))
