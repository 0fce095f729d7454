"""When preloaded processes are made, given up and made anew: with processes and a clock of the test's own."""

from __future__ import annotations

import selectors
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from debugkit.serving.reloading.channel import Channel
from debugkit.serving.reloading.command_line import Program
from debugkit.serving.reloading.launchers import Cold
from debugkit.serving.reloading.messages import Loaded, Preload, Preloaded, WorkerConfig
from debugkit.serving.reloading.preloading import Preloading
from debugkit.serving.reloading.warm import DEATHS, DELAY, LONGEST, PAUSE, ROUNDS, Warm
from debugkit.serving.reloading.workers import Worker
from debugkit.serving.watching.inotify import Calls
from debugkit.serving.watching.places import Places

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks on Linux only")

CONFIG = WorkerConfig(Program("script", "app.py", (), (), "/shop", ("python", "app.py")), (), (), 0)
KILLED = "the preloaded process was ended by SIGKILL"
NO_EVENTS = Calls(lambda: -1, lambda *_: -1, lambda *_: -1)


class Process:
    status: int | None = None

    def poll(self) -> int | None:
        return self.status

    def wait(self) -> int:
        assert self.status is not None, "it has not ended"
        return self.status


class Worked(Preloading):
    """A preloaded process that does what the test says."""

    def __init__(self, order: Preload) -> None:
        self.order = order
        self.born = 0.0
        self.void = False
        self.fresh = True
        self.ended = False
        self.process: Any = Process()
        self.news, theirs = socket.socketpair()
        self.channel = Channel(theirs)
        self._outcome: Preloaded | None = None

    def outcome(self) -> Preloaded | None:
        self.channel.sock.recv(1) if self._outcome else None
        return self._outcome

    def is_fresh(self) -> bool:
        return self.fresh

    def fork(self) -> Worker | None:
        return None if self.process.status is not None else worker(warm=True)

    def retire(self) -> None:
        self.process.status = 0

    def close(self) -> None:
        self.ended = True
        self.channel.sock.close()
        self.news.close()


def worker(*, warm: bool) -> Worker:
    ours, theirs = socket.socketpair()
    theirs.close()
    ours.close()
    return Worker(Process(), Channel(ours), 0.0, lambda: True, warm=warm)  # type: ignore[arg-type]


class ColdOnes(Cold):
    def start(self, prepare: Sequence[str]) -> Worker:
        return worker(warm=False)


class Supervisor:
    """Has what a launcher needs of one."""

    def __init__(self) -> None:
        self.now = 100.0
        self.lines: list[str] = []
        self.settled = 0
        self.made: list[Worked] = []
        self.selector = selectors.DefaultSelector()
        self.places = Places(NO_EVENTS, clock=lambda: self.now)
        self.warm = Warm(
            CONFIG,
            (),
            cold=ColdOnes(CONFIG),
            places=self.places,
            selector=self.selector,
            say=self.lines.append,
            on_settled=self._settle,
            preload=self._preload,
            clock=lambda: self.now,
        )

    def _settle(self) -> None:
        self.settled += 1

    def _preload(self, config: WorkerConfig, order: Preload) -> Preloading:
        self.made.append(Worked(order))
        return self.made[-1]

    def learn(self, *modules: str) -> None:
        self.warm.learn(Loaded(dict.fromkeys(modules, __file__), ("/lib",), (), {}))

    def pass_time(self, seconds: float = DELAY) -> None:
        self.now += seconds
        self.warm.tend(self.now)

    def hear(self, outcome: Preloaded | None = None, status: int | None = None) -> None:
        """What has become of the last preloaded process: it has imported all, or has ended."""
        last = self.made[-1]
        last._outcome, last.process.status = outcome, status
        last.news.send(b"!")
        for key, _ in self.selector.select(0):
            key.data()

    @property
    def starts_warm(self) -> bool:
        return self.warm.start(()).warm


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    supervisor = Supervisor()
    supervisor.learn("json", "re")
    yield supervisor
    supervisor.warm.close()
    for made in supervisor.made:
        made.close()
    supervisor.selector.close()


@pytest.fixture
def ready(supervisor: Supervisor) -> Supervisor:
    supervisor.pass_time()
    supervisor.hear(Preloaded({"json": __file__, "re": __file__}))
    assert supervisor.starts_warm
    return supervisor


