"""Where the servers of this user answer that have had an error: a small file for each, for ``debugkit errors``.

The address is all that is kept. Whoever asks there is judged as any client is.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from debugkit import private_files

#: The folder in that of the user's state.
FOLDER: Final = "servers"
#: Servers that are kept; the oldest make room. Bytes of a file that are read.
MOST: Final = 50
_MOST_BYTES: Final = 10_000


@dataclass(frozen=True, slots=True)
class KnownServer:
    """``base`` is what the debugger's addresses begin with, such as ``http://127.0.0.1:8000/__debugkit__``."""

    base: str
    file: Path

    def forget(self) -> None:
        """Nobody answers there any more."""
        with suppress(OSError):
            self.file.unlink()


def note(state: Path, base: str) -> None:
    """Keep that a server answers at ``base``, in the folder of the user's state. Raises `OSError`."""
    folder = state / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    private_files.require_private_folder(folder)
    name = hashlib.sha256(base.encode("utf-8", "backslashreplace")).hexdigest()[:16]
    private_files.replace(folder / f"{name}.json", json.dumps({"base": base}).encode("ascii"), 0o600)
    for server in list(known(state))[MOST:]:
        server.forget()


def known(state: Path) -> Iterator[KnownServer]:
    """The servers, the one that had an error last first; some may have ended."""
    folder = state / FOLDER
    try:
        private_files.require_private_folder(folder)
        files = [path for path in folder.iterdir() if path.suffix == ".json"]
    except OSError:
        return
    for path in sorted(files, key=_changed, reverse=True):
        if base := _base(path):
            yield KnownServer(base, path)


def _changed(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def _base(path: Path) -> str:
    try:
        file = os.open(path, os.O_RDONLY | private_files.FLAGS)
    except OSError:
        return ""
    with os.fdopen(file, "rb") as stream:
        data = stream.read(_MOST_BYTES) if private_files.is_ours(os.fstat(file)) else b""
    try:
        base = json.loads(data)["base"]
    except (ValueError, KeyError, TypeError):
        return ""
    return base if isinstance(base, str) and base.startswith(("http://", "https://")) else ""
