"""The folder where this user's state is kept: made, and refused when others could put something there.

Does not know what is kept in it.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from debugkit.frozen import frozen
from debugkit.settings import Settings


@frozen
class StateFolder:
    """The folder where the user's state is kept. ``path`` is `None` when none can be used; ``reason`` says why."""

    path: Path | None
    reason: str = ""


def _effective_uid() -> int | None:
    """The user who owns what this process creates; `None` on Windows, where a profile is private by its access list."""
    return None if sys.platform == "win32" else os.geteuid()


def state_folder(
    chosen: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    *,
    platform: str = sys.platform,
    home: Callable[[], Path] = Path.home,
    uid: Callable[[], int | None] = _effective_uid,
) -> StateFolder:
    """The folder ``chosen``, or else the platform's own one for state (XDG Base Directory on Linux); made if missing.

    A folder that others may write in, or that belongs to another user, is not used: they could plant a secret.
    """
    try:
        path = chosen or _default_folder(environ, platform, home)
        _make(path, uid(), shared_parents=chosen is not None)
        return StateFolder(path, "")
    except (OSError, RuntimeError) as error:
        return StateFolder(None, str(error))


def _default_folder(environ: Mapping[str, str], platform: str, home: Callable[[], Path]) -> Path:
    if platform == "win32":
        local = environ.get("LOCALAPPDATA")
        return (Path(local) if local else home() / "AppData" / "Local") / "debugkit"
    if platform == "darwin":
        return home() / "Library" / "Application Support" / "debugkit"
    xdg = Path(environ.get("XDG_STATE_HOME", ""))
    # "If an implementation encounters a relative path [...] it should consider the path invalid and ignore it."
    return (xdg if xdg.is_absolute() else home() / ".local" / "state") / "debugkit"


def _make(path: Path, uid: int | None, *, shared_parents: bool) -> None:
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    if missing and uid == 0 and not shared_parents and missing[-1].parent.stat().st_uid != 0:
        # With sudo, HOME may still be the user's: what root makes there would lock the user out later.
        raise PermissionError(f"{missing[-1].parent} belongs to another user")
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    if uid is not None:
        _require_private(path, uid)


def _require_private(path: Path, uid: int) -> None:
    status = path.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(f"{path} is not a folder")
    if status.st_uid != uid or path.lstat().st_uid != uid:
        raise PermissionError(f"{path} belongs to another user")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(f"other users may write in {path}; run: chmod go-w {path}")


def user_folder() -> Path | None:
    """The folder of this user, as `Settings` and the environment choose it; `None` when none can be used."""
    return state_folder(Settings.from_environ().state_dir).path
