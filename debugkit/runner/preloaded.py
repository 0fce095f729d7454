"""What a supervisor starts to fork workers from: it has imported what the program will need, and never runs it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from debugkit.debug.redaction.redactor import Redactor
from debugkit.runner.supervision import DEBUGGER
from debugkit.runner.worker import PREPARED, await_program
from debugkit.serving.reloading.preload import serve_forks


def main(arguments: Sequence[str]) -> int:
    """Returns in workers only, at their end, with the exit status."""
    for module in (*PREPARED, *DEBUGGER):
        importlib.import_module(module)
    # What these make for the first time, they remember: each is a millisecond of a reload.
    sys.modules["debugkit.cli"].make_parser()
    Redactor()
    return await_program(serve_forks(arguments))
