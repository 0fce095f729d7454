"""What the debugger's addresses answer, but for consoles: errors, frames, sources, values, unlocking, events, assets.

Each handler takes the context of its request, and the groups of its route's path.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from debugkit.debug.http import responses
from debugkit.debug.http.context import RequestContext
from debugkit.debug.http.error_response import entry_response, past_live
from debugkit.debug.http.relay import newest
from debugkit.debug.messages import Request, Response
from debugkit.debug.page import assets, rendering
from debugkit.debug.page.frame import FrameViews
from debugkit.debug.page.frame_names import frame_url, short_filename
from debugkit.debug.page.models import SourcePageView
from debugkit.debug.search import ErrorSearch
from debugkit.errors import BadRequest, Forbidden, NotFound

#: User agents of programs that fetch a link to preview it.
PREVIEWS = re.compile(r"(?i)bot\b|preview|unfurl|externalhit|facebookcatalog|whatsapp|slack|skypeuri|embedly|iframely")
#: Why a developer cannot unlock.
PIN_OFF = "The PIN is disabled: there is nothing to unlock."
#: An id as the registry makes them.
ID = "[A-Za-z0-9]+"


def static(context: RequestContext, name: str) -> Response:
    asset = assets.static_files().get(name)
    if asset is None:
        raise NotFound("There is no such file.")
    keyed = f"/{assets.static_key()}/" in context.request.path
    cache = "max-age=31536000, immutable" if keyed else "no-cache"
    return responses.answer(asset.content_type, assets.compact(asset), cache=cache)


def traceback(context: RequestContext, entry: str, form: str | None) -> Response:
    chosen = responses.FORMS[form or ""] or context.form
    return entry_response(context, context.debugger.registry.get(entry), chosen, status=200)


def frame(context: RequestContext, frame: str) -> Response:
    """A frame opened: the pane alone for the page's own script, else the whole page around it."""
    entry, captured = context.debugger.registry.frame(frame)
    with context.debugger.describer(entry) as describer:
        builder = context.builder(entry, describer)
        if context.from_script:
            return responses.page(rendering.fragment("frame.html", builder.frame(captured)))
        page = builder.page(captured, live=past_live(context, entry))
        return responses.page(rendering.html("traceback.html", page))


def search(context: RequestContext, entry: str) -> Response:
    """Where a text occurs in the error. It comes in the body: what somebody looks for may be a secret."""
    text = context.text_field("text")
    record = context.debugger.registry.get(entry)
    with context.debugger.describer(record) as describer:
        view = ErrorSearch(record, context.viewer, describer, context.debugger.settings).search(text)
    return responses.page(rendering.fragment("search.html", view))


def events(context: RequestContext) -> Response:
    """Server-sent events; available only if a runner reports changed code."""
    if context.debugger.events is None:
        raise NotFound("There is no event stream: the application does not run under debugkit's reloader.")
    # A page of another site cannot read the answer, but each stream keeps a thread busy.
    if context.request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("Cross-site pages may not subscribe to events.", code="cross_origin")
    return responses.event_stream(context.debugger.events.stream() if context.request.method == "GET" else b"")


def source(context: RequestContext, frame: str) -> Response:
    """The whole file as a page; for the page's own script, those of its lines that the query names."""
    entry, captured = context.debugger.registry.frame(frame)
    with context.debugger.describer(entry) as describer:
        views = FrameViews(entry, context.viewer, describer, context.debugger.settings)
        if context.from_script:
            lines = views.more_source(captured, context.number("first"), context.number("last"))
            return responses.page(rendering.fragment("lines.html", lines))
        shown, editor = views.whole_source(captured), views.editor(captured)
    short = short_filename(captured.filename, library=captured.library is not None)
    view = SourcePageView(
        title=f"{short}:{captured.lineno}",
        filename=captured.filename,
        short_filename=short,
        lineno=captured.lineno,
        source=shown,
        back_url=frame_url(entry, captured, context.viewer),
        editor=editor,
        static_url=context.static_url,
    )
    return responses.page(rendering.html("source.html", view))


