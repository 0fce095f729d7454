"""An interactive debugger page for Python web applications, and a server to develop with.

Importing this package costs almost nothing and changes nothing: names are loaded when they are used (PEP 562).
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # what type checkers take for true; importing `typing` for it would cost more than all the rest
if TYPE_CHECKING:
    from debugkit.debug.adapter import capture as capture
    from debugkit.debug.asgi.application import DebuggedASGIApplication as DebuggedASGIApplication
    from debugkit.debug.wsgi import DebuggedApplication as DebuggedApplication
    from debugkit.errors import ConfigurationError as ConfigurationError
    from debugkit.errors import DebugkitError as DebugkitError
    from debugkit.hooks import after_start as after_start
    from debugkit.hooks import before_reload as before_reload
    from debugkit.hooks import on_change as on_change
    from debugkit.runner.run import run_simple as run_simple
    from debugkit.serving.reloading.control import is_running_from_reloader as is_running_from_reloader
    from debugkit.serving.server import make_server as make_server
    from debugkit.serving.tls.certificates import generate_adhoc_ssl_context as generate_adhoc_ssl_context
    from debugkit.serving.tls.certificates import load_ssl_context as load_ssl_context
    from debugkit.serving.tls.certificates import make_ssl_devcert as make_ssl_devcert
    from debugkit.settings import Limits as Limits
    from debugkit.settings import Settings as Settings

__version__ = "0.1.0"

#: The working directory before anything that comes after this import has changed it: where the reloader starts the
#: program again. Empty when it was gone already.
try:
    _folder = os.getcwd()  # noqa: PTH109 - `pathlib` would cost more than all the rest too
except OSError:
    _folder = ""

#: Where each public name lives.
_HOMES = {
    "ConfigurationError": "debugkit.errors",
    "DebugkitError": "debugkit.errors",
    "DebuggedASGIApplication": "debugkit.debug.asgi.application",
    "DebuggedApplication": "debugkit.debug.wsgi",
    "Limits": "debugkit.settings",
    "Settings": "debugkit.settings",
    "after_start": "debugkit.hooks",
    "before_reload": "debugkit.hooks",
    "capture": "debugkit.debug.adapter",
    "generate_adhoc_ssl_context": "debugkit.serving.tls.certificates",
    "is_running_from_reloader": "debugkit.serving.reloading.control",
    "load_ssl_context": "debugkit.serving.tls.certificates",
    "make_server": "debugkit.serving.server",
    "make_ssl_devcert": "debugkit.serving.tls.certificates",
    "on_change": "debugkit.hooks",
    "run_simple": "debugkit.runner.run",
}

__all__ = ["__version__", *sorted(_HOMES)]  # the table above is the one place that lists the names


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
