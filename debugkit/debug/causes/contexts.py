"""A ``with`` statement that failed before its body began, or after it had ended."""

from __future__ import annotations

import ast
from typing import Final

from debugkit.debug.causes.scene import Scene
from debugkit.raised import field

_ENTERING: Final = ("__enter__", "__aenter__")
_LEAVING: Final = ("__exit__", "__aexit__")


def cause(scene: Scene) -> str:
    if issubclass(type(scene.exc), BaseExceptionGroup):
        return ""  # its members tell what happened in the body
    for index in reversed(range(len(scene.frames) - 1)):
        frame, inner = scene.frames[index], scene.frames[index + 1]
        step = _step(scene, inner.name.rpartition(".")[2])
        # What raises the body's exception once more leads back into the body.
        back = any(later.frame is frame.frame for later in scene.frames[index + 1 :])
        if step and frame.own and not back:
            statement = scene.place_of(frame).statement
            is_with = isinstance(statement, (ast.With, ast.AsyncWith))
            return f"The with statement in line {frame.lineno} of {frame.name}() failed on {step}." if is_with else ""
    return ""


def _step(scene: Scene, method: str) -> str:
    if method in _ENTERING:
        return "entering: its body did not begin"
    if method not in _LEAVING:
        return ""
    # With a context the body may have raised.
    return "leaving: its body had ended" if field(BaseException, "__context__", scene.exc) is None else "leaving"
