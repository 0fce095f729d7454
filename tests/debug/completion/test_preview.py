"""What an expression is worth while it is typed: only what is known without running anything, and in little time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from debug.completion.conftest import Complete

NAMES: dict[str, Any] = {
    "price": 3.5,
    "count": 2,
    "text": "tea, cake",
    "row": {"name": "Cake", "tags": ["a", "b"], 3: None},
    "box": SimpleNamespace(items=[3, 1, 2], label="Box"),
    "empty": [],
    "point": (1, 2),
    "large": {f"key{number}": number for number in range(50_000)},
}
WORTH = {
    "price": "3.5",
    "price * count + 1": "8.0",
    "-count": "-2",
    "row['name']": "'Cake'",
    "row['tags'][-1]": "'b'",
    "row[3] is None": "True",
    "row['name'].upper()": "'CAKE'",
    "row.get('price', 0)": "0",
    "row.get('price') is None": "True",
    "'price' in row": "False",
    "text.split(', ')": "['tea', 'cake']",
    "text[:3] + '!'": "'tea!'",
    "box.items": "[3, 1, 2]",
    "box.label == 'Box'": "True",
    "len(box.items) > 2 and count < 3": "True",
    "sorted(box.items)[0]": "1",
    "sum(box.items) / len(box.items)": "2.0",
    "max(point) if empty else min(point)": "1",
    "not empty": "True",
    "empty or 'nothing'": "'nothing'",
    "[count, price]": "[2, 3.5]",
    "{'n': count}": "{'n': 2}",
    "f'{count} x {price}'": "'2 x 3.5'",
    "1 < count <= 2": "True",
    "type(count)": "<class 'int'>",
    "large['key49999']": "49999",
    "len(large)": "50000",
    "round(price)": "4",
    "list(range(3))": "[0, 1, 2]",
    "2 ** 10": "1024",
}
#: Takes long, or much memory; runs code, changes something, or cannot be.
NOT_KNOWN = (
    *("10 ** 10 ** 10", "'a' * 10 ** 9", "[0] * 10 ** 9", "10 ** 9 * 'a'", "1 << 10 ** 9", "round(1, -10 ** 9)"),
    *("list(range(10 ** 9))", "sum(range(10 ** 12))", "'%1000000000d' % 1", "(text * 900).replace('', text * 900)"),
    *("text.ljust(10 ** 9)", "f'{1:1000000000}'", "text.join([text] * 9000)", "int('9' * 9999) ** 9999"),
    *("row.pop('name')", "row.clear()", "box.items.append(1)", "box.items.sort()", "setattr(box, 'a', 1)"),
    *(
        "row['price']",
        "1 / 0",
        "point[5]",
        "missing",
        "box.missing",
        "count = 3",
        "print(1)",
        "open('/')",
        "5",
        "'text'",
    ),
    *("[n for n in point]", "lambda: 1", "(x := 1)", "await count", "str(b'a', 'idna')", "text +", "type('A', (), {})"),
)


@pytest.mark.parametrize(("source", "text"), WORTH.items())
def test_an_expression_shows_what_it_is_worth(complete: Complete, source: str, text: str) -> None:
    preview = complete(source, **NAMES).preview

    assert preview is not None
    assert preview.text == text


@pytest.mark.parametrize("source", NOT_KNOWN)
def test_nothing_is_shown_of_what_only_running_it_would_tell(complete: Complete, source: str) -> None:
    assert complete(source, **NAMES).preview is None
    assert NAMES["row"]["name"] == "Cake"
    assert NAMES["box"].items == [3, 1, 2]


def test_a_long_expression_is_worked_on_for_a_short_time_only(complete: Complete) -> None:
    big = list(range(9_000))

    assert complete(" + ".join(["sum(big)"] * 90), big=big).preview is None
    assert complete("not " * 5_000 + "1", big=big).preview is None
    assert complete("(" * 150 + "1" + ")" * 150, big=big).preview is None
    assert complete("count" + ".real" * 3_000, **NAMES).preview is None
