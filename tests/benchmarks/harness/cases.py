"""Applications that fail in ways that cost time: many frames, long chains, large values."""

from __future__ import annotations

import atexit
import io
import runpy
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterable
from functools import cache
from pathlib import Path
from typing import Any

Application = Callable[..., Iterable[bytes]]
ASGI = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]

#: Django's page looks the address up here.
urlpatterns: list[object] = []


def frames(count: int) -> Application:
    """An application whose error has ``count`` frames, each of a function of its own."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return straight(count - 1)({"name": "Tea", "count": 3})

    return app


FUNCTION = """
def step{number}(item):
    amount = item["count"] * {number}
    label = f"{{item['name']}} {{amount}}"
    return {call}
"""


@cache
def straight(count: int) -> Callable[[dict[str, Any]], Iterable[bytes]]:
    """A function that calls ``count`` - 1 others, one after the other, and fails in the last. It stands in a file."""
    calls = [*(f"step{number + 1}(item)" for number in range(count - 1)), "[item['price'], label]"]
    source = "".join(FUNCTION.format(number=number, call=call) for number, call in enumerate(calls))
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    path = Path(folder) / f"steps{count}.py"
    path.write_text(source)
    return runpy.run_path(str(path))["step0"]  # type: ignore[no-any-return]


def recursion(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    return [fall(985)]


def fall(left: int) -> bytes:
    if left:
        return fall(left - 1)
    raise RecursionError("deep enough")


def chain(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    return link(4)


def link(left: int) -> Iterable[bytes]:
    if not left:
        raise ValueError("the root cause")
    try:
        return link(left - 1)
    except ValueError as error:
        raise ValueError(f"step {left}") from error


def holding(make: Callable[[], object]) -> Application:
    """An application that has a large value among its locals when it fails."""
    value = make()

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        held = value
        return consume(held)

    def consume(data: object) -> Iterable[bytes]:
        missing: dict[str, bytes] = {}
        return [missing["price"], data]  # type: ignore[list-item]

    return app


def flask_application() -> Application:
    """A Flask view 30 frames deep."""
    import flask

    flask_app = flask.Flask("benchmark")
    flask_app.config["PROPAGATE_EXCEPTIONS"] = True

    @flask_app.route("/")
    def view() -> Any:
        return straight(23)({"name": "Tea", "count": 3})

    return flask_app.wsgi_app


def fastapi_application() -> ASGI:
    """A view of FastAPI, some twenty frames deep with what calls it."""
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/")
    async def fails(item: str = "Tea") -> int:
        prices = {"Cake": 3}
        return prices[item]

    return app


LARGE: dict[str, Callable[[], object]] = {
    "10 MB string": lambda: "x" * 10_000_000,
    "dict of 100,000": lambda: {f"key{n}": n for n in range(100_000)},
    "list of 1,000,000": lambda: list(range(1_000_000)),
    "array of 1,000,000": lambda: __import__("numpy").arange(1_000_000.0),
    "frame of 1,000,000": lambda: __import__("pandas").DataFrame({f"c{n}": range(100_000) for n in range(10)}),
}


def environ(path: str = "/") -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_ACCEPT": "text/html",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def answer(app: Application) -> bytes:
    """One request, as a server makes it; the body."""
    result = app(environ(), lambda status, headers, exc_info=None: lambda data: None)
    try:
        return b"".join(result)
    finally:
        close = getattr(result, "close", None)
        if close:
            close()
