"""Commands that await, in the event loop of a real server."""

from __future__ import annotations

import asyncio
import contextvars
import json
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from debugkit import DebuggedASGIApplication

WAIT = 240

shop = FastAPI()
customer: contextvars.ContextVar[str] = contextvars.ContextVar("customer")


@shop.get("/ok")
async def ok() -> str:
    return "ok"


@shop.get("/fails")
async def fails() -> None:
    customer.set("Ada")
    tea = {"name": "Sencha"}
    await asyncio.sleep(0)
    raise LookupError(f"no {tea['name']} left")


class Browser:
    """Asks the server at a port, and knows the frame of an error."""

    def __init__(self, port: int) -> None:
        self.port = port
        (*_, frame) = json.load(self.ask("/fails"))["exceptions"][0]["frames"]
        self.frame = f"/__debugkit__/frames/{frame['id']}"

    def ask(self, path: str, data: object = None) -> HTTPResponse:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        headers = {"Accept": "application/json", "Content-Type": "application/json", "X-Debugkit": "1"}
        headers |= {"Origin": f"http://127.0.0.1:{self.port}", "Connection": "close"}
        connection.request("GET" if data is None else "POST", path, None if data is None else json.dumps(data), headers)
        return connection.getresponse()

    def events(self, source: str) -> Iterator[dict[str, Any]]:
        for line in self.ask(f"{self.frame}/evaluate", {"source": source}):
            if line.strip() and (event := json.loads(line))["kind"] != "command":
                yield event


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    pytest.importorskip(request.param)
    config = uvicorn.Config(
        DebuggedASGIApplication(shop, pin="off"), loop=request.param, log_level="critical", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield Browser(listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(WAIT)


def test_a_command_awaits_in_the_loop_and_the_context_of_the_failed_request(browser: Browser) -> None:
    value, done = browser.events("await asyncio.sleep(0, (tea, customer.get()))")
    assert (value["text"], done["status"]) == ("({'name': 'Sencha'}, 'Ada')", "done")
    value, _ = browser.events("await asyncio.sleep(0); any('serve' in repr(task) for task in asyncio.all_tasks())")
    assert value["text"] == "True"


def test_stop_ends_a_command_that_awaits_while_other_requests_are_answered(browser: Browser) -> None:
    events = browser.events("print('asleep')\nawait asyncio.sleep(60)")
    assert next(events)["text"] == "asleep\n"
    assert browser.ask("/ok").read() == b'"ok"'
    assert json.load(browser.ask(f"{browser.frame}/interrupt", {}))["interrupted"] is True
    (done,) = events
    assert done["status"] == "interrupted"
    assert browser.ask("/ok").read() == b'"ok"'


def test_leaving_does_not_end_the_server(browser: Browser) -> None:
    note, done = browser.events("await asyncio.sleep(0)\nexit(3)")
    assert (note["text"], done["status"]) == ("exit(3) ends nothing here: the server keeps running.\n", "exited")
    assert browser.ask("/ok").read() == b'"ok"'
