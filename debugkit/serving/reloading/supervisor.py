"""The supervisor: holds the listening sockets, watches the files, starts and stops the workers that serve.

Imports none of the user's code, and outlives all that goes wrong in a worker. A worker is the same program run again
(`command_line.py`) with one end of a channel (`channel.py`); clients wait in the sockets' backlog while one follows
another.
"""

from __future__ import annotations

import os
import secrets
import selectors
import signal
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from debugkit import terminal_text
from debugkit.hooks import Answer
from debugkit.serving.log import Log
from debugkit.serving.processes import how_it_ended
from debugkit.serving.reloading.bootstrap import SupervisorConfig
from debugkit.serving.reloading.messages import (
    Changed,
    Decision,
    Imported,
    ListenersClosed,
    Message,
    PromptOpen,
    Ready,
    Serve,
    Shutdown,
    StartRefused,
)
from debugkit.serving.reloading.spare import Spare
from debugkit.serving.reloading.workers import Worker, end, forget_bytecode, reap, start
from debugkit.serving.signals import SIGNALS, Waker, handling
from debugkit.serving.standard_streams import hold_standard_streams
from debugkit.serving.terminal import restored_terminal
from debugkit.serving.watching import fingerprints
from debugkit.serving.watching.watcher import Scope, make_watcher

#: Seconds until a crashed worker is started again: the first, and the longest. They double from one to the next.
BACK_OFF = (0.5, 30.0)
#: Seconds after which a worker that crashes counts as the first to do so.
STABLE = 10.0
#: How a worker that was asked to end does so: on its own, or by one of the signals that stop gracefully.
ENDED = {0, 128 + 1, 128 + signal.SIGINT, 128 + signal.SIGTERM}


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
        self._selector.register(self._waker, selectors.EVENT_READ)
        self._batches: deque[list[Path]] = deque()
        self._signals: deque[int] = deque()
        self._workers: set[Worker] = set()
        self._current: Worker | None = None
        self._count = 0
        self._name = secrets.token_hex(16)  # what its workers have in common with no others
        self._spare = Spare(self._start, self._drop)
        self._again: float | None = None  # when to start after a crash
        self._back_off = 0.0
        self._saved = 0.0
        self._prepare: tuple[str, ...] = ()  # modules for the next worker
        self._status: int | None = None

    def run(self) -> int:
        """Supervise. Returns the exit status: 128 + n after signal n, else the worker's."""
        try:
            with restored_terminal(), handling((*SIGNALS, signal.SIGCHLD), self._on_signal, self._waker):
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
            if key.data is None:
                self._waker.drain()
            else:
                self._hear(key.data)
        self._look_for_the_ended()
        while self._signals:
            self._stop(self._signals.popleft())
        while self._batches:
            self._changed([str(path) for path in self._batches.popleft()])
        self._look_at_the_clock()

    def _patience(self) -> float | None:
        moments = [moment for worker in self._workers for moment in (worker.asked, worker.deadline)]
        due = min((moment for moment in (*moments, self._again, self._spare.due) if moment is not None), default=None)
        return None if due is None else max(0.0, due - time.monotonic())

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        if self._again is not None and self._again <= now:
            self._again = None
            self._spawn()
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
        worker.channel.send(replace(self._config.worker, number=self._count, supervisor=self._name, message=message))
        self._workers.add(worker)
        self._current = worker
        self._let_serve()

    def _start(self) -> Worker:
        worker = start(self._config.worker, time.monotonic(), self._prepare)
        self._selector.register(worker.channel.sock, selectors.EVENT_READ, worker)
        return worker

    def _drop(self, worker: Worker) -> None:
        self._selector.unregister(worker.channel.sock)
        worker.channel.sock.close()
        worker.process.kill()
        worker.process.wait()

    def _hear(self, worker: Worker) -> None:
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
            case StartRefused(status=status):
                worker.refused = status
            case PromptOpen():
                self._wait_for_the_prompt(worker)
            case Decision(answer=answer, paths=paths):
                self._follow(worker, answer, paths)
            case Ready(failed=failed, prepare=prepare):
                self._prepare = prepare or self._prepare  # the page of a failed start needs less than the program
                worker.state = "failed" if failed else "serving"
                worker.ready = True
                self._let_serve()
            case ListenersClosed():
                worker.closed = True
                self._let_serve()
            case _ if not worker.babbles:
                worker.babbles = True
                self._say(" * Ignored data that the program wrote to the reloader's own channel.")

    def _lose(self, worker: Worker) -> None:
        self._selector.unregister(worker.channel.sock)
        worker.channel.sock.close()
        self._workers.discard(worker)
        if worker is self._spare.worker:
            self._spare.worker = None
        self._ended(worker, reap(worker.process, self._timeouts.exit))
        self._let_serve()

    def _look_for_the_ended(self) -> None:
        """A process may be gone while its end of the channel is open in another one that it has started."""
        for worker in [*self._workers, *([self._spare.worker] if self._spare.worker else [])]:
            if worker.process.poll() is None:
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
        if answer == "restart":
            self._reload(worker)
            return
        self._saved = 0.0
        if answer == "handled":
            self._say(
                f" * {terminal_text.files(paths, self._config.worker.program.folder)}: applied without a restart."
            )

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
        failed = worker.state == "failed"
        self._spare.schedule()
        if self._saved:
            took = time.monotonic() - self._saved
            self._say(f" * Waiting for a change ({took:.2f} s)." if failed else f" * Reloaded in {took:.2f} s.")
        elif self._count == 1:
            self._say(f" * Reloading with {self._watcher.kind}: {self._watcher.watched} files are watched.")
        self._saved = 0.0

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
        stable = time.monotonic() - worker.born > STABLE
        self._back_off = 0.0 if stable else self._back_off
        self._start_later(f"The program {how_it_ended(status)}")

    def _start_later(self, reason: str) -> None:
        first, longest = BACK_OFF
        self._back_off = min(longest, self._back_off * 2) or first
        self._again = time.monotonic() + self._back_off
        self._say(f" * {reason}: starting it again in {self._back_off:g} s.")

    # What leads to another worker, or to the end.

    def _changed(self, paths: list[str]) -> None:
        if self._status is not None:
            return
        forget_bytecode(paths)
        self._saved = self._saved or time.monotonic() - fingerprints.age(paths)
        self._back_off = 0.0
        self._say(f" * {terminal_text.files(paths, self._config.worker.program.folder)} changed.")
        worker = self._current
        if worker is None:
            self._again = None
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
        self._again = self._spare.due = None
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
