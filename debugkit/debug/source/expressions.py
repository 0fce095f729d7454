"""The values of the names, attributes and items in a block of source, evaluated in its frame without side effects.

The only module that knows pure_eval. It does not know how a value is shown.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
import time
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from debugkit.debug.safe import inspection
from debugkit.debug.safe.lazy_imports import LAZY_IMPORTS
from debugkit.debug.tracebacks.model import CapturedFrame

#: Lines before and after the failing one that are looked at.
MOST_LINES: Final = 500
#: Characters of them that are parsed; of a failing line that is longer, those before and behind the error are searched.
MOST_CHARACTERS: Final = 30_000
CHARACTERS_BEFORE: Final = 100
CHARACTERS_BEHIND: Final = 300
#: Expressions that are evaluated, the nearest first.
MOST_EXPRESSIONS: Final = 500
#: Seconds after which only failing lines are evaluated: pure_eval checks every key of a dict before it looks one up.
MOST_SECONDS: Final = 0.05

_NAME: Final = re.compile(r"(?<![\w.'\"])[^\W\d]\w*")
_CODE: Final = (
    types.FunctionType, types.BuiltinFunctionType, types.MethodType, type, types.ModuleType, *LAZY_IMPORTS
)  # fmt: skip
#: What `ast.unparse` may write otherwise than the author did.
_UNSAID: Final = re.compile(r"[\s'\"()\\]")
_ABSENT: Final = object()

#: What an expression may consist of. Calls and operators are left out: even on plain numbers, ``9 ** 9 ** 9`` hangs.
_PURE: Final = (
    ast.Name,
    ast.Attribute,
    ast.Subscript,
    ast.Constant,
    ast.Tuple,
    ast.UnaryOp,
    ast.USub,
    ast.expr_context,
)
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS: Final = {
    "<listcomp>": ast.ListComp, "<setcomp>": ast.SetComp, "<dictcomp>": ast.DictComp, "<genexpr>": ast.GeneratorExp
}  # fmt: skip
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class ExpressionValue(NamedTuple):
    """An expression and its value. Columns are characters in the file's lines; ``failing``: it is on a failing line."""

    text: str
    lineno: int
    colno: int
    end_lineno: int
    end_colno: int
    value: object
    failing: bool


@dataclass(frozen=True, slots=True)
class _Scope:
    """The code of a frame inside a block: its name, and the lines, from 1, where it begins and where it failed.

    ``column`` is where it failed on the first of these, in bytes.
    """

    name: str
    first: int
    failing: range
    column: int


@dataclass(frozen=True, slots=True)
class _Found:
    """An expression of a block, with its place: lines from 1, characters from 0."""

    node: ast.expr
    text: str
    line: int
    column: int
    end_line: int
    end_column: int

    def touches(self, lines: range) -> bool:
        return self.line < lines.stop and lines.start <= self.end_line


def expression_values(
    frame: CapturedFrame,
    lines: Sequence[str],
    first: int,
    last: int,
    clock: Callable[[], float] = time.monotonic,
    *,
    failing_only: bool = False,
) -> tuple[ExpressionValue, ...]:
    """What the expressions in ``lines`` from ``first`` to ``last`` (from 1, both included) are in ``frame``.

    ``lines`` are those of the whole file; ``failing_only`` leaves out what is not on the failing ones.
    Nothing of the application runs: no property, no ``__getattr__``, no
    ``__getitem__``. In the order of the text, each expression once on a line.
    """
    first, last = max(first, frame.lineno - MOST_LINES, 1), min(last, frame.lineno + MOST_LINES, len(lines))
    if frame.frame is None or frame.code is None or first > last:
        return ()
    failing = _failing_lines(frame)
    name, start = inspection.exact_str(frame.code.co_name), frame.code.co_firstlineno - first + 1
    scope = _Scope(name, start, _shift(failing, 1 - first), frame.position.colno or 0)
    found = _expressions(tuple(line.rstrip("\r\n") for line in lines[first - 1 : last]), scope)
    if failing_only:
        found = tuple(item for item in found if item.touches(scope.failing))
    values = _evaluate(found, _Names(frame.frame), scope.failing, clock)
    placed = (_placed(item, value, first - 1, item.touches(scope.failing)) for item, value in values)
    return tuple(sorted(placed, key=lambda value: (value.lineno, value.colno, value.end_lineno, value.end_colno)))


