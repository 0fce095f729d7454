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

from debugkit.serving.control import Channel, installed_folders
from debugkit.serving.plan import Plan, boot, first_environ

#: Seconds until a process is killed that has closed its channel, or was asked by a signal to end.
EXTRA_GRACE = 2.0
#: Seconds beyond the grace of requests until a worker is killed. More than the sum of what it waits for by itself
#: (`server.CUT`, `processes.PARTING`, `control.PARTING`), so that the two do not race, and `atexit` runs as well.
LAST_RESORT = 8.0


@dataclass(eq=False, slots=True)
class Worker:
    """A process that serves, or is about to."""

    process: subprocess.Popen[bytes]
    channel: Channel
    born: float
    state: str = "starting"  # then "serving" or "failed"
    substitute: bool = False  # serves nothing but the news that the program ended
    refused: int | None = None
    held: bool = False  # someone is at a prompt in it
    asked: float | None = None  # when to restart if no answer comes
    deadline: float | None = None  # when to kill it


def start(plan: Plan, now: float) -> Worker:
    """Start a process that waits for its hello."""
    ours, theirs = socket.socketpair()
    code = boot("debugkit.worker", f"worker of {os.getpid()}")
    command = [sys.executable, *plan.program.options, "-c", code, str(theirs.fileno())]
    environ = first_environ()
    environ.pop(b"PYTHONINSPECT", None)  # as the option -i, which is the supervisor's
    with theirs:
        process = subprocess.Popen(
            command, cwd=plan.program.folder, env=environ, pass_fds=(*plan.sockets, theirs.fileno())
        )
    return Worker(process, Channel(ours), now)


def forget_bytecode(paths: Sequence[str]) -> None:
    """Remove what Python has compiled of these files.

    It takes a ``.pyc`` for fresh when size and second of the source agree (PEP 552 calls them timestamp-based): of two
    saves of one length in one second, the second would never be seen.
    """
    for path in paths:
        if path.endswith(".py"):
            compiled = Path(importlib.util.cache_from_source(path))
            for stale in compiled.parent.glob(f"{Path(path).stem}.{sys.implementation.cache_tag}*.pyc"):
                try:
                    stale.unlink(missing_ok=True)
                except OSError:  # a read-only folder: nobody could have written it either
                    pass


def installed() -> list[tuple[str, int]]:
    """What changes when a package is installed: the folders of packages, and when each changed."""
    folders = [Path(folder) for folder in installed_folders()]
    return [(str(folder), folder.stat().st_mtime_ns) for folder in folders if folder.is_dir()]


def reap(process: subprocess.Popen[bytes]) -> int:
    """The exit status of a process that has closed its channel; negative for a signal, as `subprocess` has it."""
    try:
        return process.wait(EXTRA_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    reap(process)
