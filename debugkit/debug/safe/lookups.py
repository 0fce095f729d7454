"""Attributes and items as they are stored: no property runs, no ``__getattr__`` and no ``__eq__``.

Only exact built-in types are compared, and only the dicts of Python's own are looked into.
"""

from __future__ import annotations

import threading
import types
from itertools import islice
from typing import Any, Final

from debugkit.debug.safe import inspection
from debugkit.debug.safe.inspection import MISSING

#: Keys of a dict that are looked at.
MOST_KEYS: Final = 1_000

_SCALARS: Final = frozenset(map(id, (str, int, float, bool, bytes, complex, type(None))))


def is_scalar(value: object) -> bool:
    """Whether it is a number, a text or `None`, and of no class of somebody else's."""
    return id(type(value)) in _SCALARS


def plain_keys(mapping: Any, most: int = MOST_KEYS) -> list[Any] | None:
    """The keys of a dict; `None` if there are too many, or if one of them has an ``__eq__`` that is not Python's."""
    if not issubclass(type(mapping), dict) or dict.__len__(mapping) > most:
        return None
    keys: list[Any] = list(islice(dict.__iter__(mapping), most))
    return keys if _SCALARS.issuperset(map(id, map(type, keys))) else None


def attribute(owner: Any, name: str) -> Any:
    """An attribute that is stored, in the object or its class; `MISSING` if a descriptor would have to run."""
    if owner is MISSING:
        return MISSING
    if not _has_only_names(inspection.instance_dict(owner)):
        return MISSING
    if issubclass(type(owner), types.ModuleType):
        return dict.get(inspection.instance_dict(owner) or {}, name, MISSING)
    if issubclass(type(owner), type):
        member = inspection.class_attribute(owner, name)
        return member if type(member) is types.FunctionType or not is_descriptor(member) else MISSING
    if not _is_read_as_usual(type(owner)):
        return MISSING
    member, value = inspection.class_attribute(type(owner), name), inspection.attribute(owner, name)
    if type(member) is types.MemberDescriptorType:
        return value
    if not is_descriptor(member):
        return member if value is MISSING else value
    # What only reads is hidden by what is stored (Python's "Descriptor Guide"): so `functools.cached_property` works.
    return MISSING if _is_data_descriptor(member) else value


def _is_read_as_usual(cls: type) -> bool:
    """Whether no Python code decides what an attribute is. Classes made in C list the usual way as their own."""
    own = inspection.class_attribute(cls, "__getattribute__")
    return type(own) is types.WrapperDescriptorType and not issubclass(cls, threading.local)


def _has_only_names(namespace: dict[str, Any] | None) -> bool:
    """Whether no key of the dict of an instance has an ``__eq__`` of its own."""
    return namespace is None or all(type(name) is str for name in dict.__iter__(namespace))


def is_descriptor(member: Any) -> bool:
    return inspection.class_attribute(type(member), "__get__") is not MISSING


def _is_data_descriptor(member: Any) -> bool:
    return any(inspection.class_attribute(type(member), name) is not MISSING for name in ("__set__", "__delete__"))


def item(owner: Any, key: Any, most: int = MOST_KEYS) -> Any:
    """An item of a list, tuple or dict of at most ``most`` keys."""
    if (type(owner) is list or type(owner) is tuple) and type(key) is int:
        return owner[key] if -len(owner) <= key < len(owner) else MISSING
    if type(owner) is dict and is_scalar(key) and plain_keys(owner, most) is not None:
        return owner.get(key, MISSING)
    return MISSING
