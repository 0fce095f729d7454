"""A captured request is sent once more, as it was, inside of the server."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from asgi_client import ASGIClient
from client import Client
from process_support import TIMEOUT

from debugkit import DebuggedApplication, DebuggedASGIApplication, Limits
from debugkit.debug.asgi.replay import scope_of
from debugkit.debug.replay.wsgi import environ_of

MOUNT = "/__debugkit__"
PIN = "314-159-265"


class Shop:
    """A WSGI application that keeps what it was asked, and whose answer can be changed."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: Callable[[], Iterable[bytes]] = self.fail

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.asked.append({name: value for name, value in environ.items() if isinstance(value, str)} | {"body": body})
        environ |= {"SCRIPT_NAME": "/moved", "PATH_INFO": "/by/a/router", "REMOTE_ADDR": "192.0.2.1"}
        environ["shop.session"] = "of the application"
        answer = self.answer()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return answer

    def fail(self) -> Iterable[bytes]:
        raise KeyError("price")


def developer(app: Any, **more: Any) -> Client:
    client = Client(DebuggedApplication(app, pin=PIN, **more))
    client.unlock(PIN)
    return client


def replay(client: Any, address: str, **body: Any) -> dict[str, Any]:
    answer = client.post(f"{address}/replay", body)
    assert answer.status == 200, answer.text
    event: dict[str, Any] = answer.events[-1]
    return event


def test_the_request_comes_as_it_was_with_what_no_page_shows() -> None:
    shop = Shop()
    client = developer(shop)
    body = b"password=hunter2&name=\xff\x00\n"
    page = client(
        "/caf\xc3\xa9 'a'?token=s3cr3t&q=$x",
        "PUT",
        body=body,
        HTTP_AUTHORIZATION="Bearer s3cr3t",
        HTTP_X_QUOTE="'\"$`",
        HTTP_COOKIE="sessionid=s3cr3t",
        SCRIPT_NAME="/shop",
    )
    event = replay(client, f"{MOUNT}/tracebacks/{address_of(page)}", confirmed=True)

    first, second = shop.asked
    assert first == second
    assert first["body"] == body
    assert (event["outcome"], event["status"]) == ("same", 500)
    assert event["text"].startswith("Failed the same way: KeyError: 'price' in ")
    assert "s3cr3t" not in json.dumps(event)


def address_of(page: Any) -> str:
    return str(page.header("X-Debugkit-Traceback")).rpartition("/")[2]


def failed(client: Any, *args: Any, **more: Any) -> str:
    return f"{MOUNT}/tracebacks/{address_of(client(*args, **more))}"


def test_the_error_of_a_replay_has_a_page_of_its_own_and_can_be_sent_again() -> None:
    client = developer(Shop())
    first = failed(client, "/cart")
    second = replay(client, first)["url"]
    third = replay(client, second)["url"]

    assert len({first, second, third}) == 3
    assert client(third).status == 200


@pytest.mark.parametrize(
    ("answer", "outcome", "text"),
    [
        (lambda: [b"paid"], "answered", "Did not fail: answered 200 OK"),
        (lambda: {}["price"], "same", "Failed the same way: KeyError: 'price' in"),
        (lambda: {}["cost"], "other", "Failed in another way: KeyError: 'cost' in"),
        (lambda: 1 / 0, "other", "Failed in another way: ZeroDivisionError"),
    ],
)
def test_what_came_of_it_is_said(answer: Any, outcome: str, text: str) -> None:
    shop = Shop()
    client = developer(shop)
    shop.answer = lambda: {}["price"]  # on the line of none of the others
    address = failed(client, "/cart")
    if outcome != "same":
        shop.answer = answer

    event = replay(client, address)

    assert event["outcome"] == outcome
    assert event["text"].startswith(text)
    assert bool(event["url"]) == (outcome != "answered")


def test_a_failure_behind_the_beginning_of_the_answer_counts() -> None:
    def parts() -> Iterable[bytes]:
        yield b"begun"
        raise KeyError("late")

    shop = Shop()
    client = developer(shop)
    address = failed(client, "/export")
    shop.answer = parts

    assert replay(client, address)["text"].startswith("Failed in another way: KeyError: 'late'")


