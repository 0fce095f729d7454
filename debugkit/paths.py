"""What stands at a path. "No" also where that cannot be known: a `Path` raises `PermissionError` until Python 3.14.

Folders may be closed to this process at any moment, and that is no reason to end.
"""

from __future__ import annotations

import os


def exists(path: str | os.PathLike[str]) -> bool:
    return os.path.exists(path)  # noqa: PTH110


def is_file(path: str | os.PathLike[str]) -> bool:
    return os.path.isfile(path)  # noqa: PTH113


def is_dir(path: str | os.PathLike[str]) -> bool:
    return os.path.isdir(path)  # noqa: PTH112
