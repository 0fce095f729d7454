"""One running command and the thread it runs on: how it is evaluated, how its errors read, how another thread stops it.

User code runs here and on this thread only, its ``repr`` and ``str`` included. Knows neither the console, which decides
what runs when, nor who reads the events.
"""

from __future__ import annotations

import contextvars
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from itertools import islice
from typing import Any

from debugkit.debug.console.events import EventQueue, Result, Status, current_queue
from debugkit.debug.console.namespace import Namespace
from debugkit.debug.console.streams import current_streams
from debugkit.debug.console.transforms import show_expressions
from debugkit.debug.safe import real_threads
from debugkit.debug.safe.async_exceptions import raise_in_thread
from debugkit.debug.safe.real_threads import Empty, SimpleQueue

#: How often Stop raises KeyboardInterrupt before it gives up, at least, and how many seconds apart, at most: for code
#: that swallows the first ones, not so often that tidying up has no chance.
_ATTEMPTS = 4
_APART = 0.125


class Worker:
    """A thread that runs commands one after the other, ``first`` to begin with: it must not be idle before that."""

    def __init__(
        self,
        context: contextvars.Context,
        managers: Sequence[AbstractContextManager[Any]],
        idle_seconds: float,
        first: Command,
    ) -> None:
        # A copy, since a context can be entered once only: an earlier thread, or another console, may be inside.
        self._context = context.copy()
        self._managers = managers
        self._idle_seconds = idle_seconds
        self._commands: SimpleQueue[Command | None] = SimpleQueue()
        self._commands.put(first)
        self._lock = real_threads.allocate_lock()
        self._ended = False
        real_threads.start(self._work, name="debugkit console")

    def submit(self, command: Command) -> bool:
        """Run the command as soon as possible; `False` when the thread has ended."""
        with self._lock:
            if not self._ended:
                self._commands.put(command)
            return not self._ended

    def end(self) -> None:
        """End the thread after what it runs."""
        self._commands.put(None)

    def _work(self) -> None:
        while (command := self._next()) is not None:
            command.run(self._context, self._managers)
            del command  # nothing of it is kept while the thread waits

    def _next(self) -> Command | None:
        while not self._ended:
            try:
                return self._commands.get(timeout=self._idle_seconds)
            except Empty:
                with self._lock:
                    self._ended = self._commands.empty()
        return None


class Command:
    """One command: what its thread does with it, and how another thread interrupts that."""

    def __init__(
        self,
        source: str,
        namespace: Namespace,
        limit: int,
        clock: Callable[[], float],
        end: Callable[[Command, Status], None],
    ) -> None:
        self.queue = EventQueue(limit)
        self._source = source
        self._namespace = namespace
        self._limit = limit
        self._clock = clock
        self._start = clock()
        self._process = os.getpid()
        self._end = end
        # Held while KeyboardInterrupt is raised in the thread, and to disarm. A plain lock: CPython lets no exception
        # in between taking it and the body of its `with`, which a lock with Python code in it does not promise.
        self._lock = real_threads.allocate_lock()
        self._thread = 0
        self._armed = False
        self._interrupted = False
        self._finished = real_threads.Event()

    def seconds(self) -> float:
        """Seconds since the command was given."""
        return self._clock() - self._start

    # On the console's thread

    def run(self, context: contextvars.Context, managers: Sequence[AbstractContextManager[Any]]) -> None:
        """Run the command to its end. Raises nothing."""
        self._thread = real_threads.get_ident()
        if self.queue.open():
            status = context.run(self._in_context, managers)
            self._end(self, status)
            self.queue.release()
        self._finished.set()

    def _in_context(self, managers: Sequence[AbstractContextManager[Any]]) -> Status:
        stack = ExitStack()
        for manager in managers:
            try:
                stack.enter_context(manager)
            except BaseException as error:
                self._explain("A context of the failed request cannot be entered; the command runs without it", error)
        status = self._interruptible()
        if os.getpid() != self._process:
            # The command has forked. This process is a copy without any other thread, which nobody would ever end.
            os._exit(0)
        try:
            stack.close()
        except BaseException as error:
            self._explain("A context of the failed request cannot be left", error)
        return status

    def _explain(self, sentence: str, error: BaseException) -> None:
        self.queue.fail(f"{sentence}:\n{_traceback_text(error, self._limit)}")

    def _interruptible(self) -> Status:
        """Evaluate, the only part that Stop may hit.

        An exception that another thread raises comes some time later, so all that happens until `_disarm` is done
        is in the ``try``; what comes too early or too late for `_evaluate` only makes the loop turn once more.
        """
        status: Status | None = None
        while True:
            try:
                if status is None:
                    status = "done"
                    self._armed = True
                    status = self._evaluate()
                self._disarm()
                return "interrupted" if self._interrupted else status
            except KeyboardInterrupt:
                continue

    def _disarm(self) -> None:
        with self._lock:
            self._armed = False
        if self._interrupted:
            raise_in_thread(None, KeyboardInterrupt)

    def _evaluate(self) -> Status:
        if self._interrupted:  # while contexts were entered
            return "interrupted"
        try:
            code = self._namespace.compile(_cleaned(self._source))
            if code is None:
                return "incomplete"
            self._namespace.run(code)
        except SystemExit as error:
            self.queue.note(f"{_exit_text(error)} ends nothing here: the server keeps running.")
            return "exited"
        except BaseException as error:
            if not (self._interrupted and issubclass(type(error), KeyboardInterrupt)):
                self.queue.fail(_traceback_text(error, self._limit))
        return "done"

    # On other threads

    def interrupt(self, seconds: float) -> bool:
        """Raise KeyboardInterrupt in the command until it ends; `False` when it has not ended after ``seconds``."""
        attempts = max(_ATTEMPTS, round(seconds / _APART))
        for _ in range(attempts):
            self._interrupted = True
            if self._lock.acquire(blocking=False):  # else it is disarming, or another Stop is at it
                try:
                    if self._armed:
                        raise_in_thread(self._thread, KeyboardInterrupt)
                finally:
                    self._lock.release()
            if self._finished.wait(seconds / attempts):
                return True
        return False

    def place(self) -> str:
        """Where the command is, as text: "still running line 2 of <console 1>"."""
        frame = sys._current_frames().get(self._thread)
        while frame is not None and frame.f_code.co_filename in _OWN_FILES:
            frame = frame.f_back
        return "still busy" if frame is None else f"still running line {frame.f_lineno} of {frame.f_code.co_filename}"


