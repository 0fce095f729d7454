"""The command line: ``debugkit run module:app``. Parses, joins the wings, and turns errors into one sentence each."""

from __future__ import annotations

import argparse
import functools
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from debugkit import __version__
from debugkit.errors import ConfigurationError, DebugkitError
from debugkit.raised import traceback_of, with_traceback
from debugkit.runner import environment
from debugkit.runner.cli_options import NAMES, add_options, project_table, resolve
from debugkit.runner.config import Application, Choices
from debugkit.runner.failed_start import print_failed_start, strip_own_frames
from debugkit.runner.run import run as serve
from debugkit.runner.target import Target, find, load, parse
from debugkit.servers import arguments as errors_arguments
from debugkit.serving.paths import working_folder
from debugkit.serving.reloading.control import current
from debugkit.state import user_folder

DESCRIPTION = "Develop a Python web application: serve it, and see why it fails."
RUN_DESCRIPTION = """\
Serve a WSGI or ASGI application on this computer. When it raises an exception,
the browser shows the traceback with the values at that moment and, behind the
PIN that is printed at start-up, a console in every frame. When a file changes,
the application restarts, and the page in the browser heals by itself."""
RUN_EXAMPLES = """\
targets:
  shop:app                the object `app` of the module `shop`
  shop.web:create_app()   what the function `create_app` returns; also
                          "shop.web:create_app('dev')"
  examples/shop/app.py    a file with app, application or create_app in it
  app.py:site             the object `site` of a file
  (none)                  app.py, wsgi.py, asgi.py, application.py or main.py
                          here, FLASK_APP, or Django's wsgi.py or asgi.py
                          beside manage.py

examples:
  debugkit run examples/shop/app.py
  debugkit run --host localhost --port 8080 shop:app
  debugkit run --host 0.0.0.0 shop:app      reachable from other computers
  debugkit run --cert adhoc shop:app        HTTPS, self-signed certificate
  debugkit run --bind unix:/tmp/shop.sock --bind 127.0.0.1:8000 shop:app

Every option can also be set in pyproject.toml under [tool.debugkit]
(`port = 8080`), or by an environment variable (DEBUGKIT_PORT=8080).

The debugger runs code for anyone who knows the PIN: never use it on a server
that strangers can reach."""

