"""What a framework hands over of one request: its contexts, and the exception that it is going to answer for itself.

A protocol's adapter puts a `RequestNotes` into each request, under a key that frameworks know already. Finding it
again costs nothing but to requests that fail. Knows no framework and no protocol.
"""

from __future__ import annotations

import contextvars
from collections.abc import Mapping
from typing import Any

#: Where the request (an environ, or a scope) has `RequestNotes.add`. Frameworks hand the context managers of the
#: request to it (Flask does; Werkzeug named it).
PRESERVE_CONTEXT = "werkzeug.debug.preserve_context"


class RequestNotes:
    """The managers of a request's contexts, the context variables it had then, and the exception that was noted for it.

    Entering the managers would run code of the application (Flask's teardown functions run when they are left again),
    which is for commands in a console only. The context variables are there without that.
    """

    # Every request makes one: attributes of the class cost nothing until something is handed over.
    managers: tuple[Any, ...] = ()
    #: Where the application begins and the request came from, as the server has it in an environ. Middleware writes to
    #: that: a dispatcher SCRIPT_NAME and PATH_INFO, and what believes a proxy REMOTE_ADDR.
    root: str | None = None
    path: str | None = None
    peer: str | None = None
    #: Items that the server and outer middleware have put into the environ or scope: what comes behind them was put
    #: there by the application.
    size = 0
    context: contextvars.Context | None = None
    #: What the framework caught and answers for. When that answer is 5xx, the debugger's page takes its place.
    error: BaseException | None = None
    #: The framework prints its traceback in the terminal.
    printed = False

    def add(self, manager: Any) -> None:
        self.context = contextvars.copy_context()
        if manager is not None:
            self.managers = (*self.managers, manager)

    def note(self, error: BaseException, *, printed: bool = False) -> None:
        """Keep the exception, with the context variables of now. The last one counts: an error page may fail, too."""
        self.context = contextvars.copy_context()
        self.error, self.printed = error, printed

    def context_now(self) -> contextvars.Context:
        """A copy of the current context, with what the framework has taken out of it since."""
        context = contextvars.copy_context()
        for variable, value in self.context.items() if self.context is not None else ():
            if variable not in context:
                context.run(variable.set, value)
        return context


def notes_of(request: Mapping[str, Any]) -> RequestNotes | None:
    """The notes of a request (an environ, or a scope); `None` where no debugger is around its application."""
    holder = getattr(request.get(PRESERVE_CONTEXT), "__self__", None)
    return holder if type(holder) is RequestNotes else None


def note(request: Mapping[str, Any], error: BaseException, *, printed: bool = False) -> None:
    """Tell the debugger around this request of an exception that will not reach it.

    ``printed``: the framework prints its traceback in the terminal.
    """
    if (notes := notes_of(request)) is not None:
        notes.note(error, printed=printed)
