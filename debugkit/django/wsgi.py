"""A project that is served by its ``wsgi.py``, with what Django's own development server and its page have.

The project needs no line for it, and with ``DEBUG=False`` is served as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from debugkit.django import hook, reloading
from debugkit.django.sql import Recording
from debugkit.runner.config import debugger_of, wrap_in_debugger

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def wrap_project(application: WSGIApplication, debugger: Mapping[str, Any]) -> WSGIApplication:
    """The application of a project, with a debugger of these settings. Its middleware may be around it."""
    if not settings.DEBUG:
        return application
    if type(application) is WSGIHandler:
        application = with_static_files(application)
    application = wrap_in_debugger(application, **debugger)
    if watching := debugger_of(application):
        hook.install(watching)
        Recording(None).begin()
        reloading.follow(lambda: watching.debugger.events)
    return application


def with_static_files(handler: WSGIApplication) -> WSGIApplication:
    """As Django: when its application for them is installed, and WhiteNoise has not taken over."""
    if not apps.is_installed("django.contrib.staticfiles") or apps.is_installed("whitenoise.runserver_nostatic"):
        return handler
    from django.contrib.staticfiles.handlers import StaticFilesHandler

    return StaticFilesHandler(handler)  # type: ignore[no-any-return]
