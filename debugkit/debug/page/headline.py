"""What an error is called: in the headline, in a browser's tab, in a row of a list."""

from __future__ import annotations

from debugkit.debug.page.models import HeadlineSize, HeadlineView
from debugkit.debug.tracebacks.model import CapturedException

#: Characters of a title: what a browser's tab and a list row have room for.
TITLE = 120
#: Characters of a message in the bar, and beside the name of an exception that is shown in brief: one line at 1440.
SINGLE_LINE = 200
#: Characters of a message that is set large: two lines at 1440 pixels.
LARGE = 90
#: Characters of a message that is larger than the text below it: three lines.
MEDIUM = 240


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
