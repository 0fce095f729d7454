"""The middleware around raw ASGI applications: every way in which a request can go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from asgi_client import ASGIClient, Exchange, body_message, exchange, http_scope

import debugkit
from debugkit import DebuggedASGIApplication
from debugkit.debug.asgi import exchange as exchange_module
from debugkit.debug.asgi.exchange import MOST_HELD
from debugkit.debug.live import Events

TEXT = [(b"content-type", b"text/plain")]


async def answer(send: Any, status: int = 200, *parts: bytes, headers: Any = TEXT) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


class ClientDisconnect(Exception):
    """As Starlette names it."""


ClientDisconnect.__module__ = "starlette.requests"


async def failing(scope: Any, receive: Any, send: Any) -> None:
    price = {"name": "Tea"}
    await answer(send, 200, price["price"].encode())


def test_an_application_that_works_is_not_touched(capsys: pytest.CaptureFixture[str]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answer(send, 404, b"one", b"two")

    done = ASGIClient(DebuggedASGIApplication(app)).exchange("/")

    assert [message.get("body") for message in done.sent] == [None, b"one", b"two", b""]
    assert done.answer().headers == [("content-type", "text/plain")]
    assert capsys.readouterr().err == ""


def test_an_exception_is_answered_with_its_page_and_said_in_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    client = ASGIClient(DebuggedASGIApplication(failing))

    page = client("/")

    assert (page.status, "KeyError" in page.text) == (500, True)
    assert page.header("content-type") == "text/html; charset=utf-8"
    assert int(page.header("content-length") or 0) == len(page.body)
    assert all(name == name.lower() for name, _ in page.headers), "HTTP/2 wants that (RFC 9113, 8.2)"
    url = page.header("x-debugkit-traceback") or ""
    assert client(url).status == 200
    terminal = capsys.readouterr().err
    assert "KeyError: 'price'" in terminal
    assert f"http://127.0.0.1:8000{url}" in terminal
    assert "debugkit/debug/asgi" not in terminal


@pytest.mark.parametrize(
    ("accept", "kind"),
    [("*/*", "text/plain"), ("application/json", "application/problem+json"), ("text/markdown", "text/markdown")],
)
def test_the_page_has_the_form_that_its_client_can_use(accept: str, kind: str) -> None:
    page = ASGIClient(DebuggedASGIApplication(failing))("/", headers={"accept": accept})
    assert (page.header("content-type") or "").startswith(kind)


def test_a_head_request_gets_the_head_of_the_page() -> None:
    page = ASGIClient(DebuggedASGIApplication(failing))("/", "HEAD")
    assert (page.status, page.body) == (500, b"")
    assert int(page.header("content-length") or 0) > 1000


def test_an_answer_5xx_makes_room_for_the_page_of_the_exception_behind_it() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answer(send, 500, b"Internal Server Error")
        raise KeyError("price")

    page = ASGIClient(DebuggedASGIApplication(app))("/")

    assert (page.status, page.body[:9].lower(), "KeyError" in page.text) == (500, b"<!doctype", True)


def test_an_answer_5xx_without_an_exception_is_passed_on_as_it_is_and_told_of_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answer(send, 503, b"one", b"two")

    client = ASGIClient(DebuggedASGIApplication(app))
    for _ in range(3):
        done = client.exchange("/")

    assert [message.get("body") for message in done.sent] == [None, b"one", b"two", b""]
    assert done.answer().status == 503
    assert capsys.readouterr().err.count("answered 503 itself") == 1


def test_an_answer_5xx_whose_exception_was_noted_becomes_its_page() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            raise KeyError("price")
        except KeyError as error:
            scope["werkzeug.debug.preserve_context"].__self__.note(error)
        await answer(send, int(scope["path"][1:]), b"own")

    client = ASGIClient(DebuggedASGIApplication(app))

    assert "KeyError" in client("/500").text
    assert (client("/404").status, client("/404").body) == (404, b"own")


def test_what_is_held_back_is_bounded() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answer(send, 500, b"x" * MOST_HELD, b"y")
        raise KeyError("price")

    done = ASGIClient(DebuggedASGIApplication(app)).exchange("/")

    assert type(done.raised) is KeyError
    assert [len(message.get("body", b"")) for message in done.sent] == [0, MOST_HELD, 1, 0]


def test_an_application_that_goes_on_after_its_answer_5xx_does_not_keep_it_from_the_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exchange_module, "PATIENCE", 0.0)

    async def main() -> Exchange:
        done = exchange(http_scope(), body_message())

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await answer(send, 500, b"one")
            await done.answered.wait()

        return await done.run(DebuggedASGIApplication(app))

    done = asyncio.run(main())

    assert (done.raised, done.answer().body) == (None, b"one")


@pytest.mark.parametrize(("error", "kinds"), [(asyncio.CancelledError(), 3), (ClientDisconnect(), 0)])
def test_an_answer_5xx_of_a_cancelled_application_is_sent_and_one_without_a_client_never(
    error: BaseException, kinds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_module, "PATIENCE", 0.0)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answer(send, 503, b"own")
        raise error

    async def main() -> None:
        done = await exchange(http_scope(), body_message()).run(DebuggedASGIApplication(app))
        assert (done.raised, len(done.sent)) == (error, kinds)
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(done.sent) == kinds, "the call is over"

    asyncio.run(main())


def test_an_application_that_gives_up_sending_does_not_break_its_answer_5xx_off() -> None:
    async def main() -> Exchange:
        done, slow = exchange(http_scope(), body_message()), asyncio.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 503, "headers": TEXT})
            more = asyncio.ensure_future(send({"type": "http.response.body", "body": b"x" * (MOST_HELD + 1)}))
            while not sending.is_set():
                await asyncio.sleep(0)
            more.cancel()
            await asyncio.wait([more])
            slow.set()

        sending = asyncio.Event()

        async def send(message: Any) -> None:
            sending.set()
            await slow.wait()
            await done.send(message)

        await DebuggedASGIApplication(app)(done.scope, done.receive, send)  # type: ignore[arg-type]
        return done

    assert len(asyncio.run(main()).answer().body) == MOST_HELD + 1


def test_what_fails_after_the_first_byte_is_recorded_and_raised_again(capsys: pytest.CaptureFixture[str]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": TEXT})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        raise KeyError("price")

    client = ASGIClient(DebuggedASGIApplication(app))
    done = client.exchange("/late")

    assert type(done.raised) is KeyError
    assert [message.get("body") for message in done.sent] == [None, b"one"]
    terminal = capsys.readouterr().err
    assert "Debugger page: http://127.0.0.1:8000/__debugkit__/tracebacks/" in terminal
    assert "Traceback" not in terminal, "servers log what reaches them"
    assert "GET /late" in client("/__debugkit__/tracebacks").text


def test_what_fails_after_a_whole_answer_is_told_to_open_pages_and_raised_again() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answer(send, 200, b"whole")
        raise KeyError("in the background")

    site = DebuggedASGIApplication(app)
    site.debugger.events = Events("1")
    stream = site.debugger.events.stream()

    done = ASGIClient(site).exchange("/")

    assert (type(done.raised), done.answer().body) == (KeyError, b"whole")
    assert any(b"in the background" in next(stream) for _ in range(3))


NO_ERRORS: list[Callable[[], BaseException]] = [
    asyncio.CancelledError,
    KeyboardInterrupt,
    GeneratorExit,
    ClientDisconnect,
    lambda: BaseExceptionGroup("", [ClientDisconnect(), BaseExceptionGroup("", [asyncio.CancelledError()])]),
]


@pytest.mark.parametrize("make", NO_ERRORS)
def test_what_is_nobodys_mistake_is_raised_again_and_not_recorded(make: Callable[[], BaseException]) -> None:
    error = make()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise error

    site = DebuggedASGIApplication(app)
    done = exchange(http_scope(), body_message())
    with pytest.raises(StopIteration):
        done.run(site).send(None)

    assert done.raised is error
    assert (done.sent, site.debugger.registry.recent_groups()) == ([], [])


def test_an_oserror_of_the_servers_send_is_a_client_that_left_and_any_other_is_an_error() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/own":
            raise FileNotFoundError("prices.txt")
        await answer(send, 200, b"whole")

    async def send(message: Any) -> None:
        raise BrokenPipeError

    site = DebuggedASGIApplication(app)
    with pytest.raises(BrokenPipeError):
        asyncio.run(site(http_scope("/"), exchange(http_scope()).receive, send))  # type: ignore[arg-type]

    assert site.debugger.registry.recent_groups() == []
    assert "FileNotFoundError" in ASGIClient(site)("/own").text


def test_a_view_that_exits_does_not_end_the_server() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise SystemExit(3)

    assert "SystemExit" in ASGIClient(DebuggedASGIApplication(app))("/").text


def test_a_group_with_an_error_among_cancellations_is_an_error() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise BaseExceptionGroup("tasks", [asyncio.CancelledError(), KeyError("price")])

    assert "KeyError" in ASGIClient(DebuggedASGIApplication(app))("/").text


def test_the_error_knows_the_loop_the_context_and_the_managers_of_its_request() -> None:
    import contextvars

    user = contextvars.ContextVar[str]("user")
    loops = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        user.set("Ann")
        loops.append(asyncio.get_running_loop())
        scope["werkzeug.debug.preserve_context"]("manager")
        raise KeyError("price")

    site = DebuggedASGIApplication(app)
    ASGIClient(site)("/")
    [[entry]] = site.debugger.registry.recent_groups()

    assert [entry.loop] == loops
    assert entry.context is not None
    assert entry.context[user] == "Ann"
    assert entry.context_managers == ("manager",)


CORS = [*TEXT, (b"access-control-allow-origin", b"http://localhost:5173"), (b"x-own", b"1")]


@pytest.mark.parametrize(
    ("origin", "kept"), [("http://localhost:5173", "http://localhost:5173"), ("https://evil.test", None)]
)
def test_the_cors_headers_of_the_application_survive_for_trusted_origins(origin: str, kept: str | None) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answer(send, 500, b"own", headers=CORS)
        raise KeyError("price")

    page = ASGIClient(DebuggedASGIApplication(app))("/", headers={"origin": origin})

    assert page.header("access-control-allow-origin") == kept
    assert page.header("x-own") is None


def test_a_defect_of_the_debugger_is_not_the_second_exception(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site = DebuggedASGIApplication(failing)
    monkeypatch.setattr(site.debugger, "record", lambda *args, **kwargs: 1 / 0)

    page = ASGIClient(site)("/")

    assert (page.status, page.body) == (500, b"Internal Server Error\n")
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_other_scopes_are_passed_on() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError(scope["type"])

    site = DebuggedASGIApplication(app)
    with pytest.raises(KeyError, match="lifespan"):
        asyncio.run(site({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert site.debugger.registry.recent_groups() == []


def wsgi(environ: Any, start_response: Any) -> Any: ...


def asgi2(scope: Any) -> Any: ...


@pytest.mark.parametrize(
    ("app", "why"),
    [
        (wsgi, r"is a WSGI application \(.*\.wsgi\): put it into debugkit.DebuggedApplication"),
        (asgi2, r"is an ASGI 2 application \(.*\.asgi2\)"),
        (None, "is a NoneType, which cannot be called"),
        (lambda: None, "it cannot be called with scope, receive and send"),
    ],
)
def test_what_is_no_asgi_application_is_refused_at_once(app: Any, why: str) -> None:
    with pytest.raises(debugkit.ConfigurationError, match=why):
        DebuggedASGIApplication(app)


def test_without_asyncio_errors_are_the_servers_and_the_terminal_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    """As under trio: here a coroutine that no loop runs."""
    site = DebuggedASGIApplication(failing)
    for path in ("/", "/__debugkit__/tracebacks", "/"):
        done = exchange(http_scope(path), body_message())
        with pytest.raises(StopIteration):
            done.run(site).send(None)
        assert type(done.raised) is KeyError
    assert capsys.readouterr().err.count("it needs an event loop of asyncio") == 1
