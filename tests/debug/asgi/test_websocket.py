"""WebSockets that fail, before and after they are accepted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgi_client import ASGIClient, Exchange, exchange, websocket_scope

from debugkit import DebuggedASGIApplication

DENIAL: dict[str, Any] = {"websocket.http.response": {}}
CONNECT = {"type": "websocket.connect"}


async def failing(scope: Any, receive: Any, send: Any) -> None:
    assert (await receive())["type"] == "websocket.connect"
    if scope["path"] != "/refuses":
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "hello"})
    if scope["path"] == "/closes":
        await send({"type": "websocket.close", "code": 1000})
    if scope["path"] == "/waits":
        await receive()
    raise KeyError("price")


def run(path: str, *, left: bool = False, **scope: Any) -> Exchange:
    async def main() -> Exchange:
        done = exchange(websocket_scope(path, **scope), dict(CONNECT))
        if left:
            done.leave.set()
        return await done.run(site)

    site = DebuggedASGIApplication(failing)
    done = asyncio.run(main())
    [[entry]] = site.debugger.registry.recent_groups()
    assert entry.request_line == f"WEBSOCKET {path}"
    return done


def test_a_websocket_that_fails_is_closed_with_1011_and_its_link_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    done = run("/fails", extensions=DENIAL)  # which servers offer for all of them

    assert done.raised is None
    assert done.sent[-1] == {"type": "websocket.close", "code": 1011, "reason": ""}
    terminal = capsys.readouterr().err
    assert "KeyError: 'price'" in terminal
    assert " * Debugger page: http://127.0.0.1:8000/__debugkit__/tracebacks/" in terminal


def test_one_that_fails_before_it_is_accepted_is_refused() -> None:
    assert [message["type"] for message in run("/refuses").sent] == ["websocket.close"]


def test_it_is_refused_with_the_page_where_the_server_can_send_one() -> None:
    done = run("/refuses", extensions=DENIAL)

    assert (done.raised, done.answer().status) == (None, 500)
    assert set(done.kinds) == {"websocket.http.response.start", "websocket.http.response.body"}
    assert b"KeyError" in done.answer().body


@pytest.mark.parametrize("path", ["/closes", "/waits"])
def test_what_fails_when_it_is_closed_already_is_raised_again(path: str) -> None:
    done = run(path, left=True)

    assert type(done.raised) is KeyError
    assert done.kinds.count("websocket.close") == (path == "/closes")


class WebSocketDisconnect(Exception):
    """As Starlette names it."""


WebSocketDisconnect.__module__ = "starlette.websockets"


def test_a_client_that_left_is_no_error() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise WebSocketDisconnect

    site = DebuggedASGIApplication(app)
    done = asyncio.run(exchange(websocket_scope()).run(site))

    assert type(done.raised) is WebSocketDisconnect
    assert site.debugger.registry.recent_groups() == []


def test_a_page_says_why_a_websocket_cannot_be_sent_again() -> None:
    site = DebuggedASGIApplication(failing)
    asyncio.run(exchange(websocket_scope("/fails"), dict(CONNECT)).run(site))
    [[entry]] = site.debugger.registry.recent_groups()
    client = ASGIClient(site)
    client.unlock(site.debugger.pin_auth.pin)
    address = f"/__debugkit__/tracebacks/{entry.id}"

    assert f'<dk-replay class="needs-js" data-url="{address}/replay"' in client(address).text
    refused = client.post(f"{address}/replay", {"confirmed": False})
    assert (refused.status, refused.json["error"]) == (409, "conflict")
    assert refused.json["explanation"] == "A WebSocket cannot be sent again: what came over it is not kept."
