"""Which files changed: a thread that waits, looks, and reports a batch when it has become quiet.

Two ways of waiting, "watchdog" and "stat", behind one `Watcher`. It knows nothing of workers and servers.
"""

from __future__ import annotations

import math
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from debugkit.errors import ConfigurationError
from debugkit.serving.watching.file_tree import FileTree, Listener
from debugkit.serving.watching.filter import Scope, is_below

__all__ = ["Scope", "Source", "Watcher", "make_watcher"]

#: Seconds without another change after which a batch is reported, and the longest that it is held back. A save that is
#: known to be finished, and alone, is reported at once.
QUIET = 0.05
LONGEST = 0.5

#: Looking everywhere may take this share of a core, and is never put off for longer than this many seconds. Looking
#: where files changed last takes a little more: together they stay below a hundredth.
SHARE = 0.006
LONGEST_INTERVAL = 10.0

#: How many files are read between two looks for as long as their content is not known.
SLICE = 50

#: File systems whose changes are made elsewhere, and raise no event here: network, shared folders of virtual machines
#: and containers, Windows' drives in WSL.
REMOTE = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "davfs", "fuse.sshfs", "fuse.rclone", "fuse.s3fs"),
        *("vboxsf", "vmhgfs", "fuse.vmhgfs-fuse", "prl_fs", "fuse.prl_fsd", "virtiofs", "9p", "drvfs"),
        *("osxfs", "fuse.osxfs", "grpcfuse", "fuse.grpcfuse", "fakeowner"),
    }
)


class Source(Listener, Protocol):
    """A way of knowing when to look. `wake` may be called by any thread, all else by one."""

    kind: str  # "watchdog" or "stat", for people
    #: A sentence that says why it can go no further. Looking at regular times takes its place.
    failure: str | None
    #: What the last `wait` reported: whether the writers have finished.
    finished: bool

    def open(self, file_tree: FileTree) -> None: ...
    #: Where to look; None: everywhere. A timeout of 0 asks for what is known already.
    def wait(self, timeout: float | None) -> set[str] | None: ...
    def wake(self) -> None: ...
    def close(self) -> None: ...


class Polling:
    """Looks every ``interval`` seconds: everywhere if that is due again, by what it costs, else where it pays most."""

    kind = "stat"
    failure: str | None = None
    knows_ways = False
    finished = False

    def __init__(
        self,
        interval: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        cost: Callable[[], float] = time.thread_time,
    ) -> None:
        self._interval = interval
        self._clock = clock
        self._cost = cost
        self._started: float | None = None  # what the thread had cost before it was sent to look everywhere
        self._due = 0.0
        self._file_tree: FileTree | None = None
        self._woken = threading.Event()

    def open(self, file_tree: FileTree) -> None:
        self._file_tree = file_tree
        self._due = self._clock() + self._interval

    def enter(self, directory: str, *, tree: bool) -> None:
        pass

    def leave(self, directory: str) -> None:
        pass

    def pass_through(self, directory: str) -> None:
        pass

    def wait(self, timeout: float | None) -> set[str] | None:
        if self._started is not None:
            cost = self._cost() - self._started
            self._due = self._clock() + max(self._interval, min(cost / SHARE, LONGEST_INTERVAL))
            self._started = None
        pause = min(self._interval, self._due - self._clock()) if timeout is None else timeout
        if self._woken.wait(max(pause, 0)):
            self._woken.clear()
            return set()
        if timeout == 0:
            return set()
        if timeout is None and self._clock() < self._due and self._file_tree is not None:
            return self._file_tree.recent()
        self._started = self._cost()
        return None

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        pass


