"""Serves a Django project: what Django's own ``runserver`` does around a request handler, with debugkit's runner.

Everything that can fail in the project happens in `load`, in the worker: there it is shown in the browser, and heals.
"""

from __future__ import annotations

import os
import sys
import threading
import webbrowser
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings
from django.core import asgi
from django.core.management.base import BaseCommand, CommandError, SystemCheckError
from django.core.servers.basehttp import get_internal_wsgi_application
from django.core.signals import request_finished
from django.db import DatabaseError, connections
from django.utils.module_loading import import_string

from debugkit import hooks, terminal_text
from debugkit.django import reloading, request_log
from debugkit.django.config import debugger_settings, make_choices
from debugkit.django.options import Options, SqlOptions, resolve
from debugkit.django.request_log import RequestLog
from debugkit.django.sql import Recording
from debugkit.django.wsgi import with_static_files
from debugkit.errors import DebugkitError
from debugkit.frozen import frozen
from debugkit.runner.config import Application, Choices, wrap_in_debugger
from debugkit.runner.run import run
from debugkit.serving.reloading.control import current
from debugkit.serving.reloading.modules import is_installed
from debugkit.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from debugkit.debug.adapter import Adapter
    from debugkit.django.query_printer import QueryPrinter


def run_command(command: BaseCommand, arguments: Mapping[str, Any]) -> int:
    """What ``manage.py runserver_plus`` does; ``arguments`` are those of its command line. Returns the exit status.

    Raises `CommandError` for what cannot work, in one sentence; in a worker `DebugkitError`, which its own start
    shows in the terminal or in the browser.
    """
    try:
        return Site(command, resolve(arguments, settings), colours(arguments)).run()
    except DebugkitError as error:
        if current():
            raise
        raise CommandError(error.explanation) from error


def colours(arguments: Mapping[str, Any]) -> bool | None:
    """What the command line says of colours; `None`: nothing, as terminals have them and files do not."""
    return False if arguments.get("no_color") else True if arguments.get("force_color") else None


@frozen
class Site:
    """A project that is about to be served."""

    command: BaseCommand
    options: Options
    colours: bool | None = None

    def run(self) -> int:
        control = current()
        debugger = debugger_settings(self.options, project_folder()) if settings.DEBUG else None
        if control is None:
            self._require()
        else:  # the settings of now count for the page of a failed start too
            control.debugger = debugger
        return run(self.load, self._choices(debugger))

    def _require(self) -> None:
        """Refuse here what the worker could only refuse later."""
        require_hosts()
        Settings.from_environ(pin_security=self.options.pin, trusted_hosts=self.options.trusted_hosts)
        if self.options.debugger:
            from debugkit.runner import postmortem

            postmortem.require(self.options.debugger)
        if self.options.output:
            request_log.open_file(self.options.output).close()

    def _choices(self, debugger: dict[str, Any] | None) -> Choices:
        environ = os.environ if self.colours is None else {COLOURS[self.colours]: "1"}
        return replace(
            make_choices(self.options, project_folder(), debugger, say=say_nothing if current() else request_log.say),
            title=f"Django {django.get_version()} with settings {settings.SETTINGS_MODULE!r} is served by debugkit at",
            log=RequestLog(environ=environ),
        )

    def load(self) -> Application:
        """The project as an application. Raises whatever is wrong with it."""
        require_hosts()
        self._check()
        application = self._handler()
        # Of ASGI, Django takes no user of the server's.
        if (user := os.environ.get("REMOTE_USER")) and not self.options.asgi:
            application = RemoteUser(application, user)
        debugged = self._wrap(application) if settings.DEBUG else None
        self._listen(debugged)
        return debugged or application

    def _check(self) -> None:
        """System checks and migrations. Their connections are closed again."""
        try:
            if self.options.checks:
                check(self.command, tell=self._tells)
            check_migrations(self.command)
        finally:
            connections.close_all()
        self.command.stdout.flush()

    @property
    def _tells(self) -> bool:
        """Whether this start is one whose messages are printed."""
        control = current()
        first = control is None or control.config.number == 1
        return self.options.messages in ("reload", "always") or (self.options.messages == "once" and first)

    def _handler(self) -> Application:
        handler = get_asgi_application() if self.options.asgi else get_internal_wsgi_application()
        wanted = self.options.static and (settings.DEBUG or self.options.insecure)
        return with_static_files(handler) if wanted else handler

    def _wrap(self, application: Application) -> Adapter[Any]:
        from debugkit.django import hook

        debugged: Adapter[Any] = wrap_in_debugger(application, **debugger_settings(self.options, project_folder()))
        hook.install(debugged)
        if self.options.debugger:
            from debugkit.runner.postmortem import post_mortem

            debugged.debugger.post_mortem = post_mortem(self.options.debugger, request_log.say)
        return debugged

    def _listen(self, debugged: Adapter[Any] | None) -> None:
        """Hear of queries, of requests that end, of changed files, and of the start."""
        options = self.options
        # Not earlier: Django sets up logging once more when it makes the handler.
        request_log.prepare(colours=self.colours, environ=os.environ)
        if options.sql or debugged:
            Recording(self._show_queries(options.sql) if options.sql else None).begin()
        request_finished.connect(close_connections, dispatch_uid="debugkit.connections")
        if options.output:
            request_log.write_to(options.output)
        # Those in the settings may have come later.
        reloading.follow(lambda: debugged.debugger.events if debugged else None, options.extra_files)
        control = current()
        if options.browser and (control is None or control.config.number == 1):
            hooks.after_start(open_browser)

    def _show_queries(self, options: SqlOptions) -> QueryPrinter:
        from debugkit.django.query_printer import QueryPrinter

        style: Any = request_log.style_for(sys.stderr, self.colours, os.environ)
        keyword = style.SQL_KEYWORD if style.SQL_KEYWORD("x") != "x" else None
        return QueryPrinter(options, request_log.say, keyword)


