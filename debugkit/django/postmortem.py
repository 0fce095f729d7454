"""``--pm``: at an unexpected exception a debugger opens in the terminal; the browser gets the page when it is left."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from importlib.util import find_spec
from types import TracebackType
from typing import Any

from django.views import debug

from debugkit.errors import ConfigurationError

#: One prompt at a time: they share the terminal.
_lock = threading.Lock()


def require(module: str) -> None:
    """Raise `ConfigurationError` when there is no such debugger."""
    if find_spec(module) is None:
        raise ConfigurationError(f"--{module} needs the package {module}: pip install {module}, or use --pm.")


def install(module: str, say: Callable[[str], None]) -> Callable[[], None]:
    """Open the debugger of ``module`` ("pdb", "ipdb") before the page of an exception is made; returns what undoes it.

    Raises `ConfigurationError` when it is not installed.
    """
    require(module)
    debugger = importlib.import_module(module)
    answer = debug.technical_500_response

    def stop(
        request: Any, exc_type: type[BaseException], exc_value: BaseException, tb: TracebackType, status_code: int = 500
    ) -> Any:
        if status_code >= 500:  # a 400 is the client's mistake
            with _lock:
                say(f" * {exc_type.__name__}: stopped where it was raised. Quit the prompt (q) to see the page.")
                debugger.post_mortem(tb)
        return answer(request, exc_type, exc_value, tb, status_code)

    def undo() -> None:
        if debug.technical_500_response is stop:
            debug.technical_500_response = answer

    debug.technical_500_response = stop
    return undo
