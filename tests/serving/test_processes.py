"""Workers that share sockets, and the process that looks after them: real processes, real signals."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from process_support import gone
from serving_support import TIMEOUT, Client, Program

from debugkit.errors import ConfigurationError
from debugkit.serving.config import Timeouts
from debugkit.serving.processes import Processes, how_it_ended, reap

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

#: Serves with workers; each answers with its process id. `{setup}` runs before, `{body}` in the application.
PROGRAM = """
import atexit, os, signal, sys, threading, time
from debugkit.serving.listen import Address, listen
from debugkit.serving.config import Timeouts
from debugkit.serving.log import Log
from debugkit.serving.processes import Processes
from debugkit.serving.server import make_server

def app(environ, start_response):
    path = environ["PATH_INFO"]
    {body}
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{{os.getpid()}} {{environ['wsgi.multiprocess']}}".encode()]

sockets = listen([Address("127.0.0.1", 0)])
def make():
    {make}
    return make_server("127.0.0.1", 0, app, sockets=sockets, processes={count}, grace={grace})
{setup}
processes = Processes(make, sockets, {count}, timeouts=Timeouts(grace={grace}, parting={parting}))
Log().say(f"http://127.0.0.1:{{sockets[0].getsockname()[1]}}/\\nPress Ctrl+C")
number = processes.serve_forever()
Log().say("the parent has ended")
raise SystemExit(128 + number if number else 0)
"""


def started(
    *,
    count: int = 2,
    body: str = "pass",
    setup: str = "",
    make: str = "pass",
    grace: float = TIMEOUT,
    parting: float = Timeouts().parting,
) -> Program:
    program = PROGRAM.format(count=count, body=body, setup=setup, make=make, grace=grace, parting=parting)
    return Program(python=("-c", program))


def ask(port: int, path: str = "/") -> str:
    with Client(port) as client:
        return client.get(path).body.decode()


def workers(process: Program, count: int) -> set[int]:
    """Wait until all of them are there: each says so with a line."""
    return {int(process.read_until(r"worker (\d+) is here")[1]) for _ in range(count)}


HERE = 'Log().say(f"worker {os.getpid()} is here")'


@contextmanager
def idle(port: int) -> Iterator[Client]:
    """A connection that is kept: it ends when its worker begins to stop."""
    with Client(port) as client:
        assert client.get("/").status == 200
        yield client


needs_pidfd = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for processes that are not our children")


def test_all_workers_are_started_and_tell_the_application_that_they_are_several() -> None:
    with started(count=3, make=HERE) as process:
        port = process.port()
        pids = workers(process, 3)
        assert len(pids) == 3
        assert process.pid not in pids
        pid, multiprocess = ask(port).split()
        assert int(pid) in pids
        assert multiprocess == "True"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@needs_pidfd
def test_a_signal_ends_parent_and_workers_and_is_the_exit_status(number: signal.Signals) -> None:
    with started(make=HERE) as process:
        process.port()
        pids = workers(process, 2)
        assert process.end(number) == 128 + number
        assert all(gone(pid) for pid in pids)


def test_a_request_in_flight_is_finished_when_terminals_signal_all_processes_at_once(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    body = f"path == '/slow' and (Log().say('begun'), open({str(gate)!r}).read())"
    with started(count=1, make=HERE, body=body) as process:
        port = process.port()
        (worker,) = workers(process, 1)
        with idle(port) as other, Client(port) as client:
            client.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            process.read_until("begun")
            for pid in (process.pid, worker):  # what a terminal does at Ctrl+C
                os.kill(pid, signal.SIGINT)
            assert other.rest() == b""
            gate.write_text("open")
            assert client.reply().status == 200
        assert process.wait() == 128 + signal.SIGINT


def test_a_second_signal_does_not_wait_for_requests() -> None:
    body = "path == '/slow' and (Log().say('begun'), time.sleep(600))"
    with started(make=HERE, body=body, grace=600) as process:
        port = process.port()
        workers(process, 2)
        with idle(port) as other, Client(port) as client:
            client.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            process.read_until("begun")
            process.send_signal(signal.SIGTERM)
            assert other.rest() == b""  # the first signal has arrived
            process.send_signal(signal.SIGTERM)
            process.read_until("the parent has ended")
        assert process.wait() == 128 + signal.SIGTERM


def test_a_worker_that_dies_is_replaced_and_the_terminal_says_so() -> None:
    with started(make=HERE, body="path == '/die' and os._exit(7)") as process:
        port = process.port()
        pids = workers(process, 2)
        with Client(port) as client:
            assert client.send(b"GET /die HTTP/1.1\r\nHost: a\r\n\r\n").rest() == b""
        dead, status = process.read_until(r"Worker (\d+) ended with exit status (\d+): starting another").groups()
        assert (int(dead) in pids, status) == (True, "7")
        assert workers(process, 1).isdisjoint(pids)
        assert ask(port)
        assert process.end(signal.SIGTERM) == 128 + signal.SIGTERM


def test_a_worker_that_is_killed_is_replaced_too() -> None:
    with started(count=1, make=HERE) as process:
        port = process.port()
        (pid,) = workers(process, 1)
        os.kill(pid, signal.SIGKILL)
        process.read_until(rf"Worker {pid} was ended by SIGKILL: starting another")
        (other,) = workers(process, 1)
        assert ask(port).split()[0] == str(other)


def test_workers_that_cannot_start_are_tried_less_and_less_often() -> None:
    with started(count=1, make="raise LookupError('no tea')") as process:
        process.port()
        process.read_until("LookupError: no tea")
        assert process.read_until(r"ended with exit status 1: starting another in ([\d.]+) s")[1] == "0.25"
        assert process.read_until(r"starting another in ([\d.]+) s")[1] == "0.5"
        assert process.end(signal.SIGTERM) == 128 + signal.SIGTERM


@needs_pidfd
def test_workers_end_when_their_parent_is_killed() -> None:
    with started(make=HERE) as process:
        process.port()
        pids = workers(process, 2)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert all(gone(pid) for pid in pids)


def test_what_the_application_registered_for_the_end_runs_in_each_worker_and_in_the_parent() -> None:
    setup = "atexit.register(lambda: Log().say(f'bye from {os.getpid()}'))"
    with started(make=HERE, setup=setup) as process:
        process.port()
        pids = workers(process, 2)
        process.send_signal(signal.SIGTERM)
        said = {int(process.read_until(r"bye from (\d+)")[1]) for _ in range(3)}
        assert said == {*pids, process.pid}


def test_a_thread_that_never_ends_does_not_keep_a_worker() -> None:
    make = f"{HERE}; threading.Thread(target=time.sleep, args=[600]).start()"
    with started(make=make) as process:
        process.port()
        workers(process, 2)
        assert process.end(signal.SIGTERM) == 128 + signal.SIGTERM
    assert "killed" not in process.log


def test_a_worker_that_does_not_end_is_killed_in_the_end() -> None:
    make = f"{HERE}; atexit.register(time.sleep, 600)"
    with started(count=1, make=make, grace=0.0, parting=0.1) as process:
        process.port()
        (pid,) = workers(process, 1)
        process.send_signal(signal.SIGTERM)
        process.read_until(f"Worker {pid} did not end in time: killed")
        assert process.wait() == 128 + signal.SIGTERM


def test_programs_that_the_application_starts_can_be_interrupted() -> None:
    body = (
        "import subprocess; "
        "code = 'import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)'; "
        "Log().say('found ' + subprocess.run([sys.executable, '-c', code], capture_output=True, text=True).stdout)"
    )
    with started(body=body) as process:
        ask(process.port())
        assert process.read_until(r"found (\w+)")[1] == "True"


def test_request_stop_ends_all_without_a_signal(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    setup = f"threading.Thread(target=lambda: (open({str(gate)!r}).read(), processes.request_stop())).start()"
    with started(make=HERE, setup=setup) as process:
        workers(process, 2)
        gate.write_text("open")
        process.read_until("the parent has ended")
        assert process.wait() == 0


# What needs no process.


def test_no_processes_are_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="give 1 or more"):
        Processes(lambda: None, [], 0)  # type: ignore[arg-type,return-value]


def test_only_the_main_thread_can_look_after_processes() -> None:
    processes = Processes(lambda: None, [], 1)  # type: ignore[arg-type,return-value]
    raised: list[BaseException] = []

    def run() -> None:
        try:
            processes.serve_forever()
        except RuntimeError as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(TIMEOUT)
    assert "main thread" in str(raised[0])
    processes.close()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "ended with exit status 0"),
        (3, "ended with exit status 3"),
        (-9, "was ended by SIGKILL"),
        (-63, "was ended by signal 63"),
    ],
)
def test_the_end_of_a_worker_is_told_in_words(status: int, words: str) -> None:
    assert how_it_ended(status) == words


def test_a_child_that_runs_has_no_status_yet() -> None:
    reader, writer = os.pipe()
    process = os.posix_spawn(
        "/bin/cat", ["cat"], {}, file_actions=[(os.POSIX_SPAWN_DUP2, reader, 0), (os.POSIX_SPAWN_CLOSE, writer)]
    )
    os.close(reader)
    assert reap(process) is None
    os.close(writer)
    os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    assert reap(process) == 0
