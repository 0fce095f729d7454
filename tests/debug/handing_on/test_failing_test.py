"""The test that is copied, run by pytest in the project: it fails with the exception of the page."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from client import Client

from debugkit import DebuggedApplication
from debugkit.debug.wsgi_applications import layers

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"

#: Fails with requests as a server would have them, and prints the tests. It runs in a process of its own, as a server
#: does: what a module of the project has imported counts.
COPY = """
import json, sys
from asgi_client import ASGIClient
from client import Client
from debugkit.debug.wsgi_applications import asgi_refusal
from debugkit.runner import target
from debugkit.runner.config import take_out_debugger, wrap_in_debugger

def copied(file, path, method="GET", body="", headers=()):
    application = wrap_in_debugger(take_out_debugger(target.load(target.parse(file))))
    headers = {"x-shout": "a'b\\"c\\\\ \\u00e9", "cookie": "theme='dark'"}
    request = {"method": method, "body": body.encode("latin-1")}
    if asgi_refusal(application):
        client = Client(application, validate=False)
        names = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()}
        page = client(path, **request, **names)
    else:
        client = ASGIClient(application)
        page = client(path, headers=headers, **request)
    return client(page.header("X-Debugkit-Traceback") + "/pytest").text

print(json.dumps({name: copied(**request) for name, request in json.load(sys.stdin).items()}))
"""

SHOP, DJANGO = EXAMPLES / "shop", EXAMPLES / "django_project"

#: An application of the examples, a request that fails in it, and its exception.
EXAMPLE: dict[str, tuple[str, str, str]] = {
    "shop": (str(SHOP / "app.py"), "/cart/checkout?x='\"$%C3%A9", "KeyError: 'price'"),
    "flask": (
        str(EXAMPLES / "flask_app.py"),
        "/share?people=0",
        "ZeroDivisionError: integer division or modulo by zero",
    ),
    "fastapi": (str(EXAMPLES / "fastapi_app.py"), "/share?people=0&cake=cheese", "KeyError: 'cheese'"),
    "django": ("teahouse.wsgi", "/tastings/newsletter/", "django.template.exceptions.TemplateSyntaxError: "),
    "django_async": ("teahouse.asgi", "/tastings/labels/", "ImportError: "),
    "plain": (str(EXAMPLES / "plain_wsgi.py"), "/?name=", "IndexError: string index out of range"),
}

#: More applications, with what they raise for a POST.
SOURCES = {
    "form": (
        """
        def app(environ, start_response):
            size = int(environ["CONTENT_LENGTH"])
            raise ValueError(environ["wsgi.input"].read(size), environ["CONTENT_TYPE"], environ["HTTP_X_SHOUT"])
        """,
        r"""ValueError: (b"a='\xff$", 'application/x-www-form-urlencoded', 'a\'b"c\\ é')""",
    ),
    "wrapped": (
        """
        from debugkit import DebuggedApplication
        def make():
            def app(environ, start_response):
                raise ValueError("no tea")
            return app
        application = DebuggedApplication(make())
        """,
        "ValueError: no tea",
    ),
    "raw_asgi": (
        """
        async def app(scope, receive, send):
            if scope["type"] == "http":
                message = await receive()
                raise ValueError(scope["method"], scope["path"], scope["query_string"], message["body"])
        """,
        r"""ValueError: ('POST', '/a b', b'q=1', b"a='\xff$")""",
    ),
    "factory": (
        """
        from flask import Flask, request
        def create_app():
            app = Flask(__name__)
            @app.post("/a b")
            def view():
                raise ValueError(request.get_data(), request.query_string)
            return app
        """,
        r"""ValueError: (b"a='\xff$", b'q=1')""",
    ),
    "in_bottle": (
        """
        from bottle import Bottle, request
        app = Bottle()
        @app.post("/a b")
        def view():
            raise ValueError(request.body.read(), request.query_string)
        """,
        r"""ValueError: (b"a='\xff$", 'q=1')""",
    ),
    "in_falcon": (
        """
        import falcon
        def view(request, response):
            raise ValueError(request.bounded_stream.read(), request.query_string)
        app = falcon.App()
        app.add_sink(view)
        """,
        r"""ValueError: (b"a='\xff$", 'q=1')""",
    ),
    "in_cherrypy": (
        """
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import cherrypy
        class Tea:
            @cherrypy.expose
            def default(self, *path, **fields):
                raise ValueError(cherrypy.request.method, path, fields["q"])
        cherrypy.log.screen = False
        app = cherrypy.Application(Tea(), None, {"/": {"request.body.processors": {}}})
        """,
        "ValueError: ('POST', ('a b',), '1')",
    ),
    "in_pyramid": (
        """
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pyramid.config import Configurator
        def view(request):
            raise ValueError(request.body, request.query_string)
        with Configurator() as config:
            config.add_route("tea", "/a b")
            config.add_view(view, route_name="tea")
            app = config.make_wsgi_app()
        """,
        r"""ValueError: (b"a='\xff$", 'q=1')""",
    ),
}
RAISED = {name: example[2] for name, example in EXAMPLE.items()} | {
    name: raised for name, (_, raised) in SOURCES.items()
}


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each copied test fails with."""
    project, tests = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("tests")
    requests: dict[str, dict[str, Any]] = {name: {"file": row[0], "path": row[1]} for name, row in EXAMPLE.items()}
    for name, (source, _) in SOURCES.items():
        (project / f"{name}.py").write_text(textwrap.dedent(source), "utf-8")
        file = str(project / f"{name}.py")
        requests[name] = {"file": file, "path": "/a b?q=1", "method": "POST", "body": "a='\xff$"}
    folders = [DJANGO, SHOP, EXAMPLES, project]
    output = run(["-c", COPY], [ROOT / "tests" / "support", *folders], DJANGO, json.dumps(requests))
    for name, text in json.loads(output.splitlines()[-1]).items():
        (tests / f"test_{name}.py").write_text(text, "utf-8")
    run(["-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=report.xml", "."], folders, tests)
    report = ElementTree.parse(tests / "report.xml")
    return {
        case.get("classname", "").removeprefix("test_"): failure.get("message", "")
        for case in report.iter("testcase")
        for failure in case.iter("failure")
    }


