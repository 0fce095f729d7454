"""A server in a process of its own: how it is started, what it holds, and how it ends. For systems with /proc."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from process_support import Process

from harness.client import answers

ROOT = Path(__file__).resolve().parents[3]
#: Seconds after which a server counts as one that does not start.
START = 30.0
#: Seconds for a gentle end.
END = 3.0
#: Seconds between two looks.
PAUSE = 0.002
#: Seconds for which a server is looked at, and the part of them that one that rests may spend: some look for changes.
LOOK = 0.5
IDLE = 0.04


class NotServing(Exception):
    """A server ended, or did not answer in time. Says what it printed last."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
    return port


class Server:
    """A server that answers, with all its processes: those of its session. ``{port}`` stands in its arguments."""

    def __init__(self, arguments: Sequence[str], folder: Path, variables: Mapping[str, str], state: Path) -> None:
        self.port = free_port()
        self.folder = folder
        command = [sys.executable, *(word.replace("{port}", str(self.port)) for word in arguments)]
        started = time.perf_counter()
        self._process = Process(command, cwd=folder, env=environment(state) | variables, merged=True)
        try:
            self._wait()
        except BaseException:
            self.close()
            raise
        #: Seconds from the start to the first answer.
        self.start = time.perf_counter() - started

    def _wait(self) -> None:
        ready = until(lambda: answers(self.port) or not self._process.runs, START)
        if not (ready and self._process.runs):
            lines = self.output.strip().splitlines() or ["nothing"]
            raise NotServing(f"does not start: {lines[-1][:80]}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End it gently, so that it can clear up, and then what is left: some do not end while a client is there."""
        if self._process.runs:
            self._process.send_signal(signal.SIGTERM)
        until(lambda: not self._process.runs, END)
        self._process.kill_all()

    @property
    def output(self) -> str:
        return self._process.stdout.text

    def says(self, pattern: str, start: int, timeout: float) -> bool:
        """Whether it prints that in time, after the character ``start`` of its output."""
        return until(lambda: bool(re.search(pattern, self.output[start:])), timeout)

    # What it holds.

    def processes(self) -> Iterator[Path]:
        """The folders in /proc of its processes."""
        for folder in Path("/proc").glob("[0-9]*"):
            if (fields := status_of(folder)) and int(fields[3]) == self._process.pid:
                yield folder

    def memory(self) -> float:
        """Megabytes. A page that processes share counts once: each has its part of it (proc_pid_smaps(5): Pss)."""
        return sum(kilobytes(folder / "smaps_rollup", "Pss") for folder in self.processes()) / 1e3

    def peak(self) -> float:
        """Megabytes that its processes had at most since `forget_peak`."""
        return sum(kilobytes(folder / "status", "VmHWM") for folder in self.processes()) / 1e3

    def forget_peak(self) -> float:
        """Begin anew with what there is now (proc_pid_clear_refs(5)), which is returned."""
        for folder in self.processes():
            try:
                (folder / "clear_refs").write_text("5")
            except OSError:
                pass
        return self.peak()

    def processor_time(self) -> float:
        """Seconds that the threads of its processes have spent, to the nanosecond."""
        stats = [text(path).split() for folder in self.processes() for path in folder.glob("task/*/schedstat")]
        return sum(int(fields[0]) for fields in stats if fields) / 1e9

    def rest(self) -> None:
        """Wait until it has nothing more to do: ours imports in the background what the next process will need."""
        deadline = time.perf_counter() + START
        spent, quiet = self.processor_time(), 0
        while quiet < 2 and time.perf_counter() < deadline:  # a process that ends takes its time with it: look twice
            time.sleep(LOOK)
            before, spent = spent, self.processor_time()
            quiet = quiet + 1 if abs(spent - before) < IDLE * LOOK else 0

    def watches(self) -> int:
        """What it watches by inotify."""
        return sum(
            text(path).count("inotify wd:") for folder in self.processes() for path in (folder / "fdinfo").glob("*")
        )


def until(condition: Callable[[], bool], timeout: float) -> bool:
    deadline = time.perf_counter() + timeout
    while not (holds := condition()) and time.perf_counter() < deadline:
        time.sleep(PAUSE)
    return holds


def environment(state: Path) -> dict[str, str]:
    """As where people work, with bytecode written; settings of this program stay out."""
    own = ("DEBUGKIT_", "WERKZEUG_", "FLASK_", "DJANGO_", "PYTHONDONTWRITEBYTECODE", "COVERAGE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return kept | {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "DEBUGKIT_STATE_DIR": str(state)}


def status_of(folder: Path) -> list[str]:
    """The fields of proc_pid_stat(5) after the name, which may hold blanks: the state is the first."""
    return text(folder / "stat").rpartition(") ")[2].split()


def kilobytes(path: Path, key: str) -> int:
    match = re.search(rf"^{key}:\s+(\d+)", text(path), re.M)
    return int(match[1]) if match else 0


def text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # it has ended meanwhile
        return ""
