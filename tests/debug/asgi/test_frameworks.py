"""Real frameworks with a debugger around them, in the ways that people put it there: nothing else is configured."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from asgi_apps import ASGI_APPLICATIONS, fastapi, litestar, pieces, quart, starlette
from asgi_client import ASGIClient, exchange, http_scope, websocket_scope
from client import Answer
from framework_apps import CUPS, django_settings, imported, urlconf

from debugkit import DebuggedASGIApplication

pytestmark = pytest.mark.filterwarnings("ignore")  # Litestar warns, which is its own

MOUNT = "/__debugkit__"
PIN = "314-159-265"
#: Says a request's path, as code of the view would find it.
PATHS = {
    "starlette": "request.url.path",
    "fastapi": "request.url.path",
    "quart": "__import__('quart').request.path",
    "litestar": "request.url.path",
    "django": "request.path",
    "channels": "request.path",
}
DJANGOS = ("django", "channels")


@pytest.fixture(params=sorted(ASGI_APPLICATIONS))
def framework(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param in DJANGOS:
        with django_settings():
            yield request.param
    else:
        yield request.param


def client(app: Any) -> ASGIClient:
    return ASGIClient(DebuggedASGIApplication(app, pin=PIN))


def is_page(answer: Answer, error: str = "KeyError: 'black'") -> bool:
    """Whether it is the debugger's page, and of the error that was raised."""
    has_header = answer.header("x-debugkit-traceback") is not None
    has_title = f"<title>{error}" in answer.text.replace("&#39;", "'")
    assert has_header is has_title
    return has_header and answer.status == 500


def plain(answer: Answer) -> str:
    """The text of a page, without its markup."""
    return re.sub(r"<[^>]*>", "", answer.text).replace("&#39;", "'").replace("&#34;", '"')


def test_an_error_has_the_page_and_everything_else_its_own_answer(
    framework: str, capsys: pytest.CaptureFixture[str]
) -> None:
    site = client(ASGI_APPLICATIONS[framework]())

    assert site("/hello").body == b"hello"
    assert is_page(site("/fails/black"))
    terminal = capsys.readouterr().err
    assert terminal.count("KeyError: 'black'") <= 1 == terminal.count(" * Debugger page: ")
    assert "no exception reached" not in terminal
    refused = site("/refused")
    assert (refused.status, is_page(refused)) == (403, False)
    busy = site("/busy")
    assert (busy.status, is_page(busy)) == (503, False)
    assert site("/nothing").status == 404


def test_the_page_names_the_view_the_route_the_arguments_and_the_session(framework: str) -> None:
    failed = client(ASGI_APPLICATIONS[framework]())("/fails/black")

    assert re.search(r'title="Raised during [\w.&;]*fails"', failed.text)
    assert re.search(r"fails/(\{tea\}|\{tea:str\}|&lt;tea&gt;)", failed.text)
    assert "{'tea': 'black'}" in plain(failed)
    assert "potlarge" in plain(failed)
    if framework not in ("quart", *DJANGOS):
        assert "'kettle': 'hot'" in plain(failed)


def test_the_console_finds_the_request(framework: str) -> None:
    site = client(ASGI_APPLICATIONS[framework]())
    site.unlock(PIN)
    cookie = site.cookie
    (frame,) = re.findall(r' data-frame="([0-9a-f]+-\d+)"', site("/fails/black").text)
    site.cookie = cookie  # and not the session's
    (value, *_) = site.post(f"{MOUNT}/frames/{frame}/evaluate", {"source": PATHS[framework]}).events
    assert value["text"].strip("'").removeprefix("/") == "fails/black"


@pytest.mark.parametrize("framework", ["starlette", "fastapi", "litestar"])
def test_an_answer_that_fails_on_its_way_is_recorded_and_broken_off(framework: str) -> None:
    site = client(ASGI_APPLICATIONS[framework]())

    done = site.exchange("/streams")

    assert done.raised is not None
    assert done.sent[-1] == {"type": "http.response.body", "body": b"one", "more_body": True}
    assert "GET /streams" in site(MOUNT).text


DEBUGGING: list[Callable[[], Any]] = [
    lambda: starlette(debug=True),
    lambda: fastapi(debug=True),
    lambda: quart(debug=True),
    lambda: quart(testing=True),
    lambda: litestar(debug=True),
]


@pytest.mark.parametrize("make", DEBUGGING)
def test_the_debug_page_of_the_framework_itself_makes_room(make: Callable[[], Any]) -> None:
    assert is_page(client(make())("/fails/black"))


@pytest.mark.parametrize("make", [starlette, fastapi])
def test_a_debug_page_of_starlette_is_made_only_where_there_is_no_other(make: Callable[..., Any]) -> None:
    app = make(debug=True)
    without = asyncio.run(exchange(http_scope("/fails/black")).run(app))
    site = client(app)
    assert is_page(site("/fails/black"))

    alone = asyncio.run(exchange(http_scope("/fails/black")).run(app))

    assert b"Traceback" in alone.answer().body
    assert alone.answer().body == without.answer().body


def test_an_error_that_somebody_keeps_on_its_way_out_of_starlette_has_its_page() -> None:
    app = starlette(debug=True)

    async def keeping(scope: Any, receive: Any, send: Any) -> None:
        with suppress(KeyError):
            await app(scope, receive, send)

    assert is_page(client(keeping)("/fails/black"))


def own_answer_of_starlette() -> Any:
    responses = imported("starlette.responses")

    async def handler(request: Any, error: Exception) -> Any:
        return responses.PlainTextResponse("own", 500)

    return starlette(exception_handlers={Exception: handler})


