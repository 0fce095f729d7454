"""The ways that lead to directories: what happens to a name on one of them may lead elsewhere from then on.

A link may be turned to another release (``current -> releases/2``, a Kubernetes ``..data``), a directory above be
renamed, or be removed while a process still works in it, of which the directory itself gets no event.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from debugkit.serving.paths import exists, is_dir, is_file
from debugkit.serving.watching.filter import split

#: Links that are followed on one way: what Linux does (path_resolution(7)).
MOST_LINKS = 40


class Ways:
    """Knows the ways to some directories, called ends. ``listen`` is called for each directory that contains a step."""

    def __init__(self) -> None:
        self._steps: dict[str, dict[str, set[str]]] = {}  # directory -> name in it -> ends
        self._ways: dict[str, set[tuple[str, str]]] = {}  # end -> its steps

    def __contains__(self, directory: str) -> bool:
        """Whether a directory contains a step."""
        return directory in self._steps

    def find(self, end: str, listen: Callable[[str], None]) -> set[str]:
        """Learn the way to an end, now or anew. Returns the directories through which none leads any more."""
        before, way = self._ways.get(end, set()), set(_steps(end, listen))
        for directory, name in before - way:
            names = self._steps[directory]
            names[name].discard(end)
            if not names[name]:
                del names[name]
            if not names:
                del self._steps[directory]
        for directory, name in way - before:
            self._steps.setdefault(directory, {}).setdefault(name, set()).add(end)
        self._ways[end] = way
        return {directory for directory, _ in before} - self._steps.keys()

    def over(self, path: str) -> set[str]:
        """The ends to which a path is a step."""
        directory, name = split(path)
        return self._steps.get(directory, {}).get(name, set())


def _steps(end: str, listen: Callable[[str], None]) -> Iterator[tuple[str, str]]:
    """Directory and name of each step, links followed. A directory is watched before it is read."""
    here = Path(end).anchor
    rest = [*reversed(Path(end).parts[1:])]
    links = 0
    while rest:
        name = rest.pop()
        if name == "..":
            here = split(here)[0]
            continue
        listen(here)
        yield here, name
        there = str(Path(here, name))
        target = _target(there)
        if not target:
            here = there
            continue
        links += 1
        if links > MOST_LINKS:
            return
        path = Path(target)
        here = path.anchor or here
        rest += reversed(path.parts[1:] if path.anchor else path.parts)


def _target(path: str) -> str:
    """Where a link leads; empty for all else."""
    try:
        return os.readlink(path)  # noqa: PTH115
    except OSError:
        return ""


def identity_of(path: str) -> tuple[int, int] | None:
    """What tells a directory from another one that has come in its place; `None` when there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return status.st_dev, status.st_ino


def nearest(path: str) -> str:
    """The last directory that exists on the way to a path."""
    return next((str(parent) for parent in Path(path).parents if is_dir(parent)), Path(path).anchor)


def existing_file(path: str) -> str:
    """The file of a module: itself, or the archive it is in. Empty when there is none."""
    plain = Path(os.path.abspath(path))  # noqa: PTH100 - takes ".." out, and follows no link
    existing = next((path for path in (plain, *plain.parents) if exists(path)), plain)
    return str(existing) if is_file(existing) else ""
