"""The source around a frame, as lines of coloured tokens with the failing expression marked.

Decides which lines are shown, and has only those coloured. There is no markup here, and no lexer. Never raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from types import CodeType
from typing import NamedTuple

from debugkit.debug.safe.inspection import exact_str
from debugkit.debug.safe.text import encodable
from debugkit.debug.source import highlighting, loading, positions, syntax
from debugkit.debug.source.positions import Token
from debugkit.debug.source.text import Source
from debugkit.debug.tracebacks import templates
from debugkit.debug.tracebacks.model import NOWHERE, CapturedFrame, Position
from debugkit.frozen import frozen
from debugkit.settings import Limits

ELLIPSIS = "…"
#: Characters of one line that are shown: more are minified or data, and what failed in them is in sight.
LINE_WIDTH = 400
#: Pieces of more lines than this are kept like whole files.
_EXCERPT = 500
#: Characters of a line that are coloured; what is shown beyond them is coloured separately.
_LONG_LINE = 2_000
#: Lines of a source that are coloured for one request, beside whole files.
MOST_LINES = 5_000
#: A template has no safe place to begin: this many lines before the excerpt are read for their state.
_TEMPLATE_LOOKBACK = 60


@frozen
class SourceLine:
    """One line. The texts of ``tokens`` (short Pygments class, text) make up ``text``.

    ``marks`` are the ranges [start, end) of the failing expression in ``text``, in characters. ``offset`` is what a
    line that was cut has lost at its start: a column of the file minus ``offset`` is a column of ``text``.
    """

    lineno: int
    text: str
    tokens: tuple[Token, ...]
    current: bool
    marks: tuple[tuple[int, int], ...]
    offset: int = 0


@frozen
class Gap:
    """Lines left out, from ``first`` to ``last``, both included."""

    first: int
    last: int


class Excerpt(NamedTuple):
    """Lines around the one that failed. ``first`` and ``last`` are those of the enclosing block, shown or not.

    ``language`` is Pygments' name. ``notice`` is "" or a sentence: the source is missing, or is not what ran.
    ``above`` and ``below`` are how many lines the source has beyond those.
    """

    lines: tuple[SourceLine | Gap, ...]
    language: str
    notice: str
    first: int
    last: int
    above: int = 0
    below: int = 0


def excerpt(
    frame: CapturedFrame,
    limits: Limits,
    neighbours: Sequence[CapturedFrame] = (),
    *,
    width: int = LINE_WIDTH,
    source: Source | None = None,
) -> Excerpt:
    """The function or class around the frame's line, or a window of lines in a module, lambda or template.

    A block longer than the window is cut: its signature, a gap, the window. ``neighbours`` are the other frames of the
    traceback; templates made of a string need them. ``width`` is the characters shown of a line, ``source`` that of the
    frame, where somebody has looked for it.
    """
    text = _text(frame, source or loading.find_source(frame, neighbours=neighbours))
    block = _block(frame, text, limits)
    return _shown(frame, text, width, block, _pieces(frame, text, limits, width, block))


def whole_file(
    frame: CapturedFrame, neighbours: Sequence[CapturedFrame] = (), *, most: int = loading.MOST_BYTES
) -> Excerpt:
    """All lines of the frame's file, which has at most ``most`` bytes."""
    text = _text(frame, loading.find_source(frame, most, neighbours))
    block = (text.source.first, len(text.source.lines))
    return _shown(frame, text, LINE_WIDTH, block, [block])


def lines_between(frame: CapturedFrame, first: int, last: int, neighbours: Sequence[CapturedFrame] = ()) -> Excerpt:
    """The lines of the frame's source from ``first`` to ``last``, as far as there are such; `MOST_LINES` at most."""
    text = _text(frame, loading.find_source(frame, neighbours=neighbours))
    start = max(first, text.source.first)
    block = start, min(last, start + MOST_LINES - 1, len(text.source.lines))
    return _shown(frame, text, LINE_WIDTH, block, [block] if block[0] <= block[1] else [])


class _Text(NamedTuple):
    """A source, its language, and the first and last line of the function or class the frame is in, if it is in one."""

    source: Source
    language: str
    block: tuple[int, int] | None


