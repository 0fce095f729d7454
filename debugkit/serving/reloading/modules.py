"""Which files the imported modules come from, and which of them belong to installed packages."""

from __future__ import annotations

import functools
import os
import site
import sys
import sysconfig
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType

import debugkit
from debugkit.raised import field, traceback_of
from debugkit.serving.paths import exists, is_file

#: Where debugkit is, which may be edited in place.
OURS = f"{Path(debugkit.__file__).parent}{os.sep}"


#: Files that were there when somebody asked. Each worker asks for those of all modules, and a fork begins with these.
_seen: set[str] = set()


def imported_files() -> dict[str, str]:
    """The names of the imported modules that have a file, and that, in the order of their import."""
    files = {name: file_of(module) for name, module in list(sys.modules.items())}
    return {name: file for name, file in files.items() if file}


def installed(files: Mapping[str, str]) -> dict[str, str]:
    """Those of Python, of installed packages and of debugkit."""
    return {name: file for name, file in files.items() if name != "__main__" and is_ours_or_installed(file)}


def search_path() -> list[str]:
    """Where modules are looked for. Some entries name no folder, but something for import hooks."""
    entries = dict.fromkeys(entry for entry in sys.path if type(entry) is str)
    return [os.path.abspath(entry) if exists(entry) else entry for entry in entries]  # noqa: PTH100


def files_of(error: BaseException) -> list[str]:
    """The files that the traceback of an error names, and of those that led to it: the mistake is in one of them."""
    paths: list[str] = []
    seen: set[int] = set()  # a chain may be a ring
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        paths += [frame.f_code.co_filename for frame, _ in traceback.walk_tb(traceback_of(current))]
        named = field(SyntaxError, "filename", current) if issubclass(type(current), SyntaxError) else None
        paths += [named] if type(named) is str else []
        cause = field(BaseException, "__cause__", current)
        current = field(BaseException, "__context__", current) if cause is None else cause
    return [path for path in paths if is_file(path)]


def file_of(module: object) -> str:
    """The file of a module, or of the archive it is in; "" for none. Asks no module that loads itself when asked."""
    if not issubclass(type(module), ModuleType):
        return ""
    path = ModuleType.__getattribute__(module, "__dict__").get("__file__")
    if not isinstance(path, str):
        return ""
    if path in _seen:
        return path
    if is_file(path):
        absolute = os.path.abspath(path)  # noqa: PTH100
        _seen.add(absolute)
        return absolute
    here = Path(path)
    while not exists(here) and here != here.parent:  # a module inside an archive: the archive
        here = here.parent
    return str(here.absolute()) if is_file(here) else ""


@functools.cache
def first_search_path() -> tuple[str, ...]:
    """`search_path` when it was first asked for: before the program, and before what is imported ahead of it."""
    return tuple(search_path())


def added_to_search_path() -> tuple[str, ...]:
    """What has come since. Empty also where something is not in its place any more: see `is_search_path_kept`."""
    known = first_search_path()
    return tuple(entry for entry in search_path() if entry not in known)


def is_search_path_kept() -> bool:
    """Whether all that it held at first is in it, in that order."""
    known = first_search_path()
    return [entry for entry in search_path() if entry in known] == list(known)


def is_installed(path: str) -> bool:
    """Whether ``path`` belongs to Python or to a package that was installed, and is not edited in place."""
    if path.startswith(installed_folders()):
        return True
    parts = Path(path).parts
    return "site-packages" in parts or "dist-packages" in parts


def is_ours_or_installed(path: str) -> bool:
    return path.startswith(OURS) or is_installed(path)


def installation(path: Iterable[str] = ()) -> list[str]:
    """What changes when Python is replaced or a package is installed: folders of packages, of ``path`` too, as in
    PYTHONPATH; and the files in them that add others to `sys.path`, as pip writes them for what is edited in place.
    """
    folders = dict.fromkeys(folder.rstrip(os.sep) for folder in (*installed_folders(), *filter(is_installed, path)))
    added = [str(path) for folder in folders for path in sorted(Path(folder).glob("*.pth"))]
    return [sys.executable, str(Path(sys.prefix, "pyvenv.cfg")), *folders, *added]


@functools.cache
def installed_folders() -> tuple[str, ...]:
    """Where Python and its packages are installed, each with a separator at the end."""
    paths = sysconfig.get_paths()
    folders = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += [*site.getsitepackages(), site.getusersitepackages()] if hasattr(site, "getsitepackages") else []
    return tuple(f"{folder}{os.sep}" for folder in dict.fromkeys(folders))
