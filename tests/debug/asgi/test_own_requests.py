"""The debugger's own requests: who gets an answer, what it costs the loop, and how streams end."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from asgi_client import ASGIClient, Exchange, body_message, exchange, http_scope
from process_support import TIMEOUT

from debugkit import DebuggedASGIApplication
from debugkit.debug.asgi.gateway import send_response
from debugkit.debug.asgi.threads import StreamReader
from debugkit.debug.http.context import MOST_BYTES
from debugkit.debug.live import Events
from debugkit.debug.messages import Response

MOUNT = "/__debugkit__"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Fails, but for the debugger's addresses, where it answers with what it was sent."""
    if not scope["path"].startswith(MOUNT):
        price = {"name": "Tea"}
        price["price"]
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message.get("more_body", False):
            break
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"the application's own: " + body})


def unlocked(app: DebuggedASGIApplication) -> tuple[ASGIClient, str]:
    """A client that may run code, and the frame of an error."""
    client = ASGIClient(app)
    assert client("/").status == 500
    client.unlock(app.pin)
    [[entry]] = app.debugger.registry.recent_groups()
    frame = next(frame for frame in entry.captured.frames.values() if frame.name == "application")
    return client, f"{MOUNT}/frames/{entry.id}-{frame.index}"


def test_the_pin_opens_a_console_that_streams() -> None:
    client, frame = unlocked(DebuggedASGIApplication(application))

    answer = client.post(f"{frame}/evaluate", {"source": "print(price); len(price)"})

    assert answer.status == 200
    assert [event["kind"] for event in answer.events] == ["output", "value", "command", "done"]
    assert answer.events[0]["text"] == "{'name': 'Tea'}\n"


def test_nothing_of_the_debugger_runs_in_the_thread_of_the_loop() -> None:
    client, frame = unlocked(DebuggedASGIApplication(application))

    answer = client.post(f"{frame}/evaluate", {"source": "import threading; threading.current_thread().name"})

    assert "MainThread" not in answer.events[0]["text"]


def test_a_stranger_gets_the_applications_own_answer_and_it_gets_the_body() -> None:
    client = ASGIClient(DebuggedASGIApplication(application))

    for stranger in ({"client": ("203.0.113.7", 1)}, {"client": None}, {"headers": {"host": "evil.test"}}):
        answer = client(f"{MOUNT}/unlock", "POST", body=b"{}", **stranger)
        assert (answer.status, answer.body) == (404, b"the application's own: {}")
        assert "KeyError" not in client("/", **stranger).text


def test_a_unix_socket_has_no_client_and_no_port() -> None:
    client = ASGIClient(DebuggedASGIApplication(application))
    assert "KeyError" in client("/", client=None, server=("/run/app.sock", None)).text


@pytest.mark.parametrize(
    ("header", "claim"),
    [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-for", "127.0.0.1:5000"),
        ("x-forwarded-for", "::1"),
        ("x-real-ip", "127.0.0.1"),
    ],
)
def test_an_address_that_a_server_may_have_from_a_header_is_not_this_computer(header: str, claim: str) -> None:
    """uvicorn does that with --forwarded-allow-ips, also for a client that writes the header itself."""
    client = ASGIClient(DebuggedASGIApplication(application))
    address = claim.removesuffix(":5000")

    page = client("/", client=(address, 5000), headers={header: claim})

    assert "KeyError" in page.text
    assert "&#39;Tea&#39;" not in page.text
    assert "&#39;Tea&#39;" in client("/", client=(address, 5000)).text


