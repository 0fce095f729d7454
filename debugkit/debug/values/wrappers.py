"""Previews of well-known objects that hold others: by their parts. Their ``__repr__`` runs that of each part.

Found by name: none of these modules is imported. Attributes are read, no code is called. A class that has a
``__repr__`` of its own is none of these: it says what it wants to.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from debugkit.debug.values.preview import (
    Preview,
    Previewer,
    Property,
    Style,
    fields_preview,
    list_items,
    listed,
    single_item,
    text_preview,
)


def _name(value: object) -> str:
    return class_name(type(value))


def _field(value: object, name: str) -> Any:
    """An attribute that the class keeps in C, in a slot or in the instance's dict. Raises `LookupError`."""
    descriptor = class_attribute(type(value), name)
    for kind in (GetSetDescriptorType, MemberDescriptorType):
        if type(descriptor) is kind:
            return kind.__get__(descriptor, value)
    item = attribute(value, name)
    if item is MISSING:
        raise LookupError(name)
    return item


# The standard library


def _partial(value: object) -> Preview:
    args, keywords = _field(value, "args"), _field(value, "keywords")
    properties = [Property("item", "func", _field(value, "func"))]
    properties += [Property("item", number, item) for number, item in enumerate(tuple.__iter__(args))]
    properties += [Property("field", exact_str(name), item) for name, item in dict.items(keywords)]
    preview = Preview(head=f"functools.{_name(value)}(", tail=")", properties=listed(properties), total=len(properties))
    return with_attributes(preview, value, "func", "args", "keywords")


def _user_container(value: object) -> Preview:
    """`UserDict`, `UserList` or `UserString`: what they hold is usually, not always, of the class they wrap."""
    data, preview = _field(value, "data"), None
    for base, opening, closing in ((dict, "{", "}"), (list, "[", "]")):
        if type(data) is base:
            preview = container(data, base)._replace(head=f"{_name(value)}({opening}", tail=f"{closing})")
    preview = preview or Preview("container", head=f"{_name(value)}(", tail=")", properties=single_item(data), total=1)
    return with_attributes(preview, value, "data")


def _chain_map(value: object) -> Preview:
    maps = _field(value, "maps")
    preview = Preview(
        "container", head=f"{_name(value)}(", tail=")", properties=list_items(maps), total=list.__len__(maps)
    )
    return with_attributes(preview, value, "maps")


def _bound_arguments(value: object) -> Preview:
    named = {exact_str(name): item for name, item in dict.items(_field(value, "arguments"))}
    return fields_preview("", named)._replace(head=f"<{_name(value)} (", tail=")>")


def _future(value: object) -> Preview:
    """Its state and its outcome. The exception is not marked as retrieved: it is still logged if nobody handles it."""
    outcome = {name: _field(value, f"_{name}") for name in ("result", "exception")}
    if class_attribute(type(value), "_coro") is not MISSING or attribute(value, "_coro") is not MISSING:
        outcome["coro"] = _field(value, "_coro")
    shown = {name: item for name, item in outcome.items() if item is not None}
    preview = fields_preview(f"{_name(value)} {exact_str(_field(value, '_state')).lower()}", shown)
    return with_attributes(preview, value, "_result", "_exception", "_state", "_coro")


# Templates


def _django_context(value: object) -> Preview:
    """Its dicts; the last one is asked first."""
    dicts = _field(value, "dicts")
    preview = Preview(
        "container", head=f"{_name(value)}([", tail="])", properties=list_items(dicts), total=list.__len__(dicts)
    )
    return with_attributes(preview, value, "dicts")


def _jinja_context(value: object) -> Preview:
    shown = {name: _field(value, name) for name in ("vars", "parent")}
    return with_attributes(fields_preview(_name(value), shown), value, *shown)


# SQLAlchemy


def _columns(metadata: object) -> list[str]:
    """The names that rows have, from what SQLAlchemy knows of a result."""
    keys = _field(metadata, "_keys")
    return [exact_str(key) or "?" for key in (keys if type(keys) is tuple else list.__iter__(keys))]


def _sqlalchemy_row(style: Style) -> Previewer:
    def previewer(value: object) -> Preview:
        named = zip(_columns(_field(value, "_parent")), tuple.__iter__(_field(value, "_data")), strict=True)
        properties = [Property(style, name, item) for name, item in named]
        opening, closing = ("(", ")") if style == "field" else ("({", "})")
        return Preview(
            "container",
            head=f"{_name(value)}{opening}",
            tail=closing,
            properties=listed(properties),
            total=len(properties),
        )

    return previewer


def _sqlalchemy_result(value: object) -> Preview:
    """Named, and never read: whoever reads rows consumes them."""
    inner = attribute(value, "_real_result")  # a filter, such as `Result.scalars()`
    metadata = attribute(value if inner is MISSING else inner, "_metadata")
    try:
        of = f" of {', '.join(_columns(metadata))}"
    except (LookupError, TypeError):  # no rows come of this, or it is closed
        of = ""
    return text_preview(f"<{_name(value)}{of}>", own_attributes(value))


# REST framework


def _serializer(value: object) -> Preview:
    """What it was made of: its ``data`` and its ``fields`` ask the database, and are kept in it."""
    arguments = {name: attribute(value, name) for name in ("instance", "initial_data")}
    shown = {name: item for name, item in arguments.items() if item is not MISSING and item is not None}
    return with_attributes(fields_preview(_name(value), shown), value, *shown)


#: By module and qualified name of the class or one of its bases.
_WRAPPERS: Final[Mapping[str, Previewer]] = {
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


def find_wrapper(cls: type) -> tuple[type, Previewer] | None:
    """The well-known class that ``cls`` is or inherits from, and the look at its instances.

    `None` also for one that has a ``__repr__`` of somebody else's.
    """
    known = ((base, _WRAPPERS.get(f"{module_name(base)}.{class_name(base)}")) for base in mro(cls))
    base, previewer = next(((base, previewer) for base, previewer in known if previewer is not None), (cls, None))
    says = next(owner for owner in mro(cls) if "__repr__" in class_dict(owner))
    if previewer is None or not (says is object or _package(says) == _package(base)):
        return None
    return base, previewer


def _package(cls: type) -> str:
    return module_name(cls).partition(".")[0]
