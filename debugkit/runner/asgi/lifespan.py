"""The lifespan of an ASGI application (ASGI, lifespan protocol 2.0): a start that succeeds, or that says why it failed.

Knows no server: to that one, each start that goes on is complete, and the end of the application never fails.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from debugkit.runner.failed_start import StartupFailed

Message = Any
Application = Callable[[Any, Any, Any], Awaitable[None]]

COMPLETE = {"type": "lifespan.startup.complete"}
#: What failed is told by us: the server has nothing to add.
FAILED = {"type": "lifespan.startup.failed", "message": ""}
ENDED = {"type": "lifespan.shutdown.complete"}


class Lifespan:
    """Runs the lifespan of an application. ``on_ready`` is awaited when it has started, before the server hears of it.

    An exception at the start means that it has no lifespan, as servers have it; unless it has read the message of the
    start before, or its framework is ``known`` to have one. ``failed`` prints what goes wrong later.
    """

    def __init__(
        self,
        application: Application,
        *,
        known: bool,
        on_ready: Callable[[], Awaitable[None]],
        failed: Callable[[BaseException], None],
        say: Callable[[str], None],
    ) -> None:
        self._application = application
        self._known = known
        self._on_ready = on_ready
        self._failed = failed
        self._say = say
        self.state: Literal["starting", "running", "failed"] = "starting"
        self.failure: StartupFailed | None = None

    async def run(self, scope: Any, receive: Callable[[], Awaitable[Message]], send: Callable[..., Any]) -> None:
        """The call of the application."""
        exchange = _Exchange(receive, send, self)
        try:
            await self._application(scope, exchange.receive, exchange.send)
        except (asyncio.CancelledError, KeyboardInterrupt):
            raise
        except BaseException as error:
            await self._raised(error, exchange)
        else:
            if self.state == "starting":
                await self.started(send)

    async def started(self, send: Callable[..., Any]) -> None:
        self.state = "running"
        await self._on_ready()
        await send(COMPLETE)

    async def could_not_start(self, error: BaseException | None, message: str, send: Callable[..., Any]) -> None:
        self.state = "failed"
        self.failure = StartupFailed(error, message)
        await send(FAILED)

    def could_not_end(self, error: BaseException | None, message: str) -> None:
        if error is not None:
            self._failed(error)
        else:
            self._say(f" * The application failed to end: {message}")

    async def _raised(self, error: BaseException, exchange: _Exchange) -> None:
        if self.state == "starting":
            if self._known or exchange.has_read:
                await self.could_not_start(error, "", exchange.answer)
            else:
                await self.started(exchange.answer)
        elif self.state == "running" and error is not exchange.shutdown_error:
            self._failed(error)
        elif self.failure is not None:
            self.failure.error = self.failure.error or error


class _Exchange:
    """What an application reads and says of its lifespan."""

    def __init__(self, receive: Callable[[], Awaitable[Message]], send: Callable[..., Any], lifespan: Lifespan) -> None:
        self._receive = receive
        self.answer = send
        self._lifespan = lifespan
        self.has_read = False
        self.shutdown_error: BaseException | None = None

    async def receive(self) -> Message:
        message = await self._receive()
        self.has_read = True
        return message

    async def send(self, message: Message) -> None:
        # Frameworks say so while they handle the exception, and some (Quart) never raise it.
        match message["type"]:
            case "lifespan.startup.complete":
                await self._lifespan.started(self.answer)
            case "lifespan.startup.failed":
                await self._lifespan.could_not_start(sys.exception(), message.get("message", ""), self.answer)
            case "lifespan.shutdown.failed":
                self.shutdown_error = sys.exception()
                self._lifespan.could_not_end(self.shutdown_error, message.get("message", ""))
                await self.answer(ENDED)
            case _:
                await self.answer(message)
