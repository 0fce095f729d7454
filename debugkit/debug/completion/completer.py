"""What can be typed next at a place in source, and what the source is worth so far, from the live values of a frame.

Runs no code but its own: who types has asked for nothing yet.
"""

from __future__ import annotations

import ast
import contextvars
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from debugkit.debug.completion.candidates import Candidate, Group, choose
from debugkit.debug.completion.evaluation import Evaluator
from debugkit.debug.completion.keys import MOST_KEYS, key_group
from debugkit.debug.completion.modules import member_groups, module_groups
from debugkit.debug.completion.names import Names, attribute_groups, member, name_groups, visible_names
from debugkit.debug.completion.proxies import behind
from debugkit.debug.completion.signatures import Shown, first_line, parameters, signature_text
from debugkit.debug.completion.target import Call, Target, parse, target
from debugkit.debug.redaction.redactor import REDACTED
from debugkit.debug.safe.inspection import MISSING, class_name, exact_str, printable
from debugkit.debug.values.describe import Describer, Node
from debugkit.frozen import frozen

#: Whose values are not shown: what they are says it all.
_WITHOUT_VALUE: Final = frozenset({"function", "class", "module", "property", "keyword"})


@frozen
class Item:
    """A candidate as a list shows it. ``value_kind`` is the colour of ``text``.

    ``insert`` replaces what is typed, and as many characters behind the cursor as ``swallows`` says: quotes and
    brackets that close themselves.
    """

    name: str
    kind: str
    insert: str
    swallows: int = 0
    type: str = ""
    text: str = ""
    value_kind: str = ""
    signature: str = ""
    doc: str = ""


@frozen
class Completion:
    """What can be typed instead of ``replaces``, the text before the cursor, and how many more there are."""

    replaces: str = ""
    items: tuple[Item, ...] = ()
    more: int = 0
    #: What the whole source is worth, if it is an expression that can be evaluated without running code.
    preview: Node | None = None


