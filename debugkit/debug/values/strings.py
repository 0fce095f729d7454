"""Previews of strings and bytes: redacted, truncated to the budget, expandable in chunks.

A secret is never cut in two, which would hide it from the redactor. Other types are not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from debugkit.debug.redaction.redactor import REDACTED, Redactor
from debugkit.debug.safe.inspection import class_name
from debugkit.debug.values.preview import Preview, Property
from debugkit.settings import Limits

#: Characters searched beyond those shown, so that a secret that begins in sight is recognised as a whole.
MARGIN: Final = 512
#: Characters of a string that are searched at all.
MOST_TEXT: Final = 1_000_000
#: Characters of each piece of a long string that is opened.
PIECE: Final = 2_000


class Strings:
    """The looks at strings, within ``limits``. Methods of a subclass are never called."""

    def __init__(self, limits: Limits, redactor: Redactor) -> None:
        self._limits, self._redactor = limits, redactor

    def text(self, value: Any) -> Preview:
        length = str.__len__(value)

        def quoted(budget: int) -> str:
            text = self._clipped(lambda size: str.__getitem__(value, slice(0, size)), length, budget)
            return _quoted(repr(text), length, budget, "characters")

        return self._long(value, quoted, lambda: repr(self._redactor.text(value[:MOST_TEXT]))[1:-1], length)

    def binary(self, value: Any) -> Preview:
        base = bytes if issubclass(type(value), bytes) else bytearray
        length = base.__len__(value)

        def read(size: int) -> str:
            return base.__getitem__(value, slice(0, size)).decode("latin-1")

        def quoted(budget: int) -> str:
            return "b" + _quoted(_bytes_repr(self._clipped(read, length, budget)), length, budget - 1, "bytes")

        return self._long(value, quoted, lambda: _bytes_repr(self._redactor.text(read(MOST_TEXT)))[1:-1], length)

    def _clipped(self, read: Callable[[int], str], length: int, budget: int) -> str:
        """About the first ``budget`` characters, redacted, without ever reading the whole."""
        wanted = budget + MARGIN
        text = self._redactor.text(read(wanted))
        return text if length <= wanted else text[:-MARGIN] or REDACTED

    def _long(self, value: object, quoted: Callable[[int], str], whole: Callable[[], str], length: int) -> Preview:
        """A string that, when it is longer than a line, opens into pieces."""
        cls = type(value)
        name = "" if cls is str or cls is bytes else class_name(cls)

        def line(budget: int) -> str:
            return f"{name}({quoted(max(budget - len(name) - 2, 3))})" if name else quoted(budget)

        def pieces(start: int, stop: int) -> Iterator[Property]:
            text = whole()
            return (Property("text", f"{n * PIECE:,}", text[n * PIECE : (n + 1) * PIECE]) for n in range(start, stop))

        opened = length + 3 > self._limits.value_text
        count = -(-min(length, MOST_TEXT) // PIECE) if opened else 0
        return Preview("string", line, properties=pieces, total=count)


def _quoted(text: str, length: int, budget: int, unit: str) -> str:
    """``text``, a repr without prefix, within ``budget``; ``length`` is that of the complete value."""
    if len(text) <= budget and length <= budget:
        return text
    size = f" ({length:,} {unit})" if budget >= 60 else ""
    return f"{text[0]}{text[1:-1][: max(budget - 3 - len(size), 1)]}…{text[0]}{size}"


def _bytes_repr(text: str) -> str:
    """The repr of bytes, without its ``b``, from their Latin-1 text in which secrets are replaced."""
    return "'" + REDACTED.join(repr(piece.encode("latin-1"))[2:-1] for piece in text.split(REDACTED)) + "'"
