"""What the names in a frame's source are, for when somebody looks at one: each at its places, each value once.

Knows nothing of frames, nor how a value is shown.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Container, Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

from debugkit.debug.source.bindings import bindings, bound_again
from debugkit.debug.source.expressions import ExpressionValue
from debugkit.frozen import frozen

T = TypeVar("T")

#: The names in an expression.
WORD = re.compile(r"[^\W\d]\w*")


class NamePlace(NamedTuple):
    """A name, attribute or item in the source: lines from 1, characters of the file's lines from 0.

    ``value`` is the number of its value. ``note`` is "" where the value is what it was when its line ran.
    """

    lineno: int
    colno: int
    end_lineno: int
    end_colno: int
    value: int
    note: str


@frozen
class NameValues(Generic[T]):
    """All of a frame's names, in the order of the text; values as they are shown."""

    names: tuple[NamePlace, ...]
    values: tuple[T, ...]


def first_mentions(
    expressions: Iterable[ExpressionValue], lines: Container[int], known: Iterable[str], most: int
) -> Iterable[tuple[int, list[ExpressionValue]]]:
    """Each of ``lines`` with at most ``most`` values that no line before it mentions, and that are not ``known``."""
    seen = {*known}
    rows: dict[int, list[ExpressionValue]] = {}
    for value in expressions:
        row = rows.get(value.lineno, [])
        if value.lineno in lines and value.text not in seen and len(row) < most:
            seen.add(value.text)
            rows[value.lineno] = [*row, value]
    return rows.items()


def name_values(
    expressions: Sequence[ExpressionValue],
    row: Callable[[ExpressionValue], T],
    scope: ast.AST | None,
    failing: int,
) -> NameValues[T]:
    """``row`` describes a value, ``scope`` is the function that failed in line ``failing``."""
    bound = bindings(scope) if scope is not None else ()
    numbers: dict[tuple[str, int], int] = {}
    values: list[T] = []
    names: list[NamePlace] = []
    for item in expressions:
        number = numbers.setdefault((item.text, id(item.value)), len(values))
        if number == len(values):
            values.append(row(item))
        again = bound_again(bound, set(WORD.findall(item.text)), item.lineno, failing)
        note = f"now; bound again in line {again}" if again else "now" if item.lineno > failing else ""
        names.append(NamePlace(item.lineno, item.colno, item.end_lineno, item.end_colno, number, note))
    return NameValues(tuple(names), tuple(values))
