"""Suggestions: the name, key or module that was meant, on every Python alike."""

from __future__ import annotations

import builtins
import os
import sys
import types
from collections.abc import Callable
from functools import partial

import pytest

from debugkit.debug.safe import inspection
from debugkit.debug.tracebacks.suggestions import closest, local, suggestion


def meant(function: Callable[..., object], *args: object) -> str:
    try:
        function(*args)
    except Exception as error:
        tb = error.__traceback__
        while tb.tb_next:
            tb = tb.tb_next
        return suggestion(error, tb.tb_frame, str(error))
    raise AssertionError("it raised nothing")


def run(source: str, **names: object) -> str:
    return meant(exec, compile(source, "/app/shop.py", "exec"), names)


class Cart:
    currency = "EUR"

    def __init__(self) -> None:
        self.price = 3
        self.rates = {"standard": 19, "reduced": 7}

    @property
    def total(self) -> int:
        raise SystemExit

    def method(self) -> object:
        return price  # noqa: F821

    def misspelt(self) -> object:
        return self.prcie

    def rate(self, kind: str) -> int:
        return self.rates[kind]


# Closeness


@pytest.mark.parametrize(
    ("wrong", "candidates", "expected"),
    [
        ("prcie", ["price", "prices", "name"], "price"),
        ("jsn", ["json", "sys"], "json"),
        ("foo", ["for", "bar"], ""),
        ("Price", ["price"], "price"),
        ("PRICE", ["name", "price"], "price"),
        ("nmae", ["name"], "name"),
        ("lenght", ["length", "light"], "length"),
        ("id", ["ip", "it"], ""),
        ("x", ["y", "z"], ""),
        ("total", ["price", "name"], ""),
        ("price", ["price", "prices"], ""),
        ("", ["price"], ""),
        ("pric", ["_price"], ""),
        ("_pric", ["_price"], "_price"),
        ("pric", [3, None, b"price", "price"], "price"),
    ],
)
def test_the_closest_name_is_found_or_none(wrong: str, candidates: list[object], expected: str) -> None:
    assert closest(wrong, candidates) == expected


def test_the_work_is_bounded() -> None:
    assert closest("prcie", [f"name{n}" for n in range(800)] + ["price"]) == ""
    assert closest("prcie", ["x" * 1_000_000, "price"]) == "price"
    assert closest("x" * 41, ["x" * 40]) == ""


def test_candidates_of_another_class_are_not_asked() -> None:
    class Lying(str):
        def __eq__(self, other: object) -> bool:
            raise SystemExit

        def __hash__(self) -> int:
            raise SystemExit

        def casefold(self) -> str:
            raise SystemExit

    assert closest("prcie", [Lying("prcie"), "price"]) == "price"


# Names


def test_a_local_name_is_meant() -> None:
    def total(price: int) -> object:
        return prcie  # noqa: F821

    assert meant(total, 3) == "Did you mean: 'price'?"


def test_a_name_of_an_enclosing_function_is_meant() -> None:
    price = 3

    def total() -> object:
        return prcie or price  # noqa: F821

    assert meant(total) == "Did you mean: 'price'?"


def test_a_global_or_built_in_name_is_meant() -> None:
    assert run("prcie", price=3) == "Did you mean: 'price'?"
    assert run("pritn") == "Did you mean: 'print'?"


def test_an_attribute_of_self_is_meant() -> None:
    assert meant(Cart().method) == "Did you mean: 'self.price'?"


def test_a_forgotten_import_is_meant() -> None:
    assert run("json.loads") == "Did you forget to import 'json'?"
    assert run("json.loads", jason=3) == "Did you mean: 'jason'? Or did you forget to import 'json'?"


def test_nothing_is_said_of_a_name_that_is_like_no_other() -> None:
    assert run("completely_different") == ""


def test_nothing_is_said_of_a_local_that_has_no_value_yet() -> None:
    def early(prices: int) -> object:
        if prices > 3:
            price = prices
        return price

    assert meant(early, 3) == ""


# Attributes


