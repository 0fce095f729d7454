"""What the names in a frame's source are, for when somebody looks at one: each at its places, each value once.

Knows nothing of frames, HTML or requests.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from debugkit.debug.page.frame_models import ValueView
from debugkit.debug.source.bindings import bindings, bound_again
from debugkit.debug.source.expressions import ExpressionValue

#: The names in an expression.
WORD = re.compile(r"[^\W\d]\w*")


class NameView(NamedTuple):
    """A name, attribute or item in the source: lines from 1, characters of the file's lines from 0.

    ``value`` is the number of its value. ``note`` is "" where the value is what it was when its line ran.
    """

    lineno: int
    colno: int
    end_lineno: int
    end_colno: int
    value: int
    note: str


@dataclass(frozen=True, slots=True)
class NameValues:
    """All of a frame's names, in the order of the text."""

    names: tuple[NameView, ...]
    values: tuple[ValueView, ...]


def name_values(
    expressions: Sequence[ExpressionValue],
    row: Callable[[ExpressionValue], ValueView],
    scope: ast.AST | None,
    failing: int,
) -> NameValues:
    """``row`` describes a value, ``scope`` is the function that failed in line ``failing``."""
    bound = bindings(scope) if scope is not None else ()
    numbers: dict[tuple[str, int], int] = {}
    values: list[ValueView] = []
    names: list[NameView] = []
    for item in expressions:
        number = numbers.setdefault((item.text, id(item.value)), len(values))
        if number == len(values):
            values.append(row(item))
        again = bound_again(bound, set(WORD.findall(item.text)), item.lineno, failing)
        note = f"now; bound again in line {again}" if again else "now" if item.lineno > failing else ""
        names.append(NameView(item.lineno, item.colno, item.end_lineno, item.end_colno, number, note))
    return NameValues(tuple(names), tuple(values))
