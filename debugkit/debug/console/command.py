"""One running command and the thread it runs on: how it is evaluated, how its errors read, how another thread stops it.

User code runs here and on this thread only, its ``repr`` and ``str`` included; code that awaits runs in an event loop,
by `debugkit.debug.console.coroutines`. Knows neither the console, which decides what runs when, nor who reads the
events.
"""

from __future__ import annotations

import contextvars
import inspect
import os
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from itertools import islice
from types import CodeType
from typing import TYPE_CHECKING, Any

from debugkit.debug.console.events import EventQueue, Result, Status, current_queue
from debugkit.debug.console.interruption import Interruption
from debugkit.debug.console.namespace import Namespace
from debugkit.debug.console.streams import streams_of_context
from debugkit.debug.safe import real_threads
from debugkit.debug.safe.inspection import class_name
from debugkit.debug.safe.real_threads import Empty, SimpleQueue
from debugkit.raised import printed

if TYPE_CHECKING:
    from debugkit.debug.console.coroutines import Awaited, Loops

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
        loops: Callable[[], Loops],
        end: Callable[[Command, Status], None],
    ) -> None:
        self.queue = EventQueue(limit)
        self._source = source
        self._namespace = namespace
        self._limit = limit
        self._clock = clock
        self._start = clock()
        self._process = os.getpid()
        self._loops = loops
        self._end = end
        self._interruption = Interruption()
        self._awaited: Awaited | None = None
        self._finished = real_threads.Event()

    def seconds(self) -> float:
        """Seconds since the command was given."""
        return self._clock() - self._start

    # On the console's thread

    def run(self, context: contextvars.Context, managers: Sequence[AbstractContextManager[Any]]) -> None:
        """Run the command to its end. Raises nothing."""
        self._interruption.thread = real_threads.get_ident()
        if self.queue.open():
            status: Status = "done"
            try:
                status = context.run(self._in_context, managers)
            except BaseException as defect:  # a mistake of the console's, which its reader must not wait for
                self.queue.fail(f"The console failed:\n{printed(defect)}"[: self._limit])
            self._end(self, status)
            self.queue.release()
        self._finished.set()

    def _in_context(self, managers: Sequence[AbstractContextManager[Any]]) -> Status:
        stack = ExitStack()
        token = streams_of_context.set(self.queue)
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
        streams_of_context.reset(token)
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
                    self._interruption.arm()
                    status = self._evaluate()
                self._interruption.disarm()
                return "interrupted" if self._interruption.wanted else status
            except KeyboardInterrupt:
                continue

    def _evaluate(self) -> Status:
        if self._interruption.wanted:  # while contexts were entered
            return "interrupted"
        try:
            code = self._namespace.compile(_cleaned(self._source))
            if code is None:
                return "incomplete"
            if code.co_flags & inspect.CO_COROUTINE:
                self._await(code)
            else:
                self._namespace.run(code)
        except SystemExit as error:
            self.queue.note(f"{_exit_text(error)} ends nothing here: the server keeps running.")
            return "exited"
        except BaseException as error:
            if not (self._interruption.wanted and issubclass(type(error), KeyboardInterrupt)):
                self.queue.fail(_traceback_text(error, self._limit))
        finally:
            self._namespace.write_through()
        return "done"

    def _await(self, code: CodeType) -> None:
        """Run code that awaits. Stop may hit what a loop runs of it, and not how this thread deals with the loop."""
        loops = self._loops()
        self._interruption.disarm()
        try:
            if not self._interruption.wanted:
                self._awaited = loops.awaited(self._namespace.run(code), self._interruption)
                loops.run(self._awaited, self.queue.note)
        finally:
            self._interruption.arm()

    # On other threads

    def ends_within(self, seconds: float) -> bool:
        """Whether its thread is done with it after ``seconds`` at most."""
        return self._finished.wait(seconds)

    def interrupt(self, seconds: float) -> bool:
        """Raise KeyboardInterrupt in the command until it ends; `False` when it has not ended after ``seconds``."""
        attempts = max(_ATTEMPTS, round(seconds / _APART))
        for attempt in range(attempts):
            self._interruption.wanted = True
            awaited = self._awaited
            if awaited is not None:
                awaited.cancel()
            if awaited is None or attempt:  # what is cancelled may tidy up first, and the loop is the application's
                self._interruption.interrupt()
            if self.ends_within(seconds / attempts):
                return True
        return False

    def place(self) -> str:
        """Where the command is, as text: "still running line 2 of <console 1>"."""
        awaited = self._awaited
        frame = None if awaited is None else awaited.suspended_frame()
        frame = frame or self._interruption.frame()
        while frame is not None and _is_own(frame.f_code.co_filename):
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


#: Where this package is; ends with a separator.
_OWN_FOLDER = show.__code__.co_filename.removesuffix("command.py")


def _is_own(filename: str) -> bool:
    return filename.startswith(_OWN_FOLDER)


def _traceback_text(error: BaseException, limit: int) -> str:
    """The traceback as the standard library prints it, without the frames of this package; cut in the middle."""
    try:
        report = traceback.TracebackException.from_exception(error, compact=True)
        _remove_own_frames(report)
        text = "".join(report.format())
    except (Exception, RecursionError) as failure:
        text = f"{class_name(type(error))}, whose traceback cannot be printed ({class_name(type(failure))})\n"
    half = limit // 2 - 4
    return text if len(text) <= limit else f"{text[:half]}\n  ...\n{text[-half:]}"


def _remove_own_frames(report: traceback.TracebackException) -> None:
    pending, seen = [report], {id(report)}
    while pending:
        part = pending.pop()
        frames = [entry for entry in part.stack if not _is_own(entry.filename)]
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
