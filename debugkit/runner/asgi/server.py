"""Serves an ASGI application with uvicorn: its protocols and its event loop, our sockets, log, signals and end.

The one module that knows uvicorn. What can be replaced is what its `Server` calls by public names.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.logging import DefaultFormatter

from debugkit.debug.asgi.threads import in_thread
from debugkit.runner.asgi.lifespan import Application, Lifespan
from debugkit.runner.asgi.requests import Requests
from debugkit.serving.config import Timeouts
from debugkit.serving.listen import BACKLOG
from debugkit.serving.log import Log, never_wait
from debugkit.serving.signals import SIGNALS, is_refused

if TYPE_CHECKING:
    import socket
    import ssl

#: Seconds after which the Date header is out of date.
SECOND = 1.0
#: Seconds between two looks at whether all have finished.
TICK = 0.01
#: Seconds after which a loop that does not hear of the end is blocked by the application.
PATIENCE = 0.5
#: Where uvicorn's own words come from. Applications use its loggers too, and theirs are printed.
OWN = tuple(f"{Path(uvicorn.__file__).parents[1] / name}{os.sep}" for name in ("uvicorn", "websockets"))


def nothing() -> None:
    """What there is to do at some moments of a server that nobody waits for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsgiConfig:
    """Everything an `AsgiServer` is made of beside its sockets."""

    app: Application
    known_lifespan: bool = False  # of a framework that has one: an exception at its start is an error
    ssl_context: ssl.SSLContext | None = None
    log: Log = field(default_factory=Log)
    timeouts: Timeouts = field(default_factory=Timeouts)
    on_ready: Callable[[], None] = nothing  # the application has started; on the loop
    await_turn: Callable[[], None] = nothing  # called in a thread, and may block, before the server listens
    on_stop: Sequence[Callable[[], None]] = ()  # when stopping begins, before requests are waited for
    on_blocked: Callable[[], None] = nothing  # it is to stop, and the application does not let it: in a thread
    on_end: Callable[[], None] = nothing  # the application has ended


