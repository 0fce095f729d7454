"""Operators, functions and methods on plain values: numbers, texts and Python's own containers of them.

None of them runs code of others. What goes in is weighed before, so that nothing takes long or much memory: neither
``10 ** 10 ** 10`` nor ``"a" * 10 ** 9``. Knows no source.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from debugkit.debug.safe.inspection import MISSING, class_attribute
from debugkit.debug.safe.lookups import is_scalar, plain_keys

#: Weight of what an operation takes: characters, items, bytes of integers.
MOST: Final = 10_000
#: Weight of all that one expression works on.
MOST_IN_ALL: Final = 100_000
#: Keys of a dict that something is looked up in.
MOST_KEYS: Final = 100_000
#: Digits that a number is rounded to.
_MOST_DIGITS: Final = 100
_MOST_DEPTH: Final = 20

_COLLECTIONS: Final = frozenset(map(id, (list, tuple, set, frozenset)))
_VIEWS: Final = frozenset(map(id, (type({}.keys()), type({}.values()), type({}.items()))))
_TEXTS: Final = frozenset(map(id, (str, bytes)))
_REPEATED: Final = _TEXTS | frozenset(map(id, (list, tuple, bytearray)))
_SIZED: Final = _COLLECTIONS | _VIEWS | _TEXTS | frozenset(map(id, (dict, bytearray, range)))

_BINARY: Final[Mapping[type, Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.LShift: operator.lshift,
    ast.RShift: operator.rshift, ast.BitOr: operator.or_, ast.BitAnd: operator.and_, ast.BitXor: operator.xor,
}  # fmt: skip
_COMPARISONS: Final[Mapping[type, Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}  # fmt: skip
_UNARY: Final[Mapping[type, Callable[[Any], Any]]] = {
    ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert
}  # fmt: skip

#: Called with an argument and more.
_FUNCTIONS: Final = (
    abs, all, any, ascii, bin, bool, chr, dict, divmod, float, frozenset, hex, int, len, list, max, min, oct, ord,
    range, repr, round, set, sorted, str, sum, tuple, type,
)  # fmt: skip
_CALLABLE: Final[Mapping[int, Callable[..., Any]]] = {id(function): function for function in _FUNCTIONS}
#: Those that do something else with more arguments: `str` then looks for a codec, `type` makes a class.
_OF_A_SINGLE_ARGUMENT: Final = (len, str, type)
_TEXT_METHODS: Final = frozenset((
    "capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha", "isascii", "isdecimal",
    "isdigit", "isidentifier", "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper", "join", "lower",
    "lstrip", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rpartition", "rsplit",
    "rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title", "upper",
))  # fmt: skip
_LIST_METHODS: Final = frozenset(("count", "index"))
_DICT_METHODS: Final = frozenset(("get", "items", "keys", "values"))


class Operations:
    """What one expression may do, until it has worked on too much."""

    def __init__(self) -> None:
        self._left = MOST_IN_ALL

    # Each gives `MISSING` where it is not done.

    def unary(self, kind: type, value: Any) -> Any:
        function = _UNARY.get(kind)
        return MISSING if function is None or not self._takes(value) else _result(function, value)

    def binary(self, kind: type, left: Any, right: Any) -> Any:
        function = _BINARY.get(kind)
        if function is None or not self._takes(left, right) or not _stays_small(kind, left, right):
            return MISSING
        return _result(function, left, right)

    def compare(self, kind: type, left: Any, right: Any) -> Any:
        if kind is ast.Is or kind is ast.IsNot:
            return (left is right) is (kind is ast.Is)
        if kind is ast.In or kind is ast.NotIn:
            inside = self._contains(right, left)
            return inside if inside is MISSING else inside is (kind is ast.In)
        return _result(_COMPARISONS[kind], left, right) if self._takes(left, right) else MISSING

    def _contains(self, container: Any, value: Any) -> Any:
        if type(container) is dict:
            known = is_scalar(value) and plain_keys(container, MOST_KEYS) is not None
            return value in container if known else MISSING
        return _result(operator.contains, container, value) if self._takes(container, value) else MISSING

    def truth(self, value: Any) -> Any:
        """Whether a value counts as true."""
        if is_scalar(value) or id(type(value)) in _SIZED:
            return bool(value)
        own = (class_attribute(type(value), name) for name in ("__bool__", "__len__"))
        return True if all(member is MISSING for member in own) else MISSING

    def call(self, function: Any, arguments: Sequence[Any]) -> Any:
        """A built-in function of plain values."""
        known = _CALLABLE.get(id(function))
        if known is None or not arguments or (known in _OF_A_SINGLE_ARGUMENT and len(arguments) > 1):
            return MISSING
        if known is type:
            return type(arguments[0])
        if known is len and id(type(arguments[0])) in _SIZED:
            return len(arguments[0])
        if not self._takes(*arguments) or (known is round and _too_many_digits(arguments)):
            return MISSING
        return _result(known, *arguments)

    def method(self, owner: Any, name: str, arguments: Sequence[Any]) -> Any:
        """A method of a text, a list or a dict that changes nothing."""
        cls = type(owner)
        if cls is dict and name in _DICT_METHODS and plain_keys(owner, MOST_KEYS) is not None:
            known = not arguments or (name == "get" and len(arguments) <= 2 and is_scalar(arguments[0]))
            return _result(getattr(owner, name), *arguments) if known else MISSING
        allowed = _TEXT_METHODS if id(cls) in _TEXTS else _LIST_METHODS if cls is list or cls is tuple else ()
        if name not in allowed or not self._takes(owner, *arguments):
            return MISSING
        if name in ("join", "replace") and not _joins_little(owner, arguments):
            return MISSING
        return _result(getattr(owner, name), *arguments)

    def joined(self, parts: Sequence[str]) -> Any:
        """A text of several parts."""
        return "".join(parts) if self._takes(*parts) else MISSING

    def text(self, value: Any) -> Any:
        """``str(value)`` of a plain value."""
        return _result(str, value) if self._takes(value) else MISSING

    def _takes(self, *values: Any) -> bool:
        """Whether values are plain, and together with those before not too large."""
        for value in values:
            weighed = weight(value, min(MOST, self._left))
            if weighed < 0:
                return False
            self._left -= weighed
        return True


def _result(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except Exception:  # the expression fails: the reader will see how when they run it
        return MISSING


def weight(value: Any, most: int, depth: int = 0) -> int:
    """How large a plain value is; below 0 for one of more than ``most``, or of anything else."""
    cls = type(value)
    if cls is int:
        size = value.bit_length() // 8 + 1
    elif id(cls) in _TEXTS or cls is bytearray:
        size = len(value) + 1
    elif cls is range:
        size = min(len(value), most + 1) if abs(value.stop) < 2**60 > abs(value.start) else -1
    elif is_scalar(value):
        size = 1
    elif id(cls) in _COLLECTIONS or cls is dict:
        size = _items_weight(value, most, depth)
    elif id(cls) in _VIEWS:
        size = _items_weight(tuple(islice(iter(value), most + 1)), most, depth)
    else:
        size = -1
    return size if size <= most else -1


def _items_weight(value: Any, most: int, depth: int) -> int:
    if len(value) > most or depth > _MOST_DEPTH:
        return -1
    total = 1
    parts = [*value, *value.values()] if type(value) is dict else value
    for part in parts:
        size = weight(part, most - total, depth + 1)
        if size < 0:
            return -1
        total += size
    return total


def _stays_small(kind: type, left: Any, right: Any) -> bool:
    if kind is ast.Mod:
        return id(type(left)) not in _TEXTS  # "%1000000d" % 1
    numbers = issubclass(type(left), int) and issubclass(type(right), int)
    if kind is ast.Pow:
        return not numbers or abs(right) * left.bit_length() <= 8 * MOST
    if kind is ast.LShift:
        return not numbers or right <= 8 * MOST
    return kind is not ast.Mult or _repeats_little(left, right)


def _repeats_little(left: Any, right: Any) -> bool:
    for sequence, count in ((left, right), (right, left)):
        if id(type(sequence)) in _REPEATED and issubclass(type(count), int):
            return bool(count * weight(sequence, MOST) <= MOST)
    return True


def _joins_little(owner: Any, arguments: Sequence[Any]) -> bool:
    """Whether a text that is put between or in place of others makes no large one."""
    size = weight(owner, MOST)
    for argument in arguments:
        size *= max(weight(argument, MOST), 1)
    return size <= MOST_IN_ALL


def _too_many_digits(arguments: Sequence[Any]) -> bool:
    """``round(1, -10 ** 9)`` works on a power of ten with as many digits."""
    return len(arguments) > 1 and issubclass(type(arguments[1]), int) and abs(arguments[1]) > _MOST_DIGITS
