"""``flask debugkit``: ``flask run`` with the debugger, the reloader and the server of debugkit.

It has the options of the installed Flask's own command, and reads its variables (``FLASK_RUN_PORT``). Loaded by Flask,
by an entry point in the group ``flask.commands``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from flask.cli import ScriptInfo, run_command
from flask.helpers import get_debug_flag

from debugkit import __version__
from debugkit.errors import DebugkitError
from debugkit.runner import environment
from debugkit.runner.config import Choices
from debugkit.runner.run import run
from debugkit.serving.paths import working_folder
from debugkit.serving.reloading.control import current

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HELP = """Run a development server whose errors are pages with a console.

Debug mode, the reloader and the debugger are on unless --no-debug or FLASK_DEBUG=0 says otherwise."""


def serve(
    host: str,
    port: int,
    reload: bool | None,
    debugger: bool | None,
    with_threads: bool,
    cert: Any,
    extra_files: Sequence[str] | None,
    exclude_patterns: Sequence[str] | None,
    **_: Any,
) -> None:
    """What the command does with its options, those of ``flask run``. Others, of a Flask yet to come, do nothing."""
    # As the environment of the process and the options --debug and --no-debug have it; they win.
    for name, value in environment.DEBUG.items():
        os.environ.setdefault(name, value)
    debug = get_debug_flag()
    info = click.get_current_context().ensure_object(ScriptInfo)
    name = info.app_import_path or "your application"
    folder = working_folder()
    choices = Choices(
        addresses=(host,),
        port=port,
        debugger={"identity": name} if (debug if debugger is None else debugger) else None,
        reload=debug and os.name == "posix" if reload is None else reload,
        roots=(str(folder),),
        extra_files=(*(extra_files or ()), *environment.read(folder).watched),
        exclude_patterns=tuple(exclude_patterns or ()),
        threaded=with_threads,
        ssl_context=cert,
        title=f"debugkit {__version__} serves {name} at",
    )

    def load() -> WSGIApplication:
        if control := current():  # which has read `.env`, as the command does
            control.environ = dict(os.environ)
        application: WSGIApplication = info.load_app()
        return application

    try:
        # Flask imports the application when it is asked for: in the first process, nobody does.
        sys.exit(run(load, choices, supervise_here=True))
    except DebugkitError as error:
        if current():  # the worker's own start decides whether that is the end
            raise
        raise click.ClickException(error.explanation) from error


command = click.Command(
    "debugkit",
    params=run_command.params,
    callback=serve,
    help=HELP,
    short_help="Run a development server with the debugger.",
    context_settings={"auto_envvar_prefix": "FLASK_RUN"},
)
