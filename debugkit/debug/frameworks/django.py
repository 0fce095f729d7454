"""Django: tells of each error by a signal. What is known here suffices for an application that is wrapped by hand.

``runserver_plus`` and ``debugkit run`` put their page in the place of Django's own and know more: `debugkit.django`.
"""

from __future__ import annotations

import copy
import logging
import sys
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from debugkit.debug.framework_report import HIDDEN, NOTHING, FrameworkReport, Pair, Panel, Table
from debugkit.debug.frameworks.framework import Failure, Framework, attempt, rows
from debugkit.debug.frameworks.logs import is_printed
from debugkit.debug.frameworks.noting import note


def hear(request: Any, **_: Any) -> None:
    """A receiver of ``got_request_exception``."""
    attempt(_note, request)


def _note(request: Any) -> None:
    """With DEBUG off the project's own answer stays, and `debugkit.django` has the page of Django's."""
    error = sys.exception()
    page = sys.modules["django.views.debug"].technical_500_response
    if error is not None and _settings().DEBUG and not page.__module__.startswith("debugkit."):
        printed = is_printed(logging.getLogger("django.request"))
        note(getattr(request, "environ", None) or request.scope, error, printed=printed)


class Django(Framework):
    name = "Django"
    classes = ("django.core.handlers.wsgi.WSGIHandler", "django.core.handlers.asgi.ASGIHandler")

    def listen(self) -> None:
        signals = sys.modules["django.core.signals"]
        signals.got_request_exception.connect(hear, dispatch_uid="debugkit")

    def advice(self, application: Any) -> str:
        settings = _settings()
        passes = settings.DEBUG or settings.DEBUG_PROPAGATE_EXCEPTIONS
        return "" if passes else "DEBUG_PROPAGATE_EXCEPTIONS = True  # in the settings"

    def report(self, failure: Failure, captured: Any) -> FrameworkReport:
        request = failure.variable("django.core.handlers.exception", "inner", "request")
        if request is None:
            return NOTHING
        match = getattr(request, "resolver_match", None)
        return FrameworkReport(
            raised_during=getattr(match, "_func_path", ""),
            facts=rows(
                Route=getattr(match, "route", None),
                View_name=getattr(match, "view_name", None),
                Arguments=getattr(match, "args", None),
                Keyword_arguments=getattr(match, "kwargs", None),
                # Only if somebody has asked: it is in the database.
                User=vars(request).get("_cached_user"),
            ),
            panels=_session(request),
            names={"request": request},
            hidden=_hidden(request, captured),
            secret_names=_secret_fields(request),
        )


def _session(request: Any) -> tuple[Panel[Pair], ...]:
    """What was read of the session: reading it now would change what the answer says of it."""
    session = getattr(request, "session", None)
    read = {} if session is None else dict(vars(session).get("_session_cache") or {})
    return (Panel("Session", (Table("", tuple(read.items())),)),) if read else ()


def _secret_fields(request: Any) -> frozenset[str]:
    """The fields of the form that a decorator of Django's marks as sensitive."""
    marked = getattr(request, "sensitive_post_parameters", ())
    return frozenset(request.POST if marked == "__ALL__" else marked)


def _hidden(request: Any, captured: Any) -> dict[int, Mapping[str, object]]:
    """By frame, the variables that a decorator of Django's marks as sensitive, or all where that cannot be told."""
    hidden: dict[int, Mapping[str, object]] = {}
    for frame in captured.frames.values():
        if frame.frame is not None:
            names = dict(frame.frame.f_locals)
            try:
                sensitive = _sensitive(request, frame.frame, names)
            except Exception:
                sensitive = dict.fromkeys(names, HIDDEN)
            if sensitive:
                hidden[frame.index] = sensitive
    return hidden


def _sensitive(request: Any, frame: Any, names: Mapping[str, object]) -> dict[str, object]:
    lazy = sys.modules["django.utils.functional"]
    # The filter asks each value for its class, which would make lazy objects query the database.
    plain = {
        name: value for name, value in names.items() if not issubclass(type(value), (lazy.LazyObject, lazy.Promise))
    }
    reporter = copy.copy(sys.modules["django.views.debug"].SafeExceptionReporterFilter())
    reporter.is_active = lambda request: True
    stand_in = SimpleNamespace(f_back=frame.f_back, f_code=frame.f_code, f_locals=plain)
    cleansed = dict(reporter.get_traceback_frame_variables(request, stand_in))
    return {name: HIDDEN for name, value in cleansed.items() if value is not plain.get(name)}


def _settings() -> Any:
    return sys.modules["django.conf"].settings


FRAMEWORK = Django()
