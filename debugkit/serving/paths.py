"""What is at a path, and the name people use for it.

The answer is "no" also where that cannot be known: a `Path` raises `PermissionError` there until Python 3.14. Folders
may be closed to this process at any moment, and that is no reason to end.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def exists(path: str | os.PathLike[str]) -> bool:
    return os.path.exists(path)  # noqa: PTH110


def is_file(path: str | os.PathLike[str]) -> bool:
    return os.path.isfile(path)  # noqa: PTH113


def is_dir(path: str | os.PathLike[str]) -> bool:
    return os.path.isdir(path)  # noqa: PTH112


def same(path: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """Whether two paths lead to one file or folder, which is there."""
    try:
        return os.path.samefile(path, other)  # noqa: PTH121
    except OSError:
        return False


def by_the_shell(folder: str, environ: Mapping[str, str] = os.environ) -> str:
    """``folder`` by the name that the shell has for it, if that is where it has started this program.

    After ``cd current`` the system knows only where that link led at the time; PWD keeps the link (POSIX, XBD 8.3).
    """
    name = environ.get("PWD", "")
    known = os.path.isabs(name) and name == os.path.normpath(name) and same(name, folder)  # noqa: PTH117
    return name if known else folder


def working_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The working directory, by the name that the shell has for it."""
    return Path(by_the_shell(os.getcwd(), environ))  # noqa: PTH109


def named(path: str | os.PathLike[str]) -> Path:
    """A path from the top, by the name that people have for it: links on the way may be turned elsewhere later."""
    absolute = working_folder() / path
    return absolute if ".." not in absolute.parts else Path(os.path.realpath(absolute))