def _text(frame: CapturedFrame, source: Source) -> _Text:
    template = bool(source.template) or templates.is_template(frame.frame)
    language = highlighting.language(source.template or frame.filename, template=template)
    if frame.code is None or language != "python":
        return _Text(source, language, None)
    first, last = _extent(frame.code, source, frame.lineno)
    fits = 1 <= first <= frame.lineno <= last <= len(source.lines)
    return _Text(source, language, (first, last) if fits else None)


def _extent(code: CodeType, source: Source, lineno: int) -> tuple[int, int]:
    """The first and last line of the function or class; (0, 0) if there is none around the code."""
    if exact_str(code.co_qualname)[:1] == "<":  # at module level
        return 0, 0
    # Lambdas and comprehensions have the lines of the function around them: more than their own says why they failed.
    if exact_str(code.co_name)[:1] == "<":
        return syntax.enclosing_block(source.lines, lineno) or (0, 0)
    return positions.code_extent(code)


def _shown(
    frame: CapturedFrame,
    text: _Text,
    width: int,
    block: tuple[int, int],
    pieces: Sequence[tuple[int, int]],
) -> Excerpt:
    changed = loading.has_changed(text.source, frame)
    # The columns of other code, and those of the statement that Jinja raises with, mean nothing in this text.
    elsewhere = changed or templates.is_jinja(frame.frame) or not _is_true(frame, text.source)
    position = NOWHERE if elsewhere else frame.position
    lines: list[SourceLine | Gap] = []
    shown_to = block[0] - 1
    for first, last in pieces:
        if first > shown_to + 1:
            lines.append(Gap(shown_to + 1, first - 1))
        make = _kept_lines if last - first < _EXCERPT else _lines
        lines += make(text, first, last, frame.lineno, position, width)
        shown_to = last
    if shown_to < block[1]:
        lines.append(Gap(shown_to + 1, block[1]))
    above, below = max(0, block[0] - text.source.first), max(0, len(text.source.lines) - block[1])
    return Excerpt(tuple(lines), text.language, _notice(frame, text.source, changed), *block, above, below)


def _is_true(frame: CapturedFrame, source: Source) -> bool:
    """Whether the frame's columns can be those of its source. What no code ran for says itself where it points."""
    if frame.code is None or templates.is_template(frame.frame):
        return True
    return can_be_true(frame.position, source, frame.code)


@lru_cache(maxsize=256)
def can_be_true(position: Position, source: Source, code: CodeType) -> bool:
    """`positions.can_be_true`, remembered."""
    return positions.can_be_true(position, source.lines, code)


def _notice(frame: CapturedFrame, source: Source, changed: bool) -> str:
    name = encodable(source.template or frame.filename)
    if source.notice:
        return source.notice
    if not 1 <= frame.lineno <= len(source.lines):
        return f"{name} has no line {frame.lineno}: it has changed since it was loaded, or is not the file that ran."
    return f"{name} has changed since it was loaded: the lines shown may not be those that ran." if changed else ""


# Which lines


def _block(frame: CapturedFrame, text: _Text, limits: Limits) -> tuple[int, int]:
    """The lines of the function or class, or of a window where there is none; (1, 0) if there is no such line."""
    count = len(text.source.lines)
    if not 1 <= frame.lineno <= count:
        return 1, 0
    return text.block or _window(frame, limits, text.source.first, count)


def _window(frame: CapturedFrame, limits: Limits, first: int, last: int) -> tuple[int, int]:
    """Lines around the frame's, within ``first`` and ``last``; a long statement is shown further than the rest."""
    room = limits.lines_before + limits.lines_after
    statement_end = min(frame.position.end_lineno or 0, frame.lineno + room)
    after = max(frame.lineno + limits.lines_after, statement_end)
    return max(first, frame.lineno - limits.lines_before), min(last, after)


def _pieces(
    frame: CapturedFrame, text: _Text, limits: Limits, width: int, block: tuple[int, int]
) -> list[tuple[int, int]]:
    first, last = block
    if last < first:
        return []
    if text.block is None or last - first <= limits.lines_before + limits.lines_after:
        return [block]
    start, stop = _window(frame, limits, first, last)
    if stop == last - 1:
        stop = last  # one line is no longer than the gap in its place
    header = first + _signature_lines(_coloured(text, first, min(last, first + limits.lines_before), width))
    return [(first, stop)] if start <= header + 1 else [(first, header - 1), (start, stop)]


