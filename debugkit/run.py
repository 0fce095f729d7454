"""run_simple, and the one place below the command line where the server and the debugger meet."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from debugkit.errors import ConfigurationError
from debugkit.serving.log import Log, banner
from debugkit.serving.server import THREADS, Server, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from debugkit.debug.wsgi import DebuggedApplication


def run_simple(
    hostname: str,
    port: int,
    application: WSGIApplication,
    *,
    use_reloader: bool = False,
    use_debugger: bool = False,
    use_evalex: bool = True,
    extra_files: Iterable[str] | None = None,
    exclude_patterns: Iterable[str] | None = None,
    reloader_interval: float = 1,
    reloader_type: str = "auto",
    threaded: bool = True,
    processes: int = 1,
    request_handler: type | None = None,
    static_files: Mapping[str, Any] | None = None,
    passthrough_errors: bool = False,
    ssl_context: Any = None,
) -> None:
    """Serve ``application`` until SIGINT, SIGTERM or an error. The arguments are those of Werkzeug's `run_simple`.

    ``port`` 0 means any free one. ``use_debugger`` wraps the application in `DebuggedApplication`, ``use_evalex`` gives
    its frames a console. ``threaded=False`` answers one request at a time. ``passthrough_errors`` raises the
    application's exception from here. ``extra_files``, ``exclude_patterns``, ``reloader_interval`` and
    ``reloader_type`` mean something only with a reloader.
    Raises `debugkit.ConfigurationError` for what this version does not offer, and `debugkit.DebugkitError` when the
    address cannot be listened on.
    """
    _refuse("use_reloader", use_reloader, "leave it out, and start the server again after a change")
    _refuse("processes", processes != 1, "leave it at 1, or serve with gunicorn")
    _refuse("request_handler", request_handler is not None, "leave it out, and put what it does into a WSGI middleware")
    _refuse("static_files", static_files, "leave it out, and let the application serve them")
    _refuse("ssl_context", ssl_context is not None, "leave it out, and use http, or put a proxy with TLS in front")
    if use_debugger:
        application = debugged(application, evalex=use_evalex)
    threads = THREADS if threaded else 1
    server = make_server(hostname, port, application, threads=threads, passthrough_errors=passthrough_errors)
    serve(server, application, Log(), "debugkit is serving your application at")


def debugged(application: WSGIApplication, **settings: Any) -> WSGIApplication:
    """The application in a `DebuggedApplication`, unless it is in one already."""
    from debugkit.debug.wsgi import DebuggedApplication

    return application if debugger_of(application) else DebuggedApplication(application, **settings)


def debugger_of(application: WSGIApplication) -> DebuggedApplication | None:
    """The debugger that the application is wrapped in, also below a Flask object. Loads nothing."""
    module = sys.modules.get("debugkit.debug.wsgi")
    for candidate in (application, getattr(application, "wsgi_app", None)):
        if module is not None and isinstance(candidate, module.DebuggedApplication):
            return cast("DebuggedApplication", candidate)
    return None


def serve(server: Server, application: WSGIApplication, log: Log, title: str) -> int:
    """Print the banner and serve until stopped. Returns the number of the signal that ended it, or 0."""
    notes: list[str] = []
    if debugger := debugger_of(application):
        debugger.trust_host(server.name)
        notes = debugger.banner(server.url)
    log.say(banner(title, log.bold(server.url), notes))
    return server.serve_forever()


def _refuse(name: str, given: object, advice: str) -> None:
    if given:
        raise ConfigurationError(f"run_simple does not offer {name} yet: {advice}.")
