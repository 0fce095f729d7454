"""Any object in one line, and page by page: bounded, redacted, and never the end of anything."""

from __future__ import annotations

import collections
import sys
import tracemalloc
import types

import pytest
from values_support import Color, Item, Plain, Shown

from debugkit.debug.redaction.redactor import REDACTED, Redactor
from debugkit.debug.safe.processor_time import ProcessorTime
from debugkit.debug.values.describe import Describer
from debugkit.settings import Limits


def labels(children):
    return [child.label for child in children.items]


# Bounds


def test_every_line_is_bounded_and_can_be_sent(describer):
    deep = [[[[[[1]]]]]]
    wide = {f"key{number}" * 20: "value" * 1_000 for number in range(100)}
    odd = type("Odd\n" * 100, (), {})()
    for value in (
        deep,
        wide,
        [wide] * 100,
        "x" * 10_000,
        "\x00" * 10_000,
        odd,
        Plain(**{"x" * 5_000: 1}),
        b"\xff" * 9_999,
    ):
        node = describer.describe(value)
        assert 0 < len(node.text) <= 200
        assert "\n" not in node.text + node.type
        (node.text + node.type).encode()
        for child in describer.children(value).items:
            (child.label + child.node.text).encode()


def test_all_keys_of_a_dict_are_seen_although_one_value_is_long(describer):
    value = {"name": "Tea", "description": "long " * 1_000, "price": None, "tags": list(range(50)), "count": 3}
    text = describer.describe(value).text
    for key in value:
        assert repr(key) in text
    assert "'price': None" in text
    assert "'count': 3" in text


def test_what_short_parts_leave_is_given_to_the_long_ones(describer):
    text = describer.describe({"long": "x" * 1_000, "short": 1}).text
    assert len(text) > 150
    assert text.endswith("'short': 1}")


def test_parts_left_out_are_counted(describer):
    assert describer.describe(list(range(100_000))).text == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, … 99,990 more]"


def test_a_list_of_records_shows_few_of_them_well(describer):
    rows = [{"id": number, "name": f"row {number}", "price": number / 2} for number in range(50)]
    assert describer.describe(rows).text.startswith("[{'id': 0, 'name': 'row 0', 'price': 0.0}, {'id': 1")


def test_nesting_ends_at_the_depth_of_the_limits(describer):
    assert describer.describe([[[[[[1]]]]]]).text == "[[[[[…]]]]]"


def test_a_cycle_is_marked(describer):
    value = [1]
    value.append(value)
    record = {"me": None}
    record["me"] = record
    assert describer.describe(value).text == "[1, <cycle: list>]"
    assert describer.describe(record).text == "{'me': <cycle: dict>}"


def test_the_same_value_twice_is_no_cycle(describer):
    shared = [1]
    assert describer.describe([shared, shared]).text == "[[1], [1]]"


@pytest.mark.parametrize(
    "value",
    [list(range(1_000_000)), dict.fromkeys(range(100_000)), "x" * 10_000_000, b"x" * 10_000_000, 1 << 10_000_000],
    ids=["list", "dict", "str", "bytes", "int"],
)
def test_large_values_are_not_copied(describer, value):
    describer.describe(value)
    tracemalloc.start()
    try:
        describer.describe(value)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < sys.getsizeof(value) / 10


# Secrets


def test_a_secret_name_hides_the_value_and_its_children(describer):
    node = describer.describe(["hunter2"], "passwords")
    assert (node.text, node.kind, node.redacted, node.openable) == (REDACTED, "redacted", True, False)
    assert describer.children(["hunter2"], "passwords").items == ()


@pytest.mark.parametrize("value", [None, True, "", len, int, sys])
def test_what_cannot_be_a_secret_is_shown_under_a_secret_name(describer, value):
    assert not describer.describe(value, "password").redacted


