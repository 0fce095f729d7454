"""The crew: how many threads, who waits, and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from debugkit.serving.crew import Crew

TIMEOUT = 10.0


class Work:
    """What the crew does: each piece waits until the test lets it go."""

    def __init__(self) -> None:
        self.started = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        self.done: list[str] = []
        self.threads: set[threading.Thread] = set()

    def __call__(self, item: str) -> None:
        self.threads.add(threading.current_thread())
        self.started.release()
        assert self.go.acquire(timeout=TIMEOUT)
        self.done.append(item)

    def begins(self, count: int = 1) -> bool:
        return all(self.started.acquire(timeout=TIMEOUT) for _ in range(count))

    def let_go(self, count: int = 1) -> None:
        self.go.release(count)


def ended(crew: Crew[str]) -> bool:
    for thread in crew._threads:
        thread.join(TIMEOUT)
    return not any(thread.is_alive() for thread in crew._threads)


class Telling(Crew[str]):
    """A crew that tells when nothing is being worked on any more."""

    def __init__(self, size: int, work: Callable[[str], None]) -> None:
        self._changed = threading.Condition()
        super().__init__(size, work)

    @property
    def _unfinished(self) -> int:  # type: ignore[override]
        return self._count

    @_unfinished.setter
    def _unfinished(self, count: int) -> None:
        with self._changed:
            self._count = count
            self._changed.notify_all()

    def has_done_all(self) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._count, TIMEOUT)


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def crew_of(work: Work) -> Iterator[Callable[[int], Telling]]:
    crews: list[Telling] = []

    def make(size: int) -> Telling:
        crews.append(Telling(size, work))
        return crews[-1]

    yield make
    for crew in crews:
        crew.dismiss()
        work.let_go(100)
        assert ended(crew)


def test_no_thread_is_started_before_there_is_work(crew_of: Callable[[int], Telling]) -> None:
    before = threading.active_count()
    crew = crew_of(8)
    assert threading.active_count() == before
    assert crew.has_time


def test_what_is_submitted_is_worked_on_at_the_same_time(crew_of: Callable[[int], Telling], work: Work) -> None:
    crew = crew_of(3)
    for item in "abc":
        crew.submit(item)
    assert work.begins(3)
    assert len(work.threads) == 3
    assert not crew.has_time


def test_what_is_too_much_waits_for_a_thread_in_order(crew_of: Callable[[int], Telling], work: Work) -> None:
    crew = crew_of(1)
    for item in "abc":
        crew.submit(item)
    assert work.begins()
    assert not crew.has_time
    work.let_go(3)
    assert work.begins(2)
    crew.dismiss()
    assert ended(crew)
    assert work.done == ["a", "b", "c"]
    assert len(work.threads) == 1


def test_an_idle_thread_is_used_again(crew_of: Callable[[int], Telling], work: Work) -> None:
    crew = crew_of(8)
    for item in "abc":
        crew.submit(item)
        assert work.begins()
        work.let_go()
        assert crew.has_done_all()
    assert len(work.threads) == 1


def test_a_crew_has_time_while_not_all_of_it_works(crew_of: Callable[[int], Telling], work: Work) -> None:
    crew = crew_of(2)
    crew.submit("a")
    assert work.begins()
    assert crew.has_time
    crew.submit("b")
    assert not crew.has_time
    work.let_go(2)
    assert crew.has_done_all()
    assert crew.has_time


def test_a_crew_does_with_the_threads_it_has_when_the_system_allows_no_more(
    crew_of: Callable[[int], Telling], work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    crew = crew_of(8)
    crew.submit("a")
    assert work.begins()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        crew.submit("b")
    work.let_go(2)
    assert work.begins()
    assert crew.has_done_all()
    assert work.done == ["a", "b"]


def test_a_crew_without_any_thread_says_so(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        Crew(8, work).submit("a")


def test_a_dismissed_crew_finishes_what_waits_already(crew_of: Callable[[int], Telling], work: Work) -> None:
    crew = crew_of(2)
    for item in "abcde":
        crew.submit(item)
    crew.dismiss()
    work.let_go(5)
    assert ended(crew)
    assert sorted(work.done) == list("abcde")


def test_threads_do_not_keep_the_process_alive_and_have_names(crew_of: Callable[[int], Telling], work: Work) -> None:
    crew = crew_of(2)
    crew.submit("a")
    crew.submit("b")
    assert work.begins(2)
    assert {thread.name for thread in work.threads} == {"debugkit-1", "debugkit-2"}
    assert all(thread.daemon for thread in work.threads)
