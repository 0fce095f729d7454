"""What the terminal shows of a request, and what it never shows."""

from __future__ import annotations

import io
import re
import sys
import time
from pathlib import Path
from typing import Any, TextIO

import pytest

from debugkit.serving.log import Log, banner, size_text, time_text, wants_colours, without_secrets

NOON = time.mktime((2026, 11, 21, 12, 3, 11, 0, 0, -1))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def logged(
    line: str, status: int = 200, *, peer: str = "127.0.0.1", stream: TextIO | None = None, **environ: str
) -> str:
    stream = stream or io.StringIO()
    Log(stream, environ=environ, clock=lambda: NOON).access(peer, line, status, 1234, 0.0034)
    return stream.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_a_request_is_one_line_in_the_common_format_with_its_size_and_time() -> None:
    assert logged("GET / HTTP/1.1") == '127.0.0.1 - - [21/Nov/2026 12:03:11] "GET / HTTP/1.1" 200 - 1.2kB 3.4ms\n'


def test_programs_that_read_the_line_of_werkzeug_can_read_this_one() -> None:
    found = re.match(r'(\S+) - - \[(.+?)\] "(\S+) (\S+) (\S+)" (\d{3}) -', logged("GET /tea?hot=1 HTTP/1.1", 404))
    assert found is not None
    assert found.groups() == ("127.0.0.1", "21/Nov/2026 12:03:11", "GET", "/tea?hot=1", "HTTP/1.1", "404")


def test_a_client_of_a_unix_socket_has_no_address_and_the_line_keeps_its_columns() -> None:
    assert logged("GET / HTTP/1.1", peer="").startswith("unix: - - [21/Nov/2026 12:03:11] ")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0B"),
        (999, "999B"),
        (1000, "1.0kB"),
        (12_345, "12.3kB"),
        (99_960, "100kB"),
        (123_456, "123kB"),
        (999_499, "999kB"),
        (999_500, "1.0MB"),
        (100_000_000, "100MB"),
        (5_000_000_000_000_000, "5000TB"),
    ],
)
def test_sizes_are_short(size: int, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.0ms"),
        (0.00034, "0.3ms"),
        (0.0123, "12.3ms"),
        (0.34, "340ms"),
        (0.9996, "1.0s"),
        (75, "75.0s"),
        (-1, "0.0ms"),
    ],
)
def test_times_are_short(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


@pytest.mark.parametrize(
    ("status", "colour"),
    [(101, ""), (200, ""), (204, ""), (302, "\x1b[36m"), (304, "\x1b[36m"), (404, "\x1b[33m"), (500, "\x1b[1;31m")],
)
def test_terminals_get_colours_by_status(status: int, colour: str) -> None:
    line = logged("GET / HTTP/1.1", status, stream=Terminal())
    assert line.endswith(f'{colour}"GET / HTTP/1.1" {status}\x1b[0m - 1.2kB 3.4ms\n')


def test_pipes_and_files_get_no_colours() -> None:
    assert "\x1b" not in logged("GET / HTTP/1.1", 500)


@pytest.mark.parametrize(
    ("environ", "terminal", "colours"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": ""}, False, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
    ],
    ids=repr,
)
def test_variables_decide_on_colours(environ: dict[str, str], terminal: bool, colours: bool) -> None:
    assert wants_colours(Terminal() if terminal else io.StringIO(), environ) is colours


def test_a_stream_that_is_missing_or_closed_wants_no_colours() -> None:
    closed = io.StringIO()
    closed.close()
    assert not wants_colours(None, {})
    assert not wants_colours(closed, {})


def test_control_characters_cannot_steer_the_terminal() -> None:
    assert logged("GET /\x1b[2J\x9b\r\n HTTP/1.1", stream=Terminal()).count("\x1b") == 1


@pytest.mark.parametrize(
    "path",
    ["/__debugkit__", "/__debugkit__/", "/__debugkit__/frames/1?x=y", "/shop/__debugkit__/static/page.css"],
)
def test_addresses_of_the_debugger_leave_no_line(path: str) -> None:
    assert logged(f"GET {path} HTTP/1.1") == ""


@pytest.mark.parametrize("path", ["/?next=/__debugkit__/", "/__debugkit__s", "/x__debugkit__"])
def test_other_addresses_cannot_hide(path: str) -> None:
    assert path in logged(f"GET {path} HTTP/1.1")


def test_the_mount_of_the_debugger_can_be_another() -> None:
    stream = io.StringIO()
    Log(stream, environ={}, hidden="/_why").access("127.0.0.1", "GET /_why/1 HTTP/1.1", 200)
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    "query",
    [
        "token=abc123",
        "a=b&token=abc123",
        "access_token=abc123",
        "TOKEN=abc123",
        "%74oken=abc123",
        "%54%4F%4B%45%4E=abc123",
        "cmd=pinauth&pin=abc123",
        "password=abc123",
        "api_key=abc123",
        "apikey=abc123",
        "token%3Dabc123",
    ],
)
def test_keys_in_an_address_are_never_logged(query: str) -> None:
    line = logged(f"GET /unlock?{query} HTTP/1.1")
    assert "abc123" not in line
    assert '"GET /unlock?[not logged] HTTP/1.1" 200' in line


