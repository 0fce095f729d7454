"""An application takes the connection over, as WebSocket libraries do: Go's `Hijacker`, Rack's ``rack.hijack``."""

from __future__ import annotations

from typing import Any

from debugkit.serving.http.transport import Malformed, Transport

#: What of a socket takes the connection over when an application asks for it. The rest only looks.
_USES = frozenset(
    {"close", "detach", "dup", "makefile", "setblocking", "settimeout", "share", "shutdown", "unwrap"}
    | {"read", "recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into"}
    | {"send", "sendall", "sendfile", "sendmsg", "sendmsg_afalg", "sendto", "write"}
)


class HijackableSocket:
    """The socket in the environ, for an application that takes the connection over, as WebSocket libraries do.

    It has what the socket has. Looking (`fileno`, `getpeername`, ...) changes nothing; the first use makes it a socket
    that waits, on which the server says nothing any more. Raises `Malformed` when the client sent more before the
    application took over: that was read already, and is no data of a WebSocket (RFC 6455, 4.1).
    """

    __slots__ = ("_transport", "early")

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.early = False

    def __getattr__(self, name: str) -> Any:
        if name in _USES and not self._transport.hijacked:
            if self.early:
                raise Malformed("The client sent data before the connection was taken over.")
            self._transport.hijack()
        return getattr(self._transport.sock, name)
