"""Writes to the process's stderr from a thread of its own, so that nobody waits for a terminal or pipe that is full.

Not with O_NONBLOCK: the open file belongs to other processes too, which would lose what they write. Knows no log lines.
"""

from __future__ import annotations

import atexit
import functools
import io
import os
import select
import threading
import time
from collections import deque
from typing import TextIO

#: The descriptor of stderr.
STDERR = 2
#: Bytes that wait to be written; what is more is dropped.
WAITING = 1_000_000
#: Bytes that are written at once: POSIX promises no more of them to stay together where several processes write.
TOGETHER = 4096
#: Seconds in which further text is collected: to wake a thread for each line would slow down many quick requests.
COLLECTING = 0.005
#: Seconds without any byte taken after which nobody reads any more, and the process may end.
UNREAD = 1.0


class LogWriter:
    """Text for stderr in the order in which it came, and how much of it was dropped since nobody reads.

    The thread is started by the first text, and is a daemon: it may never come back from writing.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._size = 0  # of what waits, and of what is being written
        self._dropped = 0  # lines since the last that was taken
        self._last = 0.0  # when something was written, or there was nothing to write; on the monotonic clock
        self._thread: threading.Thread | None = None
        self._ends: float | None = None  # when the process began to end

    def put(self, data: bytes) -> None:
        """Have ``data``, of whole lines, written soon. Does not wait, but at the end of the process."""
        with self._changed:
            if self._size and self._size + len(data) > WAITING:
                self._dropped += data.count(b"\n")
                return
            self._add_note()
            self._add(data)
            self._start()
        if self._ends is not None:  # this may be the last that the process does
            self._flush(self._ends)

    def _add(self, data: bytes) -> None:
        if not self._size:
            self._last = time.monotonic()
            self._changed.notify_all()
        self._waiting.append(data)
        self._size += len(data)

    def _add_note(self) -> None:
        if self._dropped:
            lines = "1 line was" if self._dropped == 1 else f"{self._dropped} lines were"
            self._dropped = 0
            self._add(f" * {lines} dropped here, because nobody was reading.{os.linesep}".encode())

    def _start(self) -> None:
        if self._thread is None:
            _look_after_ends()
            thread = threading.Thread(target=self._run, name="debugkit-log", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system allows no more threads, or the interpreter is ending
                self._write_next()
            else:
                self._thread = thread

    def flush(self) -> None:
        """Wait until all is written, or nobody reads for a while."""
        self._flush(time.monotonic())

    def _flush(self, since: float) -> None:
        with self._changed:
            while self._size and (left := max(self._last, since) + UNREAD - time.monotonic()) > 0:
                self._changed.wait(left)

    def end(self) -> None:
        """As `flush`; what comes later is written before the one who has it returns."""
        self._ends = time.monotonic()
        self._flush(self._ends)

    # The thread.

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
            while self._waiting:
                self._write_next()
            time.sleep(COLLECTING)

    def _write_next(self) -> None:
        with self._changed:
            data = self._next()
        for piece in pieces(data):
            write(piece)
            with self._changed:
                self._last = time.monotonic()
                self._size -= len(piece)
                if not self._size:
                    self._add_note()
                    self._changed.notify_all()

    def _next(self) -> bytes:
        """What waits, as much as can be written together."""
        batch = [self._waiting.popleft()]
        size = len(batch[0])
        while self._waiting and (size := size + len(self._waiting[0])) <= TOGETHER:
            batch.append(self._waiting.popleft())
        return b"".join(batch)


def pieces(data: bytes) -> list[bytes]:
    """Whole lines that fit into one write each; a longer line is alone."""
    if len(data) <= TOGETHER:
        return [data]
    chunks = [b""]
    for line in data.splitlines(keepends=True):
        if len(chunks[-1]) + len(line) > TOGETHER:
            chunks.append(b"")
        chunks[-1] += line
    return [piece for piece in chunks if piece]


def write(data: bytes) -> None:
    try:
        while data:
            try:
                data = data[os.write(STDERR, data) :]
            except BlockingIOError:  # another process has set O_NONBLOCK on the file that it shares with this one
                select.select([], [STDERR], [])
    except (OSError, ValueError):  # the terminal is gone: serving goes on
        return


def writes_to(stream: TextIO | None) -> bool:
    """Whether ``stream`` is the process's stderr as Python opened it: nothing in between must see the text.

    Others are written by those who log: most are in memory, and only their owner knows when they are closed.
    """
    try:
        # What only leads to it, by its attributes, is no other stream: such as what a debugger puts there for a while.
        receiver = stream and stream.write.__self__  # type: ignore[attr-defined]  # of a method
        return type(receiver) is io.TextIOWrapper and receiver.fileno() == STDERR
    except (AttributeError, OSError, ValueError):
        return False


_writer = LogWriter()


def writer() -> LogWriter:
    return _writer


@functools.cache
def _look_after_ends() -> None:
    """Once: a forked process inherits it."""
    atexit.register(lambda: _writer.end())
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_begin_anew)


def _begin_anew() -> None:
    """In a forked process, which has neither the thread nor what waits: that is for the parent to write."""
    global _writer
    _writer = LogWriter()
