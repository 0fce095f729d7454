"""``config.include("debugkit.pyramid")``: the debugger inside a Pyramid application, whichever server it has.

The debugger is a tween around all others: an exception that an exception view handles never gets there. Settings are
those of the application's registry that begin with ``debugkit.``, as texts or as what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from debugkit.debug.frameworks.pyramid import REQUEST, TOOLBAR
from debugkit.debug.wsgi import DebuggedApplication
from debugkit.paste import DEBUGGER, converted

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Handler = Callable[[Any], Any]
PREFIX = "debugkit."


def includeme(config: Any) -> None:
    """Called by `pyramid.config.Configurator.include`, or for a line of ``pyramid.includes``."""
    # pyramid_debugtoolbar, included before or after this, would show each error on a page of its own.
    config.add_settings({TOOLBAR: False})
    config.add_tween("debugkit.pyramid.tween_factory")


def tween_factory(handler: Handler, registry: Any) -> Handler:
    """Raises `ConfigurationError` for a setting that cannot work."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer: Iterable[bytes] = handler(environ[REQUEST])(environ, start_response)
        return answer

    identity = f"{registry.package_name} (Pyramid)"
    debugged = DebuggedApplication(application, **{"identity": identity, **settings_of(registry.settings or {})})

    def tween(request: Any) -> Any:
        request.environ[REQUEST] = request
        return request.get_response(debugged)

    return tween


def settings_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Keywords for the debugger. What is no text is what it should be already: `DebuggedApplication` sees to that."""
    own = {key.removeprefix(PREFIX): value for key, value in settings.items() if key.startswith(PREFIX)}
    texts_of = {key: value for key, value in own.items() if isinstance(value, str)}
    return {**own, **converted(texts_of, DEBUGGER, PREFIX)}
