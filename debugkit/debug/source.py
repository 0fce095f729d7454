"""The source around a frame, as lines of coloured tokens with the failing expression marked.

Colours are Pygments' short class names; there is no markup here. Only what is shown is coloured. Never raises.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from types import CodeType
from typing import TYPE_CHECKING, Any

from debugkit.debug import files, positions
from debugkit.debug.positions import Token
from debugkit.settings import Limits

if TYPE_CHECKING:
    from pygments.lexer import Lexer

    from debugkit.debug.capture import CapturedFrame

ELLIPSIS = "…"
#: Characters that are coloured at once; what follows is shown in one colour. Pygments takes two seconds for a megabyte.
_COLOURED = 1_000_000
#: Pieces of more lines than this are kept like whole files.
_EXCERPT = 500
#: A template has no safe place to begin: this many lines before the excerpt are read for their state.
_TEMPLATE_LOOKBACK = 60
#: How much newer than the process a file must be: file systems and process clocks do not tick alike.
_CLOCK_SLACK = 1.0


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines left out, from ``first`` to ``last``, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines around the one that failed. ``first`` and ``last`` are those of the enclosing block, shown or not.

    ``language`` is Pygments' name. ``notice`` is "" or a sentence: the source is missing, or is not what ran.
    """

    lines: tuple[SourceLine | Gap, ...]
    language: str
    notice: str
    first: int
    last: int


def excerpt(
    frame: CapturedFrame, limits: Limits, neighbours: Sequence[CapturedFrame] = (), *, started: float | None = None
) -> Excerpt:
    """The function or class around the frame's line, or a window of lines in a module, lambda or template.

    A block longer than the window is cut: its signature, a gap, the window. ``neighbours`` are the other frames of the
    traceback; templates made of a string need them. ``started`` is when this process began, in seconds since the epoch:
    files older than that have not changed.
    """
    text = _text(frame, limits, neighbours)
    block = _block(frame, text, limits)
    return _shown(frame, text, limits, block, _pieces(frame, text, limits, block), started)


def whole_file(
    frame: CapturedFrame, limits: Limits, neighbours: Sequence[CapturedFrame] = (), *, started: float | None = None
) -> Excerpt:
    """All lines of the frame's file, up to ``limits.source_file`` bytes."""
    text = _text(frame, limits, neighbours)
    block = (1, len(text.source.lines))
    return _shown(frame, text, limits, block, [block], started)


def source_lines(
    frame: CapturedFrame, neighbours: Sequence[CapturedFrame] = (), *, limits: Limits | None = None
) -> Sequence[str]:
    """The lines of the frame's file as they are, without line ends; empty if the source is missing."""
    return files.find_source(frame, (limits or Limits()).source_file, neighbours).lines


@dataclass(frozen=True, slots=True)
class _Text:
    """A source, its language, and the first and last line of the function or class the frame is in, if it is in one."""

    source: files.Source
    language: str
    block: tuple[int, int] | None
    #: Compared it would cost more than all the rest: its hash is made of all the code inside it.
    code: CodeType | None = field(compare=False)


def _text(frame: CapturedFrame, limits: Limits, neighbours: Sequence[CapturedFrame]) -> _Text:
    source = files.find_source(frame, limits.source_file, neighbours)
    language = _language(frame, source)
    if frame.code is None or language != "python":
        return _Text(source, language, None, None)
    # Lambdas and comprehensions are named <...> too: a window says more than their own line.
    if "<" in (frame.code.co_name[:1], frame.code.co_qualname[:1]):
        return _Text(source, language, None, frame.code)
    first, last = positions.code_extent(frame.code)
    fits = 1 <= first <= frame.lineno <= last <= len(source.lines)
    return _Text(source, language, (first, last) if fits else None, None)


def _shown(
    frame: CapturedFrame,
    text: _Text,
    limits: Limits,
    block: tuple[int, int],
    pieces: Sequence[tuple[int, int]],
    started: float | None,
) -> Excerpt:
    since = _CLOCK_SLACK + (files.process_start() if started is None else started)
    changed = files.has_changed(text.source, frame, since)
    # The columns of other code, and those of the statement that Jinja raises with, mean nothing in this text.
    position = positions.NOWHERE if changed or files.is_template(frame) else frame.position
    lines: list[SourceLine | Gap] = []
    shown_to = block[0] - 1
    for first, last in pieces:
        if first > shown_to + 1:
            lines.append(Gap(shown_to + 1, first - 1))
        lines += _lines(text, first, last, frame.lineno, position, limits.line_width)
        shown_to = last
    if shown_to < block[1]:
        lines.append(Gap(shown_to + 1, block[1]))
    return Excerpt(tuple(lines), text.language, _notice(frame, text.source, changed), *block)


