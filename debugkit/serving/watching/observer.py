"""Events of other systems than Linux, through watchdog. Only says in which directory something happened.

Its observer watches whole trees, which is what FSEvents is made for.
"""

from __future__ import annotations

import os
import threading

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from debugkit.serving.watching.file_tree import FileTree
from debugkit.serving.watching.filter import is_below, split


class ObserverSource(FileSystemEventHandler):
    """watchdog's observer of this system, for whole trees. None of watchdog's patterns is used."""

    kind = "watchdog"
    finished = False  # FSEvents does not tell who has closed a file
    #: There a directory cannot be watched without everything below it: on the way to a project that is
    #: the whole disk.
    knows_ways = False

    def __init__(self) -> None:
        self.failure: str | None = None
        self._observer: BaseObserver | None = None
        self._watches: dict[str, ObservedWatch] = {}
        self._trees: set[str] = set()
        #: Path without symbolic links, as FSEvents reports it, and the name it is known by: there may be several.
        self._names: set[tuple[str, str]] = set()
        self._where: set[str] = set()
        self._woken = False
        self._changed = threading.Condition()

    def open(self, file_tree: FileTree) -> None:
        self._observer = Observer()
        self._observer.start()

    def enter(self, directory: str, *, tree: bool) -> None:
        real = os.path.realpath(directory)
        with self._changed:
            if directory not in self._known_as(real):
                self._names.add((real, directory))
        if self.failure or self._is_covered(real, tree):
            return
        self._unschedule(real)
        try:
            self._watches[real] = self._started().schedule(self, real, recursive=tree)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self.failure = f"File system events are unavailable: {error}. Polling the files instead."
        if tree:
            self._trees.add(real)

    def _is_covered(self, real: str, tree: bool) -> bool:
        scheduled = self._trees if tree else self._watches
        return real in scheduled or any(is_below(real, top) for top in self._trees)

    def pass_through(self, directory: str) -> None:
        pass

    def leave(self, directory: str) -> None:
        with self._changed:
            left = {(real, name) for real, name in self._names if name == directory}
            self._names -= left
        for real, _ in left:
            self._unschedule(real)

    def _unschedule(self, real: str) -> None:
        self._trees.discard(real)
        watch = self._watches.pop(real, None)
        if watch is not None:
            self._started().unschedule(watch)

    def wait(self, timeout: float | None) -> set[str] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._where or self._woken, timeout)
            where, self._where, self._woken = self._where, set(), False
        return where

    def dispatch(self, event: FileSystemEvent) -> None:
        """Called by the observer, in its thread."""
        if event.event_type in ("opened", "closed_no_write"):
            return
        reported = [os.fsdecode(path) for path in (event.src_path, event.dest_path) if path]
        with self._changed:
            paths = {name for path in reported for name in self._known_as(path)}
            self._where.update(split(path)[0] for path in paths)
            if event.is_directory:
                self._where.update(paths)
            self._changed.notify_all()

    def wake(self) -> None:
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def close(self) -> None:
        if self._observer is not None and self._observer.is_alive():
            self._observer.stop()
            self._observer.join()

    def _started(self) -> BaseObserver:
        assert self._observer is not None, "open() comes first"
        return self._observer

    def _known_as(self, path: str) -> set[str]:
        """The names of a path that was reported."""
        return {
            name + path[len(real) :] for real, name in self._names if path == real or is_below(path, real)
        }  # fmt: skip