#: By whether colours are wanted, the variable that decides it (no-color.org, force-color.org).
COLOURS = {False: "NO_COLOR", True: "FORCE_COLOR"}


def get_asgi_application() -> Application:
    """What ``ASGI_APPLICATION`` names, as for the server of Channels; the project's views where it names nothing."""
    if name := getattr(settings, "ASGI_APPLICATION", None):
        return import_string(name)
    return asgi.get_asgi_application()


@frozen
class RemoteUser:
    """Requests come from the user that the environment of the server names, as with Django's own server."""

    application: WSGIApplication
    user: str

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        environ["REMOTE_USER"] = self.user
        return self.application(environ, start_response)


def require_hosts() -> None:
    """Raise `CommandError` where Django would refuse every request."""
    if not settings.DEBUG and not settings.ALLOWED_HOSTS:
        raise CommandError("You must set settings.ALLOWED_HOSTS if DEBUG is False.")


def project_folder() -> Path:
    """Where ``manage.py`` is; the working directory for a project that is run by ``django-admin``."""
    program = Path(sys.argv[0]).absolute()
    own = program.suffix == ".py" and program.is_file() and not is_installed(str(program))
    return program.resolve().parent if own else Path.cwd()


def check(command: BaseCommand, *, tell: bool) -> None:
    """Run the system checks. Raises `SystemCheckError` without colours: it is also read in a browser."""
    try:
        command.check(display_num_errors=tell)
    except SystemCheckError as error:
        raise SystemCheckError(request_log.without_colours(str(error))) from None


def check_migrations(command: BaseCommand) -> None:
    """Tell which migrations are missing. A database that cannot be reached now may be there for the first request."""
    try:
        command.check_migrations()
    except DatabaseError as error:
        request_log.say(f" * Migrations were not checked: {terminal_text.quoted(str(error).strip())}")


def close_connections(**_: Any) -> None:
    """Threads come and go, and none is sure to answer again: Django's own server keeps no connection either."""
    connections.close_all()


def say_nothing(text: str) -> None:
    """The first process has said it."""


def open_browser(url: str) -> None:
    """Some browsers end only when they are closed."""
    threading.Thread(target=webbrowser.open, args=[url], name="debugkit browser", daemon=True).start()
