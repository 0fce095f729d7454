"""One console: commands in, events out, on a thread of its own; another thread can stop what runs.

Knows neither requests nor pages. User code runs on the console's thread only, its ``repr`` and ``str`` included.
"""

from __future__ import annotations

import ast
import contextvars
import linecache
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any

from debugkit.debug.namespace import Namespace
from debugkit.debug.output import Capture, Done, Event, Failure, Output, Result, Status, current_capture
from debugkit.errors import BodyTooLarge, Conflict, Gone
from debugkit.settings import Limits

__all__ = ["Console", "Done", "Event", "Failure", "Output", "Result"]

#: How often Stop raises KeyboardInterrupt before it gives up, at least, and how many seconds apart, at most: for code
#: that swallows the first ones, not so often that tidying up has no chance.
_ATTEMPTS = 4
_APART = 0.125
#: Seconds without a command after which the thread ends. Long, as database connections may belong to the thread.
_IDLE_SECONDS = 900.0


class Console:
    """A console in a frame, or with ``names`` of its own when ``frame`` is `None`.

    Each command runs inside a copy of ``context`` and with ``context_managers`` entered (those that frameworks give to
    ``environ["werkzeug.debug.preserve_context"]``). The thread is made when it is needed, and stays the same until it
    had nothing to do for ``idle_seconds``. ``clock`` gives the seconds in `Done`.
    """

    def __init__(
        self,
        frame: FrameType | None,
        *,
        limits: Limits,
        context: contextvars.Context | None = None,
        context_managers: Sequence[AbstractContextManager[Any]] = (),
        names: Mapping[str, object] | None = None,
        idle_seconds: float = _IDLE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        self._context = contextvars.Context() if context is None else context
        self._managers = tuple(context_managers)
        self._idle_seconds = idle_seconds
        self._clock = clock
        # Re-entrant: the garbage collector may close the events of a dropped command while it is held.
        self._lock = threading.RLock()
        self._worker: _Worker | None = None
        self._running: _Command | None = None
        self._closed = False
        self._namespace = Namespace(frame, names or {}, self._show)

    def evaluate(self, source: str) -> Iterator[Event]:
        """Start a command; the events are those of the command, as they come, and the last is `Done`.

        Closing the iterator, or dropping it, interrupts the command. Raises `Conflict` while another command runs,
        `BodyTooLarge` for a command longer than ``Limits.source_size``, `Gone` after `close`.
        """
        limit = self._limits.source_size
        if len(source) > limit:
            raise BodyTooLarge(f"The command has {len(source)} characters; at most {limit} are run at once.")
        command = _Command(source, self._namespace, self._limits.output_size, self._clock, self._end)
        with self._lock:
            if self._closed:
                raise Gone("This console is closed: its error was let go. Reload the page that failed.")
            if self._running is not None:
                raise Conflict("The console is still busy with the command before. Wait until it is done, or stop it.")
            self._submit(command)
            self._running = command
        events = self._events(command)
        next(events)
        return events

    def interrupt(self) -> bool:
        """Stop what runs; `False` when nothing does.

        Waits up to ``Limits.interrupt_seconds``. What does not end by then (it waits in C code, or swallows
        KeyboardInterrupt) is left alone: its events end, and the next command gets a new thread. Against C code that
        keeps the interpreter's lock (``10 ** 10 ** 8``) no thread can do anything, this one neither.
        """
        command = self._running
        return command is not None and self._stop(command)

    def names(self) -> Mapping[str, object]:
        """The names of the console and their values, at this moment."""
        return self._namespace.names()

    def close(self) -> None:
        """Stop what runs, end the thread, and let go of the frame's values."""
        self._closed = True
        self.interrupt()
        with self._lock:
            worker, self._worker = self._worker, None
            self._managers = ()
            self._context = contextvars.Context()
        if worker is not None:
            worker.end()
        self._namespace.close()

    def _submit(self, command: _Command) -> None:
        if self._worker is None or not self._worker.submit(command):
            self._worker = _Worker(self._context, self._managers, self._idle_seconds)
            self._worker.submit(command)

    def _events(self, command: _Command) -> Generator[Event, None, None]:
        try:
            yield Output("stdout", "")  # taken by `evaluate`: from here on, closing reaches the line below
            yield from command.capture.events()
        finally:
            self._stop(command)

    def _stop(self, command: _Command) -> bool:
        if command.capture.ended:
            return False
        if not command.interrupt(self._limits.interrupt_seconds):
            self._end(command, "interrupted", f"{command.place()}; left alone")
        return True

    def _end(self, command: _Command, status: Status, left_alone: str = "") -> None:
        """The command is done, or left alone, whichever comes first."""
        with self._lock:
            if command.capture.ended:
                return
            if left_alone and self._worker is not None:
                self._worker.end()
                self._worker = None
            self._running = None
            command.capture.close(Done(status, command.seconds()), left_alone, dropped=bool(left_alone))

    def _show(self, value: object, name: str, text: str) -> None:
        capture = current_capture()
        if capture is not None:
            capture.show(Result(text or _representation(value, self._limits.output_size), value, name))


class _Worker:
    """A thread that runs commands one after the other."""

    def __init__(
        self,
        context: contextvars.Context,
        managers: Sequence[AbstractContextManager[Any]],
        idle_seconds: float,
    ) -> None:
        # A copy, since a context can be entered once only: an earlier thread, or another console, may be inside.
        self._context = context.copy()
        self._managers = managers
        self._idle_seconds = idle_seconds
        self._commands: SimpleQueue[_Command | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._ended = False
        threading.Thread(target=self._work, name="debugkit console", daemon=True).start()

    def submit(self, command: _Command) -> bool:
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

    def _next(self) -> _Command | None:
        while not self._ended:
            try:
                return self._commands.get(timeout=self._idle_seconds)
            except Empty:
                with self._lock:
                    self._ended = self._commands.empty()
        return None


class _Command:
    """One command: what its thread does with it, and how another thread interrupts that."""

    def __init__(
        self,
        source: str,
        namespace: Namespace,
        limit: int,
        clock: Callable[[], float],
        end: Callable[[_Command, Status], None],
    ) -> None:
        self.capture = Capture(limit)
        self._source = source
        self._namespace = namespace
        self._limit = limit
        self._clock = clock
        self._start = clock()
        self._end = end
        # Held while KeyboardInterrupt is raised in the thread, and to disarm. A plain lock: CPython lets no exception
        # in between taking it and the body of its `with`, which a lock with Python code in it does not promise.
        self._lock = threading.Lock()
        self._thread = 0
        self._armed = False
        self._interrupted = False
        self._finished = threading.Event()

    def seconds(self) -> float:
        """Seconds since the command was given."""
        return self._clock() - self._start

    # On the console's thread

    def run(self, context: contextvars.Context, managers: Sequence[AbstractContextManager[Any]]) -> None:
        """Run the command to its end. Raises nothing."""
        self._thread = threading.get_ident()
        if self.capture.open():
            status = context.run(self._in_context, managers)
            self._end(self, status)
            self.capture.release()
        self._finished.set()

    def _in_context(self, managers: Sequence[AbstractContextManager[Any]]) -> Status:
        stack = ExitStack()
        for manager in managers:
            try:
                stack.enter_context(manager)
            except BaseException as error:
                self._explain("A context of the failed request cannot be entered; the command runs without it", error)
        status = self._interruptible()
        try:
            stack.close()
        except BaseException as error:
            self._explain("A context of the failed request cannot be left", error)
        return status

    def _explain(self, sentence: str, error: BaseException) -> None:
        self.capture.fail(f"{sentence}:\n{_traceback_text(error, self._limit)}")

    def _interruptible(self) -> Status:
        """Evaluate, the only part that Stop may hit.

        An exception that another thread raises comes some time later, so all that happens until `_disarm` is done
        stands in the ``try``; what comes too early or too late for `_evaluate` only makes the loop turn once more.
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
            _raise_in_thread(None)

    def _evaluate(self) -> Status:
        if self._interrupted:  # while contexts were entered
            return "interrupted"
        try:
            code = self._namespace.compile(_cleaned(self._source))
            if code is None:
                return "incomplete"
            self._namespace.run(code)
        except SystemExit as error:
            self.capture.note(f"{_exit_text(error)} ends nothing here: the server goes on.")
            return "exited"
        except BaseException as error:
            if not (self._interrupted and issubclass(type(error), KeyboardInterrupt)):
                self.capture.fail(_traceback_text(error, self._limit))
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
                        _raise_in_thread(self._thread)
                finally:
                    self._lock.release()
            if self._finished.wait(seconds / attempts):
                return True
        return False

    def place(self) -> str:
        """Where the command is, for people: "still waiting in time.sleep"."""
        frame = sys._current_frames().get(self._thread)
        while frame is not None and frame.f_code.co_filename in _OWN_FILES:
            frame = frame.f_back
        return "still busy" if frame is None else f"still {_place(frame)}"


class _Taken(BaseException):
    """What a thread raises in itself instead of an exception that may be on its way."""


def _raise_in_thread(thread: int | None) -> None:
    """Let a thread raise KeyboardInterrupt at its next bytecode. `None`: let nothing come to this thread any more.

    CPython puts up one sign for all threads that somebody has to raise something, and takes it down when that happens.
    Meanwhile all threads look at every turn, and a traced one never gets into a function again (3.11, under coverage
    or a debugger). So this thread raises something in itself, which takes the sign down; a thread that waits puts it
    up when it wakes. In the same way, instead of being unset, what is on its way to this thread is replaced.
    """
    import ctypes

    send, mine = ctypes.pythonapi.PyThreadState_SetAsyncExc, ctypes.c_ulong(threading.get_ident())
    taken, interrupt = ctypes.py_object(_Taken), ctypes.py_object(KeyboardInterrupt)
    other = None if thread is None else ctypes.c_ulong(thread)
    try:
        if other is not None:
            send(other, interrupt)
            if sys.version_info >= (3, 13):  # where each thread has a sign of its own
                return
        send(mine, taken)  # no Python function may be entered between the two
        while True:
            pass
    except _Taken:
        return


def _place(frame: FrameType) -> str:
    """What the frame calls at the moment, from the positions of PEP 657; its file and line when that is no call."""
    code = frame.f_code
    line, end_line, start, end = next(islice(code.co_positions(), frame.f_lasti // 2, None), (None,) * 4)
    text = linecache.getline(code.co_filename, line or 0)
    if line == end_line and start is not None and end is not None:
        called = _called(text.encode()[start:end].decode("utf-8", "replace"))
        if called:
            where = "" if code.co_filename.startswith("<console") else f" ({Path(code.co_filename).name}:{line})"
            return f"waiting in {called}{where}"
    return f"running line {frame.f_lineno} of {code.co_filename}"


def _called(text: str) -> str:
    """What an expression calls, as source; empty when it is no call."""
    try:
        node = ast.parse(text, mode="eval").body
    except SyntaxError:
        return ""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def _exit_text(error: SystemExit) -> str:
    plain = error.code is not None and type(error.code) in (int, str)
    return f"exit({error.code!r:.200})" if plain else "exit()"


# Text of values and errors


def _representation(value: object, limit: int) -> str:
    """``repr(value)``, at most ``limit`` characters of it; when that raises, a text that says so."""
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
    if kind in (str, bytes, bytearray) and len(value) > limit:
        return value[: limit + 1]
    if kind in (list, tuple, set, frozenset) and len(value) > limit:
        return kind(islice(value, limit))
    if kind is dict and len(value) > limit:
        return dict(islice(value.items(), limit))
    return value


_OWN_FILES = {part.__code__.co_filename for part in (Namespace.run, Capture.write, _place)}


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
        one = pending.pop()
        frames = [entry for entry in one.stack if entry.filename not in _OWN_FILES]
        # `None` leaves out the header: a SyntaxError of the command has no frames, as in the REPL.
        one.stack = traceback.StackSummary.from_list(frames) if frames else None  # type: ignore[assignment]  # see above
        for other in (one.__cause__, one.__context__, *(one.exceptions or ())):
            if other is not None and id(other) not in seen:
                seen.add(id(other))
                pending.append(other)


# What people paste


def _cleaned(source: str) -> str:
    """The source without what a paste brings along: line ends of Windows, common indentation, prompts."""
    try:
        source.encode()
    except UnicodeEncodeError as error:
        line = source.count("\n", 0, error.start) + 1
        raise SyntaxError(
            f"line {line} holds a lone surrogate ({source[error.start]!a}), which is no character"
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