def test_an_attribute_of_an_object_is_meant() -> None:
    assert meant(Cart().misspelt) == "Did you mean: 'price'?"
    assert meant(lambda: Cart().curency) == "Did you mean: 'currency'?"
    assert meant(lambda: "".upperr) == "Did you mean: 'upper'?"


def test_a_property_is_meant_without_running_it() -> None:
    assert meant(lambda: Cart().totl) == "Did you mean: 'total'?"


def test_an_attribute_of_a_class_or_module_is_meant() -> None:
    assert meant(lambda: Cart.curency) == "Did you mean: 'currency'?"
    assert meant(lambda: os.getcdw) == "Did you mean: 'getcwd'?"


def test_slots_are_meant_too() -> None:
    class Slotted:
        __slots__ = ("price",)

    assert meant(lambda: Slotted().pirce) == "Did you mean: 'price'?"


def test_an_attribute_that_is_there_is_not_offered_another() -> None:
    class Broken:
        prices = 3

        @property
        def price(self) -> int:
            raise AttributeError("inner", name="price", obj=self)

    assert meant(lambda: Broken().price) == ""


def test_an_object_that_lies_is_not_asked() -> None:
    class Hostile:
        def __init__(self) -> None:
            self.price = 3

        def __getattribute__(self, name: str) -> object:
            if name == "prcie":
                raise AttributeError(name, name=name, obj=self)
            raise SystemExit

        def __dir__(self) -> list[str]:
            raise SystemExit

        def __eq__(self, other: object) -> bool:
            raise SystemExit

        __hash__ = None

    assert meant(lambda: Hostile().prcie) == "Did you mean: 'price'?"


def test_a_dict_of_attributes_of_the_user_s_own_class_is_not_asked() -> None:
    class Names(dict):
        def __iter__(self) -> object:
            raise SystemExit

        def __len__(self) -> int:
            raise SystemExit

        keys = values = items = __iter__

    class Odd:
        prices = 3

    odd = Odd()
    odd.__dict__ = Names(price=3)
    assert meant(lambda: odd.pricess) == "Did you mean: 'prices'?"


@pytest.mark.parametrize("name", [3, None, b"x", "", ["x"]])
def test_fields_of_an_exception_may_be_anything(name: object) -> None:
    def fail(kind: type[Exception]) -> None:
        raise kind("x", name=name)

    for kind in (AttributeError, NameError, ImportError, ModuleNotFoundError):
        assert meant(fail, kind) == ""


# Imports


def test_a_name_of_a_module_is_meant() -> None:
    assert run("from os import getcdw") == "Did you mean: 'getcwd'?"
    assert run("from os.path import jion") == "Did you mean: 'join'?"


def test_a_module_is_meant() -> None:
    assert run("import jsn") == "Did you mean: 'json'?"
    assert run("import pytset") == "Did you mean: 'pytest'?"
    assert run("import completely_different") == ""


def test_a_name_that_only_comes_too_early_is_spelt_right() -> None:
    def fail(owner: str) -> None:
        raise ImportError(f"cannot import name 'getcdw' from {owner}", name="os")

    assert meant(fail, "'os' (/lib/os.py)") == "Did you mean: 'getcwd'?"
    assert meant(fail, "partially initialized module 'os' (most likely due to a circular import)") == ""


# Keys


def test_a_key_of_a_local_dict_is_meant() -> None:
    def price_of(item: dict[str, int]) -> int:
        return item["prcie"]

    assert meant(price_of, {"price": 3, "count": 2}) == "Did you mean: 'price'?"


def test_a_key_of_a_dict_in_an_attribute_is_meant() -> None:
    assert meant(Cart().rate, "standrad") == "Did you mean: 'standard'?"


def test_a_key_of_a_global_dict_that_the_code_names_is_meant() -> None:
    assert run("def f(): return PRICES['oolnog']\nf()", PRICES={"oolong": 3}) == "Did you mean: 'oolong'?"
    assert run("def f(): return {}['oolnog']\nf()", PRICES={"oolong": 3}) == ""


