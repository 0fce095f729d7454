"""A small application of FastAPI that fails, for servers in processes of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from apps import wait_for
from fastapi import BackgroundTasks, FastAPI, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse

from debugkit import DebuggedASGIApplication

api = FastAPI()


@api.get("/")
async def index() -> PlainTextResponse:
    return PlainTextResponse("hello")


@api.get("/fails")
async def fails() -> None:
    tea = {"name": "Sencha", "price": 12}
    raise LookupError(f"no {tea['name']} left")


async def pieces() -> AsyncIterator[str]:
    yield "first line\n"
    raise LookupError("too late for a page")


@api.get("/late")
async def late() -> StreamingResponse:
    return StreamingResponse(pieces())


def forget() -> None:
    raise LookupError("too late for a page")


@api.get("/background")
async def background(tasks: BackgroundTasks) -> str:
    tasks.add_task(forget)
    return "whole"


@api.websocket("/refuses")
async def refuses(socket: WebSocket) -> None:
    raise LookupError("no socket left")


@api.websocket("/accepts")
async def accepts(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")
    await refuses(socket)


#: For commands in the console.
names: dict[str, Any] = {"wait_for": wait_for}
application = DebuggedASGIApplication(api)
