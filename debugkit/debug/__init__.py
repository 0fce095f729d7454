"""The debugger: an exception in, a page with a live console out. No sockets; protocols in ``wsgi`` and ``asgi`` alone.

The rooms, lowest first:

==================  ==================================================================================================
safe                meeting objects that may be hostile: inspection without running code, deadlines, text, no database
redaction           what must not be shown: by name, type, value and form
tracebacks          an exception as data: chain, groups, frames, message, suggestion, the standard library's text
access              who is asking and what they may: trust, PIN, lock-out, session
source              the lines around a frame, coloured, the failing expression marked, expressions evaluated
values              any object as a bounded preview and a tree to open
timeline            what a request did before it failed: log records, warnings, SQL
console             a command in a frame: names, transforms, streams, events, interrupt
completion          what can be typed next in a console, and what is typed already worth
causes              why it happened, in one sentence made of live values
page                view models and the templates that print them; JSON
handing_on          an error in the forms that are handed on: curl, Python, a test, a file to keep
replay              a captured request, sent once more to its application
processes           the owner of an error answers for it: relay, snapshots of those that are gone
http                the debugger's addresses: request context, routes, handlers, responses
frameworks          what a framework knows of an error, and how its errors reach the debugger
asgi                the middleware for ASGI: messages watched, answers held back, threads for all that would block
==================  ==================================================================================================

``registry`` keeps the errors, ``live`` notifies open pages, ``debugger`` is what lives as long as the
application, below ``http``. ``adapter`` is what the middlewares have in common, and ``wsgi`` the one for WSGI;
``startup_error`` replaces an application that failed to start.

- One failed request: wsgi -> debugger (tracebacks.capture, registry) -> http.context (access.trust) ->
  http.error_response -> page.builder (source, values, redaction) -> page.rendering -> http.responses -> wsgi.
- One console command: wsgi -> http.routes -> http.context (access) -> http.console_handlers -> console.console ->
  console.command -> values -> streamed events.
- A key typed in a console: wsgi -> http.routes -> http.context (access) -> http.completions ->
  completion.completer -> completion.target, names, evaluation -> values.
- The same in a process that has not got the error: wsgi -> http.routes -> http.relay -> processes.client -> (the owner)
  processes.listener -> http.owner -> http.routes -> as above.

- One replay: wsgi -> http.replay_handler -> debugger.send_again -> replay.wsgi (a thread) -> wsgi -> the application;
  what is recorded meanwhile is noted, and compared.

Words of the product: the *opened frame* is the one that a page shows with source, values and console: the nearest
of the application's own. A page *heals* when it re-runs its request after a save and the error is gone. The
*one-time link* is printed in the terminal and unlocks one browser.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from debugkit.debug.wsgi import DebuggedApplication

__all__ = ["DebuggedApplication"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("debugkit.debug.wsgi"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
