"""The same small application in each ASGI framework, as its documentation writes it.

All answer ``/hello`` themselves, fail at ``/fails/black`` with a `KeyError`, refuse ``/refused`` with 403, answer
``/busy`` with 503 on purpose, and fail at ``/streams`` when a part of the answer is on its way. Their view is called
`fails`, what it is given is ``tea``, and there is a session.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from framework_apps import CUPS, imported


async def pieces() -> AsyncIterator[str]:
    yield "one"
    raise KeyError("black")


def starlette(**settings: Any) -> Any:
    applications, routing = imported("starlette.applications"), imported("starlette.routing")
    responses, exceptions = imported("starlette.responses"), imported("starlette.exceptions")
    middleware, sessions = imported("starlette.middleware"), imported("starlette.middleware.sessions")

    async def hello(request: Any) -> Any:
        return responses.PlainTextResponse("hello")

    async def fails(request: Any) -> Any:
        tea = request.path_params["tea"]
        request.session["pot"] = "large"
        request.state.kettle = "hot"
        return responses.PlainTextResponse(CUPS[tea])

    async def refused(request: Any) -> Any:
        raise exceptions.HTTPException(403)

    async def busy(request: Any) -> Any:
        return responses.PlainTextResponse("busy", 503)

    async def streams(request: Any) -> Any:
        return responses.StreamingResponse(pieces())

    views = [hello, refused, busy, streams]
    return applications.Starlette(
        routes=[*(routing.Route(f"/{view.__name__}", view) for view in views), routing.Route("/fails/{tea}", fails)],
        middleware=[middleware.Middleware(sessions.SessionMiddleware, secret_key="not a secret")],
        **settings,
    )


def fastapi(**settings: Any) -> Any:
    fastapi, responses = imported("fastapi"), imported("fastapi.responses")
    app = fastapi.FastAPI(**settings)
    app.add_middleware(imported("starlette.middleware.sessions").SessionMiddleware, secret_key="not a secret")

    @app.get("/hello")
    async def hello() -> Any:
        return responses.PlainTextResponse("hello")

    async def fails(request: Any, tea: str) -> int:
        request.session["pot"] = "large"
        request.state.kettle = "hot"
        return CUPS[tea]

    fails.__annotations__["request"] = fastapi.Request
    app.get("/fails/{tea}")(fails)

    @app.get("/refused")
    def refused() -> None:
        raise fastapi.HTTPException(403)

    @app.get("/busy")
    def busy() -> None:
        raise fastapi.HTTPException(503)

    @app.get("/streams")
    async def streams() -> Any:
        return responses.StreamingResponse(pieces())

    return app


def quart(**settings: Any) -> Any:
    if sys.version_info[:3] == (3, 13, 0):
        pytest.skip("On CPython 3.13.0, Quart 0.22 never answers, with a debugger or without.")
    quart = imported("quart")
    app = quart.Quart("tea")
    app.secret_key = "not a secret"
    for name, value in settings.items():
        setattr(app, name, value)

    @app.get("/hello")
    async def hello() -> str:
        return "hello"

    @app.get("/fails/<tea>")
    async def fails(tea: str) -> str:
        quart.session["pot"] = "large"
        return str(CUPS[tea])

    @app.get("/refused")
    async def refused() -> None:
        quart.abort(403)

    @app.get("/busy")
    async def busy() -> tuple[str, int]:
        return "busy", 503

    @app.get("/streams")
    async def streams() -> Any:
        return pieces()

    return app


def litestar(**settings: Any) -> Any:
    litestar, exceptions = imported("litestar"), imported("litestar.exceptions")
    sessions, stores = imported("litestar.middleware.session.server_side"), imported("litestar.stores.memory")
    responses = imported("litestar.response")

    @litestar.get("/hello", media_type="text/plain")
    async def hello() -> str:
        return "hello"

    async def fails(request: Any, tea: str) -> str:
        request.session["pot"] = "large"
        request.state.kettle = "hot"
        return str(CUPS[tea])

    fails.__annotations__.update({"request": litestar.Request, "tea": str, "return": str})

    @litestar.get("/refused")
    async def refused() -> None:
        raise exceptions.PermissionDeniedException

    @litestar.get("/busy", status_code=503, media_type="text/plain")
    async def busy() -> str:
        return "busy"

    async def streams() -> Any:
        return responses.Stream(pieces)

    streams.__annotations__["return"] = responses.Stream
    return litestar.Litestar(
        [hello, litestar.get("/fails/{tea:str}")(fails), refused, busy, litestar.get("/streams")(streams)],
        middleware=[sessions.ServerSideSessionConfig().middleware],
        stores={"sessions": stores.MemoryStore()},
        **settings,
    )


def django() -> Any:
    """Its settings belong to a process: see `framework_apps.django_settings`."""
    return imported("django.core.asgi").get_asgi_application()


def channels() -> Any:
    """Django behind the router of Channels."""
    return imported("channels.routing").ProtocolTypeRouter({"http": django()})


ASGI_APPLICATIONS: dict[str, Callable[..., Any]] = {
    "starlette": starlette,
    "fastapi": fastapi,
    "quart": quart,
    "litestar": litestar,
    "django": django,
    "channels": channels,
}
