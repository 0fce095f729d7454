"""Each debugger as a wrapper around an application in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from debugkit import DebuggedApplication, DebuggedASGIApplication
from harness.cases import ASGI, Application
from harness.packages import installed

Wrap = Callable[[Application], Application]
WrapASGI = Callable[[ASGI], ASGI]


def wrappers(*, bare: bool = False, django: bool = True) -> dict[str, Wrap]:
    """Those for WSGI that are installed; ``bare`` is none."""
    found: dict[str, Wrap] = {"bare": lambda app: app} if bare else {}
    found["debugkit"] = lambda app: DebuggedApplication(app, pin_logging=False)
    if installed("werkzeug"):
        found["Werkzeug"] = werkzeug
    if installed("backlash"):
        found["backlash"] = backlash
    if django and installed("django"):
        found["Django"] = django_page
    return found


def asgi_wrappers(*, bare: bool = False) -> dict[str, WrapASGI]:
    found: dict[str, WrapASGI] = {"bare": lambda app: app} if bare else {}
    found["debugkit"] = lambda app: DebuggedASGIApplication(app, pin_logging=False)
    if installed("starlette"):
        found["Starlette"] = starlette
    if installed("backlash"):
        found["backlash"] = backlash_asgi
    return found


def werkzeug(app: Application) -> Application:
    from werkzeug.debug import DebuggedApplication

    return DebuggedApplication(app, evalex=True, pin_logging=False)  # type: ignore[return-value]


def backlash(app: Application) -> Application:
    from backlash import WsgiDebuggedApplication

    return WsgiDebuggedApplication(app, evalex=True)  # type: ignore[no-any-return]


def backlash_asgi(app: ASGI) -> ASGI:
    from backlash import AsgiDebuggedApplication

    return AsgiDebuggedApplication(app, evalex=True)  # type: ignore[no-any-return]


def starlette(app: ASGI) -> ASGI:
    from starlette.middleware.errors import ServerErrorMiddleware

    return ServerErrorMiddleware(app, debug=True)  # type: ignore[return-value]


def django_page(app: Application) -> Application:
    """Django's technical page for the same error."""
    import django
    from django.conf import settings

    if not settings.configured:
        settings.configure(DEBUG=True, ALLOWED_HOSTS=["*"], SECRET_KEY="x", ROOT_URLCONF="harness.cases")
        django.setup()
    from django.test import RequestFactory
    from django.views.debug import technical_500_response

    def page(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        try:
            return app(environ, start_response)
        except Exception:
            request = RequestFactory().get("/", headers={"accept": "text/html"})
            return [technical_500_response(request, *sys.exc_info()).content]  # type: ignore[arg-type]

    return page