def own_answer_of_quart() -> Any:
    app = quart()

    async def handler(error: Exception) -> tuple[str, int]:
        return "own", 500

    app.register_error_handler(500, handler)
    return app


@pytest.mark.parametrize("make", [own_answer_of_starlette, own_answer_of_quart])
def test_an_answer_of_the_users_own_makes_room(make: Callable[[], Any]) -> None:
    assert is_page(client(make())("/fails/black"))


def test_an_error_that_the_user_answers_with_4xx_is_the_users() -> None:
    responses = imported("starlette.responses")

    async def handler(request: Any, error: Exception) -> Any:
        return responses.PlainTextResponse("no such tea", 404)

    answer = client(fastapi(exception_handlers={KeyError: handler}))("/fails/black")
    assert (answer.status, answer.body) == (404, b"no such tea")


def test_a_validation_error_stays_the_applications_own_answer() -> None:
    app = fastapi()

    async def count(cups: int) -> int:
        return cups

    count.__annotations__["cups"] = int
    app.get("/count")(count)

    assert client(app)("/count?cups=many").status == 422


def with_base_http_middleware() -> Any:
    app = fastapi()

    @app.middleware("http")
    async def passes(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    return app


def with_a_dependency() -> Any:
    app = fastapi()

    def session() -> Iterator[int]:
        try:
            yield 1
        finally:
            CUPS["black"]

    app.router.dependencies.append(imported("fastapi").Depends(session))
    return app


def inside() -> Any:
    app = fastapi()
    app.add_middleware(DebuggedASGIApplication, pin=PIN)
    return app


def inside_of_quart() -> Any:
    app = quart()
    app.asgi_app = DebuggedASGIApplication(app.asgi_app, pin=PIN)
    return app


def mounted() -> Any:
    routing = imported("starlette.routing")
    return imported("starlette.applications").Starlette(routes=[routing.Mount("/shop", fastapi())])


@pytest.mark.parametrize("make", [with_base_http_middleware, with_a_dependency])
def test_errors_come_through_middleware_and_dependencies(make: Callable[[], Any]) -> None:
    assert is_page(client(make())("/fails/black"))


@pytest.mark.parametrize("make", [inside, inside_of_quart])
def test_the_debugger_can_stand_inside_of_the_application(make: Callable[[], Any]) -> None:
    site = ASGIClient(make())
    failed = site("/fails/black")
    assert is_page(failed)
    assert site(failed.header("x-debugkit-traceback") or "").status == 200


def test_a_mounted_application_does_not_move_the_debugger() -> None:
    site = client(mounted())
    failed = site("/shop/fails/black")
    assert is_page(failed)
    assert site(failed.header("x-debugkit-traceback") or "").status == 200


def test_the_errors_of_a_task_group_are_a_tree_with_frames() -> None:
    app = fastapi()

    async def fails() -> None:
        raise KeyError("black")

    @app.get("/group")
    async def group() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fails())
            tasks.create_task(fails())

    page = client(app)("/group", headers={"accept": "application/json"})
    names = {frame["name"] for exception in page.json["exceptions"] for frame in exception["frames"]}
    assert {"ExceptionGroup", "KeyError"} <= {exception["type"] for exception in _tree(page.json["exceptions"])}
    assert any(name.endswith("group") for name in names)


def _tree(exceptions: list[Any]) -> Iterator[Any]:
    for exception in exceptions:
        yield exception
        yield from _tree(exception.get("group") or [])


def test_server_sent_events_that_fail_are_recorded() -> None:
    app, responses = fastapi(), imported("fastapi.responses")

    @app.get("/events")
    async def events() -> Any:
        return responses.StreamingResponse(pieces(), media_type="text/event-stream")

    site = client(app)
    assert site.exchange("/events").raised is not None
    assert "GET /events" in site(MOUNT).text


def test_an_async_view_of_django_fails_as_any_other() -> None:
    http, urls = imported("django.http"), imported("django.urls")

    async def fails(request: Any, tea: str) -> Any:
        await asyncio.sleep(0)
        return http.HttpResponse(CUPS[tea])

    with django_settings(ROOT_URLCONF=urlconf(urls.path("fails/<tea>", fails))):
        failed = client(ASGI_APPLICATIONS["django"]())("/fails/black")
    assert is_page(failed)
    assert re.search(r'title="Raised during [\w.&;]*fails"', failed.text)


def test_a_websocket_of_quart_is_recorded_though_quart_closes_it() -> None:
    app, module = quart(), imported("quart")

    @app.websocket("/ws")
    async def ws() -> None:
        await module.websocket.accept()
        raise KeyError("black")

    site = DebuggedASGIApplication(app)
    done = asyncio.run(exchange(websocket_scope("/ws"), {"type": "websocket.connect"}).run(site))

    assert done.kinds[-1] == "websocket.close"
    assert len(site.debugger.registry.recent_groups()) == 1


def test_a_secret_is_shown_neither_in_the_scope_nor_in_the_state() -> None:
    names = ("authorization", "x-api-key", "x-password", "cookie")
    headers = {name: f"session={uuid4().hex}" for name in names}
    app = fastapi()

    async def fails(request: Any) -> None:
        scope = request.scope
        request.state.password = request.headers["x-password"]
        raw = scope["headers"]
        raise KeyError(len(raw))

    fails.__annotations__["request"] = imported("fastapi").Request
    app.get("/secret")(fails)

    page = client(app)("/secret", headers=headers)

    assert is_page(page, "KeyError: ")
    assert not [secret for secret in headers.values() if secret.partition("=")[2] in page.text]
