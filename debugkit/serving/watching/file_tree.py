"""What the files that count hold, and which of them have changed. It does not know how anybody learns *when* to look.

A way of watching says "look into this directory" or "look everywhere"; all of them share what is found here. They are
told of each directory before it is read, so that nothing can happen between the two unseen.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable
from heapq import nlargest
from pathlib import Path
from typing import Protocol

from debugkit.serving.paths import exists, is_dir
from debugkit.serving.watching import fingerprints
from debugkit.serving.watching.changes import RECENT, Changes, Place
from debugkit.serving.watching.filter import Rule, Rules, Scope, is_below, split
from debugkit.serving.watching.fingerprints import Fingerprint
from debugkit.serving.watching.links import Ways, existing_file, identity_of, nearest
from debugkit.serving.watching.patterns import is_pattern

#: So many files are read at the start, so that touching one of them is no change from the first moment. The others
#: follow in the background, and until then a touch counts as a change.
READ_AT_START = 500

#: What a virtual environment has in its top directory (PEP 405).
ENVIRONMENT = "pyvenv.cfg"


class Listener(Protocol):
    """Hears of each directory in which something could happen."""

    #: Before it is read; may be called repeatedly. ``tree``: those below it will follow.
    def enter(self, directory: str, *, tree: bool) -> None: ...
    def leave(self, directory: str) -> None: ...
    #: Before it is read, which names in it lead where: nothing else in it matters.
    def pass_through(self, directory: str) -> None: ...

    #: Whether it does hear of that. Who looks at all files each time needs not.
    knows_ways: bool


class FileTree:
    """The files of a `Scope`. For one thread at a time, but for ``count``."""

    def __init__(self, scope: Scope, listener: Listener, *, clock: Callable[[], float] = time.time) -> None:
        self.listener = listener
        self._rules = Rules(scope)
        self._changes = Changes(self._fingerprint, clock)
        self._places: dict[str, Place] = {}
        #: Directory -> others to look into when something happens there: it is the last one that exists on the way to
        #: them, or holds the file behind a link of theirs.
        self._also: dict[str, set[str]] = {}
        self._ways = Ways()
        #: Directories found on the way, still to be looked into: path, what counts there, whether all below it as well.
        #: A list instead of recursion: a tree may be deeper than Python's stack.
        self._queue: list[tuple[str, Rule, bool]] = []

    @property
    def count(self) -> int:
        """How many files are looked after."""
        return self._changes.count

    @property
    def has_pending(self) -> bool:
        """Whether `take_changes` could find something."""
        return bool(self._changes)

    @property
    def has_single_change(self) -> bool:
        """Whether something happened to one file only, which was there before."""
        return self._changes.is_single()

    def begin(self) -> None:
        """See everything for the first time."""
        with self._changes.expecting(lambda path: True):
            self._look_everywhere()
        self._changes.read_some(READ_AT_START)
        self._changes.read_young()
        self._changes.recent += nlargest(RECENT, self._places, lambda path: self._places[path].newest())

    def look(self, where: Iterable[str] | None) -> bool:
        """Look into directories, or everywhere (None). Returns whether anything moved since the last check."""
        before = self._changes.moves
        if where is None:
            self._look_everywhere()
        else:
            for directory in sorted(where):
                self._look_at(directory)
        return self._changes.moves != before

    def where_to_look(self, directory: str, name: str, *, written: bool) -> set[str]:
        """Where to look when something happens to a name. ``written``: to a file that was there before."""
        ends = {path for path in [f"{directory.rstrip(os.sep)}{os.sep}{name}"] if self._ways.over(path)}
        place, others = self._places.get(directory), self._also.get(directory, set())
        if written:
            looks = any(target in self._places for target in others) or (place is not None and name in place.files)
        else:
            looks = place is not None or bool(others)
        return ends | {directory} if looks else ends

    def counts(self, directory: str, name: str) -> bool:
        """Whether a file of this name would count."""
        place = self._places.get(directory)
        return place is not None and self._wanted(place, name)

    def recent(self) -> set[str]:
        """The directories where something is most likely to happen next: where it did last."""
        return set(self._changes.recent)

    def take_changes(self) -> list[Path]:
        """The files whose content is not what it was at the last call, sorted. Later they are compared with now."""
        return [Path(path) for path in self._changes.take()]

    def add(self, files: Iterable[str], since: float) -> None:
        """Look after more files: absolute paths, and absolute patterns, which hold for files that come later too.

        Those written after ``since`` (seconds since the epoch) count as changed.
        """
        texts = [text for text in files if Path(text).is_absolute()]
        globs = [glob for text in texts if is_pattern(text) and not exists(text) for glob in self._rules.add(text)]
        existing = {existing_file(path) for path in texts} - {""}
        new = {path for path in existing if self._fingerprint(path) is None and self._rules.add_file(path)}
        self._queue += [(directory, Rule(), False) for directory in sorted({split(path)[0] for path in new})]
        self._queue += [(glob.base, Rule(), False) for glob in globs]
        with self._changes.expecting(lambda path: path in new or any(glob.match(path) for glob in globs), since):
            self._finish()

    def read_some(self, count: int) -> bool:
        """Read files of which only the signature is known. False when none is left."""
        return self._changes.read_some(count)

    # -- directories --

    def _look_everywhere(self) -> None:
        for path in sorted(self._places):
            if self._is_anchor(path):
                self._find_way(path)
        for path in sorted(self._places):
            if path in self._places:
                self._look_into(self._places[path])
        self._queue += [
            (path, Rule(), False) for path in sorted(self._anchors(), reverse=True) if path not in self._places
        ]
        self._finish()

    def _look_at(self, directory: str) -> None:
        for end in sorted(self._ways.over(directory)):
            self._find_way(end)
            self._queue.append((end, Rule(), False))
        for path in sorted({directory, *self._also.get(directory, ())}):
            if path in self._places:
                self._look_into(self._places[path])
            elif path != directory:
                self._queue.append((path, Rule(), False))
        self._finish()

    def _finish(self) -> None:
        while self._queue:
            self._open(*self._queue.pop())

    def _anchors(self) -> set[str]:
        """Directories that the user, or the worker, has named, or named files in."""
        return {*self._rules.trees, *self._rules.names}

    def _is_anchor(self, path: str) -> bool:
        return path in self._rules.trees or path in self._rules.names

    def _open(self, path: str, rule: Rule, deep: bool) -> None:
        """Look into a directory from now on; or wait until it is there."""
        rule |= self._rules.trees.get(path, Rule())
        place = self._places.get(path)
        if place is None and self._is_anchor(path):
            self._find_way(path)
        if place is None:
            if not self._wait_for(path):
                return
            place = self._places[path] = Place(path, rule)
        deep = deep or place.rule | rule != place.rule
        place.rule |= rule
        self._look_into(place, deep=self._is_another(place) or deep)

    def _find_way(self, end: str) -> None:
        if not self.listener.knows_ways:
            return
        for directory in self._ways.find(end, self.listener.pass_through):
            if directory not in self._places and directory not in self._also:
                self.listener.leave(directory)

    def _is_another(self, place: Place) -> bool:
        """Whether the path has come to mean another directory. What was listened to is elsewhere then, or gone."""
        if not self._is_anchor(place.path):  # the directory above sees to those
            return False
        before, place.identity = place.identity, identity_of(place.path)
        if before in (None, place.identity):
            return False
        for descendant in self._below(place.path):
            self.listener.leave(descendant)
        return True

    def _wait_for(self, path: str) -> bool:
        """Whether a directory is there. If not, the nearest above it is listened to, before that is found out."""
        ancestor = ""
        while not (there := is_dir(path)) and (other := nearest(path)) != ancestor:
            ancestor = other
            self._listen(ancestor, path)
        for other in [directory for directory, targets in self._also.items() if path in targets]:
            if there or other != ancestor:
                self._unlisten(other, path)
        return there

    def _listen(self, directory: str, target: str) -> None:
        self._also.setdefault(directory, set()).add(target)
        self.listener.enter(directory, tree=False)

    def _unlisten(self, directory: str, target: str) -> None:
        self._also[directory].discard(target)
        if not self._also[directory]:
            del self._also[directory]
            if directory not in self._places and directory not in self._ways:
                self.listener.leave(directory)

    def _look_into(self, place: Place, *, deep: bool = False) -> None:
        """Compare a directory with what it was. ``deep``: those below it as well."""
        self.listener.enter(place.path, tree=bool(place.rule))
        gone_files, gone_directories = dict(place.files), dict(place.directories)
        try:
            with os.scandir(place.path) as entries:
                for entry in entries:
                    known = place.files.get(entry.name)
                    if known is not None and not known.young and _is_unchanged(entry, known):  # nearly always
                        del gone_files[entry.name]
                    elif entry.is_dir(follow_symlinks=False):
                        self._meet_directory(place, entry, gone_directories.pop(entry.name, 0), deep)
                    elif self._wanted(place, entry.name) and self._meet_file(place, entry):
                        gone_files.pop(entry.name, None)
                    elif entry.name == ENVIRONMENT and place.path not in self._anchors():
                        self._prune(place.path)
                        return
        except (FileNotFoundError, NotADirectoryError):
            self._drop(place.path)
            return
        except OSError:  # not readable now: nothing is known to be different
            return
        for name in gone_files:
            self._lose(place, name)
        for name in gone_directories:
            place.directories.pop(name, None)
            self._drop(place.join(name))

    def _meet_directory(self, place: Place, entry: os.DirEntry[str], known: int, deep: bool) -> None:
        inode = entry.inode()
        path = place.join(entry.name)
        if inode == known and not deep and path in self._places:
            return
        rule = self._rules.below(place.rule, path)
        if not rule or exists(f"{path}{os.sep}{ENVIRONMENT}"):
            return
        if known and inode != known:  # another directory of that name: what was listened to is elsewhere, or gone
            deep = True
            for descendant in self._below(path):
                self.listener.leave(descendant)
        place.directories[entry.name] = inode
        self._queue.append((path, rule, deep))

    def _drop(self, path: str) -> None:
        """A directory is gone, with all below it."""
        for directory in self._below(path):
            place = self._places.pop(directory)
            for name in list(place.files):
                self._lose(place, name)
            for name in list(place.links):
                self._unfollow(place, name)
            if directory not in self._also:
                self.listener.leave(directory)
        for lost in [directory for directory in self._also if directory == path or is_below(directory, path)]:
            self._queue += [(target, Rule(), False) for target in self._also[lost] if target not in self._places]
            self.listener.leave(lost)
        for anchor in self._anchors():
            if anchor == path or is_below(anchor, path):
                self._queue.append((anchor, Rule(), False))

    def _prune(self, path: str) -> None:
        """A directory turns out to hold no source: forget it without a word."""
        self._drop(path)
        self._changes.forget(file for file in self._changes.pending() if is_below(file, path))

    def _below(self, path: str) -> list[str]:
        return sorted(other for other in self._places if other == path or is_below(other, path))

    # -- files --

    def _wanted(self, place: Place, name: str) -> bool:
        if name in place.files or name in self._rules.names.get(place.path, ()):
            return True
        return self._rules.counts(place.rule, place.join(name))

    def _meet_file(self, place: Place, entry: os.DirEntry[str]) -> bool:
        """See what became of a file. False when there is none: a link to nowhere, a directory, a FIFO."""
        try:
            status = entry.stat()
        except OSError:
            status = None
        if entry.is_symlink() and (status is None or not stat.S_ISDIR(status.st_mode)):
            self._follow(place, entry.name)
        return status is not None and self._changes.meet(place, entry.name, status)

    def _lose(self, place: Place, name: str) -> None:
        self._changes.lose(place, name)
        self._unfollow(place, name)

    def _fingerprint(self, path: str) -> Fingerprint | None:
        directory, name = split(path)
        place = self._places.get(directory)
        return place.files.get(name) if place is not None else None

    def _follow(self, place: Place, name: str) -> None:
        """Listen where the file behind a link is: an editor that saves there changes nothing here."""
        directory, _ = split(os.path.realpath(place.join(name)))
        if place.links.get(name) == directory:
            return
        self._unfollow(place, name)
        if directory != place.path and is_dir(directory):
            place.links[name] = directory
            self._listen(directory, place.path)

    def _unfollow(self, place: Place, name: str) -> None:
        directory = place.links.pop(name, None)
        if directory is not None and directory not in place.links.values():
            self._unlisten(directory, place.path)


def _is_unchanged(entry: os.DirEntry[str], known: Fingerprint) -> bool:
    try:
        return fingerprints.signature_of(entry.stat()) == known.signature
    except OSError:
        return False
