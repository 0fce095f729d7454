"""``debugkit run`` on applications of other frameworks, as their documentation writes them, and what the terminal says
of an application that answers its errors itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from integration.test_first_minute import FLASK, RUN, page_of
from process_support import Process
from reload_support import Project, project
from serving_support import TIMEOUT, Client, environ

BY_ITSELF = "The application answered 500 itself: no exception reached the debugger"

BOTTLE = """
from bottle import Bottle, abort, template
app = Bottle()

@app.route("/")
def hello():
    return "hello"

@app.route("/fail")
def fail():
    cups = {"green": 2}
    return str(cups["black"])

@app.route("/page")
def page():
    return template("page.tpl")

@app.route("/refused")
def refused():
    abort(403, "closed")
"""
FALCON = """
import falcon

class Tea:
    def on_get(self, request, response, name):
        if name == "refused":
            raise falcon.HTTPForbidden(title="closed")
        cups = {"green": 2}
        response.text = "hello" if name == "green" else str(cups[name])

app = falcon.App()
app.add_route("/{name}", Tea())
"""
CHERRYPY = """
import cherrypy

class Tea:
    @cherrypy.expose
    def index(self):
        return "hello"

    @cherrypy.expose
    def fail(self):
        cups = {"green": 2}
        return str(cups["black"])

    @cherrypy.expose
    def refused(self):
        raise cherrypy.HTTPError(403, "closed")

application = cherrypy.tree.mount(Tea(), "/tea")
"""
PYRAMID = """
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPForbidden
from pyramid.response import Response

def tea(request):
    cups = {"green": "hello"}
    assert request.registry.settings["reload_templates"]
    return Response(cups[request.params["tea"]])

def refused(request):
    raise HTTPForbidden("closed")

with Configurator() as config:
    config.add_route("tea", "/")
    config.add_view(tea, route_name="tea")
    config.add_route("refused", "/refused")
    config.add_view(refused, route_name="refused")
    app = config.make_wsgi_app()
"""


@pytest.mark.parametrize(
    ("text", "hello", "fail", "refused"),
    [
        pytest.param(BOTTLE, "/", "/fail", "/refused", id="bottle"),
        pytest.param(FALCON, "/green", "/black", "/refused", id="falcon"),
        pytest.param(CHERRYPY, "/tea/", "/tea/fail", "/tea/refused", id="cherrypy"),
        pytest.param(PYRAMID, "/?tea=green", "/?tea=black", "/refused", id="pyramid"),
    ],
)
def test_an_application_has_the_page_for_errors_and_its_own_answers_for_the_rest(
    tmp_path: Path, text: str, hello: str, fail: str, refused: str
) -> None:
    with project(tmp_path, text, python=IGNORANT) as served:
        assert served.get(hello).body == b"hello"
        assert "KeyError: 'black'" in page_of(served.get(fail))
        reply = served.get(refused)
        assert (reply.status, b"closed" in reply.body) == (403, True)
        assert BY_ITSELF not in served.terminal


#: CherryPy and Bottle warn, which is theirs.
IGNORANT = ("-W", "ignore", *RUN, "app.py")


def test_the_first_program_of_bottles_tutorial_is_served_by_us(tmp_path: Path) -> None:
    """It names no application, and its last line starts a server of Bottle's."""
    program = "from bottle import route, run\n@route('/')\ndef hello():\n    return 'hello'\nrun(port=1)\n"
    with project(tmp_path, program, python=IGNORANT) as served:
        assert served.text == "hello"


def test_bottle_reads_its_templates_again(tmp_path: Path) -> None:
    (tmp_path / "views").mkdir()
    (tmp_path / "views" / "page.tpl").write_text("old")
    with project(tmp_path, BOTTLE, python=IGNORANT) as served:
        assert served.get("/page").body == b"old"
        served.write("new and longer", "views/page.tpl")
        assert served.get("/page").body == b"new and longer"


def test_a_falcon_application_keeps_a_handler_of_its_own_for_all_errors(tmp_path: Path) -> None:
    handler = "def own(request, response, error, params):\n    response.status, response.text = 500, 'own'\n"
    with project(tmp_path, f"{FALCON}{handler}app.add_error_handler(Exception, own)") as served:
        assert served.get("/black").body == b"own"
        served.says(rf"^ \* {BY_ITSELF}\.$")
        served.says(r"^       debugkit\.capture\(error\)$")


# Django

URLS = """
from django.http import HttpResponse
from django.urls import path

def fail(request):
    cups = {"green": 2}
    return HttpResponse(cups["black"])

def own(request):
    return HttpResponse("own", status=500)

def page(request):
    from django.shortcuts import render
    return render(request, "page.html")

def hello(request):
    return HttpResponse("hello")

urlpatterns = [path("", hello), path("fail/", fail), path("own/", own), path("page/", page)]
"""


@pytest.fixture(scope="module")
def started_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``django-admin startproject`` makes, with views and a template."""
    folder = tmp_path_factory.mktemp("mysite")
    command = [sys.executable, "-m", "django", "startproject", "mysite", "."]
    subprocess.run(command, cwd=folder, check=True, timeout=TIMEOUT)
    (folder / "mysite" / "urls.py").write_text(URLS)
    settings = folder / "mysite" / "settings.py"
    (folder / "templates").mkdir()
    (folder / "templates" / "page.html").write_text("old")
    settings.write_text(settings.read_text().replace("'DIRS': []", "'DIRS': [BASE_DIR / 'templates']"))
    assert "'templates'" in settings.read_text()
    return folder


@pytest.fixture
def mysite(started_project: Path, tmp_path: Path) -> Path:
    """A folder with a project of this test's own."""
    return Path(shutil.copytree(started_project, tmp_path, dirs_exist_ok=True))


