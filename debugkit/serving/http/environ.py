"""A request's head as an application gets it: the environ of PEP 3333, made of what a parser of HTTP has taken apart.

What the parser lets through and RFC 9112 does not is refused here. Knows no connection.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

from debugkit.serving.http.transport import Malformed

#: Bytes that a head may have beside its line ends: visible ones, blanks, tabs, and those above ASCII (RFC 9110, 5.5).
_TEXT = bytes([9, 10, 13, *range(0x20, 0x7F), *range(0x80, 0x100)])
#: A name (RFC 3986, 3.2.2) or an address in brackets, maybe with a zone (RFC 6874), and a port; or nothing at all.
_HOST = re.compile(
    r"((?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+|\[(?P<address>[0-9A-Fa-f:.]+)(?:%[A-Za-z0-9._~%-]+)?\])(:[0-9]*)?|"
)
_ABSOLUTE = re.compile(r"https?://([^/?]+)", re.IGNORECASE)


class Head(Protocol):
    """A request's line and headers, names in lower case. `h11.Request` is one."""

    @property
    def method(self) -> bytes: ...
    @property
    def target(self) -> bytes: ...
    @property
    def http_version(self) -> bytes: ...
    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]: ...


def check_head(head: bytes) -> None:
    """Refuse what servers read in different ways, and smugglers use (RFC 9112, 2.2 and 5.2). Raises `Malformed`."""
    lines = head.count(b"\r\n")
    if head.count(b"\n") != lines or head.count(b"\r") != lines:
        raise Malformed("A line of the request does not end with a carriage return and a line feed.")
    if b"\n " in head or b"\n\t" in head:
        raise Malformed("A header continues on the next line.")
    if head.translate(None, _TEXT):
        raise Malformed("The request's head has a control character.")


def header_variables(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """A request's headers, names in lower case, as an environ has them."""
    variables: dict[str, str] = {}
    for name, value in headers:
        key = environ_key(name)
        if key is None:
            continue
        text = value.decode("latin-1")
        if key in variables:
            text = f"{variables[key]}{';' if key == 'HTTP_COOKIE' else ','} {text}"
        variables[key] = text
    return variables


def make_environ(request: Head, variables: Mapping[str, str], base: dict[str, Any]) -> dict[str, Any]:
    """The request as PEP 3333 wants it, on top of ``base``; ``variables`` are its headers. Raises `Malformed`."""
    version = request.http_version
    if version[:1] != b"1":
        raise Malformed("This server speaks HTTP/1.1.", 505)
    environ = base.copy()
    environ.update(variables)
    if "HTTP_TRANSFER_ENCODING" in environ and ("CONTENT_LENGTH" in environ or version == b"1.0"):
        # RFC 9112, 6.1: two ways to tell the length are how requests are smuggled.
        raise Malformed("The length of the request's body is not clear.")
    target = request.target.decode("latin-1")
    environ["REQUEST_METHOD"] = method = request.method.decode("latin-1")
    if method == "CONNECT":
        # RFC 9110, 9.1 and 9.3.6: the client wants a proxy, and would take any 2xx for a tunnel.
        raise Malformed("This server is not a proxy.", 501)
    environ["SERVER_PROTOCOL"] = "HTTP/1.0" if version == b"1.0" else "HTTP/1.1"
    environ["REQUEST_URI"] = environ["RAW_URI"] = target
    # RFC 9112, 3.2: a wrong Host is wrong also where the target takes its place. Behind a Unix socket no name leads
    # here, so clients say whatever they like, such as the path of the socket.
    check_host = base.get("REMOTE_ADDR") != "" and not is_host(environ.get("HTTP_HOST", ""))
    set_path(environ, target)
    if check_host or (target[0] not in "/*" and not is_host(environ["HTTP_HOST"])):
        raise Malformed("The request's host is not a name or an address.")
    return environ


@lru_cache(maxsize=64)
def is_host(text: str) -> bool:
    """Whether ``text`` is valid in Host (RFC 9110, 7.2): a name or an address, maybe with a port, or nothing."""
    match = _HOST.fullmatch(text)
    if match is None or (address := match["address"]) is None:
        return match is not None
    try:
        return bool(socket.inet_pton(socket.AF_INET6, address))
    except OSError:
        return False


def set_path(environ: dict[str, Any], target: str) -> None:
    """The four forms of a target (RFC 9112, 3.2)."""
    if "#" in target:
        raise Malformed("The request's target contains a fragment.")
    if target[0] != "/":
        absolute = _ABSOLUTE.match(target)
        if absolute is not None:
            environ["HTTP_HOST"] = absolute[1]  # RFC 9112, 3.2.2: instead of the header
            target = target[absolute.end() :]
            target = target if target.startswith("/") else f"/{target}"
        elif target == "*" and environ["REQUEST_METHOD"] == "OPTIONS":
            target = ""
        else:
            raise Malformed("The request's target is neither a path nor an http address.")
    path, _, environ["QUERY_STRING"] = target.partition("?")
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path


@lru_cache(maxsize=1024)
def environ_key(name: bytes) -> str | None:
    """The key of a header in the environ. `None`: the application must not see it."""
    if b"_" in name or name == b"proxy":
        # "X_Forwarded_For" would pose as "X-Forwarded-For", and "Proxy" as the variable HTTP_PROXY (CVE-2016-5385).
        return None
    key = name.decode("ascii").upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


@lru_cache(maxsize=64)
def connection_options(value: str) -> frozenset[str]:
    """The words of a Connection header (RFC 9110, 7.6.1) in lower case."""
    return frozenset(word.strip(" \t") for word in value.lower().split(","))
