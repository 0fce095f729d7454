"""An application that could not start, as one that answers every request with the reason.

Knows neither how an application is loaded nor who will load it again.
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterable
from typing import TYPE_CHECKING

from debugkit.debug.framework_report import FrameworkReport
from debugkit.debug.http import responses
from debugkit.debug.http.context import RequestContext
from debugkit.debug.http.error_response import answer_live, failed_response
from debugkit.debug.messages import Request, Response
from debugkit.debug.page import rendering
from debugkit.debug.page.models import MessageView
from debugkit.debug.wsgi import DebuggedApplication
from debugkit.debug.wsgi_gateway import make_request, send
from debugkit.raised import traceback_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TITLE = "The application failed to start"


class FailedStart:
    """A WSGI application that replaces one that could not start.

    ``debugged`` is the middleware whose application it replaces; what lies below its mount works as ever. ``error`` is
    what stopped the start, its traceback without the frames of whoever loaded the application; it is recorded once,
    with live frames; ``advice`` says what to do about it, if that is known. `None`: ``message`` says in a sentence what
    happened.
    """

    def __init__(
        self, debugged: DebuggedApplication, error: BaseException | None, message: str = "", advice: str = ""
    ) -> None:
        self._debugged = debugged
        self._debugger = debugged.debugger
        self._message = message
        report = FrameworkReport(hint=advice)
        #: The recorded error; `None` when there is only a message.
        self.entry = (
            self._debugger.record(
                error, traceback_of(error), context=contextvars.copy_context(), explain=lambda _: report
            )
            if error is not None
            else None
        )
        debugged.app = self._answer
        debugged.explains_itself = True

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._debugged(environ, start_response)

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return send(self._response(make_request(environ, self._debugger.settings.mount)), environ, start_response)

    def _response(self, request: Request) -> Response:
        context = RequestContext(self._debugger, request)
        if self.entry is not None:
            with self.entry.using():  # viewing it keeps it from being released for its age
                return failed_response(context, self.entry, notice=self._notice)
        if context.viewer.is_stranger:
            return responses.bare(500, "Internal Server Error")
        return self._message_response(context)

    @property
    def _notice(self) -> str:
        """What the developer should do now."""
        heals = "this page reloads by itself" if self._debugger.events else "reload this page"
        return f"{TITLE}. Save a change and {heals}."

    def _message_response(self, context: RequestContext) -> Response:
        form = context.form
        if form == "json":
            problem = {"type": "about:blank", "title": TITLE, "status": 500, "detail": self._message}
            return responses.answer("application/problem+json", rendering.to_json(problem), status=500)
        if form in ("text", "markdown"):
            return responses.text(f"{TITLE}.\n{self._message}\n", status=500)
        view = MessageView(
            title=TITLE,
            explanation=self._message,
            status=500,
            hint=self._notice.removeprefix(f"{TITLE}. "),
            static_url=context.static_url,
            live=answer_live(context),
        )
        return responses.page(rendering.html("message.html", view), status=500)
