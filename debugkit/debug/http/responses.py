"""The debugger's responses, with the headers that all of them carry."""

from __future__ import annotations

from collections.abc import Iterator

from debugkit.debug.messages import Response
from debugkit.debug.page.rendering import to_json

#: No inline script or style, nothing from another host, no framing (CSP Level 3).
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: On every response of the debugger to somebody who may know of it.
SECURITY_HEADERS = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("X-Robots-Tag", "noindex"),
)

Headers = tuple[tuple[str, str], ...]

#: The forms of an error, by the ending of its address; without one the request's headers say which.
FORMS = {"": "", ".json": "json", ".md": "markdown", ".txt": "text"}


def in_place(headers: Headers) -> Headers:
    """For a page at an address of the application, which can be sent again with its form.

    With "no-referrer" browsers then say "Origin: null" (Fetch, 3.1), which the application takes for another site's.
    """
    return tuple([(name, "same-origin" if name == "Referrer-Policy" else value) for name, value in headers])


def replaced(response: Response, headers: Headers) -> Response:
    """``response`` with ``headers`` in the place of those of the same names."""
    names = {name for name, _ in headers}
    kept = tuple(header for header in response.headers if header[0] not in names)
    return Response(response.status, (*kept, *headers), response.body)


def answer(
    content_type: str, body: bytes, *, status: int = 200, headers: Headers = (), cache: str = "no-store"
) -> Response:
    return Response(
        status, (*SECURITY_HEADERS, ("Content-Type", content_type), ("Cache-Control", cache), *headers), body
    )


def page(body: bytes, *, status: int = 200, headers: Headers = ()) -> Response:
    return answer("text/html; charset=utf-8", body, status=status, headers=headers)


def text(body: str, *, status: int = 200) -> Response:
    return answer("text/plain; charset=utf-8", body.encode("utf-8", "replace"), status=status)


def markdown(body: str, *, status: int = 200) -> Response:
    return answer("text/markdown; charset=utf-8", body.encode("utf-8", "replace"), status=status)


def data(content: object, *, status: int = 200, headers: Headers = ()) -> Response:
    return answer("application/json", to_json(content), status=status, headers=headers)


def events(lines: Iterator[bytes] | bytes) -> Response:
    """Lines of NDJSON, as they come or all at once.

    Proxies must not gather them: nginx and others honour X-Accel-Buffering.
    """
    stream = answer("application/x-ndjson", b"", headers=(("X-Accel-Buffering", "no"),))
    return Response(stream.status, stream.headers, lines)


def event_stream(pieces: Iterator[bytes] | bytes) -> Response:
    """Server-sent events (WHATWG HTML, section 9.2)."""
    stream = answer("text/event-stream", b"", headers=(("X-Accel-Buffering", "no"),))
    return Response(stream.status, stream.headers, pieces)


def bare(status: int, words: str) -> Response:
    """A response that does not reveal a debugger."""
    return Response(status, (("Content-Type", "text/plain; charset=utf-8"),), f"{words}\n".encode())
