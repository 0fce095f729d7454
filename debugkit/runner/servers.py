"""The server for an application, of either protocol, in one process or several; and what happens at its moments."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from debugkit.runner.asgi.start import MODULES, make_asgi_server
from debugkit.runner.config import Application, Choices
from debugkit.runner.failed_start import StartupFailed
from debugkit.runner.protocols import protocol_of
from debugkit.serving.log import Log
from debugkit.serving.processes import Processes
from debugkit.serving.server import Server, make_server

if TYPE_CHECKING:
    import socket
    import ssl

    from debugkit.runner.asgi.server import AsgiServer


class Stoppable(Protocol):
    def request_stop(self) -> None: ...


def nothing() -> None:
    """What there is to do where nobody supervises."""


@dataclass(slots=True, kw_only=True)
class Moments:
    """What is called when. ``on_stop`` is a list that may still grow."""

    begin: Callable[[], None] = nothing  # the program has started, and is about to serve
    await_turn: Callable[[Stoppable], None] = lambda server: None  # may block until the server may listen
    closed: Callable[[], None] = nothing  # nobody listens any more
    on_stop: list[Callable[[], None]] = field(default_factory=list)  # before requests are waited for
    over: Callable[[], None] = nothing
    #: In one of several processes: the server for the page that says why the application could not start there.
    explain: Callable[[StartupFailed], Server] | None = None


def modules_for(application: Application) -> tuple[str, ...]:
    """The modules that its server needs beside those of every program."""
    return MODULES if protocol_of(application) == "asgi" else ()


def serve_until_stopped(
    application: Application,
    choices: Choices,
    sockets: list[socket.socket],
    *,
    name: str,
    ssl_context: ssl.SSLContext | None,
    moments: Moments,
) -> int:
    """Serve, and return the number of the signal that ended it, or 0. Raises `StartupFailed`."""
    common: dict[str, Any] = {"log": choices.log, "ssl_context": ssl_context, "on_stop": moments.on_stop}
    if protocol_of(application) == "asgi":
        make_asgi = functools.partial(make_asgi_server, sockets, application, **common)
        if choices.processes == 1:
            return _serve_asgi(make_asgi, moments)
        make_forked = functools.partial(ForkedServer, explain=moments.explain)
        return _serve(Processes(lambda: make_forked(make_asgi()), sockets, choices.processes), moments)
    common |= {"processes": choices.processes, "passthrough_errors": choices.passthrough_errors}
    make = functools.partial(make_server, name, 0, application, sockets=sockets, **common)
    return _serve(make() if choices.processes == 1 else Processes(make, sockets, choices.processes), moments)


def _serve(server: Server | Processes, moments: Moments) -> int:
    if isinstance(server, Processes):
        server.on_closed = moments.closed
        moments.on_stop.insert(0, server.closed_here)
    else:
        moments.on_stop.insert(0, moments.closed)
    moments.begin()
    moments.await_turn(server)
    return server.serve_forever()


def _serve_asgi(make: Callable[..., AsgiServer], moments: Moments) -> int:
    """The application starts with the server: only then is there something to announce."""

    def await_turn() -> None:
        moments.await_turn(server)

    server = make(on_ready=moments.begin, await_turn=await_turn, on_blocked=moments.closed, on_end=moments.over)
    moments.on_stop.insert(0, moments.closed)
    return server.serve_forever()


def timed(log: Log, report: Callable[[float], None]) -> Log:
    """``log``, which has ``report`` called with the seconds that its first request took."""
    access, answers = log.access, iter([report])

    def first(peer: str, line: str, status: int, size: int = 0, seconds: float = 0.0) -> None:
        access(peer, line, status, size, seconds)
        for tell in answers if log.shown(line) is not None else ():
            tell(seconds)

    vars(log)["access"] = first  # of this one only: a framework's log is of a class of its own
    return log


@dataclass(slots=True)
class ForkedServer:
    """A server in one of several processes. An application that does not start there is explained there."""

    server: AsgiServer | Server
    explain: Callable[[StartupFailed], Server] | None = None

    def serve_forever(self, signals: Sequence[int]) -> int:
        try:
            return self.server.serve_forever(signals)
        except StartupFailed as failure:
            reason = failure
        if self.explain is None:
            raise reason.as_error()
        self.server = self.explain(reason)
        return self.server.serve_forever(signals)

    def request_stop(self) -> None:
        self.server.request_stop()

    def wait(self, timeout: float | None) -> bool:
        return self.server.wait(timeout)
