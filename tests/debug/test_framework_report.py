"""What a framework adds to an error: on the page and in its other forms, what is secret, and when it is let go."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from debugkit.debug.debugger import Debugger
from debugkit.debug.framework_report import HIDDEN, NOTHING, Attempt, FrameworkReport, Panel, Search, Table
from debugkit.debug.http.routes import respond
from debugkit.debug.messages import Request
from debugkit.debug.redaction.redactor import Redactor
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.request_snapshot import RequestSnapshot
from debugkit.debug.tracebacks.model import CapturedTraceback
from debugkit.settings import Limits, Settings

MOUNT = "/__debugkit__"
PIN = "314-159-265"
SNAPSHOT = RequestSnapshot("GET", "/cart", "", {"wsgi.url_scheme": "http"}, b"cups=2", 6)
SEARCH = Search("cart.html", "pages", (Attempt("by.Folder", "/srv/cart.html", "not there"),), "That is all.")

#: Put together, so that the source on the page does not hold them.
CARD = "-".join(["4242"] * 3)
VOUCHER = "-".join(("spring", "2026", "voucher"))


@pytest.fixture
def debugger() -> Debugger:
    return Debugger(Settings(pin=PIN, limits=Limits(live_tracebacks=2)), "extras", print_line=lambda line: None)


def charge(number: str, amount: int) -> None:
    label = f"card {number}"
    payment = {"number": number, "amount": amount, "voucher": "-".join(("spring", "2026", "voucher"))}
    raise ValueError(f"{label} was refused for {payment['amount']}")


def record(debugger: Debugger, extras: FrameworkReport) -> ErrorRecord:
    def explain(captured: CapturedTraceback) -> FrameworkReport:
        seen.append(captured)
        return extras

    seen: list[CapturedTraceback] = []
    try:
        charge(CARD, 12)
    except ValueError as error:
        entry = debugger.record(error, error.__traceback__, request=SNAPSHOT, explain=explain)
    assert seen == [entry.captured]
    return entry


def ask(debugger: Debugger, path: str, *, peer: str = "127.0.0.1", body: object = None) -> Any:
    """What the debugger answers a browser that is unlocked."""
    session = debugger.pin_auth.issue_session()
    cookie = f"{debugger.pin_auth.cookie_name}={session}"
    headers = {"host": "localhost", "accept": "text/html", "cookie": cookie if peer == "127.0.0.1" else ""}
    own = {
        "x-debugkit": debugger.pin_auth.key_of(session),
        "origin": "http://localhost",
        "content-type": "application/json",
    }
    headers |= own if body else {}
    data = json.dumps(body).encode()
    request = Request("POST" if body else "GET", path, "", headers, "", "http", peer, lambda limit: data)
    answer = respond(debugger, request)
    assert answer.status == 200, answer.body
    content = answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)
    return content.decode()


def forms(debugger: Debugger, entry: ErrorRecord) -> dict[str, str]:
    return {form: ask(debugger, f"tracebacks/{entry.id}{form}") for form in ("", ".json", ".md", ".txt")}


def test_the_handler_and_the_search_stand_in_every_form(debugger: Debugger) -> None:
    entry = record(debugger, FrameworkReport(raised_during="shop.views.checkout", searches=(SEARCH,)))

    for form, text in forms(debugger, entry).items():
        plain = text.replace("<wbr>", "")
        for what in ("shop.views.checkout", "/srv/cart.html", "by.Folder", "not there", "That is all.", "pages"):
            assert what in plain, (form, what)


def test_a_status_and_a_hint_are_those_of_the_framework(debugger: Debugger) -> None:
    entry = record(debugger, FrameworkReport(status=400, hint="'ü' around here"))

    found = json.loads(forms(debugger, entry)[".json"])
    assert (found["status"], found["hint"]) == (400, "'ü' around here")
    assert '<span class="status">400</span>' in ask(debugger, f"tracebacks/{entry.id}")


def test_without_a_hint_of_the_framework_live_values_say_why(debugger: Debugger) -> None:
    def failing() -> None:
        cup = {"size": 2}
        cup["tea"]

    with pytest.raises(KeyError) as raised:
        failing()
    entry = debugger.record(
        raised.value, raised.value.__traceback__, request=SNAPSHOT, explain=lambda captured: NOTHING
    )

    pages = forms(debugger, entry)
    expected = "cup has 'size', no 'tea'."
    assert json.loads(pages[".json"])["hint"] == expected
    assert expected in pages[".md"]
    assert expected in pages[""].replace("&#39;", "'")
    assert json.loads(ask(debugger, f"tracebacks/{entry.id}.json", peer="192.168.1.20"))["hint"] is None


def test_a_hint_quotes_values_and_is_only_for_those_who_see_values(debugger: Debugger) -> None:
    entry = record(
        debugger, FrameworkReport(hint="around here", panels=(Panel("Shop", (Table("", (("a", "tea"),)),)),))
    )

    page = ask(debugger, f"tracebacks/{entry.id}", peer="192.168.1.7")
    assert "around here" not in page
    assert "panel-shop" not in page


def test_panels_are_added_or_take_the_place_of_those_with_their_name(debugger: Debugger) -> None:
    panels = (
        Panel("Request", (Table("", (("Address", "mine"), ("api_token", "abc"), ("Pin", HIDDEN))),)),
        Panel("Shop", (Table("Stock", (("tea", {"left": 2}),)), Table("Empty"), Table("Gone", notice="sold out"))),
    )
    entry = record(debugger, FrameworkReport(panels=panels))

    found = json.loads(forms(debugger, entry)[".json"])["request"]
    assert list(found) == ["line", "request", "body", "environment", "shop"]
    assert found["request"][0]["values"] == {"Address": "mine", "api_token": "••••••", "Pin": "••••••"}
    assert [(part["title"], part["values"], part["notice"]) for part in found["shop"]] == [
        ("Stock", {"tea": "{'left': 2}"}, ""),
        ("Gone", {}, "sold out"),
    ]


def test_a_long_value_of_a_panel_can_be_opened(debugger: Debugger) -> None:
    values = {f"name-{number}": number for number in range(40)}
    entry = record(debugger, FrameworkReport(panels=(Panel("Shop", (Table("", (("stock", values),)),)),)))

    page = ask(debugger, f"tracebacks/{entry.id}")
    handle = page.partition('id="panel-shop"')[2].partition('data-handle="')[2].partition('"')[0]
    assert json.loads(ask(debugger, f"values/{handle}", body={"offset": 0}))["total"] == 40


def test_a_hidden_variable_is_redacted_with_all_expressions_that_use_it(debugger: Debugger) -> None:
    entry = record(debugger, FrameworkReport(hidden={1: {"payment": HIDDEN}}))

    last = json.loads(forms(debugger, entry)[".json"])["exceptions"][0]["frames"][1]
    found = {value["name"]: value["text"] for value in last["values"]}
    assert found["payment"] == "••••••"
    assert not [name for name in found if name.startswith("payment[")]
    assert VOUCHER not in ask(debugger, f"frames/{entry.id}-1")


def test_a_replaced_variable_shows_what_takes_its_place(debugger: Debugger) -> None:
    entry = record(debugger, FrameworkReport(hidden={1: {"payment": {"amount": 12}}}))

    last = json.loads(forms(debugger, entry)[".json"])["exceptions"][0]["frames"][1]
    assert {"name": "payment", "type": "dict", "text": "{'amount': 12}"} in last["values"]


def test_secret_texts_stand_in_no_form_not_even_in_the_message(debugger: Debugger) -> None:
    entry = record(debugger, FrameworkReport(secret_texts=frozenset({CARD}), secret_names=frozenset({"Voucher"})))

    for text in forms(debugger, entry).values():
        assert CARD not in text
        assert "'voucher': 'spring" not in text
        assert "was refused for 12" in text
    listed = ask(debugger, "tracebacks")
    assert CARD not in listed


def test_no_tree_shows_a_secret_name(debugger: Debugger) -> None:
    entry = record(debugger, FrameworkReport(secret_names=frozenset({"voucher"})))
    handle = entry.values.put({"voucher": VOUCHER, "amount": 1}, "payment")

    children = json.loads(ask(debugger, f"values/{handle}", body={"offset": 0}))["children"]
    assert [child["text"] for child in children] == ["••••••", "1"]


def evaluate(debugger: Debugger, frame: str, source: str) -> str:
    lines = ask(debugger, f"frames/{frame}/evaluate", body={"source": source}).splitlines()
    return next(str(event["text"]) for event in map(json.loads, filter(None, lines)) if "text" in event)


def test_names_of_the_framework_are_at_hand_unless_they_hide_something(debugger: Debugger) -> None:
    names = {"shop": "Teahouse", "amount": "hides a local", "MOUNT": "hides a global", "len": "hides a builtin"}
    entry = record(debugger, FrameworkReport(names=names))

    assert evaluate(debugger, f"{entry.id}-1", "shop, amount, MOUNT, len('abc')") == f"('Teahouse', 12, {MOUNT!r}, 3)"
    assert evaluate(debugger, f"{entry.id}-1", "(lambda: shop)()") == "'Teahouse'"
    assert "NameError" in evaluate(debugger, f"{record(debugger, NOTHING).id}-1", "shop")


def test_an_error_let_go_keeps_the_plain_facts_and_no_live_object(debugger: Debugger) -> None:
    stock = SimpleNamespace(tea=1)
    extras = FrameworkReport(
        status=400,
        raised_during="shop.views.checkout",
        searches=(SEARCH,),
        panels=(Panel("Shop", (Table("", (("stock", stock),)),)),),
        names={"stock": stock},
        hidden={0: {"stock": stock}},
        secret_texts=frozenset({CARD}),
    )
    first = record(debugger, extras)
    others = [record(debugger, NOTHING) for _ in range(3)]

    assert not first.live
    assert all(
        not kept
        for kept in (first.framework_report.panels, first.framework_report.names, first.framework_report.hidden)
    )
    assert (first.framework_report.status, first.framework_report.searches) == (400, (SEARCH,))
    assert CARD not in ask(debugger, f"tracebacks/{first.id}.txt")
    assert CARD in ask(debugger, f"tracebacks/{others[-1].id}.txt")


def test_hidden_says_what_it_is() -> None:
    assert repr(HIDDEN) == "HIDDEN"
    assert "voucher" not in repr(FrameworkReport(secret_texts=frozenset({"voucher"}), names={"a": "voucher"}))


@pytest.mark.parametrize(
    ("name", "secret"),
    [("Card", True), ("x-my-card", False), ("request.POST['card']", True), ("cards", False), ("HTTP_X_ROOM", True)],
    ids=["whatever the case", "part of a name", "in an expression", "longer", "a header's other spelling"],
)
def test_secret_names_are_whole_names(name: str, secret: bool) -> None:
    redactor = Redactor(environ={}).extended({"card", "http-x-room"}, ())

    assert redactor.name_is_secret(name) is secret


def test_short_texts_are_not_blacked_out_everywhere() -> None:
    plain = Redactor(environ={})

    assert plain.extended((), {"tea"}) is plain
    assert plain.extended((), {"lapsang souchong"}).text("some lapsang souchong") == "some ••••••"
    assert plain.text("some lapsang souchong") == "some lapsang souchong"
    assert plain.extended({"room"}, ()).text("room=7, rooms=8") == "room=••••••, rooms=8"
