"""Processes for tests: what they print is always read, every wait has an end, and nobody is left behind."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Self

#: Seconds for whatever must happen: less than a test has in all (pyproject.toml), and more than a busy machine takes.
TIMEOUT = 240.0


def gone(number: int) -> bool:
    """Whether a process, which need not be a child of this one, ends in time. For systems with ``os.pidfd_open``."""
    try:
        descriptor = os.pidfd_open(number)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], TIMEOUT)[0])
    finally:
        os.close(descriptor)


def descendants(number: int) -> set[int]:
    """The processes that a process has started, and those that these have, with proc_pid_children(5)."""
    try:
        children = set(map(int, Path(f"/proc/{number}/task/{number}/children").read_text().split()))
    except FileNotFoundError:  # it has ended
        return set()
    return children.union(*map(descendants, children))


class Output:
    """What a process prints. A thread reads it, since a process waits when nobody empties its pipe."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lines: list[str] = []
        self._next = 0
        self._ended = False
        self._grown = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with self._stream:
            for line in self._stream:
                with self._grown:
                    self._lines.append(line)
                    self._grown.notify_all()
        with self._grown:
            self._ended = True
            self._grown.notify_all()

    @property
    def text(self) -> str:
        """All that has been printed so far."""
        with self._grown:
            return "".join(self._lines)

    def read_until(self, pattern: str) -> re.Match[str]:
        """Go on to the next line that matches."""

        def look() -> re.Match[str] | None:
            while self._next < len(self._lines):
                self._next += 1
                if match := re.search(pattern, self._lines[self._next - 1]):
                    return match
            return None

        return self._wait(look, pattern)

    def line(self) -> str:
        """The next line."""
        return self.read_until("").string

    def rest(self) -> str:
        """All that follows, when the process and whoever has its output have ended."""
        with self._grown:
            assert self._grown.wait_for(lambda: self._ended, TIMEOUT), self._failure("the output did not end")
            rest, self._next = self._lines[self._next :], len(self._lines)
            return "".join(rest)

    def wait_for(self, pattern: str, start: int = 0) -> re.Match[str]:
        """The first match in what is printed after the character ``start``; it may span lines."""
        return self._wait(lambda: re.search(pattern, "".join(self._lines)[start:]), pattern)

    def _wait(self, look: Callable[[], re.Match[str] | None], pattern: str) -> re.Match[str]:
        found: list[re.Match[str]] = []

        def done() -> bool:
            found.extend(match for match in [look()] if match)
            return bool(found) or self._ended

        with self._grown:
            self._grown.wait_for(done, TIMEOUT)
            assert found, self._failure(f"{pattern!r} was not printed")
        return found[0]

    def _failure(self, what: str) -> str:
        return f"{what}{', and the output ended' if self._ended else ''}:\n{''.join(self._lines)}"

    def join(self) -> None:
        self._reader.join(TIMEOUT)


class Process:
    """A command in a session of its own, so that those it has started can be ended with it.

    ``stderr`` is a descriptor for what it prints there, when the test reads that itself, or does not.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        stdin: int = subprocess.DEVNULL,
        merged: bool = False,
        stderr: int | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merged else subprocess.PIPE if stderr is None else stderr,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
            pass_fds=pass_fds,
        )
        assert self._process.stdout is not None
        self.stdout = Output(self._process.stdout)
        self.stderr = Output(self._process.stderr) if self._process.stderr else self.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.kill_all()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    @property
    def log(self) -> str:
        """What it has printed to stderr so far."""
        return self.stderr.text

    def mark(self) -> int:
        """A place in the log: what is printed after it can be waited for."""
        return len(self.log)

    def wait_for(self, pattern: str, start: int = 0) -> re.Match[str]:
        return self.stderr.wait_for(pattern, start)

    def read_until(self, pattern: str) -> re.Match[str]:
        return self.stderr.read_until(pattern)

    def tell(self, text: str) -> None:
        """Write to its stdin."""
        assert self._process.stdin is not None
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def hang_up(self) -> None:
        """Close its stdin."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def send_signal(self, number: int) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        """The exit status, when it has ended."""
        try:
            return self._process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the process did not end:\n{self.stdout.text}{self.log}") from None

    def end(self, number: int = signal.SIGTERM) -> int:
        """The exit status after a signal."""
        self.send_signal(number)
        return self.wait()

    def kill(self) -> None:
        """End this one process, as a crash does."""
        self._process.kill()
        self.wait()

    def stop(self) -> None:
        """End it gently: a process that does not is a failure of the test that started it."""
        if self.runs:
            self._process.terminate()
            self.wait()

    def kill_all(self) -> None:
        """End what is left of it and of those that it started."""
        if hasattr(os, "killpg"):
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        else:
            self._process.kill()
        self.wait()
        for output in (self.stdout, self.stderr):
            output.join()
        if self._process.stdin is not None:
            try:
                self._process.stdin.close()
            except BrokenPipeError:
                pass