def name_values(context: RequestContext, frame: str) -> Response:
    """What every name in the source of a frame is."""
    entry, captured = context.debugger.registry.frame(frame)
    if not context.viewer.sees_values:
        raise Forbidden(context.viewer.reason, code="not_unlocked")
    if captured.frame is None:
        raise NotFound("No code ran in this frame, so its names have no values.")
    with context.debugger.describer(entry) as describer:
        views = FrameViews(entry, context.viewer, describer, context.debugger.settings)
        named = views.name_values(captured)
    values = [
        {"name": row.name, "text": row.text, "type": row.type, "kind": row.kind, "handle": row.handle or None}
        for row in named.values
    ]
    return responses.data({"names": named.names, "values": values})


def value(context: RequestContext, handle: str) -> Response:
    """The next children of a value in the tree."""
    entry, parent, name = context.debugger.registry.value(handle)
    offset = context.json_body().get("offset", 0)
    if type(offset) is not int or offset < 0:
        raise BadRequest('"offset" must be a whole number, 0 or more.')
    with context.debugger.describer(entry) as describer:
        children = describer.children(parent, name, offset)
    items = [
        {
            "label": child.label,
            "text": child.node.text,
            "type": child.node.type,
            "kind": child.node.kind,
            "redacted": child.node.redacted,
            "handle": entry.values.put(child.value, child.label) if child.node.openable else None,
        }
        for child in children.items
    ]
    return responses.data({"children": items, "next": children.next_offset, "total": children.total})


def unlock(context: RequestContext) -> Response:
    pin = context.text_field("pin")
    if not (context.viewer.pin_security and context.viewer.evalex):
        raise Forbidden(context.viewer.reason or PIN_OFF, code="no_pin")
    context.debugger.announce(context.request)
    context.debugger.pin_auth.check_pin(pin)
    cookie, key = context.start_session()
    return responses.data({"unlocked": True, "key": key}, headers=(cookie,))


def lock(context: RequestContext) -> Response:
    """End the session of this browser; the page forgets its key."""
    return responses.data({"locked": True}, headers=(context.end_session(),))


def is_opened(request: Request) -> bool:
    """Whether a person opens an address: no HEAD, no prefetch, not the preview that a chat makes of a link.

    A client that is no browser sends neither kind of header and counts as a person's, unless it says what it is.
    """
    headers = request.headers
    purposes = [headers.get(name, "") for name in ("sec-purpose", "purpose", "x-purpose", "x-moz")]
    loaded = headers.get("sec-fetch-mode", "navigate"), headers.get("sec-fetch-dest", "document")
    return (
        request.method == "GET"
        and not any(re.search("prefetch|prerender|preview", purpose, re.IGNORECASE) for purpose in purposes)
        and loaded == ("navigate", "document")
        and not PREVIEWS.search(headers.get("user-agent", ""))
    )


def unlock_link(context: RequestContext) -> Response:
    """The one-time link from the terminal. Leads to the error it was printed with, or the newest, or the list."""
    if not context.viewer.evalex:
        raise Forbidden(context.viewer.reason, code="no_pin")
    if not is_opened(context.request):
        raise Forbidden("This link must be opened by a person, in the browser to unlock.", code="not_opened")
    try:
        query = parse_qs(context.request.query, max_num_fields=10)
    except ValueError:
        raise BadRequest("The link has more fields than the one in the terminal. Copy it again.") from None
    context.debugger.pin_auth.redeem(query.get("token", [""])[0])
    target = query.get("next", [newest(context)])[0]
    suffix = f"/{target}" if re.fullmatch(ID, target) else ""
    cookie, key = context.start_session()
    # A fragment is sent to no server (RFC 9110, 4.2.5); the page takes the key out of the address at once.
    location = f"{context.base}/tracebacks{suffix}#debugkit-key={key}"
    return responses.answer("text/plain", b"", status=302, headers=(("Location", location), cookie))
