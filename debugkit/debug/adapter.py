"""What the adapters of all protocols have in common: keywords, the debugger they make, an error kept and answered.

Knows no protocol: a request comes as a `Request`, an answer goes as a `Response`.
"""

from __future__ import annotations

import contextvars
import sys
import weakref
from collections.abc import Callable, Iterable
from functools import partial
from os import PathLike
from types import FrameType, TracebackType
from typing import Any, Generic, TypeVar

from debugkit.debug.attributes import Attributes
from debugkit.debug.debugger import Debugger
from debugkit.debug.framework_report import FrameworkReport
from debugkit.debug.frameworks import known
from debugkit.debug.frameworks.framework import Failure
from debugkit.debug.http.context import RequestContext
from debugkit.debug.http.error_response import TRACEBACK_HEADER, failed_response
from debugkit.debug.http.owner import answer_siblings
from debugkit.debug.messages import Response
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.replay.replay import Replay
from debugkit.debug.request_snapshot import RequestSnapshot
from debugkit.debug.safe import thread_contexts
from debugkit.debug.safe.inspection import exact_str
from debugkit.debug.safe.text import clean
from debugkit.debug.timeline import sources
from debugkit.errors import ConfigurationError, DebugkitError, Gone
from debugkit.raised import traceback_of
from debugkit.settings import LINK_LIFETIME, MOUNT, SESSION_LIFETIME, Limits, Settings
from debugkit.terminal_text import quoted

Application = TypeVar("Application")
Headers = list[tuple[str, str]]

#: The headers that a later middleware cannot restore: which sites may read the answer (Fetch, section 3.3).
CORS_HEADERS = ("access-control-", "timing-allow-origin", "vary")

#: What is to be written in an INI file that names this class.
PASTE = "write use = egg:debugkit, or paste.filter_app_factory = debugkit.paste:filter_app_factory"

#: The debugger that `capture` registers with: the one made last that is still in use.
_latest: weakref.ref[Debugger] | None = None


class Adapter(Attributes, Generic[Application]):
    """An application, and the debugger around it. `debugkit.DebuggedApplication` documents the keywords."""

    #: Says why an object cannot be an application of the protocol, to follow its name in a sentence; "" when it can.
    refusal: Callable[[Any], str]

    def __init__(
        self,
        app: Application,
        evalex: bool = True,
        request_key: str | None = None,
        *,
        console_path: str | None = None,
        console_init_func: Callable[[], dict[str, Any]] | None = None,
        show_hidden_frames: bool = False,
        pin_security: bool = True,
        pin_logging: bool = True,
        trusted_hosts: Iterable[str] = (),
        trusted_peers: Iterable[str] = (),
        pin: str | None = None,
        state_dir: str | PathLike[str] | None = None,
        session_lifetime: float = SESSION_LIFETIME,
        link_lifetime: float = LINK_LIFETIME,
        mount: str = MOUNT,
        editor: str | None = None,
        editor_paths: Iterable[str] = (),
        redact: Iterable[str] = (),
        timeline: bool | None = None,
        limits: Limits | None = None,
        identity: str | None = None,
    ) -> None:
        global _latest
        if why := self.refusal(app):
            raise ConfigurationError(f"The application {why}")
        if isinstance(evalex, dict):
            raise ConfigurationError(f"PasteDeploy gives a filter its defaults and texts: {PASTE}.")
        self.app = app
        settings = Settings.from_environ(
            evalex=evalex,
            console_path=console_path,
            console_init_func=console_init_func,
            show_hidden_frames=show_hidden_frames,
            pin_security=pin_security,
            pin_logging=pin_logging,
            trusted_hosts=trusted_hosts,
            trusted_peers=trusted_peers,
            pin=pin,
            state_dir=state_dir,
            session_lifetime=session_lifetime,
            link_lifetime=link_lifetime,
            mount=mount,
            editor=editor,
            editor_paths=editor_paths,
            redact=redact,
            timeline=timeline,
            limits=limits or Limits(),
        )
        self.identity = identity or application_identity(app)
        self.debugger = Debugger(settings, self.identity)
        answer_siblings(self.debugger)
        self.debugger.application = app
        self.debugger.send_again = partial(_send_again, weakref.WeakMethod(self._send_again))
        #: Its answers 5xx need no word in the terminal, or have had it.
        self.explains_itself = False
        self._mount = settings.mount
        self._reserve()
        self._recorded_body = settings.limits.recorded_body
        self._timeline = settings.timeline
        if settings.timeline:
            sources.install()
        known.attach(app)
        _latest = weakref.ref(self.debugger)

    def _send_again(self, entry: ErrorRecord) -> Replay:
        """Send the request of an error to the application again."""
        raise NotImplementedError

    def _is_ours(self, path: str) -> bool:
        return path == self.settings.console_path or path == self._mount or path.startswith(f"{self._mount}/")

    def _keep(
        self,
        error: BaseException,
        failure: Failure,
        snapshot: RequestSnapshot,
        context: contextvars.Context,
    ) -> ErrorRecord:
        """Record an error, with what the framework knows of its request and has handed over with it."""
        if self.debugger.post_mortem is not None:
            self.debugger.post_mortem(error, failure.trace)
        managers = (*failure.managers, *known.managers(failure))
        thread_contexts.carry(context, managers)
        entry = self.debugger.record(
            error,
            failure.trace,
            request=snapshot,
            context=context,
            context_managers=managers,
            explain=partial(known.report, failure),
        )
        self.debugger.take_recorded()
        return entry

    def _answer(self, context: RequestContext, entry: ErrorRecord, sent: Headers) -> Response:
        """The error in the form that the client can use. ``sent`` are the headers that the application has sent."""
        response = failed_response(context, entry)
        # Only a page of a trusted origin is to read this: one that asks from elsewhere is a stranger's.
        if not sent or "origin" not in context.request.headers or context.viewer.is_stranger:
            return response
        return Response(response.status, (*response.headers, *kept_headers(sent, response.headers)), response.body)

    def _explanation(self, status: str, headers: Headers) -> str:
        """What to say, once, of an answer 5xx without an exception, and what would bring a page; else ""."""
        if self.debugger.take_recorded() or TRACEBACK_HEADER in dict(headers):
            return ""
        known.attach(self.app)  # what was imported or mounted since: its next error has a page
        if self.explains_itself:
            return ""
        self.explains_itself = True
        advice = known.advice(self.app)
        sentence = f" * The application answered {quoted(status[:3])} itself: no exception reached the debugger."
        return f"{sentence}\n   {advice}"