@pytest.mark.parametrize("target", [("mysite/wsgi.py",), ("mysite.wsgi:application",), ()])
def test_a_django_project_has_the_page_of_django_without_a_line_in_its_settings(
    mysite: Path, target: tuple[str, ...]
) -> None:
    with serving(mysite, *target) as served:
        assert served.text == "hello"
        text = page_of(served.get("/fail/?pot=1", "Accept: application/json"))
        assert "mysite.urls.fail" in text  # the view, which only Django knows
        assert "KeyError" in text
        assert BY_ITSELF not in served.terminal
        assert served.get("/static/admin/css/base.css").status == 200


def test_a_django_project_reads_templates_again_and_reloads_its_modules(mysite: Path) -> None:
    with serving(mysite, "mysite.wsgi") as served:
        assert served.get("/page/").body == b"old"
        served.write("new and longer", "templates/page.html")
        served.says(r"templates/page\.html: applied without a restart")
        served.save(URLS.replace('"hello"', '"changed"'), "mysite/urls.py")
        assert served.text == "changed"
        assert served.get("/page/").body == b"new and longer"


def test_with_debug_off_a_django_projects_own_answer_stays_and_is_told_of_once(mysite: Path) -> None:
    settings = mysite / "mysite" / "settings.py"
    off = settings.read_text().replace("DEBUG = True", "DEBUG = False").replace("HOSTS = []", "HOSTS = ['*']")
    settings.write_text(off)
    with serving(mysite, "mysite.wsgi") as served:
        for _ in range(3):
            reply = served.get("/fail/")
            assert (reply.status, reply.header("X-Debugkit-Traceback")) == (500, None)
        assert b"Server Error (500)" in reply.body
        served.says(rf"^ \* {BY_ITSELF}\.$")
        served.says(r"^   Django handles errors itself; this line brings up the page:$")
        served.says(r"^       DEBUG_PROPAGATE_EXCEPTIONS = True  # in the settings$")
        assert served.terminal.count(BY_ITSELF) == 1


def test_an_answer_500_that_a_django_view_wants_is_told_of_and_stays(mysite: Path) -> None:
    with serving(mysite, "mysite.wsgi") as served:
        page_of(served.get("/fail/"))
        assert served.get("/own/").body == b"own"
        served.says(rf"^ \* {BY_ITSELF}\.$")
        served.says(r"^       debugkit\.capture\(error\)$")


def serving(folder: Path, *target: str) -> AbstractContextManager[Project]:
    """The project as it is: its own ``manage.py`` is written once more."""
    return project(folder, (folder / "manage.py").read_text(), python=(*RUN, *target), name="manage.py")


# Answers of the application's own


def test_flask_has_the_page_without_debug_too_and_an_answer_of_its_own_is_told_of_once(tmp_path: Path) -> None:
    text = f"{FLASK}\n@app.get('/busy')\ndef busy():\n    return 'busy', 503\n"
    with project(tmp_path, text, FLASK_DEBUG="0") as served:
        page_of(served.get("/fail"))
        for _ in range(2):
            assert served.get("/busy").body == b"busy"
        served.says(r"^ \* The application answered 503 itself: no exception reached the debugger\.$")
        served.says(r"^       debugkit\.capture\(error\)$")
        assert served.terminal.count("no exception reached") == 1


def test_a_flask_application_that_handles_its_errors_is_told_of_capture(tmp_path: Path) -> None:
    handler = "@app.errorhandler(Exception)\ndef handled(error):\n    return 'sorry', 500\n"
    with project(tmp_path, f"{FLASK}\n{handler}") as served:
        assert served.get("/fail").body == b"sorry"
        served.says(rf"^ \* {BY_ITSELF}\.$")
        served.says(r"^       debugkit\.capture\(error\)$")


def test_an_error_that_was_captured_has_reached_the_debugger(tmp_path: Path) -> None:
    handler = "@app.errorhandler(Exception)\ndef handled(error):\n    return debugkit.capture(error), 500\n"
    with project(tmp_path, f"import debugkit\n{FLASK}\n{handler}") as served:
        address = served.get("/fail").body.decode()
        assert served.get(f"{address}.txt").status == 200
        assert "no exception reached the debugger" not in served.terminal


def test_other_servers_have_the_page_and_tell_of_the_rest_too(tmp_path: Path) -> None:
    busy = "@app.route('/busy')\ndef busy():\n    response.status = 500\n    return 'busy'\n"
    wrapped = f"{BOTTLE}\nfrom bottle import response\n{busy}\nfrom debugkit import DebuggedApplication\n"
    (tmp_path / "app.py").write_text(f"{wrapped}app = DebuggedApplication(app)\n")
    command = [sys.executable, "-m", "waitress", "--listen=127.0.0.1:0", "app:app"]
    with Process(command, cwd=tmp_path, env=environ()) as process:
        with Client(int(process.wait_for(r"http://127\.0\.0\.1:(\d+)")[1])) as client:
            page_of(client.get("/fail"))
            assert client.get("/busy").body == b"busy"
        process.wait_for(rf"(?m)^ \* {BY_ITSELF}\.\n   If it .*\n       debugkit\.capture\(error\)$")


def test_a_page_of_a_start_that_failed_is_no_answer_of_the_application(tmp_path: Path) -> None:
    with project(tmp_path, "1 / 0") as served:
        assert served.get("/").status == 500
        assert served.get("/", "Host: evil.test").status == 500
        assert "no exception reached the debugger" not in served.terminal
