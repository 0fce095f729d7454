"""The addresses of the consoles: run a command and stream its events, stop it, and the console of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from debugkit.debug.console.console import Beat, Console, Done, Event, Failure, Output, Result
from debugkit.debug.debugger import Debugger
from debugkit.debug.http import responses
from debugkit.debug.http.context import RequestContext
from debugkit.debug.messages import Response
from debugkit.debug.page import rendering
from debugkit.debug.page.models import ConsolePageView
from debugkit.debug.registry import ErrorRecord
from debugkit.errors import NotFound

#: Seconds after which a stream with nothing to say sends an empty line: only by writing do servers notice that the
#: reader has left.
BEAT = 1.0


def evaluate(context: RequestContext, frame: str) -> Response:
    command = context.text_field("source")
    entry, console = _frame_console(context.debugger, frame)
    return responses.events(_lines(context.debugger, console.evaluate(command, beat=BEAT), entry))


def interrupt(context: RequestContext, frame: str) -> Response:
    _, console = _frame_console(context.debugger, frame)
    return responses.data({"interrupted": console.interrupt()})


def _frame_console(debugger: Debugger, frame: str) -> tuple[ErrorRecord, Console]:
    entry, captured = debugger.registry.frame(frame)
    if captured.frame is None:
        raise NotFound("No code ran in this frame, so there is no console.")

    def make() -> Console:
        return Console(
            captured.frame,
            context=entry.context,
            context_managers=entry.context_managers,
            loop=entry.loop,
            names=entry.framework_report.names,
        )

    with entry.using():
        return entry, entry.consoles.get(captured.index, make)


def standalone_page(context: RequestContext) -> Response:
    _require_standalone(context.debugger)
    context.debugger.announce(context.request)
    unlocked = context.viewer.is_developer
    # Whichever process is asked, the commands of a page are for the console of the one that made it.
    owner = context.debugger.siblings.be_asked(context.request.multiprocess) if unlocked else ""
    url = f"{context.base}/console/{owner}".rstrip("/")
    view = ConsolePageView(
        evaluate_url=f"{url}/evaluate" if unlocked else "",
        interrupt_url=f"{url}/interrupt" if unlocked else "",
        viewer=context.viewer,
        static_url=context.static_url,
    )
    return responses.page(rendering.html("console.html", view))


def standalone_evaluate(context: RequestContext, owner: str | None) -> Response:
    _require_standalone(context.debugger)
    command = context.text_field("source")
    events = context.debugger.standalone_console().evaluate(command, beat=BEAT)
    return responses.events(_lines(context.debugger, events, None))


def standalone_interrupt(context: RequestContext, owner: str | None) -> Response:
    _require_standalone(context.debugger)
    return responses.data({"interrupted": context.debugger.standalone_console().interrupt()})


def _require_standalone(debugger: Debugger) -> None:
    if debugger.settings.console_path is None or not debugger.settings.evalex:
        raise NotFound("The standalone console is disabled. Pass console_path to DebuggedApplication to enable it.")


def _lines(debugger: Debugger, events: Iterator[Event], entry: ErrorRecord | None) -> Iterator[bytes]:
    """Events as NDJSON, one a line; empty lines say that the command still runs. Closing this closes ``events``, which
    interrupts the command.

    The first line is empty: many servers send no header before the first piece of a body (PEP 3333 has it so).
    """
    with ExitStack() as stack:
        stack.callback(debugger.registry.look_anew)  # after the interrupted command has ended
        stack.callback(getattr(events, "close", lambda: None))
        if entry is not None:
            stack.enter_context(entry.using())
        yield b"\n"
        for event in events:
            if isinstance(event, Beat):
                yield b"\n"
                continue
            if not isinstance(event, Output):  # of what has changed, nobody may be shown what it said before
                debugger.registry.look_anew()
            yield rendering.to_json(_data(debugger, event, entry)) + b"\n"


def _data(debugger: Debugger, event: Output | Failure | Done | Result, entry: ErrorRecord | None) -> dict[str, Any]:
    match event:
        case Output(stream, text):
            return {"kind": "output", "stream": stream, "text": text}
        case Failure(text):
            return {"kind": "error", "text": text}
        case Done(status, seconds):
            return {"kind": "done", "status": status, "seconds": round(seconds, 6)}
        case Result(text, value, name):
            with debugger.describer(entry) as describer:
                node = describer.describe(value, name)
            handle = entry.values.put(value, name) if entry and node.openable else None
            tree = {"text": node.text, "type": node.type, "kind": node.kind, "handle": handle}
            return {"kind": "value", "text": text, "node": tree}
