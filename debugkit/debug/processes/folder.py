"""The private folder in which the processes of one server meet: found by all of them without a word.

Knows neither sockets nor errors. A folder that others could look into or have made is refused, with the reason.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from debugkit.private_files import require_private_folder

#: Bytes of a Unix socket's address with its final zero on macOS and the BSDs; Linux has room for 108 (unix(7)).
SUN_PATH = 104
#: A slash, and the longest name of a socket in the folder.
_NAME = 1 + 8
PREFIX = "debugkit-"


class Unusable(Exception):
    """There is no folder to meet in. Says why."""


def meeting_place(key: str, place: str, environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of one application of this server: of the processes of one group that share ``key`` and ``place``.

    All processes of a server are in the process group of the one that was started, however they were made, and those
    of another server most often are not (setpgid(2)). ``key`` is derived from the user's secret: nobody else can know
    the name beforehand. Raises `Unusable`.
    """
    if sys.platform == "win32":
        raise Unusable("Windows has no private Unix sockets")
    if not key:
        raise Unusable("the processes share no secret, since no state can be saved")
    whole = f"{key}\0{os.getpgrp()}\0{place}".encode("utf-8", "backslashreplace")
    name = f"{PREFIX}{hashlib.sha256(whole).hexdigest()[:16]}"
    for base in _bases(environ):
        if len(os.fsencode(base / name)) + _NAME < SUN_PATH:
            return base / name
    raise Unusable("no folder has a path that is short enough for a socket: set TMPDIR to a shorter one")


def is_meeting_place(socket: str) -> bool:
    """Whether a socket is one by which processes meet."""
    return Path(socket).parent.name.startswith(PREFIX)


def _bases(environ: Mapping[str, str]) -> Iterator[Path]:
    """Where sockets may be: where the system keeps those of this user (XDG Base Directory), or a temporary folder."""
    runtime = Path(environ.get("XDG_RUNTIME_DIR", ""))
    if runtime.is_absolute() and _is_own(runtime) and os.access(runtime, os.W_OK | os.X_OK):
        yield runtime
    yield Path(tempfile.gettempdir())
    yield Path("/tmp")


def _is_own(path: Path) -> bool:
    try:
        return path.stat().st_uid == os.geteuid()
    except OSError:
        return False


def require(path: Path, *, make: bool = False) -> None:
    """Check the folder each time before it is used; raises `Unusable`, or `FileNotFoundError` where there is none."""
    try:
        if make:
            path.mkdir(mode=0o700, exist_ok=True)
        require_private_folder(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unusable(str(error)) from None


def sockets(path: Path) -> list[Path]:
    """The sockets in the folder; none where it is gone."""
    try:
        return [child for child in path.iterdir() if stat.S_ISSOCK(child.lstat().st_mode)]
    except OSError:
        return []
