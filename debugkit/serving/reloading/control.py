"""The worker's end of the channel: a thread that listens to the supervisor, and does what it says.

Also what this process is: a worker, something that a worker has forked, or neither.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import os
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from debugkit.hooks import ANSWERS, Answer, changing, leaving
from debugkit.serving.forks import Lifeline
from debugkit.serving.log_writer import writer
from debugkit.serving.reloading.channel import Channel
from debugkit.serving.reloading.forking import obstacle_in_program
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
    WorkerConfig,
)
from debugkit.serving.reloading.modules import (
    added_to_search_path,
    first_search_path,
    imported_files,
    installed,
    installed_folders,
    is_installed,
    search_path,
)
from debugkit.serving.reloading.prompts import at_prompt

#: Seconds between looks at what has been imported since, and at whether a prompt is still open.
TICK = 0.5


class Control:
    """The worker's end: reports to the supervisor, and does what it says.

    ``log`` prints a line in the terminal, and ``farewell`` is called when the end begins.
    """

    def __init__(
        self,
        channel: Channel,
        config: WorkerConfig,
        log: Callable[[str], None],
        farewell: Callable[[], None] = lambda: None,
    ) -> None:
        self._channel = channel
        self._farewell = farewell
        self._log = log
        self._timeouts = config.timeouts
        self._reported: set[str] = set()
        self._count = self._learned = 0  # of modules that were reported
        self._looked = self.born = time.time()
        self._waiting: list[str] | None = None  # changes that a prompt holds back
        self._stop: Callable[[], None] | None = None
        self._over = threading.Event()
        self._beside: list[Callable[[], None]] = []
        self._turn = threading.Event()  # to serve
        self._leaves = False
        self._ignored = False  # what is no message
        self._thread = threading.Thread(target=self._run, name="debugkit-control", daemon=True)
        # A debugger stops all threads at a breakpoint but those that say this: the supervisor still wants its answers.
        vars(self._thread)["pydev_do_not_trace"] = True
        #: Held by the call that serves from the supervisor's sockets.
        self.sockets = threading.Lock()
        self.config = config
        #: Settings for the page of a failed start. A framework whose own settings say more replaces the supervisor's.
        self.debugger = config.debugger
        #: The variables with which the program's own code begins.
        self.environ = dict(os.environ)
        self.served = False

    def start(self) -> None:
        self._thread.start()

    def beside(self, stop: Callable[[], None]) -> None:
        """A further server listens in this worker; it ends together with the one given to `serving`."""
        self._beside.append(stop)
        if self._leaves:
            stop()

    def serving(self, stop: Callable[[], None], *, failed: bool, prepare: tuple[str, ...] = ()) -> None:
        """The worker can listen. Returns when the one before has closed its listeners, or when this one is to end.

        ``stop`` makes it end gracefully, from any thread, and may be called again. ``prepare`` are modules for the next
        worker.
        """
        self._stop = stop
        self.served = True
        writer().flush()  # the supervisor has something to say to that, which follows
        self._channel.send(Ready(failed, prepare))
        if self.config.preloads and not self.config.warm:  # the next save may come at once, and is to be warm
            threading.Thread(target=self._report, name="debugkit-report", daemon=True).start()
        if self._leaves:  # asked to while the application was being imported
            stop()
        else:
            self._turn.wait()

    def answered(self, seconds: float) -> None:
        """The first request has its answer, ``seconds`` after it came. Nothing in a process that the worker forked."""
        if _current is self:
            self._channel.send(Answered(seconds))

    def closed(self) -> None:
        """The worker takes no further connection: its successor may."""
        self._channel.send(ListenersClosed())

    def over(self) -> None:
        """Serving has ended, and the program goes on to its end."""
        self._over.set()

    def refuse(self, status: int) -> None:
        """Starting again would not help: the supervisor is to end with ``status``."""
        self._channel.send(StartRefused(status))

    # The thread that listens.

    def _run(self) -> None:
        while True:
            readable, _, _ = select.select([self._channel.sock], [], [], TICK)
            try:
                for message in self._channel.receive() if readable else ():
                    self._obey(message)
            except EOFError:
                threading.Thread(target=self._end, args=[False], daemon=True).start()
                threading.Event().wait(self._timeouts.orphan)
                os._exit(1)
            if not readable:  # nobody waits for that
                self._report()
            self._look_at_the_prompt()

    def _obey(self, message: Message | None) -> None:
        match message:
            case Changed(paths=paths):
                self._consider(paths)
            case Serve():
                self._turn.set()
            case Shutdown(reload=reload):
                if not self._leaves:
                    self._leaves = True
                    threading.Thread(target=self._end, args=[reload], daemon=True).start()
            case _ if not self._ignored:
                self._ignored = True
                self._log(" * Ignored an unknown message from the reloader.")

    def _consider(self, paths: Sequence[str]) -> None:
        if self._waiting is None and not at_prompt():
            self._decide(paths)
            return
        self._channel.send(PromptOpen())
        self._waiting = [*(self._waiting or []), *paths]

    def _look_at_the_prompt(self) -> None:
        if self._waiting is not None and not at_prompt():
            paths, self._waiting = self._waiting, None
            self._decide(paths)

    def _decide(self, paths: Sequence[str]) -> None:
        answer = decision(paths, self._log)
        writer().flush()  # as above
        self._channel.send(Decision(answer, tuple(paths)))

    def _end(self, reload: bool) -> None:
        """End this process: gently, and by force when threads or the program itself go on after serving is over.

        The server sees to its own end. Who has asked for this has the last word, and kills.
        """
        for hook in leaving if reload else ():
            call(hook, self._log)
        if self._stop is None:
            writer().flush()
            os._exit(0)  # still starting: nobody is served, nothing is half done
        self._farewell()
        for stop in (*self._beside, self._stop):
            stop()
        self._turn.set()
        self._over.wait()
        deadline = time.monotonic() + self._timeouts.parting
        threading.main_thread().join(max(0.0, deadline - time.monotonic()))
        # What follows is the interpreter's: it waits for these threads, and then runs `atexit`.
        threads = [thread for thread in threading.enumerate() if not thread.daemon]
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if kept := [thread for thread in threads if thread.is_alive()]:
            self._log(f" * Killed the old process; it was kept alive by: {', '.join(thread.name for thread in kept)}")
            if threading.main_thread() not in kept:
                atexit._run_exitfuncs()
                flush()
            writer().flush()
            os._exit(0)

    def _report(self) -> None:
        """Tell what has been imported since the last time: which files are the application's, and all that are not."""
        count = len(sys.modules)
        learns = self.config.preloads and self.served  # until then, the program is just beginning
        if count == self._count and not (learns and count != self._learned):
            return
        since, self._looked, self._count = self._looked, time.time(), count
        files = imported_files()
        self.watch(files.values(), since)
        if learns:
            self._learned = count
            path, added = tuple(search_path()), added_to_search_path()
            self._channel.send(Loaded(installed(files), path, added, self.environ, obstacle_in_program()))

    def watch(self, files: Iterable[str], since: float) -> None:
        """Have ``files`` watched too; one that has changed after ``since`` (in epoch seconds) counts as changed."""
        new = [path for path in dict.fromkeys(files) if path not in self._reported and not is_installed(path)]
        if new:
            self._reported.update(new)
            self._channel.send(Imported(tuple(new), since))


