"""The failing expression of a frame as a syntax tree, and the values of its parts, read without running any code.

Only exact built-in types are looked into: no property, no ``__getattr__``, no ``__eq__`` of somebody else's.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Container, Iterator, Sequence
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any, Final

from debugkit.debug.safe import inspection
from debugkit.debug.safe.inspection import MISSING
from debugkit.debug.safe.lookups import attribute, item
from debugkit.debug.source import syntax
from debugkit.debug.source.excerpt import can_be_true
from debugkit.debug.source.positions import code_extent
from debugkit.debug.source.sources import Sources
from debugkit.debug.source.template_tags import Step, member
from debugkit.debug.tracebacks import templates
from debugkit.debug.tracebacks.model import CapturedFrame, Position
from debugkit.debug.tracebacks.suggestions import local

#: Lines of a file or function that are parsed: more take too long for a sentence.
_MOST_LINES: Final = 3_000
#: Names and items behind each other.
_MOST_DEPTH: Final = 20

_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_COMPREHENSION_NAMES: Final = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Place:
    """One frame's failing expression. ``hidden`` are variables that must not be looked at."""

    def __init__(self, frame: CapturedFrame, hidden: Container[str], sources: Sources) -> None:
        self.frame = frame
        self._hidden = hidden
        self._sources = sources

    @cached_property
    def tree(self) -> ast.Module | None:
        """The function around the line, or the module. `None` if that is not what ran, or too long."""
        frame, code = self.frame, self.frame.code
        if code is None or frame.frame is None or templates.is_template(frame.frame):
            return None
        source = self._sources.of(frame)
        lines = source.lines
        first, last = (1, len(lines)) if frame.name == "<module>" else code_extent(code)
        if not 1 <= first <= frame.lineno <= last <= len(lines) or last - first > _MOST_LINES:
            return None
        if not can_be_true(frame.position, source, code):
            return None
        # A lambda, or a class in the middle of a statement, is no text of its own.
        return syntax.parse(lines, first, last) or (syntax.parse(lines) if len(lines) <= _MOST_LINES else None)

    @cached_property
    def node(self) -> ast.AST | None:
        """The expression that failed; the statement where the instruction belongs to all of it (``a += b``)."""
        return _node_at(self.tree, self.frame.position) if self.tree is not None else None

    @cached_property
    def statement(self) -> ast.stmt | None:
        """The innermost statement around it."""
        line = self.frame.lineno
        around = [node for node in self._nodes() if isinstance(node, ast.stmt) and _covers(node, line)]
        return around[-1] if around else None

    def statements(self) -> Iterator[ast.stmt]:
        return (node for node in self._nodes() if isinstance(node, ast.stmt))

    def _nodes(self) -> tuple[Any, ...]:
        return syntax.placed_nodes(self.tree) if self.tree is not None else ()

    @cached_property
    def _gone(self) -> frozenset[str]:
        """Variables of comprehensions: with the exception the outer ones of the same names came back (PEP 709)."""
        if self.tree is None or self.frame.name.rpartition(".")[2] in _COMPREHENSION_NAMES:
            return frozenset()
        return _bound_in_comprehensions(self.tree, self.frame.lineno)

    # Values

    def value(self, node: ast.AST | None, depth: int = 0) -> Any:
        """What an expression is; `MISSING` where only running it would tell."""
        if depth > _MOST_DEPTH:
            return MISSING
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.variable(name)
            case ast.Attribute(value=base, attr=name):
                return attribute(self.value(base, depth + 1), name)
            case ast.Subscript(value=base, slice=key):
                return item(self.value(base, depth + 1), self.value(key, depth + 1))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                number = self.value(operand, depth + 1)
                return -number if type(number) is int else MISSING
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as operator, right=right):  # of an index: `row[n + 1]`
                first, second = self.value(left, depth + 1), self.value(right, depth + 1)
                if type(first) is int and type(second) is int:
                    return first + second if isinstance(operator, ast.Add) else first - second
        return MISSING

    def variable(self, name: str) -> Any:
        """A variable as the frame sees it."""
        frame = self.frame.frame
        if frame is None or name in self._hidden or name in self._gone:
            return MISSING
        value = local(frame, name)
        for names in (frame.f_globals, frame.f_builtins):
            if value is MISSING and type(names) is dict:
                value = names.get(name, MISSING)
        return value

    def conceals(self, node: ast.AST) -> bool:
        """Whether an expression is made of variables that must not be looked at."""
        return any(isinstance(part, ast.Name) and part.id in self._hidden for part in ast.walk(node))

    def function(self, node: ast.AST | None) -> types.FunctionType | None:
        """The function that an expression names: by itself, as a method, or as a class to make one of."""
        value = self.value(node)
        if value is MISSING and isinstance(node, ast.Attribute):
            owner = self.value(node.value)
            value = MISSING if owner is MISSING else inspection.class_attribute(type(owner), node.attr)
        if issubclass(type(value), type):
            value = inspection.class_attribute(value, "__init__")
        return value if type(value) is types.FunctionType else None


