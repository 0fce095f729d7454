"""The messages of one request, watched: what has been sent already, and an answer 5xx held back for a better one.

Knows no debugger. An application that does not fail pays for one more call with each message that it sends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Literal

from debugkit.debug.asgi.gateway import Message, Receive, Send
from debugkit.debug.asgi.threads import running_loop
from debugkit.debug.safe.inspection import class_name

#: Bytes of an answer that are held back: more than the error pages of frameworks have.
MOST_HELD = 1_000_000
#: Seconds that an answer 5xx waits for the exception behind it. Frameworks raise that at once; an application that
#: takes longer streams, or goes on after its answer.
PATIENCE = 1.0


class HttpExchange:
    """Stands between an application and its server for one request, and keeps the first bytes of the request's body."""

    # On the class, not set anew for each request: most requests need none of them.
    #: Something has been sent, or is being sent.
    begun = False
    #: How the application has begun an answer 5xx.
    start: Message | None = None
    #: The client has left.
    left = False
    #: Bytes that the application has read of the request's body, and whether there are more of them.
    total = 0
    more_body = True
    body: bytearray | None = None
    _held: list[Message] | None = None
    _size = 0
    _timer: asyncio.TimerHandle | None = None
    _passing: asyncio.Task[None] | None = None

    def __init__(self, receive: Receive, send: Send, recorded_body: int) -> None:
        self._receive = receive
        self._send = send
        self._recorded_body = recorded_body

    async def receive(self) -> Message:
        """``receive`` for the application."""
        message = await self._receive()
        if message["type"] == "http.request":
            data = message.get("body", b"")
            self.total += len(data)
            if self.body is None:
                self.body = bytearray()
            self.body += data[: max(self._recorded_body - len(self.body), 0)]
            self.more_body = message.get("more_body", False)
        elif message["type"] == "http.disconnect":
            self.left = True
        return message

    def send(self, message: Message) -> Awaitable[None]:
        """``send`` for the application."""
        return self._send(message) if self.begun else self._first(message)

    def _first(self, message: Message) -> Awaitable[None]:
        if self.start is not None:
            return self._hold(message)
        if message["type"] == "http.response.start":
            if message["status"] >= 500 and running_loop() is not None:
                return self._hold(message)
            self.begun = True
        return self._send(message)

    async def _hold(self, message: Message) -> None:
        if self._held is None:
            self._held = []
        self._held.append(message)
        self._size += len(message.get("body", b""))
        if self.start is None:
            self.start = message
            self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._start_passing)
        if self._size > MOST_HELD:
            await self.pass_on()

    async def pass_on(self) -> None:
        """Send what is held back, and all that follows."""
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.shield(self._start_passing())  # who is cancelled meanwhile has begun its answer all the same

    def _start_passing(self) -> asyncio.Task[None]:
        if self._passing is None:
            self._passing = asyncio.get_running_loop().create_task(self._pass())
        return self._passing

    async def _pass(self) -> None:
        while self._held:  # what comes in the meantime, too: in its order
            await self._send(self._held.pop(0))
        self.begun = True

    async def leave(self, error: BaseException) -> None:
        """The application ends by ``error``, which is nobody's mistake: what it has answered before counts.

        Only one that was cancelled may have a client left: a deadline has passed, or the server ends.
        """
        if issubclass(type(error), asyncio.CancelledError):
            with suppress(Exception):
                await self.pass_on()
        elif self._timer is not None:
            self._timer.cancel()

    async def take_back(self) -> bool:
        """Drop what is held back. False: something has been sent already."""
        if self._passing is not None:
            with suppress(Exception):  # there is an error already that matters more
                await self._passing
        if self._timer is not None:
            self._timer.cancel()
        self._held = None
        return not self.begun

    async def finish_body(self) -> str:
        """Read what the application left of the request's body, as far as it is recorded; a notice if it ends early.

        The application is done with it, and has failed; nothing is taken away from anybody.
        """
        try:
            async with asyncio.timeout(PATIENCE / 2):  # clients send a body right behind the head
                while self.more_body and not self.left and self.total < self._recorded_body:
                    await self.receive()
        except TimeoutError:
            return "The rest of the body had not come when the error was raised."
        except Exception as error:  # the server refuses: the error page matters more
            return f"The body could not be read to its end ({class_name(type(error))})."
        return ""


class WebSocketExchange:
    """Stands between an application and its server for one WebSocket."""

    #: "connecting" until the application accepts it; "closed" once either side has ended it, or it was refused.
    state: Literal["connecting", "open", "closed"] = "connecting"

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def receive(self) -> Message:
        """``receive`` for the application."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self.state = "closed"
        return message

    def send(self, message: Message) -> Awaitable[None]:
        """``send`` for the application."""
        kind = message["type"]
        if kind == "websocket.accept":
            self.state = "open"
        elif kind != "websocket.send":
            self.state = "closed"
        return self._send(message)
