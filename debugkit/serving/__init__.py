"""The development server: HTTP/1.1, TLS, processes and the reloader. Imports nothing of the debugger.

The rooms, lowest first:

============  =========================================================================================================
http          one connection: transport, head, environ (PEP 3333), body, response (RFC 9110, RFC 9112)
tls           certificates for development, contexts, the transport that speaks TLS
middleware    static files; one request at a time
watching      which files count, what they hold, and when they change
reloading     the supervisor, its workers, and what they say to each other
============  =========================================================================================================

``server`` accepts connections (``connections``) and gives each to a thread (``thread_pool``); ``processes`` does so in
several processes; ``config`` configures both, and has the time line of how things end. ``listen`` opens sockets,
``addresses`` names them, ``log`` prints, ``forks`` sees to what applications fork.

- One request: server -> connections -> thread_pool -> http.connection -> http.environ -> the application ->
  http.response -> http.transport.
- One save: watching.inotify -> watching.watcher -> watching.file_tree -> reloading.supervisor -> reloading.workers ->
  (a new process) debugkit.runner.worker -> reloading.control -> the program, which serves from the same sockets.

Words of the product: the *supervisor* holds sockets and watcher and imports nothing of the user's; a *worker* serves; a
*spare* worker waits, its interpreter started, for the next save; a *preloaded* process has imported what is installed
and what the last worker needed, and is what workers are forked from where they start *warm*.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from debugkit.runner.run import run_simple
    from debugkit.serving.reloading.control import is_running_from_reloader
    from debugkit.serving.server import make_server
    from debugkit.serving.tls.certificates import generate_adhoc_ssl_context, load_ssl_context, make_ssl_devcert

__all__ = [
    "generate_adhoc_ssl_context",
    "is_running_from_reloader",
    "load_ssl_context",
    "make_server",
    "make_ssl_devcert",
    "run_simple",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("debugkit"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