def run(arguments: list[str], paths: list[Path], folder: Path, given: str = "") -> str:
    environ = {"PYTHONPATH": ":".join(map(str, paths)), "PATH": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=240, cwd=folder, env=environ)
    assert done.returncode in (0, 1), f"{done.stdout}{done.stderr}"
    return done.stdout


# All of them are run at once: by two processes, which import every framework.
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", RAISED)
def test_the_copied_test_fails_with_the_same_exception(failures: dict[str, str], name: str) -> None:
    assert re.match(re.escape(RAISED[name]), failures[name])


SCRIPT = """
from client import Client
from debugkit import DebuggedApplication

def shop(environ, start_response):
    raise ValueError("no tea")

if __name__ == "__main__":
    client = Client(DebuggedApplication(shop, pin_logging=False), validate=False)
    print(client(client("/").header("X-Debugkit-Traceback") + "/pytest").text)
"""


def test_what_runs_as_a_script_is_imported_by_the_name_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "tea_shop.py").write_text(SCRIPT, "utf-8")

    assert "\nfrom tea_shop import shop\n" in run(["tea_shop.py"], [ROOT / "tests" / "support"], tmp_path)


def test_an_application_that_no_module_has_is_left_to_the_reader() -> None:
    def make() -> Any:
        return lambda environ, start_response: {}["tea"]

    client = Client(DebuggedApplication(make(), pin_logging=False), validate=False)
    test = client(f"{client('/').header('X-Debugkit-Traceback')}/pytest").text

    assert "\napplication = None  # import your application here, under this name\n" in test


def test_an_application_that_knows_its_own_middleware_is_looked_at_once() -> None:
    class Application:
        def __init__(self) -> None:
            self.app = DebuggedApplication(self, pin_logging=False)

        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            return {}["tea"]

    application = Application()

    assert list(layers(application)) == [application, application.app]
