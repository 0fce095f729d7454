"""A wide set of failures, each with the values that a person must see to know the cause.

No such value stands in this source: all come from `Data`, which a test fills with fresh words for each run. A case is
a function of that data; what it says it needs is looked for on the first screen of its page.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import sqlite3
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import jinja2


class Data:
    """Words and numbers by name, made by ``make``; remembers what a case said must be seen."""

    def __init__(self, make: Callable[[str], str]) -> None:
        self._make = make
        self.needed: list[str] = []

    def __repr__(self) -> str:
        return "Data()"  # the words must not be seen here: no real program carries its explanation along

    def word(self, name: str) -> str:
        """A word that helps nobody: filler around the cause."""
        return self._make(name)

    def need(self, name: str) -> str:
        """A word that must be on the first screen."""
        word = self._make(name)
        self.needed.append(word)
        return word

    def number(self, name: str) -> int:
        """A number that must be on the first screen."""
        number = 10_000_000 + int.from_bytes(self._make(name).encode()[-3:]) % 89_999_999
        self.needed.append(str(number))
        return number


Case = Callable[[Data], object]
CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    CASES[function.__name__.replace("_", "-")] = function
    return function


# Missing keys


@case
def missing_key_three_calls_deep(data: Data) -> object:
    item = {"sku": data.need("sku"), data.need("misspelt"): 12, "count": 3}
    return checkout([item])


def checkout(items: list[dict[str, Any]]) -> int:
    return total(items)


def total(items: list[dict[str, Any]]) -> int:
    amount = 0
    for item in items:
        amount += price_of(item)
    return amount


def price_of(item: dict[str, Any]) -> int:
    return item["price"] * item["count"]


@case
def missing_key_in_deep_data(data: Data) -> object:
    orders = [
        {"number": data.word(f"order{n}"), "lines": [{"sku": data.word(f"sku{n}{m}"), "count": m} for m in range(3)]}
        for n in range(40)
    ]
    orders[17]["lines"][1] = {"article": data.need("article"), "count": 2}
    found = []
    for order in orders:
        for line in order["lines"]:
            found.append((line["sku"], line["count"]))
    return found


@case
def missing_setting(data: Data) -> object:
    settings = {"name": data.word("name"), data.need("near"): "smtp", "port": 25}
    section = data.need("section")
    return connect(section, settings)


def connect(section: str, settings: dict[str, Any]) -> str:
    host = settings["mail_host"]
    return f"{section}:{host}"


# None where an object was expected


@dataclass
class Address:
    city: str


@dataclass
class Customer:
    name: str
    address: Address | None


@dataclass
class Order:
    number: str
    customer: Customer
    lines: list[Any] = field(default_factory=list)


@case
def attribute_of_none(data: Data) -> object:
    order = Order(data.need("order"), Customer(data.need("customer"), None))
    return label(order)


def label(order: Order) -> str:
    return order.customer.name + ", " + order.customer.address.city  # type: ignore[union-attr]


@case
def nothing_found(data: Data) -> object:
    users = {data.word("somebody"): Customer("A", None)}
    wanted = data.need("wanted")
    user = users.get(wanted)
    return user.name.title()  # type: ignore[union-attr]


# Wrong types


@case
def text_among_numbers(data: Data) -> object:
    readings: list[Any] = [1.5, 2.25, data.need("reading"), 4.0]
    subtotal = 0.0
    for reading in readings:
        subtotal = subtotal + reading
    return subtotal


@case
def list_instead_of_mapping(data: Data) -> object:
    payload = json.loads(json.dumps([{"id": data.need("id")}]))
    return [f"{key}={value}" for key, value in payload.items()]


@case
def cannot_unpack(data: Data) -> object:
    pairs = [("a", 1), (data.need("triple"), 2, data.need("third"))]
    found = {}
    for pair in pairs:
        key, value = pair  # type: ignore[misc]
        found[key] = value
    return found


class Money:
    """Has a repr of its own."""

    def __init__(self, amount: str, currency: str) -> None:
        self.amount = amount
        self.currency = currency

    def __repr__(self) -> str:
        return f"Money({self.amount} {self.currency})"

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise TypeError("currencies differ")
        return self


@case
def objects_that_do_not_fit(data: Data) -> object:
    fee = Money("3", data.need("left"))
    price = Money("4", data.need("right"))
    return fee + price


# Bad input data


@case
def number_from_a_file(data: Data) -> object:
    rows = ["sku;count", "a;1", f"{data.need('row')};{data.need('count')}", "c;3"]
    counts = {}
    for number, row in enumerate(rows[1:], start=2):
        sku, count = row.split(";")
        counts[sku] = (number, int(count))
    return counts


@case
def date_in_another_form(data: Data) -> object:
    invoice = {"number": data.need("invoice"), "due": data.need("due")}
    return datetime.datetime.strptime(invoice["due"], "%Y-%m-%d")


@case
def library_rejects_an_id(data: Data) -> object:
    identifier = data.need("identifier")
    return uuid.UUID(identifier)


@case
def decimal_in_a_sum(data: Data) -> object:
    amounts = {"tea": "12.50", data.need("article"): data.need("amount")}
    return sum(Decimal(amount) for amount in amounts.values())


@case
def broken_json(data: Data) -> object:
    body = '{"order": "%s", "count": }' % data.need("json")  # noqa: UP031 - braces in the text
    return json.loads(body)


@case
def bytes_in_another_encoding(data: Data) -> object:
    raw = data.need("raw").encode() + b"\xe9\xff"
    return raw.decode("utf-8")


@case
def index_beyond_the_end(data: Data) -> object:
    columns = [data.need("first"), data.word("second")]
    wanted = data.number("column")
    return columns[wanted]


# Failed assertions and arithmetic


@case
def assertion_about_stock(data: Data) -> object:
    stock = data.number("stock")
    wanted = stock + data.number("more")
    data.needed[-1] = str(wanted)
    assert wanted <= stock
    return stock


@case
def division_by_an_empty_count(data: Data) -> object:
    report = {"title": data.need("report"), "sum": data.number("sum"), "visits": 0}
    return report["sum"] / report["visits"]


@case
def assertion_in_a_helper(data: Data) -> object:
    return validate({"name": data.need("name"), "age": -data.number("age")})


def validate(person: dict[str, Any]) -> dict[str, Any]:
    assert person["age"] >= 0, "age must not be negative"
    return person


# Chains


class ImportFailed(Exception):
    pass


@case
def chain_with_from(data: Data) -> object:
    source = data.need("file")
    try:
        return parse_amount(data.need("amount"))
    except ValueError as error:
        raise ImportFailed(f"cannot import {source}") from error


def parse_amount(text: str) -> int:
    cleaned = text.replace(",", "")
    return int(cleaned)


@case
def chain_by_accident(data: Data) -> object:
    cache: dict[str, str] = {data.word("other"): "x"}
    key = data.need("key")
    try:
        return cache[key]
    except KeyError:
        fallback = {"url": data.need("url"), "timeout": None}
        return fallback["timeout"] + 5  # type: ignore[operator]


@case
def chain_of_three(data: Data) -> object:
    try:
        load_profile({"user": data.need("user"), "birthday": data.need("birthday")})
    except ImportFailed as error:
        raise RuntimeError("the page cannot be shown") from error


def load_profile(row: dict[str, str]) -> datetime.date:
    try:
        return datetime.date.fromisoformat(row["birthday"])
    except ValueError as error:
        raise ImportFailed("bad profile") from error


# Groups


@case
def group_of_suppliers(data: Data) -> object:
    suppliers = {name: data.need(name) for name in ("north", "south", "west")}
    errors = []
    for name, answer in suppliers.items():
        try:
            ask(name, answer)
        except Exception as error:
            errors.append(error)
    raise ExceptionGroup("suppliers failed", errors)


def ask(name: str, answer: str) -> int:
    quantity = answer.partition("=")[0]
    return int(quantity)


@case
def group_of_tasks(data: Data) -> object:
    async def stock(sku: str) -> int:
        found = {data.word("elsewhere"): 1}
        return found[sku]

    async def both() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(stock(data.need("sku1")))
            tasks.create_task(stock(data.need("sku2")))

    return asyncio.run(both())


# Recursion, templates, databases


@case
def endless_categories(data: Data) -> object:
    first, second = data.need("first"), data.need("second")
    parents = {first: second, second: first}
    return path_of(first, parents)


def path_of(category: str, parents: dict[str, str]) -> str:
    return path_of(parents[category], parents) + "/" + category


TEMPLATES = jinja2.Environment(
    loader=jinja2.DictLoader(
        {
            "receipt.html": "<ul>\n{% for line in lines %}\n{% include 'line.html' %}\n{% endfor %}\n</ul>",
            "line.html": "<li>{{ line.name }}: {{ line.price.amount }}</li>",
        }
    ),
    undefined=jinja2.StrictUndefined,
)


@case
def template_with_a_gap(data: Data) -> object:
    lines = [{"name": data.need("line"), "price": data.need("price")}]
    return TEMPLATES.get_template("receipt.html").render(lines=lines)


@case
def sql_that_does_not_fit(data: Data) -> object:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table stock (sku text primary key, count integer)")
    try:
        column = data.need("column")
        query = f"select {column} from stock where sku = ?"
        return connection.execute(query, (data.need("parameter"),)).fetchall()
    finally:
        connection.close()


@case
def one_of_five_hundred(data: Data) -> object:
    rows = [{"id": n, "name": data.word(f"row{n}"), "weight": str(n)} for n in range(500)]
    rows[321] = {"id": data.number("id"), "name": data.need("heavy"), "weight": data.need("weight")}
    return sum(float(row["weight"]) for row in rows)


def application(make: Callable[[str], str], needed: dict[str, list[str]]) -> Callable[..., Iterable[bytes]]:
    """A WSGI application with one address for each case; what each needs is noted in ``needed``."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        name = environ["PATH_INFO"].lstrip("/")
        data = Data(lambda word: make(f"{name}.{word}"))
        try:
            CASES[name](data)
        finally:
            needed[name] = data.needed
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"nothing failed"]

    return app
