"""What tests rely on: a program may print, hang or leave somebody behind, and none of them waits for ever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import process_support
import pytest
from process_support import Process, gone
from serving_support import ROOT, environ

needs_pidfd = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for processes that are not our children")
needs_hangup = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signals")

MEGABYTE = 1_000_000


def python(program: str, *, stdin: int = subprocess.DEVNULL, merged: bool = False) -> Process:
    return Process([sys.executable, "-c", program], cwd=ROOT, env=environ(), stdin=stdin, merged=merged)


def in_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let waiting end now, for what never comes."""
    monkeypatch.setattr(process_support, "TIMEOUT", 0.0)


def test_a_child_that_prints_much_while_nobody_asks_comes_to_its_end() -> None:
    text = f"('x' * 999 + '\\n') * {MEGABYTE // 1000}"
    with python(f"import sys\nfor stream in (sys.stdout, sys.stderr): stream.write({text})") as process:
        assert process.wait() == 0
        assert len(process.stdout.rest()) == len(process.stderr.rest()) == MEGABYTE


def test_a_line_without_an_end_is_read_too() -> None:
    with python(f"print('x' * {MEGABYTE}, end='')") as process:
        assert process.wait() == 0
        assert len(process.stdout.rest()) == MEGABYTE


def test_a_child_that_never_ends_is_a_failure_that_tells_what_it_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    with python("print('the kettle is on', flush=True); import signal; signal.pause()") as process:
        process.stdout.read_until("kettle")
        with monkeypatch.context() as short:
            in_a_moment(short)
            with pytest.raises(AssertionError, match=r"(?s)did not end.*the kettle is on"):
                process.wait()
            with pytest.raises(AssertionError, match=r"(?s)'tea' was not printed:.*the kettle is on"):
                process.stdout.wait_for("tea")
        assert process.runs
    assert process.wait() == -signal.SIGKILL


def test_what_is_not_printed_is_known_at_the_end_of_the_output() -> None:
    with python("print('the kettle is on')", merged=True) as process:
        with pytest.raises(AssertionError, match=r"(?s)'tea' was not printed, and the output ended:.*kettle"):
            process.read_until("tea")


@needs_pidfd
@pytest.mark.parametrize("word", ["wait for it", "leave it alone"])
def test_a_grandchild_is_ended_with_the_child_and_after_it(word: str) -> None:
    program = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; print('here', flush=True); signal.pause()"])
print(child.pid, flush=True)
{"child.wait()" if word == "wait for it" else "child.returncode = 0"}
"""
    with python(program) as process:
        found = process.stdout.wait_for(r"(?s)(?=.*here).*?(\d+)")
        if word == "leave it alone":
            assert process.wait() == 0
    assert gone(int(found[1]))
    assert process.stdout.rest()


def test_a_child_that_is_told_something_hears_it() -> None:
    with python("print(input()[::-1])", stdin=subprocess.PIPE) as process:
        process.tell("aet\n")
        assert process.stdout.line() == "tea\n"


@needs_hangup
def test_a_child_ignores_no_signal_that_is_to_end_it() -> None:
    program = "import signal; print([signal.getsignal(n) is signal.SIG_IGN for n in (signal.SIGHUP, signal.SIGINT)])"
    with python(program) as process:
        assert process.stdout.line() == "[False, False]\n"


def a_run_of(tests: str, folder: Path, *options: str, shell: tuple[str, ...] = ()) -> Process:
    """A run of its own, with the settings of this one."""
    command = [*shell, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tests, *options]
    command += ["-c", str(ROOT / "pyproject.toml"), f"--basetemp={folder / 'inner'}"]
    return Process(command, cwd=ROOT, env=environ() | {"PYTEST_ADDOPTS": ""}, merged=True)


@needs_hangup
def test_it_is_so_too_where_the_shell_has_tests_ignore_these_signals(tmp_path: Path) -> None:
    """As with ``nohup pytest &``, which would leave tests waiting for programs that do not end."""
    test = f"{__file__}::{test_a_child_ignores_no_signal_that_is_to_end_it.__name__}"
    with a_run_of(test, tmp_path, shell=("sh", "-c", 'trap "" HUP INT; exec "$@"', "sh")) as process:
        process.stdout.read_until("1 passed")


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="without this signal the whole run ends")
def test_a_test_that_hangs_fails_alone(tmp_path: Path) -> None:
    path = tmp_path / "test_hanging.py"
    path.write_text("import threading\ndef test_hangs(): threading.Event().wait()\ndef test_next(): pass\n")
    with a_run_of(str(path), tmp_path, "--timeout=1") as process:
        process.stdout.read_until("1 failed, 1 passed")


def test_the_plugin_for_django_is_kept_out_where_it_is_installed(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.pluginmanager.is_blocked("django")
