"""Applications that fail in ways that cost time: many frames, long chains, large values."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

Application = Callable[..., Iterable[bytes]]

#: Django's page looks the address up here.
urlpatterns: list[object] = []


def frames(count: int) -> Application:
    """An application whose error has ``count`` frames of its own."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return down(count - 2, {"name": "Tea", "count": 3})

    return app


def down(left: int, item: dict[str, Any]) -> Iterable[bytes]:
    if left:
        return [b"%d" % left, *down_again(left - 1, item)] if left % 2 else [*down_again(left - 1, item)]
    return [item["price"]]


def down_again(left: int, item: dict[str, Any]) -> Iterable[bytes]:
    rest = left
    return list(down(rest, item))


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
        return down(22, {"name": "Tea", "count": 3})

    return flask_app.wsgi_app


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
