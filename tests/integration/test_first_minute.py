"""What people type first: ``debugkit run app.py`` on an application as its framework's documentation writes it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from integration.processes import Browser
from reload_support import Project, project
from serving_support import Client, Program, Reply

HELLO = "\n\n@app.get('/')\ndef hello():\n    return 'hello'\n"
FLASK = (
    """
from flask import Flask, render_template, request
app = Flask(__name__)

@app.get("/fail")
def fail():
    cups = {"green": 2}
    return str(cups["black"])

@app.post("/form")
def form():
    return request.form["tea"]

@app.get("/page")
def page():
    return render_template("page.html")
"""
    + HELLO
)
RUN = ("-m", "debugkit", "run", "--port", "0")


def page_of(reply: Reply) -> str:
    """The text of the debugger's answer."""
    assert reply.status == 500
    assert reply.header("X-Debugkit-Traceback"), reply.body.decode()
    return reply.body.decode()


def post(served: Project, path: str, body: str) -> Reply:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    with Client(served.port) as client:
        return client.send(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()).reply()


def browser_of(served: Project) -> Browser:
    server: Any = SimpleNamespace(port=served.port, wait_for=served.process.wait_for)
    return Browser(server)


# Flask


def test_a_plain_flask_application_has_the_page_the_link_and_a_console(tmp_path: Path) -> None:
    with project(tmp_path, FLASK) as served:
        text = page_of(served.get("/fail"))
        assert "KeyError: 'black'" in text
        served.says(r" \* Debugger page: http://127\.0\.0\.1:\d+/__debugkit__/tracebacks/")
        assert served.text == "hello"
        browser = browser_of(served).unlock()
        frame = browser.frame_id(browser.error("/fail?pot=1"), "fail")
        assert browser.value(frame, "cups, request.args['pot'], app.debug") == "({'green': 2}, '1', True)"


def test_a_flask_application_explains_a_missing_key_of_a_form_and_reads_templates_again(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text("old")
    with project(tmp_path, FLASK) as served:
        assert "KeyError: 'tea'" in page_of(post(served, "/form", "cups=2"))
        assert post(served, "/form", "tea=green").body == b"green"
        assert served.get("/page").body == b"old"
        served.write("new and longer", "templates/page.html")
        assert served.get("/page").body == b"new and longer"


def test_a_bare_call_of_app_run_in_the_module_is_ignored(tmp_path: Path) -> None:
    with project(tmp_path, f"{FLASK}\napp.run(debug=True, port=1)\n") as served:
        assert served.text == "hello"


def test_the_users_own_flask_debug_wins(tmp_path: Path) -> None:
    with project(tmp_path, FLASK, FLASK_DEBUG="0") as served:
        reply = post(served, "/form", "cups=2")
        assert (reply.status, reply.header("X-Debugkit-Traceback")) == (400, None)
        page_of(served.get("/fail"))


def test_without_the_debugger_flask_answers_as_it_does_in_production(tmp_path: Path) -> None:
    with project(tmp_path, FLASK, "--no-debugger") as served:
        assert b"The server encountered an internal error" in served.get("/fail").body


#: The others are read like those of the command line, for which tests/runner/test_target.py tries them all.
FORMS = [
    ("app.py:create_app('dev')", "def create_app(kind): return made(kind)"),
    ("app", "site = app\ndel app"),
]


@pytest.mark.parametrize(("form", "more"), FORMS)
def test_flask_app_names_the_application(tmp_path: Path, form: str, more: str) -> None:
    text = f"{FLASK}\nbuilt = app\ndef made(kind):\n    assert kind == 'dev'\n    return built\n"
    with project(tmp_path, text + more, python=RUN, FLASK_APP=form) as served:
        assert served.text == "hello"
        page_of(served.get("/fail"))


def test_a_module_without_an_application_lists_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("from flask import Flask, g, request, session\ndef build(config): ...\n")
    with Program(cwd=tmp_path, python=(*RUN, "app.py")) as process:
        assert process.wait() == 1
        assert "make_app; it has build.\n" in process.stderr.rest()


def test_a_flask_application_in_a_package_is_found_by_the_path_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "src" / "shop").mkdir(parents=True)
    (tmp_path / "src" / "shop" / "__init__.py").touch()
    (tmp_path / "src" / "shop" / "words.py").write_text("WORD = 'green'")
    text = f"{FLASK}\nfrom .words import WORD\n@app.get('/word')\ndef word():\n    return WORD\n"
    (tmp_path / "src" / "shop" / "web.py").write_text(text)
    with project(tmp_path, "", python=(*RUN, "src/shop/web.py")) as served:
        assert served.get("/word").body == b"green"
        served.save("WORD = 'black tea'", "src/shop/words.py")
        assert served.get("/word").body == b"black tea"


# What was WSGI, and is ASGI now


def test_an_application_that_becomes_asgi_is_served_as_such(tmp_path: Path) -> None:
    text = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": scope["path"].encode()})
"""
    with project(tmp_path, FLASK) as served:
        served.save(text)
        assert served.get("/tea").body == b"/tea"
        served.save(FLASK)
        assert served.text == "hello"


# The environment


def test_env_files_are_read_and_the_users_environment_wins(tmp_path: Path) -> None:
    (tmp_path / ".flaskenv").write_text("FLASK_APP=tea.py\nTEA=flaskenv\nCUPS=two\n")
    (tmp_path / ".env").write_text("TEA=env\nPOT=file\nFLASK_DEBUG=0\n")
    text = f"import os\n{FLASK}\n@app.get('/env')\ndef env():\n    return ' '.join(map(os.environ.get, NAMES))\n"
    (tmp_path / "tea.py").write_text(f"NAMES = 'TEA', 'CUPS', 'POT', 'FLASK_DEBUG'\n{text}")
    with project(tmp_path, "raise SystemExit('not this one')", python=RUN, POT="mine") as served:
        assert served.get("/env").body == b"env two mine 0"
        served.save("TEA=new\n", ".env")
        assert served.get("/env").body == b"new two mine 1"


def test_env_files_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FLASK_DEBUG=0\nFLASK_APP=other.py\n")
    with project(tmp_path, FLASK, python=RUN, FLASK_SKIP_DOTENV="1") as served:
        page_of(served.get("/fail"))
