"""Runs the coroutine of a command that awaits: in the event loop of the failed request as long as that runs, else in
one of the console's own. The only module of the console that imports asyncio, and imported when it is needed first.

Nothing that the coroutine raises gets into the loop: KeyboardInterrupt and SystemExit would end the application's.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import sys
import traceback
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from types import CoroutineType, FrameType
from typing import Any

from debugkit.debug.console.interruption import Interruption
from debugkit.debug.safe import real_threads
from debugkit.debug.safe.inspection import exact_str
from debugkit.raised import traceback_of

#: Seconds in which the loop of the request must begin with a command: long for a busy one, short for a person.
_TAKE_SECONDS = 2.0
#: Seconds between two looks whether the loop of the request still runs.
_LOOK_SECONDS = 0.5

_MISSING = object()


class Awaited:
    """One coroutine, as a task of a loop. Stop may interrupt its steps, and nothing else that the loop does.

    When ``finished`` is set, ``error`` is what the coroutine raised, if anything.
    """

    def __init__(self, coroutine: CoroutineType[Any, Any, object], interruption: Interruption) -> None:
        self.error: BaseException | None = None
        self.taken, self.finished = real_threads.Event(), real_threads.Event()
        self.task: asyncio.Task[None] | None = None
        self.context = contextvars.copy_context()  # the console's own is entered by its thread
        self._coroutine = coroutine
        self._interruption = interruption
        self._process = os.getpid()
        # Whoever gets it decides whether the coroutine is run or withdrawn.
        self._decision = real_threads.allocate_lock()

    # In the loop

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make a task of it, unless it was withdrawn: not by the loop's factory, which may be the application's."""
        if self._decision.acquire(blocking=False):
            self.task = asyncio.Task(self._run(), loop=loop, context=self.context)
            self.taken.set()

    async def _run(self) -> None:
        try:
            await self
        except BaseException as error:
            cancelled = isinstance(error, asyncio.CancelledError) and self._interruption.wanted
            self.error = None if cancelled else error
        finally:
            self.finished.set()

    def __await__(self) -> Generator[Any, Any, None]:
        resume: Callable[[], object] = partial(self._coroutine.send, None)
        while True:
            try:
                pending = self._step(resume)
            except StopIteration as end:
                self.error = end if self._raised(end) else None
                return
            try:
                value = yield pending
            except BaseException as error:
                resume = partial(self._coroutine.throw, error)
            else:
                resume = partial(self._coroutine.send, value)

    def _raised(self, end: StopIteration) -> bool:
        """Whether the code raised it itself: since Python 3.12 only functions make a RuntimeError of that (PEP 479)."""
        code = self._coroutine.cr_code
        return any(frame.f_code is code for frame, _ in traceback.walk_tb(traceback_of(end)))

    def _step(self, resume: Callable[[], object]) -> object:
        """Run the coroutine up to where it waits next; that is returned. What ends the coroutine is raised.

        A KeyboardInterrupt that comes before the step, or too late for it, is thrown into the coroutine.
        """
        pending: object = None
        end: BaseException | None = None
        due = True
        while True:
            try:
                if due:
                    due = False
                    self._interruption.arm()
                    pending = resume()
                self._interruption.disarm()
                break
            except BaseException as error:
                if self._coroutine.cr_frame is None:
                    end = end or error
                else:
                    resume, due = partial(self._coroutine.throw, error), True
        if os.getpid() != self._process:
            os._exit(0)  # the command has forked: a copy of the loop must not serve on
        try:
            if end is not None:
                raise end
            return pending
        finally:
            del end  # it refers to this frame

    # In other threads

    def withdraw(self) -> bool:
        """Do without it; `False` when the loop has begun with it."""
        if not self._decision.acquire(blocking=False):
            return False
        self._coroutine.close()
        self.taken.set()
        self.finished.set()
        return True

    def cancel(self) -> None:
        """Cancel it as soon as the loop gets to it."""
        if not self.withdraw() and self.task is not None:
            with suppress(RuntimeError):  # the loop is closed
                self.task.get_loop().call_soon_threadsafe(self.task.cancel)

    def suspended_frame(self) -> FrameType | None:
        """Where it waits; `None` when it runs, or has ended."""
        frame: FrameType | None = None
        part: Any = self._coroutine
        while type(part) is CoroutineType and not part.cr_running:
            frame, part = part.cr_frame, part.cr_await
        return frame


