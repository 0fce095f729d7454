"""How a program ends that a reloader runs: with what Python promises at the end, and nobody left to wait for."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from process_support import gone
from reload_support import APP, plain_project, project
from serving_support import Client

pytestmark = pytest.mark.skipif(os.name != "posix", reason="workers inherit their sockets")

ONE, TWO = (APP % word for word in ("one", "two"))

#: As many tutorials have it: nobody ever puts anything into the queue.
STREAM = """
import atexit, os, queue
from debugkit import run_simple
messages = queue.Queue()
atexit.register(lambda: print("atexit", flush=True))
def app(environ, start_response):
    if environ["PATH_INFO"] == "/updates":
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return events()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%s %%d" %% os.getpid()]
def events():
    yield b"data: begun\\n\\n"
    while True:
        yield messages.get()
if __name__ == "__main__":
    try:
        run_simple("127.0.0.1", 0, app, use_reloader=True)
    finally:
        print("finally", flush=True)
"""
LISTEN = b"GET /updates?token=abc HTTP/1.1\r\nHost: localhost\r\n\r\n"
#: What is printed at the end. The supervisor's first life, before it is one, has its `atexit` as well.
PROMISED = ["finally", "atexit"]
NAMED = r"(?m)^ \* Cut off while still being answered: GET /updates\?\[not logged\] HTTP/1\.1$"


def test_an_endless_view_does_not_take_the_programs_end_away_at_a_reload(tmp_path: Path) -> None:
    with project(tmp_path, STREAM % "one", python=("app.py",)) as shop, Client(shop.port) as client:
        old = int(shop.text.split()[-1])
        client.send(LISTEN).read_until(b"begun")
        shop.save(STREAM % "two")
        assert shop.text.startswith("two")
        shop.process.wait_for(NAMED)  # before the new one serves, or after it
        assert gone(old)
        assert "Killed the old process" not in shop.terminal
        assert [shop.process.stdout.line().strip() for _ in range(3)] == ["atexit", *PROMISED]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_endless_view_does_not_take_the_programs_end_away_at_a_signal(
    tmp_path: Path, number: signal.Signals
) -> None:
    with project(tmp_path, STREAM % "one", python=("app.py",)) as shop, Client(shop.port) as client:
        client.send(LISTEN).read_until(b"begun")
        assert shop.process.end(number) == 128 + number
        shop.says(NAMED)
        assert "Killed the old process" not in shop.process.stderr.rest()
        assert shop.process.stdout.rest().split() == ["atexit", *PROMISED]


def test_a_thread_that_never_ends_does_not_take_atexit_away(tmp_path: Path) -> None:
    text = (
        "import atexit, threading\natexit.register(lambda: print('atexit', flush=True))\n"
        f"threading.Thread(target=threading.Event().wait, name='tea-timer').start()\n{ONE}"
    )
    with plain_project(tmp_path, text) as shop:
        assert shop.process.end(signal.SIGINT) == 128 + signal.SIGINT
        assert "it was kept alive by: tea-timer" in shop.process.stderr.rest()
        assert shop.process.stdout.rest() == "atexit\n"


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a process that is nobody's child here")
@pytest.mark.parametrize("how", ["stop", "reload"])
def test_a_program_that_the_application_has_started_keeps_nobody(tmp_path: Path, how: str) -> None:
    os.mkfifo(tmp_path / "gate")
    child = "import os\nos.system('exec cat gate &')\n"
    with plain_project(tmp_path, child + ONE) as shop:
        old = int(shop.text.split()[-1])
        if how == "stop":
            assert shop.process.end(signal.SIGINT) == 128 + signal.SIGINT
        else:
            shop.save(TWO)
            assert gone(old)
        with (tmp_path / "gate").open("w"):  # it lives: otherwise nobody would open this with us
            pass


def test_the_channel_of_a_worker_is_not_inherited(tmp_path: Path) -> None:
    """Nor its listening sockets: a program that the application starts has its three streams and no more."""
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    show = f"{sys.executable} -c 'import os; print(sorted(os.listdir(\"/proc/self/fd\"))[:-1])'"
    with plain_project(tmp_path, f"import os\nos.system({show!r})\n{ONE}") as shop:
        assert shop.process.stdout.line() == "['0', '1', '2']\n"


def test_a_process_that_is_gone_counts_as_ended_though_its_channel_is_open_elsewhere(tmp_path: Path) -> None:
    """A program that was given every descriptor, as `subprocess` does with ``close_fds=False`` and old daemons do."""
    os.mkfifo(tmp_path / "gate")
    child = (
        "import contextlib, os\nfor one in range(3, 64):\n"
        "    with contextlib.suppress(OSError):\n        os.set_inheritable(one, True)\n"
        "os.system('exec cat gate &')\n"
    )
    with plain_project(tmp_path, child + ONE) as shop:
        assert shop.process.end(signal.SIGINT) == 128 + signal.SIGINT
        with (tmp_path / "gate").open("w"):
            pass
