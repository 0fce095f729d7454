"""Python source as syntax trees, each parsed once for all that look at it. Knows no frames, no values, no colours."""

from __future__ import annotations

import ast
import warnings
from functools import lru_cache
from typing import Final

#: Characters that are parsed: half a megabyte takes about a quarter of a second.
MOST_CHARACTERS: Final = 500_000
#: What the parser takes for the file, and so for the module that a warning of its is about.
_READER: Final = "<read by debugkit>"


def quietly_parsed(text: str, mode: str = "exec") -> ast.AST:
    """The tree of a text. Raises `SyntaxError`, `ValueError`, `RecursionError` or `MemoryError`.

    Says nothing of ``'\\d'``, which the parser warns of (Python 3.12): whoever ran the text has heard of it. It is a
    filter for that, since `warnings.catch_warnings` would meddle with what other threads are to hear.
    """
    if not any(getattr(module, "pattern", "") == _READER for _, _, _, module, _ in warnings.filters):
        warnings.filterwarnings("ignore", module=_READER)
    tree: ast.AST = compile(text, _READER, mode, ast.PyCF_ONLY_AST, dont_inherit=True)
    return tree


@lru_cache(maxsize=8)
def parse(lines: tuple[str, ...], first: int = 1, last: int | None = None) -> ast.Module | None:
    """The tree of a file, or of its lines from ``first`` to ``last``, with the line numbers of the file.

    `None` if it is too large, or no Python of this version.
    """
    block = lines[first - 1 : last]
    if sum(map(len, block)) > MOST_CHARACTERS:
        return None
    # An indented block is the body of an ``if``: to remove the indent would change strings of several lines.
    indented = next((line for line in block if line.strip()), "")[:1].isspace()
    before = [""] * (first - 2) + ["if 1:"] if indented else [""] * (first - 1)
    try:
        tree = quietly_parsed("\n".join([*before, *block]))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree if isinstance(tree, ast.Module) else None


@lru_cache(maxsize=8)
def placed_nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    """The nodes of a tree that have a place in the text, as `ast.walk` comes to them."""
    return tuple(node for node in ast.walk(tree) if hasattr(node, "lineno"))


def statement_start(lines: tuple[str, ...], lineno: int) -> int | None:
    """The line of the last statement that begins at ``lineno`` or before it: no string goes over its beginning."""
    tree = parse(lines)
    nodes = ast.walk(tree) if tree is not None else ()
    starts = (node.lineno for node in nodes if isinstance(node, ast.stmt))
    return max((start for start in starts if start <= lineno), default=None)


def enclosing_block(lines: tuple[str, ...], lineno: int) -> tuple[int, int] | None:
    """The first line, decorators included, and the last of the innermost function or class around ``lineno``."""
    tree = parse(lines)
    nodes = ast.walk(tree) if tree is not None else ()
    blocks = [
        (min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]), node.end_lineno or node.lineno)
        for node in nodes
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    ]
    return max((block for block in blocks if block[0] <= lineno <= block[1]), default=None)
