"""A project in a folder of its own that a real server reloads, and ways to wait for what it does."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from serving_support import TIMEOUT, Client, Program, Reply

#: An application that answers ``text`` and the number of its process.
APP = """
import os
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%s %%d" %% os.getpid()]
"""


class Project:
    """A server of a folder's application, its terminal, and clients."""

    def __init__(self, folder: Path, process: Program) -> None:
        self.folder = folder
        self.process = process
        self.port = 0

    def write(self, text: str, name: str = "app.py") -> None:
        """Save a file as editors do that rename: it is never there by half."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".#{path.name}")
        draft.write_text(text)
        draft.rename(path)

    def save(self, text: str, name: str = "app.py") -> str:
        """Save a file and wait until the new worker serves. Returns what the terminal said of it."""
        self.write(text, name)
        return self.wait_for_reload()

    def wait_for_reload(self) -> str:
        return self.process.read_until(r"^ \* (Reloaded|Waiting for a change)")[0]

    def says(self, pattern: str) -> re.Match[str]:
        return self.process.read_until(pattern)

    def get(self, path: str = "/", *headers: str) -> Reply:
        with Client(self.port) as client:
            return client.get(path, *headers)

    @property
    def text(self) -> str:
        return self.get().body.decode()

    @property
    def terminal(self) -> str:
        return self.process.log


@contextmanager
def project(
    folder: Path,
    text: str,
    *arguments: str,
    python: tuple[str, ...] = ("-m", "debugkit", "run", "app.py", "--port", "0"),
    stdin: int = subprocess.DEVNULL,
    name: str = "app.py",
    interpreter: str = sys.executable,
    **variables: str,
) -> Iterator[Project]:
    """Serve ``text`` as ``app.py`` of ``folder`` with a reloader, until the end of the test."""
    (folder / name).write_text(text)
    with Program(*arguments, cwd=folder, python=python, stdin=stdin, interpreter=interpreter, **variables) as process:
        found = Project(folder, process)
        found.port = int(process.read_until(r"https?://\S+:(\d+)/$")[1])
        process.read_until(r"^ \* (Reloading with|Waiting for a change)")
        try:
            yield found
        finally:
            process.stop()


def plain_project(folder: Path, text: str, *arguments: str, **options: Any) -> AbstractContextManager[Project]:
    """A project without the debugger: its workers start in half the time."""
    return project(folder, text, "--no-debugger", *arguments, **options)


class Caller:
    """A client that asks all the time, in a thread, and keeps what went wrong."""

    def __init__(self, port: int, *, keep: bool) -> None:
        self._port = port
        self._keep = keep
        self._end = threading.Event()
        self._answered = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.answers: list[str] = []
        self.failures: list[str] = []

    def __enter__(self) -> Caller:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._end.set()
        self._thread.join(TIMEOUT)

    def wait_for(self, text: str) -> None:
        """Wait until an answer has come that begins with ``text``: a busy machine may run two reloads between two."""
        with self._answered:
            answered = self._answered.wait_for(lambda: any(each.startswith(text) for each in self.answers), TIMEOUT)
        assert answered, f"no answer begins with {text!r}; failures: {self.failures}"

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                with Client(self._port) as client:
                    self._ask(client)
            except (OSError, AssertionError) as error:
                self.failures.append(f"{type(error).__name__}: {error}")

    def _ask(self, client: Client) -> None:
        count = 0
        while True:
            try:
                reply = client.get("/")
            except (OSError, AssertionError):
                if count and not client.buffer:  # closed between two answers, as a server may (RFC 9112, 9.3.1)
                    return
                raise
            count += 1
            with self._answered:
                self.answers.append(reply.body.decode() if reply.complete else "incomplete")
                self._answered.notify_all()
            if not self._keep or self._end.is_set() or reply.header("Connection") == "close":
                return
