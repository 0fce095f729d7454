"""A real server for tests, in this process or its own, and a client that sends bytes as they are."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from wsgiref.validate import validator

from process_support import TIMEOUT, Process

from debugkit.serving.log import Log
from debugkit.serving.server import Server, make_server

ROOT = Path(__file__).parents[2]


class Stream(io.StringIO):
    """What a server logs, and a way to wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self._grown = threading.Condition()

    def write(self, text: str) -> int:
        with self._grown:
            size = super().write(text)
            self._grown.notify_all()
        return size

    def wait_for(self, text: str) -> str:
        with self._grown:
            assert self._grown.wait_for(lambda: text in self.getvalue(), TIMEOUT), self.getvalue()
        return self.getvalue()


@dataclass
class Reply:
    """One answer, taken apart. ``complete`` is False when the connection ended before the body did."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    complete: bool = True
    version: str = "HTTP/1.1"

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return values[0] if values else None


class Client:
    """A connection of its own. Reads answers with no more knowledge of HTTP than framing."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.sock = socket.create_connection((host, port), timeout=TIMEOUT)
        self.buffer = b""
        self.ended = False

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.sock.close()

    def send(self, data: bytes) -> Client:
        self.sock.sendall(data)
        return self

    def get(self, path: str, *headers: str, version: str = "1.1") -> Reply:
        return self.send(request(f"GET {path} HTTP/{version}", *headers)).reply()

    def more(self) -> bool:
        """Read once. False at the end of the stream."""
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            self.ended = True
            raise
        self.buffer += data
        self.ended = self.ended or not data
        return bool(data)

    def read_until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            assert self.more(), f"the stream ended before {mark!r}: {self.buffer!r}"
        found, _, self.buffer = self.buffer.partition(mark)
        return found + mark

    def rest(self) -> bytes:
        """Everything until the server hangs up."""
        while self.more():
            pass
        found, self.buffer = self.buffer, b""
        return found

    def reply(self, *, head_only: bool = False) -> Reply:
        lines = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, _ = lines[0].split(" ", 2)
        headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:-2])]
        reply = Reply(int(status), headers, b"", version=version)
        if not head_only and reply.status not in (204, 304):
            self._read_body(reply)
        return reply

    def _read_body(self, reply: Reply) -> None:
        length = reply.header("Content-Length")
        if reply.header("Transfer-Encoding") == "chunked":
            self._read_chunks(reply)
        elif length is not None:
            reply.body = self._take(int(length), reply)
        else:
            try:
                reply.body = self.rest()
            except ConnectionResetError:
                reply.complete = False

    def _read_chunks(self, reply: Reply) -> None:
        while True:
            while b"\r\n" not in self.buffer:
                if not self.more():
                    reply.complete = False
                    return
            size = int(self.read_until(b"\r\n"), 16)
            chunk = self._take(size + 2, reply)
            reply.body += chunk[:size]
            if not size or not reply.complete:
                return

    def _take(self, size: int, reply: Reply) -> bytes:
        while len(self.buffer) < size:
            if not self.more():
                reply.complete = False
                break
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    """A request as bytes; ``Host`` is added when none is given."""
    lines = [line, *headers]
    if not any(header.lower().startswith("host:") for header in headers):
        lines.append("Host: localhost")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@dataclass
class Running:
    server: Server
    stream: Stream

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def log(self) -> str:
        return self.stream.getvalue()

    def client(self) -> Client:
        return Client(self.port)

    def get(self, path: str = "/", *headers: str) -> Reply:
        with self.client() as client:
            return client.get(path, *headers)

    def send(self, data: bytes) -> Reply:
        with self.client() as client:
            return client.send(data).reply()


@contextmanager
def running(app: Any, *, check: bool = True, **options: Any) -> Iterator[Running]:
    """``app`` on a free port, between two validators of PEP 3333 unless ``check`` is off."""
    stream = Stream()
    log = Log(stream, environ={})
    with make_server("127.0.0.1", 0, validator(app) if check else app, log=log, **options) as server:
        yield Running(server, stream)


def application(
    body: Iterable[bytes] | Callable[[dict[str, Any]], Iterable[bytes]],
    *headers: tuple[str, str],
    status: str = "200 OK",
) -> Any:
    """An application that answers ``body``, or what ``body(environ)`` returns."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        result = body(environ) if callable(body) else body
        start_response(status, [("Content-Type", "text/plain"), *headers] if status[:3] not in ("204", "304") else [])
        return result

    return app


class Program(Process):
    """``python -m debugkit``, or another program, in a process of its own that finds this checkout."""

    def __init__(
        self,
        *arguments: str,
        cwd: Path = ROOT,
        python: tuple[str, ...] = ("-m", "debugkit"),
        stdin: int = subprocess.DEVNULL,
        stderr: int | None = None,
        interpreter: str = sys.executable,
        **variables: str,
    ) -> None:
        command = [interpreter, "-W", "error", *python, *arguments]
        super().__init__(command, cwd=cwd, env=environ() | variables, stdin=stdin, stderr=stderr)

    def port(self) -> int:
        """Wait until the server listens."""
        port = int(self.read_until(r"https?://\S+:(\d+)/")[1])
        self.read_until(r"Press Ctrl")
        return port


def environ() -> dict[str, str]:
    """The environment for a process that is to find this checkout's debugkit."""
    quick = {"DEBUGKIT_RELOAD_MODE": "cold"}  # preloading for a few saves would cost a test more than it brings
    return {**quick, **os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
