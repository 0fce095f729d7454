"""Which part of a line was `None`, and where that came from."""

from __future__ import annotations

import ast
from typing import Any

from debugkit.debug.causes.kinds import culprit
from debugkit.debug.causes.place import Place
from debugkit.debug.causes.scene import Scene, expression
from debugkit.debug.safe.inspection import MISSING
from debugkit.raised import field


def cause(scene: Scene) -> str:
    place = scene.place
    if place is None or not issubclass(type(scene.exc), (AttributeError, TypeError)):
        return ""
    node, certain = _culprit(scene, place)
    name, value = expression(node), place.value(node)
    if not name or not (value is None or (certain and value is MISSING)):
        return ""
    call = node.value if isinstance(node, ast.Await) else node
    return f"{name} returned None." if isinstance(call, ast.Call) else f"{name} is None{_origin(place, node)}."


def _culprit(scene: Scene, place: Place) -> tuple[ast.expr | None, bool]:
    """The part of the failing expression that the message speaks of, and whether it can only be that part."""
    node = place.node
    if issubclass(type(scene.exc), TypeError):
        return culprit(scene.message, place, "NoneType")
    named = scene.message.startswith("'NoneType' object ") and field(AttributeError, "obj", scene.exc) is None
    return (node.value, True) if named and isinstance(node, ast.Attribute) else (None, False)


def _origin(place: Place, node: ast.expr | None) -> str:
    """Where a local got it, if it is assigned once."""
    if not isinstance(node, ast.Name) or place.frame.name == "<module>":
        return ""
    bound = [statement for statement in place.statements() if node.id in _bound(statement)]
    if len(bound) != 1 or not isinstance(bound[0], (ast.Assign, ast.AnnAssign)):
        return ""
    value: Any = bound[0].value
    value = value.value if isinstance(value, ast.Await) else value
    text = expression(value) if isinstance(value, ast.Call) and len(_bound(bound[0])) == 1 else ""
    return f": {text} returned it in line {bound[0].lineno}" if text else ""


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement itself assigns: not those of the statements inside it, but its parameters."""
    headers = [child for child in ast.iter_child_nodes(statement) if not isinstance(child, ast.stmt)]
    nodes = [node for header in headers for node in ast.walk(header)]
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    return stored | {node.arg for node in nodes if isinstance(node, ast.arg)}