class Watcher:
    """Looks after the files of a scope, and calls ``on_change`` with each batch of changed ones.

    It has one daemon thread, and a source that says when to look.
    """

    def __init__(
        self,
        file_tree: Callable[[Source], FileTree],
        source: Source,
        on_change: Callable[[list[Path]], None],
        *,
        interval: float,
        say: Callable[[str], None],
        quiet: float = QUIET,
    ) -> None:
        self._source = source
        self._file_tree = file_tree(source)
        self._on_change = on_change
        self._interval = interval
        self._say = say
        self._quiet = quiet
        self._lock = threading.Lock()
        self._added: list[tuple[list[str], float]] = []
        self._closing = False
        self._moved = self._reported = -math.inf  # when something moved, and when a batch was reported
        self._thread = threading.Thread(target=self._run, name="debugkit watcher", daemon=True)

    @property
    def kind(self) -> str:
        return self._source.kind

    @property
    def watched(self) -> int:
        return self._file_tree.count

    def start(self) -> None:
        """Take the first snapshot, and watch from there. May be called once."""
        self._source.open(self._file_tree)
        self._file_tree.begin()
        self._replace_failed_source()
        self._thread.start()

    def add(self, files: Iterable[str], since: float) -> None:
        """Look after more files: absolute paths, or absolute patterns, which hold for files to come as well.

        One that was written after ``since`` (seconds since the epoch) counts as changed.
        """
        with self._lock:
            self._added.append((list(files), since))
            self._source.wake()

    def close(self) -> None:
        """End the thread, unless it is the one that calls. Nothing is reported any more."""
        with self._lock:
            self._closing = True
            self._source.wake()
        if self._thread.is_alive():
            if self._thread is not threading.current_thread():
                self._thread.join()
            return
        with self._lock:  # it was never started, or ended with what on_change raised
            self._source.close()

    # -- in the thread --

    def _run(self) -> None:
        reading = True
        while not self._closing:
            where = self._source.wait(0 if reading else None)
            self._look(where)
            if self._file_tree.has_pending:
                self._report()
            reading = self._file_tree.read_some(SLICE)
        with self._lock:
            self._source.close()

    def _report(self) -> None:
        """Wait for quiet, then hand over what is different now."""
        first = self._moved = time.monotonic()
        while not self._closing and not self._is_whole():
            left = min(self._moved + self._quiet, first + LONGEST) - time.monotonic()
            if left <= 0:
                break
            self._look(self._source.wait(left))
        batch = self._file_tree.take_changes()
        if batch and not self._closing:
            self._reported = time.monotonic()
            self._on_change(batch)

    def _is_whole(self) -> bool:
        """Whether this is the finished save of one file, nothing is queued behind it, and none came just before."""
        if not (
            self._source.finished
            and self._file_tree.has_single_change
            and time.monotonic() - self._reported > self._quiet
        ):
            return False
        where = self._source.wait(0)
        if where is not None and not where:
            return True
        self._look(where)
        return False

    def _look(self, where: set[str] | None) -> None:
        with self._lock:
            added, self._added = self._added, []
        for files, since in added:
            self._file_tree.add(files, since)
        if self._file_tree.look(where):
            self._moved = time.monotonic()
        self._replace_failed_source()

    def _replace_failed_source(self) -> None:
        if self._source.failure is None:
            return
        self._say(self._source.failure)
        with self._lock:
            self._source.close()
            self._source = Polling(self._interval)
            self._source.open(self._file_tree)
            self._file_tree.listener = self._source
            self._source.wake()  # what was meant for the other


def make_watcher(
    scope: Scope,
    on_change: Callable[[list[Path]], None],
    *,
    kind: str = "auto",
    interval: float = 1.0,
    say: Callable[[str], None],
    mounts: Path = Path("/proc/mounts"),
) -> Watcher:
    """A watcher that calls ``on_change``, in its own thread, with each batch of files whose content changed, sorted.

    ``kind`` is "watchdog" (events of the system, for which Linux does not need that package), "stat" (looks every
    ``interval`` seconds) or "auto": events, where the file system has them. ``say`` gets a sentence whenever it is done
    in another way than asked. Raises ``ConfigurationError`` for another kind, an interval of nothing, or a pattern that
    is none.
    """
    if kind not in ("auto", "watchdog", "stat"):
        raise ConfigurationError(f"There is no reloader {kind!r}. Choose 'auto', 'watchdog' or 'stat'.")
    if not interval > 0:
        raise ConfigurationError(f"The reloader's interval is {interval!r}, but must be a number of seconds above 0.")
    return Watcher(
        lambda source: FileTree(scope, source),
        _source(scope, kind, interval, say, mounts),
        on_change,
        interval=interval,
        say=say,
    )


def _source(scope: Scope, kind: str, interval: float, say: Callable[[str], None], mounts: Path) -> Source:
    if kind == "auto" and (remote := _remote_file_system(scope, mounts)):
        path, name = remote
        say(f"{path} is on a file system ({name}) that raises no events: polling the files instead.")
        kind = "stat"
    if kind == "stat":
        return Polling(interval)
    if sys.platform.startswith("linux"):
        from debugkit.serving.watching.inotify import Inotify, calls

        return Inotify(say, calls())
    try:
        from debugkit.serving.watching.observer import ObserverSource
    except ImportError as error:
        if kind == "watchdog":
            explanation = "The reloader 'watchdog' needs the package watchdog: pip install watchdog, or choose 'stat'."
            raise ConfigurationError(explanation) from error
        say(f"watchdog cannot be imported ({error}): polling the files instead.")
        return Polling(interval)
    return ObserverSource()


def _remote_file_system(scope: Scope, mounts: Path) -> tuple[str, str] | None:
    """The first path of a scope on a file system without events, and the name of that (Linux)."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    points = [(_unescape(fields[1]), fields[2]) for fields in (line.split() for line in lines) if len(fields) > 2]
    for path in (*map(str, scope.roots), *(text for text in scope.extra if Path(text).is_absolute())):
        real = os.path.realpath(path)
        _, name = max(((point, name) for point, name in points if _holds(point, real)), default=("", ""), key=_length)
        if name in REMOTE:
            return path, name
    return None


def _holds(point: str, path: str) -> bool:
    return path == point or is_below(path, point)


def _length(mount: tuple[str, str]) -> int:
    return len(mount[0])


def _unescape(field: str) -> str:
    """Blanks in /proc/mounts are octal numbers: see proc_mounts(5), getmntent(3)."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
