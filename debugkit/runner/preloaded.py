"""What a supervisor starts to fork workers from: it has imported what the program will need, and never runs it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from debugkit.runner.worker import PREPARED, await_program
from debugkit.serving.reloading.preload import serve_forks


def main(arguments: Sequence[str]) -> int:
    """Returns in workers only, at their end, with the exit status."""
    for module in PREPARED:
        importlib.import_module(module)
    sys.modules["debugkit.cli"].make_parser()  # what it makes for the first time, it remembers
    return await_program(serve_forks(arguments))
