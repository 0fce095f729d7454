"""Servers that give each request a greenlet: what waits for code, or runs it, keeps no other request waiting."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from integration.processes import GREEN, Browser, Kind, Server, serving, signal_port

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="FIFOs, and gunicorn, are of Unix")


@pytest.fixture(scope="module", params=GREEN, ids=lambda kind: kind.name)
def server(request: pytest.FixtureRequest, state: Path) -> Iterator[Server]:
    kind: Kind = request.param
    for module in ("gunicorn", "gevent", "eventlet"):
        if module in kind.name and importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    with serving(kind, state, "apps:patient_with_slow") as server:
        yield server


@pytest.fixture
def browser(server: Server) -> Browser:
    return server.browser()


def console(browser: Browser) -> str:
    """The address of a frame's console that is unlocked."""
    error = browser.error()
    return f"frames/{browser.unlock().frame_id(error, 'Application.fails')}"


def test_others_are_answered_while_a_value_is_asked_what_it_is(browser: Browser, tmp_path: Path) -> None:
    for name in ("begun", "answer"):
        os.mkfifo(tmp_path / name)
    with ThreadPoolExecutor() as pool:
        page = pool.submit(browser, f"/slow?{tmp_path}")
        (tmp_path / "begun").read_text()
        assert browser("/").text.startswith("process")
        (tmp_path / "answer").write_text("said at last")
        assert "said at last" in page.result().text


def test_a_value_that_never_says_what_it_is_is_a_row_of_the_page(browser: Browser) -> None:
    assert "took longer than 0.1 s" in browser("/endless").text
    assert browser("/").status == 200


def test_every_command_is_answered(browser: Browser) -> None:
    frame = console(browser).removeprefix("frames/")
    assert [browser.value(frame, f"tea['price'] + {number}") for number in range(40)] == [
        str(12 + number) for number in range(40)
    ]


def test_what_a_command_prints_comes_while_it_runs_and_others_are_answered(browser: Browser) -> None:
    address = console(browser)
    with signal_port() as signal:
        source = f"print('before')\nwait_for({signal.port})\nprint('after')\n"
        with browser.stream(f"{address}/evaluate", source) as events:
            assert next(events)["text"] == "before\n"
            assert browser("/").status == 200
            signal.release()
            assert [event.get("text", event.get("status")) for event in events] == ["after\n", "done"]


@pytest.mark.parametrize("body", ["pass", "time.sleep(0.01)"])
def test_stop_ends_a_loop_without_an_end(browser: Browser, body: str) -> None:
    address = console(browser)
    with browser.stream(f"{address}/evaluate", f"import time\nprint('turns')\nwhile True: {body}") as events:
        assert next(events)["text"] == "turns\n"
        assert browser("/").status == 200
        assert browser.post(f"{address}/interrupt", {}).json == {"interrupted": True}
        assert [event.get("status") for event in events][-1] == "interrupted"
    assert browser.value(address.removeprefix("frames/"), "1 + 1") == "2"


def test_what_a_thread_of_a_command_prints_belongs_to_the_command(browser: Browser) -> None:
    frame = console(browser).removeprefix("frames/")
    source = "import threading\nthread = threading.Thread(target=print, args=['hello'])\nthread.start()\nthread.join()"
    assert [event.get("text", event.get("status")) for event in browser.evaluate(frame, source)] == ["hello\n", "done"]
