"""A file or template that is not there: what is there instead. A file that was closed: where."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Final

from debugkit.debug.causes.scene import Scene, expression
from debugkit.debug.safe import inspection
from debugkit.debug.safe.lookups import MOST_KEYS
from debugkit.debug.tracebacks.suggestions import closest
from debugkit.raised import field

#: Folders of a path that are looked for.
_MOST_FOLDERS: Final = 30


def cause(scene: Scene) -> str:
    if type(scene.exc) is FileNotFoundError:
        path = field(OSError, "filename", scene.exc)
        started = bool(scene.frames) and scene.frames[-1].module == "subprocess"
        return _for_program(path) if started else _for_missing(path)
    if type(scene.exc) is ValueError and scene.message.startswith("I/O operation on closed file"):
        return _for_closed(scene)
    return ""


def _for_program(name: Any) -> str:
    """A command that could not be started. A path may also be that of the folder to start it in."""
    if type(name) is not str or not name or os.path.dirname(name):  # noqa: PTH120 - a Path has no empty folder
        return ""
    return f"No program {inspection.printable(name)} is on the PATH."


def _for_missing(path: Any) -> str:
    """How much of the path there is."""
    if type(path) is not str or not path or "\0" in path:
        return ""
    full = Path(path).absolute()
    steps = [full, *islice(full.parents, _MOST_FOLDERS)]
    missing, folder = next(((low, high) for low, high in pairwise(steps) if high.is_dir()), (full, full))
    if folder == full or os.path.lexists(missing):  # it is there by now, or is a link to nothing
        return ""
    similar = _similar(folder, missing.name)
    has = f"; it has {inspection.printable(similar)}" if similar else ""
    return f"The folder {inspection.printable(os.fspath(folder))} has no {inspection.printable(missing.name)}{has}."


def _similar(folder: Path, name: str) -> str:
    """An entry whose stem is like that of ``name``: "pay.html" is not what "key.html" was meant to be."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, MOST_KEYS)]
    except (OSError, ValueError):  # ValueError: a zero byte
        return ""
    stem, ending = os.path.splitext(name)  # noqa: PTH122 - of a name, not of a path
    stems = [os.path.splitext(known) for known in names]  # noqa: PTH122
    twin = next((known for known, parts in zip(names, stems, strict=True) if parts[0] == stem), "")
    meant = closest(stem, [known for known, other in stems if other == ending])
    return twin or (meant and meant + ending)


def similar_template(name: str, paths: Iterable[str]) -> str:
    """A sentence about the first template that is like ``name``, beside one of the ``paths`` that do not exist."""
    for path in map(Path, paths):
        if meant := _similar(path.parent, path.name):
            return (
                f"There is no template {name}; there is {inspection.printable(name.removesuffix(path.name) + meant)}."
            )
    return ""


def _for_closed(scene: Scene) -> str:
    """The ``with`` that closed it, above the line that uses it."""
    place = scene.place
    match place.node if place else None:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) | ast.Name(id=name):
            withs = [node for node in place.statements() if isinstance(node, ast.With)] if place else []
            closing = [node for node in withs if any(expression(item.optional_vars) == name for item in node.items)]
            bound = [node for node in closing if place and (node.end_lineno or 0) < place.frame.lineno]
            if len(closing) == 1 and bound:
                return f"{name} was closed at the end of the with statement in line {bound[0].lineno}."
    return ""
