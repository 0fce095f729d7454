"""CherryPy: runs hooks before it answers for an error; its request and response belong to a thread.

What its `ExceptionTrapper` catches is noted without that: it hands the exception to ``start_response``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from debugkit.debug.framework_report import NOTHING, FrameworkReport, Panel, Table
from debugkit.debug.frameworks.framework import Failure, Framework, attempt, full_name, rows
from debugkit.debug.frameworks.logs import is_printed
from debugkit.debug.frameworks.noting import notes_of
from debugkit.debug.safe import inspection
from debugkit.debug.safe.thread_contexts import ThreadContext

#: Where CherryPy calls who wants to know of an error that nobody expected.
POINT = "before_error_response"


class Serving(ThreadContext):
    """What ``cherrypy.request`` and the like lead to, for the thread that enters it."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names

    def __enter__(self) -> None:
        vars(sys.modules["cherrypy"].serving).update(self.names)

    def __exit__(self, *exc_info: object) -> None:
        sys.modules["cherrypy"].serving.clear()


def hear() -> None:
    """A hook: CherryPy is handling an exception, and the request is there still."""
    attempt(_note)


def _note() -> None:
    cherrypy, error = sys.modules["cherrypy"], sys.exception()
    notes = notes_of(cherrypy.serving.request.wsgi_environ)
    if notes is not None and error is not None:
        notes.add(Serving(dict(vars(cherrypy.serving))))
        notes.note(error, printed=is_printed(cherrypy.log.error_log))


class CherryPy(Framework):
    name = "CherryPy"
    classes = ("cherrypy._cptree.Application", "cherrypy._cptree.Tree")

    def listen(self) -> None:
        hooks = sys.modules["cherrypy._cprequest"].Request.hooks
        if not any(hook.callback is hear for hook in hooks[POINT]):
            hooks.attach(POINT, hear, priority=0)

    def managers(self, failure: Failure) -> Iterable[Any]:
        # With `throw_errors` no hook is run, and the exception comes through.
        request = failure.variable("cherrypy._cprequest", "run", "self")
        response = failure.variable("cherrypy._cprequest", "run", "response")
        return [Serving({"request": request, "response": response})] if request and response else []

    def report(self, failure: Failure, captured: Any) -> FrameworkReport:
        request = failure.variable("cherrypy._cprequest", "respond", "self")
        if request is None:
            return NOTHING
        handler = failure.variable("cherrypy._cpdispatch", "__call__", "self")
        session = next((_session(manager.names) for manager in failure.managers if type(manager) is Serving), ())
        return FrameworkReport(
            raised_during="" if handler is None else full_name(handler.callable),
            facts=rows(
                Mounted_at=request.script_name,
                Path_segments=vars(request).get("args"),
                Arguments=vars(request).get("kwargs"),
                User=request.login,
            ),
            panels=(Panel("Session", (Table("", session),)),) if session else (),
        )


def _session(names: dict[str, Any]) -> tuple[tuple[str, object], ...]:
    """What was read of the session: reading it now could wait for a lock that another request holds."""
    session = names.get("session")
    data = inspection.attribute(session, "_data")
    is_read = inspection.attribute(session, "loaded") is True and type(data) is dict
    return tuple(data.items()) if is_read else ()


FRAMEWORK = CherryPy()
