"""The values beside a line of a template: of the names in its tags, found as its engine finds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jinja2
import pytest
from growth_support import BOUND, growth

from debugkit.debug.source.expressions import ExpressionValue, expression_values
from debugkit.debug.source.template_tags import paths, python_of, tags
from debugkit.debug.tracebacks.capture import capture
from debugkit.debug.tracebacks.model import plain_frames
from debugkit.debug.tracebacks.templates import TEMPLATE, is_template


@dataclass
class Item:
    price: int = 0
    count = 3

    @property
    def total(self) -> int:
        raise AssertionError("looking runs nothing")


class Loud:
    def __getattr__(self, name: str) -> Any:
        raise AssertionError("looking runs nothing")

    __getitem__ = __getattr__


def failing_line(error: BaseException, text: str) -> tuple[ExpressionValue, ...]:
    frame = [frame for frame in plain_frames(capture(error).exception) if is_template(frame.frame)][-1]
    lines = tuple(text.split("\n"))
    return expression_values(frame, lines, 1, len(lines))


def jinja(text: str, names: dict[str, Any], **options: Any) -> tuple[ExpressionValue, ...]:
    """What is shown of the failing line of a Jinja template."""
    with pytest.raises(Exception) as raised:
        jinja2.Environment(**options).from_string(text).render(names)
    return failing_line(raised.value, text)


def django(text: str, names: dict[str, Any]) -> tuple[ExpressionValue, ...]:
    """The same in a frame like those that are made for Django's templates."""
    with pytest.raises(ZeroDivisionError) as raised:
        exec("1 / 0", {TEMPLATE: True}, names)
    return failing_line(raised.value, text)


def shown(values: tuple[ExpressionValue, ...]) -> dict[str, Any]:
    return {value.text: value.value for value in values}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ 1 / line.price }}", {"line": {"price": 0}, "line.price": 0}),
        ("{{ 1 / line['price'] }}", {"line": {"price": 0}, "line['price']": 0}),
        ("{{ 1 / rows[0].price }}", {"rows": [{"price": 0}], "rows[0]": {"price": 0}, "rows[0].price": 0}),
        ("{{ 1 / item.price }}", {"item": Item(), "item.price": 0}),
        ("{% if 1 / item.price > item.count %}{% endif %}", {"item": Item(), "item.price": 0, "item.count": 3}),
        ("{{ zero|float / zero|abs }}", {"zero": 0}),
        ("{{ zero is number and 1 / zero }}", {"zero": 0}),
        ("{{ dict(line=zero, x=1 / zero) }}", {"zero": 0}),
        ("{{ 'zero line' and \"line\" and 1 / zero }}", {"zero": 0}),
        ("{% set line = 1 / zero %}", {"zero": 0}),
        ("{{ line.items and 1 / zero }}", {"line": {"price": 0}, "zero": 0}),
        ("zero: line {# rows #} {{ 1 / zero }} {item}", {"zero": 0}),
        ("rows\n{{ 1 / zero +\n   line.price }}", {"zero": 0, "line": {"price": 0}, "line.price": 0}),
    ],
)
def test_words_in_the_tags_of_a_jinja_template_have_values_and_no_others(text: str, expected: dict[str, Any]) -> None:
    names = {"line": {"price": 0}, "rows": [{"price": 0}], "item": Item(), "zero": 0, "number": 7, "float": 8, "abs": 9}
    assert shown(jinja(text, names)) == expected


def test_looking_at_a_template_runs_no_property_and_no_method() -> None:
    names = {"item": Item(), "loud": Loud(), "zero": 0}
    values = jinja("{{ 1 / zero + item.total + loud.name + loud['name'] }}", names)
    assert set(shown(values)) == {"zero", "item", "loud"}


def test_an_environment_may_have_marks_of_its_own() -> None:
    marks = {"variable_start_string": "\\VAR{", "variable_end_string": "}"}
    assert shown(jinja("zero {{ other }} \\VAR{1 / zero}", {"zero": 0, "other": 1}, **marks)) == {"zero": 0}


def test_each_value_stands_where_its_name_does() -> None:
    text = "<p>\n <b title='price'>{{ price }}: {{ 1 / price }}"
    assert [(value.lineno, value.colno, value.end_colno) for value in jinja(text, {"price": 0})] == [(2, 21, 26)]


def test_django_takes_what_stands_behind_a_dot_for_a_key_first() -> None:
    names = {"order": {"items": ["Tea"], "by": Item(2)}, "html": "x", "total": 1}
    values = django(
        'total {{ order.items.0|default:html }} {% with total=order.by.price as title %}{{ "html" }}', names
    )
    assert shown(values) == {
        "order": names["order"], "order.items": ["Tea"], "order.items.0": "Tea", "html": "x", "order.by": Item(2),
        "order.by.price": 2,
    }  # fmt: skip


@pytest.mark.parametrize("text", ["{{ x", "{% if x", "{{ '" + "\\'" * 1_000])
def test_a_tag_that_never_ends_names_nothing(text: str) -> None:
    assert django(text, {"x": 1}) == ()


LONG: dict[str, Callable[[int], str]] = {
    "a text that does not end": lambda n: "{{ '" + "\\'" * n + " }}",
    "attributes": lambda n: "{{ " + "x." * n + "x }}",
    "items": lambda n: "{{ " + "x['" * n + " }}",
    "filters": lambda n: "{{ " + "x|" * n + "x }}",
    "negations": lambda n: "{{ " + "is not " * n + "x }}",
    "tags": lambda n: "{{ x }}" * n,
    "unfinished tags": lambda n: "{{" * n,
    "blanks": lambda n: "{{ x" + " " * n + "= 1 }}",
}


@pytest.mark.parametrize("make", LONG.values(), ids=LONG.keys())
def test_a_long_tag_takes_time_in_proportion(make: Callable[[int], str]) -> None:
    def look(size: int) -> Callable[[], object]:
        lines = make(size).split("\n")
        return lambda: [(list(paths(tag)), python_of(tag)) for tag in tags(None, lines, range(1, 2))]

    assert growth(look, 2_000) < BOUND