def test_a_method_that_may_change_something_is_sent_only_when_confirmed() -> None:
    shop = Shop()
    client = developer(shop)
    address = failed(client, "/pay", "POST", body=b"a=1")
    refusal = client.post(f"{address}/replay", {})

    assert (refusal.status, refusal.json["error"]) == (409, "unconfirmed")
    assert "POST may change something" in refusal.json["explanation"]
    assert len(shop.asked) == 1
    assert replay(client, address, confirmed=True)["outcome"] == "same"


def test_a_body_that_was_cut_is_not_sent() -> None:
    shop = Shop()
    client = developer(shop, limits=Limits(recorded_body=10))
    refusal = client.post(f"{failed(client, '/pay', 'POST', body=b'x' * 20)}/replay", {"confirmed": True})

    assert (refusal.status, refusal.json["error"]) == (409, "conflict")
    assert "The body of 20 bytes was not kept as a whole" in refusal.json["explanation"]
    assert len(shop.asked) == 1


def test_what_the_application_put_into_the_environ_stays_out_and_what_came_with_it_stays_in() -> None:
    client = developer(Shop())
    outer = object()
    address = failed(client, "/cart", **{"shop.outer": outer, "gunicorn.socket": object()})
    entry = client.app.debugger.registry.get(address.rpartition("/")[2])  # type: ignore[attr-defined]

    environ = environ_of(entry.request)
    assert environ["shop.outer"] is outer
    assert not {"shop.session", "gunicorn.socket", "debugkit.input", "werkzeug.debug.preserve_context"} & environ.keys()


def test_who_stops_waiting_stops_the_request() -> None:
    ended = threading.Event()

    def endless() -> Iterable[bytes]:
        try:
            while True:
                pass
        finally:
            ended.set()

    shop = Shop()
    app = DebuggedApplication(shop, pin=PIN)
    client = Client(app)
    client.unlock(PIN)
    address = failed(client, "/cart")
    shop.answer = endless
    entry = app.debugger.registry.get(address.rpartition("/")[2])
    assert app.debugger.send_again is not None
    sent = app.debugger.send_again(entry)

    assert not sent.wait(0.01)
    sent.stop()
    assert sent.wait(TIMEOUT)
    assert ended.wait(TIMEOUT)


# ASGI


class AsyncShop:
    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.fails = True

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        state = dict(scope["state"])
        self.asked.append(
            (scope["method"], scope["path"], scope["raw_path"], scope["query_string"], scope["headers"], state, message)
        )
        scope["state"]["user"] = "of the application"
        scope["path_params"] = {"id": 1}
        if self.fails:
            raise KeyError("price")
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        assert (await receive())["type"] == "http.disconnect"


def test_an_asgi_application_gets_the_request_as_it_was() -> None:
    shop = AsyncShop()
    client = ASGIClient(DebuggedASGIApplication(shop, pin=PIN))
    client.unlock(PIN)
    headers = {"authorization": "Bearer s3cr3t", "x-quote": "'\"$"}
    address = failed(client, "/a%20b?token=1", "POST", body=b"\xff\x00", headers=headers, raw_path=b"/a%2520b")
    event = replay(client, address, confirmed=True)

    first, second = shop.asked
    assert [*first[:5], first[6]] == [*second[:5], second[6]]
    assert event["outcome"] == "same"
    shop.fails = False
    assert replay(client, address, confirmed=True)["text"] == "Did not fail: answered 204 No Content"


def test_a_scope_again_has_nothing_of_the_application_and_no_offer_of_the_connection() -> None:
    client = ASGIClient(DebuggedASGIApplication(AsyncShop(), pin=PIN))
    address = failed(client, "/", extensions={"http.response.pathsend": {}}, app="outer")
    entry = client.app.debugger.registry.get(address.rpartition("/")[2])  # type: ignore[attr-defined]

    scope = scope_of(entry.request)
    assert scope["app"] == "outer"
    assert not {"extensions", "path_params", "werkzeug.debug.preserve_context"} & scope.keys()
