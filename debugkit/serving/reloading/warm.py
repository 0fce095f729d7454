"""Workers that begin warm: forked from a process that has imported what stays. It is made anew when that changes."""

from __future__ import annotations

import functools
import os
import selectors
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

from debugkit import terminal_text
from debugkit.serving.paths import is_file
from debugkit.serving.processes import how_it_ended
from debugkit.serving.reloading.bootstrap import SupervisorConfig
from debugkit.serving.reloading.launchers import Cold, Launcher
from debugkit.serving.reloading.messages import Loaded, Preload, Preloaded, WorkerConfig
from debugkit.serving.reloading.modules import installation
from debugkit.serving.reloading.preloading import Preloading
from debugkit.serving.reloading.workers import Worker
from debugkit.serving.watching.inotify import calls
from debugkit.serving.watching.places import Places

#: Seconds without another import after which what has been imported is imported ahead.
DELAY = 0.5
#: Seconds in which a worker that starts cold has the processor for itself.
PAUSE = 2.0
#: Seconds that importing ahead may take.
LONGEST = 60.0
#: Rounds in which what cannot be imported ahead must have turned out. Two is usual: who imports it is met afterwards.
ROUNDS = 8
#: Deaths of preloaded processes after which there are no more.
DEATHS = 3
#: Files that say what is installed, and with which variables programs begin: patterns of their last names.
GROUND = (".env*", ".flaskenv", "pyproject.toml", "*.lock", "requirements*.txt", "settings.py", "settings/*.py")


