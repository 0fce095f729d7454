"""What a file holds, as far as one can tell: a signature that costs a `stat`, and a digest that costs reading it."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Larger files are not read: their signature has to do.
LARGEST = 16 * 2**20

#: Nanoseconds during which a second write may leave the signature as it is. FAT counts in steps of two seconds, a Linux
#: kernel in ticks of up to ten milliseconds.
TICK = 2 * 10**9

#: Seconds after which a save is noticed at the latest. What is older was not changed itself, but what leads to it.
OLDEST = 15.0

#: In the place of a digest.
UNREAD = b"not read yet"
MISSING = b"no such file"
UNREADABLE = b"not readable"

#: mtime, size, inode and ctime: the last finds a write whose mtime was set back (`rsync --times`).
Signature = tuple[int, int, int, int]


@dataclass(slots=True)
class Fingerprint:
    """What was last seen of one file."""

    signature: Signature
    digest: bytes = UNREAD
    #: Written so recently that another write could have left the same signature.
    young: bool = False


def signature_of(status: os.stat_result) -> Signature:
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns


class Snapshot:
    """What there is at some paths, by their signatures: of a folder, that of its names."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = list(paths)
        self._signatures = self._look()

    def holds(self) -> bool:
        """Whether it is the same now."""
        return self._signatures == self._look()

    def _look(self) -> list[Signature | None]:
        return [_signature_at(path) for path in self._paths]


def _signature_at(path: str) -> Signature | None:
    try:
        return signature_of(os.stat(path))  # noqa: PTH116 - hundreds of files at each save
    except OSError:
        return None


def is_young(signature: Signature, now: float) -> bool:
    """Whether a file was written within the last tick before ``now`` (seconds since the epoch)."""
    return abs(int(now * 10**9) - signature[0]) < TICK


def is_later(signature: Signature, since: float) -> bool:
    """Whether a file was written, or put in its place, after ``since`` (seconds since the epoch)."""
    latest = max(signature[0], signature[3])
    coarse = 10**9 if latest % 10**9 == 0 else 10**7  # file systems round down: to the second, or to the kernel's tick
    return latest + coarse > since * 10**9


def read(path: str) -> tuple[Signature | None, bytes]:
    """The signature of a file *before* it was read, and its digest. Raises nothing; never waits at a FIFO."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        return None, MISSING if isinstance(error, (FileNotFoundError, NotADirectoryError)) else UNREADABLE
    try:
        return _read(descriptor)
    except OSError:
        return None, UNREADABLE
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> tuple[Signature | None, bytes]:
    status = os.fstat(descriptor)
    signature = signature_of(status)
    if not stat.S_ISREG(status.st_mode):
        return None, UNREADABLE
    if status.st_size > LARGEST:
        return signature, repr(signature[:3]).encode()
    digest = hashlib.blake2b(digest_size=16)
    while data := os.read(descriptor, 2**20):
        digest.update(data)
    return signature, digest.digest()


def age(paths: Sequence[str], clock: Callable[[], float] = time.time) -> float:
    """Seconds since the first of these files was saved; 0 when none tells, such as one that is gone."""
    ages = [clock() - changed for changed in map(_changed_at, paths) if changed is not None]
    return max((seconds for seconds in ages if 0.0 <= seconds < OLDEST), default=0.0)


def _changed_at(path: str) -> float | None:
    try:
        return Path(path).stat().st_ctime  # not mtime, which may be older when the file was moved here
    except OSError:
        return None
