"""Listening sockets: which addresses a host name means, and a sentence for each way in which that fails."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Any

from debugkit.errors import ConfigurationError, DebugkitError


class AddressInUse(DebugkitError):
    """Another program listens there already."""


def bind(host: str, port: int, *, listen: Callable[[str, int], socket.socket] | None = None) -> list[socket.socket]:
    """Listening sockets for ``host``: two for "localhost" where there is IPv6, on the same port.

    Raises `AddressInUse`, or `ConfigurationError` for an address that cannot be listened on. ``listen`` is for tests.
    """
    listen = listen or _listen
    if not 0 <= port <= 65535:
        raise ConfigurationError(f"{port} is not a port: give a number from 1 to 65535, or 0 for any free one.")
    host = host.strip("[]")
    if host != "localhost":
        return [listen(host, port)]
    first = listen("127.0.0.1", port)
    try:
        # Browsers try ::1 first: if another program answered there, they would show that one.
        return [first, listen("::1", first.getsockname()[1])]
    except AddressInUse:
        first.close()
        if port:
            raise
        return bind(host, port, listen=listen)
    except ConfigurationError:  # no IPv6 on this computer
        return [first]


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM)[0]
        return _open(family, address)
    except socket.gaierror as error:
        raise ConfigurationError(
            f"{host!r} is not an address of this computer ({error.strerror}): "
            "give 127.0.0.1, or 0.0.0.0 for all addresses it has."
        ) from error
    except OSError as error:
        raise _explain(error, host, port) from error


def _open(family: int, address: Any) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Windows gives SO_REUSEADDR another meaning: two programs on one port.
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR if exclusive is None else exclusive, 1)
        if family == socket.AF_INET6 and socket.has_dualstack_ipv6():
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address[0] != "::"))
        sock.bind(address)
        sock.listen(1024)
    except BaseException:
        sock.close()
        raise
    return sock


def _explain(error: OSError, host: str, port: int) -> DebugkitError:
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return AddressInUse(f"Port {port} is in use on {host}: stop the other program, or choose another port.")
    if error.errno == errno.EACCES:
        return ConfigurationError(f"The system does not allow port {port}: choose one above 1023, such as 8000.")
    return ConfigurationError(
        f"Cannot listen on {where}: {error.strerror}. Give an address of this computer, such as 127.0.0.1."
    )
