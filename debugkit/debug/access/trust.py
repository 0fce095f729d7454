"""Who is asking: decides from Host, peer address and origin what a request may see, and why not more.

Decides for one request at a time, from its headers and the settings. Does not know PINs, sessions or responses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from debugkit.debug.access.proxies import OTHER_SITE, forwarded_ports, origin_advice, public_root
from debugkit.debug.access.viewer import Level, Viewer
from debugkit.debug.messages import Request
from debugkit.errors import Forbidden
from debugkit.settings import Settings


class _Distance(IntEnum):
    """How far away a peer is; a request is as far away as the farthest address it names."""

    LOOPBACK = 0
    PRIVATE = 1
    PUBLIC = 2


#: RFC 1918, RFC 4193 and link-local. Not `is_private`, which holds documentation and other networks as well, and not
#: 100.64.0.0/10 (RFC 6598), which carriers share among strangers.
_PRIVATE = tuple(
    ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
)
#: Headers in which a proxy names the client: those of servers and libraries first, then those of single vendors.
CLIENT_HEADERS = (
    *("x-forwarded-for", "x-real-ip", "x-client-ip", "client-ip", "x-forwarded", "forwarded-for"),
    *("x-original-forwarded-for", "x-remote-ip", "x-remote-addr", "x-originating-ip", "x-cluster-client-ip"),
    *("cf-connecting-ip", "cf-connecting-ipv6", "true-client-ip", "fastly-client-ip", "fly-client-ip"),
    *("do-connecting-ip", "x-nf-client-connection-ip", "x-vercel-forwarded-for", "x-azure-clientip"),
    *("x-appengine-user-ip", "x-envoy-external-address"),
)
#: Headers that only a proxy adds, without naming the client.
_PROXY_HEADERS = ("via", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-server")
_ALL_PROXY_HEADERS = (*CLIENT_HEADERS, "forwarded", *_PROXY_HEADERS)
_PROXIED = frozenset(_ALL_PROXY_HEADERS)
#: Headers in which a proxy says where it was reached.
_HOST_HEADERS = ("forwarded", "x-forwarded-host", "x-forwarded-port", "x-forwarded-server")
#: Addresses of a socket that listens on all of them (RFC 1122, 3.2.1.3; RFC 4291, 2.5.2).
_UNSPECIFIED = {"0.0.0.0": "127.0.0.1", "::": "localhost"}
#: What servers give as the address of a Unix socket's peer: nothing, or (waitress) this name.
_UNIX_SOCKET = ("", "localhost")
#: The value of X-Debugkit: a key is the output of SHA-256.
_HEADER = re.compile("1|[0-9a-f]{64}")
#: 253 characters of a name (RFC 1035, 2.3.4), a final dot, a port.
_HOST_SIZE = 260
#: RFC 9110, 7.2: an address in brackets or a name, and a port. RFC 6874 zone ids never leave the computer.
_HOST = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\.?)(?::(?P<port>[0-9]{1,5}))?"
)


def assess(
    request: Request,
    settings: Settings,
    *,
    bound_host: str | None = None,
    unlocked: bool = False,
    keyed: bool = False,
    same_user: bool = False,
) -> Viewer:
    """Who is asking. ``bound_host`` is the name the server binds; ``unlocked`` whether the cookie holds a
    valid session, ``keyed`` whether the request has the key to it too; ``same_user`` whether a program of the user that
    runs the server sent it, which a Unix socket does not tell.

    Forwarded headers can only take trust away: any client can write them, and each address they name counts.
    """
    distance, far = _farthest(request, settings, same_user)
    base = f"{public_root(request)}{settings.mount}"
    make = partial(Viewer, base=base, evalex=settings.evalex, pin_security=settings.pin_security)
    reason = _host_reason(request, settings, bound_host, direct=distance is _Distance.LOOPBACK)
    reason = reason or _origin_reason(request, settings, bound_host)
    if reason or distance is _Distance.PUBLIC:
        return make(Level.STRANGER, False, reason=reason or _peer_reason(far))
    local = distance is _Distance.LOOPBACK
    via = next(iter(_present(request, _ALL_PROXY_HEADERS)), "")
    reason = _locked_reason(settings, local, unlocked)
    if reason:
        return make(Level.VISITOR, local, reason=reason, via=via)
    return make(Level.RUNNER if keyed or not settings.pin_security else Level.DEVELOPER, local, via=via)


def _locked_reason(settings: Settings, local: bool, unlocked: bool) -> str:
    """Why a visitor is not a developer; empty if nothing prevents it."""
    if not settings.evalex:
        return "Consoles are disabled (evalex=False)."
    if settings.pin_security:
        return "" if unlocked else "Enter the PIN first. It is printed in the terminal that runs the server."
    return "" if local else "With the PIN disabled, this works only on the computer that runs the server."


# Hosts: a page of another site that points its own name at this computer (DNS rebinding) has its name in Host.


def _host_reason(request: Request, settings: Settings, bound_host: str | None, *, direct: bool) -> str:
    """Why the hosts of the request are not trusted; empty when all are."""
    if not request.host and not direct:
        return "a request from another computer without a Host header."
    for host in _hosts(request):
        if not _host_is_trusted(host, settings, bound_host):
            return f"the host {_shown(host)} is not trusted; {_host_advice(host)}"
    return ""


def _host_advice(host: str) -> str:
    name = _name(host)
    if name is None:
        return "it is not a host name."
    return f"DEBUGKIT_TRUSTED_HOSTS={name} (trusted_hosts=[{name!r}]) lets it in."


def _hosts(request: Request) -> Iterator[str]:
    """The Host header, when there is one, and the hosts that proxies say it was before."""
    if request.host:
        yield request.host
    if "x-forwarded-host" in request.headers:
        yield from (item.strip() for item in request.headers["x-forwarded-host"].split(","))
    yield from _forwarded(request, "host")


def _host_is_trusted(host: str, settings: Settings, bound_host: str | None) -> bool:
    name = _name(host)
    if name is None:
        return False
    if _address(name) or name == "localhost" or name.endswith(".localhost"):
        return True  # an address needs no DNS, and RFC 6761, 6.3 keeps localhost on this computer
    return any(_matches(name, pattern) for pattern in (*settings.trusted_hosts, *_bound_name(bound_host)))


def _matches(name: str, pattern: str) -> bool:
    return name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern


def _bound_name(bound_host: str | None) -> tuple[str, ...]:
    name = _name(bound_host or "")
    return () if name is None else (name,)


@lru_cache(maxsize=64)
def _name(host: str) -> str | None:
    """The host in lower case without port, brackets and final dot; `None` when it is malformed."""
    match = _HOST.fullmatch(host) if len(host) <= _HOST_SIZE else None
    if not match or (match["v6"] and not _address(match["v6"])):
        return None
    return (match["v6"] or match["name"]).lower()


def own_authority(request: Request, settings: Settings, bound_host: str | None) -> str:
    """Host and port of the server's own socket, for links in the terminal: the sender of a request cannot influence it.

    Empty where only a proxy knows: servers make SERVER_NAME of the Host header behind a Unix socket, and middleware
    makes it of what a proxy forwards. A name that no browser could use here is waitress's, or the computer's own.
    """
    if request.peer in _UNIX_SOCKET or any(name in request.headers for name in _HOST_HEADERS):
        return ""
    name, port = request.server
    host = _host_of(name) or (name.lower() if _host_is_trusted(name, settings, bound_host) else "127.0.0.1")
    return f"{host}:{port}" if port.isascii() and port.isdecimal() else host


@lru_cache(maxsize=64)
def _host_of(text: str) -> str:
    """An address as it stands in a link; "" for what is none."""
    address = _address(text)
    if address is None:
        return ""
    return _UNSPECIFIED.get(str(address)) or (f"[{address}]" if address.version == 6 else str(address))


# Peers


def _farthest(request: Request, settings: Settings, same_user: bool) -> tuple[_Distance, str]:
    """The distance of the farthest address that the socket or a header names, and the text that named it."""
    peers = [(_peer_distance(text, settings), text) for text in _clients(request)]
    if not peers and _present(request, _ALL_PROXY_HEADERS):
        peers.append((_Distance.PRIVATE, "a proxy"))  # it does not say for whom
    if request.peer in _UNIX_SOCKET:
        peers.append((_Distance.LOOPBACK if same_user else _Distance.PRIVATE, "a Unix socket"))
    else:
        peers.append((_peer_distance(request.peer, settings), request.peer))
    return max(peers, key=lambda peer: peer[0])


def _present(request: Request, names: tuple[str, ...]) -> list[str]:
    """Those of a proxy's headers ``names`` that the request has, in their order; most requests have none."""
    return [] if _PROXIED.isdisjoint(request.headers) else [name for name in names if name in request.headers]


