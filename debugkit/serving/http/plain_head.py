"""The head of a plain request, as nearly all are: read in two steps, where a parser for whatever comes takes twenty.

Takes nothing that h11 and `environ.check_head` refuse, and leaves to them all that is not plain: another version, what
is incomplete, and headers that decide where the request ends. Knows no connection.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
#: A whole head (RFC 9112, 3 and 5). The possessive repetitions keep it linear.
_HEAD = re.compile(
    rb"([A-Z]++) (/[\x21-\x7e]*+) HTTP/1\.1\r\n((?:%b:[\t\x20-\x7e\x80-\xff]*+\r\n)*+)\r\n" % _TOKEN, re.DOTALL
)
#: A line of such a head.
_FIELD = re.compile(rb"([^:]+):([^\r]*)\r\n")
_LENGTH = re.compile(rb"[0-9]{1,15}")
#: Headers by which a request is not plain: they change how its body is read, or what the connection is.
_NOT_PLAIN = frozenset({b"transfer-encoding", b"expect", b"upgrade"})


class PlainHead(NamedTuple):
    """A request's line and headers, names in lower case, and the ``size`` of all that in bytes."""

    method: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]]
    size: int
    http_version: bytes = b"1.1"


def plain_head(received: bytes) -> PlainHead | None:
    """The head that ``received`` begins with; `None` if it is not plain."""
    match = _HEAD.match(received)
    if match is None:
        return None
    method, target, fields = match.groups()
    headers = [(name.lower(), value.strip(b" \t")) for name, value in _FIELD.findall(fields)]
    names = [name for name, _ in headers]
    if names.count(b"host") != 1 or not _NOT_PLAIN.isdisjoint(names):
        return None
    lengths = [value for name, value in headers if name == b"content-length"]
    if lengths and (len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0])):
        return None
    return PlainHead(method, target, headers, match.end())