def test_until_it_has_imported_all_workers_start_cold(supervisor: Supervisor) -> None:
    assert not supervisor.made
    supervisor.pass_time()
    assert list(supervisor.made[0].order.modules) == ["json", "re"]
    assert not supervisor.starts_warm
    supervisor.hear(Preloaded({"json": __file__}))
    assert supervisor.starts_warm
    assert supervisor.settled == 1
    assert supervisor.lines == []


def test_one_that_dies_is_replaced_but_not_for_ever(ready: Supervisor) -> None:
    for _ in range(DEATHS - 1):
        ready.hear(status=-9)
        assert not ready.starts_warm
        assert ready.lines[-1] == f" * The next reload starts cold: {KILLED}."
        ready.pass_time()
        ready.hear(Preloaded({}))
        assert ready.starts_warm
    ready.hear(status=-9)
    assert not ready.starts_warm
    assert ready.lines[-1] == f" * Reloads start cold: {KILLED}."
    assert ready.warm.due is None
    assert len(ready.made) == DEATHS


def test_one_that_dies_while_it_imports_is_not_tried_again(supervisor: Supervisor) -> None:
    supervisor.pass_time()
    supervisor.hear(None, status=-9)
    assert supervisor.lines == [f" * Reloads start cold: {KILLED} while it imported what they need."]
    supervisor.pass_time(LONGEST)
    assert not supervisor.starts_warm
    assert len(supervisor.made) == 1


def test_what_cannot_be_imported_ahead_must_have_turned_out_after_some_rounds(supervisor: Supervisor) -> None:
    supervisor.pass_time()
    for number in range(ROUNDS + 1):
        assert supervisor.lines == []
        assert not supervisor.starts_warm
        supervisor.hear(Preloaded({}, {f"tea{number}": "needs the program"}))
    assert supervisor.made[-1].order.skip == tuple(f"tea{number}" for number in range(ROUNDS))
    why = "too much of what they need cannot be imported before the program"
    assert supervisor.lines == [f" * Reloads start cold: {why}."]
    assert supervisor.warm.due is None
    assert all(made.ended for made in supervisor.made)


def test_imports_that_take_too_long_are_ended(supervisor: Supervisor) -> None:
    supervisor.pass_time()
    assert supervisor.warm.due == supervisor.now + LONGEST
    supervisor.pass_time(LONGEST - 0.1)
    assert not supervisor.made[0].ended
    supervisor.pass_time(0.1)
    assert supervisor.made[0].ended
    assert supervisor.lines == [" * Reloads start cold: importing what they need took more than 60 s."]
    assert not supervisor.starts_warm
    assert supervisor.settled == 1  # a spare one is not to wait for it any more


@pytest.mark.parametrize("outcome", [Preloaded({}, obstacle="a thread"), None], ids=["obstacle", "death"])
def test_it_is_tried_again_when_the_program_imports_something_else(
    supervisor: Supervisor, outcome: Preloaded | None
) -> None:
    supervisor.pass_time()
    supervisor.hear(outcome, status=None if outcome else 1)
    assert supervisor.warm.due is None
    supervisor.learn("json", "re", "csv")
    supervisor.pass_time()
    supervisor.hear(Preloaded({}))
    assert supervisor.starts_warm


def test_packages_that_come_or_go_have_it_made_anew_once_that_is_over(ready: Supervisor, tmp_path: Path) -> None:
    gone = tmp_path / "tea.py"
    gone.write_text("")
    ready.warm.learn(Loaded({"json": __file__, "re": __file__, "tea": str(gone)}, ("/lib",), (), {}))
    ready.pass_time()
    ready.hear(Preloaded({}))
    gone.unlink()
    ready.places.due = ready.now + 1.0
    assert ready.warm.due == ready.places.due
    ready.pass_time(1.0)  # nothing that it has imported is different
    assert len(ready.made) == 2
    ready.made[-1].fresh = False
    ready.places.due = ready.now + 1.0
    ready.pass_time(1.0)
    assert list(ready.made[-1].order.modules) == ["json", "re"]
    assert not ready.starts_warm
    ready.hear(Preloaded({}))
    assert ready.starts_warm
    assert ready.settled == 3


def test_one_that_turns_out_to_be_stale_when_a_worker_is_needed_is_made_anew(ready: Supervisor) -> None:
    """Also for the worker that waits, which reports nothing."""
    ready.made[-1].fresh = False
    assert not ready.starts_warm
    ready.pass_time()
    assert len(ready.made) == 1
    ready.pass_time(PAUSE)
    ready.hear(Preloaded({}))
    assert ready.starts_warm
