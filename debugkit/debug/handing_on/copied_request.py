"""The request of an error as the forms that are copied have it: redacted, without what belongs to its connection."""

from __future__ import annotations

import re
from urllib.parse import quote

from debugkit.debug.handing_on.placeholders import IN_ADDRESS, Placeholders
from debugkit.debug.page.headline import title
from debugkit.debug.redaction.redactor import Redactor
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.request_snapshot import RequestSnapshot
from debugkit.frozen import frozen
from debugkit.terminal_text import line

#: Headers that the client writes anew: of the connection (RFC 9110, 7.6.1), and of the body's form on the wire.
OF_THE_CONNECTION = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect"}
    | {"accept-encoding", "proxy-connection"}
)
#: A host with its port, as it may stand in an address.
_HOST = re.compile(r"[\w.\-]{1,255}(?::\d{1,5})?|\[[\da-fA-F:.]{2,45}\](?::\d{1,5})?", re.ASCII)


@frozen
class CopiedRequest:
    """A request to be sent by somebody else. ``target`` and ``inner_target`` are a path with its query."""

    method: str
    scheme: str
    host: str
    target: str
    #: The same below the root of the application.
    inner_target: str
    headers: tuple[tuple[str, str], ...]  # values as Latin-1 characters, as on the wire
    body: bytes
    #: What it raised, in one line.
    raised: str
    #: What is missing: secrets, and the end of a body that was cut.
    notices: tuple[str, ...]

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}{self.target}"


def copied_request(entry: ErrorRecord, request: RequestSnapshot, redactor: Redactor) -> CopiedRequest:
    """The request of ``entry``, without its secrets."""
    hidden = Placeholders(redactor)
    names = [name for name in request.headers if name not in OF_THE_CONNECTION]
    headers = [(name.title(), hidden.header(name, request.headers[name])) for name in names]
    path = hidden.path(request.path) or "/"
    query = quote(hidden.query(request.query).encode("latin-1", "replace"), safe=IN_ADDRESS + '[]{}|\\^`"<>')
    body = hidden.body(request.headers.get("content-type", ""), request.body)
    host = request.headers.get("host", "")
    tail = f"?{query}" if query else ""
    return CopiedRequest(
        method=request.method,
        scheme=request.scheme,
        host=host if _HOST.fullmatch(host) else "localhost",
        target=f"{path}{tail}",
        inner_target=f"{path.removeprefix(request.root) or '/'}{tail}",
        headers=tuple((name, value) for name, value in headers if value or name != "Cookie"),
        body=body,
        raised=line(redactor.text(title(entry.captured.exception))),
        notices=tuple(filter(None, (line(hidden.sentence), _cut(request)))),
    )


def _cut(request: RequestSnapshot) -> str:
    if request.body_complete:
        return ""
    whole = f" of {request.body_length:,}" if request.body_length else ""
    return f"The body is not complete: only {len(request.body):,}{whole} bytes of it were kept."
