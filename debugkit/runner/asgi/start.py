"""Makes the server of an ASGI application. Loads uvicorn, and all that belongs to ASGI, only then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from debugkit.debug.frameworks import known
from debugkit.errors import ConfigurationError
from debugkit.serving.log import Log

if TYPE_CHECKING:
    import socket
    import ssl

    from debugkit.runner.asgi.server import AsgiServer

#: What the server needs, with what uvicorn imports when it starts.
MODULES = (
    "debugkit.debug.asgi.application",
    "debugkit.runner.asgi.server",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "uvloop",
)
#: Django has no lifespan: an exception at its start says so.
WITHOUT_LIFESPAN = ("Django",)


def make_asgi_server(
    sockets: list[socket.socket],
    application: Any,
    *,
    log: Log | None,
    ssl_context: ssl.SSLContext | None,
    on_stop: Sequence[Callable[[], None]],
    **moments: Any,
) -> AsgiServer:
    """A server for an ASGI application; ``moments`` are callbacks of an `AsgiConfig`. Raises `ConfigurationError`."""
    try:
        from debugkit.runner.asgi.server import AsgiConfig, AsgiServer
    except ModuleNotFoundError as error:
        if error.name != "uvicorn":
            raise
        raise ConfigurationError(
            "This is an ASGI application, which debugkit serves with uvicorn, and that is not installed: "
            "pip install 'debugkit[asgi]'"
        ) from error
    config = AsgiConfig(
        app=application,
        known_lifespan=has_lifespan(application),
        ssl_context=ssl_context,
        log=log or Log(),
        on_stop=on_stop,
        **moments,
    )
    return AsgiServer(sockets, config)


def has_lifespan(application: Any) -> bool:
    """Whether the application is of a framework that has a lifespan."""
    return any(framework.name not in WITHOUT_LIFESPAN for framework, _ in known.known_in(application))
