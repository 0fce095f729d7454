"""Positions in lines: expressions (from the byte offsets of PEP 657), code, what fits a width.

Knows lines, tokens and numbers only: no file, no frame, no lexer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from types import CodeType

from debugkit.debug.tracebacks.model import Position

#: A short Pygments class and text.
Token = tuple[str, str]


def character_offset(line: str, byte_offset: int) -> int:
    """The characters of ``line`` before ``byte_offset`` of its UTF-8 form; the line's length at most.

    PEP 657 counts bytes of the UTF-8 text the compiler saw, whatever encoding the file has. A tab is one character.
    """
    if line.isascii():
        return max(0, min(byte_offset, len(line)))
    start = line[: max(0, byte_offset)]  # no character takes less than a byte
    return len(start.encode("utf-8", "replace")[: max(0, byte_offset)].decode("utf-8", "ignore"))


def line_marks(
    position: Position,
    lineno: int,
    line: str,
    code_end: Callable[[], int],
) -> tuple[tuple[int, int], ...]:
    """The part of line ``lineno`` that belongs to the expression at ``position``, as character ranges [start, end).

    ``code_end()`` is where trailing comments and blanks of this line begin; it is asked only for lines that the
    expression goes beyond. Empty when the position is unknown (``-X no_debug_ranges``) or elsewhere.
    """
    span = _known(position)
    if span is None:
        return ()
    first, last, colno, end_colno = span
    if not first <= lineno <= last:
        return ()
    start = character_offset(line, colno) if lineno == first else len(line) - len(line.lstrip())
    end = character_offset(line, end_colno) if lineno == last else code_end()
    return ((start, end),) if start < end else ()


def _known(position: Position) -> tuple[int, int, int, int] | None:
    lineno, end_lineno = position.lineno, position.end_lineno
    colno, end_colno = position.colno, position.end_colno
    if lineno is None or end_lineno is None or colno is None or end_colno is None:
        return None
    return lineno, end_lineno, colno, end_colno


def can_be_true(position: Position, lines: Sequence[str], code: CodeType) -> bool:
    """Whether ``code`` can have been compiled from ``lines`` with an expression at ``position``.

    A traceback that was rebuilt from a pickle has code of one statement at the line it stands for, and what a program
    generated may go by the name of a file: their columns belong to another text.
    """
    span = _known(position)
    if span is None or not 1 <= span[0] <= span[1] <= len(lines):
        return False
    first, last, colno, end_colno = span
    names = [*filter(None, map(_written, code.co_names))]
    nearest_first = chain(lines[first - 1 : last], lines)
    mentioned = not names or any(name in line for line in nearest_first for name in names)
    start = character_offset(lines[first - 1], colno)
    return mentioned and _begins(lines[first - 1], start) and _ends(lines[last - 1], end_colno)


def _written(name: str) -> str:
    """A name of compiled code as its author wrote it; "" for one that compilers and rewriters bring along."""
    if not name.isidentifier() or (name[:2] == "__" and name[-2:] == "__"):
        return ""
    return f"__{name.partition('__')[2]}" if name[:1] == "_" and "__" in name[1:] else name  # _Cart__total


def _begins(line: str, column: int) -> bool:
    """Whether an expression can begin there: not at a blank, and not inside a word."""
    return column < len(line) and not line[column].isspace() and not _cuts_word(line, column)


def _ends(line: str, byte_offset: int) -> bool:
    """Whether an expression can end there: not beyond the line, not behind a blank, and not inside a word."""
    column = character_offset(line, byte_offset)
    within = 0 < byte_offset <= len(line.encode("utf-8", "replace"))
    return within and not line[column - 1].isspace() and not _cuts_word(line, column)


def _cuts_word(line: str, column: int) -> bool:
    return 0 < column < len(line) and all(char == "_" or char.isalnum() for char in line[column - 1 : column + 1])


def cut_window(length: int, width: int, marks: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The characters [start, stop) of a line of ``length`` to keep in ``width``, with room for an ellipsis at each end.

    The start of the line is kept unless the first mark would be lost; then a quarter of the width is shown before it.
    """
    if length <= width:
        return 0, length
    room = max(1, width - 2)
    if not marks or (marks[0][0] < room and min(marks[0][1], marks[0][0] + room // 2) <= room):
        return 0, room
    start = max(0, min(marks[0][0] - room // 4, length - room))
    return start, min(length, start + room)


def slice_tokens(tokens: Iterable[Token], start: int, stop: int) -> Iterator[Token]:
    """The characters [start, stop) of a line, in their colours."""
    at = 0
    for css, text in tokens:
        piece = text[max(0, start - at) : max(0, stop - at)]
        if piece:
            yield css, piece
        at += len(text)


def nested_codes(code: CodeType) -> Iterator[CodeType]:
    """``code`` and all code objects inside it."""
    pending = [code]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(constant for constant in current.co_consts if isinstance(constant, CodeType))


@lru_cache(maxsize=256)
def code_extent(code: CodeType) -> tuple[int, int]:
    """The first line of a function or class, decorators included, and its last one that holds code."""
    lines = [line for nested in nested_codes(code) for line in nested.co_positions()]
    return code.co_firstlineno, max([code.co_firstlineno, *(end for _, end, _, _ in lines if end is not None)])
