"""The consoles of one error: one per frame, made on first use."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from debugkit.errors import Gone

if TYPE_CHECKING:
    from debugkit.debug.console.console import Console


class ConsoleTable:
    """Consoles by the index of their frame."""

    def __init__(self) -> None:
        self._gone_reason = ""
        # Re-entrant: the garbage collector may run a __del__ of the user's at any time, and its error may be captured.
        self._lock = threading.RLock()
        self._making = threading.RLock()  # held while a console is made, which may run the user's code
        self._consoles: dict[int, Console] = {}

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._consoles)

    def get(self, index: int, factory: Callable[[], Console]) -> Console:
        """The console of a frame, made by ``factory`` on first use. Raises `Gone` after `close`."""
        with self._making:
            console = self._consoles.get(index)
            if console is None:
                self._require_open()
                console = factory()
                if not self._keep(index, console):
                    console.close()
            self._require_open()
            return console

    def _keep(self, index: int, console: Console) -> bool:
        with self._lock:
            if not self._gone_reason:
                self._consoles[index] = console
            return not self._gone_reason

    def _require_open(self) -> None:
        if self._gone_reason:
            raise Gone(self._gone_reason)

    def close(self, reason: str) -> None:
        """Make no more consoles. `clear` ends the existing ones."""
        with self._lock:
            self._gone_reason = reason

    def clear(self) -> None:
        """Close all consoles, even if one fails; holds no lock meanwhile."""
        consoles, self._consoles = self._consoles, {}
        with ExitStack() as stack:
            for console in consoles.values():
                stack.callback(console.close)
