"""What keeps the errors of a framework's application from a debugger around it, and the line that lets them through.

Applications are recognised by their classes' names, also below middleware: no framework is imported here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from debugkit.debug.safe import inspection
from debugkit.debug.wsgi_applications import layers

#: What is to be done where the user's own code handles the error.
CAPTURE = "If it handles an error itself, this line brings up the page:\n       debugkit.capture(error)"


@dataclass(frozen=True, slots=True)
class Framework:
    """``classes`` are those of its applications; ``line`` is what its user may write.

    ``passes`` tells whether errors of an application come through, ``open`` lets them.
    """

    name: str
    classes: tuple[str, ...]
    line: str
    passes: Callable[[Any], bool]
    open: Callable[[Any], None]


def find(application: Any) -> tuple[Framework, Any] | None:
    """The framework of an application, and the object of it that is at the bottom of the middleware."""
    for layer in layers(application):
        names = {
            f"{inspection.module_name(base)}.{inspection.class_name(base)}" for base in inspection.mro(type(layer))
        }
        for framework in FRAMEWORKS:
            if names.intersection(framework.classes):
                return framework, layer
    return None


def open_up(application: Any) -> None:
    """Have the errors of an application come out of it, where its framework is known and they would not."""
    framework, app = find(application) or (None, None)
    if framework and not framework.passes(app):
        framework.open(app)


def advice(application: Any) -> str:
    """What brings the page of an error that an application has answered itself: the end of a sentence."""
    framework, app = find(application) or (None, None)
    if framework and not framework.passes(app):
        return f"{framework.name} handles errors itself; this line brings up the page:\n       {framework.line}"
    return CAPTURE


# Flask: with `debug`, `testing` or PROPAGATE_EXCEPTIONS. Its `debug` comes from the environment, before it is imported.


def _flask_passes(app: Any) -> bool:
    wanted = app.config["PROPAGATE_EXCEPTIONS"]
    return bool(app.testing or app.debug) if wanted is None else bool(wanted)


# Django: with DEBUG it shows its own page, in whose place `debugkit.django` puts ours.


def _django_passes(app: Any) -> bool:
    page = sys.modules["django.views.debug"].technical_500_response
    return bool(sys.modules["django.conf"].settings.DEBUG_PROPAGATE_EXCEPTIONS) or "debugkit" in page.__module__


# Bottle: `debug` also has it read templates again.


def _open_bottle(app: Any) -> None:
    app.catchall = False
    sys.modules["bottle"].debug(True)


# Falcon: a handler for `Exception` of its own; one of the user's stays.


def _falcon_passes(app: Any) -> bool:
    return bool(app._error_handlers.get(Exception) != app._python_error_handler)


def _open_falcon(app: Any) -> None:
    del app._error_handlers[Exception]


# CherryPy: requests catch everything, and so does a middleware around each application.


def _cherrypy_applications(app: Any) -> list[Any]:
    """Of an application, or of a tree of applications."""
    mounted = app.apps.values() if hasattr(app, "apps") else [app]
    return [application for application in mounted if hasattr(application, "wsgiapp")]


def _is_trapper(step: tuple[str, Any]) -> bool:
    return step[0] == "ExceptionTrapper"


def _cherrypy_passes(app: Any) -> bool:
    return not any(
        _is_trapper(step) for application in _cherrypy_applications(app) for step in application.wsgiapp.pipeline
    )


def _open_cherrypy(app: Any) -> None:
    for application in _cherrypy_applications(app):
        application.wsgiapp.pipeline = [step for step in application.wsgiapp.pipeline if not _is_trapper(step)]
        application.wsgiapp.head = None  # made of the pipeline when it was first used
        application.config.setdefault("/", {}).setdefault("request.throw_errors", True)


def _nothing(app: Any) -> None:
    """What it takes has to be there before the application is."""


FRAMEWORKS = (
    Framework("Flask", ("flask.app.Flask",), 'app.config["PROPAGATE_EXCEPTIONS"] = True', _flask_passes, _nothing),
    Framework(
        "Django",
        ("django.core.handlers.wsgi.WSGIHandler",),
        "DEBUG_PROPAGATE_EXCEPTIONS = True  # in the settings",
        _django_passes,
        _nothing,
    ),
    Framework("Bottle", ("bottle.Bottle",), "app.catchall = False", lambda app: not app.catchall, _open_bottle),
    Framework(
        "Falcon",
        ("falcon.app.App",),
        "app.add_error_handler(Exception, reraise)  # def reraise(req, resp, error, params): raise error",
        _falcon_passes,
        _open_falcon,
    ),
    Framework(
        "CherryPy",
        ("cherrypy._cptree.Application", "cherrypy._cptree.Tree"),
        'app.wsgiapp.pipeline.pop(0); cherrypy.config.update({"request.throw_errors": True})',
        _cherrypy_passes,
        _open_cherrypy,
    ),
)