def _signature_lines(lines: Sequence[_Coloured]) -> int:
    """How many of these lines are decorators and signature: up to the colon that ends ``def f(...):``."""
    depth, defined = 0, False
    for count, line in enumerate(lines, 1):
        for css, text in line.tokens:
            defined = defined or (css == "k" and not depth and text.strip() in ("def", "class"))
            for character in text if css == "p" else "":
                depth += (character in "([{") - (character in ")]}")
                if character == ":" and defined and not depth:
                    return count
    return len(lines)


# Lines


def _lines(text: _Text, first: int, last: int, current: int, position: Position, width: int) -> tuple[SourceLine, ...]:
    """The lines as they are shown. Those without a mark are made once and shared."""
    coloured = (_coloured if last - first < _EXCERPT else _coloured_file)(text, first, last, width)
    lines = [line.plain for line in coloured]
    marked = range(max(first, position.lineno or current), min(last, position.end_lineno or current) + 1)
    for lineno in {current, *marked} & {*range(first, last + 1)}:
        raw, tokens = text.source.lines[lineno - 1], coloured[lineno - first].tokens
        marks = positions.line_marks(position, lineno, raw, partial(_code_end, tokens, raw))
        lines[lineno - first] = _line(lineno, tokens, lineno == current, marks, width, raw, text.language)
    return tuple(lines)


#: The same lines are shown whenever an error comes up again, which it mostly does until it is mended.
_kept_lines = lru_cache(maxsize=256)(_lines)


def _line(
    lineno: int,
    tokens: tuple[Token, ...],
    current: bool,
    marks: tuple[tuple[int, int], ...],
    width: int,
    raw: str = "",
    language: str = "python",
) -> SourceLine:
    """``raw`` is the line itself, of which ``tokens`` may be the beginning only."""
    text = "".join([piece for _, piece in tokens])
    length = max(len(text), len(raw))
    if length <= width:
        return SourceLine(lineno, text, tokens, current, marks)
    start, stop = positions.cut_window(length, width, marks)
    window = tuple(
        positions.slice_tokens(tokens, start, stop)
        if stop <= len(text)
        else highlighting.highlight_window(raw, start, stop, language)
    )
    before, after = ELLIPSIS if start else "", ELLIPSIS if stop < length else ""
    ends = [[("", end)] if end else [] for end in (before, after)]
    offset = start - len(before)
    cut = tuple([(max(a, start) - offset, min(b, stop) - offset) for a, b in marks if a < stop])
    shown = "".join([piece for _, piece in window])
    return SourceLine(lineno, before + shown + after, (*ends[0], *window, *ends[1]), current, cut, offset)


def _code_end(tokens: Sequence[Token], raw: str) -> int:
    """Where the trailing blanks and comments of a line begin. Only comments have classes that begin with c."""
    end = sum(len(text) for _, text in tokens)
    if end < len(raw):
        return len(raw.rstrip())
    for css, text in reversed(tokens):
        code = "" if css.startswith("c") else text.rstrip()
        if code:
            return end - len(text) + len(code)
        end -= len(text)
    return 0


@frozen
class _Coloured:
    """A line as tokens, and as it is shown without marks."""

    tokens: tuple[Token, ...]
    plain: SourceLine


def _colour(text: _Text, first: int, last: int, width: int) -> tuple[_Coloured, ...]:
    """The lines ``first`` to ``last``; of very long ones the beginning."""
    start = _lexer_start(text, first)
    raw = text.source.lines[start - 1 : last]
    coloured = highlighting.highlight_shortened(raw, text.language, max(width, _LONG_LINE))
    shown = zip(range(first, last + 1), map(tuple, coloured[first - start :]), raw[first - start :], strict=True)
    return tuple([_Coloured(tokens, _line(lineno, tokens, False, (), width, line)) for lineno, tokens, line in shown])


# Whole files take thousands of times the memory of an excerpt, so few of them are kept.
_coloured = lru_cache(maxsize=256)(_colour)
_coloured_file = lru_cache(maxsize=4)(_colour)


def _lexer_start(text: _Text, first: int) -> int:
    """The line to begin lexing at, so that ``first`` does not appear to be code when it is inside a string."""
    if text.language != "python":
        return max(1, first - _TEMPLATE_LOOKBACK)
    if first == text.source.first:
        return first
    if text.block and text.block[0] <= first:
        return text.block[0]
    return syntax.statement_start(text.source.lines, first) or 1
