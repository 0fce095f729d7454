"""DebuggedApplication: PEP 3333 on both sides, `Request` and `Response` in the middle.

The overhead for a successful request is confined to `__call__` and `_guard`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from functools import partial
from io import IOBase
from types import GeneratorType
from typing import TYPE_CHECKING

from debugkit.debug import wsgi_applications
from debugkit.debug.adapter import Adapter, applications_part
from debugkit.debug.frameworks.framework import Failure
from debugkit.debug.frameworks.noting import PRESERVE_CONTEXT, RequestNotes
from debugkit.debug.http import responses
from debugkit.debug.http.context import RequestContext
from debugkit.debug.http.error_response import TRACEBACK_HEADER
from debugkit.debug.http.routes import respond
from debugkit.debug.messages import Response
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.replay.replay import Replay
from debugkit.debug.replay.wsgi import send_again
from debugkit.debug.request_snapshot import record_body, take_snapshot
from debugkit.debug.safe import inspection
from debugkit.debug.timeline.sources import begin_request
from debugkit.debug.timeline.timeline import Timeline
from debugkit.debug.wsgi_conformance import Exchange, close, is_closing, stops_the_program
from debugkit.debug.wsgi_gateway import make_failed_request, make_request, send, tell
from debugkit.raised import traceback_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment  # noqa: F401 - named in a text below


class DebuggedApplication(Adapter["WSGIApplication"]):
    """WSGI middleware that answers an unexpected exception with the debugger's page.

    ``app``: the application to debug.
    ``evalex``: give each frame a console (behind the PIN).
    ``request_key``: has no meaning; accepted because Werkzeug does.
    ``console_path``: the path of a standalone console, such as ``"/console"``; `None` for none.
    ``console_init_func``: returns the names that the standalone console starts with.
    ``show_hidden_frames``: show frames that set ``__traceback_hide__``.
    ``pin_security``: ask for the PIN. Without it, only requests from this computer may run code.
    ``pin_logging``: print the PIN and the one-time link in the terminal.
    ``trusted_hosts``: names that the Host header may carry beside localhost and IP addresses; ``*.example.test``
    matches all names below one. Without a port.
    ``trusted_peers``: networks (CIDR) that clients may come from beside this computer and private networks.
    ``pin``: the PIN, at least four digits; ``"off"`` for none; `None` to derive one from the machine, the user and the
    application.
    ``state_dir``: the folder for the secret behind the PIN; `None` for the user's state folder.
    ``session_lifetime``: seconds until an unlocked browser must enter the PIN again.
    ``link_lifetime``: seconds in which the one-time link can be opened.
    ``mount``: the path of the debugger's own addresses, below SCRIPT_NAME.
    ``editor``: the editor that links open: a name such as ``"vscode"``, or a URL with ``{path}`` and ``{line}``; `None`
    for the one that is chosen on the page.
    ``editor_paths``: where the editor has the folders of the server, such as ``["/app=~/shop"]``.
    ``redact``: more names (of variables, keys, headers) whose values are never shown.
    ``timeline``: keep the log records, warnings and SQL (of SQLAlchemy) of each request for the page of its error.
    ``limits``: bounds on what is kept and shown; see `debugkit.Limits`.
    ``identity``: names the application for the PIN; `None` to derive it. Applications with the same name share PIN and
    sessions.

    Arguments that are `None` or empty are completed by environment variables, such as ``WERKZEUG_DEBUG_PIN``. Raises
    `debugkit.ConfigurationError` when ``app`` is no WSGI application, or when an argument or variable cannot work.
    """

    refusal = staticmethod(wsgi_applications.refusal)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(self._reserved) and self._is_ours(path):
            ours = self._serve(environ, start_response)
            if ours is not None:
                return ours
        if not self._timeline:
            return self._call(environ, start_response, path, None)
        timeline = begin_request()
        body = None
        try:
            body = self._call(environ, start_response, path, timeline)
        finally:
            if type(body) is not GeneratorType:  # that of `_guard` ends it
                timeline.end()
        return body

    def _call(
        self, environ: WSGIEnvironment, start_response: StartResponse, path: str, timeline: Timeline | None
    ) -> Iterable[bytes]:
        notes = RequestNotes()
        notes.root, notes.peer = environ.get("SCRIPT_NAME"), environ.get("REMOTE_ADDR")
        notes.path, notes.size = path, len(environ)
        environ[PRESERVE_CONTEXT] = notes.add
        if environ.get("CONTENT_LENGTH") or "HTTP_TRANSFER_ENCODING" in environ:
            record_body(environ, self._recorded_body)
        exchange = Exchange(self.app, environ, start_response)
        try:
            body = self.app(environ, exchange.start)
        except BaseException as error:  # SystemExit too: a view that calls exit() must not end the server
            if stops_the_program(error):
                raise
            return self._failed(error, environ, start_response, notes, exchange)
        if exchange.failure:
            answered = noted(exchange, notes) or exchange.refused(body)
            if answered is not None:
                try:
                    return self._failed(answered, environ, start_response, notes, exchange)
                finally:
                    close(body)
            self._explain(environ, exchange)
        kind = type(body)
        if kind is list or kind is tuple:
            mistake = exchange.wrong_whole(body)  # type: ignore[arg-type]
        elif kind is not GeneratorType and (kind is environ.get("wsgi.file_wrapper") or isinstance(body, IOBase)):
            # Servers send a file faster than by iterating, and know it only by its identity.
            mistake = exchange.not_started(body)
        else:
            mistake = None if kind is GeneratorType else exchange.wrong_kind(body)
            if mistake is None:
                guarded = self._guard(body, environ, start_response, notes, exchange, timeline)
                next(guarded)
                return guarded
        if mistake is None:
            return body
        close(body)
        return self._failed(mistake, environ, start_response, notes, exchange)

    def _guard(
        self,
        body: Iterable[bytes],
        environ: WSGIEnvironment,
        start_response: StartResponse,
        notes: RequestNotes,
        exchange: Exchange,
        timeline: Timeline | None,
    ) -> Generator[bytes, None, None]:
        """The application's body, watched. Started once by `_call`, so that closing it always closes ``body``."""
        iterator: Iterable[bytes] | None = None
        failure: BaseException | None = None
        delegated = False
        try:
            try:
                yield b""
                iterator = iter(body)
                for part in iterator:
                    if type(part) is bytes and exchange.free:
                        yield part
                        delegated = True
                        # What may still be wrong is the type of a part, and that the server says.
                        yield from iterator
                        break
                    failure = noted(exchange, notes) or exchange.wrong_part(part, body)
                    if failure is None and exchange.failure:
                        failure = exchange.refused(body)
                    if failure is not None:
                        break
                    yield part
                else:
                    failure = noted(exchange, notes) or exchange.wrong_end(body) or exchange.refused(body)
            except BaseException as error:
                if stops_the_program(error):
                    raise
                if is_closing(error):
                    if delegated and iterator is body:  # `yield from` has closed it already
                        body = ()
                    elif not delegated and iterator is not None and iterator is not body:
                        close(iterator)
                    raise
                failure = error
            if failure is not None:
                yield from self._failed(failure, environ, start_response, notes, exchange)
        finally:
            failure = None  # this frame is in its traceback: no cycle
            if exchange.failure:
                self._explain(environ, exchange)
            try:
                close(body)
            finally:
                if timeline is not None:
                    timeline.end()

    def _failed(
        self,
        error: BaseException,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        notes: RequestNotes,
        exchange: Exchange,
    ) -> Iterable[bytes]:
        """Register ``error`` and answer with its page, or raise it again when the answer has begun already."""
        # Our own server says so: nobody's mistake, and nobody reads.
        if inspection.class_attribute(type(error), "client_is_gone") is True:
            raise error
        printed = bool(exchange.failure and notes.printed)
        exchange.failure, exchange.error, notes.error = "", None, None
        report: Callable[..., str] | None = None
        try:
            response, report = self._response(error, environ, notes, exchange)
        except KeyboardInterrupt:
            raise
        except BaseException as defect:  # the debugger must not become the second exception: the client is waiting
            self.debugger.tell_defect(defect)
            response = responses.bare(500, "Internal Server Error")
        late = False
        # An application that has not called `start_response` leaves it to us to do so first, as any answer does.
        exc_info = (type(error), error, traceback_of(error)) if exchange.is_passed_on else None
        exchange.take_back()
        try:
            # PEP 3333: raises `exc_info` again when the headers are on their way, which makes the server drop the
            # connection: a client must never take what it has for the whole.
            return send(response, environ, start_response, exc_info)
        except BaseException as raised:
            late = raised is error
            raise
        finally:
            # Servers log what reaches them: then only the link is new.
            if report is not None:
                self._tell(environ, report, text=not (late or printed))
            del exc_info, error

    def _explain(self, environ: WSGIEnvironment, exchange: Exchange) -> None:
        """Report, once, that the application answered 5xx itself, and what would bring up a page."""
        status, exchange.failure = exchange.failure, ""
        if explanation := self._explanation(status, exchange.headers or []):
            tell(environ, f"{explanation}\n")

    def _response(
        self, error: BaseException, environ: WSGIEnvironment, notes: RequestNotes, exchange: Exchange
    ) -> tuple[Response, Callable[..., str]]:
        """Keep ``error``, and answer in the form that the client can use; with it, what says so in the terminal."""
        failure = Failure(environ, applications_part(traceback_of(error), __name__), notes.managers)
        request = make_failed_request(environ, self._mount)
        entry = self._keep(error, failure, take_snapshot(environ, root=request.root), notes.context_now())
        context = RequestContext(self.debugger, request)
        report = partial(self.debugger.report, entry, context.request, context.viewer)
        return self._answer(context, entry, exchange.headers or []), report

    def _tell(self, environ: WSGIEnvironment, report: Callable[..., str], *, text: bool) -> None:
        try:
            tell(environ, report(text=text))
        except Exception as defect:
            self.debugger.tell_defect(defect)

    def _send_again(self, entry: ErrorRecord) -> Replay:
        assert entry.request is not None
        return send_again(self, entry.request)

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes] | None:
        """The debugger's answer; `None` when the request is a stranger's, which the application gets."""
        request = make_request(environ, self._mount, console_path=self.settings.console_path)
        response = respond(self.debugger, request)
        if response is None:
            return None
        environ["debugkit.own"] = True  # for access logs: this request is not the application's
        return send(response, environ, start_response)


def noted(exchange: Exchange, notes: RequestNotes) -> BaseException | None:
    """The exception that the application is answering 5xx for, unless it does so with a page of the debugger."""
    error = notes.error or exchange.error
    if error is None or not exchange.failure or TRACEBACK_HEADER in dict(exchange.headers or ()):
        return None
    return error