def _exit_text(error: SystemExit) -> str:
    plain = error.code is not None and any(type(error.code) is cls for cls in (int, str))
    return f"exit({error.code!r:.200})" if plain else "exit()"


# Text of values and errors


def show(limit: int, value: object, name: str, text: str) -> None:
    """Send a value to the reader of the command that the calling thread belongs to, at most ``limit`` characters.

    an empty ``text`` means the value's own preview.
    """
    queue = current_queue()
    if queue is not None:
        queue.show(Result(text or _representation(value, limit), value, name))


def _representation(value: object, limit: int) -> str:
    """``repr(value)``, at most ``limit`` characters of it; if that raises, a text that reports it."""
    try:
        text = str.__str__(repr(_shortened(value, limit)))  # an exact str, whatever repr() gave
    except KeyboardInterrupt:
        raise  # Stop
    except BaseException as error:
        raised = traceback.format_exception_only(type(error), error)[-1].strip()
        return f"<{type(value).__name__} object at {id(value):#x}, whose repr() raised {raised}>"[:limit]
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _shortened(value: Any, limit: int) -> object:
    """Of a huge builtin, no more items than ``limit`` characters can show."""
    kind = type(value)
    if any(kind is cls for cls in (str, bytes, bytearray)) and len(value) > limit:
        return value[: limit + 1]
    if any(kind is cls for cls in (list, tuple, set, frozenset)) and len(value) > limit:
        return kind(islice(value, limit))
    if kind is dict and len(value) > limit:
        return dict(islice(value.items(), limit))
    return value


_OWN_FILES = {
    part.__code__.co_filename for part in (Namespace.run, show_expressions, EventQueue.write, current_streams, show)
}


def _traceback_text(error: BaseException, limit: int) -> str:
    """The traceback as the standard library prints it, without the frames of this package; cut in the middle."""
    try:
        report = traceback.TracebackException.from_exception(error, compact=True)
        _remove_own_frames(report)
        text = "".join(report.format())
    except (Exception, RecursionError) as failure:
        text = f"{type(error).__name__}, whose traceback cannot be printed ({type(failure).__name__})\n"
    half = limit // 2 - 4
    return text if len(text) <= limit else f"{text[:half]}\n  ...\n{text[-half:]}"


def _remove_own_frames(report: traceback.TracebackException) -> None:
    pending, seen = [report], {id(report)}
    while pending:
        part = pending.pop()
        frames = [entry for entry in part.stack if entry.filename not in _OWN_FILES]
        # `None` leaves out the header: a SyntaxError of the command has no frames, as in the REPL.
        part.stack = traceback.StackSummary.from_list(frames) if frames else None  # type: ignore[assignment]  # see above
        for other in (part.__cause__, part.__context__, *(part.exceptions or ())):
            if other is not None and id(other) not in seen:
                seen.add(id(other))
                pending.append(other)


# Pasted text


def _cleaned(source: str) -> str:
    """The source without artefacts of pasting: Windows line ends, common indentation, prompts."""
    try:
        source.encode()
    except UnicodeEncodeError as error:
        line = source.count("\n", 0, error.start) + 1
        raise SyntaxError(
            f"line {line} contains a lone surrogate ({source[error.start]!a}), which is not a character"
        ) from None
    lines = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
    indent = first[: len(first) - len(first.lstrip(" \t\f"))]
    lines = [line.removeprefix(indent) for line in lines]
    return _without_prompts(lines) if first.lstrip().startswith(">>>") else "\n".join(lines)


def _without_prompts(lines: Sequence[str]) -> str:
    """The commands of a pasted session; its other lines are what the commands printed."""
    typed = [line[3:].removeprefix(" ") for line in lines if line.startswith((">>>", "..."))]
    return "\n".join(typed) + "\n"
