"""A request as code in Python: as values that templates print, and as a script without dependencies."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from debugkit.debug.handing_on.copied_request import CopiedRequest
from debugkit.debug.page import rendering
from debugkit.frozen import frozen

Headers = Iterable[tuple[str, str]]


@frozen
class CodeView:
    """A request as code. All but ``what``, ``facts`` and ``connection`` are literals, of ASCII characters alone."""

    what: str
    facts: tuple[str, ...]  # for comments
    connection: str
    method: str
    scheme: str
    secure: str
    host: str
    url: str
    target: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    content_type: str
    body: str  # empty where there is none
    length: int


def code_view(
    request: CopiedRequest, what: str, target: str, headers: Headers, write: Callable[[str], str]
) -> CodeView:
    """``target`` is the request's; ``headers`` are printed by ``write``."""
    path, _, query = target.partition("?")
    facts = (f"{request.method} {target}", request.raised, *request.notices)
    return CodeView(
        what=what,
        facts=tuple(map(printable, facts)),
        connection="HTTPSConnection" if request.scheme == "https" else "HTTPConnection",
        method=literal(request.method),
        scheme=literal(request.scheme),
        secure=repr(request.scheme == "https"),
        host=literal(request.host),
        url=literal(f"{request.scheme}://{request.host}{target}"),
        target=literal(target),
        path=literal(path),
        query=literal(query),
        headers=tuple((write(name), write(value)) for name, value in headers),
        content_type=literal(dict(request.headers).get("Content-Type", "")),
        body=repr(request.body) if request.body else "",
        length=len(request.body),
    )


def script(request: CopiedRequest) -> str:
    what = "Sends a request again that failed."
    return rendering.text("script.txt", code_view(request, what, request.target, request.headers, literal))


def printable(text: str) -> str:
    """A text for a comment: in one line, without what is no text."""
    return text if text.isprintable() else ascii(text)[1:-1]


def literal(text: str) -> str:
    """A text as a literal, all of whose characters are ASCII."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return ascii(text)


def bytes_literal(text: str) -> str:
    """Latin-1 characters as the bytes that they stand for."""
    return repr(text.encode("latin-1", "replace"))
