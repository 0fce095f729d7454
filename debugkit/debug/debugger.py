"""The debugger as a function from `Request` to `Response`; the one place where errors become responses.

Routes and what each needs stand in `ROUTES`. Knows no protocol: the adapters bring requests and carry responses away.
"""

from __future__ import annotations

import contextvars
import re
from collections.abc import Callable, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any

from debugkit import terminal_text
from debugkit.debug.access.trust import Level, Verdict, check_same_origin, is_embedded
from debugkit.debug.framework_report import NOTHING, Extras
from debugkit.debug.http import console_handlers, handlers, negotiate, responses
from debugkit.debug.http.context import Desk, wants_page
from debugkit.debug.http.handlers import ID
from debugkit.debug.messages import Request, Response
from debugkit.debug.page import rendering
from debugkit.debug.page.builder import title
from debugkit.debug.page.models import MessageView
from debugkit.debug.registry import Entry
from debugkit.debug.request_snapshot import RequestSnapshot
from debugkit.debug.tracebacks.capture import capture
from debugkit.debug.tracebacks.model import CapturedTraceback
from debugkit.errors import Forbidden, InternalError, MethodNotAllowed, NotFound, RequestError, WrongPin
from debugkit.raised import printed

#: Names the page of an error on every response to a request that failed.
TRACEBACK_HEADER = "X-Debugkit-Traceback"

#: Method, path below the mount, handler, and who may.
ROUTES: tuple[tuple[str, re.Pattern[str], Callable[..., Response], Level], ...] = tuple(
    (method, re.compile(path), handler, level)
    for method, path, handler, level in (
        ("GET", r"static/(?:[0-9a-f]{12}/)?(?P<name>[a-z0-9.-]+)", handlers.static, Level.VISITOR),
        ("GET", r"(?:tracebacks/?)?", handlers.recents, Level.VISITOR),
        ("GET", rf"tracebacks/(?P<entry>{ID})(?P<form>\.json|\.md|\.txt)?", handlers.traceback, Level.VISITOR),
        ("GET", rf"frames/(?P<frame>{ID}-\d+)", handlers.frame, Level.VISITOR),
        ("GET", rf"frames/(?P<frame>{ID}-\d+)/source", handlers.source, Level.DEVELOPER),
        ("POST", rf"frames/(?P<frame>{ID}-\d+)/evaluate", console_handlers.evaluate, Level.RUNNER),
        ("POST", rf"frames/(?P<frame>{ID}-\d+)/interrupt", console_handlers.interrupt, Level.RUNNER),
        ("POST", rf"values/(?P<handle>{ID}-v{ID})", handlers.value, Level.DEVELOPER),
        ("POST", r"unlock", handlers.unlock, Level.VISITOR),
        ("GET", r"unlock", handlers.unlock_link, Level.VISITOR),
        ("POST", r"lock", handlers.lock, Level.VISITOR),
        ("GET", r"events", handlers.events, Level.VISITOR),
        ("GET", r"console", console_handlers.standalone_page, Level.VISITOR),
        ("POST", r"console/evaluate", console_handlers.standalone_evaluate, Level.RUNNER),
        ("POST", r"console/interrupt", console_handlers.standalone_interrupt, Level.RUNNER),
    )
)


