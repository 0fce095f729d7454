"""Flask: tells of each error by a signal, and hands over its contexts, where the request and the session are."""

from __future__ import annotations

import sys
from typing import Any

from debugkit.debug.framework_report import NOTHING, FrameworkReport
from debugkit.debug.frameworks.framework import Failure, Framework, attempt, full_name, rows
from debugkit.debug.frameworks.logs import is_printed
from debugkit.debug.frameworks.noting import note
from debugkit.debug.safe import inspection


def hear(sender: Any, exception: BaseException, **_: Any) -> None:
    """A receiver of ``got_request_exception``: also where an `errorhandler(500)` is going to answer."""
    attempt(_note, sender, exception)


def _note(sender: Any, exception: BaseException) -> None:
    flask = sys.modules["flask"]
    printed = is_printed(sender.logger, flask.logging.default_handler)
    note(flask.request.environ, exception, printed=printed)


class Flask(Framework):
    name = "Flask"
    classes = ("flask.app.Flask",)

    def listen(self) -> None:
        sys.modules["flask"].got_request_exception.connect(hear)

    def refresh(self, application: Any) -> None:
        # With FLASK_DEBUG it does so, unless the application has set something else.
        if application.config["TEMPLATES_AUTO_RELOAD"] is None:
            application.config["TEMPLATES_AUTO_RELOAD"] = True
            if "jinja_env" in vars(application):  # made already, by the configuration of before
                application.jinja_env.auto_reload = True

    def report(self, failure: Failure, captured: Any) -> FrameworkReport:
        # Its contexts: since Flask 3.2 there is one, which keeps the request under the second name.
        for manager in failure.managers:
            for name in ("request", "_request"):
                request = inspection.attribute(manager, name)
                if inspection.attribute(request, "url_rule") is not inspection.MISSING:
                    return _facts(inspection.attribute(manager, "app"), request, _user(failure))
        return NOTHING


def _facts(application: Any, request: Any, user: object) -> FrameworkReport:
    rule, arguments = request.url_rule, request.view_args
    view = application.view_functions.get(request.endpoint)
    return FrameworkReport(
        raised_during="" if view is None else full_name(view),
        facts=rows(
            Route=rule and rule.rule,
            Endpoint=request.endpoint,
            Blueprint=request.blueprint,
            Arguments=dict(arguments or {}),
            User=user,
        ),
    )


def _user(failure: Failure) -> object:
    """Who is logged in by Flask-Login, if the application has asked."""
    for manager in failure.managers:
        user = inspection.attribute(inspection.attribute(manager, "g"), "_login_user")
        if user is not inspection.MISSING:
            return user
    return None


FRAMEWORK = Flask()
