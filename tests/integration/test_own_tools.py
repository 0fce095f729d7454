"""The frameworks' own tools with debugkit in them: ``flask debugkit``, ``pserve``, and Pyramid's ``includes``."""

from __future__ import annotations

import inspect
import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from framework_apps import imported
from integration.processes import Browser
from integration.test_first_minute import FLASK, page_of
from reload_support import project
from serving_support import Program, Running, running

from debugkit import ConfigurationError, DebuggedApplication
from debugkit.paste import DEBUGGER, filter_app_factory, server_runner

# flask debugkit

COMMAND = ("-m", "flask", "debugkit", "--port", "0")


@pytest.mark.skipif(os.name != "posix", reason="workers inherit their sockets")
def test_flask_debugkit_serves_with_page_and_reloader(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TEA=env\n")
    text = f"import os\n{FLASK}\n@app.get('/tea')\ndef tea():\n    return os.environ['TEA']\n"
    with project(tmp_path, text, python=COMMAND) as served:
        assert "KeyError: 'black'" in page_of(served.get("/fail"))
        assert "your application at" in served.terminal
        assert served.save(text.replace("'hello'", "'changed'")) == " * Reloaded"
        assert served.text == "changed"
        assert served.get("/tea").body == b"env"
        served.save("TEA=new\n", ".env")
        assert served.get("/tea").body == b"new"
        served.save("def (")
        assert "SyntaxError" in page_of(served.get("/"))


def test_flask_debugkit_takes_what_flask_run_takes(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(FLASK)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = ("-m", "flask", "--app", "shop", "debugkit", "--no-debug", "--cert", "adhoc")
    with Program(python=command, cwd=tmp_path, FLASK_RUN_PORT=port) as process:
        assert process.read_until(r"https://127\.0\.0\.1:(\d+)/")[1] == port
        process.read_until("Press Ctrl")
        assert "serves shop at" in process.log
        assert "PIN" not in process.log
        assert process.end(signal.SIGTERM) == 128 + signal.SIGTERM


def test_flask_debugkit_says_what_cannot_work_as_flasks_commands_do(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(FLASK)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = ("-m", "flask", "debugkit", "--port", str(taken.getsockname()[1]))
        with Program(python=command, cwd=tmp_path) as process:
            assert process.wait() == 1
            assert re.fullmatch(r"Error: Port \d+ is in use on 127\.0\.0\.1.*\n", process.stderr.rest())


def test_every_option_of_flask_run_has_a_meaning() -> None:
    from flask.cli import run_command

    from debugkit.flask import command, serve

    assert command.params == run_command.params
    options = {option.name for option in run_command.params if option.expose_value}
    assert options == inspect.signature(serve).parameters.keys() - {"_"}


# PasteDeploy

APP = """
def app(global_conf, **settings):
    def serve(environ, start_response):
        cups = {"green": 2}
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"one"] if environ["PATH_INFO"] == "/" else [cups["black"]]
    return serve
"""
INI = """
[pipeline:main]
pipeline = debugger shop

[filter:debugger]
use = egg:debugkit
mount = /why
trusted_hosts =
    dev.test
    tea.test

[app:shop]
paste.app_factory = app:app

[server:main]
use = egg:debugkit
port = 0
use_reloader = true
"""


@pytest.mark.skipif(os.name != "posix", reason="workers inherit their sockets")
def test_pserve_serves_with_filter_server_and_reloader(tmp_path: Path) -> None:
    (tmp_path / "development.ini").write_text(INI)
    command = ("-W", "ignore", "-m", "pyramid.scripts.pserve", "development.ini")
    with project(tmp_path, APP, python=command, PYTHONPATH=os.pathsep.join([str(tmp_path), *PATHS])) as served:
        assert served.text == "one"
        reply = served.get("/fail", "Host: tea.test")
        assert "KeyError: 'black'" in page_of(reply)
        assert (reply.header("X-Debugkit-Traceback") or "").startswith("/why/tracebacks/")
        served.save(APP.replace('b"one"', 'b"two"'))
        assert served.text == "two"


PATHS = [str(Path(__file__).parents[2])]


def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b"ok"]


def test_texts_of_a_section_become_what_they_mean(tmp_path: Path) -> None:
    made = filter_app_factory(
        app, {}, evalex="no", redact="tea, cup", session_lifetime="60", state_dir=str(tmp_path), pin="123-456"
    )
    settings = made.settings
    assert (settings.evalex, settings.redact, settings.session_lifetime) == (False, ("tea", "cup"), 60.0)
    assert (settings.state_dir, settings.pin) == (tmp_path, "123-456")


def test_every_setting_that_a_text_can_tell_is_there() -> None:
    keywords = inspect.signature(DebuggedApplication).parameters.keys()
    assert keywords - DEBUGGER.keys() == {"app", "request_key", "console_init_func", "limits"}


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ({"evelex": "no"}, "There is no setting evelex; did you mean evalex?"),
        ({"tea": "1"}, "There is no setting tea; the settings are evalex, console_path, "),
        ({"evalex": "maybe"}, "Invalid value for evalex: 'maybe'"),
        ({"mount": "why"}, "Invalid value for mount: 'why'"),
    ],
    ids=str,
)
def test_a_key_or_a_text_that_means_nothing_is_refused(texts: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        filter_app_factory(app, {}, **texts)
    assert caught.value.explanation.startswith(sentence)


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ({"listen": "*:6543"}, "There is no setting listen; the settings are host, port, "),
        ({"port": "http"}, "Invalid value for port: 'http'"),
        ({"key": "tea.key"}, "key requires cert"),
    ],
    ids=str,
)
def test_a_server_that_cannot_be_is_one_sentence(
    texts: dict[str, str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        server_runner(app, {}, **texts)
    assert caught.value.code == 1
    assert capsys.readouterr().err.startswith(f"debugkit: {sentence}")


def test_the_class_itself_as_a_filter_says_what_to_write() -> None:
    with pytest.raises(ConfigurationError, match="use = egg:debugkit"):
        DebuggedApplication(app, {"here": "/srv", "__file__": "/srv/development.ini"})  # type: ignore[arg-type]


# Pyramid


class Closed(Exception):
    pass


def view(request: Any) -> Any:
    if request.matchdict["name"] == "closed":
        raise Closed("for today")
    cups = {"green": 2}
    return imported("pyramid.response").Response(str(cups[request.matchdict["name"]]))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A Pyramid application that includes the debugger by a line of its settings, under a server that has none."""
    Configurator, Response = imported("pyramid.config").Configurator, imported("pyramid.response").Response

    settings = {
        "pyramid.includes": "debugkit.pyramid",
        "debugkit.trusted_hosts": "tea.test",
        "debugkit.state_dir": str(tmp_path_factory.mktemp("state")),
        "debugkit.pin_security": False,
    }
    with Configurator(settings=settings) as config:
        config.add_route("tea", "/tea/{name}")
        config.add_view(view, route_name="tea")
        config.add_exception_view(lambda error, request: Response("closed", status=503), context=Closed)
    with running(config.make_wsgi_app()) as server:
        yield server


def test_a_pyramid_application_includes_the_debugger(shop: Running) -> None:
    assert shop.get("/tea/green").body == b"2"
    text = page_of(shop.get("/tea/black", "Accept: application/json"))
    assert "KeyError" in text
    assert "/tea/{name}" in text  # the route, which only Pyramid knows
    assert "KeyError" in page_of(shop.get("/tea/black", "Host: tea.test"))
    assert shop.get("/__debugkit__/tracebacks").status == 200


def test_what_an_exception_view_or_pyramid_answers_stays(shop: Running) -> None:
    reply = shop.get("/tea/closed")
    assert (reply.status, reply.body) == (503, b"closed")
    assert shop.get("/nothing").status == 404


def test_the_console_of_an_included_debugger_has_the_request(shop: Running) -> None:
    server: Any = shop
    browser = Browser(server)
    frame = browser.frame_id(browser.error("/tea/black?pot=1"), "view")
    source = "import pyramid.threadlocal as t; (t.get_current_request().params['pot'], cups)"
    assert browser.value(frame, source) == "('1', {'green': 2})"


def test_a_setting_of_an_included_debugger_that_cannot_be_is_refused() -> None:
    config = imported("pyramid.config").Configurator(settings={"debugkit.trusted_host": "tea.test"})
    config.include("debugkit.pyramid")
    with pytest.raises(ConfigurationError, match=r"There is no setting debugkit\.trusted_host; did you mean debugkit"):
        config.make_wsgi_app()
