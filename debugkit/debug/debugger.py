"""The debugger as a function from `Request` to `Response`; the one place where errors become responses.

Routes and what each needs stand in `ROUTES`. Knows no protocol: the adapters bring requests and carry responses away.
"""

from __future__ import annotations

import contextvars
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, quote

from debugkit.debug import assets, negotiate, render
from debugkit.debug.capture import CapturedFrame, capture
from debugkit.debug.console import Console, Done, Event, Failure, Output, Result
from debugkit.debug.frameview import FrameViews, Reader, editor_url, frame_url, short_filename
from debugkit.debug.messages import Request, Response
from debugkit.debug.page import PageBuilder, recents_view
from debugkit.debug.pin import Gate
from debugkit.debug.redaction import Redactor
from debugkit.debug.registry import Entry, Registry
from debugkit.debug.snapshot import RequestSnapshot
from debugkit.debug.trust import Level, Verdict, assess, check_same_origin
from debugkit.debug.values import Describer
from debugkit.debug.views import AccessView, ConsolePageView, MessageView, PageView, SourcePageView
from debugkit.errors import (
    BadRequest,
    BodyTooLarge,
    Forbidden,
    MethodNotAllowed,
    NotFound,
    RequestError,
    UnsupportedMedia,
    WrongPin,
)
from debugkit.settings import Settings

#: No inline script or style, nothing from another host, no framing (CSP Level 3).
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: On every answer of the debugger.
SECURITY_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("X-Robots-Tag", "noindex"),
)
TRACEBACK_HEADER = "X-Debugkit-Traceback"

_ID = "[A-Za-z0-9_]+"
#: (method, path below the mount, handler, level needed)
ROUTES: tuple[tuple[str, re.Pattern[str], str, Level], ...] = tuple(
    (method, re.compile(path), handler, level)
    for method, path, handler, level in (
        ("GET", r"static/(?:[0-9a-f]{12}/)?(?P<name>[a-z0-9.-]+)", "_static", Level.VISITOR),
        ("GET", r"(?:tracebacks/?)?", "_recents", Level.VISITOR),
        ("GET", rf"tracebacks/(?P<entry>{_ID})(?P<form>\.json|\.md|\.txt)?", "_traceback", Level.VISITOR),
        ("GET", rf"frames/(?P<frame>{_ID}-\d+)", "_frame", Level.VISITOR),
        ("GET", rf"frames/(?P<frame>{_ID}-\d+)/source", "_source", Level.DEVELOPER),
        ("POST", rf"frames/(?P<frame>{_ID}-\d+)/evaluate", "_evaluate", Level.DEVELOPER),
        ("POST", rf"frames/(?P<frame>{_ID}-\d+)/interrupt", "_interrupt", Level.DEVELOPER),
        ("POST", rf"values/(?P<handle>{_ID}-v{_ID})", "_value", Level.DEVELOPER),
        ("POST", r"unlock", "_unlock", Level.VISITOR),
        ("GET", r"unlock", "_unlock_link", Level.VISITOR),
        ("GET", r"console", "_console_page", Level.VISITOR),
        ("POST", r"console/evaluate", "_console_evaluate", Level.DEVELOPER),
        ("POST", r"console/interrupt", "_console_interrupt", Level.DEVELOPER),
    )
)


