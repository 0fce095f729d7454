"""What the processes of one user share on disk: a secret, the count of wrong PINs, and the links that were used.

A *run* is all processes of one application that are alive at the same time, and those that one supervisor starts: the
count starts again when all have ended. Knows no PIN and no link. Where nothing can be shared (no folder, no locks),
each process counts on its own.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import sys
import threading
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

from debugkit.private_files import FLAGS, is_ours, locked, replace

if sys.platform != "win32":
    import fcntl

T = TypeVar("T")

#: Wrong PINs until entry is locked.
MOST_FAILURES = 10
#: The secret is as long as the output of the hash that is keyed with it (RFC 2104, 3).
SECRET_SIZE = 32
#: Bytes read of the record: ten times what a thousand used links need.
_RECORD_SIZE = 1_000_000
#: Supervisors that are remembered: those whose workers have lived at the same time.
_MOST_SUPERVISORS = 20

# The secret


def load_secret(folder: Path) -> bytes:
    """The user's secret, made at the first call; all processes get the same. Raises `OSError` when it cannot be kept.

    A file that others can read, that is not the user's or that has another size is replaced.
    """
    path = folder / "secret"
    with locked(folder / "secret.lock"):
        secret = _read_secret(path)
        if secret is None:
            replace(path, secrets.token_bytes(SECRET_SIZE), 0o600)
            secret = _read_secret(path)
    if secret is None:
        raise OSError(f"{path} cannot be kept from other users")
    return secret


def _read_secret(path: Path) -> bytes | None:
    try:
        file = os.open(path, os.O_RDONLY | FLAGS)
    except (FileNotFoundError, PermissionError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:  # a symbolic link
            return None
        raise
    try:
        status = os.fstat(file)
        return os.read(file, SECRET_SIZE) if is_ours(status) and status.st_size == SECRET_SIZE else None
    finally:
        os.close(file)


# The count


@dataclass(slots=True)
class Record:
    """What is counted in one run. ``used`` maps links that were opened to the time they expire, in epoch seconds.

    ``supervisors`` names those that have taken part in the run.
    """

    failures: int = 0
    used: dict[str, int] = field(default_factory=dict)
    supervisors: list[str] = field(default_factory=list)


class Attempts:
    """The `Record` of one run of an application, shared by its processes as long as one of them lives.

    ``key`` names the application in file names. ``folder`` is `None` to count in this process alone. ``supervisor``
    is the same for all processes that one supervisor starts one after the other, and for no others; empty without one.
    """

    def __init__(self, folder: Path | None, key: str, supervisor: str = "") -> None:
        self._supervisor = supervisor
        self._lock = threading.Lock()
        self._record = Record()
        self._path: Path | None = None
        self._glanced: tuple[tuple[int, int, int], Record] | None = None
        self._leave: Callable[[], object] = lambda: None
        if folder is not None and sys.platform != "win32":
            try:
                self._join(folder, key)
            except OSError:  # a file system without locks
                self.close()

    @property
    def shared(self) -> bool:
        """Whether other processes count along."""
        return self._path is not None

    def _join(self, folder: Path, key: str) -> None:
        """Take part in the run: a shared lock that lasts as long as this process, and any child forked from it.

        The first process, which gets an exclusive lock, restarts the count, unless it follows a worker of its own
        supervisor: saving a file or crashing grants no further attempts. The lock is never released explicitly,
        since children share it: it ends when the last of them closes the file, however it ended.
        """
        path = folder / f"{key}.attempts"
        with locked(path) as file:
            run = os.open(folder / f"{key}.run", os.O_RDWR | os.O_CREAT | FLAGS, 0o600)
            leave = weakref.finalize(self, os.close, run)
            leave.atexit = False  # then the system closes it
            self._leave = leave
            record = _load(file)
            if _is_first(run) and self._supervisor not in record.supervisors:
                record = Record(used=record.used)
            _store(file, self._joined(record))
            fcntl.flock(run, fcntl.LOCK_SH)
        self._path = path

    def _joined(self, record: Record) -> Record:
        if self._supervisor and self._supervisor not in record.supervisors:
            record.supervisors = [*record.supervisors, self._supervisor][-_MOST_SUPERVISORS:]
        return record

    def close(self) -> None:
        """Leave the run. From here on this object counts alone."""
        self._path = None
        self._leave()

    def read(self) -> Record:
        """The record as it is now."""
        with ExitStack() as stack:
            file = self._enter(stack)
            return self._record if file is None else _load(file)

    def glance(self) -> Record:
        """The record, read again only when its file has changed: each page asks, and nothing is granted by it."""
        path = self._path
        if path is None:
            return self._record
        try:
            status = os.stat(path)  # noqa: PTH116 - a Path's own takes longer, and every page pays for it
        except OSError:
            return self.read()
        state = (status.st_mtime_ns, status.st_size, status.st_ino)
        if self._glanced is None or self._glanced[0] != state:
            self._glanced = state, self.read()
        return self._glanced[1]

    def change(self, update: Callable[[Record], T]) -> T:
        """Call ``update`` with the record, while nobody else can read or change it, and keep what it changed.

        Nothing is kept when ``update`` raises.
        """
        with ExitStack() as stack:
            file = self._enter(stack)
            record = self._record if file is None else _load(file)
            changed = Record(record.failures, dict(record.used), list(record.supervisors))
            result = update(changed)
            self._keep(file, changed)
            return result

    def _enter(self, stack: ExitStack) -> int | None:
        """Lock the record: as a file shared with other processes, or (`None`) as this object's own."""
        if self._path is not None:
            try:
                return stack.enter_context(locked(self._path))
            except OSError:  # the folder is gone
                self.close()
        stack.enter_context(self._lock)
        return None

    def _keep(self, file: int | None, record: Record) -> None:
        self._record = record
        if file is not None:
            try:
                _store(file, record)
            except OSError:  # the disk is full
                self.close()


def _is_first(run: int) -> bool:
    try:
        fcntl.flock(run, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _load(file: int) -> Record:
    """The record in a file. One that cannot be understood counts as locked: that ends with the run."""
    data = os.pread(file, _RECORD_SIZE, 0)
    if not data:
        return Record()
    try:
        content = json.loads(data)
        used = {str(link): int(expiry) for link, expiry in content["used"].items()}
        return Record(
            int(content["failures"]), used, [str(supervisor) for supervisor in content.get("supervisors", [])]
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Record(failures=MOST_FAILURES)


def _store(file: int, record: Record) -> None:
    data = json.dumps(asdict(record)).encode()
    os.pwrite(file, data, 0)
    os.ftruncate(file, len(data))
