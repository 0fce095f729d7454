"""Servers without debugger and reloader: alone and without access log, or with a framework, as their commands do."""

from __future__ import annotations

from harness.peers import MANAGE, UVICORN, Peer
from harness.projects import Project, django

#: Says hello; takes what is sent to it; sends as many bytes as the query says, made or from a file.
WSGI = """
import os
from pathlib import Path
BLOCK = 65_536

def app(environ, start_response):
    text = [("Content-Type", "text/plain")]
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    if environ["REQUEST_METHOD"] == "POST":
        left = size = int(environ["CONTENT_LENGTH"])
        while left and (data := environ["wsgi.input"].read(min(left, BLOCK))):
            left -= len(data)
        start_response("200 OK", text)
        return [b"%d" % (size - left)]
    if path == "/made":
        start_response("200 OK", [*text, ("Content-Length", query)])
        return made(int(query))
    if path == "/file":
        file = Path(os.environ["BENCHMARK_FILE"]).open("rb")
        start_response("200 OK", [*text, ("Content-Length", query)])
        wrap = environ.get("wsgi.file_wrapper")
        return wrap(file, BLOCK) if wrap else iter(lambda: file.read(BLOCK), b"")
    start_response("200 OK", text)
    return [b"Hello, world."]

def made(size):
    block = bytes(BLOCK)
    while size:
        yield block[: min(size, BLOCK)]
        size -= min(size, BLOCK)
"""
ASGI = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"13")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"Hello, world."})
"""
FLASK = """
from flask import Flask
app = Flask(__name__)
app.add_url_rule("/", "index", lambda: "Hello, world.")
"""
VIEWS = """
from django.http import HttpResponse

def index(request):
    return HttpResponse("Hello, world.", content_type="text/plain")
"""
#: Its log cannot be switched off: lines are made, and go nowhere. Those of the others are not written either.
DEBUGKIT = """
import io, sys
from app import app
from debugkit.serving.log import Log
from debugkit.serving.server import make_server

class Nowhere(io.TextIOBase):
    def write(self, text):
        return len(text)

make_server("127.0.0.1", int(sys.argv[1]), app, log=Log(Nowhere(), environ={})).serve_forever()
"""
WERKZEUG = """
import logging, sys
from app import app
from werkzeug.serving import make_server
logging.disable(logging.CRITICAL)
make_server("127.0.0.1", int(sys.argv[1]), app, threaded=True).serve_forever()
"""

HELLO = Project("server alone", {"wsgi": lambda: {"app.py": WSGI}})
SERVERS = (
    Peer("debugkit", "wsgi", "serve.py {port}", (), {"serve.py": DEBUGKIT}),
    Peer("Werkzeug", "wsgi", "serve.py {port}", ("werkzeug",), {"serve.py": WERKZEUG}),
    Peer("waitress", "wsgi", "-m waitress --threads=16 --listen=127.0.0.1:{port} app:app", ("waitress",)),
    Peer(
        "gunicorn gthread",
        "wsgi",
        "-m gunicorn -k gthread --threads 16 --log-level critical -b 127.0.0.1:{port} app:app",
        ("gunicorn",),
    ),
    Peer("cheroot", "wsgi", "-m cheroot --threads 16 --bind 127.0.0.1:{port} app:app", ("cheroot",)),
)

RUN = "-m debugkit run app.py --no-reload --no-debugger --port {port}"
PLUS = MANAGE.format(command="runserver_plus --noreload")
#: With the log of requests, since not all can do without.
TYPED = (
    (
        Project("Flask", {"flask": lambda: {"app.py": FLASK}}, needs=("flask",)),
        (
            Peer("debugkit", "flask", RUN),
            Peer("flask run", "flask", "-m flask run --no-debugger --no-reload --port {port}"),
        ),
    ),
    (
        Project("Django", {"django": lambda: django(VIEWS)}, needs=("django", "sqlparse")),
        (
            Peer("debugkit, runserver_plus", "django", PLUS, variables={"BENCHMARK_APPS": "debugkit.django"}),
            Peer("Django runserver", "django", MANAGE.format(command="runserver --noreload")),
            Peer(
                "django-extensions",
                "django",
                PLUS,
                ("django_extensions", "werkzeug"),
                variables={"BENCHMARK_APPS": "django_extensions"},
            ),
        ),
    ),
    (
        Project("ASGI", {"asgi": lambda: {"app.py": ASGI}}, needs=("uvicorn",)),
        (
            Peer("debugkit, with uvicorn", "asgi", RUN),
            Peer("uvicorn", "asgi", UVICORN.replace("--log-level warning ", "")),
        ),
    ),
)
