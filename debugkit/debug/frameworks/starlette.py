"""Starlette, and FastAPI above it: errors come out of them, and a scope has what their routers have found.

In debug mode it makes a page of its own before, which takes several times as long as ours and which nobody sees:
below a debugger it need not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from debugkit.debug.framework_report import NOTHING, FrameworkReport
from debugkit.debug.frameworks.framework import Failure, Framework, attempt, full_name, rows
from debugkit.debug.frameworks.noting import note, notes_of
from debugkit.debug.safe import inspection
from debugkit.debug.safe.event_loops import running_loop
from debugkit.debug.wsgi_applications import layers

#: The modules whose function ``app`` makes the request that an endpoint gets.
ROUTERS = ("starlette.routing", "fastapi.routing")
#: The middleware around all others, which makes that page.
OUTERMOST = "starlette.middleware.errors.ServerErrorMiddleware"


class Starlette(Framework):
    name = "Starlette"
    classes = ("starlette.applications.Starlette",)

    def open_up(self, application: Any) -> None:
        build = application.build_middleware_stack
        if application.middleware_stack is not None:
            _make_room(application.middleware_stack)
        elif getattr(build, "func", None) is not _build:
            application.build_middleware_stack = partial(_build, build)

    def report(self, failure: Failure, captured: Any) -> FrameworkReport:
        scope = failure.request
        endpoint = scope.get("endpoint")
        if endpoint is None:
            return NOTHING
        path = inspection.attribute(scope.get("route"), "path")
        request = _request(failure)
        return FrameworkReport(
            raised_during=full_name(endpoint),
            facts=rows(
                Route=None if path is inspection.MISSING else path,
                Path_parameters=scope.get("path_params"),
                User=scope.get("user"),
                Auth=scope.get("auth"),
                State=scope.get("state"),
            ),
            names={} if request is None else {"request": request},
        )


def _request(failure: Failure) -> Any:
    """What an endpoint of a function is called with."""
    for module in ROUTERS:
        if (request := failure.variable(module, "app", "request")) is not None:
            return request
    return None


def _build(build: Callable[[], Any]) -> Any:
    """The middleware of an application, which is put together at its first request."""
    stack = build()
    attempt(_make_room, stack)
    return stack


def _make_room(stack: Any) -> None:
    for layer in layers(stack):
        if inspection.qualified_name(type(layer)) == OUTERMOST and layer.debug:
            layer.debug, layer.handler = False, partial(_answer, layer)


async def _answer(middleware: Any, request: Any, error: Exception) -> Any:
    """The middleware's answer to an error, which it raises then: it goes to a debugger, unless there is none."""
    if notes_of(request.scope) is None or running_loop() is None:
        return await sys.modules["starlette.concurrency"].run_in_threadpool(middleware.debug_response, request, error)

    async def respond(scope: Any, receive: Any, send: Any) -> None:
        note(scope, error)  # there may be somebody in between who keeps it
        await middleware.error_response(request, error)(scope, receive, send)

    return respond


FRAMEWORK = Starlette()
