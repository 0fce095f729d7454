"""When `error` is imported: in a thread, once a server has nothing to do, and never while the process is forked."""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import suppress
from functools import cache
from typing import Final

from debugkit.debug.safe import real_threads

REHEARSAL: Final = "debugkit.runner.rehearsals.error"
#: Seconds that a new server has before, for who has been asking until it answers.
REST: Final = 0.05
#: Seconds that a fork waits at most. A rehearsal takes a third of one, unless it waits for an import of who forks.
PATIENCE: Final = 5.0


class Rehearsing:
    """Keeps forks away from a module that is half imported: in the new process nobody would go on with it."""

    def __init__(self) -> None:
        self._importing = real_threads.allocate_lock()
        self._held = False

    def rehearse(self, rest: float) -> None:
        real_threads.Event().wait(rest)
        with self._importing, suppress(Exception):  # what is wrong with pages, the first one will say
            importlib.import_module(REHEARSAL)

    def before_fork(self) -> None:
        self._held = self._importing.acquire(timeout=PATIENCE)

    def after_fork(self) -> None:
        if self._held:
            self._importing.release()

    def after_fork_in_child(self) -> None:
        self._importing = real_threads.allocate_lock()


def rehearse_later(rest: float = REST) -> None:
    """Have the page of an error made that nobody sees, ``rest`` seconds from now.

    A process that was forked from one where that was done has nothing to do.
    """
    if REHEARSAL in sys.modules:
        return
    with suppress(RuntimeError):  # the system allows no more threads
        real_threads.start(_rehearsing().rehearse, rest, name="debugkit-rehearsal")


@cache
def _rehearsing() -> Rehearsing:
    rehearsing = Rehearsing()
    if hasattr(os, "register_at_fork"):  # not on Windows
        os.register_at_fork(
            before=rehearsing.before_fork,
            after_in_parent=rehearsing.after_fork,
            after_in_child=rehearsing.after_fork_in_child,
        )
    return rehearsing
