"""A second look at a head that h11 has refused: what RFC 9110 and 9112 want answered after all, or with another status.

Nobody asks for it but a request that h11 does not take, so all others pay nothing. Knows no connection.
"""

from __future__ import annotations

import re

from debugkit.serving.http.transport import Malformed

_CODINGS = re.compile(rb"\r\ntransfer-encoding:([^\r\n]*)(?=\r\n)", re.IGNORECASE)
_LONG_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*0*[1-9][0-9]{19,}[ \t]*\r\n", re.IGNORECASE)
#: A name and perhaps parameters (RFC 9112, 7). What is in their quotes does not matter: such a coding is unknown.
_CODING = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)([ \t]*;.*)?")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")


def second_look(received: bytes) -> bytes:
    """``received``, which begins with a request's head, as h11 takes it; the same if there is nothing to be done.

    Raises `Malformed` for what h11 refuses with another status than the RFCs name.
    """
    head, end, rest = received.partition(b"\r\n\r\n")
    if not end:  # too long, or no HTTP
        return received
    if _LONG_LENGTH.search(head + end):
        raise Malformed("The request's body is longer than any that there can be.", 413)
    return _plain_codings(_ascii_target(head) + end) + rest


def _ascii_target(head: bytes) -> bytes:
    """The bytes of a target that are not ASCII, escaped: ``curl http://localhost/ü`` sends them as they are.

    RFC 3986, 2.1 forbids that to clients. Those who do it mean the same as with ``%C3%BC``, and wsgiref's server gives
    the application the same PATH_INFO for both.
    """
    line, end, rest = head.partition(b"\r\n")
    words = line.split(b" ")
    if len(words) != 3:
        return head
    words[1] = _NOT_ASCII.sub(lambda match: b"%%%02X" % match[0][0], words[1])
    return b" ".join(words) + end + rest


def _plain_codings(head: bytes) -> bytes:
    """The transfer codings as one header that says "chunked", if that is what they come to (RFC 9110, 5.6.1)."""
    codings = _CODINGS.findall(head)
    if not codings:
        return head
    check_codings(b",".join(codings))
    lines = iter([b"\r\nTransfer-Encoding: chunked"])
    return _CODINGS.sub(lambda _: next(lines, b""), head)


def check_codings(codings: bytes) -> None:
    """Refuse all but "chunked", once (RFC 9112, 6.1, 6.3 and 7.1). Raises `Malformed`.

    Without "chunked" at the end, the end of the body is unknown, which is the client's mistake: 400. With it, other
    codings are merely unknown here: 501.
    """
    members = [member for member in (text.strip(b" \t") for text in codings.lower().split(b",")) if member]
    if members == [b"chunked"]:
        return
    names = [match[1] if (match := _CODING.fullmatch(member)) else b"" for member in members]
    if not names or members[-1] != b"chunked" or names.count(b"chunked") != 1 or b"" in names:
        raise Malformed("The end of the request's body is not clear: its last coding must be chunked, once.")
    raise Malformed("The only transfer coding that this server knows is chunked.", 501)