class Debugger:
    """Keeps captured tracebacks and answers the requests about them.

    ``identity`` names the application (for the PIN); ``print_line`` writes a line to the developer's terminal.
    """

    def __init__(
        self,
        settings: Settings,
        identity: str,
        *,
        clock: Callable[[], float] = time.time,
        print_line: Callable[[str], object] = lambda line: print(line, file=sys.stderr, flush=True),
    ) -> None:
        self.settings = settings
        self.registry = Registry(settings.limits, clock=clock)
        self.gate = Gate(settings, identity, clock=clock)
        self.redactor = Redactor(settings.redact)
        #: The name the server is bound to, once known: trusted like localhost.
        self.bound_host: str | None = None
        self._print_line = print_line
        self._announced = False
        self._explained: set[str] = set()
        self._standalone: Console | None = None

    # Errors of the application

    def record(
        self,
        exc: BaseException,
        tb: TracebackType | None = None,
        *,
        request: RequestSnapshot | None = None,
        context: contextvars.Context | None = None,
        context_managers: Sequence[Any] = (),
    ) -> Entry:
        """Capture an exception and keep it. ``tb`` says where its traceback is to begin."""
        captured = capture(
            exc, tb=tb, show_hidden=self.settings.show_hidden_frames, limits=self.settings.limits
        )
        return self.registry.add(captured, request=request, context=context, context_managers=context_managers)

    def report(self, entry: Entry, request: Request | None) -> str:
        """What the terminal says of an error: the traceback, and where to look at it."""
        lines = [entry.captured.text.rstrip("\n")]
        if request is not None:
            base = _base(request, self.settings)
            site = f"{request.scheme}://{request.host}" if request.host else ""
            lines.append(f" * Debugger page: {site}{base}/tracebacks/{entry.id}")
            lines += self.announcement(f"{site}{base}", entry)
        return "\n".join(lines) + "\n"

    def announcement(self, url: str, entry: Entry | None = None) -> list[str]:
        """The PIN and the one-time link for the terminal, the first time they are asked for; then nothing."""
        settings = self.settings
        if self._announced or not (settings.evalex and settings.pin_logging) or self.gate.pin is None:
            return []
        self._announced = True
        target = f"&next={entry.id}" if entry else ""
        lines = [
            f" * Debugger PIN: {self.gate.pin}",
            f" * Unlock this browser: {url}/unlock?token={self.gate.issue_token()}{target} (once, for 15 minutes)",
        ]
        return [*lines, *([f" * {self.gate.notice}"] if self.gate.notice else [])]

    def error_response(self, entry: Entry, request: Request) -> Response:
        """The 500 response to the request that failed, in the form its client can use (section 15.6.1 of RFC 9110)."""
        verdict = self._assess(request)
        if verdict.level is Level.STRANGER:
            return _bare(500, "Internal Server Error")
        url = f"{_base(request, self.settings)}/tracebacks/{entry.id}"
        form = negotiate.preferred(request.headers)
        response = self._entry_response(entry, request, verdict, form, status=500)
        pointer = ((TRACEBACK_HEADER, url), ("Access-Control-Expose-Headers", TRACEBACK_HEADER))
        return Response(response.status, (*response.headers, *pointer), response.body)

    # Requests to the debugger

    def respond(self, request: Request) -> Response:
        """Answer a request below the mount. Never raises; never shows more than its sender may see."""
        verdict = self._assess(request)
        if verdict.level is Level.STRANGER:
            return _bare(404, "Not Found")
        try:
            return self._dispatch(request, verdict)
        except RequestError as error:
            return self._refusal(error, request, verdict)

    def _dispatch(self, request: Request, verdict: Verdict) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        found = [(route, match) for route in ROUTES if (match := route[1].fullmatch(request.path))]
        if not found:
            raise NotFound("There is nothing at this address of the debugger. The recent errors are listed at its root.")
        for (route_method, _, handler, level), match in found:
            if route_method == method:
                self._check(request, verdict, method, level)
                response: Response = getattr(self, handler)(request, verdict, **match.groupdict())
                return response
        allow = ", ".join(sorted({route[0] for route, _ in found} | {"HEAD"} & {"HEAD" for r, _ in found if r[0] == "GET"}))
        raise MethodNotAllowed(f"This address answers {allow}, not {request.method}.", allow)

    def _check(self, request: Request, verdict: Verdict, method: str, level: Level) -> None:
        if method == "POST":
            check_same_origin(request)
        if level > verdict.level:
            raise Forbidden(self._locked_explanation(), code="not_unlocked")

    def _locked_explanation(self) -> str:
        if not self.settings.evalex:
            return "Consoles are switched off (evalex=False)."
        if self.gate.pin is None:
            return "With the PIN switched off, this works only on the computer that runs the server."
        return "Enter the PIN first: the server printed it in its terminal."

    def _assess(self, request: Request) -> Verdict:
        unlocked = self.gate.verify_cookie_header(request.headers.get("cookie", ""))
        verdict = assess(request, self.settings, bound_host=self.bound_host, unlocked=unlocked)
        if verdict.level is Level.STRANGER and verdict.reason not in self._explained and len(self._explained) < 50:
            self._explained.add(verdict.reason)
            self._print_line(f" * Debugger: {verdict.reason}")
        return verdict

    def _refusal(self, error: RequestError, request: Request, verdict: Verdict) -> Response:
        if request.method == "GET" and _wants_page(request):
            base = _base(request, self.settings)
            view = MessageView(
                title=f"{error.status} {error.code.replace('_', ' ')}",
                explanation=error.explanation,
                status=error.status,
                url=f"{base}/tracebacks",
                url_text="Recent errors",
                static_url=self._static_url(request),
            )
            return _page(render.html("message.html", view), status=error.status)
        data: dict[str, Any] = {"error": error.code, "explanation": error.explanation}
        if isinstance(error, WrongPin):
            data["remaining"] = error.remaining
        headers = (("Allow", error.allow),) if isinstance(error, MethodNotAllowed) else ()
        return _json(data, status=error.status, headers=headers)

    # Handlers, in the order of ROUTES

    def _static(self, request: Request, verdict: Verdict, name: str) -> Response:
        asset = assets.static_files().get(name)
        if asset is None:
            raise NotFound("There is no such file.")
        immutable = f"/{assets.static_key()}/" in f"/{request.path}"
        cache = "max-age=31536000, immutable" if immutable else "no-cache"
        headers = [pair for pair in SECURITY_HEADERS if pair[0] != "Cache-Control"]
        return Response(200, (*headers, ("Content-Type", asset.content_type), ("Cache-Control", cache)), asset.body)

    def _recents(self, request: Request, verdict: Verdict) -> Response:
        reader = self._reader(request, verdict)
        view = recents_view(self.registry.recent_groups(), reader, self._access(request, verdict), self._static_url(request))
        if not _wants_page(request):
            return Response(200, _headers("application/json"), render.to_json(render.plain(view.rows)))
        return _page(render.html("recent.html", view))

    def _traceback(self, request: Request, verdict: Verdict, entry: str, form: str | None) -> Response:
        found = self.registry.get(entry)
        forms = {".json": "json", ".md": "markdown", ".txt": "text", None: "html"}
        return self._entry_response(found, request, verdict, forms[form], status=200)

    def _frame(self, request: Request, verdict: Verdict, frame: str) -> Response:
        entry, found = self.registry.frame(frame)
        with Describer(self.settings.limits, self.redactor) as describer:
            builder = self._builder(entry, request, verdict, describer)
            if "x-debugkit" in request.headers:
                return _page(render.html("frame.html", builder.frame_page(found)))
            return _page(render.html("traceback.html", builder.page(found)))

    def _source(self, request: Request, verdict: Verdict, frame: str) -> Response:
        entry, found = self.registry.frame(frame)
        reader = self._reader(request, verdict)
        with Describer(self.settings.limits, self.redactor) as describer:
            source = FrameViews(entry, reader, describer, self.settings.limits).whole_source(found)
        short = short_filename(found.filename, library=found.library is not None)
        view = SourcePageView(
            title=f"{short}:{found.lineno}",
            filename=found.filename,
            short_filename=short,
            lineno=found.lineno,
            source=source,
            back_url=frame_url(entry, found, reader),
            editor_url=editor_url(found, reader),
            static_url=self._static_url(request),
        )
        return _page(render.html("source.html", view))

    def _evaluate(self, request: Request, verdict: Verdict, frame: str) -> Response:
        entry, found = self.registry.frame(frame)
        source = _text_field(self._json_body(request), "source")
        events = self._console(entry, found).evaluate(source)
        return _stream(self._event_lines(events, entry))

    def _interrupt(self, request: Request, verdict: Verdict, frame: str) -> Response:
        entry, found = self.registry.frame(frame)
        return _json({"interrupted": self._console(entry, found).interrupt()})

    def _value(self, request: Request, verdict: Verdict, handle: str) -> Response:
        entry, value, name = self.registry.value(handle)
        offset = self._json_body(request).get("offset", 0)
        if type(offset) is not int or offset < 0:
            raise BadRequest('"offset" must be a whole number from 0 on.')
        with Describer(self.settings.limits, self.redactor) as describer:
            children = describer.children(value, name, offset)
        items = [
            {
                "label": child.label,
                "text": child.node.text,
                "type": child.node.type,
                "kind": child.node.kind,
                "redacted": child.node.redacted,
                "handle": entry.put_value(child.value, child.label) if child.node.openable else None,
            }
            for child in children.items
        ]
        return _json({"children": items, "next": children.next_offset, "total": children.total})

    def _unlock(self, request: Request, verdict: Verdict) -> Response:
        pin = _text_field(self._json_body(request), "pin")
        if self.gate.pin is None or not self.settings.evalex:
            raise Forbidden(self._locked_explanation(), code="no_pin")
        for line in self.announcement(f"{request.scheme}://{request.host}{_base(request, self.settings)}"):
            self._print_line(line)
        self.gate.check_pin(pin)
        return _json({"unlocked": True}, headers=(self._session(request),))

    def _unlock_link(self, request: Request, verdict: Verdict) -> Response:
        query = parse_qs(request.query, max_num_fields=10)
        self.gate.redeem(query.get("token", [""])[0])
        target = query.get("next", [""])[0]
        suffix = f"/{target}" if re.fullmatch(_ID, target) else ""
        location = f"{_base(request, self.settings)}/tracebacks{suffix}"
        return Response(302, (*_headers("text/plain"), ("Location", location), self._session(request)), b"")

    def _console_page(self, request: Request, verdict: Verdict) -> Response:
        base = _base(request, self.settings)
        if self.settings.console_path is None or not self.settings.evalex:
            raise NotFound("The standalone console is off. Give DebuggedApplication a console_path to switch it on.")
        for line in self.announcement(f"{request.scheme}://{request.host}{base}"):
            self._print_line(line)
        unlocked = verdict.level is Level.DEVELOPER
        view = ConsolePageView(
            evaluate_url=f"{base}/console/evaluate" if unlocked else "",
            interrupt_url=f"{base}/console/interrupt" if unlocked else "",
            access=self._access(request, verdict),
            static_url=self._static_url(request),
        )
        return _page(render.html("console.html", view))

    def _console_evaluate(self, request: Request, verdict: Verdict) -> Response:
        source = _text_field(self._json_body(request), "source")
        return _stream(self._event_lines(self._standalone_console().evaluate(source), None))

    def _console_interrupt(self, request: Request, verdict: Verdict) -> Response:
        return _json({"interrupted": self._standalone_console().interrupt()})

    # What handlers share

    def _entry_response(
        self, entry: Entry, request: Request, verdict: Verdict, form: str, *, status: int
    ) -> Response:
        if form == "text":
            text = self.redactor.text(entry.captured.text)
            site = f"{request.scheme}://{request.host}" if request.host else ""
            url = f"{site}{_base(request, self.settings)}/tracebacks/{entry.id}"
            return Response(status, _headers("text/plain; charset=utf-8"), f"{text}\nDebugger page: {url}\n".encode())
        with Describer(self.settings.limits, self.redactor) as describer:
            builder = self._builder(entry, request, verdict, describer)
            if form == "html":
                return _page(render.html("traceback.html", builder.page()), status=status)
            if form == "markdown":
                return Response(
                    status, _headers("text/markdown; charset=utf-8"), render.markdown(builder.markdown_page())
                )
            kind = "application/problem+json" if status >= 400 else "application/json"
            developer = verdict.level is Level.DEVELOPER
            body = render.problem(builder.page(), entry.captured, values=builder.app_values(), ids=developer,
                                  clean=self.redactor.text)
            return Response(status, _headers(kind), body)

    def _builder(self, entry: Entry, request: Request, verdict: Verdict, describer: Describer) -> PageBuilder:
        return PageBuilder(
            entry,
            self._reader(request, verdict),
            self._access(request, verdict),
            describer,
            self.settings.limits,
            self._static_url(request),
        )

    def _reader(self, request: Request, verdict: Verdict) -> Reader:
        developer = verdict.level is Level.DEVELOPER
        return Reader(
            base=_base(request, self.settings),
            values=developer or verdict.local,
            developer=developer,
            evalex=self.settings.evalex,
            pin=self.gate.pin is not None,
            editor=self.settings.editor,
        )

    def _access(self, request: Request, verdict: Verdict) -> AccessView:
        developer = verdict.level is Level.DEVELOPER
        can_unlock = not developer and self.settings.evalex and self.gate.pin is not None
        return AccessView(
            level="developer" if developer else "visitor",
            unlock_url=f"{_base(request, self.settings)}/unlock" if can_unlock else "",
            notice="" if developer else self._locked_explanation(),
        )

    def _static_url(self, request: Request) -> str:
        return f"{_base(request, self.settings)}/static/{assets.static_key()}/"

    def _session(self, request: Request) -> tuple[str, str]:
        return ("Set-Cookie", self.gate.session_cookie(request.root, secure=request.scheme == "https"))

    def _json_body(self, request: Request) -> Mapping[str, Any]:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise UnsupportedMedia("Send the body as application/json.")
        limit = self.settings.limits.request_body
        body = request.read_body(limit)
        if len(body) > limit:
            raise BodyTooLarge(f"The body is larger than {limit:,} bytes.")
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            raise BadRequest("The body is not valid JSON.") from None
        if not isinstance(data, dict):
            raise BadRequest("The body must be a JSON object.")
        return data

    def _console(self, entry: Entry, frame: CapturedFrame) -> Console:
        def make() -> Console:
            return Console(
                frame.frame,
                limits=self.settings.limits,
                context=entry.context,
                context_managers=entry.context_managers,
            )

        if frame.frame is None:
            raise NotFound("Nothing ran in this frame: there is no console.")
        return entry.console(frame.index, make)

    def _standalone_console(self) -> Console:
        if self.settings.console_path is None:
            raise NotFound("The standalone console is off. Give DebuggedApplication a console_path to switch it on.")
        if self._standalone is None:
            make = self.settings.console_init_func
            self._standalone = Console(None, limits=self.settings.limits, names=make() if make else {})
        return self._standalone

    def _event_lines(self, events: Iterator[Event], entry: Entry | None) -> Iterator[bytes]:
        """Events as NDJSON, one a line. Closing this closes ``events``, which interrupts the command."""
        try:
            for event in events:
                yield render.to_json(self._event_data(event, entry)) + b"\n"
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                close()

    def _event_data(self, event: Event, entry: Entry | None) -> dict[str, Any]:
        match event:
            case Output(stream, text):
                return {"kind": "output", "stream": stream, "text": text}
            case Failure(text):
                return {"kind": "error", "text": text}
            case Done(status, seconds):
                return {"kind": "done", "status": status, "seconds": round(seconds, 6)}
            case Result(text, value, name):
                with Describer(self.settings.limits, self.redactor) as describer:
                    node = describer.describe(value, name)
                handle = entry.put_value(value, name) if entry and node.openable else None
                data = {"text": node.text, "type": node.type, "kind": node.kind, "handle": handle}
                return {"kind": "value", "text": text, "node": data}
        raise TypeError(event)


def _base(request: Request, settings: Settings) -> str:
    return f"{request.root}{settings.mount}"


def _wants_page(request: Request) -> bool:
    return "x-debugkit" not in request.headers and negotiate.preferred(request.headers) == "html"


def _headers(content_type: str) -> tuple[tuple[str, str], ...]:
    return (*SECURITY_HEADERS, ("Content-Type", content_type))


def _page(body: bytes, *, status: int = 200) -> Response:
    return Response(status, _headers("text/html; charset=utf-8"), body)


def _json(data: object, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    return Response(status, (*_headers("application/json"), *headers), render.to_json(data))


def _stream(lines: Iterator[bytes]) -> Response:
    # Proxies must not gather the events: nginx and others honour this header.
    return Response(200, (*_headers("application/x-ndjson"), ("X-Accel-Buffering", "no")), lines)


def _bare(status: int, text: str) -> Response:
    """An answer that says nothing of a debugger."""
    return Response(status, (("Content-Type", "text/plain; charset=utf-8"),), f"{text}\n".encode())


def _text_field(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise BadRequest(f'The body needs "{name}", a text.')
    return value
