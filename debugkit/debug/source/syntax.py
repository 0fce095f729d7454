"""Python source as a syntax tree, parsed once for all that look at it. Knows no frames, no values, no colours."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import Final

#: Characters of a file that is parsed: half a megabyte takes about a tenth of a second.
MOST_CHARACTERS: Final = 500_000


@lru_cache(maxsize=8)
def parse(lines: tuple[str, ...]) -> ast.Module | None:
    """The tree of a whole file; `None` if it is too large, or no Python of this version."""
    if sum(map(len, lines)) > MOST_CHARACTERS:
        return None
    try:
        return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def statement_start(lines: tuple[str, ...], lineno: int) -> int | None:
    """The line of the last statement that begins at ``lineno`` or before it: no string goes over its beginning."""
    tree = parse(lines)
    nodes = ast.walk(tree) if tree is not None else ()
    starts = (node.lineno for node in nodes if isinstance(node, ast.stmt))
    return max((start for start in starts if start <= lineno), default=None)
