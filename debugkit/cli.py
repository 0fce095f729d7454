"""The command line: ``debugkit run module:app``. Parses, joins the wings, and turns errors into one sentence each."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from debugkit import __version__
from debugkit.errors import DebugkitError
from debugkit.run import debugged, serve
from debugkit.serving.listen import AddressInUse
from debugkit.serving.log import Log
from debugkit.serving.server import Server, make_server
from debugkit.serving.target import load, parse

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

#: The default port, and those tried after it when it is in use.
PORTS = range(8000, 8010)

DESCRIPTION = "Develop a Python web application: serve it, and see why it fails."
RUN_DESCRIPTION = """\
Serve a WSGI application on this computer. When it raises an exception, the
browser shows the traceback with the values of that moment, and a console in
every frame, behind the PIN that is printed at the start."""
RUN_EXAMPLES = """\
targets:
  shop:app                the object `app` of the module `shop`
  shop.web:create_app()   what the function `create_app` returns
  examples/shop/app.py    a file with app, application or create_app in it
  app.py:site             the object `site` of a file

examples:
  debugkit run examples/shop/app.py
  debugkit run --host localhost --port 8080 shop:app
  debugkit run --host 0.0.0.0 shop:app      reachable from other computers

The debugger runs code for those who know the PIN: never use it on a server
that strangers can reach."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0, 1 for an error, 2 for wrong usage, 128 + n after signal n."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        return run(options)
    except DebugkitError as error:
        print(f"debugkit: {error.explanation}", file=sys.stderr)
        return 1


def make_parser() -> argparse.ArgumentParser:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="debugkit",
        description=DESCRIPTION,
        epilog="Start with: debugkit run examples/shop/app.py\nMore about it: debugkit run --help",
        formatter_class=plain,
    )
    parser.add_argument("--version", action="version", version=f"debugkit {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    command = commands.add_parser(
        "run",
        help="serve an application, with the debugger",
        description=RUN_DESCRIPTION,
        epilog=RUN_EXAMPLES,
        formatter_class=plain,
    )
    command.add_argument("target", metavar="TARGET", help="what to serve: module:app, or the path of a .py file")
    command.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    command.add_argument(
        "--port", type=int, help=f"the port, 0 for any free one (default: {PORTS[0]}, or the next free one)"
    )
    command.add_argument("--no-debugger", action="store_true", help="serve only: errors are a plain 500")
    command.add_argument("--no-evalex", action="store_true", help="show errors, but run no code for the browser")
    command.add_argument(
        "--no-pin", action="store_true", help="ask for no PIN: whoever uses this computer may run code in the console"
    )
    return parser


def run(options: argparse.Namespace) -> int:
    """``debugkit run``."""
    target = parse(options.target)
    try:
        application = load(target)
    except DebugkitError:
        raise
    except Exception as error:
        # The user's own module failed: what Python would say, without the steps that led there.
        traceback.print_exception(type(error), error, own_part(error.__traceback__))
        return 1
    log = Log()
    if not options.no_debugger:
        application = debugged(
            application, evalex=not options.no_evalex, pin_security=not options.no_pin, identity=target.identity
        )
    server = listen(options.host, options.port, application, log)
    number = serve(server, application, log, f"debugkit {__version__} serves {options.target} at")
    return 128 + number if number else 0


def listen(
    host: str, port: int | None, application: WSGIApplication, log: Log, *, candidates: Sequence[int] = PORTS
) -> Server:
    """A server on ``port``; on the first free one of ``candidates`` when the user asked for none."""
    if port is not None:
        return make_server(host, port, application, log=log)
    for candidate in candidates:
        try:
            server = make_server(host, candidate, application, log=log)
        except AddressInUse:
            continue
        if candidate != candidates[0]:
            log.say(f"Port {candidates[0]} is in use: taking {candidate} instead.")
        return server
    raise AddressInUse(f"Ports {candidates[0]} to {candidates[-1]} are all in use: choose another one with --port.")


def own_part(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the user's first frame on."""
    ours = (str(Path(__file__).parent) + os.sep, importlib.__file__, "<frozen importlib")
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(ours):
        trace = trace.tb_next
    return trace
