"""The pool: how many threads, who waits, and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from process_support import TIMEOUT

from debugkit.serving.thread_pool import ThreadPool


class Work:
    """What the pool does: each piece waits until the test lets it go."""

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


def ended(pool: ThreadPool[str]) -> bool:
    for thread in pool._threads:
        thread.join(TIMEOUT)
    return not any(thread.is_alive() for thread in pool._threads)


class Telling(ThreadPool[str]):
    """A pool that tells when nothing is being worked on any more."""

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
def pool_of(work: Work) -> Iterator[Callable[[int], Telling]]:
    pools: list[Telling] = []

    def make(size: int) -> Telling:
        pools.append(Telling(size, work))
        return pools[-1]

    yield make
    for pool in pools:
        pool.shutdown()
        work.let_go(100)
        assert ended(pool)


def test_no_thread_is_started_before_there_is_work(pool_of: Callable[[int], Telling]) -> None:
    before = set(threading.enumerate())
    pool = pool_of(8)
    assert set(threading.enumerate()) <= before
    assert pool.has_idle


def test_what_is_submitted_is_worked_on_at_the_same_time(pool_of: Callable[[int], Telling], work: Work) -> None:
    pool = pool_of(3)
    for item in "abc":
        pool.submit(item)
    assert work.begins(3)
    assert len(work.threads) == 3
    assert not pool.has_idle


def test_what_is_too_much_waits_for_a_thread_in_order(pool_of: Callable[[int], Telling], work: Work) -> None:
    pool = pool_of(1)
    for item in "abc":
        pool.submit(item)
    assert work.begins()
    assert not pool.has_idle
    work.let_go(3)
    assert work.begins(2)
    pool.shutdown()
    assert ended(pool)
    assert work.done == ["a", "b", "c"]
    assert len(work.threads) == 1


def test_an_idle_thread_is_used_again(pool_of: Callable[[int], Telling], work: Work) -> None:
    pool = pool_of(8)
    for item in "abc":
        pool.submit(item)
        assert work.begins()
        work.let_go()
        assert pool.has_done_all()
    assert len(work.threads) == 1


def test_a_pool_has_idle_threads_while_not_all_of_them_work(pool_of: Callable[[int], Telling], work: Work) -> None:
    pool = pool_of(2)
    pool.submit("a")
    assert work.begins()
    assert pool.has_idle
    pool.submit("b")
    assert not pool.has_idle
    work.let_go(2)
    assert pool.has_done_all()
    assert pool.has_idle


def test_a_pool_does_with_the_threads_it_has_when_the_system_allows_no_more(
    pool_of: Callable[[int], Telling], work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    pool = pool_of(8)
    pool.submit("a")
    assert work.begins()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        pool.submit("b")
    work.let_go(2)
    assert work.begins()
    assert pool.has_done_all()
    assert work.done == ["a", "b"]


def test_a_pool_without_any_thread_says_so(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        ThreadPool(8, work).submit("a")


def test_a_pool_that_is_shut_down_finishes_what_waits_already(pool_of: Callable[[int], Telling], work: Work) -> None:
    pool = pool_of(2)
    for item in "abcde":
        pool.submit(item)
    pool.shutdown()
    work.let_go(5)
    assert ended(pool)
    assert sorted(work.done) == list("abcde")


def test_threads_do_not_keep_the_process_alive_and_have_names(pool_of: Callable[[int], Telling], work: Work) -> None:
    pool = pool_of(2)
    pool.submit("a")
    pool.submit("b")
    assert work.begins(2)
    assert {thread.name for thread in work.threads} == {"debugkit-1", "debugkit-2"}
    assert all(thread.daemon for thread in work.threads)


class Places:
    """A pool of one whose work is what the test submits, and pieces of work that wait for a client."""

    def __init__(self, most: int) -> None:
        self.pool: ThreadPool[Callable[[], None]] = ThreadPool(1, lambda item: item(), most=most)
        self.waiting = threading.Semaphore(0)
        self.go = threading.Event()

    def slow(self) -> None:
        with self.pool.away:
            self.waiting.release()
            assert self.go.wait(TIMEOUT)

    def works(self) -> bool:
        """Whether something quick is done although others wait."""
        done = threading.Event()
        self.pool.submit(done.set)
        return done.wait(TIMEOUT)

    def end(self) -> None:
        self.go.set()
        threads = list(self.pool._threads)
        self.pool.shutdown()
        for thread in threads:
            thread.join(TIMEOUT)
            assert not thread.is_alive()


def test_another_thread_works_in_the_place_of_one_that_only_waits() -> None:
    places = Places(most=8)
    for _ in range(3):
        places.pool.submit(places.slow)
    assert all(places.waiting.acquire(timeout=TIMEOUT) for _ in range(3))
    assert places.pool.has_idle
    assert places.works()
    assert len(places.pool._threads) == 4
    places.end()


def test_there_are_never_more_threads_than_allowed_however_many_wait() -> None:
    places = Places(most=3)
    done = threading.Event()
    for _ in range(5):
        places.pool.submit(places.slow)
    places.pool.submit(done.set)
    assert all(places.waiting.acquire(timeout=TIMEOUT) for _ in range(3))
    assert not places.pool.has_idle
    assert len(places.pool._threads) == 3
    places.go.set()
    assert done.wait(TIMEOUT)
    places.end()


def test_threads_that_came_in_the_place_of_others_end_when_those_are_back() -> None:
    places = Places(most=8)
    for _ in range(5):
        places.pool.submit(places.slow)
    assert all(places.waiting.acquire(timeout=TIMEOUT) for _ in range(5))
    assert places.works()
    many = list(places.pool._threads)
    assert len(many) == 6
    places.go.set()
    while sum(thread.is_alive() for thread in many) > 1:  # all but one end by themselves, whichever that is
        for thread in many:
            thread.join(0.01)
    assert sum(thread.is_alive() for thread in many) == len(places.pool._threads) == 1
    assert places.works()
    places.end()


def test_a_pool_that_is_shut_down_gets_no_more_threads() -> None:
    places = Places(most=8)
    places.pool.submit(places.slow)
    assert places.waiting.acquire(timeout=TIMEOUT)
    places.pool.submit(places.slow)
    assert places.waiting.acquire(timeout=TIMEOUT)
    places.pool.shutdown()
    places.pool.submit(places.slow)
    assert len(places.pool._threads) == 2
    places.go.set()
