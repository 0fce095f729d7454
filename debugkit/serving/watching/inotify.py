"""Events of Linux: inotify(7), a watch for each directory. Only says in which directory something happened.

watchdog's `Observer` would watch every directory of a tree, and start threads for each tree.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import struct
from collections.abc import Callable, Iterator

from debugkit.frozen import frozen
from debugkit.serving.watching.file_tree import FileTree
from debugkit.serving.watching.filter import split

#: Which limit the system's errors mean, and what raises it.
LIMITS = {
    errno.ENOSPC: "inotify watches are used up; 'sudo sysctl fs.inotify.max_user_watches=524288' allows more",
    errno.EMFILE: "inotify instances are used up; 'sudo sysctl fs.inotify.max_user_instances=1024' allows more",
}

OVERFLOW = "More files changed at once than the system remembers: comparing all of them."


@frozen
class Calls:
    """inotify(7): functions that give -1 and set errno, as `ctypes.get_errno` has it."""

    init: Callable[[], int]
    add: Callable[[int, bytes, int], int]
    remove: Callable[[int, int], int]


class Inotify:
    """One inotify instance, to which single directories are added. Has no thread of its own."""

    kind = "watchdog"
    knows_ways = True

    def __init__(self, say: Callable[[str], None], calls: Calls) -> None:
        self.failure: str | None = None
        self.finished = False
        self._unfinished: set[tuple[int, str]] = set()  # watch and name of what may not be all there yet
        self._say = say
        self._calls = calls
        self._file_tree: FileTree | None = None
        self._descriptor = self._wake_read = self._wake_write = -1
        self._poll = select.poll()
        self._overflowed = False
        #: A directory that can be reached by several paths has one watch.
        self._watches: dict[str, int] = {}
        self._paths: dict[int, set[str]] = {}
        self._passed: set[str] = set()  # of those: where only names matter

    def open(self, file_tree: FileTree) -> None:
        self._file_tree = file_tree
        self._wake_read, self._wake_write = os.pipe()
        self._descriptor = self._calls.init()
        if self._descriptor < 0:
            self._fail(ctypes.get_errno())
            return
        for descriptor in (self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)
        self._poll.register(self._descriptor, select.POLLIN)
        self._poll.register(self._wake_read, select.POLLIN)

    def enter(self, directory: str, *, tree: bool) -> None:
        if directory in self._watches and directory not in self._passed:
            return
        self._passed.discard(directory)
        self._add(directory, MASK)

    def pass_through(self, directory: str) -> None:
        if directory not in self._watches:
            self._passed.add(directory)
        self._add(directory, NAMES if directory in self._passed else MASK)

    def _add(self, directory: str, mask: int) -> None:
        if self.failure:
            return
        watch = self._calls.add(self._descriptor, os.fsencode(directory), mask | IN_MASK_ADD)
        if watch < 0:
            error = ctypes.get_errno()
            if error not in (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ELOOP, errno.ENAMETOOLONG):
                self._fail(error)
            return
        if self._watches.get(directory, watch) != watch:  # another directory has come in its place
            self.leave(directory)
        self._watches[directory] = watch
        self._paths.setdefault(watch, set()).add(directory)

    def leave(self, directory: str) -> None:
        watch = self._watches.pop(directory, -1)
        paths = self._paths.get(watch, set())
        paths.discard(directory)
        if watch >= 0 and not paths:
            self._paths.pop(watch, None)
            self._calls.remove(self._descriptor, watch)  # fails when the directory is gone, and its watch with it

    def wait(self, timeout: float | None) -> set[str] | None:
        self.finished = False
        if timeout is None:
            self._unfinished.clear()
        ready = {descriptor for descriptor, _ in self._poll.poll(None if timeout is None else timeout * 1000)}
        if self._wake_read in ready:
            drain(self._wake_read)
        if self._descriptor not in ready:
            return set()
        where: set[str] = set()
        for watch, mask, name in _events(drain(self._descriptor)):
            if mask & IN_Q_OVERFLOW:
                self.finished = False
                self._start_over()
                return None
            if directories := self._where(watch, mask, name):
                where |= directories
                self._follow(watch, mask, name)
        self.finished = self.finished and not self._unfinished
        return where

    def _follow(self, watch: int, mask: int, name: str) -> None:
        """Note whether a file that counts is all there: files that editors make for a moment say nothing."""
        assert self._file_tree is not None, "open() comes first"
        paths = self._paths.get(watch, set())
        if mask & IN_ATTRIB or not (mask & IN_ISDIR or any(self._file_tree.counts(path, name) for path in paths)):
            return
        if mask & (IN_CLOSE_WRITE | IN_MOVED_TO) and not mask & IN_ISDIR:
            self._unfinished.discard((watch, name))
            self.finished = True
        else:
            self._unfinished.add((watch, name))

    def wake(self) -> None:
        if self._wake_write < 0:
            return
        try:
            os.write(self._wake_write, b"!")
        except BlockingIOError:
            pass  # the pipe is full of calls to wake

    def close(self) -> None:
        for descriptor in (self._descriptor, self._wake_read, self._wake_write):
            if descriptor >= 0:
                os.close(descriptor)
        self._descriptor = self._wake_read = self._wake_write = -1

    def _where(self, watch: int, mask: int, name: str) -> set[str]:
        """The directories to look into after one event."""
        paths = self._paths.get(watch, set())
        if not mask & IN_GONE:
            assert self._file_tree is not None, "open() comes first"
            written = bool(mask & IN_WRITTEN and not mask & IN_ISDIR)
            return set().union(*(self._file_tree.where_to_look(path, name, written=written) for path in paths))
        for path in self._paths.pop(watch, set()):
            del self._watches[path]
            paths = paths | {split(path)[0]}
        if not mask & IN_IGNORED:
            self._calls.remove(self._descriptor, watch)
        return set(paths)

    def _start_over(self) -> None:
        """Events were lost, and with them what we know of the watches. Adding one again gives the one that is there."""
        if not self._overflowed:
            self._say(OVERFLOW)
        self._overflowed = True
        drain(self._descriptor)
        self._watches.clear()
        self._paths.clear()
        self._passed.clear()

    def _fail(self, error: int) -> None:
        reason = LIMITS.get(error, f"inotify answers: {os.strerror(error)}")
        self.failure = f"File system events are unavailable: {reason}. Polling the files instead."


#: The numbers of inotify(7). What happens to names in a directory; what is written; the directory itself.
IN_MODIFY, IN_ATTRIB, IN_CLOSE_WRITE = 0x2, 0x4, 0x8
IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE = 0x40, 0x80, 0x100, 0x200
IN_DELETE_SELF, IN_MOVE_SELF, IN_UNMOUNT, IN_Q_OVERFLOW, IN_IGNORED = 0x400, 0x800, 0x2000, 0x4000, 0x8000
IN_ONLYDIR, IN_MASK_ADD, IN_ISDIR = 0x01000000, 0x20000000, 0x40000000

IN_WRITTEN = IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE
IN_GONE = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED
#: IN_ATTRIB: a file may become readable. Opening and reading are not asked for: they are no changes.
NAMES = IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR
MASK = NAMES | IN_WRITTEN

_HEADER = struct.Struct("iIII")  # watch, mask, cookie, length of the name


def _events(data: bytes) -> Iterator[tuple[int, int, str]]:
    offset = 0
    while offset < len(data):
        watch, mask, _, length = _HEADER.unpack_from(data, offset)
        offset += _HEADER.size
        yield watch, mask, os.fsdecode(data[offset : offset + length].rstrip(b"\0"))
        offset += length


def drain(descriptor: int) -> bytes:
    """All that is there to read."""
    data = bytearray()
    try:
        while part := os.read(descriptor, 65536):
            data += part
    except BlockingIOError:
        pass
    return bytes(data)


def calls() -> Calls:
    """The functions of the C library. Its inotify descriptor blocks nobody, and no child inherits it."""
    library = ctypes.CDLL(None, use_errno=True)
    return Calls(
        lambda: library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC),  # the same as IN_NONBLOCK | IN_CLOEXEC
        library.inotify_add_watch,
        library.inotify_rm_watch,
    )
