"""Sockets: accepts connections, gives each to a thread of the crew while it is busy, and ends gracefully.

A connection keeps a thread only while it has something to do; a silent one is parked here, so that idle browsers
cannot use up the threads. Knows no HTTP and no debugger.
"""

from __future__ import annotations

import selectors
import signal
import socket
import threading
import time
from collections import deque
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from debugkit import __version__
from debugkit.serving.answer import FileWrapper
from debugkit.serving.crew import Crew
from debugkit.serving.http11 import Connection, Site
from debugkit.serving.listen import bind
from debugkit.serving.log import Log
from debugkit.serving.wire import Patience

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed.wsgi import WSGIApplication

#: Requests answered at the same time; further ones wait for a thread.
THREADS = 64
#: Seconds a thread stays with a silent connection: the next request of the same client usually follows at once.
LINGER = 0.05
#: Seconds that requests have to finish when the server stops.
GRACE = 3.0


def make_server(
    host: str,
    port: int,
    app: WSGIApplication,
    *,
    log: Log | None = None,
    threads: int = THREADS,
    patience: Patience | None = None,
    grace: float = GRACE,
    passthrough_errors: bool = False,
) -> Server:
    """A `Server` for ``app`` that is bound to ``host`` and ``port`` (0: any free one), and does not run yet.

    "localhost" means 127.0.0.1 and, where there is IPv6, ::1. ``threads`` is how many requests are answered at the same
    time, ``grace`` how many seconds they have to finish when the server stops. ``passthrough_errors`` lets an exception
    of the application end `Server.serve_forever`, for debuggers that wait for it there.
    Raises `listen.AddressInUse`, or `ConfigurationError` for an address that cannot be listened on.
    """
    sockets = bind(host, port)
    return Server(
        sockets,
        app,
        name=host.strip("[]"),
        log=log or Log(),
        threads=threads,
        patience=patience or Patience(),
        grace=grace,
        passthrough_errors=passthrough_errors,
    )


