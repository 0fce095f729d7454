"""Starlette, and FastAPI above it: errors come out of them, and a scope has what their routers have found."""

from __future__ import annotations

from typing import Any

from debugkit.debug.framework_report import NOTHING, FrameworkReport
from debugkit.debug.frameworks.framework import Failure, Framework, full_name, rows
from debugkit.debug.safe import inspection

#: The modules whose function ``app`` makes the request that an endpoint gets.
ROUTERS = ("starlette.routing", "fastapi.routing")


class Starlette(Framework):
    name = "Starlette"
    classes = ("starlette.applications.Starlette",)

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


FRAMEWORK = Starlette()
