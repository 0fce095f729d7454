"""Which format of an error a client can use, by its Accept header and Fetch metadata (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

#: Values of Sec-Fetch-Dest with which a browser asks for something that a person will look at.
DOCUMENTS = frozenset({"document", "iframe", "frame", "embed", "object"})


def preferred(headers: Mapping[str, str]) -> str:
    """``"html"`` for a person with a browser, ``"json"`` or ``"markdown"`` for clients asking for it, else ``"text"``.

    Of forms that are wanted alike the one named first is taken.

    ``*/*`` is what curl, `fetch` and most HTTP libraries send when nobody thought about it: text reads well there.
    """
    if headers.get("sec-fetch-dest") in DOCUMENTS:
        return "html"
    best, form = 0.0, "text"
    for kind, quality in accepted(headers.get("accept", "")):
        candidate = _form(kind)
        if candidate and quality > best:
            best, form = quality, candidate
    return form


def _form(kind: str) -> str:
    if kind in ("text/html", "application/xhtml+xml"):
        return "html"
    if kind in ("application/json", "application/*") or kind.endswith("+json"):
        return "json"
    if kind == "text/markdown":
        return "markdown"
    return "text" if kind in ("text/plain", "text/*", "*/*") else ""


def accepted(header: str) -> Iterator[tuple[str, float]]:
    """The media ranges of an Accept header with their weights; what cannot be read counts as 0."""
    for part in header.split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weights = [text.partition("=")[2].strip() for text in parameters if text.partition("=")[0].strip() == "q"]
        yield kind, _weight(weights[0]) if weights else 1.0


def _weight(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
