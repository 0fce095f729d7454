"""What an error is called: in the headline, in a browser's tab, in a row of a list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from debugkit.debug.page.models import HeadlineSize, HeadlineView, Piece
from debugkit.debug.redaction.redactor import REDACTED
from debugkit.debug.tracebacks.model import CapturedException

#: Characters of a title: what a browser's tab and a list row have room for.
TITLE = 120
#: Characters of a message in the bar, and beside the name of an exception that is shown in brief: one line at 1440.
SINGLE_LINE = 200
#: Characters of a message that is set large: two lines at 1440 pixels.
LARGE = 90
#: Characters of a message that is larger than the text below it: three lines.
MEDIUM = 240
#: Links in one message, and characters of a link.
MOST_LINKS = 20
LONGEST_LINK = 2_000
#: An address in a text, of printable ASCII (RFC 3986).
_URL = re.compile(r"\bhttps?://[!#-;=?-\[\]_a-z~]+", re.IGNORECASE)
#: What ends a sentence, not an address; and what does so if it was opened before the address.
_STOPS = ".,;:!?'"
_OPENED = {")": "(", "]": "["}


def title(exception: CapturedException) -> str:
    """One line that names the error: "KeyError: 'price'"."""
    message = " ".join(exception.message.split())
    return shortened(f"{exception.type_name}: {message}" if message else exception.type_name, TITLE)


def headline(kind: str, message: str) -> HeadlineView:
    """The headline of an exception of the type ``kind``. The longer its message is, the smaller it is set."""
    module, dot, name = kind.rpartition(".")
    return HeadlineView(
        module=module + dot,
        type=name,
        message=message,
        pieces=linked(message),
        size=_size(message),
        # A key is code, and lines that were laid out keep their layout.
        verbatim=kind == "KeyError" or "\n" in message,
        single_line=shortened(message, SINGLE_LINE),
    )


def _size(message: str) -> HeadlineSize:
    if len(message) <= LARGE:
        return "short"
    return "medium" if len(message) <= MEDIUM else "long"


def shortened(text: str, most: int) -> str:
    """At most that many characters of ``text``."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def linked(text: str) -> tuple[Piece, ...]:
    """``text`` in pieces, of which the addresses of the web are links."""
    if "://" not in text:
        return (Piece(text),) if text else ()
    pieces: list[Piece] = []
    at = 0
    for start, url in islice(_urls(text), MOST_LINKS):
        pieces += [Piece(text[at:start])] if start > at else []
        pieces.append(Piece(url, url))
        at = start + len(url)
    return (*pieces, Piece(text[at:])) if at < len(text) else tuple(pieces)


def _urls(text: str) -> Iterator[tuple[int, str]]:
    for match in _URL.finditer(text):
        url, after = _without_end(match[0][: LONGEST_LINK + 1]), text[match.end() : match.end() + 1]
        host = re.split(r"[/?#]", url.partition("//")[2], maxsplit=1)[0]
        # One that goes on with what is no ASCII, or was taken out as a secret, would lead elsewhere.
        whole = len(url) <= LONGEST_LINK and not after.isalnum() and after != REDACTED[0]
        if whole and host and "@" not in host:  # a name before the host makes that look like another
            yield match.start(), url


def _without_end(url: str) -> str:
    """Without what belongs to the sentence around it: a full stop, a bracket that was opened before."""
    while url.endswith(tuple(_STOPS)) or url.count(url[-1]) > url.count(_OPENED.get(url[-1], url[-1])):
        url = url[:-1]
    return url
