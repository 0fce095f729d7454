"""The supervisor: holds the listening sockets, watches the files, starts and stops the workers that serve.

Imports none of the user's code, and outlives all that goes wrong in a worker. A worker is the same program run again
(`command_line.py`) with one end of a channel (`channel.py`); clients wait in the sockets' backlog while one follows
another.
"""

from __future__ import annotations

import functools
import os
import secrets
import selectors
import signal
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from debugkit.hooks import Answer
from debugkit.serving.log import Log
from debugkit.serving.processes import how_it_ended
from debugkit.serving.reloading.bootstrap import SupervisorConfig
from debugkit.serving.reloading.messages import (
    Answered,
    Changed,
    Decision,
    Imported,
    ListenersClosed,
    Loaded,
    Message,
    PromptOpen,
    Ready,
    Serve,
    Shutdown,
    StartRefused,
)
from debugkit.serving.reloading.report import Report
from debugkit.serving.reloading.warm import make_launcher
from debugkit.serving.reloading.workers import ENDED, BackOff, Forked, Spare, Worker, end, forget_bytecode
from debugkit.serving.signals import SIGNALS, Waker, handling
from debugkit.serving.standard_streams import hold_standard_streams
from debugkit.serving.terminal import restored_terminal
from debugkit.serving.watching.watcher import Scope, make_watcher


