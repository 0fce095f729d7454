"""Sockets: accepts connections, gives each to a thread of the pool while it is busy, and ends gracefully.

A connection keeps a thread only while it has something to do; an idle one keeps none, so that idle browsers cannot use
up the threads. Knows no HTTP and no debugger.
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from debugkit.serving.addresses import base_environ, make_transport, peer_of, port_of, urls
from debugkit.serving.config import GRACE, MOST_THREADS, THREADS, RequestLimits, ServerConfig, Timeouts, require_wsgi
from debugkit.serving.connections import NEVER, Acceptor, IdleConnections
from debugkit.serving.forks import in_forked, no_more
from debugkit.serving.http.connection import Connection, ServerContext
from debugkit.serving.listen import Address, listen, parse_address, port_number
from debugkit.serving.log import Log
from debugkit.serving.signals import SIGNALS, Waker, handling
from debugkit.serving.thread_pool import ThreadPool

if TYPE_CHECKING:
    import ssl

    from _typeshed.wsgi import WSGIApplication

#: Seconds without accepting when the system has no more descriptors: some connections must end first.
PAUSE = 0.25
#: Silent connections that are closed then.
ROOM = 8


def make_server(
    host: str,
    port: int | str,
    app: WSGIApplication,
    *,
    sockets: list[socket.socket] | None = None,
    ssl_context: ssl.SSLContext | None = None,
    log: Log | None = None,
    threads: int = THREADS,
    processes: int = 1,
    timeouts: Timeouts | None = None,
    limits: RequestLimits | None = None,
    grace: float = GRACE,
    passthrough_errors: bool = False,
    on_stop: Sequence[Callable[[], None]] = (),
) -> Server:
    """A `Server` for ``app`` that is bound to ``host`` and ``port`` (0: any free one), and does not run yet.

    "localhost" means 127.0.0.1 and, where there is IPv6, ::1. ``host`` may also be "unix:/path" or "fd://3"; with
    ``sockets``, which listen already, it is only what the server is called. ``ssl_context`` makes it speak HTTPS.
    ``threads`` is how many requests are answered at the same time, ``processes`` how many such servers the caller
    runs (the application sees it), ``timeouts`` how long it waits for clients, ``limits`` how much they may send,
    and ``grace`` how many seconds requests have to finish when the server stops.
    ``passthrough_errors`` lets an exception of the application end `Server.serve_forever`, for debuggers that wait for
    it there. ``on_stop`` is called when stopping begins, before requests are waited for: endless answers end there.
    Raises `listen.AddressInUse`, or `ConfigurationError` for an address that cannot be listened on.
    """
    require_wsgi(app)
    port = port_number(port)
    named = not host.startswith(("unix:", "fd:"))
    config = ServerConfig(
        app=app,
        name=host.strip("[]") if named else "",
        ssl_context=ssl_context,
        log=log or Log(),
        threads=threads,
        processes=processes,
        timeouts=replace(timeouts or Timeouts(), grace=grace),
        limits=limits or RequestLimits(),
        passthrough_errors=passthrough_errors,
        on_stop=on_stop,
    )
    if sockets is None:
        sockets = listen([Address(host, port) if named else parse_address(host, port)])
    return Server(sockets, config)


class Server:
    """Serves from listening sockets until stopped, once. As a context manager it runs in the background meanwhile.

    ``urls`` are where browsers find it, ``url`` the first of them; ``port`` is the first port (0: only Unix sockets);
    ``name`` is the host that it was asked to listen on. Made by `make_server`.
    """

    def __init__(self, sockets: list[socket.socket], config: ServerConfig) -> None:
        self._config = config
        self._log = config.log
        self._error: BaseException | None = None
        # An application that sees one thread (`wsgi.multithread`) gets no more of them.
        self._pool = ThreadPool(config.threads, self._serve, most=MOST_THREADS if config.threads > 1 else 1)
        self._contexts = {
            sock: ServerContext(
                app=config.app,
                environ=base_environ(sock, config),
                access=config.log.access,
                failed=self._failed,
                stopping=lambda: self._stopping,
                timeouts=config.timeouts,
                limits=config.limits,
                transport=make_transport(config.ssl_context),
                away=self._pool.away,
            )
            for sock in sockets
        }
        self._connections: set[Connection] = set()
        self._returned: deque[Connection] = deque()
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._acceptor = Acceptor(self._selector, sockets, self._log.say)
        self._idle: IdleConnections[Connection] = IdleConnections(self._selector)
        self._waker = Waker()
        self._runs = False
        self._stopping = False
        self._hurry = False
        self._elsewhere = False
        self._signal = 0
        self._stopped = threading.Event()
        self.urls = urls(sockets, config.scheme, config.name)
        self.url = self.urls[0]
        self.port = next((port for port in map(port_of, sockets) if port), 0)
        self.name = config.name or "localhost"

    def start(self) -> None:
        """Serve in the background."""
        self._begin()
        threading.Thread(target=self._loop, args=[nullcontext()], name="debugkit-server", daemon=True).start()

    def serve_forever(self, signals: Sequence[int] = SIGNALS) -> int:
        """Serve in this thread until stopped, or until one of ``signals``; return the signal's number, or 0.

        A second signal ends requests that are still being answered at once. Elsewhere than in the main thread Python
        allows no signal handlers.
        """
        self._begin()
        self._loop(handling(signals, self._on_signal, self._waker))
        if self._error is not None:
            raise self._error
        return self._signal

    def request_stop(self) -> None:
        """Begin to stop, and return at once. For any thread and for signal handlers, any number of times."""
        self._stopping = True
        self._waker.wake()

    def stop(self) -> None:
        """Take no more requests, let those being answered finish for ``grace`` seconds, and end all threads."""
        self.request_stop()
        if self._claim():
            self._acceptor.close()
            self._release()
        self.wait()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the server has stopped, at most ``timeout`` seconds. False: it has not."""
        return self._stopped.wait(timeout)

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    # The loop: one thread, which never runs the application.

    def _claim(self) -> bool:
        """True for the one who may run the server."""
        with self._lock:
            first, self._runs = not self._runs, True
        return first

    def _begin(self) -> None:
        if not self._claim():
            raise RuntimeError("A server runs only once: create another one.")
        in_forked(self._let_go)

    def _loop(self, signals: AbstractContextManager[None]) -> None:
        try:
            with signals:
                try:
                    self._selector.register(self._waker, selectors.EVENT_READ)
                    self._acceptor.resume()
                    while not self._stopping:
                        self._turn()
                finally:
                    self._stopping = True
                    self._end()
        finally:
            self._release()

    def _turn(self, until: float = NEVER) -> None:
        """Wait for something to happen, at the latest ``until`` on the monotonic clock, and deal with it."""
        until = min(until, self._idle.next_deadline, self._acceptor.resumes_at)
        for key, _ in self._selector.select(None if until == NEVER else max(0.0, until - time.monotonic())):
            if isinstance(key.data, Connection):
                if key.data in self._idle:  # it was not given up just now, to make room
                    self._idle.remove(key.data)
                    self._pool.submit(key.data)
            elif key.data is self._acceptor:
                self._accept(key.fileobj)
            else:
                self._waker.drain()
        while self._returned:
            self._idle.add(self._returned.popleft())
        now = time.monotonic()
        for connection in self._idle.take_expired(now):
            connection.expire()
            self._forget(connection)
        if self._acceptor.resumes_at <= now:
            self._acceptor.resume()

    def _accept(self, listener: Any) -> None:
        try:
            accepted = self._acceptor.accept(listener)
        except OSError:
            # Most likely the system has no more descriptors. The listener would be ready again at once, and the loop
            # would spin: pause until some connections have ended.
            self._hang_up(ROOM)
            self._acceptor.pause(time.monotonic() + PAUSE)
            return
        if accepted is None:
            return
        sock, peer = accepted
        connection = Connection(sock, peer_of(listener, peer), self._contexts[listener])
        with self._lock:
            self._connections.add(connection)
        self._pool.submit(connection)

    def _hang_up(self, count: int) -> None:
        """Close ``count`` of the silent connections, those whose time is over first."""
        for connection in self._idle.take_first(count):
            connection.transport.close()
            self._forget(connection)

    # What other threads do.

    def _serve(self, connection: Connection) -> None:
        """Runs in a thread of the pool."""
        try:
            stays = connection.serve(self._linger)
        except BaseException as error:  # a mistake in this server: it costs one connection, not the thread
            self._log.failed(error)
            connection.transport.close()
            stays = False
        if self._elsewhere:
            os._exit(0)
        if stays:
            self._returned.append(connection)
            self._waker.wake()
        else:
            self._forget(connection)

    def _let_go(self) -> None:
        """In a process that the application has forked: neither the port nor the clients are its own.

        It ends when it comes back from the application, where its own code should have ended it.
        """
        self._elsewhere = True
        for sock in self._contexts:
            sock.close()
        for connection in self._connections:
            if not connection.transport.hijacked:
                connection.transport.sock.close()

    def _linger(self) -> float:
        return self._config.timeouts.linger if self._pool.has_idle else 0.0

    def _forget(self, connection: Connection) -> None:
        with self._lock:
            self._connections.discard(connection)
        if self._stopping:  # perhaps this was the last one
            self._waker.wake()

    def _failed(self, error: BaseException) -> None:
        if self._config.passthrough_errors:
            self._error = error
            self.request_stop()
        else:
            self._log.failed(error)

    def _on_signal(self, number: int, frame: object) -> None:
        """Takes no lock: the thread that it interrupts may hold it."""
        self._hurry = self._stopping
        self._stopping = True
        self._signal = number

    # The end.

    def _end(self) -> None:
        # Connections that wait in the system's queue are not accepted any more: where another process shares the
        # socket, as under a reloader, they are for the one that comes next.
        self._acceptor.close()
        for hook in self._config.on_stop:
            try:
                hook()
            except BaseException as error:  # a mistake of the caller's: the server must end anyway
                self._log.failed(error)
        self._cut(lambda connection: connection.transport.hijacked)  # a WebSocket would go on for ever
        self._part()
        self._finish(self._config.timeouts.grace)
        self._name_unfinished()
        self._cut(lambda connection: True)
        self._hurry = False
        self._finish(self._config.timeouts.cut)
        self._pool.shutdown()

    def _cut(self, chosen: Callable[[Connection], bool]) -> None:
        with self._lock:
            left = [connection for connection in self._connections if chosen(connection)]
        for connection in left:
            connection.transport.interrupt()

    def _name_unfinished(self) -> None:
        """Say which requests kept the server, and are cut off: whoever waited wants to know, and their clients too."""
        with self._lock:
            lines = [connection.line for connection in self._connections if connection.answering]
        for line in dict.fromkeys(filter(None, map(self._log.shown, lines))):
            self._log.say(f" * Cut off while still being answered: {line}")

    def _part(self) -> None:
        """Hang up on idle clients, but answer first what they have sent already, or are just sending."""
        deadline = time.monotonic() + self._config.timeouts.linger
        while len(self._idle) and not self._hurry and time.monotonic() < deadline:
            self._turn(deadline)

    def _finish(self, seconds: float) -> None:
        """Wait until every connection has ended, at most ``seconds``."""
        deadline = time.monotonic() + seconds
        self._hang_up(len(self._idle))
        while self._connections and not self._hurry and time.monotonic() < deadline:
            self._turn(deadline)
            self._hang_up(len(self._idle))

    def _release(self) -> None:
        no_more(self._let_go)
        self._selector.close()
        self._waker.close()
        self._stopped.set()
