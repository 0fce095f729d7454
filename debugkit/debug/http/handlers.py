"""What the debugger's addresses answer, but for consoles: errors, frames, sources, values, unlocking, events, assets.

Each handler takes the desk, the request, the verdict on its sender, and the ids of its address.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from debugkit.debug.access.trust import Level, Verdict
from debugkit.debug.http import negotiate, responses
from debugkit.debug.http.context import Desk, site, text_field
from debugkit.debug.messages import Request, Response
from debugkit.debug.page import assets, rendering
from debugkit.debug.page.builder import recents_view
from debugkit.debug.page.frame import FrameViews, editor_url, frame_url, short_filename
from debugkit.debug.page.models import LiveView, SourcePageView
from debugkit.debug.page.problem_json import Problem
from debugkit.debug.registry import Entry
from debugkit.debug.request_snapshot import RequestSnapshot
from debugkit.errors import BadRequest, Forbidden, NotFound

#: How programs call themselves that fetch a link to show what it leads to.
PREVIEWS = re.compile(r"(?i)bot\b|preview|unfurl|externalhit|facebookcatalog|whatsapp|slack|skypeuri|embedly|iframely")
#: An id as the registry makes them.
ID = "[A-Za-z0-9]+"


def static(desk: Desk, request: Request, verdict: Verdict, name: str) -> Response:
    asset = assets.static_files().get(name)
    if asset is None:
        raise NotFound("There is no such file.")
    keyed = f"/{assets.static_key()}/" in request.path
    cache = "max-age=31536000, immutable" if keyed else "no-cache"
    return responses.answer(asset.content_type, asset.body, cache=cache)


def recents(desk: Desk, request: Request, verdict: Verdict) -> Response:
    groups = desk.registry.recent_groups()
    view = recents_view(
        groups,
        desk.reader(request, verdict),
        desk.access(request, verdict),
        desk.static_url(request),
        desk.redactor_of,
        desk.live(request, "list"),
    )
    if negotiate.preferred(request.headers) == "html":
        return responses.page(
            rendering.html("_recents.html" if "x-debugkit" in request.headers else "recent.html", view)
        )
    return responses.data({"errors": rendering.plain(view.rows)})


def traceback(desk: Desk, request: Request, verdict: Verdict, entry: str, form: str | None) -> Response:
    forms = {".json": "json", ".md": "markdown", ".txt": "text"}
    chosen = forms[form] if form else negotiate.preferred(request.headers)
    return entry_response(desk, desk.registry.get(entry), request, verdict, chosen, status=200)


def entry_response(
    desk: Desk, entry: Entry, request: Request, verdict: Verdict, form: str, *, status: int, notice: str = ""
) -> Response:
    """One error as html, json, markdown or text. With a ``status`` from 400 on it is the answer to ``request`` itself.

    ``notice`` is a sentence for the top of the page.
    """
    with desk.describer(entry) as describer:
        builder = desk.builder(entry, request, verdict, describer)
        if form == "html":
            live = answer_live(desk, request, entry.request_line) if status >= 400 else past_live(desk, entry, request)
            page = builder.page(live=live, notice=notice)
            alternate = ("Link", f'<{page.markdown_url}>; rel="alternate"; type="text/markdown"')  # RFC 8288
            return responses.page(rendering.html("traceback.html", page), status=status, headers=(alternate,))
        if form == "markdown":
            return responses.markdown(rendering.text("traceback.md", builder.markdown_page()), status=status)
        if form == "text":
            return responses.text(rendering.text("traceback.txt", builder.text(site(request))), status=status)
        developer = verdict.level >= Level.DEVELOPER
        kind = "application/problem+json" if status >= 400 else "application/json"
        return responses.answer(
            kind, rendering.to_json(Problem(entry, builder, describer.text, ids=developer).data()), status=status
        )


def frame(desk: Desk, request: Request, verdict: Verdict, frame: str) -> Response:
    """A frame opened: the pane alone for the page's own script, else the whole page around it."""
    entry, found = desk.registry.frame(frame)
    with desk.describer(entry) as describer:
        builder = desk.builder(entry, request, verdict, describer)
        if "x-debugkit" in request.headers:
            return responses.page(rendering.html("frame.html", builder.frame(found)))
        page = builder.page(found, live=past_live(desk, entry, request))
        return responses.page(rendering.html("traceback.html", page))


def answer_live(desk: Desk, request: Request, line: str = "") -> LiveView | None:
    """For a page that answers ``request`` itself. What is safe is repeated without asking (RFC 9110, 9.2.1)."""
    if request.method in ("GET", "HEAD"):
        return desk.live(request, "reload")
    return desk.live(request, "ask", label=f"Send {line or f'the {request.method}'} again")