def _send_again(method: weakref.WeakMethod[Callable[[ErrorRecord], Replay]], entry: ErrorRecord) -> Replay:
    """By a debugger, which does not keep its adapter alive."""
    send_again = method()
    if send_again is None:
        raise Gone("The application of this error is gone.")
    return send_again(entry)


def kept_headers(sent: Headers, ours: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """The application's own headers that decide which sites may read the answer."""
    taken = {name.lower() for name, _ in ours}
    for name, value in sent:
        lower = name.lower()
        if lower.startswith(CORS_HEADERS) and (lower not in taken or lower == "access-control-expose-headers"):
            yield name, value


def applications_part(trace: TracebackType | None, adapter: str) -> TracebackType | None:
    """A traceback without the line of the module ``adapter`` that called the application, if it begins there."""
    if trace is not None and trace.tb_frame.f_globals.get("__name__") == adapter:
        return trace.tb_next
    return trace


def capture(exc: BaseException) -> str:
    """Register an exception that was caught, and return the address of its page (a path, as on the server).

    For frameworks and jobs that handle errors themselves. The error joins the recent ones of the
    `DebuggedApplication` or `DebuggedASGIApplication` that was made last. Raises `debugkit.DebugkitError` when there
    is none.
    """
    debugger = _latest() if _latest is not None else None
    if debugger is None:
        raise DebugkitError("There is no debugger yet: wrap the application in debugkit.DebuggedApplication first.")
    report = FrameworkReport(captured_at=_place(sys._getframe(1)))
    entry = debugger.record(exc, traceback_of(exc), context=contextvars.copy_context(), explain=lambda captured: report)
    return f"{debugger.settings.mount}/tracebacks/{entry.id}"


def _place(frame: FrameType) -> str:
    code = frame.f_code
    return clean(f"{exact_str(code.co_filename)}:{frame.f_lineno} in {exact_str(code.co_qualname)}")


def application_identity(app: object) -> str:
    """What names an application across restarts: where its callable is defined, and the program that runs it."""
    named = app if hasattr(app, "__qualname__") else type(app)
    return f"{getattr(named, '__module__', '')}:{getattr(named, '__qualname__', '')}:{sys.argv[0] if sys.argv else ''}"
