"""One console: commands in, events out, one at a time; another thread can stop what runs.

Knows neither requests nor pages, nor how a command is run: `command` does that, on the console's thread.
"""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

from debugkit.debug.console.command import Command, Worker, show
from debugkit.debug.console.events import Beat, Done, Event, Failure, Output, Result, Status
from debugkit.debug.console.namespace import Namespace
from debugkit.debug.console.results import Results
from debugkit.debug.safe.real_threads import RLock
from debugkit.errors import BodyTooLarge, Conflict, Gone

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from debugkit.debug.console.coroutines import Loops

__all__ = ["Beat", "Console", "Done", "Event", "Failure", "Output", "Result"]

#: Seconds without a command after which the thread ends. Long, as database connections may belong to the thread.
_IDLE_SECONDS = 900.0
#: Characters of output sent for one command: a browser stays quick with them.
OUTPUT_SIZE = 400_000
#: Characters of one command: more was pasted by mistake.
SOURCE_SIZE = 100_000
#: Seconds that Stop waits for a command before it is abandoned: a person is waiting meanwhile.
INTERRUPT_SECONDS = 0.5


class Console:
    """A console in a frame, where ``names`` are at hand too, or with ``names`` alone when ``frame`` is `None`.

    Each command runs inside a copy of ``context`` and with ``context_managers`` entered (those that frameworks give to
    ``environ["werkzeug.debug.preserve_context"]``). The thread is made when it is needed, and stays the same until it
    had nothing to do for ``idle_seconds``. A command that awaits runs in ``loop`` as long as that runs, else in a loop
    of the console's own, on its thread. ``clock`` gives the seconds in `Done`.
    """

    def __init__(
        self,
        frame: FrameType | None,
        *,
        context: contextvars.Context | None = None,
        context_managers: Sequence[AbstractContextManager[Any]] = (),
        loop: AbstractEventLoop | None = None,
        names: Mapping[str, object] | None = None,
        output_size: int = OUTPUT_SIZE,
        source_size: int = SOURCE_SIZE,
        interrupt_seconds: float = INTERRUPT_SECONDS,
        idle_seconds: float = _IDLE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._output_size = output_size
        self._source_size = source_size
        self._interrupt_seconds = interrupt_seconds
        self._context = contextvars.Context() if context is None else context
        self._managers = tuple(context_managers)
        self._loop = loop
        self._loops: Loops | None = None
        self._idle_seconds = idle_seconds
        self._clock = clock
        # Re-entrant: the garbage collector may close the events of a dropped command while the lock is held.
        self._lock = RLock()
        self._worker: Worker | None = None
        self._running: Command | None = None
        self._closed = False
        self._namespace = Namespace(frame, names or {}, partial(show, output_size))
        #: What a page may ask of results later.
        self.results = Results()

    def evaluate(self, source: str, *, beat: float | None = None) -> Iterator[Event]:
        """Start a command; the events are those of the command, as they come, and the last is `Done`.
        With ``beat``, one comes every so many seconds at least.

        Closing the iterator, or dropping it, interrupts the command. Raises `Conflict` while another command runs,
        `BodyTooLarge` for a command longer than ``source_size`` characters, `Gone` after `close`.
        """
        if len(source) > self._source_size:
            raise BodyTooLarge(f"The command has {len(source)} characters; the limit is {self._source_size}.")
        command = Command(source, self._namespace, self._output_size, self._clock, self._event_loops, self._end)
        with self._lock:
            if self._closed:
                raise Gone("This console is closed because its error was released. Reload the page that failed.")
            if self._running is not None:
                raise Conflict("The console is still running the previous command. Wait until it is done, or stop it.")
            self._submit(command)
            self._running = command
        events = self._events(command, beat)
        next(events)
        return events

    def ends_within(self, seconds: float) -> bool:
        """Whether what runs ends within ``seconds``; waits until it does, and then its events are all there."""
        command = self._running
        return command is None or command.ends_within(seconds)

    def interrupt(self) -> bool:
        """Stop what runs; `False` when nothing does.

        Waits up to ``interrupt_seconds``. What does not end by then (it waits in C code, or swallows
        KeyboardInterrupt) is abandoned: its events end, and the next command gets a new thread. Against C code that
        keeps the interpreter's lock (``10 ** 10 ** 8``) no thread can do anything, this one neither.
        """
        command = self._running
        return command is not None and self._stop(command)

    def names(self) -> Mapping[str, object]:
        """The current names of the console and their values."""
        return self._namespace.names()

    def scopes(self) -> tuple[dict[str, Any], ...]:
        """Where commands look names up, in this order: the very dicts, which running commands change."""
        return self._namespace.scopes()

    def close(self) -> None:
        """Stop what runs, end the thread and release the frame's values."""
        self._closed = True
        self.interrupt()
        with self._lock:
            worker, self._worker = self._worker, None
            self._managers = ()
            self._context = contextvars.Context()
        if worker is not None:
            worker.end()
        if self._loops is not None:
            self._loops.close()
        self._loop = None
        self.results.close()
        self._namespace.close()

    def _event_loops(self) -> Loops:
        if self._loops is None:
            # It imports asyncio, which many WSGI applications never do.
            from debugkit.debug.console.coroutines import Loops

            self._loops = Loops(self._loop)
        return self._loops

    def _submit(self, command: Command) -> None:
        if self._worker is None or not self._worker.submit(command):
            self._worker = Worker(self._context, self._managers, self._idle_seconds, command)

    def _events(self, command: Command, beat: float | None) -> Generator[Event, None, None]:
        try:
            yield Output("stdout", "")  # taken by `evaluate`: from here on, closing reaches the line below
            yield from command.queue.events(beat)
        finally:
            self._stop(command)

    def _stop(self, command: Command) -> bool:
        if command.queue.ended:
            return False
        if not command.interrupt(self._interrupt_seconds):
            self._end(command, "interrupted", f"{command.place()}; abandoned")
        return True

    def _end(self, command: Command, status: Status, left_alone: str = "") -> None:
        """The command is done, or abandoned, whichever comes first."""
        with self._lock:
            if command.queue.ended:
                return
            if left_alone and self._worker is not None:
                self._worker.end()
                self._worker = None
            self._running = None
            command.queue.close(Done(status, command.seconds()), left_alone, dropped=bool(left_alone))
