"""What is being typed, from the text before the cursor alone."""

from __future__ import annotations

import pytest

from debugkit.debug.completion.scanner import NESTED_QUOTES
from debugkit.debug.completion.target import Call, target

ATTRIBUTES = {
    "cart.it": "cart",
    "cart.": "cart",
    "x = a.b(1).c['x'].d": "a.b(1).c['x']",
    "foo(1)[2].na": "foo(1)[2]",
    "'a.b'.up": "'a.b'",
    "(a + b).": "(a + b)",
    "[1, 2].": "[1, 2]",
    "a if b.": "b",
    "not x.a": "x",
    "-x.": "x",
    "print(a,\n  b.": "b",
    "done\nb.": "b",
    "'open\nb.": "b",
    "f'{x!r} {y.": "y",
    "f'{x:>{y.": "y",
    'f"""{a}\n{y.': "y",
    "await job().": "job()",
}
NOTHING = (
    *("# a.", "'text.", "f'text {{a.", '"""a\nb.', "def na", "class Na", "import os as o", "1.", "1.5", "0x1f", "a b"),
    *("...", "from os ", "d[f'", "d['a' ", "d.get(a, '", "print('a"),
)


@pytest.mark.parametrize(("source", "base"), ATTRIBUTES.items())
def test_an_attribute_belongs_to_the_expression_before_its_dot(source: str, base: str) -> None:
    place = target(source)

    assert place is not None
    assert (place.kind, place.base, place.prefix) == ("attribute", base, source.rpartition(".")[2])


@pytest.mark.parametrize("source", NOTHING)
def test_where_nothing_can_be_known_nothing_is_offered(source: str) -> None:
    assert target(source) is None


@pytest.mark.parametrize(
    ("source", "mapping", "typed", "closing"),
    [
        ('d["na', "d", "na", "]"),
        ("self.rows[0]['", "self.rows[0]", "", "]"),
        ('d["a"][\'b', 'd["a"]', "b", "]"),
        ("request.form.get('na", "request.form", "na", ")"),
        ("d['it\\'s", "d", "it\\'s", "]"),
        ("d[b'", "d", "", "]"),
    ],
)
def test_a_key_belongs_to_the_expression_before_its_bracket(
    source: str, mapping: str, typed: str, closing: str
) -> None:
    place = target(source)

    assert place is not None
    assert (place.kind, place.mapping, place.prefix, place.closing) == ("key", mapping, typed, closing)


def test_a_key_in_an_f_string_avoids_the_quotes_that_would_end_it() -> None:
    place = target("f'{d[\"na")

    assert place is not None
    assert place.quotes == (() if NESTED_QUOTES else ("'",))


def test_a_name_in_brackets_may_be_an_argument_or_a_key() -> None:
    calls = {"f(": (0, ()), "f(a, b=1, ": (1, ("b",)), "m.f(g(1, 2), h[3, 4], k": (2, ())}
    for source, (positional, named) in calls.items():
        place = target(source)
        assert place is not None
        assert place.call == Call(source.partition("(")[0], positional, frozenset(named))
    assert getattr(target("f(a="), "call", "") is None
    assert getattr(target("d[na"), "mapping", "") == "d"


@pytest.mark.parametrize(
    ("source", "kind", "module", "typed"),
    [
        ("import js", "module", "", "js"),
        ("import os, js", "module", "", "js"),
        ("x = 1; import os.pa", "module", "os.", "pa"),
        ("from .mo", "module", ".", "mo"),
        ("from os import ", "member", "os", ""),
        ("from os import path, se", "member", "os", "se"),
        ("from os import (path,\n  se", "member", "os", "se"),
        ("from ..a.b import c", "member", "..a.b", "c"),
    ],
)
def test_an_import_names_modules_and_what_they_hold(source: str, kind: str, module: str, typed: str) -> None:
    place = target(source)

    assert place is not None
    assert (place.kind, place.base, place.prefix) == (kind, module, typed)


def test_no_text_takes_longer_than_its_length_says() -> None:
    for piece in ("(", "f'{", "'", '"""', "a.", "}", "f'}", "1", "\\", "x[", "{{", "f'{{"):
        target(piece * 5_000)
    assert target("a." * 20_000) is None
