"""How well-known objects that hold others are looked at: by their parts. Their ``__repr__`` runs that of each part.

Found by name: none of these modules is imported. Attributes are read, no code is called. A class that has a
``__repr__`` of its own is none of these: it says what it wants to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any, Final

from debugkit.debug.safe.inspection import (
    MISSING,
    attribute,
    class_attribute,
    class_dict,
    class_name,
    exact_str,
    module_name,
    mro,
)
from debugkit.debug.values.builtins import container
from debugkit.debug.values.objects import own_attributes, with_attributes
from debugkit.debug.values.preview import Look, Part, Shape, given, items_of_list, one, record, said


def _name(value: object) -> str:
    return class_name(type(value))


def _field(value: object, name: str) -> Any:
    """An attribute that the class keeps in C, in a slot or in the instance's dict. Raises `LookupError`."""
    descriptor = class_attribute(type(value), name)
    for kind in (GetSetDescriptorType, MemberDescriptorType):
        if type(descriptor) is kind:
            return kind.__get__(descriptor, value)
    found = attribute(value, name)
    if found is MISSING:
        raise LookupError(name)
    return found


# The standard library


def _partial(value: object) -> Shape:
    given_args, keywords = _field(value, "args"), _field(value, "keywords")
    parts = [Part("item", "func", _field(value, "func"))]
    parts += [Part("item", number, item) for number, item in enumerate(tuple.__iter__(given_args))]
    parts += [Part("field", exact_str(name), item) for name, item in dict.items(keywords)]
    shape = Shape(head=f"functools.{_name(value)}(", tail=")", parts=given(parts), total=len(parts))
    return with_attributes(shape, value, "func", "args", "keywords")


def _user_container(value: object) -> Shape:
    """`UserDict`, `UserList` or `UserString`: what they hold is usually, not always, of the class they stand for."""
    data, shape = _field(value, "data"), None
    for base, opening, closing in ((dict, "{", "}"), (list, "[", "]")):
        if type(data) is base:
            shape = replace(container(data, base), head=f"{_name(value)}({opening}", tail=f"{closing})")
    shape = shape or Shape("container", head=f"{_name(value)}(", tail=")", parts=one(data), total=1)
    return with_attributes(shape, value, "data")


def _chain_map(value: object) -> Shape:
    maps = _field(value, "maps")
    shape = Shape("container", head=f"{_name(value)}(", tail=")", parts=items_of_list(maps), total=list.__len__(maps))
    return with_attributes(shape, value, "maps")


def _bound_arguments(value: object) -> Shape:
    named = {exact_str(name): item for name, item in dict.items(_field(value, "arguments"))}
    return replace(record("", named), head=f"<{_name(value)} (", tail=")>")


def _future(value: object) -> Shape:
    """Its state and its outcome. Nobody is told that the exception was seen: it is logged if nobody handles it."""
    found = {name: _field(value, f"_{name}") for name in ("result", "exception")}
    if class_attribute(type(value), "_coro") is not MISSING or attribute(value, "_coro") is not MISSING:
        found["coro"] = _field(value, "_coro")
    shown = {name: item for name, item in found.items() if item is not None}
    shape = record(f"{_name(value)} {exact_str(_field(value, '_state')).lower()}", shown)
    return with_attributes(shape, value, "_result", "_exception", "_state", "_coro")


# Templates


def _django_context(value: object) -> Shape:
    """Its dicts; the last one is asked first."""
    dicts = _field(value, "dicts")
    shape = Shape(
        "container", head=f"{_name(value)}([", tail="])", parts=items_of_list(dicts), total=list.__len__(dicts)
    )
    return with_attributes(shape, value, "dicts")


def _jinja_context(value: object) -> Shape:
    shown = {name: _field(value, name) for name in ("vars", "parent")}
    return with_attributes(record(_name(value), shown), value, *shown)


# SQLAlchemy


def _columns(metadata: object) -> list[str]:
    """The names that rows have, from what SQLAlchemy knows of a result."""
    keys = _field(metadata, "_keys")
    return [exact_str(key) or "?" for key in (keys if type(keys) is tuple else list.__iter__(keys))]


def _sqlalchemy_row(style: str) -> Look:
    def look(value: object) -> Shape:
        named = zip(_columns(_field(value, "_parent")), tuple.__iter__(_field(value, "_data")), strict=True)
        parts = [Part(style, name, item) for name, item in named]
        opening, closing = ("(", ")") if style == "field" else ("({", "})")
        return Shape("container", head=f"{_name(value)}{opening}", tail=closing, parts=given(parts), total=len(parts))

    return look


def _sqlalchemy_result(value: object) -> Shape:
    """Named, and never read: whoever reads rows consumes them."""
    inner = attribute(value, "_real_result")  # a filter, such as `Result.scalars()`
    metadata = attribute(value if inner is MISSING else inner, "_metadata")
    try:
        of = f" of {', '.join(_columns(metadata))}"
    except (LookupError, TypeError):  # no rows come of this, or it is closed
        of = ""
    return said(f"<{_name(value)}{of}>", own_attributes(value))


# REST framework


def _serializer(value: object) -> Shape:
    """What it was made of: its ``data`` and its ``fields`` ask the database, and are kept in it."""
    given_to = {name: attribute(value, name) for name in ("instance", "initial_data")}
    shown = {name: item for name, item in given_to.items() if item is not MISSING and item is not None}
    return with_attributes(record(_name(value), shown), value, *shown)


#: By module and qualified name of the class or one of its bases.
_WRAPPERS: Final[Mapping[str, Look]] = {
    "functools.partial": _partial,
    "functools.partialmethod": _partial,
    "collections.UserDict": _user_container,
    "collections.UserList": _user_container,
    "collections.UserString": _user_container,
    "collections.ChainMap": _chain_map,
    "inspect.BoundArguments": _bound_arguments,
    "concurrent.futures._base.Future": _future,
    "_asyncio.Future": _future,
    "asyncio.futures.Future": _future,  # where there is no C
    "django.template.context.BaseContext": _django_context,
    "jinja2.runtime.Context": _jinja_context,
    "sqlalchemy.engine.row.Row": _sqlalchemy_row("field"),
    "sqlalchemy.engine.row.RowMapping": _sqlalchemy_row("pair"),
    "sqlalchemy.engine.result.ResultInternal": _sqlalchemy_result,
    "rest_framework.serializers.BaseSerializer": _serializer,
}


def find_wrapper(cls: type) -> tuple[type, Look] | None:
    """The well-known class that ``cls`` is or inherits from, and the look at its instances.

    `None` also for one that has a ``__repr__`` of somebody else's.
    """
    known = ((base, _WRAPPERS.get(f"{module_name(base)}.{class_name(base)}")) for base in mro(cls))
    base, look = next(((base, look) for base, look in known if look is not None), (cls, None))
    says = next(one for one in mro(cls) if "__repr__" in class_dict(one))
    if look is None or not (says is object or _package(says) == _package(base)):
        return None
    return base, look


def _package(cls: type) -> str:
    return module_name(cls).partition(".")[0]
