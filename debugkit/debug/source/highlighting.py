"""Text as coloured tokens, in the language of the file's name. The one module that knows Pygments.

Colours are Pygments' short class names. The lexer's own clean-up (tabs, blank lines, marks) is left out: the text of
the tokens is that of the line, but for control characters. Knows no frames, reads no files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from debugkit.debug.source.positions import Token, slice_tokens

if TYPE_CHECKING:
    from pygments.lexer import Lexer

#: Characters that are coloured at once; what follows is shown in one colour. Pygments takes two seconds for a megabyte.
_COLOURED = 1_000_000
#: The same of a single line: what is shown of it may begin inside a string, so everything before it is read as well.
_COLOURED_OF_LINE = 20_000

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


@lru_cache(maxsize=256)
def language(filename: str, *, template: bool = False) -> str:
    """The language of a file that frames run in, by its name; that of a ``template`` ends in "+jinja"."""
    name = filename.lower()
    if not template:
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
    """One lexer for each language. Pygments is imported here, for the first page."""
    if language == "python":
        from pygments.lexers.python import PythonLexer

        return PythonLexer()
    from pygments.lexers import get_lexer_by_name

    if not language.endswith(_JINJA):
        return get_lexer_by_name(language)
    from pygments.lexer import DelegatingLexer
    from pygments.lexers.templates import DjangoLexer

    return DelegatingLexer(type(get_lexer_by_name(language.removesuffix(_JINJA))), DjangoLexer)


def highlight(lines: Sequence[str], language: str) -> list[list[Token]]:
    """The tokens of each line, read as one text. Control characters are replaced, one by one."""
    # Pygments looks for indentation across lines: of many that hold blanks only, it would take the square.
    filled = ["" if line.isspace() else line for line in lines]
    code = "\n".join(filled) + "\n"
    coloured = _verbatim(_split(_tokens(code, language)), filled)
    for number, line in enumerate(lines):
        if line.isspace():
            coloured[number] = [("", line)]
    if _HAS_CONTROLS.search("\n".join(lines)):
        coloured = [[(css, piece.translate(_CONTROLS)) for css, piece in tokens] for tokens in coloured]
    return coloured


def highlight_shortened(lines: Sequence[str], language: str, longest: int) -> list[list[Token]]:
    """The tokens of the first ``longest`` characters of each line. What a line was cut in cannot reach the next one."""
    coloured: list[list[Token]] = []
    begin = 0
    for end, line in enumerate(lines, 1):
        if len(line) > longest or end == len(lines):
            coloured += highlight([*lines[begin : end - 1], line[:longest]], language)
            begin = end
    return coloured


def highlight_window(line: str, start: int, stop: int, language: str) -> Iterator[Token]:
    """The tokens of the characters [start, stop) of a line; without colours where that is far from its beginning."""
    begin = 0 if stop <= _COLOURED_OF_LINE else start
    [tokens] = highlight([line[begin:stop]], language if begin == 0 else "text")
    return slice_tokens(tokens, start - begin, stop - begin)


def _verbatim(coloured: list[list[Token]], lines: Sequence[str]) -> list[list[Token]]:
    """The coloured lines, or those without colours if the lexer has lost or changed text."""
    if ["".join([piece for _, piece in tokens]) for tokens in coloured] == list(lines):
        return coloured
    return [[("", line)] for line in lines]


def _tokens(code: str, language: str) -> Iterator[Token]:
    """Pygments' tokens with short class names, one after the other."""
    end = 0
    for index, kind, piece in _lexer(language).get_tokens_unprocessed(code[:_COLOURED]):
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
