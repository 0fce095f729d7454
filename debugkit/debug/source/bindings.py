"""Where a function, class or module binds its names: whether a name still means what it did at its place.

Looks at syntax trees only.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from debugkit.frozen import frozen

#: What binds a name that is no expression.
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)


@frozen
class Binding:
    """A line that binds ``name``, and the lines of the loop around it: its own line where there is no loop."""

    name: str
    lineno: int
    loop: range


def bindings(root: ast.AST) -> tuple[Binding, ...]:
    """The names that ``root`` binds, not those of functions and classes inside it."""
    return tuple(binding for node in ast.iter_child_nodes(root) for binding in _inside(node, None))


def bound_again(bound: tuple[Binding, ...], names: set[str], lineno: int, failing: int) -> int:
    """The first line behind ``lineno`` that has bound one of ``names`` anew by the time line ``failing`` failed; or 0.

    It has if it stands before the failing line, or in a loop with it: then it may have, in an earlier round.
    """
    later = (binding for binding in bound if binding.name in names and binding.lineno > lineno)
    return min((item.lineno for item in later if item.lineno <= failing or failing in item.loop), default=0)


def _inside(node: ast.AST, loop: range | None) -> Iterator[Binding]:
    line = getattr(node, "lineno", 0)
    for name in _bound(node):
        yield Binding(name, line, loop or range(line, line + 1))
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
        return
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return  # its variables are its own; what ``:=`` binds in one is bound on a line that shows it
    if loop is None and isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
        loop = range(node.lineno, (node.end_lineno or node.lineno) + 1)
    for child in ast.iter_child_nodes(node):
        yield from _inside(child, loop)


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
    elif isinstance(node, _NAMED) and node.name:
        yield node.name