class Debugger(Desk):
    """Keeps captured tracebacks and answers the requests about them.

    ``identity`` names the application (for the PIN); ``print_line`` writes a line to the developer's terminal.
    """

    def record(
        self,
        exc: BaseException,
        tb: TracebackType | None,
        *,
        request: RequestSnapshot | None = None,
        context: contextvars.Context | None = None,
        context_managers: Sequence[Any] = (),
        explain: Callable[[CapturedTraceback], Extras] | None = None,
    ) -> Entry:
        """Capture an exception and keep it. ``tb`` says where its traceback is to begin.

        ``explain`` tells what a framework knows of it, and runs at once: what it says is secret never gets out.
        """
        settings = self.settings
        captured = capture(exc, tb=tb, show_hidden=settings.show_hidden_frames, limits=settings.limits)
        entry = self.registry.add(
            captured,
            request=request,
            context=context,
            context_managers=context_managers,
            extras=NOTHING if explain is None else explain(captured),
        )
        self._in_this_thread.__dict__["recorded"] = True
        if self.events is not None:
            text = self.redactor_of(entry).text(title(captured.exception))
            self.events.publish("recorded", {"id": entry.id, "title": text, "request": entry.request_line})
        return entry

    def heard(self) -> bool:
        """Whether this thread has recorded an error since it last asked."""
        recorded: bool = self._in_this_thread.__dict__.pop("recorded", False)
        return recorded

    def report(self, entry: Entry, request: Request, verdict: Verdict, *, text: bool = True) -> str:
        """What the terminal says of an error: the traceback (unless ``text`` is false), and where to look at it.

        A Host may name any server: no link in the terminal leads there, least of all the one that unlocks. That one
        is not for errors of strangers: it would expire before the developer looks.
        """
        base = f"{self.own_site(request)}{self.base(request)}"
        link = f" * Debugger page: {base}/tracebacks/{entry.id}"
        announcement = self.announcement(base, entry) if verdict.level is not Level.STRANGER else []
        traceback_text = [terminal_text.quoted(entry.captured.text.rstrip("\n"))] if text else []
        return "\n".join([*traceback_text, link, *announcement, ""])

    def error_response(self, entry: Entry, request: Request, verdict: Verdict, *, notice: str = "") -> Response:
        """The response to the request that failed, in the form its client can use (RFC 9110, section 15.6.1).

        ``notice`` is a sentence for the top of the page.
        """
        if verdict.level is Level.STRANGER:
            return responses.bare(entry.extras.status, HTTPStatus(entry.extras.status).phrase)
        form = negotiate.preferred(request.headers)
        response = self._error_page(entry, request, verdict, form, notice)
        url = f"{self.base(request)}/tracebacks/{entry.id}"
        pointer = ((TRACEBACK_HEADER, url), ("Access-Control-Expose-Headers", TRACEBACK_HEADER))
        return Response(response.status, (*responses.in_place(response.headers), *pointer), response.body)

    def _error_page(self, entry: Entry, request: Request, verdict: Verdict, form: str, notice: str) -> Response:
        status = entry.extras.status
        try:
            return handlers.entry_response(self, entry, request, verdict, form, status=status, notice=notice)
        except Exception as defect:  # the debugger must not become the second exception: the first one is what matters
            self.tell_defect(defect)
            note = "The page of this error could not be made. That is a defect of debugkit: the terminal says more."
            return responses.text(f"{terminal_text.quoted(self._last_text(entry))}\n{note}\n", status=status)

    def _last_text(self, entry: Entry) -> str:
        """The traceback without its secrets; the defect may be the redactor's own, and then there is no safe text."""
        try:
            return self.redactor_of(entry).text(entry.captured.text)
        except Exception as defect:
            self.tell_defect(defect)
            return "The traceback stands in the terminal only: what is secret in it cannot be told."

    def tell_defect(self, defect: BaseException) -> None:
        """Say in the terminal that the debugger itself failed."""
        self.say(f" * The debugger failed:\n{terminal_text.quoted(printed(defect))}")

    def respond(self, request: Request) -> Response | None:
        """Answer a request below the mount. Shows nobody more than they may see.

        `None` for a stranger: only the application's own answer does not tell that there is a debugger.
        """
        verdict = self.judge(request)
        if verdict.level is Level.STRANGER or is_embedded(request):
            return None
        try:
            return self._dispatch(request, verdict)
        except RequestError as error:
            return self._refusal(error, request)
        except Exception as defect:
            self.tell_defect(defect)
            return self._refusal(InternalError("The debugger failed. Its terminal says how."), request)

    def _dispatch(self, request: Request, verdict: Verdict) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        found = [(route, match) for route in ROUTES if (match := route[1].fullmatch(request.path))]
        if not found:
            raise NotFound("The debugger has nothing at this address. The recent errors are listed at its root.")
        for (routed, _, handler, level), match in found:
            if routed == method:
                self._check(request, verdict, level)
                return handler(self, request, verdict, **match.groupdict())
        allow = ", ".join(sorted({name for (routed, *_), _ in found for name in METHODS[routed]}))
        raise MethodNotAllowed(f"This address answers {allow}, and not {request.method}.", allow)

    def _check(self, request: Request, verdict: Verdict, level: Level) -> None:
        if request.method == "POST":
            check_same_origin(request)
        if verdict.level is Level.DEVELOPER and level > verdict.level:
            raise Forbidden("This page does not have its half of the session. Enter the PIN again.", code="no_key")
        if level > verdict.level:
            raise Forbidden(self.locked_explanation(), code="not_unlocked")

    def _refusal(self, error: RequestError, request: Request) -> Response:
        if request.method == "GET" and wants_page(request):
            view = MessageView(
                title=error.code.replace("_", " ").capitalize(),
                explanation=error.explanation,
                status=error.status,
                url=f"{self.base(request)}/tracebacks",
                url_text="Recent errors",
                static_url=self.static_url(request),
            )
            return responses.page(rendering.html("message.html", view), status=error.status)
        content: dict[str, Any] = {"error": error.code, "explanation": error.explanation}
        if isinstance(error, WrongPin):
            content["remaining"] = error.remaining
        headers = (("Allow", error.allow),) if isinstance(error, MethodNotAllowed) else ()
        return responses.data(content, status=error.status, headers=headers)


#: The methods that a route answers: HEAD comes with GET (RFC 9110, section 9.3.2).
METHODS = {"GET": ("GET", "HEAD"), "POST": ("POST",)}
