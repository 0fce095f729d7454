"""``python -m debugkit.django [manage.py] runserver_plus ...``: also starts a project that cannot be loaded yet.

Django loads settings and models before it looks for a command. Here a supervisor that knows neither listens first, and
the worker runs ``manage.py``; what is wrong with the project is shown in the browser, and heals.
"""

from __future__ import annotations

import argparse
import os
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from debugkit.django.config import debugger_settings, make_choices
from debugkit.django.options import add_arguments, resolve
from debugkit.errors import ConfigurationError, DebugkitError
from debugkit.runner.config import Choices
from debugkit.runner.run import run
from debugkit.serving.log import Log
from debugkit.serving.reloading.control import current

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

COMMANDS = ("runserver_plus", "runserver")
MANAGE = "manage.py"


def main(arguments: Sequence[str]) -> int:
    """Supervise a project; in the worker, run it. Returns the exit status."""
    try:
        program, rest = split_command_line(arguments)
        if current() or "--noreload" in rest:
            run_program(program, rest)
            return 0
        return run(never_called, parse_choices(program, rest), supervise_here=True)
    except DebugkitError as error:
        if current():
            raise
        print(f"debugkit: {error.explanation}", file=sys.stderr)
        return 1


def split_command_line(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The program that knows the settings ("" for Django's own), and the command line it is to get."""
    rest = list(arguments)
    program = rest.pop(0) if rest and rest[0].endswith(".py") else MANAGE if Path(MANAGE).is_file() else ""
    if program and not Path(program).is_file():
        raise ConfigurationError(f"There is no {program} here: give the path of the project's manage.py.")
    if (
        not program
        and "DJANGO_SETTINGS_MODULE" not in os.environ
        and not any(word.startswith("--settings") for word in rest)
    ):
        raise ConfigurationError(f"There is no {MANAGE} here: give its path, or the settings with --settings.")
    if not rest or rest[0] not in COMMANDS:
        raise ConfigurationError(f"Name a command to run: {' or '.join(COMMANDS)}.")
    return program, rest


def run_program(program: str, rest: Sequence[str]) -> None:
    """Do what ``python manage.py ...`` does. Raises what that raises."""
    sys.argv[:] = [program or "django-admin", *rest]
    folder = str(Path(program).resolve().parent) if program else str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    if program:
        runpy.run_path(program, run_name="__main__")
    else:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)


def parse_choices(program: str, rest: Sequence[str]) -> Choices:
    """How to serve, by the command line alone: there are no settings yet."""
    parser = argparse.ArgumentParser(prog=f"python -m debugkit.django {rest[0]}", allow_abbrev=False)
    add_arguments(parser, checks=True)
    add_base_arguments(parser)
    options = resolve(vars(parser.parse_args(rest[1:])), None)
    folder = Path(program).resolve().parent if program else Path.cwd()
    return make_choices(options, folder, debugger_settings(options, folder), say=Log().say)


def add_base_arguments(parser: argparse.ArgumentParser) -> None:
    """What every command of Django takes, for the worker."""
    for name in ("--settings", "--pythonpath", "--verbosity"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    parser.add_argument("-v", dest="verbosity", help=argparse.SUPPRESS)
    for name in ("--traceback", "--no-color", "--force-color"):
        parser.add_argument(name, action="store_true", help=argparse.SUPPRESS)


def never_called() -> WSGIApplication:
    """Takes the place of the project, which only workers load."""
    raise AssertionError


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
