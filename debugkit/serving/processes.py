"""Several processes that accept from the same sockets, and the one that looks after them.

The workers are forked: they begin with everything that has been imported. Which of them gets a connection is for the
system to decide. Knows neither HTTP nor the application.
"""

from __future__ import annotations

import atexit
import os
import selectors
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn, Protocol

from debugkit.errors import ConfigurationError
from debugkit.serving.config import Timeouts
from debugkit.serving.listen import close_all
from debugkit.serving.log import Log
from debugkit.serving.log_writer import writer
from debugkit.serving.signals import SIGNALS, Waker, handling

#: Seconds after which a worker that dies was not broken from the start: another one is started at once.
STABLE = 1.0
#: Seconds before another one is started when it was: the first time, and at most.
BACK_OFF = (0.25, 5.0)
#: Seconds between two signals for the same worker.
BETWEEN = 0.05


class ServerOfWorker(Protocol):
    """What each worker runs."""

    def serve_forever(self, signals: Sequence[int]) -> int: ...
    def request_stop(self) -> None: ...
    def wait(self, timeout: float | None) -> bool: ...


class Processes:
    """Runs ``count`` workers, each with the server that ``make`` returns there, until stopped.

    ``make`` is called in the worker; its server listens on ``sockets``, which are closed here when stopping begins.
    ``timeouts`` are those of the servers. ``on_closed`` is called here when no worker listens any more: each of their
    servers is to call `closed_here`. A worker that dies is replaced, and one whose parent dies ends, however it died.

    To be used from the main thread, and while there is no other: of all threads, a fork takes only the one that calls
    it along, and what the others have locked stays locked (Python warns of that since 3.12).
    Raises `ConfigurationError` where the system cannot fork.
    """

    def __init__(
        self,
        make: Callable[[], ServerOfWorker],
        sockets: Sequence[socket.socket],
        count: int,
        *,
        log: Log | None = None,
        timeouts: Timeouts | None = None,
        clock: Callable[[], float] = time.monotonic,
        on_closed: Callable[[], None] = lambda: None,
    ) -> None:
        if not hasattr(os, "fork"):
            raise ConfigurationError("This system cannot fork processes: leave processes at 1, and use threads.")
        if count < 1:
            raise ConfigurationError(f"{count} processes is not a number of processes: give 1 or more.")
        self._make = make
        self._sockets = sockets
        self._count = count
        self._log = log or Log()
        self._timeouts = timeouts or Timeouts()
        self._clock = clock
        self._workers: dict[int, float] = {}  # when each was born, by process id
        self._due = [clock()] * count  # when to start one
        self._delay = 0.0
        self._stopping = False
        self._terminations = 0  # how often the workers were asked to end
        self._asked = 0  # how often they are to be
        self._signal = 0
        self._waker = Waker()
        # Nobody ever writes here: what workers wait for is the end of it, which comes when this process is gone.
        self._lifeline, self._lifeline_end = socket.socketpair()
        # The same the other way round: its end comes when the last worker has closed its listeners, or has died.
        self._listening, self._listening_end = socket.socketpair()
        self.on_closed = on_closed
        self._hears = False

    def serve_forever(self) -> int:
        """Serve until `request_stop`, SIGINT, SIGTERM or SIGHUP; return the signal's number, or 0.

        A second signal ends requests that are still being answered at once.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("Processes can be supervised only from the main thread, where signals arrive.")
        try:
            with handling((*SIGNALS, signal.SIGCHLD), self._on_signal, self._waker):
                try:
                    while not self._stopping:
                        self._start_those_due()
                        self._wait(min(self._due, default=None))
                finally:
                    self._end()
        finally:
            self.close()
        return self._signal

    def close(self) -> None:
        """Release what waits for signals. `serve_forever` does so in the end."""
        self._waker.close()
        close_all([self._lifeline, self._lifeline_end, self._listening, self._listening_end])

    def closed_here(self) -> None:
        """The server of this worker takes no more connections."""
        self._listening_end.close()

    def request_stop(self) -> None:
        """Begin to stop, and return at once. For any thread and for signal handlers, any number of times."""
        self._stopping = True
        self._asked = max(self._asked, 1)
        self._waker.wake()

    def _on_signal(self, number: int, frame: object) -> None:
        if number != signal.SIGCHLD:
            self._stopping = True
            self._asked += 1
            self._signal = number

    def _wait(self, until: float | None) -> None:
        """Wait for a signal, at the latest ``until``, and look who has ended."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._waker, selectors.EVENT_READ)
            if self._hears:
                selector.register(self._listening, selectors.EVENT_READ)
            ready = selector.select(None if until is None else max(0.0, until - self._clock()))
            for key, _ in ready:
                if key.fileobj is self._waker:
                    self._waker.drain()
                else:
                    self._hears = False
                    self.on_closed()
        for pid in list(self._workers):
            status = reap(pid)
            if status is not None:
                self._ended(pid, status)

    def _ended(self, pid: int, status: int) -> None:
        lived = self._clock() - self._workers.pop(pid)
        if self._stopping:
            return
        first, longest = BACK_OFF
        self._delay = 0.0 if lived >= STABLE else min(longest, self._delay * 2 or first)
        self._due.append(self._clock() + self._delay)
        when = f" in {self._delay:g} s" if self._delay else ""
        self._log.say(f"Worker {pid} {how_it_ended(status)}: starting another{when}.")

    def _start_those_due(self) -> None:
        now = self._clock()
        due = [moment for moment in self._due if moment <= now]
        self._due = [moment for moment in self._due if moment > now]
        if due:
            writer().flush()  # what is said up to here comes before what the new ones say
        for _ in due:
            self._start()

    def _start(self) -> None:
        for stream in (sys.stdout, sys.stderr):  # or both processes would write what is still in the buffer
            if stream is not None:
                stream.flush()
        # A signal that arrives before the worker has its own handlers would be taken for ours.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            with warnings.catch_warnings():
                # Python warns of a fork beside other threads. There is the log's, which begins anew in a worker, and
                # under a reloader one that waits for the supervisor and holds no lock meanwhile.
                warnings.simplefilter("ignore", DeprecationWarning)
                pid = os.fork()
            if not pid:
                self._work(blocked)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        self._workers[pid] = self._clock()

    # In a worker.

    def _work(self, mask: Iterable[int]) -> NoReturn:
        status = 1
        try:
            self._forget_the_parent()
            early: list[int] = []
            signal.signal(signal.SIGTERM, lambda number, frame: early.append(number))
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            server = self._make()
            signal.signal(signal.SIGTERM, lambda number, frame: server.request_stop())
            if early:
                server.request_stop()
            threading.Thread(target=self._follow, args=[server], name="debugkit-lifeline", daemon=True).start()
            server.serve_forever([signal.SIGTERM])
            status = 0
        except BaseException as error:
            self._log.failed(error)
        finally:
            # Not sys.exit(): that would go on with what the parent was doing, and wait for threads that may never end.
            atexit._run_exitfuncs()
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
            os._exit(status)

    def _forget_the_parent(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number in SIGNALS:
            if number != signal.SIGTERM:
                # Terminals send these to all processes at once; the parent passes them on as SIGTERM. Not SIG_IGN,
                # which programs that the application starts would inherit.
                signal.signal(number, lambda number, frame: None)
        self._waker.close()
        self._lifeline.close()

    def _follow(self, server: ServerOfWorker) -> None:
        """End when the parent has ended."""
        self._lifeline_end.recv(1)
        server.request_stop()
        server.wait(self._timeouts.grace + self._timeouts.cut)
        threading.Event().wait(self._timeouts.parting)
        os._exit(1)

    # The end.

    def _end(self) -> None:
        self._stopping = True
        self._asked = max(self._asked, 1)
        close_all([*self._sockets, self._listening_end])
        self._hears = True
        deadline = self._clock() + self._timeouts.grace + self._timeouts.cut + self._timeouts.parting
        while self._workers and self._clock() < deadline:
            if self._terminations < self._asked:
                self._terminations += 1
                self._kill(signal.SIGTERM)
            # Of two signals that follow at once the second would be lost in the first.
            self._wait(deadline if self._terminations == self._asked else self._clock() + BETWEEN)
        for pid in self._workers:
            self._log.say(f"Worker {pid} did not end in time: killed.")
        self._kill(signal.SIGKILL)
        for pid in self._workers:
            os.waitpid(pid, 0)

    def _kill(self, number: signal.Signals) -> None:
        for pid in self._workers:  # not waited for yet, so the number cannot be another process's
            os.kill(pid, number)


def reap(pid: int) -> int | None:
    """The exit status of a child, negative for a signal. `None`: it runs."""
    done, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if done else None


def how_it_ended(status: int) -> str:
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:  # a real-time signal has no name
        return f"was ended by signal {-status}"