class Warm:
    """Keeps a preloaded process, makes it anew in the background when it should hold something else, and forks it.

    Where there is none, and until there is, ``cold`` starts workers. ``on_settled`` is called when that has changed.
    ``places`` tell that something was installed; ``preload`` starts a preloaded process.
    """

    learns = True

    def __init__(
        self,
        config: WorkerConfig,
        names: tuple[str, ...],
        *,
        cold: Launcher,
        places: Places,
        selector: selectors.BaseSelector,
        say: Callable[[str], None],
        on_settled: Callable[[], None],
        timing: bool = False,
        preload: Callable[[WorkerConfig, Preload], Preloading] = Preloading,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cold = cold
        self._config = config
        self._names = names
        self._places = places
        self._selector = selector
        self._say = say
        self._on_settled = on_settled
        self._timing = timing
        self._preload = preload
        self._clock = clock
        self._ready: Preloading | None = None
        self._next: Preloading | None = None
        self._retired: list[Preloading] = []  # until their workers have ended
        self._loaded: Loaded | None = None
        self._skip: dict[str, str] = {}  # what each worker imports for itself, and why
        self._rounds = self._deaths = 0
        self._reasons: set[str] = set()  # that were said
        self._due: float | None = None  # to begin with the next one, or to stop waiting for it
        if places.fileno() >= 0:
            selector.register(places, selectors.EVENT_READ, places.read)

    @property
    def due(self) -> float | None:
        return min((moment for moment in (self._due, self._places.due) if moment is not None), default=None)

    @property
    def settled(self) -> bool:
        return self._ready is not None or (self._next is None and self._due is None)

    def start(self, prepare: Sequence[str]) -> Worker:
        if self._ready is not None and not self._ready.is_fresh():
            self._renew(PAUSE)
        if self._ready is not None:
            if worker := self._ready.fork():
                return worker
            if self._ready.process.poll() is None:
                self._give_up("the preloaded process cannot be forked")
        return self._cold.start(prepare)

    def learn(self, loaded: Loaded) -> None:
        if loaded.obstacle:
            self._give_up(loaded.obstacle)
            self._loaded = None
            return
        before, self._loaded = self._loaded, loaded
        if before is None or _ground(loaded) != _ground(before):
            self._drop_next()
            self._plan()
        elif loaded.modules.items() <= before.modules.items():
            self._loaded = before
        elif self._next is None:  # else what is being imported is of use first
            self._plan()

    def _plan(self, delay: float = DELAY) -> None:
        self._rounds = 0
        self._due = self._clock() + delay

    def look_at(self, paths: Sequence[str]) -> None:
        if any(fnmatch(name, pattern) for path in paths for name in last_names(path) for pattern in GROUND):
            self._discard()

    def tend(self, now: float) -> None:
        for preloading in [preloading for preloading in self._retired if preloading.process.poll() is not None]:
            self._retired.remove(preloading)
            preloading.close()
        if self._places.is_quiet(now):
            self._look_at_installed()
        if self._due is None or self._due > now:
            return
        if self._next is None:
            self._begin()
        else:
            self._give_up(f"importing what they need took more than {LONGEST:g} s")

    def close(self) -> None:
        self._places.close()
        self._drop_next()
        for preloading in (self._ready, *self._retired):
            if preloading is not None:
                preloading.close()

    # The preloaded processes: one that works, and the one that is to follow it.

    def _begin(self) -> None:
        loaded = self._loaded or Loaded({}, (), (), {})
        order = Preload(
            names=self._names,
            modules=loaded.modules,
            path=loaded.path,
            added=loaded.added,
            program=self._config.program,
            environ=loaded.environ,
            skip=tuple(self._skip),
        )
        self._places.watch(installation(order.path))  # from before it reads any of that
        try:
            self._next = self._preload(self._config, order)
        except OSError:  # whoever needs a worker will say so
            self._due = None
            return
        self._due = self._clock() + LONGEST
        self._selector.register(self._next, selectors.EVENT_READ, functools.partial(self._hear, self._next))

    def _hear(self, preloading: Preloading) -> None:
        """Something is to be read from a preloaded process, or it has ended."""
        if preloading is self._ready:
            self._lose(preloading)
        elif preloading is self._next:
            self._judge(preloading, preloading.outcome())

    def _judge(self, preloading: Preloading, outcome: Preloaded | None) -> None:
        """The preloaded process that begins has imported what it can."""
        if outcome is None:
            status = preloading.process.wait()
            self._give_up(f"the preloaded process {how_it_ended(status)} while it imported what they need")
        elif outcome.obstacle:
            self._give_up(outcome.obstacle)
        elif not outcome.skip:
            self._promote(preloading, outcome)
        elif self._rounds < ROUNDS:
            self._drop_next()
            self._rounds += 1
            self._skip |= outcome.skip
            self._tell_of(outcome.skip)
            self._begin()
        else:
            self._give_up("too much of what they need cannot be imported before the program")

    def _tell_of(self, skipped: Mapping[str, str]) -> None:
        for reason in dict.fromkeys(skipped.values()):
            names = [name for name in skipped if skipped[name] == reason and (self._timing or name in self._names)]
            if names:
                self._say(terminal_text.line(f" * Not preloaded: {', '.join(names)} ({reason})."))

    def _promote(self, preloading: Preloading, outcome: Preloaded) -> None:
        self._retire_ready()
        known = {**preloading.order.modules, **outcome.modules}
        news = self._loaded is not None and self._loaded.modules.items() - known.items()
        self._next, self._ready = None, preloading
        self._due = None
        if self._loaded is not None:  # its workers will report all of that
            self._loaded = replace(self._loaded, modules={**self._loaded.modules, **known})
        if news:
            self._plan()
        if self._timing:
            took = self._clock() - preloading.born
            self._say(f" * Preloaded {len(outcome.modules)} modules in {took:.2f} s: the next reload starts warm.")
        self._on_settled()

    def _lose(self, preloading: Preloading) -> None:
        """The preloaded process has ended, which it does not by itself."""
        self._ready = None
        self._selector.unregister(preloading)
        preloading.void = True
        reason = f"the preloaded process {how_it_ended(preloading.process.wait())}"
        preloading.close()
        self._deaths += 1
        if self._deaths < DEATHS:
            self._say(f" * The next reload starts cold: {reason}.")
            if self._next is None:
                self._plan()
        else:
            self._give_up(reason)

    def _discard(self) -> None:
        """What it has imported is not what there is any more."""
        self._retire_ready()
        self._drop_next()
        self._loaded, self._skip = None, {}

    def _look_at_installed(self) -> None:
        if not all(preloading.is_fresh() for preloading in (self._ready, self._next) if preloading is not None):
            self._renew(0.0)

    def _renew(self, delay: float) -> None:
        """Packages were installed, upgraded or removed: whoever saves next finds them, and need not wait."""
        loaded = self._loaded
        self._discard()
        if loaded is not None:
            kept = {name: file for name, file in loaded.modules.items() if is_file(file)}
            self._loaded = replace(loaded, modules=kept)
        self._plan(delay)

    def _give_up(self, reason: str) -> None:
        """Start cold, and say why, until a worker has imported something else."""
        if reason not in self._reasons:
            self._reasons.add(reason)
            self._say(f" * Reloads start cold: {reason}.")
        expected = self._ready is not None or self._due is not None
        self._retire_ready()
        self._drop_next()
        if expected:
            self._on_settled()

    def _drop_next(self) -> None:
        self._due = None
        if self._next is not None:
            self._selector.unregister(self._next)
            self._next.close()
            self._next = None

    def _retire_ready(self) -> None:
        if self._ready is not None:
            self._selector.unregister(self._ready)
            self._ready.retire()
            self._retired.append(self._ready)
            self._ready = None


def _ground(loaded: Loaded) -> tuple[object, ...]:
    """What decides, beside the modules, how importing them ends."""
    return loaded.path, loaded.added, loaded.environ


def last_names(path: str) -> tuple[str, str]:
    """The last name of a path, and the last two."""
    parts = Path(path).parts
    return parts[-1], "/".join(parts[-2:])


def make_launcher(
    config: SupervisorConfig,
    *,
    selector: selectors.BaseSelector,
    say: Callable[[str], None],
    on_settled: Callable[[], None],
) -> Launcher:
    """The launcher for a mode: "cold"; or "auto" and "warm", which start warm where the result is the same.

    "warm" also says it when the system is why workers do not.
    """
    if config.reload_mode == "cold":
        return Cold(config.worker)
    if why := obstacle_in_system():
        if config.reload_mode == "warm":
            say(f" * Reloads start cold: {why}.")
        return Cold(config.worker)
    return Warm(
        config.worker,
        config.preload,
        cold=Cold(config.worker),
        places=Places(calls()),
        selector=selector,
        say=say,
        on_settled=on_settled,
        timing=config.timing,
    )


def obstacle_in_system() -> str:
    """Why no process can be forked here that would be as if it had been started; "" where it can."""
    if not sys.platform.startswith("linux"):
        return "only Linux forks what has imported libraries of the system's"
    try:
        os.close(os.pidfd_open(os.getpid()))
        os.listdir("/proc/self/task")  # noqa: PTH208
    except (AttributeError, OSError):
        return "this system has no pidfd_open(2), or no /proc"
    return ""
