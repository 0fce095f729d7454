"""Falcon: answers what nobody handles by a handler of its own. One of the user's handles on purpose, and stays."""

from __future__ import annotations

from typing import Any

from debugkit.debug.framework_report import NOTHING, FrameworkReport
from debugkit.debug.frameworks.framework import Failure, Framework, attempt, full_name, rows
from debugkit.debug.frameworks.noting import note
from debugkit.debug.safe import inspection


class Falcon(Framework):
    name = "Falcon"
    classes = ("falcon.app.App",)

    def open_up(self, application: Any) -> None:
        default, handlers = application._python_error_handler, application._error_handlers
        if handlers.get(Exception) != default:
            return

        def noting(request: Any, response: Any, error: Exception, parameters: dict[str, Any]) -> Any:
            # It prints the error. Of an ASGI application it is a coroutine function, and its request has a scope.
            attempt(lambda: note(getattr(request, "scope", None) or request.env, error, printed=True))
            return default(request, response, error, parameters)

        handlers[Exception] = noting

    def report(self, failure: Failure, captured: Any) -> FrameworkReport:
        request = failure.variable("falcon.app", "__call__", "req")
        if request is None:
            return NOTHING
        responder = failure.variable("falcon.app", "__call__", "responder")
        parameters = failure.variable("falcon.app", "__call__", "params")
        return FrameworkReport(
            raised_during="" if responder is None else full_name(responder),
            facts=rows(
                Route=request.uri_template,
                Arguments=parameters,
                Context=dict(inspection.instance_dict(request.context) or {}),
            ),
        )


FRAMEWORK = Falcon()
