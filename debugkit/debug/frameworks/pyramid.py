"""Pyramid: lets errors through, but for those that an exception view handles on purpose; its request belongs to a
thread."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from debugkit.debug.framework_report import NOTHING, FrameworkReport, Panel, Table
from debugkit.debug.frameworks.framework import Failure, Framework, full_name, rows
from debugkit.debug.safe.thread_contexts import ThreadContext


class CurrentRequest(ThreadContext):
    """`get_current_request` and `get_current_registry`, for the thread that enters it."""

    def __init__(self, request: Any) -> None:
        self._context = sys.modules["pyramid.threadlocal"].RequestContext(request)

    def __enter__(self) -> None:
        self._context.begin()

    def __exit__(self, *exc_info: object) -> None:
        self._context.end()


#: Where `debugkit.pyramid` leaves the request: its tween is called after Pyramid has made it.
REQUEST = "debugkit.pyramid.request"
#: The toolbar's setting for errors: it writes its default here too.
TOOLBAR = "debugtoolbar.intercept_exc"


class Pyramid(Framework):
    name = "Pyramid"
    classes = ("pyramid.router.Router",)

    def advice(self, application: Any) -> str:
        # pyramid_debugtoolbar, which every template of a project includes, puts its own page in the way.
        settings = application.registry.settings or {}
        return f"{TOOLBAR} = false  # in the settings" if settings.get(TOOLBAR) else ""

    def managers(self, failure: Failure) -> Iterable[Any]:
        request = _request(failure)
        return [] if request is None else [CurrentRequest(request)]

    def report(self, failure: Failure, captured: Any) -> FrameworkReport:
        request = _request(failure)
        if request is None:
            return NOTHING
        view = failure.variable("pyramid.view", "_call_view", "view_callable")
        route = getattr(request, "matched_route", None)
        # The session is made when it is first asked for, and then kept under this name: see `reify`.
        session = vars(request).get("session")
        items = tuple(dict.items(session)) if issubclass(type(session), dict) else rows(session=session)
        return FrameworkReport(
            raised_during="" if view is None else full_name(getattr(view, "__original_view__", None) or view),
            facts=rows(
                Route=getattr(route, "pattern", None),
                Route_name=getattr(route, "name", None),
                Arguments=dict(getattr(request, "matchdict", None) or {}),
                View_name=getattr(request, "view_name", None),
            ),
            panels=(Panel("Session", (Table("", items),)),) if items else (),
            names={"request": request},
        )


def _request(failure: Failure) -> Any:
    return failure.variable("pyramid.router", "invoke_request", "request") or failure.request.get(REQUEST)


FRAMEWORK = Pyramid()
