"""The debugger's addresses: which handler answers, and who may ask. Here refusals and defects become responses."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from debugkit.debug.access.trust import check_same_origin, is_embedded
from debugkit.debug.access.viewer import Level
from debugkit.debug.debugger import Debugger
from debugkit.debug.http import (
    completions,
    console_handlers,
    handing_on_handlers,
    handlers,
    list_handlers,
    relay,
    replay_handler,
    responses,
)
from debugkit.debug.http.context import RequestContext
from debugkit.debug.http.handlers import ID
from debugkit.debug.messages import Request, Response
from debugkit.debug.page import rendering
from debugkit.debug.page.models import MessageView
from debugkit.errors import Forbidden, InternalError, MethodNotAllowed, NotFound, RequestError, WrongPin

#: The methods that a route answers: HEAD comes with GET (RFC 9110, section 9.3.2).
METHODS = {"GET": ("GET", "HEAD"), "POST": ("POST",)}

#: The console of its own, of one process, and the number of a result.
CONSOLE = "console(?:/(?P<owner>[0-9a-f]{8}))?"
NUMBER = r"(?P<number>\d{1,9})"


class Route(NamedTuple):
    """An address: ``path`` below the mount, whose groups are the handler's arguments, and the least who may ask."""

    method: str
    path: re.Pattern[str]
    handler: Callable[..., Response]
    level: Level


ROUTES: tuple[Route, ...] = tuple(
    Route(method, re.compile(path), handler, level)
    for method, path, handler, level in (
        ("GET", r"static/(?:[0-9a-f]{12}/)?(?P<name>[a-z0-9.-]+)", handlers.static, Level.VISITOR),
        ("GET", r"(?:tracebacks/?)?", list_handlers.recents, Level.VISITOR),
        ("GET", r"tracebacks/last(?P<form>\.json|\.md|\.txt)?", list_handlers.last, Level.VISITOR),
        ("POST", r"tracebacks/clear", list_handlers.clear, Level.DEVELOPER),
        ("GET", rf"tracebacks/(?P<entry>{ID})(?P<form>\.json|\.md|\.txt)?", handlers.traceback, Level.VISITOR),
        ("POST", rf"tracebacks/(?P<entry>{ID})/search", handlers.search, Level.VISITOR),
        (
            "GET",
            rf"tracebacks/(?P<entry>{ID})/(?P<export>curl|python|pytest)",
            handing_on_handlers.export,
            Level.VISITOR,
        ),
        ("GET", rf"tracebacks/(?P<entry>{ID})(?P<export>\.html)", handing_on_handlers.offline, Level.VISITOR),
        ("GET", rf"frames/(?P<frame>{ID}-\d+)", handlers.frame, Level.VISITOR),
        ("GET", rf"frames/(?P<frame>{ID}-\d+)/source", handlers.source, Level.DEVELOPER),
        ("POST", rf"frames/(?P<frame>{ID}-\d+)/values", handlers.name_values, Level.VISITOR),
        ("POST", rf"frames/(?P<frame>{ID}-\d+)/evaluate", console_handlers.evaluate, Level.RUNNER),
        ("POST", rf"frames/(?P<frame>{ID}-\d+)/interrupt", console_handlers.interrupt, Level.RUNNER),
        ("POST", rf"frames/(?P<frame>{ID}-\d+)/results/{NUMBER}", console_handlers.result, Level.RUNNER),
        ("GET", rf"frames/(?P<frame>{ID}-\d+)/results/{NUMBER}", console_handlers.result, Level.DEVELOPER),
        ("POST", rf"tracebacks/(?P<entry>{ID})/replay", replay_handler.replay, Level.RUNNER),
        ("POST", rf"frames/(?P<frame>{ID}-\d+)/complete", completions.in_frame, Level.DEVELOPER),
        ("POST", rf"values/(?P<handle>{ID}-v{ID})", handlers.value, Level.DEVELOPER),
        ("POST", r"unlock", handlers.unlock, Level.VISITOR),
        ("GET", r"unlock", handlers.unlock_link, Level.VISITOR),
        ("POST", r"lock", handlers.lock, Level.VISITOR),
        ("GET", r"events", handlers.events, Level.VISITOR),
        ("GET", r"console", console_handlers.standalone_page, Level.VISITOR),
        ("POST", rf"{CONSOLE}/evaluate", console_handlers.standalone_evaluate, Level.RUNNER),
        ("POST", rf"{CONSOLE}/interrupt", console_handlers.standalone_interrupt, Level.RUNNER),
        ("POST", rf"{CONSOLE}/results/{NUMBER}", console_handlers.standalone_result, Level.RUNNER),
        ("GET", rf"{CONSOLE}/results/{NUMBER}", console_handlers.standalone_result, Level.DEVELOPER),
        ("POST", rf"{CONSOLE}/complete", completions.standalone, Level.DEVELOPER),
    )
)


def respond(debugger: Debugger, request: Request, *, relayed: bool = False) -> Response | None:
    """Answer a request below the mount. Shows nobody more than they may see.

    One about an error of another process is handed on to that, unless it was ``relayed`` to this one.

    `None` for a stranger: only the application's own response does not reveal that there is a debugger.
    """
    context = RequestContext(debugger, request)
    if context.viewer.is_stranger or is_embedded(request):
        return None
    try:
        return _dispatch(context, relayed)
    except RequestError as error:
        return _refusal(context, error)
    except Exception as defect:
        debugger.tell_defect(defect)
        return _refusal(
            context, InternalError("The debugger itself failed. See the server's terminal for the traceback.")
        )


def _dispatch(context: RequestContext, relayed: bool) -> Response:
    request = context.request
    method = "GET" if request.method == "HEAD" else request.method
    matches = _matches(request.path)
    if not matches:
        raise NotFound("There is nothing at this address. Recent errors are listed at the debugger's root.")
    for route, match in matches:
        if route.method == method:
            _check(context, route.level)
            arguments = match.groupdict()
            elsewhere = None if relayed else relay.relayed(context, arguments)
            return elsewhere or route.handler(context, **arguments)
    allow = ", ".join(sorted({name for route, _ in matches for name in METHODS[route.method]}))
    raise MethodNotAllowed(f"{request.method} is not allowed here. Use {allow}.", allow)


@lru_cache(maxsize=32)
def _matches(path: str) -> tuple[tuple[Route, re.Match[str]], ...]:
    """The routes with this path: a page asks for the same ones again and again."""
    return tuple((route, match) for route in ROUTES if (match := route.path.fullmatch(path)))


def _check(context: RequestContext, level: Level) -> None:
    if context.request.method == "POST":
        check_same_origin(context.request)
    if context.viewer.is_developer and level > context.viewer.level:
        raise Forbidden("This page lacks its half of the session. Enter the PIN again.", code="no_key")
    if level > context.viewer.level:
        raise Forbidden(context.viewer.reason, code="not_unlocked")


def _refusal(context: RequestContext, error: RequestError) -> Response:
    if context.request.method == "GET" and context.wants_page:
        view = MessageView(
            title=error.code.replace("_", " ").capitalize(),
            explanation=error.explanation,
            status=error.status,
            url=f"{context.base}/tracebacks",
            url_text="Recent errors",
            static_url=context.static_url,
        )
        return responses.page(rendering.html("message.html", view), status=error.status)
    content: dict[str, Any] = {"error": error.code, "explanation": error.explanation}
    if isinstance(error, WrongPin):
        content["remaining"] = error.remaining
    headers = (("Allow", error.allow),) if isinstance(error, MethodNotAllowed) else ()
    return responses.data(content, status=error.status, headers=headers)
