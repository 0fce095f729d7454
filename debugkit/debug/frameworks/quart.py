"""Quart: tells of each error by a signal, as Flask does, and answers it itself."""

from __future__ import annotations

import sys
from typing import Any

from debugkit.debug.framework_report import NOTHING, FrameworkReport, Panel, Table
from debugkit.debug.frameworks.framework import Failure, Framework, attempt, full_name, rows
from debugkit.debug.frameworks.logs import is_printed
from debugkit.debug.frameworks.noting import note, notes_of

#: Where the handler of an application's log may be from, which prints to the terminal.
LOGGING = ("flask.logging", "quart.logging")


async def hear(sender: Any, exception: BaseException, **_: Any) -> None:
    """A receiver of ``got_request_exception``. Async: for others, Quart starts a thread."""
    attempt(_note, sender, exception, "request")


async def hear_websocket(sender: Any, exception: BaseException, **_: Any) -> None:
    """A receiver of ``got_websocket_exception``."""
    attempt(_note, sender, exception, "websocket")


def _note(application: Any, error: BaseException, request: str) -> None:
    handlers = [sys.modules[name].default_handler for name in LOGGING if name in sys.modules]
    printed = not _propagates(application) and is_printed(application.logger, *handlers)
    note(getattr(sys.modules["quart"], request).scope, error, printed=printed)


def _propagates(application: Any) -> bool:
    propagate = application.config["PROPAGATE_EXCEPTIONS"]
    return bool(application.testing or application.debug if propagate is None else propagate)


class Quart(Framework):
    name = "Quart"
    classes = ("quart.app.Quart",)

    def listen(self) -> None:
        signals = sys.modules["quart.signals"]
        signals.got_request_exception.connect(hear)
        signals.got_websocket_exception.connect(hear_websocket)

    def report(self, failure: Failure, captured: Any) -> FrameworkReport:
        notes = notes_of(failure.request)
        context = None if notes is None or notes.context is None else notes.context.get(_request_variable())
        if context is None:
            return NOTHING
        request, session = context.request, context.session
        view = context.app.view_functions.get(request.endpoint)
        return FrameworkReport(
            raised_during="" if view is None else full_name(view),
            facts=rows(
                Route=request.url_rule and request.url_rule.rule,
                Endpoint=request.endpoint,
                Blueprint=request.blueprint,
                Arguments=dict(request.view_args or {}),
            ),
            panels=(Panel("Session", (Table("", tuple(session.items())),)),) if session else (),
        )


def _request_variable() -> Any:
    return sys.modules["quart.globals"]._cv_request


FRAMEWORK = Quart()