def _clients(request: Request) -> Iterator[str]:
    for header in _present(request, CLIENT_HEADERS):
        yield from (item.strip() for item in request.headers[header].split(","))
    yield from _forwarded(request, "for")


def _forwarded(request: Request, parameter: str) -> Iterator[str]:
    """The values of one parameter of the Forwarded header (RFC 7239, 4).

    A quoted comma or semicolon splits its value too: half a quoted value is no address and no name, and not trusted.
    """
    if "forwarded" not in request.headers:
        return
    for pair in re.split("[,;]", request.headers["forwarded"]):
        name, _, value = pair.strip().partition("=")
        if name.strip().lower() == parameter:
            quoted = re.fullmatch(r'\s*"([^"]*)"\s*', value)
            yield quoted[1] if quoted else value.strip()


def _peer_distance(text: str, settings: Settings) -> _Distance:
    """How far away an address is. What is no address (RFC 7239 allows "unknown" and "_hidden") is public."""
    address = _peer_address(text)
    if address is None:
        return _Distance.PUBLIC
    if address.is_loopback:
        return _Distance.LOOPBACK
    near = any(address in network for network in (*_PRIVATE, *_networks(settings.trusted_peers)))
    return _Distance.PRIVATE if near else _Distance.PUBLIC


@lru_cache(maxsize=8)
def _networks(texts: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text) for text in texts)


