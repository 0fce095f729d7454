"""An error that comes too late for a page, on our own server: one traceback in the terminal, and its link."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from serving_support import request, running

from debugkit import DebuggedApplication


def late(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"first line\n"
    raise LookupError("too late for a page")


def test_a_late_error_is_logged_once_and_not_by_debugger_and_server_both() -> None:
    with running(DebuggedApplication(late)) as server, server.client() as client:
        client.send(request("GET / HTTP/1.1"))
        assert not client.reply().complete
        # The line about the request is the last that is said of it.
        log = server.stream.wait_for('"GET / HTTP/1.1" 200')

    assert log.count("LookupError: too late for a page\n") == 1
    assert log.count("Debugger page: ") == 1


def test_a_late_error_that_no_debugger_saw_is_logged_by_the_server() -> None:
    with running(late) as server, server.client() as client:
        client.send(request("GET / HTTP/1.1"))
        assert not client.reply().complete
        log = server.stream.wait_for('"GET / HTTP/1.1" 200')

    assert log.count("LookupError: too late for a page\n") == 1
