"""The addresses of the consoles: run a command and stream its events, stop it, and the console of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from debugkit.debug.console.console import Beat, Console, Done, Event, Failure, Output, Result
from debugkit.debug.debugger import Debugger
from debugkit.debug.http import responses, results
from debugkit.debug.http.context import RequestContext
from debugkit.debug.messages import Response
from debugkit.debug.page import rendering
from debugkit.debug.page.models import ConsolePageView
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.source.session import coloured_command, coloured_traceback
from debugkit.errors import NotFound

#: Seconds after which a stream with nothing to say sends an empty line: only by writing do servers notice that the
#: reader has left.
BEAT = 1.0
#: Seconds in which most commands end: their events are sent in one piece, which reaches the page sooner.
AT_ONCE = 0.02


def evaluate(context: RequestContext, frame: str) -> Response:
    command = context.text_field("source")
    entry, console = frame_console(context.debugger, frame)
    return _answer(context.debugger, command, console, entry)


def interrupt(context: RequestContext, frame: str) -> Response:
    _, console = frame_console(context.debugger, frame)
    return responses.data({"interrupted": console.interrupt()})


def result(context: RequestContext, frame: str, number: str) -> Response:
    """More of what a command showed, for a POST; its document for a GET."""
    entry, console = frame_console(context.debugger, frame)
    return _result(context, console, entry, number)


def _result(context: RequestContext, console: Console, entry: ErrorRecord | None, number: str) -> Response:
    kept = console.results.get(int(number))
    if context.request.method == "POST":
        return results.more(context.debugger, context.json_body(), entry, kept)
    return results.document(kept)


def frame_console(debugger: Debugger, frame: str) -> tuple[ErrorRecord, Console]:
    """The console of a frame, made on first use. Raises `NotFound` where no code ran, and `Gone`."""
    entry, captured = debugger.registry.frame(frame)
    if captured.frame is None:
        raise NotFound("No code ran in this frame, so there is no console.")

    def make() -> Console:
        with entry.using():
            return Console(
                captured.frame,
                context=entry.context,
                context_managers=entry.context_managers,
                loop=entry.loop,
                names=entry.framework_report.names,
            )

    return entry, entry.consoles.get(captured.index, make)


def standalone_page(context: RequestContext) -> Response:
    require_standalone(context.debugger)
    context.debugger.announce(context.request)
    unlocked = context.viewer.is_developer
    # Whichever process is asked, the commands of a page are for the console of the one that made it.
    owner = context.debugger.siblings.be_asked(context.request.multiprocess) if unlocked else ""
    url = f"{context.base}/console/{owner}".rstrip("/")
    view = ConsolePageView(
        evaluate_url=f"{url}/evaluate" if unlocked else "",
        interrupt_url=f"{url}/interrupt" if unlocked else "",
        complete_url=f"{url}/complete" if unlocked else "",
        viewer=context.viewer,
        static_url=context.static_url,
    )
    return responses.page(rendering.html("console.html", view))


def standalone_evaluate(context: RequestContext, owner: str | None) -> Response:
    require_standalone(context.debugger)
    command = context.text_field("source")
    return _answer(context.debugger, command, context.debugger.standalone_console())


def standalone_interrupt(context: RequestContext, owner: str | None) -> Response:
    require_standalone(context.debugger)
    return responses.data({"interrupted": context.debugger.standalone_console().interrupt()})


def standalone_result(context: RequestContext, owner: str | None, number: str) -> Response:
    require_standalone(context.debugger)
    return _result(context, context.debugger.standalone_console(), None, number)


def require_standalone(debugger: Debugger) -> None:
    """Raise `NotFound` where there is no console without a frame."""
    if debugger.settings.console_path is None or not debugger.settings.evalex:
        raise NotFound("The standalone console is disabled. Pass console_path to DebuggedApplication to enable it.")


def _answer(debugger: Debugger, source: str, console: Console, entry: ErrorRecord | None = None) -> Response:
    """Run a command: its events as NDJSON, one a line. Closing the body of the response interrupts it."""
    events = console.evaluate(source, beat=BEAT)
    if console.ends_within(AT_ONCE):
        return responses.events(b"".join(_lines(debugger, source, console, events, entry)))
    # The first line is empty: many servers send no header before the first piece of a body (PEP 3333 has it so).
    return responses.events(_lines(debugger, source, console, events, entry, first=b"\n"))


def _lines(
    debugger: Debugger,
    source: str,
    console: Console,
    events: Iterator[Event],
    entry: ErrorRecord | None,
    first: bytes = b"",
) -> Iterator[bytes]:
    """The events as lines, behind the ``first`` one; empty lines say that the command still runs."""
    with ExitStack() as stack:
        stack.callback(debugger.registry.look_anew)  # after the interrupted command has ended
        stack.callback(getattr(events, "close", lambda: None))
        if entry is not None:
            stack.enter_context(entry.using())
        yield first
        coloured = False
        for event in events:
            colours = b""  # in one piece with what follows: each is a packet
            if not coloured and _has_time(event):
                coloured = True
                colours = rendering.to_json({"kind": "command", "tokens": coloured_command(source)}) + b"\n"
            if isinstance(event, Beat):
                yield colours or b"\n"
                continue
            if not isinstance(event, Output):  # of what has changed, nobody may be shown what it said before
                debugger.registry.look_anew()
            yield colours + rendering.to_json(_data(debugger, event, console, entry)) + b"\n"


def _has_time(event: Event) -> bool:
    """Whether the reader has time for colours: there is no news, or no more to come."""
    return isinstance(event, Beat) or (isinstance(event, Done) and event.status != "incomplete")


def _data(
    debugger: Debugger, event: Output | Failure | Done | Result, console: Console, entry: ErrorRecord | None
) -> dict[str, Any]:
    match event:
        case Output(stream, text):
            return {"kind": "output", "stream": stream, "text": text}
        case Failure(text):
            return {"kind": "error", "text": text, "tokens": coloured_traceback(text)}
        case Done(status, seconds):
            return {"kind": "done", "status": status, "seconds": round(seconds, 6)}
        case Result():
            return results.event(debugger, event, entry, console.results)
