"""Litestar: answers each error itself, after the hooks of its application have seen it."""

from __future__ import annotations

import logging
from typing import Any

from debugkit.debug.framework_report import NOTHING, FrameworkReport
from debugkit.debug.frameworks.framework import Failure, Framework, attempt, full_name, rows
from debugkit.debug.frameworks.logs import is_printed
from debugkit.debug.frameworks.noting import note


async def hear(error: BaseException, scope: Any) -> None:
    """A hook for ``after_exception``."""
    attempt(_note, error, scope)


def _note(error: BaseException, scope: Any) -> None:
    config = scope["litestar_app"].logging_config
    logs = getattr(config, "log_exceptions", "never")
    written = logs == "always" or (logs == "debug" and scope["litestar_app"].debug)
    note(scope, error, printed=written and is_printed(logging.getLogger("litestar")))


class Litestar(Framework):
    name = "Litestar"
    classes = ("litestar.app.Litestar",)

    def open_up(self, application: Any) -> None:
        if hear not in application.after_exception:
            application.after_exception.append(hear)

    def report(self, failure: Failure, captured: Any) -> FrameworkReport:
        scope = failure.request
        handler = scope.get("route_handler")
        if handler is None:
            return NOTHING
        return FrameworkReport(
            raised_during=full_name(handler.fn),
            facts=rows(
                Route=scope.get("path_template"),
                Path_parameters=scope.get("path_params"),
                User=scope.get("user"),
                Auth=scope.get("auth"),
                State=scope.get("state"),
            ),
        )


FRAMEWORK = Litestar()
