"""Development servers that reload: how each is started on a tiny application, what it says, and how it is ended."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: What the servers say of a change.
NOTICED = re.compile(r"detected change|changed|modified", re.IGNORECASE)

WSGI = """
TEXT = b"{text}"
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(TEXT)))])
    return [TEXT]
"""
SCRIPT = (
    WSGI
    + """
if __name__ == "__main__":
    import sys
    from werkzeug import run_simple
    run_simple("127.0.0.1", int(sys.argv[1]), app, use_reloader=True, use_debugger=True, reloader_type=sys.argv[2])
"""
)
FLASK = """
from flask import Flask
app = Flask(__name__)
@app.route("/")
def index():
    return "{text}"
"""
DJANGO = """
import sys
from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
settings.configure(DEBUG=True, ALLOWED_HOSTS=["*"], SECRET_KEY="x", ROOT_URLCONF=__name__)
urlpatterns = [path("", lambda request: HttpResponse("{text}", headers={{"Content-Length": str(len("{text}"))}}))]
if __name__ == "__main__":
    execute_from_command_line(sys.argv)
else:
    app = get_wsgi_application()
"""
ASGI = """
TEXT = b"{text}"
async def app(scope, receive, send):
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(TEXT))]
    await send({{"type": "http.response.start", "status": 200, "headers": headers}})
    await send({{"type": "http.response.body", "body": TEXT}})
"""
FASTAPI = """
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
app = FastAPI()
@app.get("/", response_class=PlainTextResponse)
async def index():
    return "{text}"
"""
#: What many applications import, and never change.
HEAVY = "import pandas, sqlalchemy, django\n"
IMPORTED = ("pandas", "sqlalchemy", "django")
#: A module in the way of watchdog: flask run cannot be told to do without it.
ABSENT = {"watchdog.py": "raise ImportError('hidden by the benchmark')\n"}


@dataclass(frozen=True)
class Peer:
    """A development server. ``{port}`` stands for the port in its arguments to Python, ``{text}`` in ``source``."""

    name: str
    source: str
    arguments: str
    needs: tuple[str, ...] = ()  # modules
    files: dict[str, str] = field(default_factory=dict)  # beside app.py

    @property
    def ours(self) -> bool:
        return self.name.startswith("debugkit")

    @property
    def missing(self) -> list[str]:
        return [name for name in self.needs if importlib.util.find_spec(name) is None]


RUN = "-m debugkit run app.py --port {port}"
UVICORN = "-m uvicorn app:app --reload --port {port}"
PEERS = (
    Peer("debugkit", WSGI, f"{RUN} --reloader-type watchdog", ("watchdog",)),
    Peer("debugkit, started cold", WSGI, f"{RUN} --reload-mode cold"),
    Peer("debugkit, heavy", HEAVY + WSGI, RUN, IMPORTED),
    Peer("debugkit, heavy, started cold", HEAVY + WSGI, f"{RUN} --reload-mode cold", IMPORTED),
    Peer("debugkit, stat", WSGI, f"{RUN} --reloader-type stat"),
    Peer("debugkit, a Flask application", FLASK, RUN, ("flask",)),
    Peer("debugkit, a Django application", DJANGO, RUN, ("django",)),
    Peer("debugkit, an ASGI application", ASGI, RUN, ("uvicorn",)),
    Peer("debugkit, a FastAPI application", FASTAPI, RUN, ("uvicorn", "fastapi")),
    Peer("Werkzeug, stat", SCRIPT, "app.py {port} stat", ("werkzeug",)),
    Peer("Werkzeug, stat, heavy", HEAVY + SCRIPT, "app.py {port} stat", ("werkzeug", *IMPORTED)),
    Peer("Werkzeug, watchdog", SCRIPT, "app.py {port} watchdog", ("werkzeug", "watchdog")),
    Peer("flask run --debug", FLASK, "-m flask run --debug --port {port}", ("flask",)),
    Peer("the same without watchdog", FLASK, "-m flask run --debug --port {port}", ("flask",), ABSENT),
    Peer("Django runserver", DJANGO, "app.py runserver 127.0.0.1:{port}", ("django",)),
    Peer("uvicorn --reload", ASGI, UVICORN, ("uvicorn",)),
    Peer("uvicorn --reload, heavy", HEAVY + ASGI, UVICORN, ("uvicorn", *IMPORTED)),
    Peer("uvicorn --reload, a FastAPI application", FASTAPI, UVICORN, ("uvicorn", "fastapi")),
    Peer("gunicorn --reload", WSGI, "-m gunicorn app:app --reload --bind 127.0.0.1:{port}", ("gunicorn",)),
)
QUICK = ("debugkit", "Werkzeug, stat")


class Terminal(threading.Thread):
    """Reads what a server says, so that it never waits for a reader, and counts the changes that it has noticed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._told = threading.Condition()
        self.noticed = 0
        self.last = ""

    def run(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._told:
                self.last = line.strip() or self.last
                self.noticed += bool(NOTICED.search(line))
                self._told.notify_all()

    def wait_for_more_than(self, noticed: int, timeout: float) -> bool:
        with self._told:
            return self._told.wait_for(lambda: self.noticed > noticed, timeout)


@contextmanager
def server(peer: Peer, port: int, folder: Path) -> Iterator[Terminal]:
    """The peer's server, in a session of its own: some leave their children behind, and those are ended with it."""
    paths = [str(folder), str(ROOT), os.environ.get("PYTHONPATH", "")]
    variables = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONUNBUFFERED": "1"}
    environ = {**os.environ, **variables, "DEBUGKIT_STATE_DIR": str(folder.parent)}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as it is where people work
    process = subprocess.Popen(
        [sys.executable, *(word.format(port=port) for word in peer.arguments.split())],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    terminal = Terminal(process)
    terminal.start()
    try:
        yield terminal
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            end(process, number)
        terminal.join()


def end(process: subprocess.Popen[str], number: int) -> None:
    try:
        os.killpg(process.pid, number)
        process.wait(3)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        pass


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
    return port
