"""A start and a first request, rehearsed by a process that waits to be the next worker: the save does not pay.

What the first start makes, such as compiled patterns, is there then. And memory that a forked process shares with its
parent costs a page fault when it is written to for the first time, hundreds of them in a start: half of its time.

Runs no code of the user's, and leaves nothing that is seen.
"""

from __future__ import annotations

import io
import select
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

from debugkit.runner import target
from debugkit.serving.http.connection import Connection, ServerContext
from debugkit.serving.http.transport import BLOCK
from debugkit.serving.log import Log
from debugkit.serving.server import make_server
from debugkit.settings import Settings

#: A command that says something of all that commands do.
COMMAND = ("run", "--port", "0", "module:app")
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
#: Seconds in which a process that is wanted at once is told so.
REST = 0.1


def rehearse_start() -> None:
    """Start a program that imports nothing, and ask it once; with a debugger where one was asked for."""
    sys.modules["debugkit.cli"].make_parser().parse_args(COMMAND)
    target.parse(COMMAND[-1])
    module: Any = ModuleType("module")
    module.app = _hello
    application = target.search(module)
    if (debugger := sys.modules.get("debugkit.debug.debugger")) is not None:
        # Not a `DebuggedApplication`: frameworks would be told to report to it, before the program connects to them.
        debugger.Debugger(Settings.from_environ(pin="off"), __name__)
    answer(application)
    with socket.socket() as unbound:  # nobody can connect to it
        make_server("localhost", 0, _hello, sockets=[unbound]).stop()


def rehearse_at_rest(channel: socket.socket, *, rehearse: Callable[[], object] = rehearse_start) -> None:
    """Rehearse unless something comes through ``channel`` first: then somebody waits for the start itself."""
    if not select.select([channel], [], [], REST)[0]:
        with suppress(Exception):  # what is wrong, the start will say
            rehearse()


def answer(application: Any) -> bytes:
    """What a client gets, without a server around it."""
    log = Log(io.StringIO(), environ={})
    context = ServerContext(application, {"SERVER_NAME": "localhost"}, log.access, log.failed)
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(REQUEST)
        theirs.shutdown(socket.SHUT_WR)
        Connection(ours, ("127.0.0.1", 0), context).serve(lambda: 0.0)
        return theirs.recv(BLOCK)


def _hello(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Hello"]
