"""The terminal that a program was started in, which others use after it. Knows nothing of what runs meanwhile."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: Standard input, whatever `sys.stdin` is now.
STDIN = 0


@contextmanager
def restored_terminal() -> Iterator[None]:
    """Leave the terminal as it is now.

    A prompt switches echo and lines off while it waits for keys (readline does), and has no chance to switch them on
    again when the process ends under it.
    """
    before = _attributes()
    try:
        yield
    finally:
        if before is not None:
            _restore(before)


if sys.platform == "win32":  # its consoles switch back by themselves

    def _attributes() -> list[Any] | None:
        return None

    def _restore(before: list[Any]) -> None:
        pass

else:
    import termios

    def _attributes() -> list[Any] | None:
        try:
            return termios.tcgetattr(STDIN)
        except termios.error:  # no terminal, or closed
            return None

    def _restore(before: list[Any]) -> None:
        try:
            # In the background the system would stop us for touching what is another program's now.
            if os.tcgetpgrp(STDIN) == os.getpgrp() and termios.tcgetattr(STDIN) != before:
                termios.tcsetattr(STDIN, termios.TCSADRAIN, before)
        except (OSError, termios.error):  # it is gone
            pass
