"""What is being typed at a place in source: a name, an attribute, a key, a module. Knows no values."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Sequence
from typing import Final, Literal

from debugkit.debug.completion.scanner import NESTED_QUOTES, OpenString, Scan, Token, scan
from debugkit.debug.source.syntax import quietly_parsed
from debugkit.frozen import frozen

#: Characters before the place that are looked at: more were pasted.
MOST_CHARACTERS: Final = 20_000

Kind = Literal["name", "attribute", "key", "module", "member"]

#: After these, a name is being made up.
_DEFINING: Final = frozenset({"def", "class", "as"})
#: Methods whose first argument is a key of the object.
_BY_KEY: Final = frozenset({"get", "pop", "setdefault"})
_STRING_PREFIX: Final = re.compile(r"(?i:[rbu]{0,2})")


@frozen
class Call:
    """The call that an argument is typed for: what is called, how many arguments stand before, and those by name."""

    function: str
    positional: int
    named: frozenset[str]


@frozen
class Target:
    """What is being typed. ``prefix`` is what is there already, and is to be replaced.

    ``base`` is the expression before the dot, or the module. ``mapping`` is the expression whose keys may be meant,
    ``closing`` the bracket that ends the key; ``string`` the string it is typed in, ``quotes`` those it may not hold.
    """

    kind: Kind
    prefix: str
    base: str = ""
    mapping: str = ""
    closing: str = ""
    string: OpenString | None = None
    quotes: tuple[str, ...] = ()
    call: Call | None = None


def target(source: str) -> Target | None:
    """What is being typed at the end of ``source``; `None` where nothing can be known of it."""
    if len(source) > MOST_CHARACTERS:
        return None
    place = scan(source)
    if place.comment:
        return None
    return _in_string(source, place) if place.string is not None else _in_code(source, place)


def _in_string(source: str, place: Scan) -> Target | None:
    """A string is a key where it is all that stands in the brackets."""
    string, level = place.string, place.level
    assert string is not None
    if not level.opened or level.opened[-1] != len(level.tokens) - 1 or not _STRING_PREFIX.fullmatch(string.prefix):
        return None
    mapping, closing = _mapping(source, level.tokens)
    if not mapping:
        return None
    quotes = () if NESTED_QUOTES else place.around
    return Target("key", source[string.start :], mapping=mapping, closing=closing, string=string, quotes=quotes)


def _mapping(source: str, tokens: Sequence[Token]) -> tuple[str, str]:
    """The expression before the last token, a bracket, where a key may follow; and what closes it."""
    bracket = source[tokens[-1].start]
    base = _expression(source, tokens, len(tokens) - 2)
    if bracket == "[":
        return base, "]"
    if bracket == "(" and len(tokens) > 3 and _text(source, tokens[-3]) == "." and _text(source, tokens[-2]) in _BY_KEY:
        return _expression(source, tokens, len(tokens) - 4), ")"
    return "", ""


def _in_code(source: str, place: Scan) -> Target | None:
    tokens, prefix = place.level.tokens, ""
    if tokens and tokens[-1].end == len(source) and tokens[-1].kind in ("name", "number"):
        prefix, tokens = _text(source, tokens[-1]), tokens[:-1]
    imported = _imported(source, tokens, prefix)
    if imported is not None:
        return imported if not prefix[:1].isdecimal() else None
    before = _text(source, tokens[-1]) if tokens else ""
    if before == ".":
        base = _expression(source, tokens, len(tokens) - 2)
        return Target("attribute", prefix, base) if base else None
    if before in _DEFINING or _is_operand(source, tokens, len(tokens) - 1):
        return None  # a name is made up here, or an operator must come first
    return _name(source, place, tokens, prefix)


def _name(source: str, place: Scan, tokens: Sequence[Token], prefix: str) -> Target | None:
    opened = place.level.opened
    first = bool(opened) and opened[-1] == len(tokens) - 1
    mapping, closing = _mapping(source, tokens) if first and source[tokens[-1].start] == "[" else ("", "")
    if prefix[:1].isdecimal() and not mapping:
        return None
    call = _call(source, tokens, opened[-1]) if opened else None
    quotes = () if NESTED_QUOTES else place.around
    return Target("name", prefix, mapping=mapping, closing=closing, quotes=quotes, call=call)


def _text(source: str, token: Token) -> str:
    return source[token.start : token.end]


# Expressions


def _expression(source: str, tokens: Sequence[Token], last: int) -> str:
    """The name, string, or bracketed group that ends with a token, with the attributes, items and calls it is made of.

    Empty where there is none.
    """
    at = last
    while at >= 0:
        token = tokens[at]
        if token.kind == "close":
            at = token.partner
            if at < 0:
                return ""
            if _is_operand(source, tokens, at - 1) and source[tokens[at].start] != "{":
                at -= 1  # what is called, or looked into
                continue
        elif not _is_operand(source, tokens, at):
            return ""
        if at >= 2 and _text(source, tokens[at - 1]) == "." and token.kind != "number":
            at -= 2
            continue
        return source[tokens[at].start : tokens[last].end]
    return ""


def _is_operand(source: str, tokens: Sequence[Token], at: int) -> bool:
    if at < 0:
        return False
    token = tokens[at]
    if token.kind == "name":
        return not keyword.iskeyword(text := _text(source, token)) or text in ("None", "True", "False")
    return token.kind in ("close", "string", "number")


def parse(expression: str) -> ast.expr | None:
    """The tree of an expression; `None` if it is none."""
    try:
        tree = quietly_parsed(f"({expression}\n)", "eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree.body if isinstance(tree, ast.Expression) else None


def _call(source: str, tokens: Sequence[Token], opened: int) -> Call | None:
    """The call whose bracket is open, where an argument begins."""
    if source[tokens[opened].start] != "(" or _text(source, tokens[-1]) not in ("(", ","):
        return None
    function = _expression(source, tokens, opened - 1)
    if not function:
        return None
    arguments = _arguments(tokens, opened, source)
    named = {_text(source, part[0]) for part in arguments if len(part) > 1 and _text(source, part[1]) == "="}
    return Call(function, len(arguments) - len(named), frozenset(named))


def _arguments(tokens: Sequence[Token], opened: int, source: str) -> list[list[Token]]:
    """The tokens of each argument that ends with a comma, without those inside its own brackets."""
    arguments: list[list[Token]] = []
    current: list[Token] = []
    hidden_from = len(tokens)
    for at in range(len(tokens) - 1, opened, -1):
        token = tokens[at]
        if at >= hidden_from:
            continue
        if token.kind == "close":
            hidden_from = token.partner + 1
        if _text(source, token) == ",":
            arguments.append(current)
            current = []
        else:
            current.insert(0, token)
    arguments.append(current)
    return [part for part in arguments if part]


# Imports


def _imported(source: str, tokens: Sequence[Token], prefix: str) -> Target | None:
    """What an import statement takes at its end, if the last statement is one."""
    first = max((at for at, token in enumerate(tokens) if _ends_statement(source, token)), default=-1) + 1
    words = [_text(source, token) for token in tokens[first:]]
    if not words or words[0] not in ("import", "from"):
        return None
    if "import" in words[1:]:
        at = words.index("import", 1)
        ready = words[-1] in ("import", "(", ",")
        return Target("member", prefix, "".join(words[1:at])) if ready else None
    part = words[len(words) - words[::-1].index(",") :] if "," in words else words[1:]
    if part and part[-1] != ".":
        return None
    return Target("module", prefix, "".join(part))


def _ends_statement(source: str, token: Token) -> bool:
    return token.kind == "newline" or (token.kind == "operator" and _text(source, token) in ";:")
