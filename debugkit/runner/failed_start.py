"""A program that could not start, and what a worker serves in its place: why, as a debugger page or in plain text."""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, cast

import debugkit
from debugkit import terminal_text
from debugkit.errors import ConfigurationError
from debugkit.raised import traceback_of, with_traceback
from debugkit.runner.config import Choices, wrap_in_debugger
from debugkit.serving.log import Log
from debugkit.serving.reloading.control import Control
from debugkit.serving.reloading.modules import files_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from debugkit.debug.wsgi import DebuggedApplication


class StartupFailed(Exception):
    """The application could not start: because of ``error``, or else for the reason in its ``message``."""

    def __init__(self, error: BaseException | None, message: str) -> None:
        super().__init__(message)
        self.error = error
        self.message = message

    def as_error(self) -> BaseException:
        """What to raise where no page can be shown."""
        return self.error or ConfigurationError(f"The application failed to start: {self.message}")


def failed_application(control: Control, error: BaseException | None, message: str) -> WSGIApplication:
    """The page for an ``error``, which the terminal gets too, or for a ``message`` that takes its place.

    The files that the error names are watched from now on.
    """
    advice = ""
    if error is not None:
        control.watch(files_of(error), control.born)
        error = with_traceback(error, strip_own_frames(traceback_of(error)))
        advice = print_failed_start(error)
    if control.debugger is None:
        return plain_failure
    from debugkit.debug.startup_error import FailedStart

    application = cast("DebuggedApplication", wrap_in_debugger(plain_failure, **control.debugger))
    FailedStart(application, error, message, advice)
    return application


def print_failed_start(error: BaseException) -> str:
    """Print the traceback, below two sentences that say what to do where that is known; returns these."""
    from debugkit.debug.startup_advice import start_advice

    if advice := start_advice(error):
        Log().say(f" * {terminal_text.quoted(advice)}")
    Log().failed(error)
    return advice


def failed_choices(control: Control) -> Choices:
    """How to serve it: as the program was to be served."""
    return Choices(
        addresses=control.config.addresses,
        ssl_context=control.config.tls,
        title="The application failed to start. Details (this page reloads by itself):",
    )


def plain_failure(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """What browsers get when the debugger is off."""
    start_response("500 Internal Server Error", [("Content-Type", "text/plain; charset=utf-8")])
    return [b"The application failed to start. See the terminal.\n"]


def strip_own_frames(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the user's first frame on."""
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_not_the_users()):
        trace = trace.tb_next
    return trace


@functools.cache
def _not_the_users() -> tuple[str, ...]:
    import runpy

    return str(Path(debugkit.__file__).parent) + os.sep, str(importlib.__file__), str(runpy.__file__), "<frozen "
