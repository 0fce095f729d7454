"""The results of commands as data: what is sent at once, and what a page may ask for later.

A value is sent short: its line, the first rows of a table, its picture. The rest of a long text, more rows, and a
document in HTML have addresses of their own. Knows no command.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

from debugkit.debug.console.events import Result
from debugkit.debug.console.results import Kept, Results
from debugkit.debug.debugger import Debugger
from debugkit.debug.http import responses
from debugkit.debug.messages import Response
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.safe.inspection import ForeignCodeError, Guard, class_name
from debugkit.debug.safe.text import text_of
from debugkit.debug.values.describe import Describer, Node
from debugkit.debug.values.pictures import Picture, picture_of
from debugkit.debug.values.tables import table_of
from debugkit.errors import BadRequest, NotFound

#: Characters of a text that are sent with its event: about what fits on a screen beside other things.
SHORT: Final = 500
#: Characters of a long text that are sent at once when it is asked for.
PIECE: Final = 50_000
#: Seconds for the code that draws a picture or reads a table, and for all of one result: a person waits for these.
SECONDS: Final = 2.0
PATIENCE: Final = 3.0
#: Strings, of which a piece can be written without the rest, and what stands around it.
_STRINGS: Final = ((str, "'", "'"), (bytes, "b'", "'"), (bytearray, "bytearray(b'", "')"))

#: What has no table and no picture, as most results; by the id of the class, since a metaclass may define ``__hash__``.
_PLAIN: Final = frozenset(map(id, (type(None), bool, int, float, complex, str, bytes, bytearray, dict, set, frozenset)))

#: The document of a value: it runs no script, loads nothing and has no origin (CSP Level 3; HTML, 7.6 "Sandboxing").
DOCUMENT_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
#: Elements that reach beyond the document though it loads nothing: by a click, or by what is resolved ahead of time. A
#: tag begins with exactly these letters (HTML, 13.2.5.6), so whatever else the text is, it has no such element left.
_REACHING: Final = re.compile(rb"<(/?)(?=(?:a|area|base|form|iframe|link|meta|object|portal)[\s/>])", re.I)
_AROUND: Final = b"<!doctype html><meta charset=utf-8><title>Result</title><body>"


def _guard(entry: ErrorRecord | None) -> Guard:
    return Guard(SECONDS, PATIENCE, context=entry.context if entry else None)


# What is sent at once


def event(debugger: Debugger, result: Result, entry: ErrorRecord | None, results: Results) -> dict[str, Any]:
    """The event for a value."""
    value, name = result.value, result.name
    with debugger.describer(entry) as describer, closing(_guard(entry)) as guard:
        node = describer.describe(value, name)
        handle = entry.values.put(value, name) if entry and node.openable else None
        tree = {"text": node.text, "type": node.type, "kind": node.kind, "handle": handle}
        looks = {} if node.redacted else _looks(value, describer, guard)
    long = len(result.text) > SHORT
    sent: dict[str, Any] = {"kind": "value", "text": _short(result.text, node) if long else result.text, "node": tree}
    if long:
        sent["characters"], sent["whole"] = _size(result)
    document = looks.pop("document", b"")
    if document:
        looks["picture"] = {"type": "text/html"}
    if long or document or looks.get("table", {}).get("next") is not None:
        text = result.text if long and _string(value) is None else ""
        sent["result"] = results.keep(Kept(value, name, text, document))
    return sent | looks


def _short(text: str, node: Node) -> str:
    """What the lists of values say of containers and strings; of others, the beginning of what they say themselves."""
    return node.text if node.kind in ("container", "string") else text[:SHORT] + "…"


def _looks(value: object, describer: Describer, guard: Guard) -> dict[str, Any]:
    """The table that a value is, or else its picture or document."""
    if id(type(value)) in _PLAIN:
        return {}
    try:
        table = table_of(value, describer, guard)
        if table is not None:
            return {"table": table._asdict()}
    except Exception as error:
        return {"problem": _why(error)}
    picture = picture_of(value, guard)
    return {} if picture is None else _drawn(picture)


def _why(error: Exception) -> str:
    reason = text_of(error) if isinstance(error, ForeignCodeError) else f"raised {class_name(type(error))}"
    return f"not shown as a table: reading it {reason}"


def _drawn(picture: Picture) -> dict[str, Any]:
    if picture.problem:
        return {"problem": picture.problem}
    if picture.media_type == "text/html":
        return {"document": _REACHING.sub(rb"<\1x-", picture.data)}
    data = base64.b64encode(picture.data).decode("ascii")
    return {"picture": {"type": picture.media_type, "data": data}}


# What is asked for later


def more(debugger: Debugger, body: Mapping[str, Any], entry: ErrorRecord | None, kept: Kept) -> Response:
    """The next piece of a result's text, or the next rows of its table."""
    offset = body.get("offset", 0)
    if type(offset) is not int or offset < 0:
        raise BadRequest('"offset" must be a whole number, 0 or more.')
    if body.get("part") == "rows":
        return responses.data(_more_rows(debugger, entry, kept, offset))
    text, total = _piece(kept, offset)
    stop = offset + PIECE
    return responses.data({"text": text, "next": stop if stop < total else None})


def _more_rows(debugger: Debugger, entry: ErrorRecord | None, kept: Kept, offset: int) -> dict[str, Any]:
    with debugger.describer(entry) as describer, closing(_guard(entry)) as guard:
        try:
            table = table_of(kept.value, describer, guard, offset)
        except Exception as error:
            raise NotFound(_why(error)) from error
    if table is None:
        raise NotFound("This value is a table no longer: it has changed.")
    return table._asdict()


def document(kept: Kept) -> Response:
    """The value's own HTML, for a frame that reaches nothing."""
    if not kept.document:
        raise NotFound("This result has no document.")
    headers = (("Content-Security-Policy", DOCUMENT_POLICY), ("X-Frame-Options", "SAMEORIGIN"))
    return responses.replaced(responses.page(_AROUND + kept.document), headers)


def _string(value: object) -> tuple[str, str] | None:
    """What stands before and after the characters of a plain string; `None` if it is none."""
    return next(((before, after) for cls, before, after in _STRINGS if type(value) is cls), None)


def _size(result: Result) -> tuple[int, bool]:
    """How many characters there are, and whether these are all."""
    value: Any = result.value
    return (len(value), True) if _string(value) else (len(result.text), not result.text.endswith("…"))


def _piece(kept: Kept, offset: int) -> tuple[str, int]:
    """Characters from ``offset`` on, and how many there are. Each piece of a string is escaped by itself."""
    value: Any = kept.value
    around = _string(value)
    if around is None or kept.text:
        return kept.text[offset : offset + PIECE], len(kept.text)
    piece, total = value[offset : offset + PIECE], len(value)
    # With a double quote in it, repr() puts single quotes around the text, whatever else is there.
    text = repr(piece + '"')[1:-2] if type(value) is str else repr(bytes(piece) + b'"')[2:-2]
    before = around[0] if offset == 0 else ""
    return f"{before}{text}{around[1] if offset + PIECE >= total else ''}", total