def _failing_lines(frame: CapturedFrame) -> range:
    first = frame.position.lineno or frame.lineno
    return range(first, max(frame.position.end_lineno or first, first) + 1)


def _shift(lines: range, by: int) -> range:
    return range(lines.start + by, lines.stop + by)


def _placed(found: _Found, value: object, offset: int, failing: bool) -> ExpressionValue:
    line, end_line = found.line + offset, found.end_line + offset
    return ExpressionValue(found.text, line, found.column, end_line, found.end_column, value, failing)


# What a block holds


@lru_cache(maxsize=128)
def _expressions(lines: tuple[str, ...], scope: _Scope) -> tuple[_Found, ...]:
    """The expressions of a block that belong to ``scope``; cached, for a page is looked at more than once."""
    at = min(max(scope.failing.start, 1), len(lines))
    for start, stop in _windows(len(lines), at - 1):
        short = sum(map(len, lines[start:stop])) <= MOST_CHARACTERS
        tree = _parse(lines[start:stop]) if short else None
        if tree is not None:
            for node in ast.walk(tree):
                _move(node, start)
            nodes = _nodes(_own_tree(tree, scope))
            return _distinct(item for node in nodes if _is_placed(item := _located(node, lines), lines))
    return _distinct(_found_names(lines[at - 1], at, scope.column))


