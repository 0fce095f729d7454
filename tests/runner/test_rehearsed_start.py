"""A start of the program does not pay for what a process that waits can do before."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from debugkit import DebuggedApplication
from debugkit.runner.rehearsals.start import answer, rehearse_at_rest

#: How many pages of memory a start has to get, in a fork that has rehearsed it and in one that has not.
FAULTS = """
import gc, os, resource, sys
import debugkit.cli, debugkit.debug.wsgi
from debugkit.runner import config, target
from debugkit.runner.rehearsals.start import rehearse_start

def start():
    debugkit.cli.make_parser().parse_args(["run", "--timing", "app.py"])
    return config.wrap(target.load(target.parse("app.py")), config.Choices(debugger={}))

def faults(before):
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)
    before()
    first = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    start()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - first, flush=True)
    os._exit(0)

debugkit.cli.make_parser()
gc.freeze()
faults(lambda: None)
faults(rehearse_start)
"""

#: What there is before a rehearsal, is there after it, and no more.
TRACES = """
import logging, os, sys, threading, warnings
import debugkit, debugkit.cli, debugkit.debug.wsgi, flask
from debugkit.runner.rehearsals.start import rehearse_start

def traces():
    return (
        {name for name in sys.modules if not name.startswith("debugkit.")}, threading.enumerate(),
        dict(flask.got_request_exception.receivers),
        os.listdir("/proc/self/fd"), dict(os.environ), os.getcwd(), sys.path[:],
        logging.root.handlers[:], logging.getLoggerClass(), warnings.showwarning, sys.excepthook,
    )

before = traces()
rehearse_start()
assert traces() == before
try:
    debugkit.capture(ValueError())
except debugkit.DebugkitError:
    print("no debugger")
"""

#: A process that waits for a program, and that nobody needs any more once it has rehearsed.
WAITING = """
import socket, threading
import debugkit.cli, debugkit.debug.debugger
from debugkit.debug.processes import siblings
from debugkit.runner.worker import await_program

ours, theirs = socket.socketpair()
def leave():
    while not siblings._numbers["debugkit.runner.rehearsals.start"]:
        pass
    theirs.close()
threading.Thread(target=leave, daemon=True).start()
print(await_program(ours.detach()))
"""


def run(code: str, folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=True, cwd=folder
    )
    return done.stdout.split("\n")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="warm starts are for Linux")
def test_a_fork_that_has_rehearsed_finds_most_of_its_memory_its_own(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def app(environ, start_response):\n    return []\n")
    unprepared, prepared, _ = run(FAULTS, tmp_path)
    assert int(prepared) < int(unprepared) * 0.7


def test_the_request_that_is_rehearsed_is_answered_by_the_application() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"tea"]

    assert answer(DebuggedApplication(app)).startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer(app).endswith(b"\r\n\r\ntea")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_rehearsed_start_leaves_nothing(tmp_path: Path) -> None:
    assert run(TRACES, tmp_path) == ["no debugger", ""]


def test_a_process_that_waits_for_a_program_rehearses_its_start(tmp_path: Path) -> None:
    assert run(WAITING, tmp_path) == ["0", ""]


def test_a_process_that_is_wanted_at_once_rehearses_nothing() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"begin")
        rehearse_at_rest(ours, rehearse=lambda: pytest.fail("this takes time"))
        assert ours.recv(10) == b"begin"
        rehearsed: list[bool] = []
        rehearse_at_rest(ours, rehearse=lambda: rehearsed.append(True))
        assert rehearsed