def test_a_body_is_read_no_further_than_its_limit() -> None:
    site = DebuggedASGIApplication(application)
    part = b"x" * (MOST_BYTES // 2)

    async def main() -> Exchange:
        headers = {"content-type": "application/json", "x-debugkit": "1"}
        done = exchange(
            http_scope(f"{MOUNT}/unlock", "POST", headers),
            *(body_message(part, more_body=True) for _ in range(5)),
        )
        return await done.run(site)

    done = asyncio.run(main())

    assert done.answer().status == 413
    assert len(done.incoming) == 2


@pytest.mark.parametrize("root", ["/api", "/api/"])
@pytest.mark.parametrize("stripped", [False, True])
def test_the_mount_stands_below_root_path_whether_a_proxy_takes_that_away_or_not(root: str, stripped: bool) -> None:
    client = ASGIClient(DebuggedASGIApplication(application))

    page = client("/" if stripped else "/api/", root_path=root)
    url = page.header("x-debugkit-traceback") or ""

    assert url.startswith(f"/api{MOUNT}/tracebacks/")
    assert client(url.removeprefix("/api") if stripped else url, root_path=root).status == 200


def test_what_a_router_does_to_root_path_does_not_move_the_mount() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["root_path"] = "/mounted"
        raise KeyError("price")

    page = ASGIClient(DebuggedASGIApplication(app))("/")

    assert (page.header("x-debugkit-traceback") or "").startswith(MOUNT)


def test_the_console_of_its_own_and_the_list() -> None:
    client = ASGIClient(DebuggedASGIApplication(application, console_path="/console"))
    assert client("/console").status == 200
    assert client(MOUNT).status == 200
    assert client(f"{MOUNT}/nothing").status == 404


def test_an_open_page_hears_of_an_error_and_its_stream_ends_when_the_client_leaves() -> None:
    site = DebuggedASGIApplication(application)
    site.debugger.events = Events("1", heartbeat=3600)

    async def main() -> Exchange:
        page = exchange(http_scope(f"{MOUNT}/events"), body_message())
        streaming = asyncio.create_task(page.run(site))
        await page.wait_for(b"hello")
        await exchange(http_scope("/fails"), body_message()).run(site)
        await page.wait_for(b"GET /fails")
        page.leave.set()
        return await streaming

    done = asyncio.run(main())

    assert done.raised is None
    assert site.debugger.events.readers == 0


class Blocking:
    """A stream whose piece never comes, until it is closed: by whom?"""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.closed = threading.Event()
        self.thread: str = ""

    def __iter__(self) -> Blocking:
        return self

    def __next__(self) -> bytes:
        self.thread = threading.current_thread().name
        self.asked.set()
        self.closed.wait()
        raise StopIteration

    def close(self) -> None:
        self.closed.set()


@pytest.mark.parametrize("how", ["leaves", "is cancelled"])
def test_a_stream_that_blocks_does_not_block_the_loop_and_is_closed(how: str) -> None:
    stream = Blocking()

    async def main() -> None:
        client = exchange(http_scope())
        sending = asyncio.create_task(
            send_response(Response(200, (), stream), client.scope, client.receive, client.send)
        )
        await asyncio.to_thread(stream.asked.wait)
        client.leave.set() if how == "leaves" else sending.cancel()
        await asyncio.wait([sending])

    asyncio.run(main())

    assert stream.closed.wait(TIMEOUT)
    assert stream.thread == "debugkit stream"


def test_an_error_of_a_stream_reaches_the_server() -> None:
    def pieces() -> Any:
        yield b"one"
        raise KeyError("broken")

    async def main() -> None:
        client = exchange(http_scope())
        await send_response(Response(200, (), pieces()), client.scope, client.receive, client.send)

    with pytest.raises(KeyError):
        asyncio.run(main())


def test_json_clients_are_told_what_is_wrong_as_json() -> None:
    answer = ASGIClient(DebuggedASGIApplication(application)).post(f"{MOUNT}/unlock", {"pin": "1234"})
    assert (answer.status, json.loads(answer.body)["error"]) == (403, "wrong_pin")


@pytest.mark.parametrize("where", ["iter", "next"])
def test_a_stream_that_is_interrupted_breaks_off_and_leaves_the_loop_alone(where: str) -> None:
    class Interrupted:
        def __iter__(self) -> Iterator[bytes]:
            if where == "iter":
                raise KeyboardInterrupt
            return self

        def __next__(self) -> bytes:
            raise KeyboardInterrupt

    async def read() -> None:
        reader = StreamReader(Interrupted())
        with pytest.raises(RuntimeError, match="ended by KeyboardInterrupt"):
            await reader.next()
        reader.close()

    asyncio.run(read())
