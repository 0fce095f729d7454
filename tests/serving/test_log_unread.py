"""A real server whose stderr is a pipe that nobody reads, or reads late: it answers, and says what it could not say."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

import pytest
from serving_support import Client, Program
from unread_support import Pipe, unread

from debugkit.serving import log_writer
from debugkit.serving.log import Log
from debugkit.serving.log_writer import TOGETHER, WAITING, LogWriter

if sys.platform == "win32":
    pytest.skip("pipes there are not files that select can wait for", allow_module_level=True)

APP = """
def app(environ, start_response):
    if environ["PATH_INFO"] == "/fails":
        raise LookupError("no tea")
    if environ["PATH_INFO"] == "/says":
        for number in range(2000):
            environ["wsgi.errors"].write("said %d\\n" % number)
            environ["wsgi.errors"].flush()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"first"]
"""
DEBUGGED = ("-m", "debugkit", "run", "app.py", "--port", "0")
RUN = (*DEBUGGED, "--no-debugger")
SEVERAL = """
import sys
sys.path.insert(0, ".")
from app import app
from debugkit import run_simple
run_simple("127.0.0.1", 0, app, processes=2)
"""
#: Requests whose lines are more than a pipe of the usual size takes.
MANY = 1000


@contextmanager
def served(folder: Path, *python: str, last: str = r"Press Ctrl.*\n") -> Iterator[tuple[Program, Pipe, int]]:
    (folder / "app.py").write_text(APP)
    with unread(folder, *python, last=last) as found:
        yield found


def ask(port: int, count: int, path: str = "/{}" + 200 * "x") -> None:
    with Client(port) as client:
        for number in range(count):
            assert client.get(path.format(number)).status == 200


def asked(lines: list[str]) -> list[int]:
    """The numbers that were asked for; each line must be whole."""
    found = [re.fullmatch(r'\S+ - - \[.+\] "GET /(\d+)\S* HTTP/1.1" 200 - 5B \S+ms', line) for line in lines]
    assert all(found), [line[:200] for line, match in zip(lines, found, strict=True) if not match]
    return [int(match[1]) for match in found if match]


def test_requests_are_answered_when_nobody_reads_and_a_late_reader_gets_all_lines_in_order(tmp_path: Path) -> None:
    with served(tmp_path, *RUN, "--no-reload") as (program, pipe, port):
        ask(port, MANY)
        assert asked(pipe.lines(MANY)) == list(range(MANY))
        assert program.end() == 128 + signal.SIGTERM
        assert pipe.rest() == []


def test_what_is_more_than_can_wait_is_dropped_and_counted(tmp_path: Path) -> None:
    long = "/{}" + 10_000 * "x"
    count = 2 * WAITING // len(long)
    with served(tmp_path, *RUN, "--no-reload") as (program, pipe, port):
        ask(port, count, long)
        following = 0
        while following < count:
            (line,) = pipe.lines(1)
            if note := re.fullmatch(r" \* (\d+) lines were dropped here, because nobody was reading\.", line):
                following += int(note[1])
            else:
                assert asked([line]) == [following]
                following += 1
        program.stop()


def test_all_is_written_before_a_process_ends_and_what_is_said_at_its_very_end_too() -> None:
    code = """
import atexit
from debugkit.serving.log import Log
atexit.register(lambda: Log().say("the end"))  # called last: functions of atexit are called in reverse
for number in range(5000):
    Log().say(str(number))
