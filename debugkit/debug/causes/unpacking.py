"""Values that are more or fewer than the names they are to be unpacked into."""

from __future__ import annotations

import ast
from itertools import islice
from typing import Any, Final

from debugkit.debug.causes.place import Place
from debugkit.debug.causes.scene import Scene, counted, expression, listed
from debugkit.debug.safe.inspection import MISSING
from debugkit.debug.safe.lookups import MOST_KEYS

_MESSAGES: Final = ("too many values to unpack (expected ", "not enough values to unpack (expected ")


def cause(scene: Scene) -> str:
    place = scene.place
    if place is None or not (type(scene.exc) is ValueError or type(scene.exc) is TypeError):
        return ""
    scalar = scene.message.startswith("cannot unpack non-iterable ")
    if not scalar and not scene.message.startswith(_MESSAGES):
        return ""
    match place.statement:
        case ast.Assign(targets=[ast.Tuple() | ast.List() as target], value=value):
            return _sentence(scene, expression(value), place.value(value), target)
        case ast.For(target=ast.Tuple() | ast.List() as target, iter=iterated):
            return _of_loop(scene, place, iterated, target)
    return ""


def _of_loop(scene: Scene, place: Place, iterated: ast.expr, target: ast.Tuple | ast.List) -> str:
    values, name = place.value(iterated), expression(iterated)
    if not name:
        return ""
    if type(values) is dict and all(type(key) is str for key in islice(values, MOST_KEYS)):
        return f"{name} is a dict, and a loop over it gives its keys only: {name}.items() gives pairs."
    if type(values) is not list and type(values) is not tuple:
        return ""
    for index, value in enumerate(islice(values, MOST_KEYS)):
        count = _count(value)
        if count is None or not _fits(count, target):
            # The loop got as far as here: what came before was unpacked.
            return _sentence(scene, f"{name}[{index}]", value, target)
    return ""


def _count(value: Any) -> int | None:
    return len(value) if any(type(value) is kind for kind in (tuple, list, str, bytes, dict)) else None


def _fits(count: int, target: ast.Tuple | ast.List) -> bool:
    starred = any(isinstance(item, ast.Starred) for item in target.elts)
    return count >= len(target.elts) - 1 if starred else count == len(target.elts)


def _sentence(scene: Scene, name: str, value: Any, target: ast.Tuple | ast.List) -> str:
    if not name or value is MISSING or value is None or scene.is_secret(name):
        return ""
    count = _count(value)
    names = counted(len(target.elts), "name")
    if count is None:
        return f"{name} is {scene.typed(value, name)}: it cannot be unpacked into {names}." if _is_number(value) else ""
    if _fits(count, target):
        return ""
    inside = ""
    if type(value) is tuple or type(value) is list:
        inside = f" ({listed(value, lambda item: scene.value(item, name))})" if count else ""
    elif type(value) is str:
        inside = f" ({scene.value(value, name)})"
    what = "character" if type(value) is str else "value"
    return f"{name} has {counted(count, what)}{inside} for {names}."


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float or type(value) is bool
