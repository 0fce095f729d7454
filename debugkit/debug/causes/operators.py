"""Two values that an operator cannot bring together, and a division by zero."""

from __future__ import annotations

import ast
import re
from typing import Any, Final

from debugkit.debug.causes.place import Place
from debugkit.debug.causes.scene import Scene, article, expression, is_plain, kind_of
from debugkit.debug.safe.inspection import MISSING
from debugkit.debug.safe.lookups import MOST_KEYS, is_scalar

_UNSUPPORTED: Final = re.compile(r"(?:unsupported operand type|'.{1,2}' not supported between|can only concatenate )")
#: The types of both sides, at the end of the message.
_TYPES: Final = re.compile(r"""'([\w.]{1,100})' and '([\w.]{1,100})'|concatenate (\w{1,20}) \(not "([\w.]{1,100})"\)""")
_JOINED: Final = re.compile(r"sequence item (\d{1,9}): expected (?:str|a bytes-like object|bytes)")
_DIVIDES: Final = (ast.Div, ast.FloorDiv, ast.Mod)


def cause(scene: Scene) -> str:
    kind = type(scene.exc)
    if scene.place is None:
        return ""
    if kind is ZeroDivisionError:
        return _divided(scene.place)
    if kind is not TypeError:
        return ""
    if match := _JOINED.match(scene.message):
        return _joined(scene, scene.place, int(match[1]))
    return _summed(scene, scene.place) or _sides(scene, scene.place) if _UNSUPPORTED.match(scene.message) else ""


def _summed(scene: Scene, place: Place) -> str:
    """The first text or `None` among what was to be added up."""
    match place.node:
        case ast.Call(func=ast.Name(id="sum"), args=[argument]):
            items, name = place.value(argument), expression(argument)
            if name and (type(items) is list or type(items) is tuple):
                index = next((number for number, item in enumerate(items[:MOST_KEYS]) if not _is_number(item)), -1)
                # Of a class of somebody else's it may be a number, and the fault further on.
                known = index >= 0 and is_plain(items[index])
                return f"{name}[{index}] is {scene.typed(items[index], name)}." if known else ""
    return ""


def _is_number(value: Any) -> bool:
    return any(type(value) is number for number in (int, float, bool, complex))


def _operands(node: ast.AST | None) -> tuple[ast.expr, ...]:
    match node:
        case ast.BinOp(left=left, right=right) | ast.Compare(left=left, comparators=[right]):
            return left, right
        case ast.AugAssign(target=target, value=value):
            return target, value
    return ()


def _sides(scene: Scene, place: Place) -> str:
    sides = [(node, place.value(node)) for node in _operands(place.node)]
    match = _TYPES.search(scene.message)
    if match is None or not all(map(_is_of, sides, filter(None, match.groups()))):
        return ""
    texts = [
        f"{expression(node)} is {scene.typed(value, expression(node))}"
        if not isinstance(node, ast.Constant)
        else f"{scene.value(value)} is {article(kind_of(value))}"
        for node, value in sides
        if value is not MISSING and expression(node)
    ]
    plain = all(isinstance(node, ast.Constant) for node, value in sides if value is not MISSING)
    return f"{'; '.join(texts)}." if texts and not plain else ""


def _is_of(side: tuple[ast.expr, Any], kind: str) -> bool:
    """Whether it can be this side that the message speaks of: of lists it may compare the items."""
    return side[1] is MISSING or kind_of(side[1]).rpartition(".")[2] == kind.rpartition(".")[2]


def _divided(place: Place) -> str:
    match place.node:
        case ast.BinOp(op=operator, right=divisor) | ast.AugAssign(op=operator, value=divisor):
            name = expression(divisor)
            known = place.value(divisor)
            if isinstance(operator, _DIVIDES) and name and not isinstance(divisor, ast.Constant):
                return f"{name} is 0." if known is MISSING or (is_scalar(known) and not known) else ""
    return ""


def _joined(scene: Scene, place: Place, index: int) -> str:
    match place.node:
        case ast.Call(func=ast.Attribute(attr="join"), args=[argument]):
            items, name = place.value(argument), expression(argument)
            if name and (type(items) is list or type(items) is tuple) and index < len(items):
                return f"{name}[{index}] is {scene.typed(items[index], name)}."
    return ""
