"""Bottle: catches everything by a setting of each application; its request belongs to a thread."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from debugkit.debug.framework_report import NOTHING, FrameworkReport
from debugkit.debug.frameworks.framework import Failure, Framework, full_name, rows
from debugkit.debug.safe.thread_contexts import ThreadContext


class Binding(ThreadContext):
    """`bottle.request` and `bottle.response` of one request, for the thread that enters it."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ
        response = sys.modules["bottle"].response
        self._response = (response.body, response.status, list(response.headerlist))

    def __enter__(self) -> None:
        bottle = sys.modules["bottle"]
        bottle.request.bind(self._environ)
        bottle.response.bind(*self._response)


class Bottle(Framework):
    name = "Bottle"
    classes = ("bottle.Bottle",)

    def open_up(self, application: Any) -> None:
        application.catchall = False

    def refresh(self, application: Any) -> None:
        sys.modules["bottle"].debug(True)

    def managers(self, failure: Failure) -> Iterable[Any]:
        return [Binding(failure.request)] if "bottle.app" in failure.request else []

    def report(self, failure: Failure, captured: Any) -> FrameworkReport:
        route = failure.request.get("bottle.route")
        if route is None:
            return NOTHING
        arguments = dict(failure.request.get("route.url_args") or {})
        return FrameworkReport(
            # Not `get_undecorated_callback()`, which follows the cells of functions, and may go round in a circle.
            raised_during=full_name(route.callback),
            facts=rows(Route=route.rule, Route_name=route.name, Arguments=arguments),
        )


FRAMEWORK = Bottle()