class TagPlace(Place):
    """An expression in a tag of a template that may be the one that failed: engines only tell the line."""

    def __init__(self, frame: CapturedFrame, hidden: Container[str], sources: Sources, node: ast.AST) -> None:
        super().__init__(frame, hidden, sources)
        self.node = node

    @property
    def is_known(self) -> bool:
        """Whether it can fail by itself, and what it fails with is known."""
        parts = _operands(self.node)
        return bool(parts) and all(self.value(part) is not MISSING for part in parts)

    def value(self, node: ast.AST | None, depth: int = 0) -> Any:
        match node:
            case ast.Attribute(value=base, attr=name):
                step = Step(name, bracket=False)
            case ast.Subscript(value=base, slice=ast.Constant(value=str() | int() as key)):
                step = Step(key, bracket=True)
            case _:
                return super().value(node, depth)
        if depth > _MOST_DEPTH or self.frame.frame is None:
            return MISSING
        return member(self.frame.frame, self.value(base, depth + 1), step)


def _operands(node: ast.AST | None) -> Sequence[ast.expr]:
    match node:
        case ast.BinOp(op=ast.Div() | ast.FloorDiv() | ast.Mod(), right=right):
            return (right,)
        case ast.BinOp(left=left, right=right):
            return left, right
        case ast.Compare(left=left, comparators=comparators):
            return left, *comparators
        case ast.For(iter=part) | ast.Subscript(value=part) | ast.Call(func=part):
            return (part,)
    return ()


#: The lines and columns of a node, as in a frame's position.
_span: Final = attrgetter("lineno", "end_lineno", "col_offset", "end_col_offset")


# Remembered for the trees that are kept anyway: most errors come up again until they are mended.


@lru_cache(maxsize=8)
def _node_at(tree: ast.Module, position: Position) -> ast.AST | None:
    nodes = [node for node in syntax.placed_nodes(tree) if _span(node) == tuple(position)]
    expressions = [node for node in nodes if isinstance(node, ast.expr)]
    return next(iter(expressions or nodes), None) or _shifted(tree, position)


def _shifted(tree: ast.Module, position: Position) -> ast.AST | None:
    """The interpreter lets a method's call begin at the line of its name: only the ends agree then."""
    end = (position.end_lineno, position.end_colno)
    nodes = (node for node in syntax.placed_nodes(tree) if isinstance(node, (ast.Attribute, ast.Call)))
    return next((node for node in nodes if (node.end_lineno, node.end_col_offset) == end), None)


def _covers(node: ast.stmt | ast.expr, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


@lru_cache(maxsize=8)
def _bound_in_comprehensions(tree: ast.Module, line: int) -> frozenset[str]:
    inside = [node for node in syntax.placed_nodes(tree) if isinstance(node, _COMPREHENSIONS) and _covers(node, line)]
    return frozenset(name for node in inside for name in _targets(node))


def _targets(node: _Comprehension) -> Iterator[str]:
    for part in node.generators:
        yield from (name.id for name in ast.walk(part.target) if isinstance(name, ast.Name))
