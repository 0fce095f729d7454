"""Values as the frame would see them: described in the context of the request that failed, long after it has ended."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterable
from typing import Any

import flask
import pytest
from client import Client

from debugkit import DebuggedApplication
from debugkit.debug.safe.inspection import Guard

MOUNT = "/__debugkit__"


def shop(teardowns: list[str]) -> Client:
    """The recipe of the README, with a view that uses all of Flask's proxies on the line that fails."""
    app = flask.Flask("shop")
    app.secret_key = "for tests only"
    app.config["PROPAGATE_EXCEPTIONS"] = True

    @app.teardown_request
    def count(error: BaseException | None) -> None:
        teardowns.append("request")

    @app.route("/cart")
    def cart() -> str:
        current, session, g, request = flask.current_app, flask.session, flask.g, flask.request
        session["cups"] = 12
        g.customer = "Ada"
        return str([request, g, session, current, 1 // 0])

    app.wsgi_app = DebuggedApplication(app.wsgi_app)  # type: ignore[method-assign]
    return Client(app.wsgi_app)


EXPECTED = {
    "request": "<LocalProxy: <Request GET /cart>>",
    "g": "<LocalProxy: <flask.g of 'shop'>>",
    "session": "<LocalProxy: SecureCookieSession({'cups': 12})>",
    "current": "<LocalProxy: <Flask 'shop'>>",
}


@pytest.fixture
def failed() -> tuple[Client, str, list[str]]:
    """A client that may do all, the address of the error, and the teardown functions that ran."""
    teardowns: list[str] = []
    client = shop(teardowns)
    client.unlock(client.app.debugger.pin_auth.pin)  # type: ignore[attr-defined]
    address = client("/cart").header("X-Debugkit-Traceback")
    return client, address or "", teardowns


def test_the_proxies_of_flask_read_as_in_the_frame(failed: tuple[Client, str, list[str]]) -> None:
    client, address, _ = failed
    problem = client(f"{address}.json").json
    frames = problem["exceptions"][0]["frames"]
    values = {row["name"]: row["text"] for row in frames[-1]["values"]}
    assert {name: values[name] for name in EXPECTED} == EXPECTED


@pytest.mark.parametrize("form", ["", ".md"])
def test_no_form_of_the_error_says_that_they_are_bound_to_nothing(
    failed: tuple[Client, str, list[str]], form: str
) -> None:
    client, address, _ = failed
    text = client(f"{address}{form}", HTTP_ACCEPT="text/html").text
    assert "not bound here" not in text
    assert "Request GET /cart" in text


def test_the_tree_opens_what_a_proxy_stands_for(failed: tuple[Client, str, list[str]]) -> None:
    client, address, _ = failed
    frames = client(f"{address}.json").json["exceptions"][0]["frames"]
    command = {"source": "from flask import g\ng"}
    events = client.post(f"{MOUNT}/frames/{frames[-1]['id']}/evaluate", command).events
    (node,) = [event["node"] for event in events if event["kind"] == "value"]
    assert node["text"] == EXPECTED["g"]
    (target,) = client.post(f"{MOUNT}/values/{node['handle']}", {"offset": 0}).json["children"]
    children = client.post(f"{MOUNT}/values/{target['handle']}", {"offset": 0}).json["children"]
    assert [(child["label"], child["text"]) for child in children if child["label"] == "customer"] == [
        ("customer", "'Ada'")
    ]


def test_looking_tears_nothing_down_again(failed: tuple[Client, str, list[str]]) -> None:
    client, address, teardowns = failed
    before = list(teardowns)
    for form in ("", ".json", ".md", ".txt"):
        client(f"{address}{form}", HTTP_ACCEPT="text/html")
    assert teardowns == before == ["request"]


def test_a_variable_set_after_the_framework_was_done_keeps_its_later_value() -> None:
    word, gone = contextvars.ContextVar[str]("word"), contextvars.ContextVar[str]("gone")

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        word.set("early")
        token = gone.set("seen in the view")
        environ["werkzeug.debug.preserve_context"](None)
        gone.reset(token)
        word.set("late")
        raise LookupError

    client = Client(DebuggedApplication(app))
    contextvars.Context().run(client, "/")
    (entry,) = client.app.debugger.registry.recent_groups()[0]  # type: ignore[attr-defined]
    assert entry.context is not None
    assert (entry.context[word], entry.context[gone]) == ("late", "seen in the view")
    assert entry.context_managers == ()


def test_foreign_code_cannot_change_the_context_it_runs_in() -> None:
    word = contextvars.ContextVar[str]("word")
    context = contextvars.Context()
    context.run(word.set, "request")
    guard = Guard(10, 10, context=context)

    def look() -> str:
        before = word.get()
        word.set("changed")
        return before

    assert [guard.run(look), guard.run(look), context[word]] == ["request"] * 3
    guard.close()
