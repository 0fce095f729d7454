"""Two processes serve one application: what they share, and how one answers for an error that the other has."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.processes import MOUNT, TWO_WORKERS, serving, signal_port
from integration.workers import Workers

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or importlib.util.find_spec("gunicorn") is None, reason="needs gunicorn"
)


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


def test_an_error_of_the_other_worker_is_answered_by_that_one_though_it_is_busy(workers: Workers) -> None:
    browser = workers.server.browser()
    with workers.only(0):
        error = browser.error()
        frame = browser.unlock().frame_id(error, "Application.fails")
    with workers.only(1):
        assert browser.value(frame, "tea['name']") == "'Sencha'"
        completions = browser.post(f"frames/{frame}/complete", {"source": "tea['", "cursor": 5}).json
        assert "name" in [item["name"] for item in completions["items"]]
        page = browser(f"{MOUNT}/tracebacks/{error}")
        assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert "no Sencha left" in page.text
        missing = browser.post(f"frames/{'0' * 32}-1/evaluate", {"source": "1"})
        assert (missing.status, missing.json["error"]) == (404, "not_found")


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
