"""The same small application in each framework, as its documentation writes it.

All answer ``/hello`` themselves, fail at ``/fails/black`` with a `KeyError`, refuse ``/refused`` with 403, and answer
``/busy`` with 503 on purpose. Their view is called `fails`, and what it is given is ``tea``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

CUPS = {"green": 2}


class Pot:
    """A value that asks for the current request, as some do where a framework has one."""

    def __init__(self, ask: Callable[[], str]) -> None:
        self._ask = ask

    def __repr__(self) -> str:
        return f"<pot of {self._ask()}>"


def imported(name: str) -> Any:
    """A framework. Some warn when they are imported, which is theirs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module(name)


def flask() -> Any:
    flask = imported("flask")
    app = flask.Flask("tea")
    app.secret_key = "not a secret"

    @app.get("/hello")
    def hello() -> str:
        return "hello"

    @app.get("/fails/<tea>")
    def fails(tea: str) -> str:
        flask.session["pot"] = "large"
        pot = Pot(lambda: flask.request.path)
        return f"{pot} {CUPS[tea]}"

    @app.get("/refused")
    def refused() -> None:
        flask.abort(403)

    @app.get("/busy")
    def busy() -> tuple[str, int]:
        return "busy", 503

    return app


def bottle() -> Any:
    bottle = imported("bottle")
    app = bottle.Bottle()

    @app.get("/hello")
    def hello() -> str:
        return "hello"

    @app.get("/fails/<tea>")
    def fails(tea: str) -> str:
        pot = Pot(lambda: bottle.request.path)
        return f"{pot} {CUPS[tea]}"

    @app.get("/streams")
    def streams() -> Iterator[str]:
        yield str(CUPS["black"])

    @app.get("/refused")
    def refused() -> None:
        bottle.abort(403)

    @app.get("/busy")
    def busy() -> Any:
        return bottle.HTTPResponse("busy", 503)

    return app


def falcon() -> Any:
    falcon = imported("falcon")

    class Tea:
        def fails(self, request: Any, response: Any, tea: str) -> None:
            request.context.pot = "large"
            response.text = str(CUPS[tea])

        on_get = fails

        def on_get_hello(self, request: Any, response: Any) -> None:
            response.text = "hello"

        def on_get_refused(self, request: Any, response: Any) -> None:
            raise falcon.HTTPForbidden

        def on_get_busy(self, request: Any, response: Any) -> None:
            raise falcon.HTTPServiceUnavailable

    app, tea = falcon.App(), Tea()
    app.add_route("/fails/{tea}", tea)
    for suffix in ("hello", "refused", "busy"):
        app.add_route(f"/{suffix}", tea, suffix=suffix)
    return app


def cherrypy() -> Any:
    cherrypy = imported("cherrypy")

    class Tea:
        @cherrypy.expose
        def hello(self) -> str:
            return "hello"

        @cherrypy.expose
        def fails(self, tea: str) -> str:
            cherrypy.session["pot"] = "large"
            pot = Pot(lambda: cherrypy.request.path_info)
            return f"{pot} {CUPS[tea]}"

        @cherrypy.expose
        def refused(self) -> None:
            raise cherrypy.HTTPError(403)

        @cherrypy.expose
        def busy(self) -> None:
            raise cherrypy.HTTPError(503)

        @cherrypy.expose
        def streams(self) -> Iterator[str]:
            yield str(CUPS["black"])

        streams._cp_config = {"response.stream": True}

    cherrypy.log.screen = False
    return cherrypy.Application(Tea(), None, {"/": {"tools.sessions.on": True}})


def pyramid() -> Any:
    config = imported("pyramid.config").Configurator()
    response, exceptions = imported("pyramid.response"), imported("pyramid.httpexceptions")
    session, threadlocal = imported("pyramid.session"), imported("pyramid.threadlocal")
    config.set_session_factory(session.SignedCookieSessionFactory("not a secret"))

    def hello(request: Any) -> Any:
        return response.Response("hello")

    def fails(request: Any) -> Any:
        request.session["pot"] = "large"
        pot = Pot(lambda: threadlocal.get_current_request().path)
        return f"{pot} {CUPS[request.matchdict['tea']]}"

    def refused(request: Any) -> Any:
        raise exceptions.HTTPForbidden

    def busy(request: Any) -> Any:
        raise exceptions.HTTPServiceUnavailable

    for view in (hello, refused, busy):
        config.add_route(view.__name__, f"/{view.__name__}")
        config.add_view(view, route_name=view.__name__)
    config.add_route("fails", "/fails/{tea}")
    config.add_view(fails, route_name="fails")
    return config.make_wsgi_app()


def django() -> Any:
    """Its settings belong to a process: see `django_settings`."""
    return imported("django.core.wsgi").get_wsgi_application()


def urlconf(*patterns: Any) -> Any:
    """What stands for a module of routes. Django hashes it."""
    return type("urls", (), {"urlpatterns": list(patterns)})


@contextmanager
def django_settings(**more: Any) -> Iterator[None]:
    """Settings of a project, over whatever other tests of this process have configured."""
    django = imported("django")
    conf, http, urls = imported("django.conf"), imported("django.http"), imported("django.urls")
    if not conf.settings.configured:
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
        conf.settings.configure(DATABASES={"default": database}, INSTALLED_APPS=[], USE_I18N=False)
        django.setup()

    def hello(request: Any) -> Any:
        return http.HttpResponse("hello")

    def fails(request: Any, tea: str) -> Any:
        request.session["pot"] = "large"
        return http.HttpResponse(CUPS[tea])

    def refused(request: Any) -> Any:
        return http.HttpResponseForbidden("refused")

    def busy(request: Any) -> Any:
        return http.HttpResponse("busy", status=503)

    patterns = [urls.path(view.__name__, view) for view in (hello, refused, busy)]
    settings = {
        "DEBUG": True,
        "SECRET_KEY": "not a secret",
        "ALLOWED_HOSTS": ["*"],
        "MIDDLEWARE": ["django.contrib.sessions.middleware.SessionMiddleware"],
        "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
        "ROOT_URLCONF": urlconf(*patterns, urls.path("fails/<tea>", fails, name="fails")),
    }
    before, holder = conf.settings._wrapped, conf.UserSettingsHolder(conf.settings._wrapped)
    vars(holder).update({**settings, **more})
    conf.settings._wrapped = holder
    try:
        yield
    finally:
        conf.settings._wrapped = before
        urls.clear_url_caches()


APPLICATIONS: dict[str, Callable[[], Any]] = {
    "flask": flask,
    "bottle": bottle,
    "falcon": falcon,
    "cherrypy": cherrypy,
    "pyramid": pyramid,
    "django": django,
}
