"""What is offered in a frame: from its live values, in an order that helps, and without running any of their code."""

from __future__ import annotations

import collections
import functools
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from debug.completion.conftest import Complete

from debugkit.debug.completion.completer import Completion, Item


class Cart:
    """A cart of items."""

    tax = 3

    def __init__(self, items: list[int], *, currency: str = "EUR", api_key: str = "s3cr3t") -> None:
        self.items = items
        self._hidden = 1

    def total(self, start: int = 0, /, *args: int, key: Any = None, **more: Any) -> int:
        """Sum it up.

        In its currency.
        """
        return start

    @property
    def price(self) -> int:
        """What it costs."""
        raise AssertionError("a property has run")

    @classmethod
    def make(cls, size: int) -> Cart:
        return cls([size])

    @staticmethod
    def parse(text: str = "") -> None: ...


def names(completion: Completion) -> list[str]:
    return [item.name for item in completion.items]


def item(completion: Completion, name: str) -> Item:
    return next(item for item in completion.items if item.name == name)


# Names


def test_names_that_begin_as_typed_come_first_whatever_their_case(complete: Complete) -> None:
    values = dict.fromkeys(("my_price", "_price", "Price", "price", "other"), 1)

    assert names(complete("1 + pri", **values)) == ["Price", "price", "print", "my_price", "_price"]


def test_what_hides_another_name_is_offered_once_with_its_own_value(complete: Complete) -> None:
    completion = complete("prin", print=42)

    assert [(item.name, item.type, item.text) for item in completion.items] == [("print", "int", "42")]


def test_a_name_says_what_it_is(complete: Complete) -> None:
    completion = complete("c", cart=Cart([1]), count=3, Cart=Cart, collections=collections, call=functools.wraps)

    assert item(completion, "count") == Item("count", "variable", "count", 0, "int", "3", "number")
    assert item(completion, "cart").text == "<Cart items=[1], _hidden=1>"
    cart = item(completion, "Cart")
    assert (cart.kind, cart.type, cart.doc) == ("class", "type", "A cart of items.")
    assert cart.signature == "(items, *, currency='EUR', api_key=••••••)"
    assert item(completion, "collections").kind == "module"
    assert item(completion, "call").kind == "function"


def test_more_than_a_hundred_are_counted(complete: Complete) -> None:
    completion = complete("row_", **{f"row_{number}": number for number in range(10_000)})

    assert (len(completion.items), completion.more) == (100, 9_900)


def test_python_s_words_are_offered_last(complete: Complete) -> None:
    assert [(item.name, item.kind) for item in complete("lamb", lamb=1).items][1:] == [("lambda", "keyword")]


# Attributes


def test_attributes_are_those_of_the_object_then_those_of_its_class(complete: Complete) -> None:
    completion = complete("cart.", cart=Cart([1, 2]))

    assert names(completion)[:7] == ["items", "make", "parse", "price", "tax", "total", "_hidden"]
    assert item(completion, "items").text == "[1, 2]"
    assert item(completion, "tax").text == "3"
    assert item(completion, "price").doc == "What it costs."
    assert item(completion, "total").doc == "Sum it up."


def test_a_signature_leaves_out_what_is_passed_by_itself(complete: Complete) -> None:
    completion = complete("cart.", cart=Cart([]))
    of_class = complete("Cart.", Cart=Cart)

    assert item(completion, "total").signature == "(start=0, /, *args, key=None, **more)"
    assert item(completion, "make").signature == "(size)"
    assert item(completion, "parse").signature == "(text='')"
    assert item(of_class, "total").signature.startswith("(self, start")
    assert item(complete("''."), "join").signature == "(iterable, /)"
    assert item(complete("{}."), "pop").signature == "(key, default=…, /)"
    assert item(complete("math.", math=sys.modules["math"]), "sqrt").signature == "(x, /)"


def test_a_decorated_function_shows_the_parameters_of_the_one_inside(complete: Complete) -> None:
    def inner(first, second=2) -> None:
        """The one inside."""

    @functools.wraps(inner)
    def outer(*args: Any, **named: Any) -> None: ...

    decorated = item(complete("out", outer=outer), "outer")
    assert (decorated.signature, decorated.doc) == ("(first, second=2)", "The one inside.")


def test_slots_and_cached_properties_are_read_where_they_are_stored(complete: Complete) -> None:
    class Slotted:
        __slots__ = ("__dict__", "left", "right")

        @functools.cached_property
        def total(self) -> int:
            return 7

    value = Slotted()
    value.left = 1
    assert value.total == 7

    completion = complete("value.", value=value)
    assert item(completion, "left").text == "1"
    assert item(completion, "right").text == ""
    assert item(completion, "total").text == "7"
    assert complete("value.total + value.left", value=value).preview.text == "8"  # type: ignore[union-attr]


# Keys


