"""What a command shows is sent short, and the rest when somebody asks for it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from client import Client

from debugkit import DebuggedApplication
from debugkit.debug.console.results import MOST_CHARACTERS, Kept, Results
from debugkit.errors import Gone

MOUNT = "/__debugkit__"


class Console:
    """The console of an error, by its address."""

    def __init__(self, client: Client, url: str) -> None:
        self.client, self.url = client, url

    def events(self, source: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = self.client.post(f"{self.url}/evaluate", {"source": source}).events
        return events

    def value(self, source: str) -> dict[str, Any]:
        """The event for the one value of a command."""
        (event,) = [event for event in self.events(source) if event["kind"] == "value"]
        return event

    def more(self, number: int, **body: object) -> dict[str, Any]:
        answer = self.client.post(f"{self.url}/results/{number}", body)
        assert answer.status == 200, answer.text
        more: dict[str, Any] = answer.json
        return more

    def whole_text(self, number: int) -> str:
        text, offset = "", 0
        while offset is not None:
            more = self.more(number, offset=offset)
            text, offset = text + more["text"], more["next"]
        return text


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    folder = tmp_path_factory.mktemp("state")
    folder.chmod(0o700)
    app = DebuggedApplication(failing, console_path="/console", state_dir=folder)
    client = Client(app)
    client.unlock(app.debugger.pin_auth.pin)
    return client


def failing(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    raise ValueError("no")


@pytest.fixture(params=["frame", "standalone"])
def console(client: Client, request: pytest.FixtureRequest) -> Console:
    if request.param == "standalone":
        return Console(client, f"{MOUNT}/console")
    entry = (client("/x").header("X-Debugkit-Traceback") or "").rpartition("/")[2]
    frame = client(f"{MOUNT}/tracebacks/{entry}.json").json["exceptions"][0]["frames"][-1]["id"]
    return Console(client, f"{MOUNT}/frames/{frame}")


def shown(**methods: str) -> str:
    """The source of a value whose class has ``methods``, by the source of what they give."""
    namespace = ", ".join(f"{name!r}: lambda self: {source}" for name, source in methods.items())
    return f"type('Shown', (), {{{namespace}}})()"


def test_a_string_of_five_megabytes_is_sent_once_and_short(console: Console) -> None:
    event = console.value("'\\'\"é' * 1_700_000")
    assert len(json.dumps(event)) < 2_000
    assert (event["characters"], event["text"]) == (5_100_000, event["node"]["text"])
    first = console.more(event["result"])
    assert (len(first["text"]) < 100_000, first["next"]) == (True, 50_000)
    assert eval(console.whole_text(event["result"])) == "'\"é" * 1_700_000


@pytest.mark.parametrize("source", ["b'\\'\"x' * 30_000", "bytearray(b'\\xff' * 60_000)", "'\\\\' * 60_000"])
def test_the_pieces_of_a_string_are_its_repr(console: Console, source: str) -> None:
    assert eval(console.whole_text(console.value(source)["result"])) == eval(source)


def test_a_large_container_is_shown_as_among_the_locals_and_whole_on_demand(console: Console) -> None:
    event = console.value("{number: 'x' * 50 for number in range(5_000)}")
    assert event["text"] == event["node"]["text"]
    assert len(event["text"]) <= 200
    text = console.whole_text(event["result"])
    assert len(text) == event["characters"]
    assert eval(text) == dict.fromkeys(range(5000), "x" * 50)


def test_a_short_value_is_complete_at_once(console: Console) -> None:
    event = console.value("{'name': 'Tea'}")
    assert event["text"] == "{'name': 'Tea'}"
    assert event.keys() == {"kind", "text", "node"}


def test_what_an_object_says_at_length_begins_as_it_says_it(console: Console) -> None:
    event = console.value(shown(__repr__="'line\\n' * 1_000"))
    assert event["text"] == "line\n" * 100 + "…"
    assert console.whole_text(event["result"]) == "line\n" * 1_000


def test_rows_come_a_page_at_a_time(console: Console) -> None:
    event = console.value("[{'n': n, 'password': 'hunter2'} for n in range(30)]")
    assert event["table"]["columns"] == ["n", "password"]
    assert len(event["table"]["rows"]) == 20
    page = console.more(event["result"], part="rows", offset=event["table"]["next"])
    assert [row[0] for row in page["rows"]] == [str(number) for number in range(20, 30)]
    assert page["next"] is None
    assert "hunter2" not in json.dumps(page)


def test_a_picture_comes_with_its_event(console: Console) -> None:
    event = console.value(shown(_repr_png_="b'\\x89PNG\\r\\n\\x1a\\n'"))
    assert event["picture"] == {"type": "image/png", "data": base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()}


def test_what_fails_says_so_and_the_value_stands(console: Console) -> None:
    event = console.value(shown(_repr_png_="1 / 0", __repr__="'drawing'"))
    assert (event["text"], event["problem"]) == ("drawing", "_repr_png_ raised ZeroDivisionError: division by zero")


def test_no_value_is_drawn_that_nobody_asked_for(console: Console) -> None:
    console.events("drawn = []")
    drawing = shown(_repr_png_="drawn.append(1)", _repr_html_="drawn.append(1)")
    console.events(f"several = [{drawing}]")
    handle = console.value("several")["node"]["handle"]
    if handle:
        console.client.post(f"{MOUNT}/values/{handle}", {"offset": 0})
    console.value("dump()")
    assert console.value("drawn")["text"] == "[]"


REACHING = """<p style="color: red">kept</p><LINK rel=preconnect href=//a.test><meta http-equiv=refresh content=0>
<a href=/out>out</a><svg><a/href=/out></a></svg><base href=//a.test><area href=/x><abbr>kept</abbr>
<iframe src=/x></iframe><form action=/x></form><object data=/x></object>"""


def test_a_document_has_nothing_that_reaches_out(console: Console) -> None:
    event = console.value(shown(_repr_html_=repr(REACHING)))
    assert "document" not in event
    document = console.client(f"{console.url}/results/{event['result']}")
    assert document.header("Content-Type") == "text/html; charset=utf-8"
    left = document.text.lower().partition("<body>")[2]
    for element in ("link", "meta", "a", "base", "area", "iframe", "form", "object"):
        assert f"<{element} " not in left
        assert f"<{element}>" not in left
        assert f"<{element}/" not in left
    assert '<p style="color: red">kept</p>' in left
    assert "<abbr>kept</abbr>" in left


def test_commands_and_tracebacks_have_colours(console: Console) -> None:
    events = console.events("for n in (1, 0):\n    print(1 / n)\n")
    kinds = [event["kind"] for event in events]
    assert kinds == ["output", "error", "command", "done"]
    command = events[2]["tokens"]
    assert ["".join(text for _, text in line) for line in command] == ["for n in (1, 0):", "    print(1 / n)", ""]
    assert ["k", "for"] in command[0]
    lines = ["".join(text for _, text in line) for line in events[1]["tokens"]]
    assert "\n".join(lines) == events[1]["text"]
    assert ["nb", "print"] in events[1]["tokens"][lines.index("    print(1 / n)")]


def test_a_command_that_is_not_complete_has_no_colours(console: Console) -> None:
    assert [event["kind"] for event in console.events("for n in (1, 0):")] == ["done"]


# What is kept


def test_a_newer_result_costs_the_oldest_its_place() -> None:
    results = Results()
    numbers = [results.keep(Kept(None, "", "x" * (MOST_CHARACTERS // 2))) for _ in range(3)]
    with pytest.raises(Gone):
        results.get(numbers[0])
    assert results.get(numbers[1]).text == results.get(numbers[2]).text

    for _ in range(1_000):
        last = results.keep(Kept(None, ""))
    with pytest.raises(Gone):
        results.get(last - 200)
    assert results.get(last - 199)


def test_a_value_that_is_dropped_may_do_anything() -> None:
    results = Results()

    class Dropped:
        def __del__(self) -> None:
            results.keep(Kept(None, ""))

    results.keep(Kept(Dropped(), ""))
    for _ in range(300):
        results.keep(Kept(None, ""))
    results.keep(Kept(Dropped(), ""))
    results.close()
    with pytest.raises(Gone):
        results.get(results.keep(Kept(None, "")))
