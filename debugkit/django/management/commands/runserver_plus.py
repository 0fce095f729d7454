"""``manage.py runserver_plus``: arguments in, exit status out."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from functools import partial
from typing import Any, ClassVar, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser

from debugkit.django.options import add_arguments
from debugkit.django.serving import run_command


class Command(BaseCommand):
    """Serves the project with a debugger page for errors, and starts it again when it changes."""

    help = "Serve the project for development: errors become pages with a console, and saved files take effect at once."
    #: They are run in the worker, where a browser can show what is wrong.
    requires_system_checks: ClassVar[list[str]] = []
    suppressed_base_arguments: ClassVar[set[str]] = {"--verbosity", "--traceback"}

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arguments(parser)
        parser.add_argument("--skip-checks", action="store_true", help="skip the system checks")

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        parser: CommandParser = super().create_parser(prog_name, subcommand, **options)
        # A wrong option is one sentence, and ends like any other error of the command.
        parser.error = partial(self._refuse, subcommand)
        return parser

    def _refuse(self, subcommand: str, message: str) -> NoReturn:
        error = CommandError(f"{message}. See: manage.py {subcommand} --help")
        if not self._called_from_command_line:
            raise error
        self.stderr.write(f"CommandError: {error}")
        sys.exit(error.returncode)

    def handle(self, *args: Any, **options: Any) -> None:
        if status := run_command(self, options):
            sys.exit(status)
