"""The addresses where consoles ask what can be typed next."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, replace
from typing import Any

from debugkit.debug.completion.completer import Completer
from debugkit.debug.console.console import Console
from debugkit.debug.debugger import Debugger
from debugkit.debug.http import responses
from debugkit.debug.http.console_handlers import frame_console, require_standalone
from debugkit.debug.http.context import RequestContext
from debugkit.debug.messages import Response
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.safe.inspection import Guard
from debugkit.debug.values.describe import Describer, Node
from debugkit.errors import BadRequest

#: Characters of a value in a list of completions, and beside what is typed.
VALUE_TEXT = 80


def in_frame(context: RequestContext, frame: str) -> Response:
    entry, console = frame_console(context.debugger, frame)
    _, captured = context.debugger.registry.frame(frame)
    hidden = entry.framework_report.hidden.get(captured.index, {})
    return _completions(context, console, entry, hidden.keys())


def standalone(context: RequestContext, owner: str | None) -> Response:
    require_standalone(context.debugger)
    return _completions(context, context.debugger.standalone_console(), None, ())


def _completions(
    context: RequestContext, console: Console, entry: ErrorRecord | None, hidden: Collection[str]
) -> Response:
    body = context.json_body()
    source, cursor = body.get("source"), body.get("cursor")
    if not isinstance(source, str) or type(cursor) is not int or not 0 <= cursor <= len(source):
        raise BadRequest('The body needs "source", a string, and "cursor", the number of characters before it.')
    with _describer(context.debugger, entry) as describer:
        completer = Completer(console.scopes(), describer, hidden, entry.context if entry else None)
        completion = completer.complete(source, cursor)
        return responses.data(asdict(completion) | {"preview": _preview(completion.preview)})


def _preview(node: Node | None) -> dict[str, Any] | None:
    return None if node is None else {"text": node.text, "type": node.type, "kind": node.kind}


def _describer(debugger: Debugger, entry: ErrorRecord | None) -> Describer:
    """It has no time for foreign code: what a ``__repr__`` answered for the page is shown, and none runs."""
    limits = replace(debugger.settings.limits, value_text=VALUE_TEXT, repr_seconds=0.0)
    remembered = entry.remembered if entry else None
    return Describer(limits, debugger.redactor_of(entry), Guard(0.0, 0.0), remembered=remembered)