def past_live(desk: Desk, entry: Entry, request: Request) -> LiveView | None:
    """For a page about a past error, at its own address: a link can make its request anew if that was a GET."""
    failed = entry.request
    if not isinstance(failed, RequestSnapshot) or failed.method != "GET":
        return desk.live(request, "past")
    return desk.live(request, "past", label=f"Open {failed.path} again", url=link(desk, failed))


def link(desk: Desk, failed: RequestSnapshot) -> str:
    """The address of a request, without its host; empty when it holds a secret, which no page may print."""
    url = f"{failed.path}?{failed.query}" if failed.query else failed.path
    # Two slashes at the start would be a host (WHATWG URL, section 4.3), and the first part of a path is anybody's.
    return "" if desk.redactor.text(url) != url else f"/.{url}" if url.startswith("//") else url


def events(desk: Desk, request: Request, verdict: Verdict) -> Response:
    """What happens, as it happens: only where a runner says when the code has changed."""
    if desk.events is None:
        raise NotFound("Nothing is told here: the application runs without debugkit's reloader.")
    # A page of another site cannot read the answer, but each stream keeps a thread busy.
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("Pages of other sites are told nothing.", code="cross_origin")
    return responses.event_stream(desk.events.stream() if request.method == "GET" else b"")


def source(desk: Desk, request: Request, verdict: Verdict, frame: str) -> Response:
    entry, found = desk.registry.frame(frame)
    reader = desk.reader(request, verdict)
    with desk.describer(entry) as describer:
        shown = FrameViews(entry, reader, describer, desk.settings.limits).whole_source(found)
    short = short_filename(found.filename, library=found.library is not None)
    view = SourcePageView(
        title=f"{short}:{found.lineno}",
        filename=found.filename,
        short_filename=short,
        lineno=found.lineno,
        source=shown,
        back_url=frame_url(entry, found, reader),
        editor_url=editor_url(found, reader),
        static_url=desk.static_url(request),
    )
    return responses.page(rendering.html("source.html", view))


def value(desk: Desk, request: Request, verdict: Verdict, handle: str) -> Response:
    """The next children of a value in the tree."""
    entry, found, name = desk.registry.value(handle)
    offset = desk.json_body(request).get("offset", 0)
    if type(offset) is not int or offset < 0:
        raise BadRequest('"offset" must be a whole number from 0 on.')
    with desk.describer(entry) as describer:
        children = describer.children(found, name, offset)
    items = [
        {
            "label": child.label,
            "text": child.node.text,
            "type": child.node.type,
            "kind": child.node.kind,
            "redacted": child.node.redacted,
            "handle": entry.put_value(child.value, child.label) if child.node.openable else None,
        }
        for child in children.items
    ]
    return responses.data({"children": items, "next": children.next_offset, "total": children.total})


def unlock(desk: Desk, request: Request, verdict: Verdict) -> Response:
    pin = text_field(desk.json_body(request), "pin")
    if desk.gate.pin is None or not desk.settings.evalex:
        raise Forbidden(desk.locked_explanation(), code="no_pin")
    desk.announce(request)
    desk.gate.check_pin(pin)
    cookie, key = desk.start_session(request)
    return responses.data({"unlocked": True, "key": key}, headers=(cookie,))


def lock(desk: Desk, request: Request, verdict: Verdict) -> Response:
    """End the session of this browser; the page forgets its key."""
    return responses.data({"locked": True}, headers=(desk.end_session(request),))


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


def unlock_link(desk: Desk, request: Request, verdict: Verdict) -> Response:
    """The one-time link from the terminal. Leads only to pages of the debugger."""
    if not desk.settings.evalex:
        raise Forbidden(desk.locked_explanation(), code="no_pin")
    if not is_opened(request):
        raise Forbidden("This link unlocks the browser in which a person opens it.", code="not_opened")
    try:
        query = parse_qs(request.query, max_num_fields=10)
    except ValueError:
        raise BadRequest("The link has more fields than the one in the terminal. Copy it once more.") from None
    desk.gate.redeem(query.get("token", [""])[0])
    target = query.get("next", [""])[0]
    suffix = f"/{target}" if re.fullmatch(ID, target) else ""
    cookie, key = desk.start_session(request)
    # A fragment is sent to no server (RFC 9110, 4.2.5); the page takes the key out of the address at once.
    location = f"{desk.base(request)}/tracebacks{suffix}#debugkit-key={key}"
    return responses.answer("text/plain", b"", status=302, headers=(("Location", location), cookie))
