"""A request that does not fail: what the debugger adds to the time of the bare application, in the same process.

Processor time. For WSGI as a server calls it, for ASGI without a loop, which would cost more than all that is measured.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.util import FileWrapper

from asgi_client import http_scope
from harness import cases
from harness.cases import ASGI, Application
from harness.figures import Figure, Row
from harness.rounds import Effort, computed, paired
from harness.wrappers import asgi_wrappers, wrappers


def measure(effort: Effort) -> Iterator[Figure]:
    apps = {
        "list of 1": listing(1),
        "list of 100": listing(100),
        "generator of 1": generating(1),
        "generator of 100": generating(100),
        "file": filing,
    }
    for name, app in apps.items():
        calls = {key: calling(wrap(app)) for key, wrap in wrappers(bare=True, django=False).items()}
        yield added(f"WSGI, {name}", calls, effort, 1_000)
    for parts in (1, 100):
        tasks = {key: awaiting(wrap(answering(parts))) for key, wrap in asgi_wrappers(bare=True).items()}
        yield added(f"ASGI, {parts} part{'s' if parts > 1 else ''}", tasks, effort, 300)


def added(title: str, calls: dict[str, Callable[[], None]], effort: Effort, repeat: int) -> Figure:
    repeat = effort.choose(50, repeat)
    found = paired({name: computed(call, 1e6, repeat) for name, call in calls.items()}, effort.turns(5))
    bare = found.pop("bare")
    rows = [
        Row(name, [one - other for one, other in zip(values, bare, strict=False)]) for name, values in found.items()
    ]
    return Figure(f"{title}: added to {min(bare):.1f}", "µs", rows)


def listing(size: int) -> Application:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x"] * size

    return app


def generating(size: int) -> Application:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        for _ in range(size):
            yield b"x"

    return app


def filing(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return FileWrapper(io.BytesIO(b"x"))


def calling(target: Application) -> Callable[[], None]:
    environ = cases.environ() | {"wsgi.file_wrapper": FileWrapper}

    def call() -> None:
        result = target(environ, lambda status, headers, exc_info=None: None)
        for _ in result:
            pass
        close = getattr(result, "close", None)
        if close:
            close()

    return call


def answering(parts: int) -> ASGI:
    """An application that works, and answers in so many parts."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(parts - 1):
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return app


async def receive() -> Any: ...


async def send(message: Any) -> None: ...


def awaiting(app: ASGI) -> Callable[[], None]:
    def call() -> None:
        try:
            app(http_scope(), receive, send).send(None)
        except StopIteration:
            pass

    return call
