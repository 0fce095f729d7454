"""An error that is raised before the request's body has come: the page does not wait for what the client holds back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from serving_support import request, running

from debugkit import DebuggedApplication
from debugkit.serving.config import Timeouts

JSON = "Accept: application/json"
FORM = "Content-Type: application/x-www-form-urlencoded"


def failing(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    raise ValueError("before the body was read")


@pytest.mark.parametrize("more", [[], ["Expect: 100-continue"]])
def test_an_error_before_the_body_is_read_does_not_wait_for_the_rest(more: list[str]) -> None:
    # The client sends no more, and reads: a page that waited would never come.
    with running(DebuggedApplication(failing), timeouts=Timeouts(transfer=3600)) as server, server.client() as client:
        client.send(request("POST / HTTP/1.1", JSON, FORM, "Content-Length: 100", *more, body=b"" if more else b"a=1"))
        reply = client.reply()
        assert reply.status == 500
        assert b"before the body was read" in reply.body
        assert b"had not arrived" in reply.body


def test_a_form_that_comes_behind_the_head_stands_on_the_page_though_nobody_read_it() -> None:
    with running(DebuggedApplication(failing)) as server, server.client() as client:
        client.send(
            request("POST / HTTP/1.1", JSON, FORM, "Content-Length: 100000", body=b"tea=Assam&x=" + b"x" * 99_988)
        )
        reply = client.reply()
        assert b'"tea":"Assam"' in reply.body
        assert b"had not arrived" not in reply.body
