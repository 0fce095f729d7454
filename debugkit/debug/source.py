"""The source around a frame, as lines of coloured tokens with the failing expression marked.

Colours are Pygments' short class names; there is no markup here. Only what is shown is coloured. Never raises.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from types import CodeType
from typing import TYPE_CHECKING, Any

from debugkit.debug import files, positions
from debugkit.settings import Limits

if TYPE_CHECKING:
    from pygments.lexer import Lexer

    from debugkit.debug.capture import CapturedFrame

Token = tuple[str, str]

ELLIPSIS = "…"
#: Characters that are coloured at once; what follows is shown in one colour. Pygments takes a second for a megabyte.
_COLOURED = 1_000_000
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
    """A source, its language, and the lines of the function or class the frame is in; all lines if it is in none."""

    source: files.Source
    language: str
    scope: tuple[int, int]


def _text(frame: CapturedFrame, limits: Limits, neighbours: Sequence[CapturedFrame]) -> _Text:
    source = files.find_source(frame, limits.source_file, neighbours)
    language = _language(frame, source)
    everything = (1, len(source.lines))
    if frame.code is None or language != "python" or frame.code.co_name[:1] == "<":
        return _Text(source, language, everything)
    first, last = _extent(frame.code)
    fits = frame.code.co_qualname != "<module>" and first <= frame.lineno <= last <= len(source.lines)
    return _Text(source, language, (first, last) if fits else everything)


def _shown(
    frame: CapturedFrame,
    text: _Text,
    limits: Limits,
    block: tuple[int, int],
    pieces: Sequence[tuple[int, int]],
    started: float | None,
) -> Excerpt:
    changed = files.has_changed(text.source, frame, _CLOCK_SLACK + (process_start() if started is None else started))
    # The columns of other code, and those of the statement that Jinja raises with, mean nothing in this text.
    position = None if changed or files.is_template(frame) else frame.position
    lines: list[SourceLine | Gap] = []
    shown_to = block[0] - 1
    for first, last in pieces:
        if first > shown_to + 1:
            lines.append(Gap(shown_to + 1, first - 1))
        for lineno, tokens in enumerate(_coloured(text, first, last), first):
            raw = text.source.lines[lineno - 1]
            lines.append(_line(lineno, raw, tokens, lineno == frame.lineno, position, limits.line_width))
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


@lru_cache(maxsize=1)
def _start_of(pid: int) -> float:
    """When process ``pid``, this one, began: from Linux' procfs, so that a forked worker has its own time."""
    try:
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123 - a file of the kernel
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
        return time.time() - age
    except (AttributeError, OSError, ValueError, IndexError):
        return time.time()


def process_start() -> float:
    """When this process began, in seconds since the epoch; where that is unknown, when it was first asked."""
    return _start_of(os.getpid())


# Which lines


def _block(frame: CapturedFrame, text: _Text, limits: Limits) -> tuple[int, int]:
    """The lines of the function or class, or of a window where there is none; (1, 0) if there is no such line."""
    count = len(text.source.lines)
    if not 1 <= frame.lineno <= count:
        return 1, 0
    return text.scope if text.scope != (1, count) else _window(frame, limits, 1, count)


def _window(frame: CapturedFrame, limits: Limits, first: int, last: int) -> tuple[int, int]:
    """Lines around the frame's, within ``first`` and ``last``; a long statement is shown further than the rest."""
    room = limits.lines_before + limits.lines_after
    statement_end = min(frame.position.end_lineno or 0, frame.lineno + room)
    return max(first, frame.lineno - limits.lines_before), min(
        last, max(frame.lineno + limits.lines_after, statement_end)
    )


def _pieces(frame: CapturedFrame, text: _Text, limits: Limits, block: tuple[int, int]) -> list[tuple[int, int]]:
    first, last = block
    if last < first:
        return []
    if last - first <= limits.lines_before + limits.lines_after or text.scope != block:
        return [block]
    start, stop = _window(frame, limits, first, last)
    if stop == last - 1:
        stop = last  # one line is no longer than the gap in its place
    header = first + _signature_lines(_coloured(text, first, min(last, first + limits.lines_before)))
    return [(first, stop)] if start <= header + 1 else [(first, header - 1), (start, stop)]


def _signature_lines(lines: Sequence[Sequence[Token]]) -> int:
    """How many of these lines are decorators and signature: up to the colon that ends ``def f(...):``."""
    depth, defined = 0, False
    for count, tokens in enumerate(lines, 1):
        for css, text in tokens:
            defined = defined or (css == "k" and not depth and text.strip() in ("def", "class"))
            for character in text if css == "p" else "":
                depth += (character in "([{") - (character in ")]}")
                if character == ":" and defined and not depth:
                    return count
    return len(lines)


@lru_cache(maxsize=256)
def _extent(code: CodeType) -> tuple[int, int]:
    """The first line of a function or class, decorators included, and its last one that holds code."""
    last = code.co_firstlineno
    for nested in files.nested_codes(code):
        for lineno, end_lineno, _, _ in nested.co_positions():
            last = max(last, lineno or 0, end_lineno or 0)
    return code.co_firstlineno, last


# Lines


