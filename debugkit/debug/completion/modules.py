"""What an import statement can name: modules as files on the path, and what is in those that are loaded already.

Imports nothing, and asks no finder but the file system: one of somebody else's would run.
"""

from __future__ import annotations

import importlib.machinery
import os
import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from debugkit.debug.completion.candidates import Candidate, Group
from debugkit.debug.completion.names import Names, kind_of, names_of
from debugkit.debug.safe.inspection import MISSING, exact_str, instance_dict

#: Entries of a folder that are looked at, and folders.
_MOST_ENTRIES: Final = 5_000
_MOST_FOLDERS: Final = 50
_SUFFIXES: Final = tuple(sorted(importlib.machinery.all_suffixes(), key=len, reverse=True))


def module_groups(dotted: str, package: str) -> list[Group]:
    """The modules in the package ``dotted``, which ends with a dot if there is one; at first, all of the path.

    ``package`` is what a relative name starts from.
    """
    parent = absolute(dotted.removesuffix(".") if dotted.strip(".") else dotted, package) if dotted else ""
    if dotted and not parent:
        return []
    names = dict.fromkeys((*_in_folders(_folders(parent)), *_loaded(parent)))
    if not parent:
        names |= dict.fromkeys((*sys.stdlib_module_names, *sys.builtin_module_names))
    prefix = f"{parent}." if parent else ""
    return [Group([(name, prefix) for name in names], _module)]


def member_groups(dotted: str, package: str) -> list[Group]:
    """What can be imported from a module: what it holds, if it is loaded, and the modules in it."""
    name = absolute(dotted, package)
    if not name:
        return []
    members: Names = names_of(_namespace(name))
    modules = [group for group in module_groups(f"{name}.", "") if group.texts]
    public = [item for item in members.items() if item[0].isidentifier()]
    return [
        Group(public, lambda text, value: Candidate(text, kind_of(value), text, value)),
        *(Group([item for item in group.texts if item[0] not in members], group.make) for group in modules),
    ]


def absolute(dotted: str, package: str) -> str:
    """A module's name, seen from ``package`` if it begins with dots. Empty if it leads nowhere."""
    name = dotted.lstrip(".")
    dots = len(dotted) - len(name)
    if not dots:
        return name
    parts = package.split(".")
    if not package or dots > len(parts):
        return ""
    base = ".".join(parts[: len(parts) - dots + 1])
    return f"{base}.{name}" if name else base


def _module(name: str, prefix: str) -> Candidate:
    return Candidate(name, "module", name, sys.modules.get(prefix + name, MISSING))


def _namespace(name: str) -> dict[Any, Any]:
    """The dict of a module that is loaded. What pretends to be one is not asked."""
    module = sys.modules.get(name)
    return (instance_dict(module) or {}) if issubclass(type(module), types.ModuleType) else {}


def _loaded(parent: str) -> Iterator[str]:
    """Modules in a package that are loaded, wherever they come from."""
    prefix = f"{parent}." if parent else ""
    for name in list(sys.modules):
        if type(name) is str and name.startswith(prefix) and name.removeprefix(prefix).isidentifier():
            yield name.removeprefix(prefix)


def _folders(parent: str) -> Sequence[str]:
    """Where the modules of a package are; of no package, the path."""
    if not parent:
        return [entry or os.curdir for entry in map(exact_str, sys.path[:_MOST_FOLDERS])]
    path = _namespace(parent).get("__path__", MISSING)
    if type(path) is not list:
        path = (instance_dict(path) or {}).get("_path", MISSING)  # of a namespace package
    if type(path) is list:
        return list(filter(None, map(exact_str, path[:_MOST_FOLDERS])))
    above, _, name = parent.rpartition(".")
    folders = (Path(folder, name) for folder in _folders(above))
    return [os.fspath(folder) for folder in folders if folder.is_dir()]


def _in_folders(folders: Sequence[str]) -> Iterator[str]:
    for folder in folders:
        try:
            with os.scandir(folder) as entries:
                for entry, _ in zip(entries, range(_MOST_ENTRIES), strict=False):
                    if name := _module_of(entry):
                        yield name
        except OSError:  # no folder: a zip file, or one that is gone
            continue


def _module_of(entry: os.DirEntry[str]) -> str:
    """The module in a file or folder; empty for none."""
    suffix = next((suffix for suffix in _SUFFIXES if entry.name.endswith(suffix)), "")
    name = entry.name.removesuffix(suffix)
    if not name.isidentifier() or name == "__init__" or name == "__pycache__":
        return ""
    if suffix:
        return name
    return name if entry.is_dir() and Path(entry.path, "__init__.py").is_file() else ""
