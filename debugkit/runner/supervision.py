"""How to serve, for a supervisor and its workers: plain values that travel to other processes."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from debugkit.runner.cli_options import from_environ
from debugkit.runner.config import Choices, adhoc_certificate
from debugkit.serving.listen import UnixListener
from debugkit.serving.reloading.bootstrap import SupervisorConfig
from debugkit.serving.reloading.command_line import this_program
from debugkit.serving.reloading.messages import WorkerConfig

#: What a worker needs to show errors: two thirds of its imports.
DEBUGGER = ("debugkit.debug.debugger", "debugkit.debug.wsgi")


def supervisor_config(
    choices: Choices, sockets: Sequence[socket.socket], debugger: Mapping[str, Any] | None
) -> SupervisorConfig:
    """The configuration of this program's supervisor; ``debugger`` are settings that make sense in other processes."""
    worker = worker_config(choices, sockets, debugger)
    return SupervisorConfig(
        worker,
        unlink=tuple(str(Path(sock.getsockname()).absolute()) for sock in sockets if isinstance(sock, UnixListener)),
        roots=watched_folders(choices.roots or (str(worker.program.home),)),
        extra_files=tuple(str(Path(path).absolute()) for path in choices.extra_files),
        exclude_patterns=choices.exclude_patterns,
        reloader_type=choices.reloader_type,
        reloader_interval=choices.reloader_interval,
        reload_mode=_chosen(choices.reload_mode, "reload_mode"),
        preload=_chosen(choices.preload, "preload"),
        prepare=() if debugger is None else DEBUGGER,
        timing=_chosen(choices.timing, "timing"),
    )


def _chosen(value: Any, option: str) -> Any:
    return from_environ(option) if value is None else value


def worker_config(
    choices: Choices, sockets: Sequence[socket.socket], debugger: Mapping[str, Any] | None
) -> WorkerConfig:
    return WorkerConfig(
        program=this_program(),
        sockets=tuple(sock.fileno() for sock in sockets),
        addresses=choices.addresses,
        port=choices.port,
        environ=dict(choices.environ),
        debugger=debugger,
        tls=portable_tls(choices.ssl_context),
        certificate=adhoc_certificate(choices),
        timing=_chosen(choices.timing, "timing"),
    )


def portable_tls(ssl_context: Any) -> str | tuple[str | None, ...] | None:
    """With what the page of a failed start is served: a context cannot travel, an ad-hoc one takes its place."""
    if isinstance(ssl_context, (list, tuple)):
        return tuple(None if path is None else str(path) for path in ssl_context)
    return None if ssl_context is None else "adhoc"


def watched_folders(folders: Iterable[str]) -> tuple[str, ...]:
    """Without those that hold everything a user or a computer has: there, only what is imported is watched."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - who has none is no reason to raise
    return tuple(folder for folder in folders if Path(folder) not in (home, Path(folder).parent))
