"""A key, index or attribute that is not there: what is there instead."""

from __future__ import annotations

import ast
import collections
from itertools import islice
from types import ModuleType
from typing import Any, Final

from debugkit.debug.causes.place import Place
from debugkit.debug.causes.scene import Scene, article, counted, expression, kind_of, listed, nearest_first
from debugkit.debug.safe import inspection
from debugkit.debug.safe.inspection import MISSING
from debugkit.debug.safe.lookups import MOST_KEYS, attribute, is_scalar, plain_keys
from debugkit.debug.tracebacks.suggestions import attribute_names, closest, local
from debugkit.raised import field

#: Methods written in Python that raise for a key: their object is the mapping.
_ACCESS: Final = ("__getitem__", "__delitem__", "__missing__", "pop")
#: Attributes in which such classes keep their dict: `collections.UserDict`, Starlette's query parameters and forms.
_STORES: Final = ("data", "_data", "_dict")
#: Attributes that tell what an object is; of more, any four would be four of many.
_TELLING: Final = 12
_SEQUENCES: Final = (list, tuple, str, bytes, bytearray, range, collections.deque)


def cause(scene: Scene) -> str:
    kind = type(scene.exc)
    if issubclass(kind, KeyError):
        return _for_key(scene)
    if issubclass(kind, IndexError):
        return _for_index(scene)
    if issubclass(kind, AttributeError):
        return _for_attribute(scene)
    if issubclass(kind, TypeError) and "indices must be integers" in scene.message:
        return _for_index_type(scene)
    return ""


# Keys


def _for_key(scene: Scene) -> str:
    args = field(BaseException, "args", scene.exc)
    if len(args) != 1 or not is_scalar(args[0]) or scene.place is None:
        return ""
    wrong = args[0]
    owner, name = _mapping(scene, scene.place)
    if owner is MISSING or scene.is_secret(name):
        return ""
    if inspection.qualified_name(type(owner)) == "os._Environ":
        return _for_environment(owner, wrong)
    keys = _keys(owner)
    if not name or keys is None or wrong in keys:
        return ""
    if not keys:
        return f"{name} is empty."
    meant = next((key for key in keys if _is_twin(key, wrong)), "") or (closest(wrong, keys) if _is_text(wrong) else "")
    return f"{name} has {listed(nearest_first(keys, meant), scene.value)}, no {scene.value(wrong)}."


def _mapping(scene: Scene, place: Place) -> tuple[Any, str]:
    """What was asked for the key, and the expression for it."""
    frame = place.frame
    if frame.name.rpartition(".")[2] in _ACCESS and frame.frame is not None and len(scene.frames) > 1:
        callers = (item for item in reversed(scene.frames[:-1]) if item.name.rpartition(".")[2] not in _ACCESS)
        caller = next(callers, None)
        node = _asked(scene.place_of(caller).node) if caller is not None else None
        return local(frame.frame, "self"), expression(node)
    node = _asked(place.node)
    return place.value(node), expression(node)


def _asked(node: ast.AST | None) -> ast.AST | None:
    """The expression for what is asked for a key: ``d`` in ``d['key']`` and ``d.pop('key')``."""
    match node:
        case ast.Subscript(value=base) | ast.Call(func=ast.Attribute(value=base, attr="pop" | "remove")):
            return base
    return None


def _keys(owner: Any) -> list[Any] | None:
    if type(owner) is set:
        keys = list(islice(owner, MOST_KEYS + 1))
        return keys if len(keys) <= MOST_KEYS and all(map(is_scalar, keys)) else None
    if not issubclass(type(owner), dict):
        owner = next((store for name in _STORES if type(store := attribute(owner, name)) is dict), MISSING)
    return plain_keys(owner)


def _is_text(key: Any) -> bool:
    return type(key) is str


def _is_twin(key: Any, wrong: Any) -> bool:
    """Whether one of them is a number and the other its text."""
    return _is_text(key) != _is_text(wrong) and f"{key}" == f"{wrong}"


def _for_environment(owner: Any, wrong: Any) -> str:
    """Only the name of another variable is mentioned, never a value."""
    keys = plain_keys(attribute(owner, "_data")) or []
    names = [key.decode("utf-8", "replace") if type(key) is bytes else key for key in keys]
    if type(wrong) is not str or not wrong.isidentifier() or wrong in names:
        return ""
    meant = closest(wrong, names)
    return f"The environment variable {wrong} is not set{f'; {meant} is' if meant else ''}."


# Indexes


def _for_index(scene: Scene) -> str:
    node = scene.place.node if scene.place else None
    asked = _asked(node)
    owner: Any = scene.place.value(asked) if scene.place else MISSING
    name = expression(asked)
    if not name or not any(type(owner) is kind for kind in _SEQUENCES):
        return ""
    size = len(owner)
    index = scene.place.value(node.slice) if scene.place and isinstance(node, ast.Subscript) else MISSING
    if not size:
        return f"{name} is empty."
    if type(index) is not int or -size <= index < size:
        return ""
    what = "character" if type(owner) is str else "item"
    first = -size if index < 0 else 0
    return f"{name} has {counted(size, what)}: the index is {index}, and goes from {first} to {first + size - 1}."


def _for_index_type(scene: Scene) -> str:
    place, node = scene.place, scene.place.node if scene.place else None
    if place is None or not isinstance(node, ast.Subscript):
        return ""
    owner, index = place.value(node.value), place.value(node.slice)
    name = expression(node.value)
    if not name or owner is MISSING or index is MISSING or scene.is_secret(name):
        return ""
    return f"{name} is {scene.value(owner, name)}, and the index is {scene.typed(index, expression(node.slice))}."


# Attributes


def _for_attribute(scene: Scene) -> str:
    owner = field(AttributeError, "obj", scene.exc)
    wrong = inspection.exact_str(field(AttributeError, "name", scene.exc))
    node = scene.place.node if scene.place else None
    # Only where the expression itself failed: `__getattr__` and whoever passes the error on say what they mean.
    if owner is None or not wrong or not isinstance(node, ast.Attribute) or node.attr != wrong:
        return ""
    name = expression(node.value)
    if not name or scene.is_secret(name):
        return ""
    if inspection.module_name(type(owner)) == "builtins" and not issubclass(type(owner), (type, ModuleType)):
        is_key = type(owner) is dict and wrong in (plain_keys(owner) or ())
        return f"{name} is {scene.typed(owner, name)}{f', and {wrong} is one of its keys' if is_key else ''}."
    names = attribute_names(owner)
    if wrong in names or len(names) > MOST_KEYS:
        return ""
    meant = closest(wrong, names)
    public = [name for name in names if name[:1] != "_" or name == meant]
    if not public or (not meant and len(public) > _TELLING):
        return ""
    have = listed(nearest_first(public, meant), inspection.printable)
    called = name if issubclass(type(owner), (type, ModuleType)) else f"{name}, {article(kind_of(owner))},"
    return f"{called} has {have}, no {wrong}."
