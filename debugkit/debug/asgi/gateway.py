"""What ASGI gives and takes: a request read from its scope, and a response sent as messages.

Knows the debugger's messages, and no application.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, TypeAlias
from urllib.parse import quote

from debugkit.debug.access.trust import CLIENT_HEADERS
from debugkit.debug.asgi.threads import StreamReader
from debugkit.debug.messages import Request, Response
from debugkit.debug.safe.inspection import exact_str
from debugkit.debug.safe.text import text_of

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

#: The scheme of a page that belongs to a scope's.
SCHEMES = {"ws": "http", "wss": "https"}
#: Never the address of a client, and trusted by nobody.
UNKNOWN_PEER = "unknown"


def inner_path(scope: Mapping[str, Any]) -> str:
    """The path below ``root_path``, which ``path`` contains, or which a proxy has taken away before."""
    path: str = scope["path"]
    root = scope.get("root_path")
    return path.removeprefix(root.rstrip("/")) if root else path


def make_request(
    scope: Mapping[str, Any], root: str, path: str, mount: str, *, console_path: str | None = None, body: bytes = b""
) -> Request:
    """The request as the debugger sees it. An address outside of the mount has the path "".

    ``root`` is the scope's ``root_path`` and ``path`` its `inner_path`: applications write to both.
    """
    inner = "console" if path == console_path else path[len(mount) :].lstrip("/") if path.startswith(mount) else ""
    scheme = exact_str(scope.get("scheme")) or "http"
    server = scope.get("server") or ("", None)
    headers = headers_of(scope)
    return Request(
        method=exact_str(scope.get("method")) or "GET",  # a WebSocket begins as one (RFC 6455, 4.1)
        path=inner,
        query=scope.get("query_string", b"").decode("latin-1"),
        headers=headers,
        root=quoted_root(root),
        scheme=SCHEMES.get(scheme, scheme),
        peer=socket_peer(scope, headers),
        read_body=lambda limit: body[: limit + 1],
        server=(text_of(server[0] or ""), "" if server[1] is None else text_of(server[1])),
        multiprocess=is_worker(),
    )


def quoted_root(root: str) -> str:
    """A ``root_path`` as in a URL, without a slash at its end."""
    return quote(root.rstrip("/"), safe="/:@!$&'()*+,;=~", errors="replace")


def is_worker() -> bool:
    """Whether a server has started this process, and perhaps others like it: with `multiprocessing`, as all of them do.

    ASGI has no word for it.
    """
    module = sys.modules.get("multiprocessing.process")
    return module is not None and module.parent_process() is not None


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """The headers by their names in lower case. What comes more than once counts as a list (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope.get("headers", ()):
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        separator = "; " if name == "cookie" else ", "  # RFC 9113, 8.2.3
        headers[name] = f"{headers[name]}{separator}{value}" if name in headers else value
    return headers


def text_headers(message: Message) -> list[tuple[str, str]]:
    """The headers of a response as text (RFC 9110, 5.5)."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message.get("headers", ())]


def peer_of(scope: Mapping[str, Any]) -> str:
    """The address of the client; empty for a Unix socket, which has no port on the server's side either."""
    client, server = scope.get("client"), scope.get("server")
    if client:
        return text_of(client[0])
    return UNKNOWN_PEER if server and server[1] is not None else ""


def socket_peer(scope: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    """The client's address as far as it is the socket's own.

    Servers put one from a header in its place (uvicorn does for proxies that it trusts, which may be all; daphne takes
    any header). That it is this computer is then anybody's word: it counts as a private network, as a Unix socket does.
    """
    peer = peer_of(scope)
    is_claimed = any(name in headers for name in (*CLIENT_HEADERS, "forwarded"))
    return "" if is_claimed and _is_loopback(peer) else peer


def _is_loopback(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


class EarlyBody:
    """A request's body, read before anybody is asked for an answer; whoever answers can read it once more."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._messages: list[Message] = []
        self._next = 0

    async def read(self, limit: int) -> bytes:
        """The body, or a bit more than ``limit`` bytes of it."""
        body = bytearray()  # of many small pieces, each would copy all before it
        while len(body) <= limit:
            message = await self._receive()
            self._messages.append(message)
            body += message.get("body", b"")
            if message["type"] != "http.request" or not message.get("more_body", False):
                break
        return bytes(body)

    async def receive(self) -> Message:
        """The same messages, and then what follows."""
        if self._next == len(self._messages):
            return await self._receive()
        self._next += 1
        return self._messages[self._next - 1]


async def send_response(response: Response, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    """A `Response` as messages; a body in one piece gets its length, and is left out for HEAD (RFC 9110, 9.3.2)."""
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    body = response.body
    if isinstance(body, bytes):
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        body = b"" if scope.get("method") == "HEAD" else body
        await send({"type": "http.response.body", "body": body, "more_body": False})
        return
    reader = StreamReader(body)
    try:
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await _send_pieces(reader, receive, send)
    finally:
        reader.close()


async def _send_pieces(reader: StreamReader, receive: Receive, send: Send) -> None:
    """Send what the reader gives until it ends, or the client has left."""
    leaving = asyncio.ensure_future(_left(receive))
    try:
        while True:
            piece = asyncio.ensure_future(reader.next())
            await asyncio.wait((piece, leaving), return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                piece.cancel()
                return
            data = await piece
            await send({"type": "http.response.body", "body": data or b"", "more_body": data is not None})
            if data is None:
                return
    finally:
        leaving.cancel()
        with suppress(asyncio.CancelledError):
            await leaving


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
