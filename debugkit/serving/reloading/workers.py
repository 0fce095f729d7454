"""The processes that a supervisor starts: how they begin and end, and what must not be left over from the last one."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from debugkit.serving.reloading.bootstrap import boot, first_environ
from debugkit.serving.reloading.channel import Channel
from debugkit.serving.reloading.messages import WorkerConfig
from debugkit.serving.reloading.modules import installed_folders


@dataclass(eq=False, slots=True)
class Worker:
    """A process that serves, or is about to."""

    process: subprocess.Popen[bytes]
    channel: Channel
    born: float
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


def start(config: WorkerConfig, now: float, prepare: Sequence[str] = ()) -> Worker:
    """Start a process that imports the modules ``prepare``, and waits for its configuration.

    Raises `OSError` when the system does not let it.
    """
    ours, theirs = socket.socketpair()
    code = boot("debugkit.runner.worker", f"worker of {os.getpid()}")
    command = [sys.executable, *config.program.options, "-c", code, str(theirs.fileno()), *prepare]
    descriptors = *config.sockets, theirs.fileno()
    try:
        process = _start_in(config.program.folder, command, descriptors)
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    return Worker(process, Channel(ours), now)


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


def package_folders() -> list[tuple[str, int]]:
    """What changes when a package is installed: the folders of packages, and when each changed."""
    return [(folder, changed) for folder in installed_folders() if (changed := _changed_at(folder))]


def _changed_at(folder: str) -> int:
    try:
        return Path(folder).stat().st_mtime_ns
    except OSError:
        return 0


def reap(process: subprocess.Popen[bytes], seconds: float) -> int:
    """The exit status of a process that has ``seconds`` to end; negative for a signal, as `subprocess` has it."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def end(process: subprocess.Popen[bytes], seconds: float) -> None:
    process.terminate()
    reap(process, seconds)
