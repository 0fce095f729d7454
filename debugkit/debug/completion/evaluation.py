"""What an expression is worth, as far as that can be known without running code: Chrome calls it eager evaluation.

Names, stored attributes, items of Python's own containers, and `operations` on plain values. No property, no
``__getattr__``, no function of others.
"""

from __future__ import annotations

import ast
import contextvars
from collections.abc import Mapping, Sequence
from typing import Any, Final

from debugkit.debug.completion.operations import MOST, MOST_KEYS, Operations
from debugkit.debug.completion.proxies import behind
from debugkit.debug.completion.target import parse
from debugkit.debug.safe.inspection import MISSING, class_attribute
from debugkit.debug.safe.lookups import attribute, is_scalar, item, plain_keys

#: Parts of an expression that are looked at.
MOST_PARTS: Final = 200


class Evaluator:
    """Evaluates expressions with ``names``. Each gives `MISSING` where only running it would tell.

    Where an object stands for another one in ``context``, that is looked into.
    """

    def __init__(self, names: Mapping[str, Any], context: contextvars.Context | None = None) -> None:
        self._names = names
        self._context = context
        self._operations = Operations()
        self._left = MOST_PARTS

    def evaluate(self, expression: str) -> Any:
        """What an expression is, given as text."""
        tree = parse(expression)
        try:
            return MISSING if tree is None else self.value(tree)
        except RecursionError:
            return MISSING

    def value(self, node: ast.expr | None) -> Any:
        """What an expression is."""
        self._left -= 1
        if self._left < 0:
            return MISSING
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._names.get(name, MISSING)
            case ast.Attribute(value=base, attr=name):
                return attribute(behind(self.value(base), self._context), name)
            case ast.Subscript(value=base, slice=key):
                return self._item(behind(self.value(base), self._context), key)
            case ast.Call(func=function, args=arguments, keywords=[]):
                return self._call(function, arguments)
            case ast.List() | ast.Tuple() | ast.Set() | ast.Dict():
                return self._container(node)
        return self._operation(node)

    def _operation(self, node: ast.expr | None) -> Any:
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                truth = self._truth(operand)
                return truth if truth is MISSING else not truth
            case ast.UnaryOp(op=kind, operand=operand):
                return self._operations.unary(type(kind), self.value(operand))
            case ast.BinOp(left=left, op=kind, right=right):
                return self._operations.binary(type(kind), self.value(left), self.value(right))
            case ast.BoolOp(op=kind, values=parts):
                return self._first(parts, isinstance(kind, ast.Or))
            case ast.Compare(left=left, ops=kinds, comparators=rest):
                return self._comparison(left, kinds, rest)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                truth = self._truth(test)
                return truth if truth is MISSING else self.value(body if truth else orelse)
            case ast.JoinedStr(values=parts):
                return self._formatted(parts)
        return MISSING

    def _values(self, nodes: Sequence[ast.expr | None]) -> list[Any] | None:
        """What each is; `None` if one cannot be known."""
        values: list[Any] = []
        for node in nodes:
            value = self.value(node)
            if value is MISSING:
                return None
            values.append(value)
        return values

    def _truth(self, node: ast.expr) -> Any:
        value = self.value(node)
        return value if value is MISSING else self._operations.truth(value)

    def _first(self, parts: Sequence[ast.expr], wanted: bool) -> Any:
        """The first part that counts as ``wanted``, or the last."""
        value: Any = MISSING
        for part in parts:
            value = self.value(part)
            truth = value if value is MISSING else self._operations.truth(value)
            if truth is MISSING or truth is wanted:
                return value if truth is wanted else MISSING
        return value

    def _comparison(self, left: ast.expr, kinds: Sequence[ast.cmpop], rest: Sequence[ast.expr]) -> Any:
        values = self._values([left, *rest])
        if values is None:
            return MISSING
        result: Any = MISSING
        for kind, before, after in zip(kinds, values, values[1:], strict=False):
            result = self._operations.compare(type(kind), before, after)
            if result is not True:
                break
        return result

    def _item(self, owner: Any, key: ast.expr) -> Any:
        if isinstance(key, ast.Slice):
            return self._slice(owner, key)
        index = self.value(key)
        if owner is MISSING or index is MISSING:
            return MISSING
        if any(type(owner) is cls for cls in (str, bytes, range)) and type(index) is int:
            return owner[index] if -len(owner) <= index < len(owner) else MISSING
        if issubclass(type(owner), dict) and class_attribute(type(owner), "__getitem__") is dict.__getitem__:
            known = is_scalar(index) and plain_keys(owner, MOST_KEYS) is not None
            return dict.get(owner, index, MISSING) if known else MISSING
        return item(owner, index)

    def _slice(self, owner: Any, part: ast.Slice) -> Any:
        if not any(type(owner) is cls for cls in (list, tuple, str, bytes, range)):
            return MISSING
        bounds = self._values([edge or ast.Constant(None) for edge in (part.lower, part.upper, part.step)])
        if bounds is None or not all(type(edge) is int or edge is None for edge in bounds) or bounds[2] == 0:
            return MISSING
        indexes = slice(*bounds)
        return owner[indexes] if len(range(len(owner))[indexes]) <= MOST else MISSING

    def _call(self, function: ast.expr, arguments: Sequence[ast.expr]) -> Any:
        values = self._values(arguments)
        if values is None:
            return MISSING
        if isinstance(function, ast.Attribute):
            owner = self.value(function.value)
            if owner is not MISSING:
                return self._operations.method(owner, function.attr, values)
        return self._operations.call(self.value(function), values)

    def _container(self, node: ast.List | ast.Tuple | ast.Set | ast.Dict) -> Any:
        parts = self._values([*node.keys, *node.values] if isinstance(node, ast.Dict) else node.elts)
        if parts is None:
            return MISSING
        if isinstance(node, ast.List):
            return parts
        if isinstance(node, ast.Tuple):
            return tuple(parts)
        keys = parts[: len(node.keys)] if isinstance(node, ast.Dict) else parts
        if not all(map(is_scalar, keys)):
            return MISSING
        return dict(zip(keys, parts[len(keys) :], strict=True)) if isinstance(node, ast.Dict) else set(keys)

    def _formatted(self, parts: Sequence[ast.expr]) -> Any:
        texts: list[str] = []
        for part in parts:
            if isinstance(part, ast.FormattedValue):
                if part.format_spec is not None or part.conversion != -1:  # f"{1:1000000000}"
                    return MISSING
                text = self._operations.text(self.value(part.value))
            else:
                text = self.value(part)
            if type(text) is not str:
                return MISSING
            texts.append(text)
        return self._operations.joined(texts)
