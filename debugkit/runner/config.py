"""How to serve, as plain values, and what they make of an application: the one place where the wings meet.

The server gets sockets and a context, the application its debugger and its static files. Starts nothing.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from debugkit.errors import ConfigurationError
from debugkit.runner.protocols import protocol_of
from debugkit.serving.listen import AddressInUse, listen, parse_address
from debugkit.serving.log import Log
from debugkit.state import user_folder

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from debugkit.debug.adapter import Adapter
    from debugkit.debug.debugger import Debugger

#: An application of either protocol.
Application = Any

#: The ports that are tried when none was asked for. Not 5000, which macOS keeps for itself.
PORTS = range(8000, 8010)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How to serve: what `run_simple`, the command line and the frameworks' commands have in common."""

    addresses: tuple[str, ...] = ("127.0.0.1",)
    port: int | None = None  # for addresses that name none; `None`: the first free one of `PORTS`
    debugger: Mapping[str, Any] | None = None  # the settings of `DebuggedApplication`; `None`: no debugger
    reload: bool = False
    roots: tuple[str, ...] = ()  # folders whose Python files are watched; none: where the program's modules are
    extra_files: tuple[str, ...] = ()
    exclude_patterns: tuple[str, ...] = ()
    reloader_type: str = "auto"
    reloader_interval: float = 1.0
    reload_mode: str | None = None  # this and what follows, `None`: as the environment says
    preload: tuple[str, ...] | None = None
    timing: bool | None = None
    threaded: bool = True
    processes: int = 1
    static_files: Any = None
    passthrough_errors: bool = False
    post_mortem: bool = False  # an error opens pdb in the terminal before its page
    ssl_context: Any = None
    title: str = "debugkit serves your application at"
    log: Log | None = None  # gets the requests; `None`: they are written to the terminal
    environ: Mapping[str, str] = field(default_factory=dict)  # variables that workers find set
    only_workers_load: bool = False  # its identity is among the settings of the debugger then


def listen_on(choices: Choices, log: Log, *, candidates: Sequence[int] = PORTS) -> list[socket.socket]:
    """Sockets that listen on the addresses; on the first free port of ``candidates`` when none was asked for."""
    texts = choices.addresses
    if choices.port is not None:
        return listen([parse_address(text, choices.port) for text in texts])
    for candidate in candidates:
        try:
            sockets = listen([parse_address(text, candidate) for text in texts])
        except AddressInUse:
            if all(parse_address(text, 1) == parse_address(text, 2) for text in texts):
                raise  # each address names its port
            continue
        if candidate != candidates[0]:
            log.say(f"Port {candidates[0]} is in use: using {candidate} instead.")
        return sockets
    raise AddressInUse(f"Ports {candidates[0]} to {candidates[-1]} are all in use: choose another one with --port.")


def tls_context(choices: Choices, adhoc: str | None = None) -> Any:
    """The context to serve with; ``adhoc`` is the certificate that a supervisor has found for all its workers."""
    if choices.ssl_context is None:
        return None
    from debugkit.serving.tls.certificates import context_of, make_context

    if choices.ssl_context == "adhoc" and adhoc:
        return context_of(adhoc)
    return make_context(choices.ssl_context, named_hosts(choices), folder=user_folder())


def adhoc_certificate(choices: Choices) -> str | None:
    """The certificate with its key where one is to be found or made; `None` where the choices name another or none."""
    if choices.ssl_context != "adhoc":
        return None
    from debugkit.serving.tls.certificates import adhoc_pem

    return adhoc_pem(named_hosts(choices), folder=user_folder())


def named_hosts(choices: Choices) -> list[str]:
    return [parse_address(text, 0).host for text in choices.addresses]


