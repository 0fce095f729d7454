"""Which library a file belongs to: the standard library, an installed distribution, or none: the application's own.

Knows file names only, and imports nothing of what it names.
"""

from __future__ import annotations

import os
import platform
import sysconfig
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path, PurePath

#: Folders that installers put packages into.
SITE_FOLDERS = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True, slots=True)
class Library:
    """A library by the name of its distribution, and its version."""

    name: str
    version: str


@cache
def library_of(filename: str) -> Library | None:
    """The library that ``filename`` belongs to; `None` for the application's own files and for made-up names."""
    if filename.startswith("<frozen "):
        return _python()
    if filename.startswith("<") or "\0" in filename:
        return None
    path = PurePath(os.path.normcase(os.path.abspath(filename)))  # noqa: PTH100 - as text: the file may not exist
    if path.is_relative_to(_own_folder()):
        return _debugkit()
    sites = [number for number, part in enumerate(path.parts) if part in SITE_FOLDERS]
    if sites:
        return _distribution(path.parts[: sites[-1] + 1], path.parts[sites[-1] + 1 :])
    return _python() if any(path.is_relative_to(root) for root in _standard_library()) else None


@cache
def _python() -> Library:
    return Library("Python", platform.python_version())


@cache
def _debugkit() -> Library:
    from debugkit import __version__

    return Library("debugkit", __version__)


@cache
def _own_folder() -> str:
    return os.path.normcase(str(Path(__file__).resolve().parents[1]))


@cache
def _standard_library() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return tuple({os.path.normcase(paths[name]) for name in ("stdlib", "platstdlib") if paths.get(name)})


@cache
def _distribution(site: tuple[str, ...], inner: tuple[str, ...]) -> Library:
    """The distribution that put a package into a site folder. Most are called like their package; the rest are asked."""
    top = inner[0].partition(".")[0] if inner else ""
    return _named(str(PurePath(*site)), top, top) or _by_record(str(PurePath(*site)), top) or Library(top, "")


@cache
def _named(site: str, name: str, top: str) -> Library | None:
    for found in metadata.distributions(name=name, path=[site]) if name else ():
        return Library(found.metadata["Name"] or top, found.version)
    return None


@cache
def _by_record(site: str, top: str) -> Library | None:
    for found in metadata.distributions(path=[site]):
        if any(file.parts[0].partition(".")[0] == top for file in found.files or ()):
            return Library(found.metadata["Name"] or top, found.version)
    return None
