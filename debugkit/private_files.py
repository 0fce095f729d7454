"""Files that other users must not read, and that are whole whenever they can be seen. Does not know what is in them."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

# Windows translates line ends without O_BINARY; a symbolic link or a pipe in place of a file is refused elsewhere.
FLAGS = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """The file, opened and locked for this thread alone; without a lock on Windows. Raises `OSError`."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | FLAGS, 0o600)
    with ExitStack() as stack:
        stack.callback(os.close, file)
        if sys.platform != "win32":
            fcntl.flock(file, fcntl.LOCK_EX)
            # Closing is not enough: a child forked meanwhile holds the same lock, and would keep it.
            stack.callback(fcntl.flock, file, fcntl.LOCK_UN)
        yield file


def is_private(path: Path) -> bool:
    """A plain file of this user that nobody else can read or write; on Windows the folder's access list does that."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return is_ours(status)


def is_ours(status: os.stat_result) -> bool:
    """The same for a file that is open already, or was checked."""
    if not stat.S_ISREG(status.st_mode):
        return False
    return sys.platform == "win32" or (status.st_uid == os.geteuid() and not status.st_mode & 0o077)


def create(path: Path, data: bytes, mode: int) -> None:
    """Write a new file that has its ``mode`` from the first byte on. Leaves nothing behind when it raises `OSError`."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | FLAGS, mode)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(data)
    except OSError:
        path.unlink()
        raise


def replace(path: Path, data: bytes, mode: int) -> None:
    """Put a file with ``data`` in place of whatever is there. Raises `OSError`."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    create(draft, data, mode)
    try:
        draft.replace(path)
    except OSError:
        draft.unlink()
        raise


def require_private_folder(path: Path) -> None:
    """Refuse a folder that is not this user's alone: raises `OSError` with the reason, also for a symbolic link."""
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(f"{path} is not a folder")
    if status.st_uid != os.geteuid():
        raise PermissionError(f"{path} belongs to another user")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise PermissionError(f"other users may enter {path}; run: chmod 700 {path}")
