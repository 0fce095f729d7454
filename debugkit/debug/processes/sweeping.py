"""Takes away what processes have left that ended without a word: sockets nobody answers, folders of old servers."""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path

from debugkit.debug.processes.client import is_answered
from debugkit.debug.processes.folder import PREFIX, sockets

#: Seconds after which the folder of a server that has ended is taken away.
OLD = 3600.0
#: Folders that are looked at for that.
_MOST = 200


def sweep(own: Path, now: float | None = None) -> None:
    """Remove the dead sockets in the folder ``own``, and folders beside it where for an hour nothing has changed."""
    for path in sockets(own):
        is_answered(path)
    horizon = (time.time() if now is None else now) - OLD
    try:
        beside = [path for path in own.parent.iterdir() if re.fullmatch(rf"{PREFIX}[0-9a-f]{{16}}", path.name)]
    except OSError:
        return
    for path in beside[:_MOST]:
        if path != own and _is_old(path, horizon) and not any(map(is_answered, sockets(path))):
            shutil.rmtree(path, ignore_errors=True)


def _is_old(path: Path, horizon: float) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    return status.st_uid == os.geteuid() and status.st_mtime < horizon
