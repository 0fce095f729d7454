"""The processes of one server, as one of them sees it: which errors are its own, and where to ask for those of others.

Knows neither pages nor addresses. What answers and what draws an error are handed in.
"""

from __future__ import annotations

import functools
import os
import secrets
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from debugkit.debug.messages import Request, Response
from debugkit.debug.processes import snapshots
from debugkit.debug.processes.client import PATIENCE
from debugkit.debug.processes.folder import Unusable, meeting_place, require, sockets
from debugkit.debug.processes.listener import Listener
from debugkit.debug.processes.snapshots import Document
from debugkit.debug.processes.sweeping import sweep
from debugkit.debug.processes.writer import Writer

T = TypeVar("T")

#: Bytes of a process's token, which is how the ids of its errors begin.
_TOKEN = 4
#: Servers whose workers are replaced, also when there is one at a time, which PEP 3333 does not tell.
_WITH_WORKERS = ("gunicorn.arbiter", "uwsgi")


class Picture(NamedTuple):
    """What is left of an error: its id, its row in the list, and its documents by name."""

    id: str
    row: Mapping[str, Any]
    documents: Mapping[str, Document]


class Siblings(Generic[T]):
    """One application in this process, among the same one in others.

    ``application`` names it. Of several that have the same name in one process, each meets its like: all processes make
    them in the same order. ``key`` returns what all its processes of this user share, empty when they share nothing;
    ``say`` writes a line to the terminal.
    """

    def __init__(self, application: str, key: Callable[[], str], say: Callable[[str], object]) -> None:
        self._key = key
        self._say = say
        self._place = f"{_numbers[application]}\0{_current_directory()}"
        _numbers[application] += 1
        self._anchor: Callable[[], object] = lambda: None
        self._answer: Callable[[Request], Response] | None = None
        self._most = 0
        self._draw: Callable[[T], Picture | None] = lambda error: None
        self._explained: set[str] = set()
        #: Seconds that another process has to begin its answer.
        self.patience = PATIENCE
        self._begin()

    def _begin(self) -> None:
        """As a process starts: with nothing of its own."""
        self._made: dict[str, str] = {}
        # Re-entrant: the garbage collector may run a __del__ of the user's at any time, and its error may be recorded.
        self._lock = threading.RLock()
        self._listener: Listener | None = None
        self._writer: Writer[T] | None = None

    def attach(
        self, anchor: object, answer: Callable[[Request], Response], draw: Callable[[T], Picture | None], *, most: int
    ) -> None:
        """Answer by ``answer`` for as long as ``anchor`` lives. Neither it nor ``draw`` may keep that alive.

        ``most`` bounds the bytes of a request's body.
        """
        self._anchor, self._answer, self._draw, self._most = weakref.ref(anchor), answer, draw, most

    def take_token(self) -> str:
        """What the ids of this process's errors begin with: random, and another one in each forked child."""
        if "token" not in self._made:
            _among_forks(self)
        return self._made.get("token") or self._made.setdefault("token", secrets.token_hex(_TOKEN))

    def is_own(self, error_id: str) -> bool:
        return error_id.startswith(self.take_token())

    def are_expected(self, multiprocess: bool) -> bool:
        """Whether there are other processes, or will be: ``multiprocess`` is what the server says of itself."""
        return multiprocess or self._listener is not None or any(name in sys.modules for name in _WITH_WORKERS)

    # The owner

    def recorded(self, error: T, *, multiprocess: bool) -> None:
        """This process has an error: from now on others can ask it, and something is left when it ends."""
        if self.be_asked(multiprocess):
            with self._lock:
                if self._writer is None:
                    self._writer = Writer(self._write)
            self._writer.put(error)

    def be_asked(self, multiprocess: bool) -> str:
        """Listen from now on; the token by which other processes find this one, empty where there are none."""
        if self._answer is None or not self.are_expected(multiprocess):
            return ""
        try:
            with self._lock:
                if self._listener is None or not self._listener.is_reachable:
                    self._listen_at(self._folder(make=True) / self.take_token())
            return self.take_token()
        except (Unusable, OSError, RuntimeError) as reason:  # RuntimeError: no more threads
            self._explain(f"other processes cannot ask this one for its errors: {reason}.")
            return ""

    def _listen_at(self, path: Path) -> None:
        assert self._answer is not None
        if self._listener is not None:  # somebody has taken its socket away
            self._listener.close()
        elif (anchor := self._anchor()) is not None:
            weakref.finalize(anchor, self.close)
        self._listener = Listener(path, self._answer, most=self._most)

    def _write(self, error: T) -> None:
        picture = self._draw(error)
        try:
            folder = self._folder()
            if "swept" not in self._made:
                self._made["swept"] = "yes"
                sweep(folder)
            if picture is not None:
                snapshots.write(folder, *picture)
        except FileNotFoundError:  # somebody has cleaned up; the next error makes the folder again
            pass
        except (Unusable, OSError) as reason:
            self._explain(f"errors are lost with the process that has them: {reason}.")

    def _explain(self, sentence: str) -> None:
        if sentence not in self._explained:
            self._explained.add(sentence)
            self._say(f" * Debugger: {sentence}")

    def close(self) -> None:
        """Leave what there is to leave, and answer no more. Called when the application goes, and at the end."""
        writer, listener = self._writer, self._listener
        if writer is not None:
            writer.finish()
        if listener is not None:
            listener.close()

    def leave_to_parent(self) -> None:
        """In a forked child: errors, threads and sockets are those of the parent."""
        listener = self._listener
        self._begin()
        if listener is not None:
            listener.leave_to_parent()

    # Who asks

    def _folder(self, *, make: bool = False) -> Path:
        """The folder, checked anew each time; its place stays, whatever becomes of the environment."""
        place = self._made.get("folder") or str(meeting_place(self._key(), self._place))
        path = Path(self._made.setdefault("folder", place))
        require(path, make=make)
        return path

    def owner_of(self, error_id: str) -> Path | None:
        """The socket of the process that has an error; `None` where no process of this server can have it.

        Raises `Unusable`.
        """
        try:
            return self._folder() / error_id[: 2 * _TOKEN]
        except FileNotFoundError:
            return None

    def others(self) -> list[Path]:
        """The sockets of the other processes that have errors."""
        try:
            return [path for path in sockets(self._folder()) if path.name != self.take_token()]
        except (Unusable, OSError):
            return []

    def left(self) -> dict[str, dict[str, Any]]:
        """The rows of errors whose snapshots there are, by id; the owners of some may still be alive."""
        try:
            return snapshots.read_rows(self._folder())
        except (Unusable, OSError):
            return {}

    def remove_left(self) -> None:
        """Remove the snapshots of all processes."""
        try:
            snapshots.remove(self._folder())
        except (Unusable, OSError):
            pass

    def document(self, error_id: str, name: str) -> Document | None:
        """A form of an error that its process has left behind."""
        try:
            return snapshots.read_document(self._folder(), error_id, name)
        except (Unusable, OSError):
            return None


def _current_directory() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - compared as text
    except OSError:
        return ""


#: How many applications of a name have been made in this process.
_numbers: Counter[str] = Counter()
_families: weakref.WeakSet[Siblings[Any]] = weakref.WeakSet()


def _among_forks(siblings: Siblings[Any]) -> None:
    _families.add(siblings)
    _register()


@functools.cache
def _register() -> None:
    if hasattr(os, "register_at_fork"):  # not on Windows
        os.register_at_fork(after_in_child=_in_child)


def _in_child() -> None:
    for siblings in list(_families):
        siblings.leave_to_parent()
