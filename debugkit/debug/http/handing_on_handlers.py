"""The addresses of the forms in which an error is handed on. They hold values, so they are for who may see those."""

from __future__ import annotations

import re
from collections.abc import Callable

from debugkit.debug.handing_on.copied_request import CopiedRequest, copied_request
from debugkit.debug.handing_on.curl import curl
from debugkit.debug.handing_on.failing_test import failing_test
from debugkit.debug.handing_on.offline import offline as offline_file
from debugkit.debug.handing_on.offline import printed, reader
from debugkit.debug.handing_on.python import script
from debugkit.debug.http import responses
from debugkit.debug.http.context import RequestContext
from debugkit.debug.messages import Response
from debugkit.debug.registry import ErrorRecord
from debugkit.errors import Forbidden, NotFound

#: Characters of an exception's name in that of a file.
LONGEST_NAME = 60
_UNSAFE = re.compile("[^A-Za-z0-9_]")
#: The forms of a request, by the end of their address.
FORMS: dict[str, Callable[[CopiedRequest, object], str]] = {
    "curl": lambda request, application: curl(request),
    "python": lambda request, application: script(request),
    "pytest": failing_test,
}


def export(context: RequestContext, entry: str, export: str) -> Response:
    """The request of an error as a command, as a script, or as a test."""
    record = _record(context, entry)
    if record.request is None or not record.request.is_http:
        raise NotFound("This error belongs to no request that could be sent again.")
    request = copied_request(record, record.request, context.debugger.redactor_of(record))
    return responses.text(FORMS[export](request, context.debugger.application))


def offline(context: RequestContext, entry: str, export: str) -> Response:
    """The error as a file to keep and to hand on; for the page's own script, as a part to print."""
    record = _record(context, entry)
    with context.debugger.describer(record) as describer:
        builder = context.builder(record, describer, reader())
        if context.from_script:
            return responses.page(printed(record, builder))
        body = offline_file(record, builder)
    name = _UNSAFE.sub("", record.captured.exception.type_name.rpartition(".")[2])[:LONGEST_NAME] or "error"
    attachment = ("Content-Disposition", f'attachment; filename="{name}-{entry[:8]}.html"')
    return responses.page(body, headers=(attachment,))


def _record(context: RequestContext, entry: str) -> ErrorRecord:
    if not context.viewer.sees_values:
        raise Forbidden(context.viewer.reason, code="not_unlocked")
    record = context.debugger.registry.get(entry)
    record.require_live()
    return record
