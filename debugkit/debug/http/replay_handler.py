"""The address that sends a captured request again, and tells what came of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Literal

from debugkit.debug.debugger import Debugger
from debugkit.debug.http import responses
from debugkit.debug.http.console_handlers import BEAT
from debugkit.debug.http.context import RequestContext
from debugkit.debug.messages import Response
from debugkit.debug.page import rendering
from debugkit.debug.page.frame_names import short_filename
from debugkit.debug.page.headline import title
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.replay.replay import SAFE_METHODS, Replay, obstacle
from debugkit.debug.tracebacks.model import CapturedTraceback
from debugkit.errors import Conflict, NotFound, Unconfirmed

Outcome = Literal["same", "other", "answered", "broken"]


def replay(context: RequestContext, entry: str) -> Response:
    """Send the request of an error again; one that may change something only with ``{"confirmed": true}``.

    The answer is a stream of NDJSON: an empty line each second, and in the end one event.
    """
    confirmed = context.json_body().get("confirmed") is True
    record = context.debugger.registry.get(entry)
    record.require_live()
    if record.request is None or context.debugger.send_again is None:
        raise NotFound("This error belongs to no request.")
    if why := obstacle(record.request):
        raise Conflict(why)
    if not confirmed and record.request.method not in SAFE_METHODS:
        raise Unconfirmed(f"{record.request.method} may change something, and would do so once more.")
    lines = _lines(context, record)
    next(lines)  # it is on its way, or refused; from here on, closing the answer stops it
    return responses.events(lines)


def _lines(context: RequestContext, record: ErrorRecord) -> Iterator[bytes]:
    """The second line is empty: with it, servers send the header."""
    send_again = context.debugger.send_again
    assert send_again is not None
    started = time.monotonic()
    with record.using():
        sent = send_again(record)
        try:
            yield b""
            yield b"\n"
            while not sent.wait(BEAT):
                yield b"\n"
            event = _event(context, record, sent)
            yield rendering.to_json({**event, "seconds": round(time.monotonic() - started, 3)}) + b"\n"
        finally:
            sent.stop()


def _event(context: RequestContext, before: ErrorRecord, sent: Replay) -> dict[str, Any]:
    debugger = context.debugger
    if not sent.failed:
        outcome: Outcome = "answered" if sent.status and not sent.broken else "broken"
        return {"kind": "replayed", "outcome": outcome, "status": sent.status, "text": _answered(sent), "url": ""}
    after = debugger.registry.get(sent.failed)
    same = alike(before.captured, after.captured)
    return {
        "kind": "replayed",
        "outcome": "same" if same else "other",
        "status": sent.status,
        "text": f"{'Failed the same way' if same else 'Failed in another way'}: {_what(debugger, after)}",
        "url": f"{context.base}/tracebacks/{after.id}",
    }


def _answered(sent: Replay) -> str:
    if sent.broken or not sent.status:
        return "Ended without an answer, and without an error that was recorded."
    try:
        phrase = HTTPStatus(sent.status).phrase
    except ValueError:
        phrase = ""
    return f"Did not fail: answered {sent.status} {phrase}".rstrip()


def _what(debugger: Debugger, entry: ErrorRecord) -> str:
    text = debugger.redactor_of(entry).text(title(entry.captured.exception))
    frame = entry.captured.opened
    if frame is None:
        return text
    return f"{text} in {short_filename(frame.filename, library=frame.library is not None)}:{frame.lineno}"


def alike(before: CapturedTraceback, after: CapturedTraceback) -> bool:
    """Whether two errors have the same types and the same place, and say the same."""
    return before.fingerprint == after.fingerprint and before.exception.message == after.exception.message
