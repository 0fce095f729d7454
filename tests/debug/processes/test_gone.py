"""A process that is gone: how its commands end, and what it has left of its errors."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from debug.processes.servers import folder_of
from integration.processes import GUNICORN, MOUNT, TWO_WORKERS, Browser, Kind, serving, signal_port
from integration.workers import Workers
from process_support import gone

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or importlib.util.find_spec("gunicorn") is None, reason="needs gunicorn"
)

#: One worker at a time, which PEP 3333 calls a single process: its successor is another one all the same.
SUCCESSORS = Kind("successors", (*GUNICORN, "--workers=1", "--max-requests=6", "TARGET"), keeps_alive=False)


def listed(browser: Browser) -> list[str]:
    rows = browser(f"{MOUNT}/tracebacks", headers={"Accept": "application/json"}).json["errors"]
    return [url.rpartition("/")[2] for row in rows for url in (row["url"], *(url for _, url in row["urls"]))]


def read_after_the_end(browser: Browser, error: str, frame: str) -> None:
    """What every form of an error says when its process has ended."""
    address = f"{MOUNT}/tracebacks/{error}"
    page = browser(address)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    for text in (
        "no Sencha left",
        "Application.fails",
        "Sencha&#39;",
        "This is what it left behind",
        "There is no console",
    ):
        assert text in page.text
    assert "data-evaluate" not in page.text
    assert page.headers["Content-Security-Policy"]
    for form, text in ((".json", "'Sencha'"), (".md", "'Sencha'"), (".txt", "LookupError: no Sencha left")):
        assert text in browser(f"{address}{form}").text
    pane = browser(f"{MOUNT}/frames/{frame}", headers={"X-Debugkit": "1"})
    assert (pane.status, "<html" in pane.text, "Application.fails" in pane.text) == (200, False, True)
    assert "<html" in browser(f"{MOUNT}/frames/{frame}").text
    assert browser(f"{address}/curl").text.startswith("curl ")
    assert "def test_get_" in browser(f"{address}/pytest").text
    assert "attachment" in browser(f"{address}.html").headers["Content-Disposition"]
    assert "Replay" not in page.text
    assert browser.post(f"tracebacks/{error}/replay", {}).json["error"] == "gone"
    refused = browser.post(f"frames/{frame}/evaluate", {"source": "1"})
    assert (refused.status, refused.json["error"]) == (410, "gone")
    assert "has ended" in refused.json["explanation"]
    for lost in ("source", "results/1"):
        assert browser(f"{MOUNT}/frames/{frame}/{lost}").status == 410
    afar = browser.server.browser()(address, headers={"X-Forwarded-For": "10.0.0.1"})
    assert ("no Sencha left" in afar.text, "Sencha&#39;" in afar.text) == (True, False)
    assert error in listed(browser)


def test_a_worker_that_has_answered_its_requests_leaves_its_errors_to_the_next(state: Path) -> None:
    with serving(SUCCESSORS, state) as server:
        browser = server.browser()
        owner = int(browser("/").text.split()[1])
        error = browser.error()
        frame = browser.unlock().frame_id(error, "Application.fails")
        while int(browser("/").text.split()[1]) == owner:
            pass
        assert gone(owner)
        read_after_the_end(browser, error, frame)


def test_a_worker_that_is_killed_ends_its_command_and_leaves_its_errors(state: Path) -> None:
    with serving(TWO_WORKERS, state) as server, signal_port() as first, signal_port() as second:
        workers = Workers(server, (first, second))
        browser = server.browser()
        with workers.only(0):
            error = browser.error()
            frame = browser.unlock().frame_id(error, "Application.fails")
            left = [path for path in state.glob("debugkit-*") if (path / error[:8]).exists()][0] / f"{error}.error"
            while not left.exists():
                browser("/")
        owner = workers.process(0)
        workers.let_go(1)
        with browser.stream(f"frames/{frame}/evaluate", "print('runs')\nwhile True: pass\n") as events:
            assert next(events)["text"] == "runs\n"
            os.kill(owner, signal.SIGKILL)
            last = list(events)
        assert [event["kind"] for event in last] == ["error", "done"]
        assert "has ended" in last[0]["text"]
        read_after_the_end(browser, error, frame)


def test_a_folder_deleted_while_the_server_runs_is_made_again(state: Path, own_state: Path) -> None:
    with serving(TWO_WORKERS, own_state) as server, signal_port() as first, signal_port() as second:
        workers = Workers(server, (first, second))
        browser = server.browser()
        with workers.only(0):
            lost = browser.error()
            browser.unlock()
        shutil.rmtree(folder_of(own_state))
        with workers.only(1):
            missing = browser.post(f"frames/{lost}-1/evaluate", {"source": "1"})
            assert (missing.status, missing.json["error"]) == (404, "not_found")
        with workers.only(0):
            error = browser.error()
            frame = browser.frame_id(error, "Application.fails")
        with workers.only(1):
            assert browser.value(frame, "tea['price']") == "12"
            # What had been lost can be reached again, since its owner listens again.
            assert browser(f"{MOUNT}/tracebacks/{lost}").status == 200
        workers.release()