def wrap(application: Application, choices: Choices) -> tuple[Application, Debugger | None]:
    """The application with all that the choices put around it, and the debugger among that.

    Raises `ConfigurationError` for choices that an ASGI application cannot be served with.
    """
    if protocol_of(application) == "asgi":
        require_asgi_choices(choices)
        application = take_out_debugger(application)
    wrapped, identity = debugger_of(application), identity_of(application, choices)
    if not choices.threaded:
        application = serialize(application, wrapped)
    if choices.static_files:
        from debugkit.serving.middleware.static_files import StaticFiles

        application = StaticFiles(application, choices.static_files)
    if wrapped is None and choices.debugger is not None:
        application = wrap_in_debugger(application, **{**choices.debugger, **identity})
        wrapped = debugger_of(application)
    return application, wrapped.debugger if wrapped else None


def require_asgi_choices(choices: Choices) -> None:
    """Raise `ConfigurationError` for a choice that has no meaning in an event loop."""
    why = ""
    if not choices.threaded:
        why = "answers all requests in one event loop, not in turns (--no-threaded, --nothreading, threaded=False)."
    elif choices.static_files:
        why = "mounts its static files itself, and debugkit does not (--static-files, static_files)."
    elif choices.passthrough_errors:
        why = "cannot end the server by an error (--passthrough-errors, passthrough_errors): omit that."
    if why:
        raise ConfigurationError(f"An ASGI application {why}")


def identity_of(application: Application, choices: Choices) -> dict[str, str]:
    """What names the application for the PIN, whatever is put around it; nothing when the choices name it."""
    if choices.debugger is None or "identity" in choices.debugger:
        return {}
    from debugkit.debug.adapter import application_identity

    return {"identity": application_identity(application)}


def serialize(application: WSGIApplication, debugger: Adapter[Any] | None) -> WSGIApplication:
    """The application with requests that take turns; those of a debugger around it do not have to wait."""
    from debugkit.serving.middleware.serialize import Serialize

    if debugger is None:
        return Serialize(application)
    debugger.app = Serialize(debugger.app)
    return application


def wrap_in_debugger(application: Application, **settings: Any) -> Application:
    """The application in the debugger of its protocol, unless it is in one already."""
    if debugger_of(application):
        return application
    settings = {"timeline": True, **settings}
    if protocol_of(application) == "asgi":
        from debugkit.debug.asgi.application import DebuggedASGIApplication

        return DebuggedASGIApplication(application, **settings)
    from debugkit.debug.wsgi import DebuggedApplication

    return DebuggedApplication(application, **settings)


def debugger_of(application: Application) -> Adapter[Any] | None:
    """The debugger that the application is wrapped in, also below a Flask object. Loads nothing."""
    module = sys.modules.get("debugkit.debug.adapter")
    for candidate in (application, *(getattr(application, name, None) for name in ("wsgi_app", "app"))):
        if module is not None and isinstance(candidate, module.Adapter):
            return cast("Adapter[Any]", candidate)
    return None


def take_out_debugger(application: Application) -> Application:
    """The application in the debugger that its user has added to the middleware of Starlette or FastAPI.

    There it would be made with the first request, and know nothing of reloads.
    """
    module: Any = sys.modules.get("debugkit.debug.asgi.application")
    middleware: Any = getattr(application, "user_middleware", None)
    if module is None or not isinstance(middleware, list):
        return application
    for entry in middleware:
        if getattr(entry, "cls", None) is module.DebuggedASGIApplication:
            middleware.remove(entry)
            return entry.cls(application, *entry.args, **entry.kwargs)
    return application


def settings_for_workers(application: Application, choices: Choices) -> Mapping[str, Any] | None:
    """The settings for a debugger in another process that asks for the same PIN, as plain values."""
    wrapped = debugger_of(application)
    if wrapped is None:
        return choices.debugger and {**choices.debugger, **identity_of(application, choices)}
    kept = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in asdict(wrapped.settings).items()
        if name not in ("console_init_func", "limits") and value is not None
    }
    return {**kept, "identity": wrapped.identity}
