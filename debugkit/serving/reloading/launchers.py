"""How the next worker begins: cold, with an interpreter of its own; `warm` is the other way.

The supervisor does not know which.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from typing import Protocol

from debugkit.serving.reloading.channel import Channel
from debugkit.serving.reloading.messages import Loaded, WorkerConfig
from debugkit.serving.reloading.modules import installation
from debugkit.serving.reloading.workers import Worker, start_process
from debugkit.serving.watching.fingerprints import Snapshot


class Launcher(Protocol):
    """Starts workers. ``due`` is when `tend` is to be called next."""

    @property
    def due(self) -> float | None: ...

    #: Whether it will not be better prepared in a moment.
    @property
    def settled(self) -> bool: ...

    #: Whether it wants to know what workers have imported.
    learns: bool

    #: Raises `OSError` when the system does not let it. ``prepare``: modules that the last worker needed.
    def start(self, prepare: Sequence[str]) -> Worker: ...
    #: What a worker has imported.
    def learn(self, loaded: Loaded) -> None: ...
    #: These files have changed.
    def look_at(self, paths: Sequence[str]) -> None: ...
    def tend(self, now: float) -> None: ...
    def close(self) -> None: ...


class Cold:
    """Starts an interpreter for each worker."""

    due: float | None = None
    settled = True
    learns = False

    def __init__(self, config: WorkerConfig) -> None:
        self._config = config

    def start(self, prepare: Sequence[str]) -> Worker:
        ours, theirs = socket.socketpair()
        before = Snapshot(installation())
        try:
            arguments = [str(theirs.fileno()), *prepare]
            process = start_process(self._config, "debugkit.runner.worker", "worker", arguments, [theirs.fileno()])
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        return Worker(process, Channel(ours), time.monotonic(), before.holds)

    def learn(self, loaded: Loaded) -> None:
        pass

    def look_at(self, paths: Sequence[str]) -> None:
        pass

    def tend(self, now: float) -> None:
        pass

    def close(self) -> None:
        pass