def test_a_key_is_completed_with_its_quote_and_bracket(complete: Complete) -> None:
    row = {"name": "Cake", 'na"me': 1, "na\nme": 2, 3: "three", b"raw": 1, ("a", 1): 2, "price": 4}
    inserted = {source: [item.insert for item in complete(source, row=row).items] for source in (
        'row["na', "row['na", "row[b'", "row[", "row.get('pr", "row[3", "row['na|']"
    )}  # fmt: skip

    assert inserted['row["na'] == ['name"]', 'na\\"me"]', 'na\\nme"]']
    assert inserted["row['na"] == ["name']", "na\"me']", "na\\nme']"]
    assert inserted["row[b'"] == ["raw']"]
    assert inserted["row["][:7] == ["'name']", "'na\"me']", "'na\\nme']", "3]", "b'raw']", "('a', 1)]", "'price']"]
    assert inserted["row.get('pr"] == ["price')"]
    assert inserted["row[3"] == ["3]"]
    assert inserted["row['na|']"] == inserted["row['na"]


def test_what_closes_a_key_is_not_there_twice(complete: Complete) -> None:
    row = {"name": "Cake"}
    for source, swallows in {"row['|']": 2, "row['|'": 1, "row[|]": 1, "row['na|": 0, "row.get('|')": 2}.items():
        (key,) = [item for item in complete(source, row=row).items if item.kind == "key"]
        assert key.swallows == swallows
        before, _, after = source.partition("|")
        whole = before.removesuffix("na") + key.insert + after[swallows:]
        assert eval(whole, {"row": row}) == "Cake", whole
    assert item(complete("row[ro|]", row=row), "row").swallows == 0


def test_what_is_inserted_is_the_key(complete: Complete) -> None:
    keys = [
        "it's",
        'a "b"',
        "\\",
        "tab\t",
        "\x00",
        "\ud800",
        "抹茶",
        "\u202e",
        "",
        "'\"",
        b"\xff'",
        1.5,
        None,
        True,
        ("x",),
    ]
    row = dict.fromkeys(keys, 1)

    for source in ("row[", "row['", 'row["', "row[b'", "row['" + "''", "row[r'"):
        for offered in complete(source, row=row).items:
            if offered.kind == "key":
                assert eval(source + offered.insert, {"row": row}) == 1


def test_a_key_inside_an_f_string_keeps_it_whole(complete: Complete) -> None:
    row = {"name": "Cake", "it's": 1}

    for source, quote in (("f'{row[|]}'", "'"), ('f"{row[|]}"', '"')):
        for offered in complete(source, row=row).items:
            if offered.kind == "key":
                assert eval(source.replace("|]", offered.insert), {"row": row}) in ("Cake", "1"), quote


def test_keys_of_what_is_known_as_a_mapping_are_offered(complete: Complete) -> None:
    mappings = (collections.UserDict(name=1), collections.OrderedDict(name=1), collections.Counter(name=1))

    for mapping in mappings:
        assert names(complete("m['", m=mapping)) == ["name"]
    assert complete("m['", m=[1, 2]).items == ()


# Arguments


def test_arguments_that_are_not_passed_yet_are_offered_by_name(complete: Complete) -> None:
    def call(source: str) -> list[str]:
        completion = complete(source, cart=Cart([]), Cart=Cart)
        return [item.insert for item in completion.items if item.kind == "argument"]

    assert call("Cart(") == ["items=", "currency=", "api_key="]
    assert call("Cart([1], ") == ["currency=", "api_key="]
    assert call("Cart(items=[1], cur") == ["currency="]
    assert call("cart.total(1, ") == ["key="]
    assert call("cart.make(") == ["size="]
    assert call("print(") == []


# Imports


def test_modules_are_offered_without_being_imported(complete: Complete) -> None:
    loaded = set(sys.modules)

    assert names(complete("import antigrav")) == ["antigravity"]
    assert "decoder" in names(complete("import json.de"))
    assert "sniff" not in names(complete("from this import "))
    assert "JSONDecoder" in names(complete("from json import JSON"))
    assert "scanner" in names(complete("from json import sc"))
    assert set(sys.modules) == loaded


def test_a_relative_import_starts_from_the_package_of_the_frame(
    complete: Complete, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("shop", "shop.pages", "shop.stock"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    vars(sys.modules["shop.stock"])["amount"] = 3

    assert names(complete("from ..stock import "))[0] == "amount"
    assert names(complete("from ..st")) == ["stock"]
    assert names(complete("from ....st")) == []


# What is not shown


def test_a_secret_is_named_and_not_shown(complete: Complete) -> None:
    values = {"password": "hunter2", "row": {"api_key": "hunter2"}, "box": SimpleNamespace(token="hunter2")}

    for source in (
        "passw",
        "row['",
        "box.",
        "password",
        "row['api_key']",
        "box.token",
        "password[0]",
        "box.token + ''",
    ):
        completion = complete(source, **values)
        assert "hunter2" not in repr(completion)
        assert completion.preview is None
    assert "api_key" in names(complete("row['", **values))


def test_a_variable_that_the_framework_hides_shows_neither_itself_nor_its_parts(complete: Complete) -> None:
    values = {"card": {"number": "4111"}, "count": 1}

    assert item(complete("car", ("card",), **values), "card").text != "{'number': '4111'}"
    for source in ("car", "card['", "card", "card['number']", "[card, count]"):
        assert "4111" not in repr(complete(source, ("card",), **values))
