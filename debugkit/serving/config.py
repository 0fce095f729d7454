"""How a server serves, as plain values: what it is made of, how long it waits, and how much a request may send."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from debugkit.errors import ConfigurationError
from debugkit.serving.log import Log

if TYPE_CHECKING:
    import ssl

    from _typeshed.wsgi import WSGIApplication

#: Requests answered at the same time; further ones wait for a thread.
THREADS = 64
#: Threads in all. Those beyond are for requests in whose place a thread waits for a slow client, to send its body or to
#: take its answer; as many as the descriptors that most systems give to a process, each of which costs some 40 kB.
MOST_THREADS = 1024
#: Seconds that requests have to finish when a server stops.
GRACE = 3.0


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each part waits for another, in seconds, and so how things end.

    **A client.** It has ``idle`` until it begins a request, ``head`` to finish the headers, ``transfer`` for each piece
    of a body that it sends or takes, ``drain`` for the rest of a body that nobody read, and ``closing`` to take the
    last answer; then its connection is cut. A thread stays with it for ``linger`` after each answer.

    **A server** that is to stop closes its listeners at once, and then

    ==============================  ===================================================================================
    for ``linger``                  answers what silent clients are just sending, and hangs up on them
    until ``grace`` has passed      lets requests finish; those that have not are named in the log, and cut
    for ``cut`` more                waits for their threads
    ==============================  ===================================================================================

    **The process around it**, counted from then on, has ``parting`` for what follows: in a process of several, for
    `atexit`; in a worker of a supervisor, for the end of the program and its threads, after which it ends by force.
    Several processes wait for theirs to part before the program can do so: ``parting`` counts twice. Whoever has asked
    for the end kills what is still there ``last_resort`` after ``grace``: later than all that, so that no two of them
    race, and `atexit` runs as well.

    **A worker whose supervisor died** has ``orphan`` in all. **A supervisor** waits ``answer`` for a worker to decide
    about a change, and restarts it without; it kills a process that closed its channel, or that a signal should have
    ended, after ``exit``.
    """

    idle: float = 75.0
    head: float = 30.0
    transfer: float = 30.0
    drain: float = 1.0
    closing: float = 3.0
    #: The next request of the same client usually follows at once.
    linger: float = 0.05
    grace: float = GRACE
    cut: float = 1.0
    parting: float = 2.0
    last_resort: float = 8.0
    orphan: float = 2.0
    answer: float = 3.0
    exit: float = 2.0


def require_wsgi(app: object) -> None:
    """Raise `ConfigurationError` for an application that is called as no WSGI application is (PEP 3333)."""
    if any(map(inspect.iscoroutinefunction, (app, getattr(type(app), "__call__", None)))):  # noqa: B004
        raise ConfigurationError(
            "make_server makes servers for WSGI: serve an ASGI application with debugkit.run_simple, debugkit run, "
            "or uvicorn itself."
        )


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """How large a request may be. What is larger is refused with 414, 431 or 413."""

    line: int = 32_768  # bytes of the request's first line
    head: int = 65_536  # bytes of all lines; browsers send all cookies of localhost, whichever project set them
    headers: int = 200
    body: int | None = None  # bytes; None: any number


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Everything a `Server` is made of beside its sockets. `make_server` says what each means."""

    app: WSGIApplication
    name: str = ""  # as which it was asked to listen
    ssl_context: ssl.SSLContext | None = None
    log: Log = field(default_factory=Log)
    threads: int = THREADS
    processes: int = 1
    timeouts: Timeouts = field(default_factory=Timeouts)
    limits: RequestLimits = field(default_factory=RequestLimits)
    passthrough_errors: bool = False
    on_stop: Sequence[Callable[[], None]] = ()

    @property
    def scheme(self) -> str:
        return "https" if self.ssl_context else "http"
