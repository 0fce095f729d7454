"""A server for ASGI applications in the same process: every message is checked against the specification."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from client import CHROME, Answer

Scope = dict[str, Any]
Message = dict[str, Any]


def http_scope(path: str = "/", method: str = "GET", headers: dict[str, str] | None = None, **more: Any) -> Scope:
    """The scope of a request from this computer, as uvicorn makes it."""
    path, _, query = path.partition("?")
    named = {"host": "localhost:8000", "accept": CHROME} | (headers or {})
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    } | more


def websocket_scope(path: str = "/", **more: Any) -> Scope:
    scope = http_scope(path)
    del scope["method"]
    return scope | {"type": "websocket", "scheme": "ws", "subprotocols": []} | more


@dataclass
class Exchange:
    """One call of an application: what it receives, and what it sends."""

    scope: Scope
    incoming: list[Message] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    #: What the application raised.
    raised: BaseException | None = None
    #: Set it, and the client leaves; ``answered`` is set by each message that is sent.
    leave: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> Message:
        if self.incoming:
            return self.incoming.pop(0)
        await self.leave.wait()
        return {"type": f"{self.scope['type']}.disconnect"}

    async def send(self, message: Message) -> None:
        check(message, self.sent)
        self.sent.append(dict(message))
        self.answered.set()

    async def wait_for(self, text: bytes) -> None:
        """Until a body with the text has been sent."""
        while not any(text in message.get("body", b"") for message in self.sent):
            self.answered.clear()
            await self.answered.wait()

    async def run(self, app: Callable[..., Awaitable[None]]) -> Exchange:
        try:
            await app(self.scope, self.receive, self.send)
        except BaseException as error:
            self.raised = error
        return self

    def answer(self) -> Answer:
        start = next(message for message in self.sent if message["type"].endswith("http.response.start"))
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
        body = b"".join(message.get("body", b"") for message in self.sent)
        return Answer(start["status"], headers, body, broken=self.raised)

    @property
    def kinds(self) -> list[str]:
        return [message["type"] for message in self.sent]


def check(message: Message, before: list[Message]) -> None:
    """What servers refuse: an answer begun twice, a body without a head or behind its end, headers as text."""
    kind, last = message["type"], before[-1] if before else None
    if kind.endswith("http.response.start"):
        assert last is None, f"{kind} after {last}"
        assert type(message["status"]) is int
        for name, value in message["headers"]:
            assert (type(name), type(value)) == (bytes, bytes)
    elif kind.endswith("http.response.body"):
        assert last is not None
        assert last["type"].endswith("start") or last.get("more_body", False), f"{kind} after {last}"
        assert type(message.get("body", b"")) is bytes
    elif kind == "websocket.accept":
        assert last is None
    elif kind in ("websocket.close", "websocket.send"):
        assert last is None or last["type"] in ("websocket.accept", "websocket.send"), f"{kind} after {last}"


def exchange(scope: Scope, *incoming: Message) -> Exchange:
    return Exchange(scope, list(incoming))


def body_message(body: bytes = b"", more_body: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more_body}


@dataclass
class ASGIClient:
    """Calls ``app`` as a server on 127.0.0.1 would, and keeps the cookies of the debugger."""

    app: Callable[..., Awaitable[None]]
    cookie: str = ""
    #: The other half of the session, for what runs code.
    key: str = ""

    def exchange(self, path: str, method: str = "GET", *, body: bytes = b"", **more: Any) -> Exchange:
        headers = more.pop("headers", {})
        if body:
            headers = {"content-length": str(len(body))} | headers
        if self.cookie:
            headers = headers | {"cookie": self.cookie}

        async def run() -> Exchange:
            scope = http_scope(path, method, headers, **more)
            return await exchange(scope, body_message(body)).run(self.app)

        return asyncio.run(run())

    def __call__(self, path: str, method: str = "GET", **more: Any) -> Answer:
        done = self.exchange(path, method, **more)
        if done.raised is not None:
            raise done.raised
        answer = done.answer()
        for name, value in answer.headers:
            if name == "set-cookie":
                self.cookie = value.partition(";")[0]
        return answer

    def post(self, path: str, data: object = None, **more: Any) -> Answer:
        """A request as the page's own script makes it."""
        key = self.key if path.endswith(("/evaluate", "/interrupt", "/replay")) or "/results/" in path else ""
        headers = {"content-type": "application/json", "x-debugkit": key or "1", "origin": "http://localhost:8000"}
        return self(
            path, "POST", body=json.dumps(data or {}).encode(), headers=headers | more.pop("headers", {}), **more
        )

    def unlock(self, pin: str | None) -> Answer:
        answer = self.post("/__debugkit__/unlock", {"pin": pin})
        if answer.status == 200:
            self.key = answer.json["key"]
        return answer
