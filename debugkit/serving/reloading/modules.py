"""Which files the imported modules come from, and which of them belong to installed packages."""

from __future__ import annotations

import functools
import os
import site
import sys
import sysconfig
import traceback
from pathlib import Path
from types import ModuleType

import debugkit
from debugkit.raised import field, traceback_of
from debugkit.serving.paths import exists, is_file

#: Where debugkit is, which may be edited in place.
OURS = f"{Path(debugkit.__file__).parent}{os.sep}"


def imported_files() -> list[str]:
    """The files of the imported modules."""
    return [path for module in list(sys.modules.values()) if (path := file_of(module))]


def installed_modules() -> dict[str, str]:
    """Names and files of the modules of Python, of installed packages and of debugkit, in the order of their import."""
    modules = {name: file_of(module) for name, module in list(sys.modules.items()) if name != "__main__"}
    return {name: file for name, file in modules.items() if file and is_ours_or_installed(file)}


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
    if is_file(path):
        return os.path.abspath(path)  # noqa: PTH100
    here = Path(path)
    while not exists(here) and here != here.parent:  # a module inside an archive: the archive
        here = here.parent
    return str(here.absolute()) if is_file(here) else ""


def is_installed(path: str) -> bool:
    """Whether ``path`` belongs to Python or to a package that was installed, and is not edited in place."""
    if path.startswith(installed_folders()):
        return True
    parts = Path(path).parts
    return "site-packages" in parts or "dist-packages" in parts


def is_ours_or_installed(path: str) -> bool:
    return path.startswith(OURS) or is_installed(path)


@functools.cache
def installed_folders() -> tuple[str, ...]:
    """Where Python and its packages are installed, each with a separator at the end."""
    paths = sysconfig.get_paths()
    folders = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += [*site.getsitepackages(), site.getusersitepackages()] if hasattr(site, "getsitepackages") else []
    return tuple(f"{folder}{os.sep}" for folder in dict.fromkeys(folders))