@lru_cache(maxsize=64)
def _peer_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address of a peer, given with or without brackets and port."""
    match = re.fullmatch(r"\[(.*)\](?::[0-9]+)?|([0-9.]+):[0-9]+", text)
    return _address(match[1] or match[2] or "" if match else text)


@lru_cache(maxsize=64)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address, without its zone, and IPv4 where it is mapped into IPv6 (RFC 4291, 2.5.5.2)."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _peer_reason(text: str) -> str:
    address = _peer_address(text)
    if address is None:
        return f"a proxy names the client {_shown(text)}, which is not an address that can be trusted."
    return f"{address} is a public address; DEBUGKIT_TRUSTED_PEERS={address} (trusted_peers=['{address}']) lets it in."


def _shown(text: str) -> str:
    """A header's text for the terminal: without control characters, and short."""
    return ascii(text if len(text) <= 100 else f"{text[:100]}...")


# Origin


def _origin_reason(request: Request, settings: Settings, bound_host: str | None) -> str:
    """Why the page that sent the request may not read the answer; empty when it may, or when no page says it sent it.

    Whatever CORS headers the application sends: they were meant for its answers, and not for its source and values.
    """
    origin = request.headers.get("origin")
    # A page without referrers sends "null" to its own origin too (Fetch, 3.1), and nobody can forge Sec-Fetch-Site.
    if origin is None or request.headers.get("sec-fetch-site") == "same-origin":
        return ""
    scheme, _, authority = origin.partition("://")
    if scheme not in ("http", "https"):
        return f"the origin {_shown(origin)} is not trusted: it does not name a website."
    address = _address(_name(authority) or "")
    if address is None:
        trusted = _host_is_trusted(authority, settings, bound_host)
        return "" if trusted else f"the origin {_shown(origin)} is not trusted; {_host_advice(authority)}"
    # Unlike in Host, an address is no proof here: any website can be called by its own.
    if _peer_distance(str(address), settings) < _Distance.PUBLIC or _is_own_origin(origin, request):
        return ""
    return f"the origin {_shown(origin)} is not trusted; {_peer_reason(str(address))}"


def is_embedded(request: Request) -> bool:
    """Whether a page of another site loads this as a script, style or image, which would reveal what runs here."""
    fetch = request.headers.get("sec-fetch-site"), request.headers.get("sec-fetch-mode")
    return fetch[0] == "cross-site" and fetch[1] != "navigate" and "origin" not in request.headers


def check_same_origin(request: Request) -> None:
    """Raise `Forbidden` for a state-changing request that the debugger's own page did not send.

    The header makes a browser ask first (CORS preflight) before another site's page could send it; Sec-Fetch-Site
    and Origin (RFC 6454) are set by the browser, and a page cannot change them. Its value is 1, or a session's key.
    """
    if not _HEADER.fullmatch(request.headers.get("x-debugkit", "")):
        raise Forbidden("Send the header X-Debugkit: 1 with requests to the debugger.", code="missing_header")
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    if site != "same-origin":
        raise Forbidden(OTHER_SITE, code="cross_origin")
    if origin is not None and not _is_own_origin(origin, request):
        raise Forbidden(_origin_refusal(origin, request), code="cross_origin")


def _origin_refusal(origin: str, request: Request) -> str:
    authority = origin.partition("://")[2]
    known = _name(authority) is not None and _name(request.host) is not None
    return origin_advice(request, authority) if known else OTHER_SITE


def _is_own_origin(origin: str, request: Request) -> bool:
    """Whether the origin is where the request went to. The scheme may differ: a proxy may end TLS (RFC 9110, 7.7)."""
    scheme, separator, authority = origin.partition("://")
    default = {"http": "80", "https": "443"}.get(scheme)
    if not separator or default is None:
        return False
    ports = (default, *forwarded_ports(request))
    own = [_name_and_port(host, port) for host in _hosts(request) for port in ports]
    if request.headers.get("sec-fetch-site") == "same-origin":  # a proxy may drop the port from Host, and says nothing
        return any(place is not None and _is_same_host(_name(authority), place[0]) for place in own)
    return _name_and_port(authority, default) in [place for place in own if place]


def _is_same_host(host: str | None, other: str) -> bool:
    """Whether two names are the same, or both this computer's: proxies ask 127.0.0.1 for what is at localhost."""
    return host == other or (host is not None and _is_loopback(host) and _is_loopback(other))


def _is_loopback(name: str) -> bool:
    address = _address(name)
    return name == "localhost" or (address is not None and address.is_loopback)


@lru_cache(maxsize=64)
def _name_and_port(host: str, default: str) -> tuple[str, str] | None:
    name, match = _name(host), _HOST.fullmatch(host)
    return (name, match["port"] or default) if name and match else None
