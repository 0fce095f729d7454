"""What a server is called: the addresses that people open, and what an application sees in every environ.

Knows sockets by their names only; opens no connection.
"""

from __future__ import annotations

import functools
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from debugkit import __version__
from debugkit.serving.config import ServerConfig, Timeouts
from debugkit.serving.http.response import FileWrapper
from debugkit.serving.http.transport import Transport

if TYPE_CHECKING:
    import ssl

#: Addresses that mean all addresses of this computer, and cannot be opened themselves.
WILDCARDS = {"0.0.0.0", "::"}
LOOPBACKS = {"127.0.0.1", "::1"}
#: Reserved for documentation (RFC 5737, RFC 3849): routes lead there as to any other address, and nobody is there.
ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


def urls(sockets: Sequence[socket.socket], scheme: str, name: str = "") -> list[str]:
    """Where browsers find what ``sockets`` listen on; the first one is for this computer.

    ``name`` is what the user called the first socket; if it is a name and not an address, the URL uses it.
    """
    addresses = [url for sock in sockets for url in _urls_of(sock, sockets, scheme, name)]
    return list(dict.fromkeys(addresses))


def _urls_of(sock: socket.socket, sockets: Sequence[socket.socket], scheme: str, name: str) -> Iterator[str]:
    if is_unix(sock):
        yield f"unix:{sock.getsockname()}"
        return
    for host in _hosts(sock, sockets, name):
        yield f"{scheme}://[{host}]:{port_of(sock)}/" if ":" in host else f"{scheme}://{host}:{port_of(sock)}/"


def _hosts(sock: socket.socket, sockets: Sequence[socket.socket], name: str) -> Iterator[str]:
    address = sock.getsockname()[0]
    if address in WILDCARDS:
        both = sock.family == socket.AF_INET6 and not sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
        yield "localhost" if both else "127.0.0.1" if sock.family == socket.AF_INET else "::1"
        yield from lan_addresses(socket.AF_INET if both else sock.family)
    elif address in LOOPBACKS and (name == "localhost" or _both_loopbacks(sockets, port_of(sock))):
        yield "localhost"
    elif sock is sockets[0] and is_name(name):
        yield name
    else:
        yield address


def _both_loopbacks(sockets: Sequence[socket.socket], port: int) -> bool:
    bound = {sock.getsockname()[0] for sock in sockets if not is_unix(sock) and port_of(sock) == port}
    return bound >= LOOPBACKS


def lan_addresses(family: int) -> list[str]:
    """The address that other computers in the network see of this one, if it is in one."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            # To connect a datagram socket only chooses the route: no packet is sent.
            probe.connect((ELSEWHERE[socket.AddressFamily(family)], 9))
            address = str(probe.getsockname()[0])
    except OSError:  # no network
        return []
    return [] if address in LOOPBACKS | WILDCARDS else [address]


def is_name(host: str) -> bool:
    """Whether ``host`` is the name of a computer, and not an address."""
    return bool(host) and ":" not in host and not host.replace(".", "").isdecimal()


def is_unix(sock: socket.socket) -> bool:
    return sock.family == getattr(socket, "AF_UNIX", None)


def port_of(sock: socket.socket) -> int:
    """The TCP port; 0 for a Unix socket."""
    return 0 if is_unix(sock) else int(sock.getsockname()[1])


def peer_of(listener: socket.socket, peer: Any) -> tuple[str, int]:
    """The client's address and port. "" and 0: it came over a Unix socket, where nobody has one."""
    if is_unix(listener):
        return "", 0
    return str(peer[0]).removeprefix("::ffff:"), int(peer[1])


def make_transport(context: ssl.SSLContext | None) -> Callable[[socket.socket, Timeouts], Transport]:
    """How connected sockets are read and written: with TLS when there is a context for it."""
    if context is None:
        return Transport
    from debugkit.serving.tls.transport import TlsTransport

    return functools.partial(TlsTransport, context=context)


def base_environ(sock: socket.socket, config: ServerConfig) -> dict[str, Any]:
    """What PEP 3333 wants in the environ of every request that comes over ``sock``, whatever the request."""
    environ: dict[str, Any] = {
        "SCRIPT_NAME": "",
        # Never empty (PEP 3333). Behind a Unix socket is a proxy, which says in Host what it is called; where it does
        # not, the port of the scheme gives addresses without one.
        "SERVER_NAME": "localhost" if is_unix(sock) else config.name or sock.getsockname()[0],
        "SERVER_PORT": str(port_of(sock) or (443 if config.scheme == "https" else 80)),
        "SERVER_SOFTWARE": f"debugkit/{__version__}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": config.scheme,
        "wsgi.errors": config.log.errors,
        "wsgi.multithread": config.threads > 1,
        "wsgi.multiprocess": config.processes > 1,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.input_terminated": True,
    }
    return environ | {"HTTPS": "on"} if config.scheme == "https" else environ
