"""What is kept of a request that failed, and what routers and middleware have put into its scope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from debugkit.debug.asgi.exchange import HttpExchange
from debugkit.debug.asgi.gateway import SCHEMES, headers_of, is_worker, peer_of, quoted_root
from debugkit.debug.frameworks.noting import PRESERVE_CONTEXT
from debugkit.debug.request_snapshot import WEBSOCKET, RequestSnapshot, named
from debugkit.debug.safe.inspection import exact_str
from debugkit.debug.safe.text import text_of
from debugkit.frozen import frozen

#: What stands in other panels, and what nobody learns from.
SHOWN = {"type", "method", "scheme", "path", "raw_path", "query_string", "headers", "client", PRESERVE_CONTEXT}


@frozen
class ScopeSnapshot(RequestSnapshot):
    """A request whose ``environ`` is its scope."""

    @property
    def protocol(self) -> str:
        return "ASGI"

    @property
    def scheme(self) -> str:
        scheme = exact_str(self.environ.get("scheme")) or "http"
        return SCHEMES.get(scheme, scheme)

    @property
    def client(self) -> str:
        return peer_of(self.environ)

    @property
    def user(self) -> str:
        return ""  # in a scope it is an object, and stands among what the framework knows

    @property
    def multiprocess(self) -> bool:
        return is_worker()

    @property
    def headers(self) -> dict[str, str]:
        return headers_of(self.environ)

    @property
    def variables(self) -> dict[str, object]:
        return {name: value for name, value in self.environ.items() if name not in SHOWN}


def take_snapshot(
    scope: Mapping[str, Any], root: str, exchange: HttpExchange | None = None, notice: str = ""
) -> ScopeSnapshot:
    """Keep what the page shows of a request. ``notice`` says why its body is not complete.

    ``root`` is what ``root_path`` was before the application had the scope.
    """
    headers = headers_of(scope)
    text = headers.get("content-length", "")
    length = int(text) if text.isascii() and text.isdecimal() else None
    raw_path = scope.get("raw_path") or quote(scope["path"], safe="/:@!$&'()*+,;=~-._", errors="replace").encode()
    return ScopeSnapshot(
        method=exact_str(scope.get("method")) or WEBSOCKET,
        path=raw_path.partition(b"?")[0].decode("latin-1"),  # some servers leave the query on it
        query=scope.get("query_string", b"").decode("latin-1"),
        environ=dict(named(scope)),
        body=bytes(exchange.body or b"") if exchange else b"",
        body_length=length,
        body_notice=notice,
        body_complete=_is_complete(scope, headers, length, exchange),
        root=quoted_root(root),
    )


def _is_complete(
    scope: Mapping[str, Any], headers: Mapping[str, str], length: int | None, exchange: HttpExchange | None
) -> bool:
    """Whether all of the request's body is kept. In HTTP/1 there is none that no header tells of (RFC 9112, 6.3)."""
    kept = len(exchange.body or b"") if exchange else 0
    if length is not None:
        return kept == length
    if "transfer-encoding" not in headers and text_of(scope.get("http_version", "")).startswith("1"):
        return True
    return exchange is not None and not exchange.more_body and kept == exchange.total