def _notice(frame: CapturedFrame, source: files.Source, changed: bool) -> str:
    name = files.printable(source.template or frame.filename)
    if source.notice:
        return source.notice
    if not 1 <= frame.lineno <= len(source.lines):
        return f"{name} has no line {frame.lineno}: it has changed since it was loaded, or is not what ran."
    return f"{name} has changed since it was loaded: the lines shown may not be those that ran." if changed else ""


# Which lines


def _block(frame: CapturedFrame, text: _Text, limits: Limits) -> tuple[int, int]:
    """The lines of the function or class, or of a window where there is none; (1, 0) if there is no such line."""
    count = len(text.source.lines)
    if not 1 <= frame.lineno <= count:
        return 1, 0
    return text.block or _window(frame, limits, 1, count)


def _window(frame: CapturedFrame, limits: Limits, first: int, last: int) -> tuple[int, int]:
    """Lines around the frame's, within ``first`` and ``last``; a long statement is shown further than the rest."""
    room = limits.lines_before + limits.lines_after
    statement_end = min(frame.position.end_lineno or 0, frame.lineno + room)
    after = max(frame.lineno + limits.lines_after, statement_end)
    return max(first, frame.lineno - limits.lines_before), min(last, after)


def _pieces(frame: CapturedFrame, text: _Text, limits: Limits, block: tuple[int, int]) -> list[tuple[int, int]]:
    first, last = block
    if last < first:
        return []
    if text.block is None or last - first <= limits.lines_before + limits.lines_after:
        return [block]
    start, stop = _window(frame, limits, first, last)
    if stop == last - 1:
        stop = last  # one line is no longer than the gap in its place
    header = first + _signature_lines(_coloured(text, first, min(last, first + limits.lines_before), limits.line_width))
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


def _lines(
    text: _Text, first: int, last: int, current: int, position: positions.Position, width: int
) -> list[SourceLine]:
    """The lines as they are shown. Those without a mark are made once and shared."""
    coloured = (_coloured if last - first < _EXCERPT else _coloured_file)(text, first, last, width)
    lines = [line.plain for line in coloured]
    marked = range(max(first, position.lineno or current), min(last, position.end_lineno or current) + 1)
    for lineno in {current, *marked} & {*range(first, last + 1)}:
        raw, tokens = text.source.lines[lineno - 1], coloured[lineno - first].tokens
        marks = positions.line_marks(position, lineno, raw, partial(_code_end, tokens))
        lines[lineno - first] = _line(lineno, tokens, lineno == current, marks, width)
    return lines


def _line(
    lineno: int, tokens: tuple[Token, ...], current: bool, marks: tuple[tuple[int, int], ...], width: int
) -> SourceLine:
    text = "".join([piece for _, piece in tokens])
    if len(text) <= width:
        return SourceLine(lineno, text, tokens, current, marks)
    start, stop = positions.cut_window(len(text), width, marks)
    before, after = ELLIPSIS if start else "", ELLIPSIS if stop < len(text) else ""
    ends = [[("", end)] if end else [] for end in (before, after)]
    kept = (*ends[0], *positions.slice_tokens(tokens, start, stop), *ends[1])
    offset = start - len(before)
    cut = tuple([(max(a, start) - offset, min(b, stop) - offset) for a, b in marks if a < stop])
    return SourceLine(lineno, before + text[start:stop] + after, kept, current, cut, offset)


def _code_end(tokens: Sequence[Token]) -> int:
    """Where the trailing blanks and comments of a line begin. Only comments have classes that begin with c."""
    end = sum(len(text) for _, text in tokens)
    for css, text in reversed(tokens):
        code = "" if css.startswith("c") else text.rstrip()
        if code:
            return end - len(text) + len(code)
        end -= len(text)
    return 0


# Colours

#: Files that Python code says it comes from and that hold another language. All others are Python, be they called
#: ``settings.cfg`` or ``app.wsgi``.
_LANGUAGES = {
    ".html": "html",
    ".htm": "html",
    ".pt": "html",
    ".xml": "xml",
    ".mako": "html+mako",
    ".pyx": "cython",
    ".pxd": "cython",
    ".pxi": "cython",
}
#: What template files are called in addition to the suffix of what they make: ``mail.txt.j2``.
_TEMPLATE_SUFFIXES = (".jinja", ".jinja2", ".j2")
_JINJA = "+jinja"

