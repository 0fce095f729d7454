"""The panels below the frames, made from real requests by way of the JSON form of an error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from client import Client
from growth_support import STEADY, growth

from debugkit import DebuggedApplication, Limits
from debugkit.debug.page.panels import Panels, cookie_pairs, multipart_fields
from debugkit.debug.request_snapshot import RequestSnapshot

BOUNDARY = "cut-here"


def failing(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    raise ValueError


def request(app: Any = failing, *, limits: Limits | None = None, **environ: Any) -> dict[str, list[dict[str, Any]]]:
    """The panels of a failed request."""
    body = environ.pop("body", b"")
    client = Client(DebuggedApplication(app, limits=limits))
    path = environ.pop("path", "/cart")
    method = "POST" if body else "GET"
    panels: dict[str, Any] = client(path, method, body=body, HTTP_ACCEPT="application/json", **environ).json["request"]
    return panels


def values(panels: dict[str, Any], slug: str) -> dict[str, str]:
    return {name: text for section in panels[slug] for name, text in section["values"].items()}


def part(name: str, content: bytes, filename: str = "") -> bytes:
    extra = f'; filename="{filename}"\r\nContent-Type: image/png' if filename else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def test_the_request_is_told_with_its_query() -> None:
    found = values(request(path="/cart?size=2&colour=green&empty="), "request")

    assert found["Method"] == "GET"
    assert found["Address"] == "http://localhost:8000/cart"
    assert (found["size"], found["colour"], found["empty"]) == ("2", "green", "")


def test_the_environment_of_the_process_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """CGI and wsgiref put it into the environ (PEP 3333), where it stands for nothing of the request."""
    monkeypatch.setenv("SHOP_TEA_HOUSE", "on the corner")
    monkeypatch.setenv("EDITION", "third")
    panels = request(SHOP_TEA_HOUSE="on the corner", EDITION="third", **{"shop.cups": 3})

    assert values(panels, "environment")["shop.cups"] == "3"
    assert not [word for word in ("SHOP_TEA_HOUSE", "on the corner", "EDITION") if word in json.dumps(panels)]


def test_secrets_of_query_cookies_and_headers_are_redacted() -> None:
    panels = request(
        path="/cart?api_key=abcdef123456",
        HTTP_COOKIE='sessionid=s3cr3tvalue; session=0p4qu3; theme="dark"; __debugkit_x=v1.2.3',
        HTTP_AUTHORIZATION="Bearer abcdefghijklmnop",
        HTTP_X_REQUEST_ID="r-7",
    )
    text = json.dumps(panels)

    assert not [
        secret for secret in ("abcdef123456", "s3cr3tvalue", "0p4qu3", "abcdefghijklmnop", "v1.2.3") if secret in text
    ]
    assert values(panels, "request")["theme"] == "dark"
    assert values(panels, "headers")["X-Request-Id"] == "r-7"


def test_a_form_is_shown_by_its_fields() -> None:
    panels = request(body=b"name=Lapsang+Souchong&count=2&password=hunter2")

    assert values(panels, "body") == {"name": "Lapsang Souchong", "count": "2", "password": "••••••"}


def test_a_form_with_files_shows_fields_and_what_the_files_are() -> None:
    body = part("name", b"Tea") + part("photo", b"\x89PNG" * 4, "tea.png") + f"--{BOUNDARY}--\r\n".encode()
    panels = request(body=body, CONTENT_TYPE=f"multipart/form-data; boundary={BOUNDARY}")

    assert values(panels, "body") == {"name": "Tea", "photo": "tea.png (image/png, 16 bytes)"}


def test_a_form_with_files_that_was_cut_shows_what_there_is() -> None:
    assert multipart_fields(f"multipart/form-data; boundary={BOUNDARY}", part("name", b"Tea")[:-2]) == [("name", "Tea")]


def test_long_headers_of_a_form_are_read_to_a_bound() -> None:
    def reading(count: int) -> Callable[[], object]:
        parameters = "; a=b" * count
        body = part("name", b"Tea").replace(b'"name"', b'"name"' + parameters.encode())
        kind = f"multipart/form-data; boundary={BOUNDARY}{parameters}"
        assert multipart_fields(kind, body) == [("name", "Tea")]
        return lambda: multipart_fields(kind, body)

    assert growth(reading, 1_000, STEADY) < STEADY


@pytest.mark.parametrize("kind", ["application/json", "application/vnd.api+json; charset=utf-8"])
def test_json_is_shown_by_its_members(kind: str) -> None:
    panels = request(body=b'{"sku": "tea-1", "count": 2, "token": "abcdef"}', CONTENT_TYPE=kind)

    assert values(panels, "body") == {"sku": "tea-1", "count": "2", "token": "••••••"}


def test_json_that_is_no_object_is_one_value() -> None:
    assert values(request(body=b"[1, 2]", CONTENT_TYPE="application/json"), "body") == {"": "[1, 2]"}


def test_broken_json_is_shown_as_text_and_says_why() -> None:
    section = request(body=b'{"sku": }', CONTENT_TYPE="application/json")["body"][0]

    assert section["title"].startswith("Invalid JSON:")
    assert section["text"] == '{"sku": }'


def test_text_is_shown_as_text_and_bytes_as_bytes() -> None:
    assert request(body=b"hello", CONTENT_TYPE="text/plain")["body"][0]["text"] == "hello"
    assert "\\xff" in values(request(body=b"\xff\xfe\x00", CONTENT_TYPE="image/x"), "body")[""]


def test_a_body_that_is_longer_than_what_is_kept_says_so() -> None:
    panels = request(body=b"x" * 500, CONTENT_TYPE="text/plain", limits=Limits(recorded_body=100))

    assert panels["body"][0]["notice"] == "The first 100 of 500 bytes."


def test_a_session_in_the_environ_has_a_panel_of_its_own() -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["shop.session"] = {"customer": 7, "csrf_token": "abcdef"}
        raise ValueError

    panels = request(app)

    assert values(panels, "session") == {"customer": "7", "csrf_token": "••••••"}
    assert "shop.session" not in values(panels, "environment")


PAIRS = [f"field{number}=v{number}" for number in range(250)]


@pytest.mark.parametrize(
    ("slug", "environ"),
    [
        ("request", {"path": f"/cart?{'&'.join(PAIRS)}"}),
        ("request", {"HTTP_COOKIE": "; ".join(PAIRS)}),
        ("body", {"body": "&".join(PAIRS).encode()}),
        ("body", {"body": json.dumps(dict.fromkeys(PAIRS)).encode(), "CONTENT_TYPE": "application/json"}),
        (
            "body",
            {
                "body": b"".join(part(pair, b"v") for pair in PAIRS) + f"--{BOUNDARY}--\r\n".encode(),
                "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
            },
        ),
        ("session", {"shop.session": dict.fromkeys(PAIRS)}),
        ("headers", {f"HTTP_X_FIELD{number:03}": "v" for number in range(250)}),
    ],
    ids=["query", "cookies", "form", "json", "files", "session", "headers"],
)
def test_of_many_fields_the_first_are_shown_and_how_many_there_are(slug: str, environ: dict[str, Any]) -> None:
    section = request(**environ)[slug][-1]

    assert len(section["values"]) == 100
    assert section["notice"].startswith("The first 100 of 25")


def test_the_environment_leaves_out_what_other_panels_show() -> None:
    found = values(request(HTTP_X_NAME="value", **{"shop.flag": True}), "environment")

    assert found["shop.flag"] == "True"
    assert found["SERVER_PORT"] == "8000"
    assert "Python" in found
    assert not {"HTTP_X_NAME", "REQUEST_METHOD", "wsgi.input"} & set(found)


def test_a_panel_that_fails_says_so_and_the_others_stay() -> None:
    class Broken(dict[str, Any]):
        def items(self) -> Any:
            raise RuntimeError("broken")

    application = DebuggedApplication(failing)
    entry = application.debugger.record(ValueError("x"), None)
    snapshot = RequestSnapshot("GET", "/cart", "", Broken(REMOTE_ADDR="127.0.0.1"))
    with application.debugger.describer(entry) as describer:
        panels = {panel.name: panel for panel in Panels(entry, snapshot, describer, handles=False).all()}

    assert panels["Environment"].error == "This panel could not be rendered: RuntimeError"


def test_names_of_the_environ_are_read_past_their_own_methods() -> None:
    class Key(str):
        def lower(self) -> str:
            raise RuntimeError("broken")

        __getitem__ = __str__ = lower  # type: ignore[assignment]

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ |= {Key("strange"): 1, 3: 2}
        raise ValueError("the error itself")

    page = Client(DebuggedApplication(app), validate=False)("/").text

    assert "<dt>strange</dt>" in page
    assert "could not be" not in page


def test_cookies_are_read_as_they_come() -> None:
    assert list(cookie_pairs('a=1; b="two"; broken; c=x=y')) == [("a", "1"), ("b", "two"), ("c", "x=y")]
