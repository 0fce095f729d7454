"""What consoles are told while somebody types: who may ask, what is answered, and what of the page is used for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from client import Answer, Client

from debugkit import DebuggedApplication

MOUNT = "/__debugkit__"
ASKED: list[str] = []


class Tea:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        ASKED.append(self.name)
        return f"Tea({self.name})"


UNSEEN = Tea("unseen")


def fail(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    tea, password = Tea("green"), "hunter2"
    return [{tea.name: password}["price"]]  # type: ignore[list-item]


@pytest.fixture
def complete(tmp_path: Path) -> Callable[..., Answer]:
    """Asks for completions in the frame of an error whose page was looked at."""
    app = DebuggedApplication(fail, console_path="/console", state_dir=tmp_path)
    client = Client(app)
    client.unlock(app.debugger.pin_auth.pin)
    entry = (client("/").header("X-Debugkit-Traceback") or "").rpartition("/")[2]
    frame = client(f"{MOUNT}/tracebacks/{entry}.json").json["exceptions"][0]["frames"][-1]["id"]
    assert client(f"{MOUNT}/tracebacks/{entry}").status == 200

    def ask(source: str, path: str = f"frames/{frame}", **more: Any) -> Answer:
        verb = "evaluate" if more.pop("run", False) else "complete"
        body = {"source": source} | ({"cursor": len(source)} if verb == "complete" else {}) | more
        return client.post(f"{MOUNT}/{path}/{verb}", body)

    return ask


def test_what_the_page_says_of_a_value_is_said_again_and_no_code_runs(complete: Callable[..., Answer]) -> None:
    ASKED.clear()
    answer = complete("te").json

    assert answer["replaces"] == "te"
    (tea,) = [item for item in answer["items"] if item["name"] == "tea"]
    assert {name: tea[name] for name in ("kind", "type", "text", "insert")} == {
        "kind": "variable",
        "type": "Tea",
        "text": "Tea(green)",
        "insert": "tea",
    }
    (unseen,) = [item for item in complete("UNSE").json["items"] if item["name"] == "UNSEEN"]
    assert unseen["text"] == "<Tea name='unseen'>"
    assert complete("tea.name + '!'").json["preview"] == {"text": "'green!'", "type": "str", "kind": "string"}
    assert ASKED == []


def test_a_secret_stays_one(complete: Callable[..., Answer]) -> None:
    for source in ("passw", "password", "password.", "[password]"):
        assert "hunter2" not in complete(source).text


def test_names_that_commands_have_made_are_offered_too_and_the_last_value(complete: Callable[..., Answer]) -> None:
    complete("kettle = {'full': True}", run=True)
    complete("tea", run=True)

    assert [item["insert"] for item in complete("kettle['").json["items"]] == ["full']"]
    assert [item["name"] for item in complete("_.na").json["items"]] == ["name"]
    assert complete("_.name").json["preview"]["text"] == "'green'"
    assert {"dump", "dumps"} & {item["name"] for item in complete("dum").json["items"]} == {"dump"}


def test_the_console_of_its_own_completes_as_well(complete: Callable[..., Answer]) -> None:
    complete("kettle = 1", "console", run=True)

    assert [item["name"] for item in complete("kett", "console").json["items"]] == ["kettle"]


@pytest.mark.parametrize("body", [{"cursor": "1"}, {"cursor": None}, {"cursor": 9}, {"cursor": -1}])
def test_a_request_that_makes_no_sense_is_refused(complete: Callable[..., Answer], body: dict[str, Any]) -> None:
    answer = complete("te", **body)

    assert (answer.status, answer.json["error"]) == (400, "bad_request")
