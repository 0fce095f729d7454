"""A test for pytest that sends the request to the application and fails with its exception, until that is mended.

By the framework's own client where there is one, else as PEP 3333 or ASGI have it. The debugger is taken out of the
way: it would answer the exception.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import fields
from importlib.util import find_spec
from typing import NamedTuple

from debugkit.debug.frameworks import known
from debugkit.debug.handing_on.copied_request import CopiedRequest
from debugkit.debug.handing_on.place import Place, ProjectModules, is_debugger
from debugkit.debug.handing_on.python import CodeView, Headers, bytes_literal, code_view, literal
from debugkit.debug.page import rendering
from debugkit.debug.safe import inspection
from debugkit.debug.wsgi_applications import asgi_refusal, layers
from debugkit.frozen import frozen

#: Characters of a test's name that come from the path.
LONGEST_NAME = 60
_WORDS = re.compile(r"[^a-z0-9]+")


#: The others hand the exception to ``start_response``, or raise it.
PREPARED = {
    "CherryPy": ("import cherrypy", "", 'cherrypy.config.update({"request.throw_errors": True})'),
    "Falcon": (
        "def let_out(request, response, error, params):",
        "    raise error",
        "",
        "APP.add_error_handler(Exception, let_out)",
    ),
}


class Target(NamedTuple):
    """What the request is to be sent to. ``place`` is `None` where no module has it under a name."""

    application: object
    framework: str
    place: Place | None


@frozen
class FailingTestView(CodeView):
    """A test as code."""

    test: str
    module: str  # empty where the application is nowhere
    name: str
    expression: str
    debugged: bool  # the debugger is a part of the application itself
    settings: str  # Django's, a literal
    #: Lines by which a framework lets an exception out that it would answer itself.
    prepared: tuple[str, ...]


def failing_test(request: CopiedRequest, application: object) -> str:
    modules = ProjectModules()
    target = find(application, modules)
    template, headers, write = FORMS[_form(target)]
    what = "A request that failed, as a test: it fails with the same exception until that is mended."
    code = code_view(request, what, request.inner_target, headers(request), write)
    place = target.place or Place("", "", "application")
    words = _WORDS.sub("_", f"{request.method} {request.inner_target.partition('?')[0]}".lower())
    view = FailingTestView(
        **{field.name: getattr(code, field.name) for field in fields(code)},
        test=f"test_{words[:LONGEST_NAME].strip('_')}",
        module=place.module,
        name=place.name,
        expression=place.expression,
        debugged=_has_debugger(target, modules),
        settings=literal(_django_settings()),
        prepared=tuple(line.replace("APP", place.expression) for line in PREPARED.get(target.framework, ())),
    )
    return rendering.text(template, view)


def find(application: object, modules: ProjectModules) -> Target:
    """The application of a known framework, else the outermost one that a module of the project has."""
    all_layers = list(layers(application))
    for layer in all_layers:
        name = known.name_of(layer)
        place = modules.place_of(layer) or _factory(layer, modules) if name else None
        if place or name == "Django":
            return Target(layer, name, place)
    for layer in all_layers:
        if place := modules.place_of(layer):
            return Target(layer, "", place)
    return Target(application, "", None)


def _factory(application: object, modules: ProjectModules) -> Place | None:
    return modules.factory_in(inspection.exact_str(inspection.attribute(application, "import_name")))


def _form(target: Target) -> str:
    # Starlette's test client is made of httpx.
    if target.framework in FORMS and (target.framework != "Starlette" or find_spec("httpx") is not None):
        return target.framework
    return "WSGI" if asgi_refusal(target.application) else "ASGI"


def _django_settings() -> str:
    """The module of Django's settings, if they have been made: to ask them would make them."""
    lazy = getattr(sys.modules.get("django.conf"), "settings", None)
    return inspection.exact_str(inspection.attribute(inspection.attribute(lazy, "_wrapped"), "SETTINGS_MODULE"))


def _has_debugger(target: Target, modules: ProjectModules) -> bool:
    """Whether the debugger is inside of the application: around Flask's ``wsgi_app``, or among Starlette's middleware.

    There `debugkit run` has taken it out; a test that imports the module has it again.
    """
    if target.framework == "Starlette":
        return target.place is not None and modules.speaks_of_debugkit(target.place)
    return is_debugger(inspection.attribute(target.application, "wsgi_app"))


# The headers as each of them takes them


def _as_they_are(request: CopiedRequest) -> Headers:
    return request.headers


def _of_an_environ(request: CopiedRequest) -> Headers:
    yield "HTTP_HOST", request.host
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        yield key if key == "CONTENT_TYPE" else f"HTTP_{key}", value


def _of_a_scope(request: CopiedRequest) -> Headers:
    yield "host", request.host
    yield from ((name.lower(), value) for name, value in request.headers)


class Form(NamedTuple):
    """How a kind of application is asked: the template, and the headers that it prints."""

    template: str
    headers: Callable[[CopiedRequest], Headers]
    write: Callable[[str], str]


FORMS = {
    "Flask": Form("test_flask.txt", _as_they_are, literal),
    "Django": Form("test_django.txt", _of_an_environ, literal),
    "Starlette": Form("test_starlette.txt", _as_they_are, bytes_literal),  # httpx takes texts for UTF-8
    "WSGI": Form("test_wsgi.txt", _of_an_environ, literal),
    "ASGI": Form("test_asgi.txt", _of_a_scope, bytes_literal),
}