def _windows(count: int, at: int) -> Iterator[tuple[int, int]]:
    """Pieces of ``count`` lines: the whole, then smaller and smaller ones that hold line ``at``, counted from 0."""
    yield 0, count
    for size in (2**power for power in range(8, -1, -1)):
        if size < count:
            for start in range(max(at - size + 1, 0), min(at, count - size) + 1, max(size // 4, 1)):
                yield start, start + size


def _parse(lines: Sequence[str]) -> ast.Module | None:
    """The block as a tree whose lines count from 1, `None` if it cannot be parsed.

    An indented block becomes the body of an ``if``: to remove the indent would change strings of several lines.
    """
    indented = next((line for line in lines if line.strip()), "")[:1].isspace()
    try:
        tree = ast.parse("\n".join(["if 1:", *lines] if indented else lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if indented:
        for node in ast.walk(tree):
            _move(node, -1)
    return tree


def _move(node: ast.AST, lines: int) -> None:
    if lines and isinstance(node, (ast.expr, ast.stmt, ast.keyword, ast.arg)):
        node.lineno += lines
        node.end_lineno = (node.end_lineno or node.lineno) + lines


def _own_tree(tree: ast.Module, scope: _Scope) -> ast.AST:
    """The part of the tree that the frame runs; all of it if it cannot be told."""
    return next((node for node in ast.walk(tree) if _is_scope(node, scope)), tree)


def _is_scope(node: ast.AST, scope: _Scope) -> bool:
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        begins = {node.lineno, *(decorator.lineno for decorator in node.decorator_list)}
        return node.name == scope.name and scope.first in begins
    expected = ast.Lambda if scope.name == "<lambda>" else _COMPREHENSIONS.get(scope.name)
    return type(node) is expected and getattr(node, "lineno", None) == scope.first


def _nodes(root: ast.AST) -> Iterator[ast.expr]:
    """The names, attributes and items that mean something in the frame: not those of functions defined inside it."""
    if isinstance(root, (*_FUNCTIONS, ast.Lambda)):
        yield from _arguments(root)
        body: Iterable[ast.AST] = root.body if isinstance(root.body, list) else [root.body]
        for node in body:
            yield from _inside(node)
    elif isinstance(root, _Comprehension):
        for node in ast.iter_child_nodes(root):
            yield from _inside(node)
    else:
        for node in root.body if isinstance(root, (ast.ClassDef, ast.Module)) else ():
            yield from _inside(node)


def _arguments(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Iterator[ast.expr]:
    """The parameters, as names in the place where they stand."""
    args = function.args
    for node in (*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg):
        if node is not None:
            name = ast.copy_location(ast.Name(node.arg, ast.Load()), node)
            name.end_lineno, name.end_col_offset = node.lineno, node.col_offset + len(node.arg.encode())
            yield name


def _inside(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
        return
    inner = (found for child in ast.iter_child_nodes(node) for found in _inside(child))
    if isinstance(node, _Comprehension):
        # Its variables are gone: they were in a frame of their own, or the exception restored the outer ones (PEP 709).
        bound = {name.id for part in node.generators for name in ast.walk(part.target) if isinstance(name, ast.Name)}
        yield from (found for found in inner if not _mentions(found, bound))
        return
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and _is_pure(node):
        yield node
    yield from inner


def _is_pure(node: ast.expr) -> bool:
    return all(isinstance(inner, _PURE) for inner in ast.walk(node))


def _mentions(node: ast.expr, names: set[str]) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id in names for inner in ast.walk(node))


def _located(node: ast.expr, lines: Sequence[str]) -> _Found:
    line, end_line = node.lineno, node.end_lineno or node.lineno
    column, end = _characters(lines[line - 1], node.col_offset), _characters(lines[end_line - 1], node.end_col_offset)
    return _Found(node, ast.unparse(node), line, column, end_line, end)


def _is_placed(found: _Found, lines: Sequence[str]) -> bool:
    """Before Python 3.12, `ast` tells wrong places for some expressions in f-strings."""
    if sys.version_info >= (3, 12) or found.line != found.end_line:
        return True
    shown = lines[found.line - 1][found.column : found.end_column]
    return _UNSAID.sub("", shown) == _UNSAID.sub("", found.text)


def _characters(line: str, offset: int | None) -> int:
    """`ast` counts the bytes of UTF-8."""
    return offset or 0 if line.isascii() else len(line.encode(errors="replace")[:offset].decode(errors="replace"))


def _found_names(line: str, number: int, failing: int) -> Iterator[_Found]:
    """The names on a line that cannot be parsed, near the byte ``failing`` of a very long one."""
    start, stop = 0, len(line)
    if stop > MOST_CHARACTERS:
        column = _characters(line[:failing], failing)
        start, stop = max(column - CHARACTERS_BEFORE, 0), column + CHARACTERS_BEHIND
    for match in _NAME.finditer(line, start, stop):
        yield _Found(ast.Name(match[0], ast.Load()), match[0], number, match.start(), number, match.end())


def _distinct(found: Iterable[_Found]) -> tuple[_Found, ...]:
    """Each expression once on a line."""
    first: dict[tuple[int, str], _Found] = {}
    for item in found:
        first.setdefault((item.line, item.text), item)
    return tuple(first.values())


# What it is


class _Names(dict[str, object]):
    """The names as a frame sees them: its locals, then its globals and builtins, which are not copied."""

    def __init__(self, frame: types.FrameType) -> None:
        scope: Any = frame.f_locals
        # The namespace of a class body may be anybody's mapping: that is not asked.
        plain = not scope or type(scope) is dict or type(scope).__name__ == "FrameLocalsProxy"
        super().__init__(scope if plain else dict.items(scope) if issubclass(type(scope), dict) else {})
        self._outer = (frame.f_globals, frame.f_builtins)

    def __missing__(self, name: str) -> object:
        for names in self._outer:
            if dict.__contains__(names, name):
                return dict.__getitem__(names, name)
        raise KeyError(name)


def _evaluate(
    found: Sequence[_Found], names: Mapping[str, object], failing: range, clock: Callable[[], float]
) -> Iterator[tuple[_Found, object]]:
    """Those that have a value worth showing. The failing lines come first, and do not depend on the clock."""
    from pure_eval import Evaluator

    evaluator, deadline = Evaluator(names), clock() + MOST_SECONDS
    for item in sorted(found, key=lambda item: abs(item.line - failing.start))[:MOST_EXPRESSIONS]:
        if not item.touches(failing) and clock() > deadline:
            continue
        try:
            # Most expressions are names, which need no evaluator.
            value = names[item.node.id] if isinstance(item.node, ast.Name) else evaluator[item.node]
        except Exception:  # CannotEval, or a value that pure_eval did not expect
            continue
        if not _is_noise(item.node, value, item.touches(failing)):
            yield item, value


def _is_noise(node: ast.expr, value: object, failing: bool) -> bool:
    """What everybody knows: a builtin, a method, and, unless the line failed, any function, class or module."""
    if isinstance(node, ast.Name):
        return getattr(builtins, node.id, _ABSENT) is value or (not failing and issubclass(type(value), _CODE))
    return issubclass(type(value), _CODE)
