"""The list of recent errors as data: searched, its newest error in every form, and cleared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from client import Client

from debugkit import DebuggedApplication

MOUNT = "/__debugkit__"


def failing(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path.startswith("/cart"):
        raise KeyError("price")
    raise ValueError(f"cannot brew {path}")


@pytest.fixture
def client() -> Client:
    return Client(DebuggedApplication(failing, pin_logging=False))


def found(client: Client, query: str = "") -> list[str]:
    answer = client(f"{MOUNT}/tracebacks", QUERY_STRING=query, HTTP_ACCEPT="application/json").json
    return [row["title"] for row in answer["errors"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["ValueError: cannot brew /tea", "KeyError: 'price'"]),
        ("q=BREW", ["ValueError: cannot brew /tea"]),
        ("q=keyerror+cart", ["KeyError: 'price'"]),
        ("q=keyerror+tea", []),
        ("q=500", ["ValueError: cannot brew /tea", "KeyError: 'price'"]),
        ("path=/cart", ["KeyError: 'price'"]),
        ("type=value", ["ValueError: cannot brew /tea"]),
        ("status=404", []),
        ("status=500&type=Key&path=art&q=price", ["KeyError: 'price'"]),
        ("other=1", ["ValueError: cannot brew /tea", "KeyError: 'price'"]),
    ],
)
def test_errors_are_searched_by_text_path_type_and_status(client: Client, query: str, expected: list[str]) -> None:
    client("/cart/pay")
    client("/tea")

    assert found(client, query) == expected


def test_too_many_fields_are_refused_in_a_sentence(client: Client) -> None:
    answer = client(
        f"{MOUNT}/tracebacks", QUERY_STRING="&".join("q=a" for _ in range(30)), HTTP_ACCEPT="application/json"
    )

    assert (answer.status, answer.json["explanation"]) == (400, "Search by q, path, type and status.")


def test_the_page_says_how_many_match(client: Client) -> None:
    client("/cart")
    client("/tea")
    page = client(f"{MOUNT}/tracebacks", QUERY_STRING="q=brew").text
    nothing = client(f"{MOUNT}/tracebacks", QUERY_STRING="q=coffee").text

    assert "1 of 2 match" in page
    assert 'value="brew"' in page
    assert "No error matches this search." in nothing


@pytest.mark.parametrize(
    ("form", "kind"),
    [("", "text/html"), (".json", "application/json"), (".md", "text/markdown"), (".txt", "text/plain")],
)
def test_the_newest_error_has_an_address_in_every_form(client: Client, form: str, kind: str) -> None:
    client("/tea")
    client("/cart")
    answer = client(f"{MOUNT}/tracebacks/last{form}")

    assert answer.status == 200
    assert (answer.header("Content-Type") or "").startswith(kind)
    assert "price" in answer.text


def test_without_errors_there_is_no_last_one(client: Client) -> None:
    assert client(f"{MOUNT}/tracebacks/last.json").status == 404


def test_a_developer_clears_the_list(client: Client) -> None:
    client("/tea")
    [url] = [row["url"] for row in client(f"{MOUNT}/tracebacks", HTTP_ACCEPT="application/json").json["errors"]]
    assert client.post(f"{MOUNT}/tracebacks/clear", {}).status == 403
    client.unlock(client.app.debugger.pin_auth.pin)  # type: ignore[attr-defined]

    assert client.post(f"{MOUNT}/tracebacks/clear", {}).json == {"cleared": True}
    assert found(client) == []
    assert client(url).status == 410
    client("/tea")
    assert found(client) == ["ValueError: cannot brew /tea"]