# Pictures (U+2400 and on) for control characters, the replacement character for those without; tabs stay.
_CONTROLS = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)} | {0x7F: 0x2421}
_CONTROLS |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
_HAS_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def _language(frame: CapturedFrame, source: files.Source) -> str:
    name = (source.template or frame.filename).lower()
    if not source.template and not files.is_template(frame):
        return _LANGUAGES.get(_suffix(name), "python")
    for suffix in _TEMPLATE_SUFFIXES:
        name = name.removesuffix(suffix)
    return _language_of(_suffix(name)[1:] or "html") + _JINJA


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1]  # noqa: PTH122 - the file name of a code object can be any text


@lru_cache(maxsize=64)
def _language_of(suffix: str) -> str:
    from pygments.lexers import get_lexer_by_name

    try:
        return str(get_lexer_by_name(suffix).aliases[0])
    except Exception:  # not known; or a plug-in that cannot be imported, which may raise anything
        return "text"


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer:
    """One lexer for each language. Pygments is imported here, when the first page is looked at."""
    if language == "python":
        from pygments.lexers.python import PythonLexer

        return PythonLexer()
    from pygments.lexers import get_lexer_by_name

    if not language.endswith(_JINJA):
        return get_lexer_by_name(language)
    from pygments.lexer import DelegatingLexer
    from pygments.lexers.templates import DjangoLexer

    return DelegatingLexer(type(get_lexer_by_name(language.removesuffix(_JINJA))), DjangoLexer)


@dataclass(frozen=True, slots=True)
class _Coloured:
    """A line as tokens, and as it is shown without marks."""

    tokens: tuple[Token, ...]
    plain: SourceLine


def _colour(text: _Text, first: int, last: int, width: int) -> tuple[_Coloured, ...]:
    """The lines ``first`` to ``last``; control characters are replaced, one by one."""
    start = _lexer_start(text, first)
    lines = text.source.lines[start - 1 : last]
    code = "\n".join(lines) + "\n"
    coloured = _verbatim(_split(_tokens(code, text.language)), lines)
    if _HAS_CONTROLS.search(code):
        coloured = [[(css, piece.translate(_CONTROLS)) for css, piece in tokens] for tokens in coloured]
    shown = enumerate(map(tuple, coloured[first - start :]), first)
    return tuple([_Coloured(tokens, _line(lineno, tokens, False, (), width)) for lineno, tokens in shown])


def _verbatim(coloured: list[list[Token]], lines: Sequence[str]) -> list[list[Token]]:
    """The coloured lines, or those without colours if the lexer has lost or changed text."""
    if ["".join([piece for _, piece in tokens]) for tokens in coloured] == list(lines):
        return coloured
    return [[("", line)] for line in lines]


# Whole files take thousands of times the memory of an excerpt, so few of them are kept.
_coloured = lru_cache(maxsize=256)(_colour)
_coloured_file = lru_cache(maxsize=4)(_colour)


def _lexer_start(text: _Text, first: int) -> int:
    """The line to begin lexing at, so that ``first`` does not appear to be code when it is inside a string."""
    if text.language != "python":
        return max(1, first - _TEMPLATE_LOOKBACK)
    # A statement begins there, so it is not inside a string.
    anchor = text.block[0] if text.block else positions.definition_before(text.code, first)
    strings = positions.long_strings(text.source.lines[anchor - 1 : first], anchor)
    return next((start for start, end in strings if start < first <= end), first)


def _tokens(code: str, language: str) -> Iterator[Token]:
    """Pygments' tokens with short class names. The lexer's own clean-up (tabs, blank lines, marks) is left out."""
    end = 0
    for index, kind, piece in _lexer(language).get_tokens_unprocessed(code):
        if index >= _COLOURED:
            break
        end = index + len(piece)
        yield _css(kind), piece
    if end < len(code):
        yield "", code[end:]


@lru_cache(maxsize=256)
def _css(kind: Any) -> str:
    from pygments.token import STANDARD_TYPES

    while kind not in STANDARD_TYPES:
        kind = kind.parent
    return STANDARD_TYPES[kind]


def _split(tokens: Iterable[Token]) -> list[list[Token]]:
    """Tokens by line, without the line ends; neighbours in the same colour become one."""
    lines: list[list[Token]] = [[]]
    for css, text in tokens:
        for count, piece in enumerate(text.split("\n")):
            if count:
                lines.append([])
            if piece and lines[-1] and lines[-1][-1][0] == css:
                lines[-1][-1] = (css, lines[-1][-1][1] + piece)
            elif piece:
                lines[-1].append((css, piece))
    return lines[:-1]
