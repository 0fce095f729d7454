"""The servers that the debugger is tried on, and a browser without a window."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from process_support import TIMEOUT, Process

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PIN = r"Debugger PIN: (\d{3}-\d{3}-\d{3})"
MOUNT = "/__debugkit__"


@dataclass(frozen=True)
class Kind:
    """A server: what it is started with, and what it does with an answer that breaks off."""

    name: str
    command: tuple[str, ...]
    #: Keeps a connection for the next request.
    keeps_alive: bool = True
    #: Frames an answer of unknown length, so that its end can be told from a connection that broke.
    chunks: bool = True
    #: Has a thread for *Stop* while a command runs.
    threads: bool = True
    #: The path below which it has the application.
    prefix: str = ""
    #: Modules without which it is skipped.
    needs: tuple[str, ...] = ()

    def arguments(self, target: str) -> list[str]:
        return [part.replace("TARGET", target) for part in self.command]


UWSGI = [
    *("--http-socket=127.0.0.1:0", "--module=TARGET", "--need-app", "--single-interpreter"),
    *("--master", "--processes=1", "--enable-threads", "--die-on-term"),
]
UWSGI_SOCKET = ["--socket=127.0.0.1:0", *UWSGI[1:], "--threads=4"]
GUNICORN = ("-m", "gunicorn", "--bind=127.0.0.1:0", "--access-logfile=/dev/stderr", "--graceful-timeout=1")

KINDS = (
    Kind("debugkit", ("-m", "debugkit", "run", "--port", "0", "TARGET")),
    Kind("waitress", ("-m", "waitress", "--listen=127.0.0.1:0", "TARGET"), needs=("waitress",)),
    Kind("gunicorn", (*GUNICORN, "TARGET"), keeps_alive=False, threads=False, needs=("gunicorn",)),
    Kind("gthread", (*GUNICORN, "--worker-class=gthread", "--threads=4", "TARGET"), needs=("gunicorn",)),
    Kind(
        "uwsgi",
        ("-c", f"import pyuwsgi; pyuwsgi.run({UWSGI!r})"),
        keeps_alive=False,
        chunks=False,
        threads=False,
        needs=("pyuwsgi",),
    ),
    Kind("werkzeug", ("serve.py", "werkzeug", "TARGET"), needs=("werkzeug",)),
    Kind("wsgiref", ("serve.py", "wsgiref", "TARGET"), keeps_alive=False, chunks=False, threads=False),
)
#: Servers that are tried with commands alone.
FURTHER = (
    Kind("cheroot", ("serve.py", "cheroot", "TARGET"), needs=("cheroot",)),
    Kind("cherrypy", ("serve.py", "cherrypy", "TARGET"), needs=("cherrypy",)),
    Kind("a2wsgi", ("serve.py", "a2wsgi", "TARGET"), needs=("a2wsgi", "uvicorn")),
    Kind("mount", ("serve.py", "mount", "TARGET"), prefix="/shop", needs=("a2wsgi", "starlette", "uvicorn")),
    Kind("uwsgi threads", ("-c", f"import pyuwsgi; pyuwsgi.run({[*UWSGI, '--threads=4']!r})"), needs=("pyuwsgi",)),
)
#: Those that serve each request in a greenlet. Patched before the debugger is imported, after that, or not at all.
GREEN = (
    Kind("gunicorn gevent", (*GUNICORN, "--worker-class=gevent", "TARGET")),
    Kind("gevent", ("serve.py", "gevent", "TARGET")),
    Kind("gevent late", ("serve.py", "gevent-late", "TARGET")),
    Kind("eventlet", ("serve.py", "eventlet", "TARGET")),
    Kind("eventlet late", ("serve.py", "eventlet-late", "TARGET")),
)
#: What stands behind nginx.
GTHREAD = KINDS[3]
BEHIND_UWSGI_PASS = Kind("uwsgi", ("-c", f"import pyuwsgi; pyuwsgi.run({UWSGI_SOCKET!r})"))
TWO_WORKERS = Kind("two workers", (*GUNICORN, "--workers=2", "TARGET"), keeps_alive=False)

#: How these servers say that they listen.
LISTENING = r"(?:http://|TCP address )127\.0\.0\.1:(\d+)"


class Server(Process):
    """A server process, and what it prints to stderr."""

    def __init__(self, kind: Kind, target: str, state: Path, **environ: str) -> None:
        super().__init__([sys.executable, *kind.arguments(target)], cwd=HERE, env=child_environ(state) | environ)
        self.kind = kind
        try:
            self.port = int(self.wait_for(LISTENING)[1])
        except BaseException:
            self.kill_all()
            raise

    def browser(self) -> Browser:
        return Browser(self, prefix=self.kind.prefix)


def child_environ(state: Path) -> dict[str, str]:
    """An environment in which a process finds this checkout and the applications here."""
    own = {name: text for name, text in os.environ.items() if not name.startswith(("DEBUGKIT_", "WERKZEUG_"))}
    return own | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "DEBUGKIT_STATE_DIR": str(state),
        "XDG_RUNTIME_DIR": str(state),
    }


@contextmanager
def serving(kind: Kind, state: Path, target: str = "apps:application", **environ: str) -> Iterator[Server]:
    for module in kind.needs:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    with Server(kind, target, state, **environ) as server:
        yield server


@dataclass
class Answer:
    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Browser:
    """Makes requests as a browser on this computer would, each on a connection of its own; keeps cookies."""

    server: Server
    cookies: dict[str, str] = field(default_factory=dict)
    #: The other half of the session, for what runs code.
    key: str = ""
    #: How it calls this computer.
    name: str = "127.0.0.1"
    #: What it says of where its requests come from: not all do.
    fetch_site: str = ""
    #: Stands before every path.
    prefix: str = ""

    def connection(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.server.port, timeout=TIMEOUT)

    def open(self, connection: HTTPConnection, path: str, method: str = "GET", **more: Any) -> HTTPResponse:
        """The response, with nothing read of its body. ``headers`` are added to those of a browser."""
        headers = {"Accept": CHROME, "Host": f"{self.name}:{self.server.port}"} | more.get("headers", {})
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, self.prefix + path, more.get("body"), headers)
        response = connection.getresponse()
        for cookie in response.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response

    def __call__(self, path: str, method: str = "GET", **more: Any) -> Answer:
        connection = self.connection()
        try:
            response = self.open(connection, path, method, **more)
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def _own(self, path: str, data: object) -> dict[str, Any]:
        """A request as the page's script makes it."""
        key = self.key if path.endswith(("/evaluate", "/interrupt", "/replay")) or "/results/" in path else ""
        origin = f"http://{self.name}:{self.server.port}"
        headers = {"Content-Type": "application/json", "Accept": "*/*", "X-Debugkit": key or "1", "Origin": origin}
        if self.fetch_site:
            headers["Sec-Fetch-Site"] = self.fetch_site
        return {"body": json.dumps(data).encode(), "headers": headers}

    def post(self, path: str, data: object) -> Answer:
        return self(f"{MOUNT}/{path}", "POST", **self._own(path, data))

    def error(self, path: str = "/fails", **more: Any) -> str:
        """Make the application fail, and return the id of the error."""
        answer = self(path, **more)
        assert answer.status == 500, answer
        return answer.headers["X-Debugkit-Traceback"].rpartition("/")[2]

    def pin(self) -> str:
        """The PIN as the terminal shows it, once something has failed."""
        return self.server.wait_for(PIN)[1]

    def unlock(self) -> Browser:
        answer = self.post("unlock", {"pin": self.pin()})
        assert (answer.status, answer.json["unlocked"]) == (200, True), answer
        self.key = answer.json["key"]
        return self

    def problem(self, error: str) -> dict[str, Any]:
        """The error as JSON."""
        problem: dict[str, Any] = self(f"{MOUNT}/tracebacks/{error}.json").json
        return problem

    def frames(self, error: str) -> list[dict[str, Any]]:
        frames: list[dict[str, Any]] = self.problem(error)["exceptions"][0]["frames"]
        return frames

    def frame_id(self, error: str, name: str) -> str:
        """The id of the innermost frame called ``name``."""
        return str([frame for frame in self.frames(error) if frame["name"] == name][-1]["id"])

    @contextmanager
    def stream(self, path: str, source: str) -> Iterator[Iterator[dict[str, Any]]]:
        """The events of a command, as they come."""
        with closing(self.connection()) as connection:
            response = self.open(connection, f"{MOUNT}/{path}", "POST", **self._own(path, {"source": source}))
            with closing(response):  # a connection that is not kept belongs to it by now
                assert response.status == 200, response.read()
                events = (json.loads(line) for line in iter(response.readline, b"") if line.strip())
                yield (event for event in events if event["kind"] != "command")  # its colours

    def evaluate(self, frame: str, source: str) -> list[dict[str, Any]]:
        with self.stream(f"frames/{frame}/evaluate", source) as events:
            return list(events)

    def value(self, frame: str, source: str) -> str:
        """The text of a command's value."""
        events = self.evaluate(frame, source)
        values = [event["text"] for event in events if event["kind"] == "value"]
        assert len(values) == 1, events
        return str(values[0])


@contextmanager
def signal_port() -> Iterator[Signal]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(TIMEOUT)
        yield Signal(listener)


@dataclass
class Signal:
    """What `apps.wait_for` waits for."""

    listener: socket.socket

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    def release(self) -> None:
        connection, _ = self.listener.accept()
        with connection:
            connection.sendall(b"!")
