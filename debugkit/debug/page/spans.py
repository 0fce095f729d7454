"""A line of source as pieces of one look, cut where the failing range starts and ends. Knows no values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import dropwhile, groupby
from typing import TypeVar

from debugkit.debug.page.frame_models import Span
from debugkit.debug.safe.text import text_of
from debugkit.debug.source.excerpt import SourceLine
from debugkit.debug.source.positions import Token

T = TypeVar("T")

#: Pygments' classes for names, operators, punctuation, white space and errors: they look like any text, and so join it.
COLOURLESS = frozenset({"n", "o", "p", "w", "err"})

#: Finds what is written from right to left (UAX 9: Hebrew, Arabic and their neighbours, and the scripts of Plane 1).
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]").search
#: Such a name is a span of its own, or the operators beside it would change places.
ISOLATED = "rtl"


#: Where in a line values are known: columns of its text at which a name or expression ends.
Ends = frozenset[int]


def spans(
    line: SourceLine, values: Mapping[int, T] | None = None, tip: Callable[[T], str] = text_of
) -> tuple[Span, ...]:
    """A line's tokens, cut where the failing range starts and ends, neighbours of one look joined.

    ``values`` are those of names and expressions, by the column of the file's line that they end at; ``tip`` says what
    one of them is, and is asked only for those that a name ends with.
    """
    ends = frozenset(column - line.offset for column in values) if values else Ends()
    cut_line = _kept_pieces if ends or line.marks else _pieces  # lines of whole files would push all others out
    pieces, named = cut_line(line.tokens, line.marks, ends)
    if not values or not named:
        return pieces
    with_values = [*pieces]
    for number, end in named:
        text, css, mark, _ = pieces[number]
        with_values[number] = Span(text, css, mark, tip(values[end + line.offset]))
    return tuple(with_values)


def _pieces(
    tokens: Iterable[Token], marks: Sequence[tuple[int, int]], ends: Ends
) -> tuple[tuple[Span, ...], tuple[tuple[int, int], ...]]:
    """The spans of a line, and which of them end with a name at one of ``ends``: those stay spans of their own."""
    first, last = (marks[0][0], marks[-1][1]) if marks else (0, 0)
    column = 0
    pieces: list[Span] = []
    named: list[tuple[int, int]] = []
    text, css, mark = "", "", False  # of the span that is being joined
    for kind, whole in tokens:
        outside = column >= last or column + len(whole) <= first
        for piece, marked in ((whole, False),) if outside else cut(whole, column, marks):
            column += len(piece)
            has_value = kind[:1] == "n" and column in ends
            look = kind if kind not in COLOURLESS else "" if piece.isascii() or not RIGHT_TO_LEFT(piece) else ISOLATED
            if css == look and mark == marked and not has_value:
                text += piece
                continue
            if text:
                pieces.append(Span(text, css, "inside" if mark else ""))
            text, css, mark = piece, look, marked
            if has_value:
                named.append((len(pieces), column))
                pieces.append(Span(text, css, "inside" if mark else ""))
                text = ""
    if text:
        pieces.append(Span(text, css, "inside" if mark else ""))
    return tuple(_edged(pieces) if marks else pieces), tuple(named)


def _edged(pieces: Iterable[Span]) -> Iterator[Span]:
    """The pieces, where those of each failing range say which of them are its first and last."""
    for marked, run in groupby(pieces, lambda piece: bool(piece.mark)):
        if not marked:
            yield from run
            continue
        first, *rest = run
        yield first._replace(mark="first" if rest else "only")
        yield from (piece._replace(mark="inside") for piece in rest[:-1])
        yield from (piece._replace(mark="last") for piece in rest[-1:])


#: The same line is shown whenever its error comes up again, which it mostly does until it is mended.
_kept_pieces = lru_cache(maxsize=512)(_pieces)


def unindented(pieces: Iterable[Span]) -> Iterator[Span]:
    """A line's spans without the white space it begins with."""
    rest = dropwhile(lambda piece: piece.text.isspace(), pieces)
    first = next(rest, None)
    if first is not None:
        yield from _edged([first._replace(text=first.text.lstrip()), *rest])


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
