"""A value of the wrong type: which part of the line the interpreter means, and what it is."""

from __future__ import annotations

import ast
import re
from typing import Final

from debugkit.debug.causes.place import Place
from debugkit.debug.causes.scene import Scene, expression, is_plain, kind_of

#: Built-ins that loop over their first argument.
_LOOPS: Final = ("dict", "enumerate", "iter", "list", "max", "min", "reversed", "set", "sorted", "sum", "tuple")
_KIND: Final = re.compile(
    r"(?:cannot unpack non-iterable (\w{1,50}) object|(?:(?:argument|object) of type )?'(\w{1,50})')"
)


def cause(scene: Scene) -> str:
    place = scene.place
    if place is None or type(scene.exc) is not TypeError or not (match := _KIND.match(scene.message)):
        return ""
    node, _ = culprit(scene.message, place, match[1] or match[2])
    name, value = expression(node), place.value(node)
    # A built-in function says the same of what it finds inside its arguments.
    if not name or not is_plain(value) or kind_of(value) != (match[1] or match[2]) or isinstance(node, ast.Constant):
        return ""
    hides = isinstance(node, ast.Name) and place.frame.frame is not None and name in place.frame.frame.f_builtins
    return f"{name} is {scene.typed(value, name)}{f', and hides the built-in {name}()' if hides else ''}."


def culprit(message: str, place: Place, kind: str) -> tuple[ast.expr | None, bool]:
    """The part of the failing expression that ``message`` calls a ``kind``, and whether it can only be that part."""
    if message == f"cannot unpack non-iterable {kind} object":
        return _unpacked(place)
    match message.removeprefix(f"'{kind}' object "), place.node:
        case "is not subscriptable" | "does not support item assignment", ast.Subscript(value=base):
            return base, True
        case "is not callable", ast.Call(func=function):
            return function, False
        case text, ast.Call(func=ast.Name(id="len"), args=[argument]) if text.endswith(" has no len()"):
            return argument, True
        case "is not iterable", ast.For(iter=iterated):
            return iterated, place.function(getattr(iterated, "func", None)) is not None
        case "is not iterable", ast.Call(func=ast.Name(id=name), args=[argument, *_]) if name in _LOOPS:
            return argument, False
        case "is not iterable", ast.Name() | ast.Attribute() | ast.Subscript() | ast.Call():
            return place.node, False
        case text, ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[container]) if text.startswith(
            "argument of "
        ):
            return container, True
    return None, False


def _unpacked(place: Place) -> tuple[ast.expr | None, bool]:
    match place.statement:
        case ast.Assign(targets=[ast.Tuple() | ast.List() as target], value=value):
            nested = any(isinstance(item, (ast.Tuple, ast.List)) for item in target.elts)
            return (None, False) if nested else (value, True)
    return None, False
