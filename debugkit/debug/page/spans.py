"""A line of source as pieces of one look, cut where the failing range starts and ends. Knows no values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import dropwhile

from debugkit.debug.page.frame_models import Span
from debugkit.debug.source.excerpt import SourceLine

#: Pygments' classes for names, operators, punctuation, white space and errors: they look like any text, and so join it.
COLOURLESS = frozenset({"n", "o", "p", "w", "err"})

#: Finds what is written from right to left (UAX 9: Hebrew, Arabic and their neighbours, and the scripts of Plane 1).
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]").search
#: Such a name is a span of its own, or the operators beside it would change places.
ISOLATED = "rtl"


def spans(line: SourceLine, tips: Callable[[tuple[int, int]], str] | None = None) -> Iterator[Span]:
    """A line's tokens, cut where the failing range starts and ends, neighbours of one look joined."""
    first, last = (line.marks[0][0], line.marks[-1][1]) if line.marks else (0, 0)
    column = 0
    text, css, mark = "", "", False  # of the span that is being joined
    for kind, whole in line.tokens:
        outside = column >= last or column + len(whole) <= first
        for piece, marked in ((whole, False),) if outside else cut(whole, column, line.marks):
            column += len(piece)
            tip = tips((line.lineno, column + line.offset)) if tips and kind[:1] == "n" else ""
            look = kind if kind not in COLOURLESS else "" if piece.isascii() or not RIGHT_TO_LEFT(piece) else ISOLATED
            if css == look and mark == marked and not tip:
                text += piece
                continue
            if text:
                yield Span(text, css, mark)
            text, css, mark = piece, look, marked
            if tip:
                yield Span(text, css, mark, tip)
                text = ""
    if text:
        yield Span(text, css, mark)


def unindented(pieces: Iterable[Span]) -> Iterator[Span]:
    """A line's spans without the white space it begins with."""
    rest = dropwhile(lambda piece: piece.text.isspace(), pieces)
    first = next(rest, None)
    if first is not None:
        yield first._replace(text=first.text.lstrip())
    yield from rest


def cut(text: str, start: int, marks: Sequence[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    """Pieces of ``text``, which begins at column ``start``, and whether each lies within one of ``marks``."""
    position, end = start, start + len(text)
    for first, last in marks:
        if last <= position or first >= end:
            continue
        if first > position:
            yield text[position - start : first - start], False
        position = max(position, first)
        stop = min(last, end)
        yield text[position - start : stop - start], True
        position = stop
    if position < end:
        yield text[position - start :], False
