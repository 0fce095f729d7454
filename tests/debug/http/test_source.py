"""The source of a frame, asked for piece by piece: more lines in its place, and what every name in it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from client import Answer, Client

from debugkit import DebuggedApplication

MOUNT = "/__debugkit__"
BEFORE = 30
SHOP = (
    "\n" * BEFORE
    + """
class Cart:
    @property
    def loud(self):
        raise SystemExit("looking runs nothing")

def total(cart, *more, sku="tea-1", **options):
    amount = 0
    password = "hunter2"
    for item in cart.items:
        amount = amount + item["price"]
        del amount
        label = cart.loud if more is None else ""
    return [amount for amount in more]

def app(environ, start_response):
    cart = Cart()
    cart.items = [{"price": 4}, {"price": 5}]
    return total(cart, 1, colour="red")
"""
    + "\n# the end\n" * 4
)
ITEM = BEFORE + 11


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    file = tmp_path_factory.mktemp("shop") / "shop.py"
    file.write_text(SHOP)
    scope: dict[str, Any] = {"__name__": "shop", "__file__": str(file)}
    exec(compile(SHOP, str(file), "exec"), scope)
    app = scope["app"]
    assert callable(app)
    return app  # type: ignore[no-any-return]


class Seen:
    """An error that was looked at by a developer."""

    def __init__(self, app: Callable[..., Iterable[bytes]], *, unlock: bool = True) -> None:
        self.debugged = DebuggedApplication(app)
        self.client = Client(self.debugged)
        if unlock:
            self.client.unlock(self.debugged.debugger.pin_auth.pin)
        self.page = self.client("/", HTTP_ACCEPT="text/html").text
        self.frame = re.findall(r'data-frame="([^"]+)"', self.page)[0]

    def source(self, query: str, **headers: str) -> Answer:
        return self.client(f"{MOUNT}/frames/{self.frame}/source", QUERY_STRING=query, HTTP_X_DEBUGKIT="1", **headers)

    def values(self) -> dict[str, Any]:
        answer = self.client.post(f"{MOUNT}/frames/{self.frame}/values", {})
        assert answer.status == 200
        return answer.json


@pytest.fixture(scope="module")
def seen(shop: Callable[..., Any]) -> Seen:
    return Seen(shop)


def numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r'data-n="(\d+)"', text)]


def test_the_page_says_how_many_lines_the_file_has_beyond_the_function(seen: Seen) -> None:
    shown = numbers(seen.page)
    above = int(re.findall(r'data-above="(\d+)"', seen.page)[0])
    below = int(re.findall(r'data-below="(\d+)"', seen.page)[0])

    assert above == shown[0] - 1
    assert shown[-1] + below == SHOP.count("\n")


def test_the_script_of_the_page_gets_the_lines_it_asks_for_and_no_page(seen: Seen) -> None:
    answer = seen.source(f"first={BEFORE + 2}&last={BEFORE + 5}")

    assert numbers(answer.text) == [*range(BEFORE + 2, BEFORE + 6)]
    assert "<html" not in answer.text
    assert "property" in answer.text


@pytest.mark.parametrize("query", ["", "first=0&last=3", "first=a&last=3", "first=1", "first=1&last=-2"])
def test_lines_that_are_no_lines_are_refused(seen: Seen, query: str) -> None:
    assert (seen.source(query).status, seen.source(query).json["error"]) == (400, "bad_request")


def test_lines_beyond_the_end_of_the_file_are_none(seen: Seen) -> None:
    assert numbers(seen.source("first=900&last=910").text) == []
    assert numbers(seen.source("first=3&last=2").text) == []


def test_every_name_has_its_places_and_its_value(seen: Seen) -> None:
    found = seen.values()
    lines = SHOP.split("\n")
    by_text: dict[str, list[tuple[int, str]]] = {}
    for line, start, end_line, end, number, _ in found["names"]:
        assert line == end_line
        by_text.setdefault(found["values"][number]["name"], []).append((line, lines[line - 1][start:end]))

    assert by_text["cart"][0] == (BEFORE + 7, "cart")  # the parameter
    assert {text for _, text in by_text["cart"]} == {"cart"}
    assert (ITEM - 1, "cart.items") in by_text["cart.items"]
    assert (ITEM, 'item["price"]') in by_text["item['price']"]
    values = {value["name"]: value["text"] for value in found["values"]}
    assert values["item['price']"] == "5"
    assert values["sku"] == "'tea-1'"


def test_properties_do_not_run_and_secrets_are_not_shown(seen: Seen) -> None:
    values = {value["name"]: value["text"] for value in seen.values()["values"]}

    assert "cart.loud" not in values
    assert "hunter2" not in str(values)
    assert "password" in values


def test_a_name_that_is_bound_later_says_that_its_value_is_of_now(seen: Seen) -> None:
    found = seen.values()
    notes = {(line, found["values"][number]["name"]): note for line, *_, number, note in found["names"]}

    assert notes[ITEM, "item"] == ""
    assert notes[ITEM - 1, "cart"] == ""
    assert notes[ITEM + 3, "more"] == "now"  # was not reached


def test_the_heading_names_the_arguments_and_locals_are_not_repeated(seen: Seen) -> None:
    heading = re.sub("<[^>]+>", "", re.findall(r"<h2 id=\"frame-title.*?</h2>", seen.page, re.S)[0])
    facts = re.findall(r'<dl class="facts.*?</dl>', seen.page, re.S)[0]
    tables = seen.page.partition('<section class="locals"')[2].partition("</section>")[0]
    arguments, _, others = tables.partition("<h3>Locals</h3>")

    assert "total(cart, sku, *more, **options)" in heading
    assert re.findall(r"<dt>(.*?)</dt>", facts) == ["item", "item[&#39;price&#39;]"]
    assert re.findall(r"<dt>(.*?)</dt>", arguments) == ["cart", "sku", "more", "options"]
    assert "as they are now" in arguments
    assert re.findall(r"<dt>(.*?)</dt>", others) == ["password", "label"]


def test_a_visitor_of_this_computer_sees_values_without_trees(shop: Callable[..., Any]) -> None:
    visitor = Seen(shop, unlock=False)

    values = visitor.values()["values"]
    assert {value["name"] for value in values} >= {"cart", "item"}
    assert {value["handle"] for value in values} == {None}


def test_a_visitor_from_elsewhere_sees_no_values(shop: Callable[..., Any]) -> None:
    seen = Seen(shop)
    elsewhere = Client(seen.debugged, {"REMOTE_ADDR": "192.168.7.7"})

    answer = elsewhere.post(f"{MOUNT}/frames/{seen.frame}/values", {})
    assert (answer.status, answer.json["error"]) == (403, "not_unlocked")


def test_a_comprehension_is_shown_with_the_function_around_it(tmp_path: Path) -> None:
    lines = ["def other():", "    return 1", "", "", "def fails(rows):", "    rates = 0", "    return sum("]
    lines += ["        1 / rates", "        for row in rows", "    )", "", "", "def last():", "    return 2"]
    (tmp_path / "made.py").write_text("\n".join(lines))
    scope: dict[str, Any] = {}
    exec(compile("\n".join(lines), str(tmp_path / "made.py"), "exec"), scope)

    seen = Seen(lambda environ, start_response: scope["fails"]([1]))

    assert numbers(seen.page) == [*range(5, 11)]


def test_a_file_that_does_not_parse_says_once_that_nothing_ran(tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("def total(:\n")
    seen = Seen(lambda environ, start_response: exec(compile(file.read_text(), str(file), "exec")))

    assert len(re.findall("no code ran", seen.page)) == 1
    assert "Whole file" in seen.page


def test_a_source_that_is_nowhere_offers_no_whole_file() -> None:
    scope: dict[str, Any] = {}
    exec(compile("def app(environ, start_response):\n    return 1 / 0", "/nowhere/app.py", "exec"), scope)

    assert "Whole file" not in Seen(scope["app"]).page
