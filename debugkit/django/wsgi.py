"""A project served by its ``wsgi.py`` or ``asgi.py``, with what Django's own development server and its page have.

The project needs no line for it, and with ``DEBUG=False`` is served as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler

from debugkit.django import hook, reloading
from debugkit.django.sql import Recording
from debugkit.runner.config import Application, debugger_of, wrap_in_debugger
from debugkit.runner.protocols import protocol_of


def wrap_project(application: Application, debugger: Mapping[str, Any]) -> Application:
    """The application of a project, with a debugger of these settings. Its middleware may be around it."""
    if not settings.DEBUG:
        return application
    if type(application) is WSGIHandler or type(application) is ASGIHandler:
        application = with_static_files(application)
    application = wrap_in_debugger(application, **debugger)
    if watching := debugger_of(application):
        hook.install(watching)
        Recording(None).begin()
        reloading.follow(lambda: watching.debugger.events)
    return application


def with_static_files(handler: Application) -> Application:
    """As Django: when its application for them is installed, and WhiteNoise has not taken over."""
    if not apps.is_installed("django.contrib.staticfiles") or apps.is_installed("whitenoise.runserver_nostatic"):
        return handler
    from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler, StaticFilesHandler

    return ASGIStaticFilesHandler(handler) if protocol_of(handler) == "asgi" else StaticFilesHandler(handler)