def _line(
    lineno: int,
    raw: str,
    tokens: tuple[Token, ...],
    current: bool,
    position: positions.Position | None,
    width: int,
) -> SourceLine:
    marks = positions.line_marks(position, lineno, raw, partial(_code_end, tokens)) if position is not None else ()
    if len(raw) <= width:
        return SourceLine(lineno, "".join([text for _, text in tokens]), tokens, current, marks)
    start, stop = positions.cut_window(len(raw), width, marks)
    kept = tuple(_slice(tokens, start, stop))
    kept = (*([("", ELLIPSIS)] if start else ()), *kept, *([("", ELLIPSIS)] if stop < len(raw) else ()))
    offset = start - 1 if start else 0
    cut = [(max(a, start) - offset, min(b, stop) - offset) for a, b in marks]
    return SourceLine(lineno, "".join([text for _, text in kept]), kept, current, tuple(cut), offset)


def _slice(tokens: Iterable[Token], start: int, stop: int) -> Iterator[Token]:
    """The characters [start, stop) of a line, in their colours."""
    at = 0
    for css, text in tokens:
        piece = text[max(0, start - at) : max(0, stop - at)]
        if piece:
            yield css, piece
        at += len(text)


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

#: Names of templates that Pygments knows a lexer for with Jinja's tags in it; "" is for all other names.
_TEMPLATE_LEXERS = {
    ".html": "html+jinja",
    ".htm": "html+jinja",
    ".xhtml": "html+jinja",
    ".xml": "xml+jinja",
    ".svg": "xml+jinja",
    ".css": "css+jinja",
    ".js": "javascript+jinja",
    ".txt": "jinja",
}
_TEMPLATE_SUFFIXES = (".jinja", ".jinja2", ".j2", ".djhtml")

# A string or comment of Python, to the end of the text if it does not end before.
_STRING = re.compile(
    r"""
      \#[^\n]*
    | "{3} [^"\\]* (?: (?: \\. | "(?!"") ) [^"\\]* )* (?: \"{3} | \Z )
    | ''' [^'\\]* (?: (?: \\. | '(?!'') ) [^'\\]* )* (?: ''' | \Z )
    | " [^"\\\n]* (?: \\. [^"\\\n]* )* "?
    | ' [^'\\\n]* (?: \\. [^'\\\n]* )* '?
    """,
    re.DOTALL | re.VERBOSE,
)

# Pictures for control characters (U+2400 and on), the replacement character for those that have none. Tabs stay.
_CONTROLS = {code: 0x2400 + code for code in range(0x20) if code != 0x09} | {0x7F: 0x2421}
_CONTROLS |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
_HAS_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


def _language(frame: CapturedFrame, source: files.Source) -> str:
    name = source.template or frame.filename
    if source.template or files.is_template(frame):
        return _template_language(name.lower())
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 - not every name of a code object makes a Path
    return "python" if suffix in ("", ".py", ".pyw", ".pyi") or name.endswith(">") else _language_of(suffix)


def _template_language(name: str) -> str:
    for suffix in _TEMPLATE_SUFFIXES:
        name = name.removesuffix(suffix)
    suffix = os.path.splitext(name)[1]  # noqa: PTH122 - as above
    return _TEMPLATE_LEXERS.get(suffix) or (_language_of(suffix) if suffix else "html+jinja")


@lru_cache(maxsize=64)
def _language_of(suffix: str) -> str:
    from pygments.lexers import find_lexer_class_for_filename

    found = find_lexer_class_for_filename("file" + suffix)
    return found.aliases[0] if found is not None and found.aliases else "text"


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer:
    """One lexer for each language. Pygments is imported here, when the first page is looked at."""
    if language == "python":
        from pygments.lexers.python import PythonLexer

        return PythonLexer()
    from pygments.lexers import get_lexer_by_name

    return get_lexer_by_name(language)


@lru_cache(maxsize=512)
def _coloured(text: _Text, first: int, last: int) -> tuple[tuple[Token, ...], ...]:
    """The lines ``first`` to ``last`` as tokens; control characters are replaced, one by one."""
    start = _lexer_start(text, first)
    lines = text.source.lines[start - 1 : last]
    code = "\n".join(lines) + "\n"
    coloured = _split(_tokens(code, text.language))
    if ["".join([piece for _, piece in tokens]) for tokens in coloured] != list(lines):
        coloured = [[("", line)] if line else [] for line in lines]  # a lexer that drops text
    shown = coloured[first - start :]
    if _HAS_CONTROLS.search(code.replace("\n", "")):
        shown = [[(css, piece.translate(_CONTROLS)) for css, piece in tokens] for tokens in shown]
    return tuple(map(tuple, shown))


def _lexer_start(text: _Text, first: int) -> int:
    """The line to begin lexing at, so that ``first`` does not appear to be code when it is inside a string."""
    if text.language != "python":
        return max(1, first - _TEMPLATE_LOOKBACK)
    if first == text.scope[0]:
        return first
    around = [start for start, end in _long_strings(text.source, *text.scope) if start < first <= end]
    return min(around, default=first)


@lru_cache(maxsize=64)
def _long_strings(source: files.Source, first: int, last: int) -> tuple[tuple[int, int], ...]:
    """The first and last lines of strings that go over several lines, between ``first`` and ``last``."""
    code = "\n".join(source.lines[first - 1 : last])
    found, lineno, at = [], first, 0
    for match in _STRING.finditer(code):
        newlines = match.group().count("\n")
        if newlines:
            lineno += code.count("\n", at, match.start())
            found.append((lineno, lineno + newlines))
            lineno, at = lineno + newlines, match.end()
    return tuple(found)


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
