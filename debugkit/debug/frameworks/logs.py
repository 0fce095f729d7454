"""Whether a framework prints an error itself: the debugger prints no traceback twice."""

from __future__ import annotations

import logging
import sys
from typing import Any


def is_printed(logger: logging.Logger, *handlers: Any) -> bool:
    """Whether an error in this log is printed where the server prints, or goes to one of ``handlers``, which do so."""
    streams = (sys.stderr, sys.stdout, sys.__stderr__, sys.__stdout__)
    ancestor: logging.Logger | None = logger
    while ancestor is not None and ancestor.isEnabledFor(logging.ERROR):
        if any(handler in handlers or getattr(handler, "stream", None) in streams for handler in ancestor.handlers):
            return True
        ancestor = ancestor.parent if ancestor.propagate else None
    return False