class Supervisor:
    """Runs until a signal, or until its worker ends on its own."""

    def __init__(self, config: SupervisorConfig) -> None:
        self._config = config
        self._timeouts = config.worker.timeouts
        self._say = Log().say
        scope = Scope(tuple(map(Path, config.roots)), config.extra_files, config.exclude_patterns)
        self._watcher = make_watcher(
            scope, self._on_change, kind=config.reloader_type, interval=config.reloader_interval, say=self._say
        )
        self._selector = selectors.DefaultSelector()
        self._waker = Waker()
        self._selector.register(self._waker, selectors.EVENT_READ, self._waker.drain)
        self._batches: deque[list[Path]] = deque()
        self._signals: deque[int] = deque()
        self._workers: set[Worker] = set()
        self._current: Worker | None = None
        self._count = 0
        self._name = secrets.token_hex(16)  # what its workers have in common with no others
        self._spare = Spare(self._start, self._drop)
        self._launcher = make_launcher(config, selector=self._selector, say=self._say, on_settled=self._spare.renew)
        self._again = BackOff()  # after a crash
        self._report = Report(self._say, config.worker.program.folder, timing=config.timing)
        self._prepare = config.prepare  # modules for the next worker
        self._status: int | None = None

    def run(self) -> int:
        """Supervise. Returns the exit status: 128 + n after signal n, else the worker's."""
        try:
            with restored_terminal(), handling((*SIGNALS, signal.SIGCHLD), self._on_signal, self._waker):
                self._spare.start()  # its interpreter comes up while this one looks at the files
                self._watcher.start()
                self._spawn()
                while self._status is None or self._workers:
                    self._turn()
        finally:
            self._close()
        return self._status

    def _close(self) -> None:
        self._watcher.close()
        self._spare.close()
        for worker in self._workers:
            worker.process.kill()
            worker.process.wait()
        self._launcher.close()
        self._selector.close()
        self._waker.close()
        for path in self._config.unlink:
            Path(path).unlink(missing_ok=True)

    # What comes from outside.

    def _on_change(self, paths: list[Path]) -> None:
        """Runs in the watcher's thread."""
        self._batches.append(paths)
        self._waker.wake()

    def _on_signal(self, number: int, frame: object) -> None:
        if number != signal.SIGCHLD:  # which only wakes the loop
            self._signals.append(number)

    # The loop.

    def _turn(self) -> None:
        for key, _ in self._selector.select(self._patience()):
            key.data()
        self._look_for_the_ended()
        while self._signals:
            self._stop(self._signals.popleft())
        while self._batches:
            self._changed([str(path) for path in self._batches.popleft()])
        self._look_at_the_clock()

    def _patience(self) -> float | None:
        moments = [moment for worker in self._workers for moment in (worker.asked, worker.deadline)]
        moments += [self._again.due, self._launcher.due, self._spare.due if self._launcher.settled else None]
        due = min((moment for moment in moments if moment is not None), default=None)
        return None if due is None else max(0.0, due - time.monotonic())

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        if self._again.due is not None and self._again.due <= now:
            self._again.due = None
            self._spawn()
        self._launcher.tend(now)
        if self._launcher.settled:
            self._spare.start_if_due(now)
        for worker in list(self._workers):
            if worker.deadline is not None and worker.deadline <= now:
                worker.process.kill()
                worker.deadline = None
            if worker.asked is not None and worker.asked <= now:
                self._reload(worker)

    # Workers.

    def _spawn(self, message: str = "") -> None:
        """Have a worker run the program; with a ``message``, one that does not run it, and shows why."""
        try:
            worker = self._spare.take() or self._start()
        except OSError as error:  # the interpreter is gone, as while an environment is made anew; or there is no memory
            self._current = None
            self._start_later(f"Cannot start a process for the program ({error})")
            return
        self._count += 1
        worker.substitute = bool(message)
        worker.born = time.monotonic()
        config = replace(self._config.worker, preloads=self._launcher.learns, warm=worker.warm)
        worker.channel.send(replace(config, number=self._count, supervisor=self._name, message=message))
        self._report.step("started")
        self._workers.add(worker)
        self._current = worker
        self._let_serve()

    def _start(self) -> Worker:
        worker = self._launcher.start(self._prepare)
        self._selector.register(worker.channel.sock, selectors.EVENT_READ, functools.partial(self._hear, worker))
        if isinstance(worker.process, Forked):  # of its end comes no SIGCHLD
            self._selector.register(worker.process, selectors.EVENT_READ, lambda: None)
        return worker

    def _drop(self, worker: Worker) -> None:
        self._hang_up(worker)
        worker.process.kill()
        worker.reap(self._timeouts.exit)

    def _hang_up(self, worker: Worker) -> None:
        self._selector.unregister(worker.channel.sock)
        worker.channel.sock.close()
        if isinstance(worker.process, Forked):
            self._selector.unregister(worker.process)

    def _hear(self, worker: Worker) -> None:
        if worker.channel.fileno() < 0:  # it was dropped in this very turn
            return
        try:
            messages = worker.channel.receive()
        except EOFError:
            self._lose(worker)
            return
        for message in messages:
            self._handle(worker, message)

    def _handle(self, worker: Worker, message: Message | None) -> None:
        match message:
            case Imported(files=files, since=since):
                self._watcher.add(files, since)
            case Loaded():
                if worker is self._current and worker.state == "serving":  # the page of a failed start needs less
                    self._launcher.learn(message)
            case StartRefused(status=status):
                worker.refused = status
            case PromptOpen():
                self._wait_for_the_prompt(worker)
            case Decision(answer=answer, paths=paths):
                self._follow(worker, answer, paths)
            case Ready(failed=failed, prepare=prepare):
                if prepare:  # the page of a failed start needs less than the program
                    self._prepare = (*self._config.prepare, *prepare)
                worker.state = "failed" if failed else "serving"
                worker.ready = True
                self._report.step("loaded")
                self._let_serve()
            case Answered(seconds=seconds):
                if worker is self._current:
                    self._report.answered(seconds)
            case ListenersClosed():
                worker.closed = True
                self._let_serve()
            case _ if not worker.babbles:
                worker.babbles = True
                self._say(" * Ignored data that the program wrote to the reloader's own channel.")

    def _lose(self, worker: Worker) -> None:
        self._hang_up(worker)
        self._workers.discard(worker)
        if worker is self._spare.worker:
            self._spare.worker = None
        self._ended(worker, worker.reap(self._timeouts.exit))
        self._let_serve()

    def _look_for_the_ended(self) -> None:
        """A process may be gone while its end of the channel is open in another one that it has started."""
        for worker in [*self._workers, *([self._spare.worker] if self._spare.worker else [])]:
            if worker.channel.fileno() < 0 or worker.process.poll() is None:
                continue
            while worker.channel.waits:  # its last words
                self._hear(worker)
            if worker.channel.fileno() >= 0:
                self._lose(worker)

    def _wait_for_the_prompt(self, worker: Worker) -> None:
        worker.asked = None
        if not worker.held:
            worker.held = True
            self._say(" * A debugger prompt is open: reloading when you leave it.")

    def _follow(self, worker: Worker, answer: Answer, paths: Sequence[str]) -> None:
        worker.asked = None
        worker.held = False
        if worker is not self._current:
            return
        self._report.step("decided")
        if answer == "restart":
            self._reload(worker)
        elif answer == "handled":
            self._report.handled(paths)
        else:
            self._report.ignored()

    def _let_serve(self) -> None:
        """Let the current worker serve when no other takes connections: nobody gets an old answer after a new one."""
        worker = self._current
        if worker is None or not all(other.closed for other in self._workers - {worker}):
            return
        if not worker.may_serve:
            worker.may_serve = True
            worker.channel.send(Serve())
        if not worker.ready:
            return
        worker.ready = False
        self._spare.schedule()
        if not self._report.serves(failed=worker.state == "failed", warm=worker.warm) and self._count == 1:
            self._say(f" * Reloading with {self._watcher.kind}: {self._watcher.watched} files are watched.")

    def _ended(self, worker: Worker, status: int) -> None:
        if worker is not self._current or self._status is not None:
            return
        self._current = None
        if worker.refused is not None:
            self._status = worker.refused
        elif worker.state != "starting" and status in ENDED:
            self._status = status
        elif worker.state == "starting":
            self._did_not_start(worker, status)
        else:
            self._crashed(worker, status)

    def _did_not_start(self, worker: Worker, status: int) -> None:
        if worker.substitute:
            self._status = status or 1
            return
        reason = f"The program {how_it_ended(status)} before it began to serve."
        self._say(f" * {reason} Waiting for a change.")
        self._spawn(reason)

    def _crashed(self, worker: Worker, status: int) -> None:
        self._start_later(f"The program {how_it_ended(status)}", time.monotonic() - worker.born)

    def _start_later(self, reason: str, lived: float = 0.0) -> None:
        self._say(f" * {reason}: starting it again in {self._again.postpone(lived):g} s.")

    # What leads to another worker, or to the end.

    def _changed(self, paths: list[str]) -> None:
        if self._status is not None:
            return
        forget_bytecode(paths)
        self._launcher.look_at(paths)
        self._again.reset()
        self._report.changed(paths)
        worker = self._current
        if worker is None:
            self._spawn()
        elif worker.state == "serving":
            worker.channel.send(Changed(tuple(paths)))
            worker.asked = time.monotonic() + self._timeouts.answer
        else:
            self._reload(worker)

    def _reload(self, worker: Worker) -> None:
        worker.asked = None
        if worker.state == "starting":
            # It has served nobody, and may be holding old code: gone before the next one reads the files.
            end(worker.process, self._timeouts.exit)
        else:
            self._dismiss(worker, reload=True)
        self._spawn()

    def _dismiss(self, worker: Worker, *, reload: bool) -> None:
        worker.channel.send(Shutdown(reload))
        worker.deadline = time.monotonic() + self._timeouts.grace + self._timeouts.last_resort

    def _stop(self, number: int) -> None:
        """The first signal ends everything gently, the second at once."""
        self._again.due = self._spare.due = None
        if self._status is not None:
            for worker in self._workers:
                worker.process.kill()
            return
        self._status = 128 + number
        for worker in self._workers:
            self._dismiss(worker, reload=False)


def main(arguments: Sequence[str]) -> int:
    """What `become_supervisor` runs."""
    hold_standard_streams()  # what had taken the number of one was the program's, and is closed
    with os.fdopen(int(arguments[0]), "rb") as file:
        config = SupervisorConfig.load(file.read().decode())
    return Supervisor(config).run()