class Completer:
    """Completes in ``scopes``, the dicts in which names are looked up. ``hidden`` variables are not to be shown.

    ``describer`` must be one that runs no foreign code. ``context`` is that of the failed request.
    """

    def __init__(
        self,
        scopes: Sequence[Mapping[Any, Any]],
        describer: Describer,
        hidden: Collection[str] = (),
        context: contextvars.Context | None = None,
    ) -> None:
        self._scopes = visible_names(scopes)
        self._names: Names = {name: value for scope in reversed(self._scopes) for name, value in scope.items()}
        self._describer = describer
        self._hidden = hidden
        self._context = context

    def complete(self, source: str, cursor: int) -> Completion:
        """Completions at ``cursor``, a number of characters, and the preview of all of ``source``."""
        place = target(source[:cursor])
        preview = self.preview(source)
        if place is None:
            return Completion(preview=preview)
        choice = choose(self._groups(place), _typed(place))
        secret = self._is_secret(place.base or place.mapping)
        items = tuple(self._item(candidate, place, source[cursor:], secret) for candidate in choice.candidates)
        return Completion(place.prefix, items, choice.more, preview)

    # What there is

    def _groups(self, place: Target) -> list[Group]:
        match place.kind:
            case "attribute":
                owner = self._owner(place.base)
                return [] if owner is MISSING else attribute_groups(owner)
            case "key":
                return [self._keys(place)]
            case "module":
                return module_groups(place.base, self._package)
            case "member":
                return member_groups(place.base, self._package)
        return [self._arguments(place.call), self._keys(place), *self._plain_names(place)]

    @property
    def _package(self) -> str:
        return exact_str(self._names.get("__package__"))

    def _value(self, expression: str) -> Any:
        return self._evaluator().evaluate(expression) if expression else MISSING

    def _evaluator(self) -> Evaluator:
        return Evaluator(self._names, self._context)

    def _owner(self, expression: str) -> Any:
        """The object whose attributes or items an expression leads to."""
        value = self._value(expression)
        return value if value is MISSING else behind(value, self._context)

    def _plain_names(self, place: Target) -> list[Group]:
        return [] if place.prefix[:1].isdecimal() else name_groups(self._scopes)

    def _keys(self, place: Target) -> Group:
        mapping = self._owner(place.mapping)
        if issubclass(type(mapping), dict):
            return key_group(list(islice(dict.items(mapping), MOST_KEYS)), place)
        return key_group(() if mapping is MISSING else self._describer.pairs(mapping, MOST_KEYS), place)

    def _arguments(self, call: Call | None) -> Group:
        names = [] if call is None else [(f"{part.name}=", part) for part in self._parameters(call)]
        return Group(names, lambda text, part: Candidate(text, "argument", text, part.default), ordered=True)

    def _parameters(self, call: Call) -> Iterator[Any]:
        """The parameters that can still be passed by name."""
        callee = self._callee(call.function)
        listed = None if callee is None else parameters(callee.value, bound=callee.bound)
        for index, part in enumerate(listed or ()):
            by_position = index < call.positional and part.style == "both"
            if part.style in ("both", "keyword") and not by_position and part.name not in call.named:
                yield part

    def _callee(self, function: str) -> Candidate | None:
        node = parse(function)
        if isinstance(node, ast.Attribute):
            owner = self._evaluator().value(node.value)
            return None if owner is MISSING else member(behind(owner, self._context), node.attr)
        value = self._evaluator().value(node)
        return None if value is MISSING else Candidate(function, "function", function, value)

    # How it is shown

    def _item(self, candidate: Candidate, place: Target, rest: str, secret: bool) -> Item:
        name, swallows = printable(candidate.name), _closed(place, rest) if candidate.kind == "key" else 0
        if candidate.value is MISSING:
            return Item(name, candidate.kind, candidate.insert, swallows)
        described = self._described(candidate, secret)
        callable_ = candidate.kind in ("function", "class")
        return Item(
            name,
            candidate.kind,
            candidate.insert,
            swallows,
            "" if candidate.kind == "property" else printable(class_name(type(candidate.value))),
            described.text if described else "",
            described.kind if described else "",
            signature_text(candidate.value, bound=candidate.bound, shown=self._shown) if callable_ else "",
            first_line(candidate.value) if candidate.kind in _WITHOUT_VALUE else "",
        )

    def _described(self, candidate: Candidate, secret: bool) -> Node | None:
        if candidate.kind in _WITHOUT_VALUE:
            return None
        name = candidate.name.removesuffix("=").strip("'\"")
        node = self._describer.describe(candidate.value, name)
        if secret or (candidate.kind == "variable" and name in self._hidden):
            return Node(REDACTED, node.type, "redacted", False, True)
        return None if node.kind == "error" else node

    @property
    def _shown(self) -> Shown:
        return lambda value, name: self._describer.describe(value, name).text

    # What it is worth

    def preview(self, source: str) -> Node | None:
        """What ``source`` is worth, if that is an expression, no secret, and known without running code."""
        node = parse(source.strip()) if source.strip() else None
        if node is None or isinstance(node, ast.Constant) or self._is_secret(source):
            return None
        value = self._value(source.strip())
        if value is MISSING:
            return None
        shown = self._describer.describe(value, _last_name(node))
        return None if shown.kind == "error" or shown.redacted or shown.text == source.strip() else shown

    def _is_secret(self, expression: str) -> bool:
        """Whether an expression is made of variables that are hidden, or goes through something secret."""
        node = parse(expression) if expression else None
        if node is None:
            return False
        names = [name for part in ast.walk(node) if (name := _name(part))]
        if any(name in self._hidden or self._describer.redactor.name_is_secret(name) for name in names):
            return True
        value = self._evaluator().value(node)
        return value is not MISSING and self._describer.describe(value, _last_name(node)).redacted


def _typed(place: Target) -> str:
    """What is typed of the name; of a key, without the backslashes."""
    if place.string is None or "\\" not in place.prefix:
        return place.prefix
    quote = place.string.quote
    try:
        typed = ast.literal_eval(f"{place.string.prefix}{quote}{place.prefix}{quote}")
    except (SyntaxError, ValueError):
        return place.prefix
    return typed.decode("latin-1") if isinstance(typed, bytes) else exact_str(typed)


def _closed(place: Target, rest: str) -> int:
    """How much of what ends a key stands behind the cursor already."""
    quote = place.string.quote if place.string else ""
    return next((len(end) for end in (quote + place.closing, quote, place.closing) if rest.startswith(end)), 0)


def _name(node: ast.AST) -> str:
    """The name that a part of an expression carries."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Constant(value=str() as text):
            return text
    return ""


def _last_name(node: ast.expr) -> str:
    return _name(node.slice if isinstance(node, ast.Subscript) else node)
