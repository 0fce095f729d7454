"""One request at a time, whatever the application does with its turn."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from serving_support import TIMEOUT, application, running

from debugkit.serving.middleware.serialize import Serialize


class Counting:
    """An application that tells how many of its requests run at the same time."""

    def __init__(self, *, stream: bool) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        assert environ["wsgi.multithread"] is False
        start_response("200 OK", [("Content-Type", "text/plain")])
        return self._body() if self._stream else list(self._body())

    def _body(self) -> Iterator[bytes]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        for _ in range(20):
            yield b"tea "
        with self._lock:
            self._now -= 1


@pytest.mark.parametrize("stream", [False, True], ids=["list", "generator"])
def test_requests_take_turns(stream: bool) -> None:
    app = Counting(stream=stream)
    with running(Serialize(app)) as server:
        threads = [threading.Thread(target=server.get) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(TIMEOUT)
    assert app.most == 1


def test_those_who_wait_for_their_turn_keep_no_thread_from_others() -> None:
    has_turn, go_on = threading.Event(), threading.Event()

    def body(environ: dict[str, Any]) -> list[bytes]:
        has_turn.set()
        assert go_on.wait(TIMEOUT)
        return [b"tea"]

    turns = Serialize(application(body))

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        """Static files and the debugger's own requests need no turn."""
        return (turns if environ["PATH_INFO"] == "/" else application([b"file"]))(environ, start_response)

    with running(app, threads=2) as server:
        clients = [server.client().send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") for _ in range(6)]
        assert has_turn.wait(TIMEOUT)
        assert server.get("/file").body == b"file"
        go_on.set()
        for client in clients:
            assert client.reply().body == b"tea"
            client.sock.close()


def test_a_failure_gives_the_turn_back() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/fails":
            raise LookupError("no tea")
        return application([b"tea"])(environ, start_response)  # type: ignore[no-any-return]

    with running(Serialize(app)) as server:
        assert server.get("/fails").status == 500
        assert server.get("/").body == b"tea"


def test_a_client_that_leaves_gives_the_turn_back() -> None:
    left = threading.Event()

    def body(environ: dict[str, Any]) -> Iterator[bytes]:
        if environ["PATH_INFO"] == "/":
            yield b"tea"
            return
        try:
            while True:
                yield b"x" * 65536
        finally:
            left.set()

    with running(Serialize(application(body)), check=False) as server:
        with server.client() as client:
            client.send(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
            client.read_until(b"\r\n\r\n")
        assert left.wait(TIMEOUT)
        assert server.get("/").body == b"tea"


def test_closing_twice_gives_back_one_turn() -> None:
    app = Serialize(application(lambda environ: iter([b"tea"])))
    first: Any = app({"PATH_INFO": "/"}, lambda *arguments: None)
    first.close()
    second: Any = app({"PATH_INFO": "/"}, lambda *arguments: None)
    first.close()
    assert app._turn.locked()
    second.close()
    assert not app._turn.locked()


@pytest.mark.parametrize("body", ["text", b"bytes", {"a": 1}, None], ids=repr)
def test_what_is_no_body_gives_the_turn_back_and_is_handed_on_as_it_is(body: Any) -> None:
    app = Serialize(lambda environ, start_response: body)

    for _ in range(2):
        assert app({}, lambda *args: lambda data: None) is body
