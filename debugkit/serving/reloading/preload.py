"""The preloaded process: imports what the last worker had imported of Python's and of installed packages, and forks.

No code of the user's ever runs in it. A module that needs some, fails, or starts what a fork would lose is left to each
worker; this process ends then, and is made anew without it, so that nothing half done is left in `sys.modules`.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from debugkit.serving.reloading.forking import Disposition, Traces, Variables, begin_anew, obstacle_of_tracing
from debugkit.serving.reloading.messages import KINDS, Preload, Preloaded, encode, from_json, hints_of
from debugkit.serving.reloading.modules import (
    file_of,
    first_search_path,
    imported_files,
    installed,
    installed_folders,
    is_ours_or_installed,
)
from debugkit.serving.reloading.workers import STATUS
from debugkit.serving.signals import SIGNALS

#: What the supervisor sends for a fork, with a channel and a pipe; and when it will ask for no more.
FORK, RETIRE = b"f", b"r"


def serve_forks(arguments: Sequence[str]) -> int:
    """Import what the file with the descriptor ``arguments[1]`` says, and fork workers for the socket ``arguments[0]``.

    Returns in these only: the descriptor of a worker's channel.
    """
    disposition = Disposition()
    supervisor = socket.socket(fileno=int(arguments[0]))
    supervisor.set_inheritable(False)
    with os.fdopen(int(arguments[1]), "rb") as file:
        order = from_json(Preload, json.loads(file.read()))
    variables = Variables(order.environ)
    order.program.set_arguments()
    outcome = Importing(order).run()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()  # or each fork would write again what imports have printed
    try:
        supervisor.sendall(encode(outcome) + b"\n")
    except OSError:  # nobody waits for it any more
        os._exit(0)
    if outcome.skip or outcome.obstacle:
        os._exit(0)
    for kind in KINDS.values():
        hints_of(kind)  # which each fork would look up
    gc.collect()
    gc.freeze()  # the memory of what is here stays shared, since no collection touches it
    return Forks(supervisor, [variables.restore, disposition.restore]).run()


class Importing:
    """Imports modules in their order, and finds out which of them cannot be imported before the program."""

    def __init__(self, order: Preload) -> None:
        self._order = order
        self._skip = set(order.skip)
        self._new: dict[str, str] = {}

    def run(self) -> Preloaded:
        first_search_path()  # before imports change it
        finder = Finder([str(self._order.program.root), *self._order.added], self._skip)
        installed_folders()  # asked for by the finder first, it would import, and so ask the finder
        sys.meta_path.insert(0, finder)
        traces = Traces()
        for name in dict.fromkeys((*self._order.names, *self._order.modules)):
            if name not in self._skip and (reason := self._import(name, finder, traces)):
                self._skip.add(name)
                self._new[name] = reason
        sys.meta_path.remove(finder)
        return Preloaded(installed(imported_files()), self._new, obstacle_of_tracing())

    def _import(self, name: str, finder: Finder, traces: Traces) -> str:
        """Why each worker must import a module for itself; "" when it is imported here."""
        finder.touched = False
        file = failure = ""
        try:
            file = file_of(importlib.import_module(name))
        except BaseException as error:  # SystemExit too: the program will see what it is
            failure = f"fails without the program: {type(error).__name__}"
        leaves = traces.are_new(failed=bool(failure))  # asked in any case: the next module is not to answer for it
        if finder.touched:
            return "needs the program"
        if leaves:
            return "starts a thread or opens a file"
        if self._order.modules.get(name, file) != file:
            return failure or "the program has another module of that name"
        return failure


class Finder:
    """Finds modules as the others do, but refuses and notes those of the project, and those that are to be skipped.

    ``folders`` are where the program looks beside the places that are known here.
    """

    def __init__(self, folders: Iterable[str], skip: set[str]) -> None:
        self._folders = list(dict.fromkeys(folders))
        self._skip = skip
        self.touched = False

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = self._elsewhere(name, path, target)
        if name in self._skip or self._is_the_projects(name, path, spec):
            self.touched = True
            raise ModuleNotFoundError(f"{name} is not for a process that knows nothing of the program", name=name)
        return spec

    def _elsewhere(self, name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path, target)) is not None:
                return spec
        return None

    def _is_the_projects(self, name: str, path: Sequence[str] | None, spec: ModuleSpec | None) -> bool:
        if spec is not None and spec.has_location and not is_ours_or_installed(str(spec.origin)):
            return True
        if path is not None:
            return False
        theirs = PathFinder.find_spec(name, self._folders)
        # A folder without an `__init__` makes room for any module of the same name, wherever that is (PEP 420).
        return theirs is not None and (theirs.loader is not None or spec is None)


class Forks:
    """Forks a process whenever the supervisor wants one, and passes on how each has ended."""

    def __init__(self, supervisor: socket.socket, restore: Sequence[Callable[[], None]]) -> None:
        self._supervisor = supervisor
        self._restore = restore  # for each fork: what was there before the imports
        self._news: dict[int, int] = {}  # by the pidfd of each process: where its end is reported
        self._retired = False

    def run(self) -> int:
        """Serve until the supervisor is gone, or wants no more and all processes have ended. Returns in a fork only."""
        while not self._retired or self._news:
            poll = select.poll()
            for descriptor in (self._supervisor.fileno(), *self._news):
                poll.register(descriptor, select.POLLIN)
            for descriptor, _ in poll.poll():
                if descriptor in self._news:
                    self._report(descriptor)
                elif (channel := self._obey()) is not None:
                    return channel
        os._exit(0)

    def _obey(self) -> int | None:
        """Do what the supervisor wants. Returns the descriptor of the channel in a process that was forked for it."""
        try:
            word, descriptors, _, _ = socket.recv_fds(self._supervisor, 1, 2, socket.MSG_CMSG_CLOEXEC)
        except OSError:
            word = b""
        if not word:
            os._exit(0)
        if word == FORK:
            return self._fork(*descriptors)
        self._retired = True
        return None

    def _fork(self, channel: int, news: int) -> int | None:
        # A signal for the new process waits until that meets it as a worker does.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            pid = fork() if threading.active_count() == 1 else 0
        except OSError:
            pid = 0
        if pid is None:
            for descriptor in (news, *self._news, *self._news.values()):
                os.close(descriptor)
            self._supervisor.close()
            begin_anew(self._restore)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if pid is None:
            return channel
        process = [os.pidfd_open(pid)] if pid else []  # nobody else has its number before it is waited for
        os.close(channel)
        if pid:
            self._news[process[0]] = news
        else:
            os.close(news)
        with suppress(OSError):  # the supervisor is gone, which is read next
            socket.send_fds(self._supervisor, [STATUS.pack(pid)], process)
        return None

    def _report(self, process: int) -> None:
        result = os.waitid(os.P_PIDFD, process, os.WEXITED)
        assert result is not None
        status = result.si_status if result.si_code == os.CLD_EXITED else -result.si_status
        news = self._news.pop(process)
        with suppress(OSError):  # nobody wants to know
            os.write(news, STATUS.pack(status))
        os.close(news)
        os.close(process)


def fork() -> int | None:
    """The number of a process that is a copy of this one; `None` in that. Raises `OSError`."""
    with warnings.catch_warnings():  # of the threads of OpenBLAS, which knows what to do (Python 3.12)
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork() or None
