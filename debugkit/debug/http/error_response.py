"""One error as a response, in the form that its client can use: to the request that failed, and at its own address."""

from __future__ import annotations

from http import HTTPStatus

from debugkit import terminal_text
from debugkit.debug.debugger import Debugger
from debugkit.debug.http import responses
from debugkit.debug.http.context import RequestContext
from debugkit.debug.messages import Response
from debugkit.debug.page import rendering
from debugkit.debug.page.models import LiveView
from debugkit.debug.page.problem_json import Problem
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.request_snapshot import RequestSnapshot

#: Names the page of an error on every response to a request that failed.
TRACEBACK_HEADER = "X-Debugkit-Traceback"


def failed_response(context: RequestContext, entry: ErrorRecord, *, notice: str = "") -> Response:
    """The response to the request that failed, in the form its client can use (RFC 9110, section 15.6.1).

    ``notice`` is a sentence for the top of the page.
    """
    if context.viewer.is_stranger:
        return responses.bare(entry.framework_report.status, HTTPStatus(entry.framework_report.status).phrase)
    response = _page_or_text(context, entry, notice)
    url = f"{context.base}/tracebacks/{entry.id}"
    pointer = ((TRACEBACK_HEADER, url), ("Access-Control-Expose-Headers", TRACEBACK_HEADER))
    return Response(response.status, (*responses.in_place(response.headers), *pointer), response.body)


def _page_or_text(context: RequestContext, entry: ErrorRecord, notice: str) -> Response:
    debugger, status = context.debugger, entry.framework_report.status
    try:
        return entry_response(context, entry, context.form, status=status, notice=notice)
    except Exception as defect:  # the debugger must not become the second exception: the first one is what matters
        debugger.tell_defect(defect)
        note = "The page for this error could not be rendered. This is a bug in debugkit; see the terminal."
        return responses.text(f"{terminal_text.quoted(_safe_text(debugger, entry))}\n{note}\n", status=status)


def _safe_text(debugger: Debugger, entry: ErrorRecord) -> str:
    """The traceback without its secrets; the defect may be the redactor's own, and then there is no safe text."""
    try:
        return debugger.redactor_of(entry).text(entry.captured.text)
    except Exception as defect:
        debugger.tell_defect(defect)
        return "The traceback is only in the terminal, because its secrets could not be redacted."


def entry_response(
    context: RequestContext, entry: ErrorRecord, form: str, *, status: int, notice: str = ""
) -> Response:
    """One error as html, json, markdown or text. With a ``status`` from 400 on it is the answer to the request itself.

    ``notice`` is a sentence for the top of the page.
    """
    with context.debugger.describer(entry) as describer:
        builder = context.builder(entry, describer)
        if form == "html":
            live = answer_live(context, entry.request_line) if status >= 400 else past_live(context, entry)
            page = builder.page(live=live, notice=notice)
            alternate = ("Link", f'<{page.markdown_url}>; rel="alternate"; type="text/markdown"')  # RFC 8288
            return responses.page(rendering.html("traceback.html", page), status=status, headers=(alternate,))
        if form == "markdown":
            return responses.markdown(rendering.text("traceback.md", builder.markdown_page()), status=status)
        if form == "text":
            return responses.text(rendering.text("traceback.txt", builder.text(context.site)), status=status)
        kind = "application/problem+json" if status >= 400 else "application/json"
        problem = Problem(entry, builder, describer.text, ids=context.viewer.is_developer)
        return responses.answer(kind, rendering.to_json(problem.data()), status=status)


def answer_live(context: RequestContext, line: str = "") -> LiveView | None:
    """For a page that answers the failed request itself. Safe methods are re-sent automatically (RFC 9110, 9.2.1)."""
    if context.request.method in ("GET", "HEAD"):
        return context.live("reload")
    return context.live("ask", label=f"Send {line or f'the {context.request.method}'} again")


def past_live(context: RequestContext, entry: ErrorRecord) -> LiveView | None:
    """For a page about a past error, at its own address: a link can make its request anew if that was a GET."""
    failed = entry.request
    if failed is None or failed.method != "GET":
        return context.live("past")
    return context.live("past", label=f"Open {failed.path} again", url=link(context.debugger, failed))


def link(debugger: Debugger, failed: RequestSnapshot) -> str:
    """The address of a request, without its host; empty when it holds a secret, which no page may print."""
    url = f"{failed.path}?{failed.query}" if failed.query else failed.path
    # Two slashes at the start would be a host (WHATWG URL, section 4.3), and the first part of a path is anybody's.
    return "" if debugger.redactor.text(url) != url else f"/.{url}" if url.startswith("//") else url
