"""Requests for the errors of other processes: handed on to the owner, or answered from what it has left behind.

And the list of recent errors, merged from all processes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from debugkit.debug.http import responses
from debugkit.debug.http.context import RequestContext
from debugkit.debug.messages import Request, Response
from debugkit.debug.page import recents
from debugkit.debug.page.recents import Row
from debugkit.debug.page.rendering import to_json
from debugkit.debug.processes.client import OwnerGone, OwnerSilent, Question, ask
from debugkit.debug.processes.folder import Unusable
from debugkit.errors import Gone, NoAnswer, NotFound

#: The method by which a process asks another one for its rows of the list. No server lets it in: it has no route.
ROWS = "ROWS"
#: The same to have it forget its errors.
CLEAR = "CLEAR"
#: Seconds that the list waits for the rows of another process.
_PATIENCE = 3.0
_SINGLE_PROCESS = (
    "Start the server with one process and threads: gunicorn --workers 1 --threads 8, uwsgi --processes 1 --threads 8, "
    "or debugkit run without --processes."
)
_SILENT = "The worker process that has this error does not answer."
_ENDED = "The worker process that had this error has ended, and its consoles and frames with it."
_LEFT = "What it left behind is at the address of the error."
#: The last events of a command whose process has ended: the page then knows that no more comes.
_LAST_EVENTS = (
    {"kind": "error", "text": "The worker process that ran this command has ended, or answers no more."},
    {"kind": "done", "status": "interrupted", "seconds": 0.0},
)


#: The arguments of routes that begin with an owner's token.
_NAMES = ("entry", "frame", "handle", "owner")


def relayed(context: RequestContext, arguments: Mapping[str, str | None]) -> Response | None:
    """The answer of the process that has the error or console of the route's ``arguments``; `None` if it is this one.

    Raises `NoAnswer`, `Gone` and `NotFound`.
    """
    named = next((text for name in _NAMES if (text := arguments.get(name))), "")
    error_id = named.partition("-")[0]
    siblings = context.debugger.siblings
    if not error_id or not siblings.are_expected(context.request.multiprocess) or siblings.is_own(error_id):
        return None
    try:
        if (owner := siblings.owner_of(error_id)) is not None:
            words = _last_words(context.request)
            return ask(owner, context.request, context.kept_body(), last_words=words, patience=siblings.patience)
    except OwnerGone:
        pass
    except OwnerSilent:
        raise NoAnswer(f"{_SILENT} {_silence_advice()}") from None
    except Unusable as reason:
        if error_id not in context.debugger.registry:
            why = f"This error is in another worker process, which cannot be asked: {reason}."
            raise NotFound(f"{why} {_SINGLE_PROCESS}") from None
    # A forked process has a copy of what its parent had recorded.
    return None if error_id in context.debugger.registry else _left(context, arguments, error_id)


def _last_words(request: Request) -> bytes:
    if not request.path.endswith("/evaluate"):
        return b""
    return b"".join(to_json(event) + b"\n" for event in _LAST_EVENTS)


def _silence_advice() -> str:
    if "uwsgi" in sys.modules:
        return "uWSGI runs threads only with --enable-threads or --threads."
    return "Wait until it is less busy, or cause the error again."


def _left(context: RequestContext, arguments: Mapping[str, str | None], error_id: str) -> Response | None:
    if "owner" in arguments:
        raise Gone("The worker process that had this console has ended. Reload the page for a new one.")
    name = _document_name(context, arguments)
    siblings = context.debugger.siblings
    document = siblings.document(error_id, document_name(name, values=context.viewer.sees_values))
    if document is not None:
        return Response(200, document.headers, document.body.encode("utf-8", "replace"))
    if siblings.document(error_id, document_name("html", values=False)) is not None:
        raise Gone(f"{_ENDED} {_LEFT}")
    return None


def document_name(name: str, *, values: bool) -> str:
    """How a document is called in a snapshot: there is one of each for who sees values, and one for who does not."""
    return f"{name} {'with' if values else 'without'} values"


def _document_name(context: RequestContext, arguments: Mapping[str, str | None]) -> str:
    """What the owner has left for such a request; empty for what needs the owner itself."""
    if "export" in arguments:
        return f"export {arguments['export']}"
    if context.request.method == "POST" or "number" in arguments or context.request.path.endswith("/source"):
        return ""
    if "entry" in arguments:
        return responses.FORMS[arguments.get("form") or ""] or context.form
    return f"frame {arguments['frame']}" if context.from_script else "html"


# The list


def all_rows(context: RequestContext) -> tuple[list[Row], str]:
    """The rows of all processes, newest first; and what is missing, in a sentence."""
    own = recents.rows(context.debugger.registry.recent_groups(), context.debugger.redactor_of)
    siblings = context.debugger.siblings
    if not siblings.are_expected(context.request.multiprocess):
        return own, ""
    others, silent = _rows_of_others(context)
    alive = {error_id for row in (*own, *others) for _, error_id in row.moments}
    left = [recents.from_data(data) for error_id, data in siblings.left().items() if error_id not in alive]
    return recents.merged([*own, *others, *left]), _missing(silent)


def newest(context: RequestContext) -> str:
    """The id of the newest error of all processes; empty if there was none."""
    rows, _ = all_rows(context)
    return rows[0].moments[0][1] if rows else ""


def _missing(silent: int) -> str:
    return f"{silent} of the worker processes did not answer: their errors are not listed." if silent else ""


def clear_others(context: RequestContext) -> int:
    """Have the other processes forget their errors, and remove what ended ones have left. How many do not answer."""
    siblings = context.debugger.siblings
    if not siblings.are_expected(context.request.multiprocess):
        return 0
    siblings.remove_left()
    return _ask_others(context, CLEAR)[1]


def _rows_of_others(context: RequestContext) -> tuple[list[Row], int]:
    """Their rows, and how many did not answer."""
    rows: list[Row] = []
    answers, silent = _ask_others(context, ROWS)
    for answer in answers:
        try:
            rows += [recents.from_data(data) for data in answer["rows"]]
        except (ValueError, TypeError, KeyError):
            silent += 1
    return rows, silent


def _ask_others(context: RequestContext, method: str) -> tuple[list[Any], int]:
    """What the other processes say, and how many say nothing. All are asked before the first one is waited for."""
    request = replace(context.request, method=method)
    questions: list[Question] = []
    answers: list[Any] = []
    silent = 0
    for path in context.debugger.siblings.others():
        try:
            questions.append(Question(path, request, b"", min(_PATIENCE, context.debugger.siblings.patience)))
        except OwnerGone:
            continue
        except OwnerSilent:
            silent += 1
    for question in questions:
        try:
            question.head()
            answers.append(json.loads(question.whole()))
        except OwnerGone:
            continue
        except (OwnerSilent, ValueError):
            silent += 1
    return answers, silent
