"""Small applications that fail, for servers in processes of their own. Knows no server and no test."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from wsgiref.validate import validator

from debugkit import DebuggedApplication, Limits
from debugkit.debug.frameworks.noting import note


def wait_for(port: str | int) -> None:
    """Wait until a test says to go on: it listens on ``port``, and sends a byte."""
    with socket.create_connection(("127.0.0.1", int(port)), 240) as connection:
        connection.recv(1)


#: Types of errors: those of one type at one place are one group for the debugger.
KINDS = [type(f"Error{number}", (Exception,), {}) for number in range(50)]


class Slow:
    """Says what it is when a test lets it, by the FIFOs in a folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        Path(self.folder, "begun").write_text("")
        return Path(self.folder, "answer").read_text()


class Endless:
    def __repr__(self) -> str:
        while True:
            pass


class Application:
    """Answers by the first part of the path; what is not a method is a 404."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        name = environ["PATH_INFO"].strip("/").partition("/")[0] or "index"
        view = getattr(self, name.replace("-", "_"), None)
        if view is None:
            return answer(start_response, b"nothing here", status="404 Not Found")
        result: Iterable[bytes] = view(environ, start_response)
        return result

    def index(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return answer(start_response, f"process {os.getpid()}".encode())

    def fails(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        tea = {"name": "Sencha", "price": 12}
        raise LookupError(f"no {tea['name']} left")

    def slow(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        thing = Slow(environ["QUERY_STRING"])
        raise LookupError(f"no {type(thing)}")

    def endless(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        thing = Endless()
        raise LookupError(f"no {type(thing)}")

    def cors(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response(
            "200 OK", [("Content-Type", "text/plain"), ("Access-Control-Allow-Origin", "http://app.localhost")]
        )
        raise LookupError("after the headers")

    def form(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        fields = parse_qs(environ["wsgi.input"].read(length).decode())
        raise ValueError(f"{len(fields)} fields are too many")

    def late(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        """Fails after output was sent; ``?length`` announces more than is sent."""
        length = [("Content-Length", "1000")] if environ.get("QUERY_STRING") == "length" else []
        start_response("200 OK", [("Content-Type", "text/plain"), *length])
        yield b"first line\n"
        raise LookupError("too late for a page")

    def noted(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """As a framework answers an error itself."""
        try:
            raise LookupError("no Oolong left")
        except LookupError as error:
            note(environ, error)
        return answer(start_response, b"sorry", status="500 Internal Server Error")

    def begun(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        """Fails when the server has its head, and before anything is sent."""
        start_response("200 OK", [("Content-Type", "text/csv"), ("Content-Length", "12")])
        raise LookupError("no Oolong left")
        yield b""

    def hold(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        """Keeps a worker busy until the test lets it go; says first which process it is."""
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield f"{os.getpid()}\n".encode()
        wait_for(environ["QUERY_STRING"])
        yield b"released\n"

    def big(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Fails with a megabyte in its variables, with one of many types."""
        number = int(environ["QUERY_STRING"]) % len(KINDS)
        block = bytearray(os.urandom(1_000)) * 1_000
        raise KINDS[number](f"with {len(block):,} bytes behind it")


def answer(start_response: Any, body: bytes, *, status: str = "200 OK") -> Iterable[bytes]:
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def with_cors(app: Any) -> Any:
    """A middleware as it is put around whole applications: lets one site read every answer."""

    def middleware(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            allowed = [("Access-Control-Allow-Origin", "http://outer.test"), ("Vary", "Origin")]
            return start_response(status, [*headers, *allowed], *((exc_info,) if exc_info else ()))

        result: Iterable[bytes] = app(environ, start)
        return result

    return middleware


plain = Application()
application = DebuggedApplication(plain)
outer_cors = with_cors(application)
with_console = DebuggedApplication(plain, console_path="/console")
validated = validator(DebuggedApplication(validator(plain)))
patient = DebuggedApplication(plain, limits=Limits(repr_seconds=60))


def patient_with_slow(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    app = patient if environ["PATH_INFO"] == "/slow" else application
    return app(environ, start_response)
