"""Which files are the application's own, and which package of whom the others belong to.

Decided by whole components of the path, never by a common prefix of characters. `is_library` looks at the path only;
`library_of` also reads the metadata of installed distributions, and is for when somebody looks. Knows no frames: code
that is no file of its own comes with its globals.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import debugkit
from debugkit.debug.safe import inspection
from debugkit.frozen import frozen

if TYPE_CHECKING:
    from importlib.metadata import Distribution

#: Folders that installers write to; Debian's Python calls its own "dist-packages".
_SITE = ("site-packages", "dist-packages")
#: The standard library in one file, next to the executable: Python's embeddable package for Windows.
_STDLIB_ZIP = re.compile(r"python3[0-9]+\.zip")
#: The files remembered. A process has a few thousand.
_REMEMBERED = 8192

Parts = tuple[str, ...]


@frozen
class Library:
    """Who a file belongs to: a distribution, or ("Python", "3.13.0") for the standard library.

    ``version`` is empty when no metadata says it.
    """

    name: str
    version: str


def file_of_owner(filename: str, module_globals: dict[str, Any]) -> str:
    """The file that says whose code it is: ``filename`` itself, or, if that is no path, the file of its module.

    Code that was generated (``<string>``) or compiled (Cython writes "pandas/_libs/index.pyx") belongs to the module
    in its globals. ``filename`` again when no module is known.
    """
    if os.path.isabs(filename) or filename.startswith("<frozen "):  # noqa: PTH117 - a co_filename may be anything
        return filename
    name = dict.get(module_globals, "__name__")
    return (file_of_module(name) if type(name) is str else "") or filename


def file_of_module(name: str) -> str:
    """The file of a loaded module, which is not asked for it; "" if there is none."""
    module = dict.get(sys.modules, name)
    names = inspection.instance_dict(module) if issubclass(type(module), ModuleType) else None
    return inspection.exact_str(dict.get(names or {}, "__file__"))


@lru_cache(_REMEMBERED)
def is_library(filename: str) -> bool:
    """Whether ``filename`` (a ``co_filename``) is not the application's own. Reads no file."""
    parts = _parts(filename)
    return _site(parts) is not None or _is_python(filename, parts) or _inside(parts, _own_folder())


@lru_cache(_REMEMBERED)
def library_of(filename: str) -> Library | None:
    """The library that ``filename`` (a ``co_filename``) belongs to; `None` if it is the application's own.

    Editable installs are the application's own: their files lie outside of the folders installers write to.
    """
    if not is_library(filename):
        return None
    parts = _parts(filename)
    if _inside(parts, _own_folder()):
        return Library("debugkit", debugkit.__version__)
    place = _site(parts)
    if place is None:
        return Library("Python", sys.version.split()[0])
    try:
        return _installed(*place)
    except (OSError, ValueError):  # metadata that is gone meanwhile, or no UTF-8
        return Library(_top(place[1][0]), "")


def _parts(filename: str) -> Parts:
    """The components of an absolute path; none for ``<string>``, a relative path, or what is no path at all."""
    path = Path(filename)
    return Path(os.path.normcase(os.path.normpath(path))).parts if path.is_absolute() else ()


def _inside(parts: Parts, folder: Parts) -> bool:
    return len(parts) > len(folder) and parts[: len(folder)] == folder


def _site(parts: Parts) -> tuple[Parts, Parts] | None:
    """Where installed packages lie, and the file's path below that: split after the last such folder."""
    for index in range(len(parts) - 2, 0, -1):
        if parts[index] in _SITE:
            return parts[: index + 1], parts[index + 1 :]
    return None


def _is_python(filename: str, parts: Parts) -> bool:
    if filename.startswith("<frozen "):  # <frozen importlib._bootstrap>, <frozen runpy>
        return True
    return any(_inside(parts, folder) for folder in _python_folders()) or any(map(_STDLIB_ZIP.fullmatch, parts[:-1]))


@lru_cache(1)
def _own_folder() -> Parts:
    return _parts(str(Path(debugkit.__file__).parent.absolute()))


@lru_cache(1)
def _python_folders() -> tuple[Parts, ...]:
    """The folder of the standard library, as it is called and as it really is, links resolved."""
    folder = Path(os.__file__).parent.absolute()
    return tuple({_parts(str(folder)), _parts(str(folder.resolve()))})


def _installed(site: Parts, relative: Parts) -> Library:
    """The distribution that brought a file, else the name of the file's package without a version."""
    top, path = _top(relative[0]), str(Path(*relative))
    for namesake, files in _namesakes(site, top):
        if path in files:
            return namesake
    owners = _owners(site).get(top, ())
    for owner in owners:
        if path in _files(owner):
            return _library(owner, top)
    return _library(owners[0], top) if len(owners) == 1 else Library(top, "")


def _top(name: str) -> str:
    return name.removesuffix(".py")


@lru_cache(256)
def _namesakes(site: Parts, top: str) -> tuple[tuple[Library, frozenset[str]], ...]:
    """The distributions called like the package, as most are: found without reading the files of all the others."""
    from importlib.metadata import distributions  # 15 ms, and only needed when somebody looks

    namesakes = distributions(name=top, path=[str(Path(*site))])
    return tuple((_library(distribution, top), frozenset(_files(distribution))) for distribution in namesakes)


@lru_cache(64)
def _owners(site: Parts) -> dict[str, tuple[Distribution, ...]]:
    """Which distributions bring each top-level name of a folder: several for a namespace package (PEP 420)."""
    from importlib.metadata import distributions

    owners: dict[str, tuple[Distribution, ...]] = {}
    for distribution in distributions(path=[str(Path(*site))]):
        for name in {_top(path.partition(os.sep)[0]) for path in _files(distribution)}:
            owners[name] = (*owners.get(name, ()), distribution)
    return owners


def _library(distribution: Distribution, top: str) -> Library:
    metadata = distribution.metadata
    if "Name" not in metadata or "Version" not in metadata:  # a broken uninstall left the folder behind
        return Library(top, "")
    return Library(metadata["Name"], metadata["Version"])


def _files(distribution: Distribution) -> Iterator[str]:
    """What a distribution installed, relative to its folder; only the top-level names when it keeps no RECORD."""
    record = distribution.read_text("RECORD")
    if record is None:  # Debian's packages, and what old versions of setuptools installed
        yield from (distribution.read_text("top_level.txt") or "").split()
        return
    for line in record.splitlines():  # CSV of path, hash and size; a path is quoted only when it holds a comma
        yield os.path.normcase(line.partition(",")[0])
