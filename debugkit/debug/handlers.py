"""What each address of the debugger answers, consoles left out: errors, frames, sources, values, unlocking, assets.

Each handler takes the desk, the request, the verdict on its sender, and the ids of its address.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from debugkit.debug import answers, assets, render
from debugkit.debug.desk import Desk, site, text_field, wants_page
from debugkit.debug.frameview import FrameViews, editor_url, frame_url, short_filename
from debugkit.debug.messages import Request, Response
from debugkit.debug.page import recents_view
from debugkit.debug.problem import Problem
from debugkit.debug.registry import Entry
from debugkit.debug.trust import Level, Verdict
from debugkit.debug.views import SourcePageView
from debugkit.errors import BadRequest, Forbidden, NotFound

#: An id as the registry makes them.
ID = "[A-Za-z0-9]+"


def static(desk: Desk, request: Request, verdict: Verdict, name: str) -> Response:
    asset = assets.static_files().get(name)
    if asset is None:
        raise NotFound("There is no such file.")
    keyed = f"/{assets.static_key()}/" in request.path
    cache = "max-age=31536000, immutable" if keyed else "no-cache"
    return answers.answer(asset.content_type, asset.body, cache=cache)


def recents(desk: Desk, request: Request, verdict: Verdict) -> Response:
    groups = desk.registry.recent_groups()
    view = recents_view(
        groups, desk.reader(request, verdict), desk.access(request, verdict), desk.static_url(request), desk.redactor
    )
    if wants_page(request):
        return answers.page(render.html("recent.html", view))
    return answers.data({"errors": render.plain(view.rows)})


def traceback(desk: Desk, request: Request, verdict: Verdict, entry: str, form: str | None) -> Response:
    forms = {".json": "json", ".md": "markdown", ".txt": "text", None: "html"}
    return entry_response(desk, desk.registry.get(entry), request, verdict, forms[form], status=200)


def entry_response(desk: Desk, entry: Entry, request: Request, verdict: Verdict, form: str, *, status: int) -> Response:
    """One error as html, json, markdown or text."""
    if form == "text":
        url = f"{site(request)}{desk.base(request)}/tracebacks/{entry.id}"
        return answers.text(f"{desk.redactor.text(entry.captured.text)}\nDebugger page: {url}\n", status=status)
    with desk.describer() as describer:
        builder = desk.builder(entry, request, verdict, describer)
        if form == "html":
            return answers.page(render.html("traceback.html", builder.page()), status=status)
        if form == "markdown":
            markdown = render.html("traceback.md", builder.markdown_page())
            return answers.answer("text/markdown; charset=utf-8", markdown, status=status)
        developer = verdict.level is Level.DEVELOPER
        kind = "application/problem+json" if status >= 400 else "application/json"
        return answers.answer(
            kind, render.to_json(Problem(entry, builder, desk.redactor.text, ids=developer).data()), status=status
        )


def frame(desk: Desk, request: Request, verdict: Verdict, frame: str) -> Response:
    """A frame opened: the pane alone for the page's own script, else the whole page around it."""
    entry, found = desk.registry.frame(frame)
    with desk.describer() as describer:
        builder = desk.builder(entry, request, verdict, describer)
        if "x-debugkit" in request.headers:
            return answers.page(render.html("frame.html", builder.frame(found)))
        return answers.page(render.html("traceback.html", builder.page(found)))


def source(desk: Desk, request: Request, verdict: Verdict, frame: str) -> Response:
    entry, found = desk.registry.frame(frame)
    reader = desk.reader(request, verdict)
    with desk.describer() as describer:
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
    return answers.page(render.html("source.html", view))


def value(desk: Desk, request: Request, verdict: Verdict, handle: str) -> Response:
    """The next children of a value in the tree."""
    entry, found, name = desk.registry.value(handle)
    offset = desk.json_body(request).get("offset", 0)
    if type(offset) is not int or offset < 0:
        raise BadRequest('"offset" must be a whole number from 0 on.')
    with desk.describer() as describer:
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
    return answers.data({"children": items, "next": children.next_offset, "total": children.total})


def unlock(desk: Desk, request: Request, verdict: Verdict) -> Response:
    pin = text_field(desk.json_body(request), "pin")
    if desk.gate.pin is None or not desk.settings.evalex:
        raise Forbidden(desk.locked_explanation(), code="no_pin")
    desk.announce(request)
    desk.gate.check_pin(pin)
    return answers.data({"unlocked": True}, headers=(desk.session(request),))


def unlock_link(desk: Desk, request: Request, verdict: Verdict) -> Response:
    """The one-time link from the terminal. Leads only to pages of the debugger."""
    if not desk.settings.evalex:
        raise Forbidden(desk.locked_explanation(), code="no_pin")
    query = parse_qs(request.query, max_num_fields=10)
    desk.gate.redeem(query.get("token", [""])[0])
    target = query.get("next", [""])[0]
    suffix = f"/{target}" if re.fullmatch(ID, target) else ""
    location = f"{desk.base(request)}/tracebacks{suffix}"
    return answers.answer("text/plain", b"", status=302, headers=(("Location", location), desk.session(request)))
