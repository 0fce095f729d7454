"""The head of a plain request, as nearly all are: read in two steps, where a parser for whatever comes takes twenty.

What a client says in its headers it says again in most of its requests: what was made of that is remembered.

Takes nothing that h11 and `environ.check_head` refuse, and leaves to them all that is not plain: another version, what
is incomplete, and headers that decide where the request ends. Knows no connection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from debugkit.serving.http.environ import header_variables

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
#: How many headers of requests are remembered, and how long they may be in bytes: 1 MB at the most.
_REMEMBERED = 128
_LONGEST = 2_048


class Fields(NamedTuple):
    """The headers of a plain request, names in lower case, and what an environ has of them: shared, never changed."""

    headers: tuple[tuple[bytes, bytes], ...]
    variables: Mapping[str, str]


class PlainHead(NamedTuple):
    """A request's line and headers, as `Fields` has them, and the ``size`` of all that in bytes."""

    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    variables: Mapping[str, str]
    size: int
    http_version: bytes = b"1.1"


def plain_head(received: bytes) -> PlainHead | None:
    """The head that ``received`` begins with; `None` if it is not plain."""
    match = _HEAD.match(received)
    if match is None:
        return None
    method, target, lines = match.groups()
    fields = _remembered(lines) if len(lines) <= _LONGEST else plain_fields(lines)
    return None if fields is None else PlainHead(method, target, *fields, match.end())


def plain_fields(lines: bytes) -> Fields | None:
    """The headers that have the form of those of a plain request; `None` if their names and lengths are not plain."""
    headers = tuple((name.lower(), value.strip(b" \t")) for name, value in _FIELD.findall(lines))
    names = [name for name, _ in headers]
    if names.count(b"host") != 1 or not _NOT_PLAIN.isdisjoint(names):
        return None
    lengths = [value for name, value in headers if name == b"content-length"]
    if lengths and (len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0])):
        return None
    return Fields(headers, header_variables(headers))


_remembered = lru_cache(_REMEMBERED)(plain_fields)
