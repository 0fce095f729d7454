"""The page of an exception that no request failed with: what it says where there is no traceback."""

from __future__ import annotations

import inspect
from pathlib import Path

from client import Client

import debugkit
from debugkit import DebuggedApplication


def nothing(environ: object, start_response: object) -> list[bytes]:
    return []


def test_an_exception_without_traceback_says_so_once_and_where_it_was_handed_over() -> None:
    client = Client(DebuggedApplication(nothing))
    lineno = inspect.currentframe().f_lineno + 1  # type: ignore[union-attr]
    address = debugkit.capture(ValueError("too few cups"))

    html = client(address).text
    body = html[html.index('<div class="opened">') :]

    assert "This exception has no traceback" in body
    assert f"{Path(__file__).name}:{lineno} in test_an_exception_without" in body
    assert "too few cups" not in body
    assert 'id="panel-text"' in body


def test_an_error_that_no_request_failed_with_has_no_status() -> None:
    client = Client(DebuggedApplication(nothing))
    address = debugkit.capture(ValueError("too few cups"))

    assert 'class="status"' not in client(address).text
    assert client(f"{address}.json").json["status"] is None
    assert "500" not in client(f"{address}.md").text.split("## ")[0].replace(address, "")