CERT_DESCRIPTION = """\
Show the certificate used by `debugkit run --cert adhoc`. It is created once
per user, survives restarts and is renewed before it expires. With --out, create
another certificate and its key in files of your choice. Existing files are
never overwritten."""
CERT_EXAMPLES = """\
examples:
  debugkit cert                             the certificate of --cert adhoc
  debugkit cert --host shop.test            the same, valid for that name too
  debugkit cert --out shop                  write shop.crt and shop.key
  debugkit run --cert shop.crt --key shop.key shop:app"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0, 1 for an error, 2 for wrong usage, 128 + n after signal n."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        return COMMANDS[options.command](options)
    except DebugkitError as error:
        if current():  # the worker's own start decides whether that is the end
            raise
        print(f"debugkit: {error.explanation}", file=sys.stderr)
        return 1


@functools.cache  # a preloaded process has it made: that is a part of the time of a reload
def make_parser() -> argparse.ArgumentParser:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="debugkit",
        description=DESCRIPTION,
        epilog="Start with: debugkit run examples/shop/app.py\nDetails: debugkit run --help",
        formatter_class=plain,
    )
    parser.add_argument("--version", action="version", version=f"debugkit {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    command = commands.add_parser(
        "run",
        help="serve an application with the debugger",
        description=RUN_DESCRIPTION,
        epilog=RUN_EXAMPLES,
        formatter_class=plain,
        allow_abbrev=False,  # a script that says --no-p today must mean the same tomorrow
    )
    command.add_argument(
        "target", metavar="TARGET", nargs="?", help="application to serve: module:app, or the path of a .py file"
    )
    add_options(command)
    command = commands.add_parser(
        "cert",
        help="show or create a certificate for HTTPS",
        description=CERT_DESCRIPTION,
        epilog=CERT_EXAMPLES,
        formatter_class=plain,
    )
    command.add_argument(
        "--host",
        metavar="NAME",
        action="append",
        default=[],
        help="name or address it must be valid for; repeatable",
    )
    command.add_argument("--out", metavar="BASE", help="create BASE.crt and BASE.key, which must not exist yet")
    command = commands.add_parser(
        "errors",
        help="print the recent errors of the running servers",
        description=errors_arguments.DESCRIPTION,
        epilog=errors_arguments.EXAMPLES,
        formatter_class=plain,
    )
    errors_arguments.add_arguments(command)
    return parser


def cert(options: argparse.Namespace) -> int:
    """``debugkit cert``."""
    from debugkit.serving.tls import certificates

    certificate = certificates.cert(options.host, options.out, folder=user_folder())
    print(f"Certificate: {certificate.cert_file}")
    print(f"Private key: {certificate.key_file}")
    print(f"Valid for:   {', '.join(certificate.names)}")
    print(f"Valid until: {time.strftime('%Y-%m-%d', time.gmtime(certificate.expires))}")
    print(f"SHA-256:     {certificate.fingerprint}")
    print("\nTo trust it:")
    for who, command in certificates.ways_to_trust(certificate.cert_file) if certificate.cert_file else ():
        print(f"  {who}:\n    {command}")
    return 0


def run(options: argparse.Namespace) -> int:
    """``debugkit run``."""
    arguments = {name: value for name, value in vars(options).items() if name in NAMES}
    folder = working_folder()
    table, source = project_table(folder)
    files = environment.read(folder)
    environ = {**files.values, **os.environ}
    values = resolve(arguments, environ, table, source)
    text = options.target or table.get("target")
    target = parse(text) if text else find(folder, environ)
    # What is chosen there may change as the code does, and a link may come to lead to another file.
    link = (str(target.path),) if target.path and target.path.is_symlink() else ()
    values["extra_files"] += (*((source,) if table else ()), *files.watched, *link)
    choices = make_choices(values, target, text or str(target.path or target.module), explicit="reload" in arguments)

    def application() -> Application:
        files.apply(os.environ, debug=choices.debugger is not None)
        if control := current():
            control.environ = dict(os.environ)
        loaded = load(target)
        return loaded if choices.debugger is None else prepare_framework(loaded, choices.debugger)

    try:
        return serve(application, choices, supervise_here=True)
    except (DebugkitError, KeyboardInterrupt):
        raise
    except Exception as error:
        if current():
            raise
        # The user's own module failed: what Python would say, without the steps that led there.
        print_failed_start(with_traceback(error, strip_own_frames(traceback_of(error))))
        return 1


def prepare_framework(application: Application, debugger: Mapping[str, Any]) -> Application:
    """The application as its framework's own development server has it, for the debugger that will be around it."""
    from debugkit.debug.frameworks import known

    known.refresh(application)
    if any(framework.name == "Django" for framework, _ in known.known_in(application)):
        from debugkit.django import wsgi

        return wsgi.wrap_project(application, debugger)
    return application


def make_choices(values: dict[str, Any], target: Target, name: str, *, explicit: bool) -> Choices:
    """What the options mean. ``explicit``: the reloader was asked for, and did not just come by default."""
    settings = {name: values[name] for name in ("evalex", "trusted_hosts", "trusted_peers", "redact", "editor")}
    if values["key"] and not values["cert"]:
        raise ConfigurationError("--key requires --cert.")
    if values["pm"] and not (values["debugger"] and values["processes"] == 1):
        raise ConfigurationError("--pm requires the debugger, and one process: several would share the terminal.")
    return Choices(
        addresses=values["bind"] or (values["host"],),
        port=values["port"],
        debugger={**settings, "pin_security": values["pin"], "identity": target.identity}
        if values["debugger"]
        else None,
        reload=values["reload"] and (explicit or os.name == "posix"),
        roots=(str(target.folder),),
        extra_files=values["extra_files"],
        exclude_patterns=values["exclude_patterns"],
        reloader_type=values["reloader_type"],
        reloader_interval=values["reloader_interval"],
        reload_mode=values["reload_mode"],
        preload=values["preload"],
        timing=values["timing"],
        threaded=values["threaded"],
        processes=values["processes"],
        static_files=static_files(values["static_files"]),
        passthrough_errors=values["passthrough_errors"],
        post_mortem=values["pm"],
        ssl_context=certificate(values["cert"], values["key"]),
        title=f"debugkit {__version__} serves {name} at",
    )


def certificate(cert: str | None, key: str | None) -> str | tuple[str, str | None] | None:
    return cert if cert in (None, "adhoc") else (cert, key)


def static_files(items: Sequence[str]) -> dict[str, str]:
    """``/static=path`` as Werkzeug's mapping."""
    pairs = [item.partition("=") for item in items]
    for url, equals, path in pairs:
        if not (url.startswith("/") and equals and path):
            raise ConfigurationError(f"--static-files {url}{equals}{path} cannot work: write /static=path/of/a/folder.")
    return {url: path for url, _, path in pairs}


def errors(options: argparse.Namespace) -> int:
    """``debugkit errors``."""
    from debugkit.servers import errors_command

    return errors_command.run(options)


COMMANDS = {"run": run, "cert": cert, "errors": errors}