@pytest.mark.parametrize(
    "value",
    [
        {"password": "hunter2"},
        {"user": {"api_key": "hunter2"}},
        [("Authorization", "hunter2")],
        [[b"cookie", b"hunter2"]],
        {b"password": b"hunter2"},
        ("secret", "hunter2"),
        {"name": "password", "value": "hunter2"},
        {"value": b"hunter2", "key": "X-Api-Key", "sensitive": False},
        ["mysql", "-h", "db", "--password", "hunter2"],
        ("curl", "-u", "ann:hunter2", "http://shop/"),
        ["-v"] * 49 + ["--token", "hunter2"],
        Plain(token="hunter2"),
        Item("x", password="hunter2"),
        types.SimpleNamespace(secret="hunter2"),
        {"password": "hunter2"}.values(),
        {"password": "hunter2"}.items(),
        types.MappingProxyType({"password": "hunter2"}),
        Shown("<User name='x' password='hunter2'>"),
        Shown("password=hunter2"),
        Shown("postgres://a:hunter2@b/c"),
        "postgres://a:hunter2@b/c",
        b"Authorization: hunter2",
        "x" * 150 + " password=hunter2hunter2hunter2",
        collections.namedtuple("Login", "user password")("x", "hunter2"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_secrets_are_hidden_at_every_depth(describer, value):
    assert "hunter" not in describer.describe(value).text
    todo = [(value, "")]
    while todo:
        item, name = todo.pop()
        for child in describer.children(item, name).items:
            if child.node.redacted:
                assert not describer.children(child.value, child.label).items
            if type(item) is not Shown:  # its attribute is the text itself
                assert "hunter" not in child.label + child.node.text
            if child.node.openable:
                todo.append((child.value, child.label))


@pytest.mark.parametrize(
    "value",
    [{"name": "tea", "value": "Sencha"}, ["--verbose", "Sencha"], ("-u", "Sencha"), ["password", "x", "Sencha"]],
    ids=str,
)
def test_what_stands_beside_another_name_is_shown(describer, value):
    assert "Sencha" in describer.describe(value).text


# Children


def test_children_come_in_pages(describer):
    value = list(range(120))
    first, second, third = (describer.children(value, "", offset) for offset in (0, 50, 100))
    assert (labels(first)[0], first.next_offset, first.total) == ("0", 50, 120)
    assert (labels(second)[0], second.next_offset) == ("50", 100)
    assert (labels(third)[-1], third.next_offset) == ("119", None)
    assert describer.children(value, "", 500).items == ()
    assert labels(describer.children(value, "", -5))[0] == "0"


def test_labels_are_keys_names_and_numbers(describer):
    assert labels(describer.children({"a": 1, 2: 3, (1, "x"): 4})) == ["'a'", "2", "(1, 'x')"]
    assert labels(describer.children(Plain(a=1))) == ["a"]
    assert labels(describer.children({"a": 1}.values())) == ["'a'"]


def test_children_hold_the_value_itself(describer):
    inner = [1]
    assert describer.children({"a": inner}).items[0].value is inner


def test_what_has_no_children_is_not_openable(describer):
    for value in (1, "short", None, [], {}, Plain(), object(), Color.RED):
        assert not describer.describe(value).openable
        assert describer.children(value).items == ()


def test_a_repr_that_changes_the_dict_it_is_in_breaks_nothing(describer):
    class Changing:
        def __repr__(self):
            value["more"] = len(value)
            return "changing"

    value = {Changing(): 1, "b": 2}
    assert describer.describe(value).text == "{changing: 1, 'b': 2}"
    assert "more" in value


def test_exhausting_the_stack_is_not_the_end(describer):
    def deeper():
        try:
            return deeper()
        except RecursionError:
            return describer.describe([[{"a": [1]}]])

    assert deeper().type.endswith("list")


def test_children_that_cannot_be_read_say_so(describer):
    def deeper():
        try:
            return deeper()
        except RecursionError:
            return describer.children([[{"a": [1]}]])

    assert "RecursionError" in deeper().items[0].node.text


def test_values_and_texts_count_against_the_time_of_the_page():
    moments = iter(range(0, 1_000, 2))

    def clock():
        return next(moments)

    time = ProcessorTime(8.0, clock, clock)
    with Describer(Limits(), Redactor(environ={}), processor_time=time) as describer:
        assert [describer.describe([1]).text for _ in range(4)] == ["[1]"] * 4
        assert describer.describe([1]).text == "<list: not shown: the time for this page ran out>"
        assert [describer.describe(value).text for value in ("tea", 3, None)] == ["'tea'", "3", "None"]
        assert describer.text("password=hunter2") == "(not shown: the time for this page ran out)"


def test_a_text_is_searched_once_for_a_page():
    class Counting(Redactor):
        searched = 0

        def text(self, value):
            self.searched += 1
            return super().text(value)

    redactor = Counting(environ={})
    with Describer(Limits(), redactor) as describer:
        assert {describer.text("password=hunter2") for _ in range(3)} == {"password=••••••"}
    assert redactor.searched == 1
