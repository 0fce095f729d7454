"""A request and a response without a protocol. The adapters (WSGI, later ASGI) translate to and from these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field

from debugkit.frozen import frozen


@frozen
class Request:
    """A request as the debugger sees it.

    ``path`` is decoded and relative to the debugger's mount, without a leading slash; ``root`` is the application's
    SCRIPT_NAME, percent-encoded and without a trailing slash. Header names are lower-case. ``peer`` is the socket's
    own address as text, empty for a Unix socket; ``server`` is what the server says of its own socket: name or address,
    and port. ``read_body(limit)`` returns the body, at most ``limit`` + 1 bytes. ``multiprocess`` says that other
    processes may serve the same application (PEP 3333's ``wsgi.multiprocess``).
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    root: str
    scheme: str
    peer: str
    read_body: Callable[[int], bytes] = field(default=lambda limit: b"", repr=False)
    server: tuple[str, str] = ("", "")
    multiprocess: bool = False

    @property
    def host(self) -> str:
        """The Host header, with its port when it has one; empty when there is none."""
        return self.headers.get("host", "")


@frozen
class Response:
    """A response: a body in one piece, or an iterable of pieces that are sent as they come."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | Iterable[bytes] = b""
