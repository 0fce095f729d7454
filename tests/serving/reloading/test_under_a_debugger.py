"""Programs with a reloader that an editor debugs: the real debugpy, and a client that speaks its protocol."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dap import PATIENT, Editor
from django_support import write_project
from process_support import TIMEOUT, gone
from serving_support import Client, Program, environ

pytestmark = pytest.mark.skipif(os.name != "posix", reason="workers inherit their sockets")

APP = """\
from debugkit import run_simple
def app(environ, start_response):
    word = "one"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [word.encode()]
if __name__ == "__main__":
    run_simple("127.0.0.1", 0, app, use_reloader=True)
"""
LINE = 4
#: What an editor's settings say of a program (launch.json), by the way it is started; below it starts a script too.
LAUNCHES = {
    "module": {"module": "app"},
    "debugkit-run": {"module": "debugkit", "args": ["run", "app.py", "--port", "0"]},
}


@contextmanager
def asked(port: int) -> Iterator[list[str]]:
    """A request that goes on meanwhile; its answer in the end."""
    answers: list[str] = []

    def ask() -> None:
        with Client(port) as client:
            answers.append(client.get("/").body.decode())

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    yield answers
    thread.join(TIMEOUT)


def stops_at(editor: Editor, port: int, path: Path, line: int, word: str) -> bool:
    """Whether a request stops at the line, with the value that the variable ``word`` has there, and is answered."""
    with asked(port) as answers:
        where, at, values = editor.stopped()
    return (where, at, values["word"], answers) == (str(path), line, repr(word), [word])


@pytest.mark.parametrize("how", LAUNCHES.values(), ids=LAUNCHES.keys())
def test_a_program_started_by_an_editor_stops_at_breakpoints_before_and_after_a_reload(
    tmp_path: Path, how: dict[str, str | list[str]]
) -> None:
    path = tmp_path / "app.py"
    path.write_text(APP)
    with Editor({str(path): [LINE]}) as editor:
        session = editor.launch(tmp_path, environ(), **how)
        port = int(editor.wait_for(r"http://127\.0\.0\.1:(\d+)/\n")[1])
        editor.wait_for("Reloading with")
        assert stops_at(editor, port, path, LINE, "one")
        path.write_text(APP.replace('"one"', '"two"'))
        editor.wait_for(r"\* Reloaded in")
        assert stops_at(editor, port, path, LINE, "two")
        session.ask("disconnect", terminateDebuggee=True)
        assert all(gone(number) for number in editor.processes)


def test_a_save_waits_until_the_program_goes_on_from_a_breakpoint(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    path.write_text(APP)
    with Editor({str(path): [LINE]}) as editor:
        editor.launch(tmp_path, environ(), program=str(path))
        port = int(editor.wait_for(r"http://127\.0\.0\.1:(\d+)/\n")[1])
        editor.wait_for("Reloading with")
        assert stops_at(editor, port, path, LINE, "one")
        with asked(port) as answers:
            session, thread = editor.stop()
            path.write_text(APP.replace('"one"', '"two"'))
            editor.wait_for("A debugger prompt is open: reloading when you leave it")
            session.ask("continue", threadId=thread)
        assert answers == ["one"]
        editor.wait_for(r"\* Reloaded in")
        assert stops_at(editor, port, path, LINE, "two")


VIEWS = """\
from django.http import HttpResponse
def page(request):
    word = "one"
    return HttpResponse(word)
"""


def test_django_stops_at_breakpoints_before_and_after_a_reload(tmp_path: Path) -> None:
    urls = "from django.urls import path\nfrom tea import views\nurlpatterns = [path('', views.page)]\n"
    write_project(tmp_path, **{"urls.py": urls, "tea/views.py": VIEWS})
    path = tmp_path / "tea" / "views.py"
    with Editor({str(path): [4]}) as editor:
        words = ["runserver_plus", "127.0.0.1:0"]
        editor.launch(tmp_path, environ(), program=str(tmp_path / "manage.py"), args=words, django=True)
        port = int(editor.wait_for(r"http://127\.0\.0\.1:(\d+)/\n")[1])
        editor.wait_for("Reloading with")
        assert stops_at(editor, port, path, 4, "one")
        path.write_text(VIEWS.replace('"one"', '"two"'))
        editor.wait_for(r"\* Reloaded in")
        assert stops_at(editor, port, path, 4, "two")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def test_a_program_that_an_editor_may_join_serves_before_and_is_followed_after(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    path.write_text(APP)
    place = free_port()
    python = ("-m", "debugpy", "--listen", f"127.0.0.1:{place}", "app.py")
    with Program(python=python, cwd=tmp_path, **PATIENT) as program, Editor({str(path): [LINE]}) as editor:
        port = program.port()
        program.read_until("Reloading with")
        with Client(port) as client:
            assert client.get("/").body == b"one"
        path.write_text(APP.replace('"one"', '"two"'))
        program.read_until(r"\* Reloaded in")
        with Client(port) as client:
            assert client.get("/").body == b"two"
        editor.join(place)
        path.write_text(APP.replace('"one"', '"three"'))
        program.read_until(r"\* Reloaded in")
        assert stops_at(editor, port, path, LINE, "three")
        assert program.end() == 128 + signal.SIGTERM
