"""DebuggedASGIApplication: ASGI 3 on both sides, `Request` and `Response` in the middle.

The overhead for a successful request is confined to `__call__` and `HttpExchange.send`. What takes time runs in other
threads: the loop belongs to the application.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Awaitable, Callable
from typing import Any

from debugkit.debug import wsgi_applications
from debugkit.debug.adapter import Adapter, applications_part
from debugkit.debug.asgi.exchange import HttpExchange, WebSocketExchange
from debugkit.debug.asgi.gateway import (
    EarlyBody,
    Message,
    Receive,
    Scope,
    Send,
    inner_path,
    make_request,
    send_response,
    text_headers,
)
from debugkit.debug.asgi.no_errors import is_no_error
from debugkit.debug.asgi.replay import send_again
from debugkit.debug.asgi.snapshot import ScopeSnapshot, take_snapshot
from debugkit.debug.asgi.threads import in_thread, running_loop
from debugkit.debug.frameworks.framework import Failure
from debugkit.debug.frameworks.noting import PRESERVE_CONTEXT, RequestNotes
from debugkit.debug.http import responses
from debugkit.debug.http.context import MOST_BYTES, RequestContext
from debugkit.debug.http.routes import respond
from debugkit.debug.messages import Request, Response
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.replay.replay import Replay
from debugkit.debug.safe.text import text_of
from debugkit.debug.timeline.sources import begin_request
from debugkit.errors import Gone
from debugkit.frozen import frozen
from debugkit.raised import traceback_of

ASGIApplication = Callable[[Any, Any, Any], Awaitable[None]]

#: What the other end of a failed WebSocket is told (RFC 6455, 7.4.1).
INTERNAL_ERROR = 1011
#: The extension of ASGI that answers a WebSocket's handshake with a page.
DENIAL = "websocket.http.response"
#: What answers when the debugger itself has failed.
BARE = responses.bare(500, "Internal Server Error")
NO_LOOP = " * Debugger: it needs an event loop of asyncio, and the server runs another kind: errors have no pages."


@frozen
class Call:
    """One call of the application that has not gone well. ``root`` and ``path`` are what they were before it."""

    scope: Scope
    root: str
    path: str
    notes: RequestNotes
    receive: Receive
    send: Send

    def request(self, mount: str) -> Request:
        return make_request(self.scope, self.root, self.path, mount)

    def is_news(self, error: BaseException, *, in_time: bool) -> bool:
        """Whether nobody else prints the traceback: the framework, or the server that it is raised to."""
        return not self.notes.printed if error is self.notes.error else in_time


@frozen
class Kept:
    """An error in the registry, and the request that it answers."""

    entry: ErrorRecord
    context: RequestContext


class DebuggedASGIApplication(Adapter[ASGIApplication]):
    """ASGI middleware that answers an unexpected exception with the debugger's page.

    ``app`` is the application to debug: ``app = DebuggedASGIApplication(app)``, or
    ``app.add_middleware(DebuggedASGIApplication)``. The other arguments are those of `debugkit.DebuggedApplication`.

    An answer 5xx waits for the exception that may follow it. What fails while its answer is on its way breaks it off,
    and stands in the list of recent errors. Raises `debugkit.ConfigurationError` when ``app`` is no ASGI application,
    or when an argument or variable cannot work.
    """

    refusal = staticmethod(wsgi_applications.asgi_refusal)
    _explained_loop = False
    #: The event loop of the last request for the debugger.
    _loop: AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        root, path = scope.get("root_path") or "", scope["path"]  # routers write to both
        if root:
            path = inner_path(scope)
        if path.startswith(self._reserved) and self._is_ours(path) and self._has_loop():
            early = EarlyBody(receive)
            if await self._serve(scope, path, early, send):
                return
            receive = early.receive
        timeline = begin_request() if self._timeline else None
        try:
            await self._http(scope, root, path, receive, send)
        finally:
            if timeline is not None:
                timeline.end()

    async def _http(self, scope: Scope, root: str, path: str, receive: Receive, send: Send) -> None:
        notes = RequestNotes()
        notes.size = len(scope)
        scope[PRESERVE_CONTEXT] = notes.add
        exchange = HttpExchange(receive, send, self._recorded_body)
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except BaseException as error:  # SystemExit too: a view that calls exit() must not end the server
            if is_no_error(error, send) or not self._has_loop():
                if exchange.start is not None:
                    await exchange.leave(error)
                raise
            if not await self._failed(error, Call(scope, root, path, notes, receive, send), exchange):
                raise
        else:
            if exchange.start is not None:
                await self._answered_5xx(exchange.start, Call(scope, root, path, notes, receive, send), exchange)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        timeline = begin_request() if self._timeline else None
        try:
            await self._websocket(scope, receive, send)
        finally:
            if timeline is not None:
                timeline.end()

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        root, path = scope.get("root_path") or "", inner_path(scope)
        notes = RequestNotes()
        scope[PRESERVE_CONTEXT] = notes.add
        exchange = WebSocketExchange(receive, send)
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except BaseException as error:
            if is_no_error(error, send) or not self._has_loop():
                raise
            if not await self._websocket_failed(error, Call(scope, root, path, notes, receive, send), exchange):
                raise
        else:
            if notes.error is not None:
                await self._websocket_failed(notes.error, Call(scope, root, path, notes, receive, send), exchange)

    def _has_loop(self) -> bool:
        """Whether the debugger can work here; says once why not."""
        if running_loop() is not None:
            return True
        if not self._explained_loop:
            self._explained_loop = True
            self.debugger.say(NO_LOOP)
        return False

    def _send_again(self, entry: ErrorRecord) -> Replay:
        assert entry.request is not None
        loop = next((loop for loop in (entry.loop, self._loop) if loop is not None and not loop.is_closed()), None)
        if loop is None:
            raise Gone("The event loop of this error's request has ended.")
        return send_again(self, entry.request, loop)

    async def _serve(self, scope: Scope, path: str, early: EarlyBody, send: Send) -> bool:
        """Answer with the debugger's own page. False: the request is a stranger's, which the application gets."""
        settings = self.settings
        self._loop = running_loop()
        body = await early.read(MOST_BYTES) if scope["method"] == "POST" else b""
        root = scope.get("root_path") or ""
        request = make_request(scope, root, path, self._mount, console_path=settings.console_path, body=body)
        response = await in_thread(respond, self.debugger, request)
        if response is None:
            return False
        scope["debugkit.own"] = True  # for who writes a line for each request: this one is none of the application's
        await send_response(response, scope, early.receive, send)
        return True

    async def _answered_5xx(self, start: Message, call: Call, exchange: HttpExchange) -> None:
        """Pass an answer 5xx on, unless the framework has noted the exception behind it."""
        if call.notes.error is None:
            self._explain(start)
        elif await self._failed(call.notes.error, call, exchange):
            return
        await exchange.pass_on()

    def _explain(self, start: Message) -> None:
        headers = [(name.title(), value) for name, value in text_headers(start)]
        if explanation := self._explanation(text_of(start["status"]), headers):
            self.debugger.say(explanation)

    async def _failed(self, error: BaseException, call: Call, exchange: HttpExchange) -> bool:
        """Record ``error`` and answer with its page. False: another answer has begun already."""
        in_time = await exchange.take_back()
        notice = await exchange.finish_body() if in_time else ""
        kept = self._record(error, call, take_snapshot(call.scope, call.root, exchange, notice))
        try:
            if in_time:
                response = await self._page(kept, exchange) if kept else BARE
                await send_response(response, call.scope, call.receive, call.send)
        finally:
            if kept:
                self._report(kept, text=call.is_news(error, in_time=in_time))
            call.notes.error = None  # it holds the frames, and the scope that holds the notes: no cycle
        return in_time

    async def _websocket_failed(self, error: BaseException, call: Call, exchange: WebSocketExchange) -> bool:
        """Record ``error``, and close or refuse the WebSocket. False: it is closed already."""
        in_time = exchange.state != "closed"
        kept = self._record(error, call, take_snapshot(call.scope, call.root))
        try:
            if exchange.state == "connecting" and DENIAL in (call.scope.get("extensions") or ()):
                await self._refuse(await self._page(kept) if kept else BARE, call)
            elif in_time:
                await call.send({"type": "websocket.close", "code": INTERNAL_ERROR, "reason": ""})
        except Exception:  # the client has left, or the server wants to close it itself (daphne)
            in_time = False
        finally:
            if kept:
                self._report(kept, text=call.is_news(error, in_time=in_time))
            call.notes.error = None  # it holds the frames, and the scope that holds the notes: no cycle
        return in_time

    async def _refuse(self, response: Response, call: Call) -> None:
        """Answer the handshake of a WebSocket in place of accepting it."""

        async def send(message: Message) -> None:
            await call.send({**message, "type": f"websocket.{message['type']}"})

        await send_response(response, call.scope, call.receive, send)

    def _record(self, error: BaseException, call: Call, snapshot: ScopeSnapshot) -> Kept | None:
        """Keep the error; `None` when the debugger fails, which must not become the second exception."""
        try:
            failure = Failure(call.scope, applications_part(traceback_of(error), __name__), call.notes.managers)
            entry = self._keep(error, failure, snapshot, call.notes.context_now())
            return Kept(entry, RequestContext(self.debugger, call.request(self._mount)))
        except Exception as defect:
            self.debugger.tell_defect(defect)
            return None

    async def _page(self, kept: Kept, exchange: HttpExchange | None = None) -> Response:
        sent = text_headers(exchange.start) if exchange is not None and exchange.start is not None else []
        try:
            return await in_thread(self._answer, kept.context, kept.entry, sent)
        except Exception as defect:
            self.debugger.tell_defect(defect)
            return BARE

    def _report(self, kept: Kept, *, text: bool) -> None:
        """Say in the terminal where the error is, with its traceback if that is wanted."""
        try:
            context = kept.context
            report = self.debugger.report(kept.entry, context.request, context.viewer, text=text)
            self.debugger.say(report.rstrip("\n"))
        except Exception as defect:
            self.debugger.tell_defect(defect)
