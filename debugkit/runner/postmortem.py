"""``--pm``: at an unexpected exception a debugger opens in the terminal; the browser gets the page when it is left."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from importlib.util import find_spec
from types import TracebackType

from debugkit.debug.safe.inspection import class_name
from debugkit.errors import ConfigurationError
from debugkit.terminal_text import quoted

PostMortem = Callable[[BaseException, TracebackType | None], None]


def require(module: str) -> None:
    """Raise `ConfigurationError` when there is no such debugger."""
    if find_spec(module) is None:
        raise ConfigurationError(f"--{module} needs the package {module}: pip install {module}, or use --pm.")


def post_mortem(module: str, say: Callable[[str], None]) -> PostMortem:
    """What opens the debugger of ``module`` ("pdb", "ipdb") for an exception, one at a time: they share the terminal.

    Raises `ConfigurationError` when it is not installed.
    """
    require(module)
    debugger = importlib.import_module(module)
    lock = threading.Lock()

    def stop(error: BaseException, trace: TracebackType | None) -> None:
        with lock:
            say(
                f" * {quoted(class_name(type(error)))}: stopped where it was raised. Leave the prompt (q) for the page."
            )
            debugger.post_mortem(trace)

    return stop