def flush() -> None:
    """Write what Python writes at the end of a process, which does not come to its end."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def decision(paths: Sequence[str], log: Callable[[str], None]) -> Answer:
    """The strongest answer of the `on_change` handlers; one that fails counts as "restart"."""
    answers = {call(handler, log, paths) for handler in changing} or {"restart"}
    known = [answer for answer in ANSWERS if answer in answers]
    return known[0] if known and answers <= set(ANSWERS) else "restart"


def call(function: Callable[..., object], log: Callable[[str], None], *arguments: object) -> object:
    """What ``function`` returns. A hook that fails is said, and does not stop the rest."""
    try:
        return function(*arguments)
    except BaseException as error:
        name = getattr(function, "__qualname__", "a hook")
        log(f" * {name} failed: {type(error).__name__}: {error}")
        return None


#: The worker's end in this process, if it is a worker.
_current: Control | None = None
#: In a worker, and in what it has forked.
_lifeline: Lifeline | None = None
#: How many workers have run the program, with this one; 0 without a supervisor.
_number = 0


def take(channel: Channel, log: Callable[[str], None]) -> Control:
    """Make this process a worker: wait for its configuration, and listen to the supervisor from now on."""
    global _current, _lifeline, _number
    installed_folders()  # kept, before a thread asks: sysconfig has a lock, which a program may inherit that forks then
    first_search_path()  # before the program changes it
    messages = channel.receive()
    while not messages or not isinstance(config := messages.pop(0), WorkerConfig):
        messages = messages or channel.receive()
    importlib.invalidate_caches()  # it may have waited for long: files have come since
    _lifeline = Lifeline()
    _number = config.number
    _current = Control(channel, config, log, _lifeline.break_off)
    os.register_at_fork(after_in_child=functools.partial(_leave_the_worker, channel.sock, _lifeline))
    for message in messages:
        _current._obey(message)
    _current.start()
    return _current


def _leave_the_worker(channel: socket.socket, lifeline: Lifeline) -> None:
    """In a process that a worker has forked: it must not seem to be the worker, nor take what belongs to that one.

    The supervisor would wait for its end, and it would answer other servers' requests.
    """
    global _current
    _current = None
    channel.close()
    lifeline.break_off()


def current() -> Control | None:
    """The worker's end of the channel; `None` in a process that no supervisor started."""
    return _current


def end_together(stop: Callable[[], None]) -> None:
    """Have ``stop`` called when the worker ends that this process is, or was forked from."""
    if _current is not None:
        _current.beside(stop)
    elif _lifeline is not None:
        _lifeline.follow(stop)


def is_first_run() -> bool:
    """Whether no worker has run the program before this process, or the worker that forked it."""
    return _number <= 1


def is_running_from_reloader() -> bool:
    """Whether this process, or the one that forked it, was started by a reloader, and serves.

    Says nothing of the environment, which may lie.
    """
    return _lifeline is not None
