"""The addresses of the consoles: run a command and stream what comes of it, stop it, and the console of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from debugkit.debug.access.trust import Level, Verdict
from debugkit.debug.console.console import Console, Done, Event, Failure, Output, Result
from debugkit.debug.http import responses
from debugkit.debug.http.context import Desk, text_field
from debugkit.debug.messages import Request, Response
from debugkit.debug.page import rendering
from debugkit.debug.page.models import ConsolePageView
from debugkit.debug.registry import Entry
from debugkit.errors import NotFound


def evaluate(desk: Desk, request: Request, verdict: Verdict, frame: str) -> Response:
    command = text_field(desk.json_body(request), "source")
    entry, console = _frame_console(desk, frame)
    return responses.events(_lines(desk, console.evaluate(command), entry))


def interrupt(desk: Desk, request: Request, verdict: Verdict, frame: str) -> Response:
    _, console = _frame_console(desk, frame)
    return responses.data({"interrupted": console.interrupt()})


def _frame_console(desk: Desk, frame: str) -> tuple[Entry, Console]:
    entry, found = desk.registry.frame(frame)
    if found.frame is None:
        raise NotFound("Nothing ran in this frame: there is no console.")

    def make() -> Console:
        return Console(
            found.frame,
            limits=desk.settings.limits,
            context=entry.context,
            context_managers=entry.context_managers,
            names=entry.extras.names,
        )

    return entry, entry.console(found.index, make)


def standalone_page(desk: Desk, request: Request, verdict: Verdict) -> Response:
    _require_standalone(desk)
    desk.announce(request)
    unlocked = verdict.level >= Level.DEVELOPER
    base = desk.base(request)
    view = ConsolePageView(
        evaluate_url=f"{base}/console/evaluate" if unlocked else "",
        interrupt_url=f"{base}/console/interrupt" if unlocked else "",
        access=desk.access(request, verdict),
        static_url=desk.static_url(request),
    )
    return responses.page(rendering.html("console.html", view))


def standalone_evaluate(desk: Desk, request: Request, verdict: Verdict) -> Response:
    _require_standalone(desk)
    command = text_field(desk.json_body(request), "source")
    return responses.events(_lines(desk, desk.standalone_console().evaluate(command), None))


def standalone_interrupt(desk: Desk, request: Request, verdict: Verdict) -> Response:
    _require_standalone(desk)
    return responses.data({"interrupted": desk.standalone_console().interrupt()})


def _require_standalone(desk: Desk) -> None:
    if desk.settings.console_path is None or not desk.settings.evalex:
        raise NotFound("The standalone console is off. Give DebuggedApplication a console_path to switch it on.")


def _lines(desk: Desk, events: Iterator[Event], entry: Entry | None) -> Iterator[bytes]:
    """Events as NDJSON, one a line. Closing this closes ``events``, which interrupts the command."""
    with ExitStack() as stack:
        stack.callback(desk.registry.look_anew)  # after the interrupted command has ended
        stack.callback(getattr(events, "close", lambda: None))
        if entry is not None:
            stack.enter_context(entry.using())
        for event in events:
            if not isinstance(event, Output):  # of what has changed, nobody may be shown what it said before
                desk.registry.look_anew()
            yield rendering.to_json(_data(desk, event, entry)) + b"\n"


def _data(desk: Desk, event: Event, entry: Entry | None) -> dict[str, Any]:
    match event:
        case Output(stream, text):
            return {"kind": "output", "stream": stream, "text": text}
        case Failure(text):
            return {"kind": "error", "text": text}
        case Done(status, seconds):
            return {"kind": "done", "status": status, "seconds": round(seconds, 6)}
        case Result(text, value, name):
            with desk.describer(entry) as describer:
                node = describer.describe(value, name)
            handle = entry.put_value(value, name) if entry and node.openable else None
            tree = {"text": node.text, "type": node.type, "kind": node.kind, "handle": handle}
            return {"kind": "value", "text": text, "node": tree}
