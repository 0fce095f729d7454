"""The owner of an error: what it answers other processes, and what it leaves of the error for when it is gone."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from functools import partial

from debugkit.debug.access.viewer import Level, Viewer
from debugkit.debug.debugger import Debugger
from debugkit.debug.http import handing_on_handlers, responses
from debugkit.debug.http.context import MOST_BYTES, RequestContext
from debugkit.debug.http.error_response import entry_response
from debugkit.debug.http.relay import CLEAR, ROWS, document_name
from debugkit.debug.http.routes import respond
from debugkit.debug.messages import Request, Response
from debugkit.debug.page import recents, rendering
from debugkit.debug.processes.siblings import Picture
from debugkit.debug.processes.snapshots import Document
from debugkit.debug.registry import ErrorRecord
from debugkit.errors import RequestError

#: Frames of the application whose panes are kept beside the page.
FRAMES = 5
ENDED = "The worker process that had this error has ended, and its consoles with it. This is what it left behind."
NO_CONSOLE = "There is no console: the worker process of this error has ended."


def answer_siblings(debugger: Debugger) -> None:
    """From its first error on, have ``debugger`` answer other processes of the same server."""
    there = weakref.ref(debugger)  # its threads do not keep it alive
    debugger.siblings.attach(debugger, partial(_answer, there), partial(_draw, there), most=MOST_BYTES + 1)


def _answer(there: weakref.ref[Debugger], request: Request) -> Response:
    debugger = there()
    if debugger is None:
        return responses.bare(410, "Gone")
    if request.method == ROWS:
        return _rows(RequestContext(debugger, request))
    if request.method == CLEAR:
        return _clear(RequestContext(debugger, request))
    return respond(debugger, request, relayed=True) or responses.bare(403, "Forbidden")


def _rows(context: RequestContext) -> Response:
    if context.viewer.is_stranger:
        return responses.bare(403, "Forbidden")
    groups = context.debugger.registry.recent_groups()
    return responses.data({"rows": [asdict(row) for row in recents.rows(groups, context.debugger.redactor_of)]})


def _clear(context: RequestContext) -> Response:
    if not context.viewer.is_developer:
        return responses.bare(403, "Forbidden")
    context.debugger.registry.clear()
    return responses.data({})


def _draw(there: weakref.ref[Debugger], entry: ErrorRecord) -> Picture | None:
    debugger = there()
    if debugger is None:
        return None
    try:
        row = recents.row([entry], debugger.redactor_of(entry))
        return Picture(entry.id, asdict(row) | {"count": 1, "live": False}, dict(_documents(debugger, entry)))
    except Exception as defect:  # it has a thread of its own, which goes on
        debugger.tell_defect(defect)
        return None


def _documents(debugger: Debugger, entry: ErrorRecord) -> Iterator[tuple[str, Document]]:
    """The error in every form, for visitors who see values and for those who do not. There is nothing to unlock."""
    root = entry.request.root if entry.request else ""
    for values in (True, False):
        viewer = Viewer(Level.VISITOR, values, f"{root}{debugger.settings.mount}", False, reason=NO_CONSOLE)
        context = RequestContext(debugger, _request(root), viewer=viewer)
        for form in ("html", "json", "markdown", "text"):
            response = entry_response(context, entry, form, status=200, notice=ENDED)
            yield document_name(form, values=values), _document(response)
        for name, document in _exports(context, entry):
            yield document_name(name, values=values), document
        with debugger.describer(entry) as describer:
            builder = context.builder(entry, describer)
            for frame in builder.app_frames()[:FRAMES]:
                pane = responses.page(rendering.fragment("frame.html", builder.frame(frame)))
                yield document_name(f"frame {entry.id}-{frame.index}", values=values), _document(pane)


def _exports(context: RequestContext, entry: ErrorRecord) -> list[tuple[str, Document]]:
    """What is handed on of an error, as long as it is live."""
    asked = [(form, handing_on_handlers.export) for form in handing_on_handlers.FORMS]
    exports: list[tuple[str, Document]] = []
    for form, handler in (*asked, (".html", handing_on_handlers.offline)):
        with suppress(RequestError):
            exports.append((f"export {form}", _document(handler(context, entry.id, form))))
    return exports


def _request(root: str) -> Request:
    return Request("GET", "", "", {}, root, "http", "", multiprocess=True)


def _document(response: Response) -> Document:
    assert isinstance(response.body, bytes)
    return Document(response.headers, response.body.decode("utf-8", "replace"))
