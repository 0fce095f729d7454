"""Whether a name still means what it did on an earlier line."""

from __future__ import annotations

import ast

import pytest

from debugkit.debug.source.bindings import bindings, bound_again

SOURCE = """
def total(items):
    amount = 0
    for item in items:
        name = item.name
        amount += item.price
        unit = "EUR"
    import decimal as items
    last = [amount for amount in items]
    def later(): amount = 3
    return amount
"""


@pytest.mark.parametrize(
    ("name", "lineno", "failing", "again"),
    [
        ("amount", 3, 6, 6),
        ("amount", 6, 11, 0),  # neither the comprehension's variable nor a function's own
        ("items", 4, 6, 0),  # the import comes after the failing line
        ("items", 4, 11, 8),
        ("unit", 3, 5, 7),  # bound in an earlier round of the same loop
        ("last", 2, 11, 9),
        ("later", 2, 11, 10),
    ],
)
def test_a_name_is_bound_again_if_a_later_line_may_have_run(name: str, lineno: int, failing: int, again: int) -> None:
    function = ast.parse(SOURCE).body[0]

    assert bound_again(bindings(function), {name}, lineno, failing) == again
