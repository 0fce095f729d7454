"""Servers whose stderr is a pipe that a test reads late, or never."""

from __future__ import annotations

import os
import re
import select
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving_support import TIMEOUT, Program


class Pipe:
    """Both ends of a small pipe. What is not read, nobody reads."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self.text = ""

    def _more(self) -> bool:
        assert select.select([self.reading], [], [], TIMEOUT)[0], f"nothing more was written:\n{self.text[-2000:]}"
        data = os.read(self.reading, 65_536)
        self.text += data.decode()
        return bool(data)

    def read_until(self, pattern: str) -> re.Match[str]:
        while not (found := re.search(pattern, self.text)):
            assert self._more(), f"the pipe ended:\n{self.text[-2000:]}"
        self.text = self.text[found.end() :]
        return found

    def lines(self, count: int) -> list[str]:
        """The next lines."""
        while self.text.count("\n") < count:
            assert self._more(), f"the pipe ended:\n{self.text[-2000:]}"
        *lines, self.text = self.text.split("\n", count)
        return lines

    def rest(self) -> list[str]:
        """The lines up to the end."""
        while self._more():
            pass
        return self.text.splitlines()


@contextmanager
def unread(folder: Path, *python: str, last: str = r"Unlock this browser.*\n") -> Iterator[tuple[Program, Pipe, int]]:
    """A server whose terminal has been read until the ``last`` that it said at its start, and not since."""
    pipe = Pipe()
    try:
        with Program(cwd=folder, python=python, stderr=pipe.writing) as program:
            os.close(pipe.writing)
            port = int(pipe.read_until(r"https?://\S+:(\d+)/")[1])
            pipe.read_until(last)
            yield program, pipe, port
    finally:
        os.close(pipe.reading)
