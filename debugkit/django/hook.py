"""Django's technical error page becomes the debugger's: the live exception is kept, and a response is returned.

Since Django itself asks for the page and gets a response, its signals, middleware, log and database connections go on
as ever, and the traceback has no frame more than Django's own. Nothing is changed before `install`, or after its undo.
"""

from __future__ import annotations

import contextvars
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.views import debug

from debugkit.debug.adapter import Adapter
from debugkit.debug.http.context import RequestContext
from debugkit.debug.http.error_response import TRACEBACK_HEADER, failed_response
from debugkit.debug.messages import Request, Response
from debugkit.debug.request_snapshot import RECORDED, RequestSnapshot, hurry, take_snapshot
from debugkit.debug.wsgi_gateway import make_failed_request, tell
from debugkit.django.report import report
from debugkit.django.template_errors import with_templates
from debugkit.serving.log import ErrorStream
from debugkit.settings import Limits

Answer = Callable[..., HttpResponse]


def install(debugged: Adapter[Any]) -> Callable[[], None]:
    """Have ``debugged`` answer where Django would show its technical error page. Returns what undoes it.

    Django asks for that page only with ``DEBUG``. A project's own ``DEFAULT_EXCEPTION_REPORTER``, or a request's
    ``exception_reporter_class``, makes the page as ever: then the error is kept and its address printed, no more.
    """
    original: Answer = debug.technical_500_response

    def technical_500_response(
        request: HttpRequest,
        exc_type: type[BaseException],
        exc_value: BaseException,
        tb: TracebackType | None,
        status_code: int = 500,
    ) -> HttpResponse:
        page = partial(original, request, exc_type, exc_value, tb, status_code=status_code)
        try:
            return _answer(debugged, request, exc_value, tb, status_code, page)
        except Exception as defect:  # the debugger must not become the second exception
            debugged.debugger.tell_defect(defect)
            return bare(status_code) if is_stranger(debugged, request) else page()
        finally:
            del exc_value, tb, page

    debug.technical_500_response = technical_500_response

    def undo() -> None:
        if debug.technical_500_response is technical_500_response:
            debug.technical_500_response = original

    return undo


def _answer(
    debugged: Adapter[Any],
    request: HttpRequest,
    exc: BaseException,
    tb: TracebackType | None,
    status: int,
    page: Callable[[], HttpResponse],
) -> HttpResponse:
    debugger = debugged.debugger
    if debugger.post_mortem is not None and status >= 500:  # a 400 is the client's mistake
        debugger.post_mortem(exc, tb)
    environ = environ_of(request)
    read_body(request, debugger.settings.limits.recorded_body)
    asked = asked_of(request, environ, debugger.settings.mount)
    entry = debugger.record(
        exc,
        with_templates(exc, tb),
        request=with_body(take_snapshot(environ, root=asked.root, finish=False), request, debugger.settings.limits),
        context=contextvars.copy_context(),
        explain=partial(report, request, status),
    )
    context = RequestContext(debugger, asked)
    own = debug.get_exception_reporter_class(request) is not debug.ExceptionReporter
    announce = partial(tell, environ, debugger.report(entry, asked, context.viewer, text=not is_printed(exc, status)))
    if not own or context.viewer.is_stranger:
        return DebuggerResponse(failed_response(context, entry), announce)
    response = page()
    response.headers[TRACEBACK_HEADER] = f"{context.base}/tracebacks/{entry.id}"
    announce()
    return response


def is_stranger(debugged: Adapter[Any], request: HttpRequest) -> bool:
    """Whether a request may see nothing, also when nothing can be said of it."""
    try:
        asked = asked_of(request, environ_of(request), debugged.settings.mount)
        return debugged.debugger.viewer_of(asked).is_stranger
    except Exception:
        return True


def bare(status: int) -> HttpResponse:
    return HttpResponse(f"{HTTPStatus(status).phrase}\n", status=status, content_type="text/plain; charset=utf-8")


class DebuggerResponse(HttpResponse):
    """The debugger's answer as Django passes it on.

    ``announce`` is called when the answer is sent: Django has logged the error by then, and the link to its page is
    to appear below the traceback.
    """

    def __init__(self, answer: Response, announce: Callable[[], object]) -> None:
        body = answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)
        super().__init__(body, status=answer.status, content_type=dict(answer.headers)["Content-Type"])
        for name, value in answer.headers:
            self.headers[name] = value
        self._announce: Callable[[], object] | None = announce
        # The page brings a policy of its own, which the site's would block: Django 6's middleware, and django-csp's.
        self._csp_config: dict[str, object] = {}
        self._csp_ro_config: dict[str, object] = {}
        self._csp_exempt = True
        self._csp_exempt_ro = True

    def close(self) -> None:
        announce, self._announce = self._announce, None
        if announce is not None:
            announce()
        super().close()


def environ_of(request: HttpRequest) -> dict[str, Any]:
    """The request's environ (PEP 3333). Under ASGI the META that Django makes has the same names."""
    environ = getattr(request, "environ", None)
    if isinstance(environ, dict):
        return environ
    return {"wsgi.url_scheme": request.scheme, "PATH_INFO": request.path_info, **request.META}


def asked_of(request: HttpRequest, environ: dict[str, Any], mount: str) -> Request:
    """The request as the server gave it, whatever middleware has made of it since."""
    asked, scope = make_failed_request(environ, mount), getattr(request, "scope", None)
    if not isinstance(scope, dict):
        return asked
    from debugkit.debug.asgi.gateway import socket_peer

    return replace(asked, peer=socket_peer(scope, asked.headers))


def read_body(request: HttpRequest, limit: int) -> None:
    """Have Django read a body of at most ``limit`` bytes that nobody has read: it stays readable for all others."""
    length = request.META.get("CONTENT_LENGTH") or ""
    if getattr(request, "_read_started", True) or not (
        length.isascii() and length.isdecimal() and int(length) <= limit
    ):
        return
    hurry(environ_of(request))
    try:
        request.body  # noqa: B018 - kept in the request
    except Exception:  # the client is gone, or Django refuses the body: the page does without it
        return


def with_body(snapshot: RequestSnapshot, request: HttpRequest, limits: Limits) -> RequestSnapshot:
    """The snapshot with the body that Django has kept: under ASGI nothing else has recorded it."""
    body = vars(request).get("_body")
    if RECORDED in environ_of(request) or type(body) is not bytes:
        return snapshot
    return replace(
        snapshot,
        body=body[: limits.recorded_body],
        body_complete=len(body) <= limits.recorded_body,
        body_length=len(body),
    )


# The terminal


def is_printed(exc: BaseException, status: int) -> bool:
    """Whether Django's log of this error prints its traceback in the terminal."""
    name = f"django.security.{type(exc).__name__}" if isinstance(exc, SuspiciousOperation) else "django.request"
    level = logging.ERROR if status >= 500 or isinstance(exc, SuspiciousOperation) else logging.WARNING
    logger: logging.Logger | None = logging.getLogger(name)
    while logger is not None and logger.isEnabledFor(level):
        if any(handler.level <= level and is_terminal(handler) for handler in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False


def is_terminal(handler: logging.Handler) -> bool:
    """Whether a handler of the log writes where the server does."""
    stream = getattr(handler, "stream", None)
    if isinstance(stream, ErrorStream):
        return True
    return isinstance(handler, logging.StreamHandler) and stream in (
        sys.stdout,
        sys.stderr,
        sys.__stdout__,
        sys.__stderr__,
    )
