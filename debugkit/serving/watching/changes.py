"""Which of the files that were met hold something else than when changes were last taken. It looks for none itself."""

from __future__ import annotations

import math
import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from debugkit.serving.watching import fingerprints
from debugkit.serving.watching.filter import Rule
from debugkit.serving.watching.fingerprints import MISSING, UNREAD, UNREADABLE, Fingerprint, Signature

#: How many of the directories where something happened last are remembered.
RECENT = 6


@dataclass(slots=True)
class Place:
    """A directory that is looked into."""

    path: str
    rule: Rule
    #: Which directory has the path, when that may change without a word in the one above.
    identity: tuple[int, int] | None = None
    files: dict[str, Fingerprint] = field(default_factory=dict)
    directories: dict[str, int] = field(default_factory=dict)  # name -> inode
    links: dict[str, str] = field(default_factory=dict)  # name -> directory of the file behind the link

    def join(self, name: str) -> str:
        return f"{self.path.rstrip(os.sep)}{os.sep}{name}"

    def newest(self) -> int:
        """When the last of its files was written, in nanoseconds since the epoch."""
        return max((known.signature[0] for known in self.files.values()), default=0)


class Changes:
    """What changed, and what it held before. ``find`` gives the fingerprint of a path, or None."""

    def __init__(self, find: Callable[[str], Fingerprint | None], clock: Callable[[], float]) -> None:
        #: How many files are there.
        self.count = 0
        #: Rises with everything that happens to a file.
        self.moves = 0
        #: Directories where something happened, the last one last.
        self.recent: deque[str] = deque(maxlen=RECENT)
        self._find = find
        self._clock = clock
        self._expected: Callable[[str], bool] = _unexpected
        self._since = 0.0
        self._before: dict[str, bytes] = {}
        self._unread: deque[tuple[Place, str]] = deque()

    def __bool__(self) -> bool:
        return bool(self._before)

    @contextmanager
    def expecting(self, expected: Callable[[str], bool], since: float = math.inf) -> Iterator[None]:
        """It is no change that such a file is met for the first time, unless it was written after ``since``."""
        self._expected, self._since = expected, since
        try:
            yield
        finally:
            self._expected = _unexpected

    def meet(self, place: Place, name: str, status: os.stat_result) -> bool:
        """See what became of a file. False when it is none that can be read: a directory, a FIFO."""
        if not stat.S_ISREG(status.st_mode):
            return False
        known = place.files.get(name)
        signature = fingerprints.signature_of(status)
        if known is None:
            self._meet_new(place, name, signature)
        elif known.signature != signature:
            self._note(place, name, known.digest)
            place.files[name] = Fingerprint(signature)
        elif known.young and known.digest != UNREAD:
            self._read_again(place, name, known)
        return True

    def _meet_new(self, place: Place, name: str, signature: Signature) -> None:
        place.files[name] = Fingerprint(signature)
        self.count += 1
        if not self._expected(place.join(name)):
            self._note(place, name, MISSING)
        elif fingerprints.is_later(signature, self._since):
            self._note(place, name, UNREAD)
        else:
            self._unread.append((place, name))

    def lose(self, place: Place, name: str) -> None:
        """A file is gone."""
        known = place.files.pop(name)
        self.count -= 1
        self._note(place, name, known.digest)

    def forget(self, paths: Iterable[str]) -> None:
        """What happened to these files is no change."""
        for path in paths:
            self._before.pop(path, None)

    def take(self) -> list[str]:
        """The paths whose content differs from what it was at the last call. From now on they are compared with now."""
        changed = [path for path, before in self._before.items() if self._now(path) != before or before == UNREAD]
        self._before.clear()
        return sorted(changed)

    def is_single(self) -> bool:
        """Whether something happened to one file only, which was there before: editors make others for a moment."""
        return len(self._before) == 1 and MISSING not in self._before.values()

    def pending(self) -> list[str]:
        """The paths of files to which something happened."""
        return list(self._before)

    def read_some(self, count: int) -> bool:
        """Read files of which only the signature is known. False when none is left."""
        while self._unread and count:
            self._read_first(*self._unread.popleft())
            count -= 1
        return bool(self._unread)

    def read_young(self) -> None:
        """Read those files of which the signature may say nothing, as they were just written."""
        now = self._clock()
        young = [
            (place, name) for place, name in self._unread if fingerprints.is_young(place.files[name].signature, now)
        ]
        for place, name in young:
            self._read_first(place, name)

    def _note(self, place: Place, name: str, before: bytes) -> None:
        """Something happened. Whether it is a change will be seen in `take`."""
        self._before.setdefault(place.join(name), before)
        self.moves += 1
        if place.path in self.recent:
            self.recent.remove(place.path)
        self.recent.append(place.path)

    def _now(self, path: str) -> bytes:
        known = self._find(path)
        return MISSING if known is None else self._read(path, known)

    def _read(self, path: str, known: Fingerprint) -> bytes:
        signature, known.digest = fingerprints.read(path)
        known.signature = signature or known.signature
        known.young = fingerprints.is_young(known.signature, self._clock())
        return known.digest

    def _read_again(self, place: Place, name: str, known: Fingerprint) -> None:
        """A second write within one tick leaves the signature as it was."""
        before = known.digest
        if self._read(place.join(name), known) != before:
            self._note(place, name, before)

    def _read_first(self, place: Place, name: str) -> None:
        """Learn what a file holds, unless it has changed since it was met: then the next look finds that."""
        known = place.files.get(name)
        if known is None or known.digest != UNREAD or place.join(name) in self._before:
            return
        signature, digest = fingerprints.read(place.join(name))
        if signature == known.signature or digest == UNREADABLE:
            known.digest = digest
            known.young = fingerprints.is_young(known.signature, self._clock())


def _unexpected(path: str) -> bool:
    return False
