"""The event loop of a thread, where there is one. Imports nothing: without asyncio there is none."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable


def running_loop() -> AbstractEventLoop | None:
    """The event loop of asyncio that runs in the calling thread."""
    ask: Callable[[], AbstractEventLoop | None] | None
    ask = getattr(sys.modules.get("asyncio"), "_get_running_loop", None)
    return None if ask is None else ask()
