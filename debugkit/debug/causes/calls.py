"""A call that does not fit: the function's signature beside it, a missing ``self``, an ``await`` that was forgotten."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from types import CoroutineType, FunctionType
from typing import Any, Final

from debugkit.debug.causes.place import Place
from debugkit.debug.causes.scene import Scene, expression
from debugkit.debug.safe import inspection
from debugkit.debug.safe.inspection import MISSING
from debugkit.raised import field

_ARGUMENTS: Final = re.compile(
    r"([\w.<>]{1,200})\(\) (?:missing \d+ required|takes |got an unexpected keyword|got multiple values|got some posit)"
)
_MISSING_SELF: Final = re.compile(r"missing 1 required positional argument: '(self|cls)'")
_TOO_MANY: Final = re.compile(r"takes (\d+) positional arguments? but (\d+) (?:was|were) given")


def cause(scene: Scene) -> str:
    kind = type(scene.exc)
    if scene.place is None or not issubclass(kind, (TypeError, AttributeError)):
        return ""
    return _not_awaited(scene, scene.place) or (_wrong_call(scene, scene.place) if issubclass(kind, TypeError) else "")


# Arguments


def _wrong_call(scene: Scene, place: Place) -> str:
    node = place.node
    if not isinstance(node, ast.Call):
        return ""
    match = _ARGUMENTS.match(scene.message)
    function = place.function(node.func)
    if match is None or function is None or inspection.exact_str(function.__qualname__) != match[1]:
        return ""
    if _MISSING_SELF.search(scene.message) and isinstance(node.func, ast.Attribute):
        owner = expression(node.func.value)
        if owner and issubclass(type(place.value(node.func.value)), type):
            return f"{match[1]}() is called on the class {owner}, not on an object of it."
    if (parameter := _lacks_self(scene.message, place, node.func, function)) is not None:
        taken = f": the object itself is passed as {parameter}" if parameter else ", and lacks self"
        return f"Its signature is {match[1]}{_signature(function)}{taken}."
    return f"Its signature is {match[1]}{_signature(function)}."


def _lacks_self(message: str, place: Place, func: ast.expr, function: FunctionType) -> str | None:
    """The parameter, "" for none, that gets the object of a method called with more than it takes.

    `None` if that is as it should be.
    """
    match = _TOO_MANY.search(message)
    if match is None or not isinstance(func, ast.Attribute):
        return None
    owner: Any = place.value(func.value)
    if owner is MISSING or inspection.class_attribute(type(owner), func.attr) is not function:
        return None
    first = next(iter(function.__code__.co_varnames[: function.__code__.co_argcount]), "")
    return None if first in ("self", "cls") else first


def _signature(function: FunctionType) -> str:
    """The parameters as the ``def`` has them; defaults are not quoted."""
    return f"({', '.join(_parameters(function))})"


def _parameters(function: FunctionType) -> Iterator[str]:
    code = function.__code__
    positional, keywords = code.co_argcount, code.co_kwonlyargcount
    names = [inspection.exact_str(name) for name in code.co_varnames]
    required = positional - len(function.__defaults__ or ())
    for index, name in enumerate(names[:positional]):
        yield name if index < required else f"{name}=…"
        if index + 1 == code.co_posonlyargcount:
            yield "/"
    rest = names[positional + keywords :]
    if code.co_flags & 4:  # inspect.CO_VARARGS
        yield f"*{rest.pop(0)}"
    elif keywords:
        yield "*"
    defaults = function.__kwdefaults__ or {}
    for name in names[positional : positional + keywords]:
        yield f"{name}=…" if name in defaults else name
    if code.co_flags & 8:  # inspect.CO_VARKEYWORDS
        yield f"**{rest[0]}"


# Coroutines


def _not_awaited(scene: Scene, place: Place) -> str:
    """What was used is a coroutine that nobody has started."""
    node = place.node
    base: Any = node.value if isinstance(node, (ast.Attribute, ast.Subscript)) else node
    value = place.value(base)
    if value is MISSING and issubclass(type(scene.exc), AttributeError):
        value = field(AttributeError, "obj", scene.exc)
    if type(value) is not CoroutineType or "'coroutine' object" not in scene.message:
        return ""
    name, function = expression(base), inspection.exact_str(value.__qualname__)
    if not name:
        return ""
    what = name if isinstance(base, ast.Call) else f"{name} is a coroutine: {function}()"
    return f"{what} was not awaited."
