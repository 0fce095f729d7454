"""Mistakes as people make them, each with the sentence that names its cause; and those that have no knowable cause."""

# ruff: noqa: B015, RUF059 - these lines are wrong on purpose

from __future__ import annotations

import collections
import contextlib
import io
import json
import os
import subprocess
from collections.abc import Callable
from decimal import Decimal
from typing import Any

KNOWABLE: list[tuple[Callable[[], Any], str]] = []
SILENT: list[Callable[[], Any]] = []

ITEM: dict[str, Any] = {"name": "Tea", "count": 2}
RATES = collections.UserDict({"standard": 19})
PRICES = ["3.20", "4.10", "5.00"]


def because(sentence: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    def register(function: Callable[[], Any]) -> Callable[[], Any]:
        KNOWABLE.append((function, sentence))
        return function

    return register


def unknowable(function: Callable[[], Any]) -> Callable[[], Any]:
    SILENT.append(function)
    return function


class User:
    def __init__(self, name: str) -> None:
        self.name = name
        self.profile: Any = None
        self.options = {"theme": "dark", "colour": "green"}


class Cart:
    def __init__(self) -> None:
        self.items: Any = [1, 2, 3]
        self.user: Any = User("Ann")
        self.count: Any = "3"

    def total() -> int:
        return 3

    def rename(name: str) -> None:
        print(name)

    def add(self, name: str, count: int, *, price: int = 0) -> None:
        self.items.append((name, count, price))

    @property
    def broken(self) -> int:
        raise SystemExit


def find(name: str) -> Any:
    return None if name else name


async def fetch(number: int) -> dict[str, int]:
    return {"number": number}


# Lookups


@because("item has 'name' and 'count', no 'price'.")
def key() -> None:
    item = dict(ITEM)
    item["price"]


@because("cart.user.options has 'colour' and 'theme', no 'color'.")
def nested_key() -> None:
    cart = Cart()
    cart.user.options["color"]


@because("item has 'name' and 'count', no 'size'.")
def popped_key() -> None:
    item = dict(ITEM)
    item.pop("size")


@because("RATES has 'standard', no 'standart'.")
def user_dict_key() -> None:
    RATES["standart"]


@because("by_id has 7, 1, 2 and 7 more, no '7'.")
def text_for_number() -> None:
    by_id = dict.fromkeys(range(1, 11), "x")
    by_id["7"]


@because("stock is empty.")
def key_of_empty() -> None:
    stock: dict[str, int] = {}
    stock["tea"]


@because("tags has 'new', no 'old'.")
def set_member() -> None:
    tags = {"new"}
    tags.remove("old")


@because("The environment variable SHOP_DATABASE_ULR is not set; SHOP_DATABASE_URL is.")
def environment() -> None:
    os.environ["SHOP_DATABASE_ULR"]


@because("PRICES has 3 items: the index is 3, and goes from 0 to 2.")
def index() -> None:
    position = 3
    PRICES[position]


@because("PRICES has 3 items: the index is 3, and goes from 0 to 2.")
def behind_the_last_by_one() -> Any:
    number = 2
    return PRICES[number + 1] - PRICES[number]


@because("name has 3 characters: the index is -4, and goes from -3 to -1.")
def negative_index() -> None:
    name = "tea"
    name[-4]


@because("rows is empty.")
def index_of_empty() -> None:
    rows: list[int] = []
    rows[0]


@because("rows is a list of 2 items, and the index is 'name', a str.")
def index_type() -> None:
    rows = [{"name": "Tea"}, {"name": "Mint"}]
    rows["name"]


@because("cart.user, a User, has name, profile and options, no nmae.")
def attribute() -> None:
    cart = Cart()
    cart.user.nmae


@because("price is '3', a str.")
def attribute_of_text() -> None:
    price: Any = "3"
    price.quantize(2)


@because("rows is a list of 3 items.")
def attribute_of_list() -> None:
    rows: Any = list(PRICES)
    rows.first()


@because("item is a dict of 2 items, and name is one of its keys.")
def key_as_attribute() -> None:
    item: Any = dict(ITEM)
    item.name


# None


@because("cart.user.profile is None.")
def attribute_of_none() -> None:
    cart = Cart()
    cart.user.profile.picture


@because("user is None: find('Ann') returned it in line {line+1}.")
def local_none() -> None:
    user = find("Ann")
    user.name


@because("find('Ann') returned None.")
def called_none() -> None:
    find("Ann").name


@because("user.profile is None.")
def item_of_none() -> None:
    user = User("Ann")
    user.profile["picture"]


@because("rows is None: find('rows') returned it in line {line+1}.")
def loop_over_none() -> None:
    rows = find("rows")
    for row in rows:
        print(row)


@because("user.profile is None.")
def length_of_none() -> None:
    user = User("Ann")
    len(user.profile)


@because("user.profile is None.")
def membership_in_none() -> None:
    user = User("Ann")
    "x" in user.profile


@because("user.profile is None.")
def sorted_none() -> None:
    user = User("Ann")
    sorted(user.profile)


@because("find('Ann') returned None.")
def unpacked_none() -> None:
    name, count = find("Ann")


@because("user.profile is None.")
def called_nothing() -> None:
    user = User("Ann")
    user.profile()


# Calls


@because("Its signature is Cart.add(self, name, count, *, price=…).")
def missing_argument() -> None:
    cart: Any = Cart()
    cart.add("Tea")


@because("Its signature is find(name).")
def wrong_keyword() -> None:
    find(nmae="Ann")


@because("Its signature is Cart.total(), and lacks self.")
def missing_self() -> None:
    cart: Any = Cart()
    cart.total()


@because("Its signature is Cart.rename(name): the object itself is passed as name.")
def forgotten_self() -> None:
    cart: Any = Cart()
    cart.rename("Ann")


@because("Cart.add() is called on the class Cart, not on an object of it.")
def called_on_class() -> None:
    Cart.add(name="Tea", count=2)


@because("list is a list of 2 items, and hides the built-in list().")
def hidden_built_in() -> None:
    list: Any = [1, 2]  # noqa: A001
    list("ab")


@because("data is a coroutine: fetch() was not awaited.")
def coroutine_item() -> None:
    data: Any = fetch(1)
    try:
        data["number"]
    finally:
        data.close()


@because("data is a coroutine: fetch() was not awaited.")
def coroutine_attribute() -> None:
    data: Any = fetch(1)
    try:
        data.number
    finally:
        data.close()


# Operators


@because("price is '3.20', a str; count is 2, an int.")
def operands() -> None:
    price, count = PRICES[0], 2
    price / count


@because("total is 0, an int; cart.count is '3', a str.")
def augmented() -> None:
    cart, total = Cart(), 0
    total += cart.count


@because("limit is None; cart.items[0] is 1, an int.")
def compared() -> None:
    cart, limit = Cart(), None
    limit < cart.items[0]


@because("'Total: ' is a str; count is 2, an int.")
def concatenated() -> None:
    count: Any = 2
    "Total: " + count


@because("len(rows) is 0.")
def divided() -> None:
    rows: list[int] = []
    sum(rows) / len(rows)


@because("PRICES[0] is '3.20', a str.")
def summed() -> None:
    sum(PRICES)


@because("row is 3, an int.")
def subscripted_number() -> None:
    row: Any = 3
    row["price"]


@because("count is 3, an int.")
def loop_over_number() -> None:
    count: Any = 3
    for row in count:
        print(row)


@because("count is 3, an int.")
def unpacked_number() -> None:
    count: Any = 3
    first, second = count


@because("parts[1] is 2, an int.")
def joined() -> None:
    parts: Any = ["a", 2]
    ",".join(parts)


# Conversions


@because("form['count'] is '3,5', with a decimal comma: Python takes a point.")
def decimal_comma() -> None:
    form = {"count": "3,5"}
    float(form["count"])


@because("form['count'] is '3.5', which has a fraction: int() takes whole numbers.")
def fraction() -> None:
    form = {"count": "3.5"}
    int(form["count"])


@because("form['count'] is empty.")
def empty_number() -> None:
    form = {"count": ""}
    int(form["count"])


@because("form.get('count', 0) is 'two', which is no number.")
def word() -> None:
    form = {"count": "two"}
    int(form.get("count", 0))


@because("price is '1,50', with a decimal comma: Python takes a point.")
def decimal() -> None:
    price = "1,50"
    Decimal(price)


@because("Byte 3 is 0xe9, no utf-8; in Latin-1 it is 'é'.")
def decoding() -> None:
    b"caf\xe9s".decode()


@because("Character 3 is 'é', which ascii has not.")
def encoding() -> None:
    "café".encode("ascii")


@because("The text begins with '<': it is HTML or XML, no JSON.")
def html_for_json() -> None:
    json.loads("<html>")


@because("The text is empty.")
def nothing_for_json() -> None:
    json.loads("")


# Imports


@because("The module cv2 is in the distribution opencv-python: pip install opencv-python")
def distribution() -> None:
    import cv2  # noqa: F401


# Files


@because("data was closed at the end of the with statement in line {line+1}.")
def closed() -> None:
    with open(__file__) as data:  # noqa: PTH123
        pass
    data.read()


@because("No program gti is on the PATH.")
def program() -> None:
    subprocess.run(["gti", "status"], check=True)


# With statements


class Lock:
    def __init__(self, failing: str) -> None:
        self._failing = failing

    def __enter__(self) -> None:
        self._fail("entering")

    def __exit__(self, *exc_info: object) -> None:
        self._fail("leaving")

    def _fail(self, step: str) -> None:
        if step == self._failing:
            raise OSError(step)


@because("The with statement in line {line+1} of entering() failed on entering: its body did not begin.")
def entering() -> None:
    with Lock("entering"):
        print()


@because("The with statement in line {line+1} of leaving() failed on leaving: its body had ended.")
def leaving() -> None:
    with Lock("leaving"):
        print()


# Unpacking


@because("point has 3 values (1, 2 and 3) for 2 names.")
def too_many() -> None:
    point: Any = (1, 2, 3)
    x, y = point


@because("parts has 1 value ('host') for 2 names.")
def not_enough() -> None:
    parts = ["host"]
    host, port = parts


@because("ITEM is a dict, and a loop over it gives its keys only: ITEM.items() gives pairs.")
def keys_only() -> None:
    for name, value in ITEM:
        print(name, value)


@because("rows[1] has 3 values ('b', 2 and 3) for 2 names.")
def third_value() -> None:
    rows: Any = [("a", 1), ("b", 2, 3)]
    for name, count in rows:
        len((name, count))


# What nobody can know


@unknowable
def raised_key() -> None:
    raise KeyError("price")


@unknowable
def raised_value() -> None:
    raise ValueError("The order is closed.")


@unknowable
def raised_attribute() -> None:
    raise AttributeError("no such thing")


@unknowable
def raised_runtime() -> None:
    raise RuntimeError


@unknowable
def raised_missing() -> None:
    raise FileNotFoundError("nowhere")


@unknowable
def raised_module() -> None:
    raise ModuleNotFoundError("No module named 'shop'")


@unknowable
def raised_type() -> None:
    raise TypeError("'NoneType' is not what we want")


@unknowable
def asserted() -> None:
    assert PRICES is None


@unknowable
def stopped() -> None:
    next(iter(()))


@unknowable
def deep() -> None:
    def again(n: int) -> int:
        return again(n + 1)

    again(0)


@unknowable
def computed_key() -> None:
    dict(ITEM)["price"]


@unknowable
def computed_index() -> None:
    sorted(PRICES)[7]


@unknowable
def literal_number() -> None:
    int("two")


@unknowable
def unpacked_call() -> None:
    host, port = str(PRICES[0]).split(";")


@unknowable
def unbound() -> None:
    if not PRICES:
        value = 1
    value.bit_length()


@unknowable
def zero() -> None:
    1 / 0


@unknowable
def literal_sides() -> None:
    1 + "2"


@unknowable
def overflow() -> None:
    2.0**5000


@unknowable
def unhashable() -> None:
    {[]: 1}


@unknowable
def unsupported() -> None:
    io.BytesIO().fileno()


@unknowable
def interrupted() -> None:
    with contextlib.closing(io.StringIO()):
        raise KeyboardInterrupt


@unknowable
def none_inside_a_built_in() -> None:
    for row in map(list, [None]):
        print(row)


@unknowable
def called_inside_a_built_in() -> None:
    sorted(PRICES, key=ITEM["count"])


@unknowable
def none_inside_of_a_tuple() -> None:
    (first, second), third = sorted([(None, 1)])[0]


@unknowable
def items_of_lists() -> None:
    left: Any = [1, 2]
    right: Any = [1, "2"]
    left < right


@unknowable
def a_text_among_decimals() -> None:
    amounts: Any = [Decimal(1), "2"]
    sum(amounts)


@unknowable
def in_a_body() -> None:
    with Lock("never"):
        raise OSError


@unknowable
def raised_once_more() -> None:
    with contextlib.ExitStack() as stack:
        stack.enter_context(Lock("never"))
        raise OSError


@unknowable
def unknown_module() -> None:
    import no_such_module_of_anybody  # noqa: F401
