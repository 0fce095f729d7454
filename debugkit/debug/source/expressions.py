"""The values of the names, attributes and items in a block of source, evaluated in its frame without side effects.

The only module that knows pure_eval. It does not know how a value is shown.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from operator import attrgetter
from typing import Any, Final, NamedTuple

from debugkit.debug.safe import inspection
from debugkit.debug.safe.inspection import MISSING
from debugkit.debug.safe.lazy_imports import LAZY_IMPORTS
from debugkit.debug.safe.lookups import is_scalar, plain_keys
from debugkit.debug.safe.processor_time import ProcessorTime
from debugkit.debug.source import syntax, template_tags
from debugkit.debug.source.positions import character_offset
from debugkit.debug.tracebacks import templates
from debugkit.debug.tracebacks.model import CapturedFrame
from debugkit.frozen import frozen

#: Lines considered before and after the failing one.
MOST_LINES: Final = 500
#: Characters of a line that are searched for names, where it cannot be parsed.
MOST_CHARACTERS: Final = 30_000
#: Expressions considered, nearest first.
MOST_EXPRESSIONS: Final = 500
#: Seconds of the processor for lines that do not fail: pure_eval checks each key of a dict before it looks one up.
MOST_SECONDS: Final = 0.05

#: A name, and the attributes behind it.
_NAME: Final = re.compile(r"(?<![\w.'\"])[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_CODE: Final = (
    types.FunctionType, types.BuiltinFunctionType, types.MethodType, type, types.ModuleType, *LAZY_IMPORTS
)  # fmt: skip
#: What `ast.unparse` may write otherwise than the author did.
_INSIGNIFICANT: Final = re.compile(r"[\s'\"()\\]")
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


@frozen
class _Expression:
    """An expression with its place: lines from 1, characters from 0."""

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
    lines: tuple[str, ...],
    first: int,
    last: int,
    processor_time: ProcessorTime | None = None,
    *,
    failing_only: bool = False,
    repeated: bool = False,
) -> tuple[ExpressionValue, ...]:
    """What the expressions in ``lines`` from ``first`` to ``last`` (from 1, both included) are in ``frame``.

    ``lines`` are those of the whole file, without line ends; ``failing_only`` leaves out what is not on the failing
    ones. Nothing of the application runs: no property, no ``__getattr__``, no ``__getitem__``. In the order of the
    text, each expression once on a line; all of them if ``repeated``, functions and classes included. Of a template
    those in the failing tags.
    """
    first, last = max(first, frame.lineno - MOST_LINES, 1), min(last, frame.lineno + MOST_LINES, len(lines))
    if frame.frame is None or frame.code is None or first > last:
        return ()
    failing = _failing_lines(frame)
    if templates.is_template(frame.frame):
        return tuple(_in_template(frame.frame, lines, failing, repeated))
    scope = (inspection.exact_str(frame.code.co_name), frame.code.co_firstlineno)
    place = (min(max(failing.start, first), last), frame.position.colno or 0)
    expressions = _wanted(lines, first, last, place, scope, failing if failing_only else None, repeated)
    values = [
        ExpressionValue(item.text, item.line, item.column, item.end_line, item.end_column, value, fails)
        for item, value, fails in _evaluate(expressions, _Names(frame.frame), failing, processor_time)
        if repeated or not _is_noise(item.node.id if isinstance(item.node, ast.Name) else "", value, fails)
    ]
    return tuple(sorted(values, key=attrgetter("lineno", "colno", "end_lineno", "end_colno")))


def _in_template(
    frame: types.FrameType, lines: Sequence[str], failing: range, repeated: bool
) -> Iterator[ExpressionValue]:
    seen: set[tuple[int, str]] = set()
    for path, value in islice(template_tags.values(frame, lines, failing), MOST_EXPRESSIONS):
        known = (path.line, path.text) in seen and not repeated
        if not known and not _is_noise("" if path.steps else path.name, value, failing=True):
            seen.add((path.line, path.text))
            end = path.column + len(path.text)
            yield ExpressionValue(path.text, path.line, path.column, path.line, end, value, failing=True)


def _failing_lines(frame: CapturedFrame) -> range:
    first = frame.position.lineno or frame.lineno
    return range(first, max(frame.position.end_lineno or first, first) + 1)


# What a block holds


@lru_cache(maxsize=128)
def _wanted(
    lines: tuple[str, ...],
    first: int,
    last: int,
    failing: tuple[int, int],
    scope: tuple[str, int],
    only: range | None,
    repeated: bool,
) -> tuple[_Expression, ...]:
    expressions = _expressions(lines, first, last, failing, scope)
    if only is not None:
        expressions = tuple(item for item in expressions if item.touches(only))
    return expressions if repeated else _distinct(expressions)


@lru_cache(maxsize=128)
def _expressions(
    lines: tuple[str, ...], first: int, last: int, failing: tuple[int, int], scope: tuple[str, int]
) -> tuple[_Expression, ...]:
    """The expressions in a block that belong to ``scope``, the name and first line of a code object.

    ``failing`` is the line and column (in bytes) of the error: expressions far from it are left out, and where neither
    the block nor the file can be parsed, those of other lines. Cached, for a page is looked at more
    than once.
    """
    line, column = failing
    root = scope_of(lines, first, last, scope)
    if root is None:
        return tuple(_names_on_line(lines[line - 1], line))
    nodes = sorted(
        (node for node in _nodes(root) if first <= node.lineno <= last),
        key=lambda node: (abs(node.lineno - line), abs(node.col_offset - column)),
    )
    expressions = (_located(node, lines) for node in nodes[:MOST_EXPRESSIONS])
    return tuple(item for item in expressions if _is_placed(item, lines))


def scope_of(lines: tuple[str, ...], first: int, last: int, scope: tuple[str, int]) -> ast.AST | None:
    """The function, class or comprehension in a block that is ``scope``, else the block; `None` if it is no Python."""
    # A window may end inside a statement; most blocks are functions, which are parsed sooner than their file.
    tree = syntax.parse(lines, first, last) or syntax.parse(lines)
    nodes = ast.walk(tree) if tree is not None else ()
    return next((node for node in nodes if _is_scope(node, *scope)), tree)


def _is_scope(node: ast.AST, name: str, first: int) -> bool:
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        return node.name == name and first in {node.lineno, *(decorator.lineno for decorator in node.decorator_list)}
    expected = ast.Lambda if name == "<lambda>" else _COMPREHENSIONS.get(name)
    return type(node) is expected and getattr(node, "lineno", None) == first


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
    """The parameters, as names at their positions."""
    args = function.args
    for node in (*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg):
        if node is not None:
            name = ast.copy_location(ast.Name(node.arg, ast.Load()), node)
            name.end_lineno, name.end_col_offset = node.lineno, node.col_offset + len(node.arg.encode())
            yield name


def _inside(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
        return
    inner = (expression for child in ast.iter_child_nodes(node) for expression in _inside(child))
    if isinstance(node, _Comprehension):
        # Its variables are gone: they were in a frame of their own, or the exception restored the outer ones (PEP 709).
        bound = {name.id for part in node.generators for name in ast.walk(part.target) if isinstance(name, ast.Name)}
        yield from (expression for expression in inner if not _mentions(expression, bound))
        return
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and _is_pure(node):
        yield node
    yield from inner


def _is_pure(node: ast.expr) -> bool:
    return all(isinstance(inner, _PURE) for inner in ast.walk(node))


def _mentions(node: ast.expr, names: set[str]) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id in names for inner in ast.walk(node))


def _located(node: ast.expr, lines: Sequence[str]) -> _Expression:
    line, end_line = node.lineno, node.end_lineno or node.lineno
    column = character_offset(lines[line - 1], node.col_offset)
    end = character_offset(lines[end_line - 1], node.end_col_offset or 0)
    return _Expression(node, ast.unparse(node), line, column, end_line, end)


def _is_placed(expression: _Expression, lines: Sequence[str]) -> bool:
    """Before Python 3.12, `ast` tells wrong places for some expressions in f-strings."""
    if sys.version_info >= (3, 12) or expression.line != expression.end_line:
        return True
    shown = lines[expression.line - 1][expression.column : expression.end_column]
    return _INSIGNIFICANT.sub("", shown) == _INSIGNIFICANT.sub("", expression.text)


def _names_on_line(line: str, number: int) -> Iterator[_Expression]:
    """The names and attributes on a line that cannot be parsed."""
    for match in _NAME.finditer(line[:MOST_CHARACTERS]):
        first, *attributes = match[0].split(".")
        node: ast.expr = ast.Name(first, ast.Load())
        yield _named(node, number, match.start())
        for name in attributes:
            node = ast.Attribute(node, name, ast.Load())
            yield _named(node, number, match.start())


def _named(node: ast.expr, line: int, column: int) -> _Expression:
    text = ast.unparse(node)
    return _Expression(node, text, line, column, line, column + len(text))


def _distinct(expressions: Iterable[_Expression]) -> tuple[_Expression, ...]:
    """Each expression once on a line."""
    first: dict[tuple[int, str], _Expression] = {}
    for item in expressions:
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
    expressions: Sequence[_Expression], names: Mapping[str, object], failing: range, left: ProcessorTime | None
) -> Iterator[tuple[_Expression, object, bool]]:
    """Those that have a value, and whether they are on a failing line: such lines need no time to be ``left``."""
    value_of, left = _Values(names).of, left or ProcessorTime(MOST_SECONDS)
    for item in expressions:
        fails = item.touches(failing)
        if not fails and left.used_up:
            continue
        try:
            value = value_of(item.node) if fails else left.run(value_of, item.node)
        except Exception:  # CannotEval, no such item, or a value that pure_eval did not expect
            continue
        yield item, value, fails


class _Values:
    """What expressions are. Most are names, or items by a key that stands there, which need no evaluator."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self._names = names
        self._evaluator: Any = None

    def of(self, node: ast.expr) -> object:
        if isinstance(node, ast.Name):
            return self._names[node.id]
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            owner: Any = self._names[node.value.id] if isinstance(node.value, ast.Name) else MISSING
            key = node.slice.value
            if type(owner) is dict and is_scalar(key) and plain_keys(owner) is not None:
                return owner[key]
            if (type(owner) is list or type(owner) is tuple) and type(key) is int:
                return owner[key]
        if self._evaluator is None:
            from pure_eval import Evaluator

            self._evaluator = Evaluator(self._names)
        return self._evaluator[node]


def _is_noise(name: str, value: object, failing: bool) -> bool:
    """What everybody knows: a builtin, a method (``name`` is ""), unless the line failed any function or module."""
    if name:
        return vars(builtins).get(name, _ABSENT) is value or (not failing and issubclass(type(value), _CODE))
    return issubclass(type(value), _CODE)