@pytest.mark.parametrize("query", ["q=tea", "q=token", "tokens", ""])
def test_other_queries_are_logged_as_they_are(query: str) -> None:
    line = f"GET /search?{query} HTTP/1.1"
    assert without_secrets(line) == line


def test_an_exception_is_logged_as_python_prints_it() -> None:
    stream = io.StringIO()
    try:
        raise LookupError("no tea")
    except LookupError as error:
        Log(stream).failed(error)
    assert stream.getvalue().startswith("Traceback (most recent call last):\n")
    assert stream.getvalue().endswith("LookupError: no tea\n")


def test_an_exception_cannot_steer_the_terminal_nor_speak_as_the_server() -> None:
    stream = io.StringIO()
    Log(stream).failed(LookupError("\x1b[2J\u202e\n * Unlock this browser: http://evil.example/"))
    assert stream.getvalue() == "LookupError: \\x1b[2J\\u202e\n|  * Unlock this browser: http://evil.example/\n"


def test_the_text_of_a_hostile_exception_is_logged_as_well_as_can_be() -> None:
    class Hostile(Exception):
        def __str__(self) -> str:
            raise SystemExit

    stream = io.StringIO()
    Log(stream).failed(Hostile())
    assert "Hostile" in stream.getvalue()


def test_characters_that_the_terminal_lacks_become_escapes(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", encoding="ascii") as stream:
        Log(stream).say("抹茶 \udc80")
    assert (tmp_path / "log").read_text("ascii") == "\\u62b9\\u8336 \\udc80\n"


def test_a_log_that_cannot_be_written_does_not_stop_the_server() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    closed = io.StringIO()
    closed.close()
    assert Log(Gone()).say("x") is None  # type: ignore[func-returns-value]
    assert Log(closed).say("x") is None  # type: ignore[func-returns-value]


def test_without_a_stream_it_writes_to_what_stderr_is_at_that_time(capsys: Any) -> None:
    log = Log()
    log.say("here")
    assert capsys.readouterr().err == "here\n"
    assert log.stream is sys.stderr


def test_the_banner_has_each_address_alone_on_its_line() -> None:
    urls = ["http://127.0.0.1:8000/", "http://192.168.1.7:8000/"]
    lines = banner("debugkit serves shop:app at", urls, ["The PIN is 123."]).split("\n")
    assert lines[0] == "debugkit serves shop:app at"
    assert [line.strip() for line in lines[2:4]] == urls
    assert lines[-2:] == ["Press Ctrl+C to stop.", "The PIN is 123."]


def test_the_banner_says_what_the_reloader_watches() -> None:
    lines = banner("title", ["unix:/tmp/tea"], watching="Reloading with stat: 12 files are watched.").split("\n")
    assert lines[-2:] == ["Reloading with stat: 12 files are watched.", "Press Ctrl+C to stop."]


def test_bold_is_for_terminals() -> None:
    assert Log(Terminal(), environ={}).bold("x") == "\x1b[1mx\x1b[0m"
    assert Log(io.StringIO(), environ={}).bold("x") == "x"
