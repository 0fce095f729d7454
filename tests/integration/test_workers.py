"""Two processes serve one application: what they share, and what one says of an error that the other has."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from integration.processes import MOUNT, TWO_WORKERS, Server, Signal, serving, signal_port

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or importlib.util.find_spec("gunicorn") is None, reason="needs gunicorn"
)


class Held:
    """A worker that is kept busy, so that the other one answers all that is asked meanwhile."""

    def __init__(self, server: Server, signal: Signal) -> None:
        browser = server.browser()
        self._signal = signal
        self._connection = browser.connection()
        self._response = browser.open(self._connection, f"/hold?{signal.port}")
        self.process = int(self._response.readline())

    def release(self) -> None:
        self._signal.release()
        assert self._response.read() == b"released\n"
        self._connection.close()


class Workers:
    """Both workers, and a way to ask one of them."""

    def __init__(self, server: Server, signals: tuple[Signal, Signal]) -> None:
        self.server = server
        self._signals = signals
        self._held = [Held(server, signal) for signal in signals]

    @contextmanager
    def only(self, number: int) -> Iterator[None]:
        """Meanwhile requests reach one worker only: the other is busy."""
        process = self._held[number].process
        self._held[number].release()
        yield
        self._held[number] = Held(self.server, self._signals[number])
        assert self._held[number].process == process

    def release(self) -> None:
        for held in self._held:
            held.release()


@pytest.fixture(scope="module")
def workers(state: Path) -> Iterator[Workers]:
    with serving(TWO_WORKERS, state) as server, signal_port() as first, signal_port() as second:
        workers = Workers(server, (first, second))
        yield workers
        workers.release()


def test_a_browser_unlocked_by_one_worker_is_unlocked_for_the_other(workers: Workers) -> None:
    browser = workers.server.browser()
    with workers.only(0):
        browser.error()
        browser.unlock()
    with workers.only(1):
        error = browser.error()
        frame = browser.frame_id(error, "Application.fails")
        assert browser.value(frame, "tea['name']") == "'Sencha'"
    pins = set(workers.server.wait_for(r"(?s)Debugger PIN: (\S+)\n.*Debugger PIN: (\S+)\n").groups())
    assert len(pins) == 1


def test_an_error_of_the_other_worker_is_a_clear_answer_and_not_the_applications(workers: Workers) -> None:
    browser = workers.server.browser()
    with workers.only(0):
        error = browser.error()
        frame = browser.unlock().frame_id(error, "Application.fails")
    with workers.only(1):
        refused = browser.post(f"frames/{frame}/evaluate", {"source": "1"})
        assert (refused.status, refused.headers["Content-Type"]) == (404, "application/json")
        assert refused.json["error"] == "not_found"
        assert "no error with this id" in refused.json["explanation"]
        page = browser(f"{MOUNT}/tracebacks/{error}")
        assert (page.status, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
        assert "no error with this id" in page.text


def test_the_one_time_link_works_once_over_both_workers(workers: Workers) -> None:
    first, second = workers.server.browser(), workers.server.browser()
    with workers.only(0):
        first.error()
        link = workers.server.wait_for(rf"http://\S+?({MOUNT}/unlock\?token=\S+)")[1]
        assert first(link).status == 302
    with workers.only(1):
        assert (second(link).status, second.cookies) == (403, {})


def test_wrong_pins_are_counted_over_both_workers_and_lock_both(workers: Workers) -> None:
    """Last: nothing unlocks these workers by PIN afterwards."""
    unlocked, guesser = workers.server.browser(), workers.server.browser()

    def guess() -> tuple[int, int | None]:
        answer = guesser.post("unlock", {"pin": "000-000-00"})
        return answer.status, answer.json.get("remaining")

    with workers.only(0):
        unlocked.error()
        unlocked.unlock()
        assert [guess() for _ in range(4)] == [(403, left) for left in (9, 8, 7, 6)]
    with workers.only(1):
        assert [guess() for _ in range(6)] == [(403, left) for left in (5, 4, 3, 2, 1, 0)]
        assert guess() == (429, None)
        error = unlocked.error()
        assert unlocked.frame_id(error, "Application.fails").startswith(error)
    with workers.only(0):
        refused = guesser.post("unlock", {"pin": guesser.pin()})
        assert (refused.status, refused.json["error"]) == (429, "locked")
