"""The processes that a supervisor starts: how they begin and end, and what must not be left over from the last one."""

from __future__ import annotations

import importlib.util
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from debugkit.serving.reloading.bootstrap import boot, first_environ
from debugkit.serving.reloading.channel import Channel
from debugkit.serving.reloading.messages import WorkerConfig

#: How the status of a process travels: as `subprocess` has it, negative for a signal.
STATUS = struct.Struct("i")
#: What counts as the status of a process when whoever could tell it is gone.
UNKNOWN = 255
#: How a worker that was asked to end does so: on its own, or by one of the signals that stop gracefully.
ENDED = {0, 128 + 1, 128 + signal.SIGINT, 128 + signal.SIGTERM}
#: Seconds for the news of a process that has ended to arrive.
NEWS = 1.0
#: Seconds after which a worker that serves gets a successor that waits.
SPARE_DELAY = 0.5


class WorkerProcess(Protocol):
    """A process, as `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class Forked:
    """A process that another one of ours has forked. ``descriptor`` is its pidfd (pidfd_open(2)), readable at its end.

    Through ``news`` its parent writes its status then; as a number, it may be somebody else's by that time.
    """

    def __init__(self, pid: int, descriptor: int, news: int) -> None:
        self.pid = pid
        self._descriptor = descriptor
        self._news = news
        self._status: int | None = None

    def fileno(self) -> int:
        return self._descriptor

    def poll(self) -> int | None:
        if self._status is None and _readable(self._descriptor, 0):
            self._status = self._collect()
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        if self._status is None and not _readable(self._descriptor, timeout):
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        status = self.poll()
        assert status is not None
        return status

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> None:
        if self._status is None:
            try:
                signal.pidfd_send_signal(self._descriptor, number)
            except ProcessLookupError:  # it has ended, and its parent knows
                pass

    def _collect(self) -> int:
        try:  # where its parent is gone, and this process looks after all: in a container, as number 1
            if adopted := os.waitid(os.P_PIDFD, self._descriptor, os.WEXITED):
                return adopted.si_status if adopted.si_code == os.CLD_EXITED else -adopted.si_status
        except ChildProcessError:
            pass
        data = os.read(self._news, STATUS.size) if _readable(self._news, NEWS) else b""
        return int(STATUS.unpack(data)[0]) if len(data) == STATUS.size else UNKNOWN

    def close(self) -> None:
        """It is known how it has ended. Not earlier: a selector may still have the descriptor."""
        os.close(self._descriptor)
        os.close(self._news)


def _readable(descriptor: int, timeout: float | None) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(None if timeout is None else timeout * 1000))


@dataclass(eq=False, slots=True)
class Worker:
    """A process that serves, or is about to."""

    process: WorkerProcess
    channel: Channel
    born: float
    #: Whether what it has imported by itself is still what is there. Asked when it has waited to be needed.
    is_fresh: Callable[[], bool]
    warm: bool = False  # it began with what others had imported
    state: Literal["starting", "serving", "failed"] = "starting"
    ready: bool = False  # to serve
    may_serve: bool = False  # it was sent its turn
    closed: bool = False  # its listeners
    substitute: bool = False  # serves nothing but the news that the program ended
    refused: int | None = None
    held: bool = False  # someone is at a prompt in it
    babbles: bool = False  # something else than a message has come from it
    asked: float | None = None  # when to restart if no answer comes
    deadline: float | None = None  # when to kill it

    def reap(self, seconds: float) -> int:
        """The exit status of its process, which nobody asks again; see `reap`."""
        status = reap(self.process, seconds)
        if isinstance(self.process, Forked):
            self.process.close()
        return status


class Spare:
    """At most one process that waits to become the next worker: a save does not pay for its start.

    ``start`` starts one, ``discard`` ends one that is not wanted any more.
    """

    def __init__(self, start: Callable[[], Worker], discard: Callable[[Worker], None]) -> None:
        self._make = start
        self._discard = discard
        self.worker: Worker | None = None
        self.due: float | None = None  # when to start one

    def schedule(self) -> None:
        self.due = time.monotonic() + SPARE_DELAY

    def renew(self) -> None:
        """Another one would be better prepared."""
        self.close()
        self.due = time.monotonic()

    def start_if_due(self, now: float) -> None:
        if self.due is not None and self.due <= now:
            self.start()

    def start(self) -> None:
        """Start one now, unless there is one."""
        self.due = None
        if self.worker is not None:
            return
        try:
            self.worker = self._make()
        except OSError:  # whoever needs a worker will say so
            pass

    def take(self) -> Worker | None:
        """The process that waits, unless packages have been installed since: it would not find them."""
        worker, self.worker, self.due = self.worker, None, None
        if worker is None or worker.is_fresh():
            return worker
        self._discard(worker)
        return None

    def close(self) -> None:
        worker, self.worker = self.worker, None
        if worker is not None:
            self._discard(worker)


class BackOff:
    """When what has failed is tried again: later from one time to the next."""

    #: Seconds, at first and at most. They double.
    SECONDS = (0.5, 30.0)
    #: Seconds after which a failure counts as the first.
    STABLE = 10.0

    def __init__(self) -> None:
        self._seconds = 0.0
        self.due: float | None = None

    def postpone(self, lived: float) -> float:
        """It has failed, after ``lived`` seconds. Returns for how many it is put off."""
        if lived > self.STABLE:
            self.reset()
        shortest, longest = self.SECONDS
        self._seconds = min(longest, self._seconds * 2) or shortest
        self.due = time.monotonic() + self._seconds
        return self._seconds

    def reset(self) -> None:
        """What failed has changed."""
        self._seconds = 0.0
        self.due = None


def start_process(
    config: WorkerConfig, module: str, title: str, arguments: Sequence[str], descriptors: Sequence[int]
) -> subprocess.Popen[bytes]:
    """Start `main` of one of our modules as a worker is started; it inherits ``descriptors`` beside the listeners.

    Raises `OSError` when the system does not let it.
    """
    code = boot(module, f"{title} of {os.getpid()}")
    command = [sys.executable, *config.program.options, "-c", code, *arguments]
    return _start_in(config.program.folder, command, (*config.sockets, *descriptors))


def _start_in(folder: str, command: Sequence[str], descriptors: Sequence[int]) -> subprocess.Popen[bytes]:
    """Start a process in a folder, or at the top when that is not there: it will say so where people see it."""
    environ = first_environ()
    environ.pop(b"PYTHONINSPECT", None)  # as the option -i, which is the supervisor's
    try:
        return subprocess.Popen(command, cwd=folder, env=environ, pass_fds=descriptors)
    except OSError:
        return subprocess.Popen(command, cwd=Path(folder).anchor, env=environ, pass_fds=descriptors)


def forget_bytecode(paths: Sequence[str]) -> None:
    """Remove what Python has compiled of these files.

    It takes a ``.pyc`` for fresh when size and second of the source agree (PEP 552 calls them timestamp-based): of two
    saves of one length in one second, the second would never be seen.
    """
    for path in paths:
        if path.endswith(".py"):
            compiled = Path(importlib.util.cache_from_source(path))
            try:
                for stale in compiled.parent.glob(f"{Path(path).stem}.{sys.implementation.cache_tag}*.pyc"):
                    stale.unlink(missing_ok=True)
            except OSError:  # a folder that is closed or read-only: nobody could have written it either
                pass


def reap(process: WorkerProcess, seconds: float) -> int:
    """The exit status of a process that has ``seconds`` to end; negative for a signal, as `subprocess` has it."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def end(process: WorkerProcess, seconds: float) -> None:
    process.terminate()
    reap(process, seconds)
