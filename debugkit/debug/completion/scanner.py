"""Unfinished source as tokens: which brackets, and which string, are open at its end.

`tokenize` and `ast` refuse source that ends in the middle of an expression. Knows Python's tokens, and not its grammar.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import Final, Literal

from debugkit.frozen import frozen

#: From Python 3.12 on, the expressions in an f-string may hold its own quote (PEP 701).
NESTED_QUOTES: Final = sys.version_info >= (3, 12)

TokenKind = Literal["name", "number", "string", "open", "close", "operator", "newline"]

_BLANK: Final = re.compile(r"(?:[ \t\f\r]|\\\n)++|#[^\n]*+")
_STRING: Final = re.compile(r"((?i:[rb]?[bft]|[bft]r|[ru])?)('''|\"\"\"|'|\")")
_NAME: Final = re.compile(r"[^\W\d]\w*+")
_NUMBER: Final = re.compile(r"(?i:0[xob]\w*+|\d[\d_]*+(?:\.[\d_]*+)?(?:e[+-]?\d++)?j?)")
_QUOTES: Final = ("'", '"', "'''", '"""')


def _inside(quote: str, stops: str, more: str) -> re.Pattern[str]:
    """What goes on inside a string: up to its quote, the end of a line, or one of ``stops``."""
    if len(quote) == 1:
        return re.compile(rf"(?:[^\\\n{quote}{stops}]|\\.{more})*+", re.DOTALL)
    return re.compile(rf"(?:[^\\{quote[0]}{stops}]|\\.{more}|{quote[0]}(?!{quote[1:]}))*+", re.DOTALL)


_PLAIN: Final = {quote: _inside(quote, "", "") for quote in _QUOTES}
_FORMATTED: Final = {quote: _inside(quote, "{", "|{{") for quote in _QUOTES}
_CLOSING: Final = {")": "(", "]": "[", "}": "{"}


@frozen
class Token:
    """A piece of the source, from ``start`` to ``end`` (excluded). ``partner``: the token that a bracket closes."""

    kind: TokenKind
    start: int
    end: int
    partner: int = -1


@frozen
class OpenString:
    """A string whose end is not there yet: its prefix and quote, and where its text begins."""

    prefix: str
    quote: str
    start: int


@dataclass(slots=True)
class Level:
    """The source itself, or the expression in an f-string: its tokens, and the numbers of the brackets still open.

    ``string`` is the f-string around it.
    """

    string: OpenString | None = None
    tokens: list[Token] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)


@frozen
class Scan:
    """Where the source ends: in ``level``, and there in ``string`` or a comment, if in either.

    ``around`` are the quotes of the f-strings it is in.
    """

    level: Level
    string: OpenString | None
    comment: bool
    around: tuple[str, ...]


def scan(source: str) -> Scan:
    """The tokens at the end of ``source``."""
    return _Scanner(source).run()


class _Scanner:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._levels = [Level()]
        self._string: OpenString | None = None
        self._comment = False

    def run(self) -> Scan:
        while self._at < len(self._source) and self._string is None:
            self._step()
        around = tuple(level.string.quote for level in self._levels if level.string is not None)
        return Scan(self._levels[-1], self._string, self._comment, around)

    def _step(self) -> None:
        source, at = self._source, self._at
        if blank := _BLANK.match(source, at):
            self._comment = blank[0].startswith("#") and blank.end() == len(source)
            self._at = blank.end()
        elif self._ends_string():
            self._close_string()
        elif opening := _STRING.match(source, at):
            self._at = opening.end()
            self._go_on_inside(OpenString(opening[1].lower(), opening[2], opening.end()), opening.start())
        elif word := _NAME.match(source, at):
            self._add("name", word.end())
        elif number := _NUMBER.match(source, at):
            self._add("number", number.end())
        else:
            self._symbol(source[at])

    def _add(self, kind: TokenKind, end: int, partner: int = -1) -> None:
        self._levels[-1].tokens.append(Token(kind, self._at, end, partner))
        self._at = end

    def _symbol(self, symbol: str) -> None:
        level, after = self._levels[-1], self._at + 1
        if level.string is not None and not level.opened and symbol in "}:":
            self._leave_expression(symbol)
        elif symbol in "([{":
            level.opened.append(len(level.tokens))
            self._add("open", after)
        elif symbol in _CLOSING:
            self._add("close", after, level.opened.pop() if level.opened else -1)
        elif symbol == "\n":
            if level.opened:
                self._at = after
            else:
                self._add("newline", after)
        else:
            self._add("operator", after)

    # Strings

    def _go_on_inside(self, string: OpenString, start: int) -> None:
        """Read on in the text of a string; the token of a finished one begins at ``start``."""
        formatted = "f" in string.prefix or "t" in string.prefix
        text = (_FORMATTED if formatted else _PLAIN)[string.quote].match(self._source, self._at)
        end = text.end() if text is not None else self._at
        rest = self._source[end : end + len(string.quote)]
        if rest == string.quote:
            self._at = start
            self._add("string", end + len(string.quote))
        elif formatted and rest.startswith("{"):
            self._at = end + 1
            self._levels.append(Level(OpenString(string.prefix, string.quote, start)))
        elif rest.startswith("\n"):  # it was never closed: the next line has nothing to do with it
            self._at = end
        else:
            self._at, self._string = len(self._source), string

    def _ends_string(self) -> bool:
        string = self._levels[-1].string
        return string is not None and not NESTED_QUOTES and self._source.startswith(string.quote, self._at)

    def _close_string(self) -> None:
        """Before Python 3.12 its quote ends an f-string, also in the middle of an expression."""
        string = self._levels.pop().string
        assert string is not None
        end, self._at = self._at + len(string.quote), string.start
        self._add("string", end)

    def _leave_expression(self, symbol: str) -> None:
        """What follows is text of the f-string again. How a value is formatted counts as such."""
        string = self._levels.pop().string
        assert string is not None
        self._at += 1
        self._go_on_inside(string, string.start)
