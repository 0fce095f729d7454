"""Sends a captured request again by ASGI, in the event loop that it ran in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any
from urllib.parse import unquote

from debugkit.debug.asgi.gateway import Message, Scope
from debugkit.debug.frameworks.noting import notes_of
from debugkit.debug.replay.replay import Replay
from debugkit.debug.request_snapshot import RequestSnapshot

#: What a scope offers of the connection of the first request, which this one has not got.
OF_THE_CONNECTION = frozenset({"extensions"})


def send_again(
    application: Callable[..., Awaitable[None]], request: RequestSnapshot, loop: asyncio.AbstractEventLoop
) -> Replay:
    """Call ``application`` with the request, in ``loop``. Raises `RuntimeError` when that is closed."""
    replay = Replay()
    call = _call(application, _Exchange(request.body, replay), scope_of(request), replay)
    try:
        future = asyncio.run_coroutine_threadsafe(call, loop)
    except RuntimeError:
        call.close()
        raise
    replay.stop = future.cancel
    return replay


def scope_of(request: RequestSnapshot) -> Scope:
    """The scope as the server made it; or made of the request, where a framework has kept an environ of its own."""
    root = unquote(request.root)
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": request.scheme,
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.items()],
        "client": (request.client, 0) if request.client else None,
        "server": None,
    }
    if "asgi" in request.environ:
        notes = notes_of(request.environ)
        received = islice(request.environ.items(), notes.size if notes else None)
        scope |= {name: value for name, value in received if name not in OF_THE_CONNECTION}
        scope["headers"] = list(scope["headers"])
    if isinstance(scope.get("state"), dict):
        scope["state"] = dict(scope["state"])
    scope |= {
        "method": request.method,
        "path": unquote(request.path),
        "raw_path": request.path.encode("latin-1"),
        "query_string": request.query.encode("latin-1"),
        "root_path": root,
    }
    return scope


async def _call(application: Callable[..., Awaitable[None]], exchange: _Exchange, scope: Scope, replay: Replay) -> None:
    with replay.noting():
        await application(scope, exchange.receive, exchange.send)


class _Exchange:
    """The server's side of one request; nobody reads its answer, and the client stays until it is complete."""

    def __init__(self, body: bytes, replay: Replay) -> None:
        self._body: bytes | None = body
        self._replay = replay
        self._complete = asyncio.Event()

    async def receive(self) -> Message:
        body, self._body = self._body, None
        if body is not None:
            return {"type": "http.request", "body": body, "more_body": False}
        await self._complete.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._replay.status = message["status"]
        elif message["type"] == "http.response.body" and not message.get("more_body", False):
            self._complete.set()