"""
    with Program(python=("-c", code)) as program:
        assert program.wait() == 0
        assert program.stderr.rest().split("\n") == [*map(str, range(5000)), "the end", ""]


def test_a_server_ends_although_nobody_reads(tmp_path: Path) -> None:
    with served(tmp_path, *RUN, "--no-reload") as (program, _, port):
        ask(port, MANY)
        assert program.end() == 128 + signal.SIGTERM


def test_what_an_application_says_and_its_tracebacks_do_not_wait_for_a_reader_either(tmp_path: Path) -> None:
    with served(tmp_path, *DEBUGGED, "--no-reload") as (program, pipe, port), Client(port) as client:
        for _ in range(5):
            assert client.get("/says").status == 200
        for _ in range(50):
            assert client.get("/fails").status == 500
        ask(port, 1)
        lines = []
        while not lines or '"GET /0xx' not in lines[-1]:
            lines += pipe.lines(1)
        program.stop()
        said = [line for line in lines if line.startswith("said ")]
        assert said == 5 * [f"said {number}" for number in range(2000)]
        assert lines.count("LookupError: no tea") == 50


def test_workers_that_were_forked_from_a_process_that_logs_do_not_wait_for_a_reader(tmp_path: Path) -> None:
    with served(tmp_path, "-c", SEVERAL) as (program, pipe, port):
        for number in range(MANY):
            ask(port, 1, f"/{number}{200 * 'x'}")  # on a connection of its own, which any of them takes
        assert sorted(asked(pipe.lines(MANY))) == list(range(MANY))
        program.stop()


def test_a_reloader_goes_on_when_nobody_reads(tmp_path: Path) -> None:
    with served(tmp_path, *RUN, last=r"Reloading with.*\n") as (program, pipe, port):
        for name in ("second", "third"):
            ask(port, MANY)
            (tmp_path / "app.py").write_text(APP.replace("first", name))
            while True:
                with Client(port) as client:
                    if client.get("/").body == name.encode():
                        break
        for _ in range(2):
            pipe.read_until(r" \* Reloaded in")
        program.stop()


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipe]:
    """A pipe that stands for stderr."""
    pipe = Pipe()
    monkeypatch.setattr(log_writer, "STDERR", pipe.writing)
    monkeypatch.setattr(log_writer, "_look_after_ends", lambda: None)
    yield pipe
    os.close(pipe.writing)
    os.close(pipe.reading)


def test_writers_of_several_processes_never_mix_within_a_line(pipe: Pipe) -> None:
    """Each writer stands for a process: a pipe keeps nothing together but what one write gives it."""
    writers = [LogWriter() for _ in range(4)]
    for number in range(200):
        for writer, letter in zip(writers, "abcd", strict=True):
            writer.put((20 * f"{100 * letter} {number}\n").encode())
    lines = pipe.lines(4 * 200 * 20)
    for letter in "abcd":
        assert [line for line in lines if line[0] == letter] == [
            f"{100 * letter} {number}" for number in range(200) for _ in range(20)
        ]


@pytest.fixture
def stderr(pipe: Pipe) -> Iterator[TextIO]:
    with os.fdopen(pipe.writing, "w", closefd=False) as stream:
        yield stream


def test_a_stream_that_only_leads_to_stderr_does_not_wait_either(pipe: Pipe, stderr: TextIO) -> None:
    """As debuggers and consoles put one in its place, for a while and for some threads."""

    class Leading:
        def __getattr__(self, name: str) -> Any:
            return getattr(stderr, name)

    streams = [stderr, cast("TextIO", Leading())]
    for number in range(5000):
        Log(streams[number % 2], environ={}).say(f"{number:0100}")
    assert [int(line) for line in pipe.lines(5000)] == list(range(5000))


def test_lines_of_the_application_and_of_the_log_do_not_mix_and_keep_their_order(pipe: Pipe, stderr: TextIO) -> None:
    log = Log(stderr, environ={})
    errors = log.errors
    assert errors is not None
    print("tea", 1, "\u62b9 \udc80", file=errors)
    errors.write("half")
    log.say("the log's own")
    errors.write(" a line\n")
    errors.write("no line")
    errors.flush()
    log.say("")
    assert pipe.lines(4) == ["tea 1 \u62b9 \\udc80", "the log's own", "half a line", "no line"]


def test_what_stands_for_stderr_in_the_environ_is_like_it(stderr: TextIO) -> None:
    errors = Log(stderr, environ={}).errors
    assert errors is not None
    assert (errors.fileno(), errors.encoding, errors.isatty()) == (stderr.fileno(), stderr.encoding, False)
    assert errors.writable()


def test_where_no_thread_can_be_started_all_is_written_at_once(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    writer = LogWriter()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        writer.put(b"a\nb\n")
    writer.put(b"c\n")
    assert pipe.lines(3) == ["a", "b", "c"]


def test_a_line_that_is_longer_than_what_stays_together_is_whole_when_nobody_else_writes(pipe: Pipe) -> None:
    long = f"{3 * TOGETHER * 'x'}"
    LogWriter().put(f"before\n{long}\nbehind\n".encode())
    assert pipe.lines(3) == ["before", long, "behind"]


def test_what_others_made_of_the_file_loses_nothing(pipe: Pipe) -> None:
    """A program that shares the terminal may set O_NONBLOCK on it, as some runtimes do."""
    os.set_blocking(pipe.writing, False)
    writer = LogWriter()
    for number in range(5000):
        writer.put(f"{number:0100}\n".encode())
    assert [int(line) for line in pipe.lines(5000)] == list(range(5000))