class Loops:
    """The loops of one console: that of the failed request, if it had one, and one of its own, made when needed."""

    def __init__(self, of_request: asyncio.AbstractEventLoop | None) -> None:
        self._of_request = of_request
        self._own: asyncio.AbstractEventLoop | None = None

    def awaited(self, coroutine: CoroutineType[Any, Any, object], interruption: Interruption) -> Awaited:
        """The coroutine, ready for `run`, in a copy of the calling context."""
        return Awaited(coroutine, interruption)

    def run(self, awaited: Awaited, note: Callable[[str], None]) -> None:
        """Run it to its end, and raise what it raises. ``note`` is called with what people are to know of the loop."""
        if self._of_request is not None and not self._of_request.is_running():
            self._of_request = None
            note("The event loop of the request has ended: commands that await run in a loop of their own.")
        if self._of_request is not None:
            problem = _run_elsewhere(awaited, self._of_request)
        else:
            problem = self._run_here(awaited)
        if problem:
            note(problem)
        _take_over(awaited.context)
        if awaited.error is not None:
            raise awaited.error

    def _run_here(self, awaited: Awaited) -> str:
        if self._own is None or self._own.is_running() or self._own.is_closed():  # its command was abandoned if it runs
            self._own = asyncio.new_event_loop()
        loop = self._own
        awaited.start(loop)
        try:
            if awaited.task is not None:
                loop.run_until_complete(awaited.task)
        except RuntimeError as error:  # stopped by the command, or by what it left in the loop
            return f"The event loop of the console has not finished the command: {error}"
        finally:
            if not awaited.finished.wait(0):
                awaited.cancel()
            if self._own is not loop:
                _close(loop)
        return ""

    def close(self) -> None:
        """Close the console's own loop, or leave that to the thread that still runs it."""
        loop, self._own, self._of_request = self._own, None, None
        if loop is not None and not loop.is_running():
            _close(loop)


def _run_elsewhere(awaited: Awaited, loop: asyncio.AbstractEventLoop) -> str:
    with suppress(RuntimeError):  # closed in this moment
        loop.call_soon_threadsafe(awaited.start, loop)
    if not awaited.taken.wait(_TAKE_SECONDS) and awaited.withdraw():
        seconds = f"{_TAKE_SECONDS:g} seconds"
        return f"The event loop is blocked: it has not begun with the command within {seconds}.{_place(loop)}"
    while not awaited.finished.wait(_LOOK_SECONDS):
        if not loop.is_running():
            awaited.cancel()
            return "The event loop of the request has ended, and the command with it."
    return ""


def _place(loop: asyncio.AbstractEventLoop) -> str:
    """What blocks a loop, for people. Loops other than asyncio's own do not say which thread runs them."""
    frame = sys._current_frames().get(getattr(loop, "_thread_id", None) or 0)
    if frame is None:
        return ""
    filename, name = exact_str(frame.f_code.co_filename), exact_str(frame.f_code.co_name)
    return f" It is in line {frame.f_lineno} of {filename}, in {name}."


def _take_over(context: contextvars.Context) -> None:
    """Set the context variables that a command has set in its own context: the next one is to have them."""
    for variable, value in context.items():
        if variable.get(_MISSING) is not value:
            variable.set(value)


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """Close it as it is. Its tasks are no mistake of the application, whose log would tell of them."""
    loop.set_exception_handler(lambda loop, context: None)
    loop.close()