class AsgiServer(uvicorn.Server):
    """Serves from listening sockets until stopped, once; to its caller it is like `debugkit.serving.server.Server`."""

    def __init__(self, sockets: list[socket.socket], config: AsgiConfig) -> None:
        self._sockets = sockets
        self._choices = config
        self._log = config.log
        self._lifespan = Lifespan(
            config.app,
            known=config.known_lifespan,
            on_ready=self._ready,
            failed=lambda error: self._requests.failed(error),
            say=config.log.say,
        )
        self._requests = Requests(config.app, self._lifespan, config.log)
        self._signals: Sequence[int] = ()
        self._signal = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread = 0
        self._wake = asyncio.Event()
        self._hears = threading.Event()
        self._stopped = threading.Event()
        super().__init__(self._uvicorn_config())

    def _uvicorn_config(self) -> uvicorn.Config:
        config = uvicorn.Config(
            self._requests,
            interface="asgi3",
            lifespan="on",
            log_config=None,
            access_log=False,
            backlog=BACKLOG,
            timeout_keep_alive=int(self._choices.timeouts.idle),
        )
        config.load()
        config.ssl = self._choices.ssl_context  # older releases make one of files only
        return config

    def serve_forever(self, signals: Sequence[int] = SIGNALS) -> int:
        """Serve in this thread until stopped, or until one of ``signals``; return the signal's number, or 0.

        A second signal ends requests that are still being answered at once. Raises `StartupFailed`.
        """
        self._signals = signals if threading.current_thread() is threading.main_thread() else ()
        try:
            with self._own_log():
                self.run(sockets=self._sockets)
        except (SystemExit, asyncio.CancelledError):  # uvicorn's own end after a failed start; our own before one
            if self._lifespan.failure is None and not self.should_exit:
                raise
        finally:
            self._stopped.set()
        if self._lifespan.failure is not None and not self.should_exit:  # which may be why it failed
            raise self._lifespan.failure
        return self._signal

    def request_stop(self) -> None:
        """Begin to stop, and return at once. For any thread, any number of times."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it is closed
                self._loop.call_soon_threadsafe(self._stop_waiting)
            if threading.get_ident() != self._thread:
                threading.Thread(target=self._watch, name="debugkit-loop", daemon=True).start()

    def _watch(self) -> None:
        """A loop that the application blocks closes no listener. Nor does it accept: another process may."""
        if not self._hears.wait(PATIENCE):
            self._choices.on_blocked()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the server has stopped, at most ``timeout`` seconds. False: it has not."""
        return self._stopped.wait(timeout)

    def _stop_waiting(self) -> None:
        """On the loop. An application that is just starting has as long as requests have; then it ends properly."""
        self._hears.set()
        self._wake.set()
        if self._lifespan.state == "starting" and self._loop is not None:
            self._loop.call_later(0 if self.force_exit else self._choices.timeouts.grace, self._give_up)

    def _give_up(self) -> None:
        if self._lifespan.state == "starting" and self._task is not None:
            self._task.cancel()

    # What uvicorn calls, in this order.

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._thread = threading.get_ident()
        if self.should_exit:
            self._stop_waiting()
        before = {number: signal.getsignal(number) for number in self._signals if not is_refused(number)}
        for number in before:
            self._hear(number)
        try:
            yield
        finally:
            for number, handler in before.items():
                with suppress(NotImplementedError):
                    self._loop.remove_signal_handler(number)
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _hear(self, number: int) -> None:
        assert self._loop is not None
        try:
            self._loop.add_signal_handler(number, self._on_signal, number)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: self._on_signal(number))

    def _on_signal(self, number: int) -> None:
        self.force_exit = self.should_exit
        self._signal = number
        self.request_stop()

    async def _ready(self) -> None:
        self._choices.on_ready()
        await in_thread(self._choices.await_turn)

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # which sets the Date header of the next answers
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), SECOND)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        timeouts = self._choices.timeouts
        self._requests.stopping = True
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for hook in self._choices.on_stop:
            try:
                hook()
            except BaseException as error:  # a mistake of the caller's: the server must end anyway
                self._log.failed(error)
        # What was accepted just now may not have come up to here, and clients may be sending.
        await self._wait_until(lambda: False, timeouts.linger)
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await self._wait_until(self._has_finished, timeouts.grace)
        self._cut()
        await self._wait_until(self._has_finished, timeouts.cut)
        await self._end_application()

    async def _wait_until(self, happened: Callable[[], bool], seconds: float) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not happened() and not self.force_exit and loop.time() < deadline:
            await asyncio.sleep(TICK)

    def _has_finished(self) -> bool:
        return not self.server_state.connections and not self.server_state.tasks

    def _cut(self) -> None:
        for line in self._requests.unfinished:
            self._log.say(f" * Cut off while still being answered: {line}")
        for task in self.server_state.tasks:
            task.cancel()
        for connection in list(self.server_state.connections):
            connection.transport.close()
        self.force_exit = False

    async def _end_application(self) -> None:
        ending = asyncio.ensure_future(self.lifespan.shutdown())
        await self._wait_until(ending.done, inf)
        # The loop waits for the threads of its pool, however long they work: for them waits who ends the process.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        self._choices.on_end()

    # The log.

    @contextmanager
    def _own_log(self) -> Iterator[None]:
        """Print what applications log with uvicorn's loggers as uvicorn does, and of its own words what is news."""
        logger, errors = logging.getLogger("uvicorn"), logging.getLogger("uvicorn.error")
        if not (logger.handlers or errors.handlers) and sys.stderr is not None:  # or the application has its own
            handler = logging.StreamHandler(never_wait(sys.stderr))
            handler.setFormatter(DefaultFormatter("%(levelprefix)s %(message)s"))
            logger.addHandler(handler)
            logger.setLevel(logging.INFO)
            logger.propagate = False
        errors.addFilter(self._is_news)
        try:
            yield
        finally:
            errors.removeFilter(self._is_news)

    def _is_news(self, record: logging.LogRecord) -> bool:
        if not record.pathname.startswith(OWN):
            return True
        error = record.exc_info[1] if record.exc_info else None
        is_printed = error is not None and self._requests.is_printed(error)
        return record.levelno > logging.INFO and self.started and not is_printed
