"""What a handler works with: one request, who sends it, what they may see, and the addresses as they reach them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from debugkit.debug.access.proxies import public_root
from debugkit.debug.access.viewer import Viewer
from debugkit.debug.debugger import Debugger
from debugkit.debug.http import negotiate
from debugkit.debug.messages import Request
from debugkit.debug.page import assets
from debugkit.debug.page.builder import PageBuilder
from debugkit.debug.page.models import LiveView
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.values.describe import Describer
from debugkit.errors import BadRequest, BodyTooLarge, UnsupportedMedia

#: Bytes of a body that are read: the longest command fits, were each of its characters escaped (``\u00e4``).
MOST_BYTES = 1_000_000


class RequestContext:
    """A request to the debugger, or one whose error it shows. Made once for each."""

    def __init__(self, debugger: Debugger, request: Request, *, viewer: Viewer | None = None) -> None:
        self.debugger = debugger
        self.request = request
        self.viewer = viewer or debugger.viewer_of(request)
        #: What every URL of the debugger starts with.
        self.base = self.viewer.base

    @property
    def static_url(self) -> str:
        return f"{self.base}/static/{assets.static_key()}/"

    @property
    def own_base(self) -> str:
        """The same at the server's own socket, past every proxy; empty when only proxies know where that is."""
        site = self.debugger.own_site(self.request)
        return f"{site}{self.request.root}{self.debugger.settings.mount}" if site else ""

    @property
    def site(self) -> str:
        """Scheme and host as the client named them, for its eyes alone; empty when it named none."""
        return f"{self.request.scheme}://{self.request.host}" if self.request.host else ""

    @property
    def from_script(self) -> bool:
        """Whether the debugger's own script asks, which takes fragments of pages and JSON."""
        return "x-debugkit" in self.request.headers

    @property
    def form(self) -> str:
        """The form of an answer that the client prefers."""
        return negotiate.preferred(self.request.headers)

    @property
    def wants_page(self) -> bool:
        """Whether a person will look at the answer, rather than the debugger's own script or another program."""
        return not self.from_script and self.form == "html"

    def live(self, heals: str, *, label: str = "Show the new result", url: str = "") -> LiveView | None:
        """How the page is notified of changes; `None` if nothing would be sent to it."""
        events = self.debugger.events
        if events is None:
            return None
        return LiveView(f"{self.base}/events", events.generation, f"{self.base}/tracebacks", heals, label, url)

    def builder(self, entry: ErrorRecord, describer: Describer, viewer: Viewer | None = None) -> PageBuilder:
        """For who asks, or for somebody else: ``viewer``."""
        viewer = viewer or self.viewer
        return PageBuilder(entry, viewer, describer, self.debugger.settings, self.static_url, self.own_base)

    def start_session(self) -> tuple[tuple[str, str], str]:
        """The header that unlocks the browser which sent the request, and the key for its pages."""
        auth = self.debugger.pin_auth
        session = auth.issue_session(self.request.headers.get("cookie", ""))
        return self._cookie(session), auth.key_of(session)

    def end_session(self) -> tuple[str, str]:
        """The header that locks the browser which sent the request."""
        return self._cookie("")

    def _cookie(self, session: str) -> tuple[str, str]:
        secure = self.request.scheme == "https"
        return (
            "Set-Cookie",
            self.debugger.pin_auth.session_cookie(public_root(self.request), secure=secure, session=session),
        )

    def kept_body(self) -> bytes:
        """The request's body, as much of it as is accepted and a byte more; it can be read again afterwards."""
        body = self.request.read_body(MOST_BYTES)
        self.request = replace(self.request, read_body=lambda limit: body[: limit + 1])
        return body

    def json_body(self) -> Mapping[str, Any]:
        """The request's body, an object. Raises `UnsupportedMedia`, `BodyTooLarge` or `BadRequest`."""
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise UnsupportedMedia("Send the body as application/json.")
        body = self.request.read_body(MOST_BYTES)
        if len(body) > MOST_BYTES:
            raise BodyTooLarge(f"The body is larger than {MOST_BYTES:,} bytes.")
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            raise BadRequest("The body is not valid JSON.") from None
        if not isinstance(content, dict):
            raise BadRequest("The body must be a JSON object.")
        return content

    def number(self, name: str) -> int:
        """A whole number in the query, 1 or more. Raises `BadRequest`."""
        match = re.search(rf"(?:^|&){name}=([1-9][0-9]{{0,8}})(?:&|$)", self.request.query)
        if match is None:
            raise BadRequest(f'The query needs "{name}", a whole number, 1 or more.')
        return int(match[1])

    def text_field(self, name: str) -> str:
        """A text in the request's body. Raises `BadRequest` and what `json_body` raises."""
        value = self.json_body().get(name)
        if not isinstance(value, str):
            raise BadRequest(f'The body needs "{name}", a string.')
        return value
