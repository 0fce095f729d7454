"""What a terminal is like after the program: as it was before, even when a prompt was cut off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from serving_support import TIMEOUT, Client, environ, request

pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")

STOPS = """
import readline
from debugkit import run_simple
def app(environ, start_response):
    breakpoint()
    start_response("200 OK", [])
    return []
if __name__ == "__main__":
    run_simple("127.0.0.1", 0, app, use_reloader={reload})
"""


class Terminal:
    """A pseudo terminal, and the program that runs in its foreground."""

    def __init__(self, *command: str, cwd: Path) -> None:
        self._master, self._slave = pty.openpty()
        self._text = ""
        self._ended = False
        self._grown = threading.Condition()
        # What makes a terminal the program's own: only then Ctrl+C is a signal for it.
        code = (
            "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.executable, sys.argv)"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", code.replace("sys.argv)", "[sys.executable, *sys.argv[1:]])"), *command],
            cwd=cwd,
            env={**environ(), "TERM": "xterm"},
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while not self._ended:
            try:
                data = os.read(self._master, 65_536)
            except OSError:
                data = b""
            with self._grown:
                self._text += data.decode("utf-8", "replace")
                self._ended = not data
                self._grown.notify_all()

    def wait_for(self, text: str) -> str:
        with self._grown:
            assert self._grown.wait_for(lambda: text in self._text, TIMEOUT), self._text
            return self._text

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    @property
    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self._slave)[3] & termios.ECHO)

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(TIMEOUT)
        os.close(self._slave)
        self._reader.join(TIMEOUT)
        os.close(self._master)


@contextmanager
def terminal(*command: str, cwd: Path) -> Iterator[Terminal]:
    found = Terminal(*command, cwd=cwd)
    try:
        yield found
    finally:
        found.close()


@pytest.mark.parametrize("reload", [False, True], ids=["plain", "reloader"])
def test_after_ctrl_c_at_a_prompt_of_pdb_the_terminal_has_its_echo(tmp_path: Path, reload: bool) -> None:
    (tmp_path / "app.py").write_text(STOPS.format(reload=reload))
    with terminal("app.py", cwd=tmp_path) as shell:
        assert shell.echoes
        text = shell.wait_for("are watched" if reload else "Press Ctrl+C")
        port = int(text.split("http://127.0.0.1:")[1].split("/")[0])
        with Client(port) as client:
            client.send(request("GET / HTTP/1.1"))
            shell.wait_for("(Pdb)")
            while shell.echoes:  # from the moment on when it waits for keys; nobody tells when
                pass
            shell.press(b"\x03")
            assert shell.process.wait(TIMEOUT) == 128 + signal.SIGINT
        assert shell.echoes
