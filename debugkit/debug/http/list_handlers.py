"""The list of recent errors, of all processes: as a page or as data, searched, its newest error, and cleared."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs

from debugkit.debug.http import relay, responses
from debugkit.debug.http.context import RequestContext
from debugkit.debug.http.error_response import entry_response
from debugkit.debug.messages import Response
from debugkit.debug.page import rendering
from debugkit.debug.page.recents import Wanted, recents_view
from debugkit.errors import BadRequest, NotFound
from debugkit.servers import FORMAT

#: Characters of what is searched for.
_LONGEST = 1_000


def recents(context: RequestContext) -> Response:
    rows, notice = relay.all_rows(context)
    live = context.live("list")
    polls = live is None or context.debugger.siblings.are_expected(context.request.multiprocess)
    view = recents_view(rows, context.viewer, context.static_url, live, notice, _wanted(context), polls=polls)
    if context.form == "html":
        render = rendering.fragment if context.from_script else rendering.html
        return responses.page(render("recents.html", view))
    return responses.data({"format": FORMAT, "errors": rendering.plain(view.rows)})


def _wanted(context: RequestContext) -> Wanted:
    """The search in the query: of a field that comes twice, the last one."""
    try:
        fields = parse_qs(context.request.query[:_LONGEST], max_num_fields=20)
    except ValueError:
        raise BadRequest("Search by q, path, type and status.") from None
    last = {name: values[-1] for name, values in fields.items()}
    return Wanted(last.get("q", ""), last.get("path", ""), last.get("type", ""), last.get("status", ""))


def last(context: RequestContext, form: str | None) -> Response:
    """The newest error of all processes, in every form."""
    error_id = relay.newest(context)
    if not error_id:
        raise NotFound("There has been no error since the server started.")
    context.request = replace(context.request, path=f"tracebacks/{error_id}{form or ''}")
    elsewhere = relay.relayed(context, {"entry": error_id, "form": form})
    chosen = responses.FORMS[form or ""] or context.form
    return elsewhere or entry_response(context, context.debugger.registry.get(error_id), chosen, status=200)


def clear(context: RequestContext) -> Response:
    """Forget the errors of all processes, and what those have left that ended."""
    context.debugger.registry.clear()
    silent = relay.clear_others(context)
    return responses.data({"cleared": not silent})