class Server:
    """Serves from listening sockets until stopped, once. As a context manager it runs in the background meanwhile."""

    def __init__(
        self,
        sockets: list[socket.socket],
        app: WSGIApplication,
        *,
        name: str,
        log: Log,
        threads: int = THREADS,
        patience: Patience,
        grace: float = GRACE,
        passthrough_errors: bool = False,
    ) -> None:
        self._sockets = sockets
        self._log = log
        self._grace = grace
        self._passthrough = passthrough_errors
        self._error: BaseException | None = None
        self._site = Site(
            app=app,
            environ=base_environ(name, sockets[0].getsockname()[1], threads, log.stream),
            access=log.access,
            failed=self._failed,
            stopping=lambda: self._stopping,
            patience=patience,
        )
        self._crew = Crew(threads, self._serve)
        self._connections: set[Connection] = set()
        self._returned: deque[Connection] = deque()
        self._parked: set[Connection] = set()
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_writer.setblocking(False)
        self._runs = False
        self._stopping = False
        self._hurry = False
        self._signal = 0
        self._stopped = threading.Event()
        self.name = name
        self.port: int = sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        """Where a browser on this computer finds the server."""
        host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(self.name, self.name)
        return f"http://[{host}]:{self.port}/" if ":" in host else f"http://{host}:{self.port}/"

    def start(self) -> None:
        """Serve in the background."""
        threading.Thread(target=self._loop, args=[nullcontext()], name="debugkit-server", daemon=True).start()

    def serve_forever(self) -> int:
        """Serve in this thread until `stop`, SIGINT or SIGTERM; return the signal's number, or 0.

        A second signal ends requests that are still being answered at once.
        """
        self._loop(self._signals())
        if self._error is not None:
            raise self._error
        return self._signal

    def stop(self) -> None:
        """Take no more requests, let those being answered finish for ``grace`` seconds, and end all threads."""
        with self._lock:
            self._stopping = True
            runs, self._runs = self._runs, True
        if runs:
            self._wake()
            self._stopped.wait()
        else:
            self._close()
            self._release()

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    # The loop: one thread, which never runs the application.

    def _loop(self, signals: AbstractContextManager[None]) -> None:
        with self._lock:
            if self._runs:
                raise RuntimeError("A server runs once: make another one.")
            self._runs = True
        for listener in (*self._sockets, self._wake_reader):
            listener.setblocking(False)
            self._selector.register(listener, selectors.EVENT_READ)
        try:
            with signals:
                try:
                    while not self._stopping:
                        self._turn()
                finally:
                    self._stopping = True
                    self._close()
        finally:
            self._release()

    def _turn(self) -> None:
        soonest = min((one.deadline for one in self._parked), default=None)
        for key, _ in self._selector.select(None if soonest is None else max(0.0, soonest - time.monotonic())):
            if key.data is not None:
                self._resume(key.data)
            elif key.fileobj is self._wake_reader:
                self._wake_reader.recv(4096)
            else:
                self._accept(key.fileobj)
        while self._returned:
            connection = self._returned.popleft()
            self._selector.register(connection.wire, selectors.EVENT_READ, connection)
            self._parked.add(connection)
        now = time.monotonic()
        for connection in [one for one in self._parked if one.deadline <= now]:
            self._unpark(connection)
            connection.expire()
            self._forget(connection)

    def _accept(self, listener: Any) -> None:
        try:
            sock, peer = listener.accept()
        except (BlockingIOError, ConnectionError):  # another process took it, or the client left
            return
        except OSError as error:
            # Most likely out of file descriptors: say so, and give connections a moment to end.
            self._log.say(f"Cannot accept a connection: {error}")
            time.sleep(0.1)
            return
        connection = Connection(sock, (peer[0].removeprefix("::ffff:"), peer[1]), self._site)
        with self._lock:
            self._connections.add(connection)
        self._crew.submit(connection)

    def _resume(self, connection: Connection) -> None:
        self._unpark(connection)
        self._crew.submit(connection)

    def _unpark(self, connection: Connection) -> None:
        self._selector.unregister(connection.wire)
        self._parked.discard(connection)

    # What other threads do.

    def _serve(self, connection: Connection) -> None:
        """Runs in a thread of the crew."""
        try:
            stays = connection.serve(self._linger)
        except BaseException as error:  # a mistake in this server: it costs one connection, not the thread
            self._log.failed(error)
            connection.wire.close()
            stays = False
        if stays:
            self._returned.append(connection)
            self._wake()
        else:
            self._forget(connection)

    def _linger(self) -> float:
        return LINGER if self._crew.has_time else 0.0

    def _forget(self, connection: Connection) -> None:
        with self._lock:
            self._connections.discard(connection)

    def _wake(self) -> None:
        try:
            self._wake_writer.send(b"\0")
        except OSError:  # full, so it wakes anyway; or closed, since the server has stopped
            pass

    def _failed(self, error: BaseException) -> None:
        if self._passthrough:
            self._error = error
            self._stopping = True
            self._wake()
        else:
            self._log.failed(error)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM stop the server while it runs in the main thread; elsewhere Python allows no handlers."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        # Python runs handlers in the main thread only, which may be waiting while the system woke another one.
        wakeup = signal.set_wakeup_fd(self._wake_writer.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                # None: a handler that was not set from Python, and cannot be set again from here.
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _on_signal(self, number: int, frame: object) -> None:
        """Takes no lock: the thread that it interrupts may hold it."""
        self._hurry = self._stopping
        self._stopping = True
        self._signal = number

    # The end.

    def _close(self) -> None:
        for listener in self._sockets:
            listener.close()
        for connection in self._parked | set(self._returned):
            connection.wire.close()
            self._forget(connection)
        self._crew.dismiss()
        self._wait(self._grace)
        with self._lock:
            left = list(self._connections)
        for connection in left:
            connection.wire.interrupt()
        self._hurry = False
        self._wait(1.0)

    def _release(self) -> None:
        self._selector.close()
        self._wake_reader.close()
        self._wake_writer.close()
        self._stopped.set()

    def _wait(self, seconds: float) -> None:
        """Until every connection has ended, at most ``seconds``, in small steps since a signal may say: hurry."""
        deadline = time.monotonic() + seconds
        while self._connections and not self._hurry and (left := deadline - time.monotonic()) > 0:
            if not self._crew.join(min(left, 0.1)):
                return


def base_environ(name: str, port: int, threads: int, errors: object) -> dict[str, Any]:
    """What PEP 3333 wants in every environ, whatever the request."""
    return {
        "SCRIPT_NAME": "",
        "SERVER_NAME": name or "localhost",
        "SERVER_PORT": str(port),
        "SERVER_SOFTWARE": f"debugkit/{__version__}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": errors,
        "wsgi.multithread": threads > 1,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.input_terminated": True,
    }