def test_when_two_dicts_offer_different_keys_nobody_knows() -> None:
    def mixed(one: dict[str, int], two: dict[str, int]) -> int:
        return one["prcie"]

    assert meant(mixed, {"price": 3}, {"prices": 3}) == ""
    assert meant(mixed, {"price": 3}, {"price": 3}) == "Did you mean: 'price'?"


@pytest.mark.parametrize("args", [(), (3,), ("a", "b"), (None,), (("a", "b"),)])
def test_only_text_is_compared(args: tuple[object, ...]) -> None:
    def fail(item: dict[str, int]) -> None:
        raise KeyError(*args)

    assert meant(fail, {"a": 3}) == ""


def test_keys_that_are_no_plain_text_are_not_asked() -> None:
    class Key:
        def __hash__(self) -> int:
            return hash("prcie")

        def __eq__(self, other: object) -> bool:
            raise RuntimeError("compared")

    def fail(item: dict[object, int]) -> None:
        raise KeyError("prcie")

    assert meant(fail, {Key(): 1, "price": 2}) == "Did you mean: 'price'?"


def test_a_large_dict_is_left_alone() -> None:
    def fail(item: dict[str, int]) -> None:
        raise KeyError("prcie")

    assert meant(fail, {f"name{n}": n for n in range(100_000)} | {"price": 3}) == ""


def test_dicts_of_other_classes_and_modules_are_left_alone() -> None:
    class Items(dict):
        def __iter__(self) -> object:
            raise SystemExit

    def fail(items: object, module: object) -> None:
        raise KeyError("prcie")

    module = types.ModuleType("m")
    module.prices = {"price": 3}
    assert meant(fail, Items(price=3), module) == ""


def test_a_key_error_without_a_frame_is_left_alone() -> None:
    assert suggestion(KeyError("prcie"), None, "'prcie'") == ""
    assert suggestion(NameError("x", name="prcie"), None, "x") == ""


# Keyword arguments


def price_of(name: str, *, price: int = 0) -> int:
    return price


class Till:
    def __init__(self, price: int = 0) -> None:
        self.price = price


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the interpreter's own message says it")
def test_a_keyword_argument_is_meant() -> None:
    assert meant(lambda: price_of("tea", prcie=3)) == "Did you mean: 'price'?"
    assert meant(lambda: Till(prcie=3)) == "Did you mean: 'price'?"
    assert meant(lambda: price_of("tea", colour=3)) == ""


@pytest.mark.skipif(sys.version_info < (3, 13), reason="the message says nothing")
def test_what_the_message_says_is_not_said_again() -> None:
    assert meant(lambda: price_of("tea", prcie=3)) == ""


def test_a_keyword_of_an_unknown_function_is_left_alone() -> None:
    def fail() -> None:
        raise TypeError("unknown() got an unexpected keyword argument 'prcie'")

    assert meant(fail) == ""


def test_other_exceptions_and_messages_that_suggest_are_left_alone() -> None:
    def fail(error: Exception) -> None:
        raise error

    assert meant(fail, ValueError("prcie")) == ""
    assert meant(fail, NameError("prcie: did you mean price?", name="fial")) == ""
    assert meant(fail, NameError("x", name="fial")) == ""
    assert meant(fail, NameError("x", name="erorr")) == "Did you mean: 'error'?"


# Locals


def remember(found: dict[type, object], kind: type, frame: types.FrameType) -> None:
    found[kind] = local(frame, "price")


def test_a_local_is_read_without_asking_a_mapping_of_the_user() -> None:
    class Names(dict):
        def get(self, *args: object) -> object:
            raise SystemExit

    found: dict[type, object] = {}
    code = compile("price = 3\nlook(sys._getframe())", "/app/x.py", "exec")
    for kind in (dict, Names):
        look = partial(remember, found, kind)
        exec(code, {"sys": sys, "look": look}, kind())
    assert found[dict] == 3
    assert found[Names] is inspection.MISSING


def test_the_built_in_names_are_the_interpreter_s() -> None:
    assert "print" in vars(builtins)
    assert run("pritn") == meant(lambda: pritn)  # noqa: F821
