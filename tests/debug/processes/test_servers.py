"""Four processes serve one application, and any of them answers for any error, on each server."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from debug.processes.servers import KINDS, SYNC
from integration.processes import MOUNT, Browser, Server, serving

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no private Unix sockets")

WHAT_IT_RUNS = {"debugkit": "debugkit", "gevent": "gevent", "uwsgi": "pyuwsgi", "uwsgi-lazy": "pyuwsgi"}
#: Length of a process's token in an id.
TOKEN = 8


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name)
def server(request: pytest.FixtureRequest, state: Path) -> Iterator[Server]:
    module = WHAT_IT_RUNS.get(request.param.name, "gunicorn")
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    with serving(request.param, state) as server:
        yield server


@pytest.fixture(scope="module")
def browser(server: Server) -> Browser:
    browser = server.browser()
    browser.error()
    return browser.unlock()


def errors_of_all(browser: Browser) -> list[str]:
    """Errors of more than one process; those that came last still have their frames."""
    errors = [browser.error("/fails")]
    while len({error[:TOKEN] for error in errors}) < 2:
        errors.append(browser.error("/fails"))
    return errors


def test_the_console_answers_whichever_process_is_asked(browser: Browser) -> None:
    frame = browser.frame_id(errors_of_all(browser)[-1], "Application.fails")
    assert [browser.value(frame, f"tea['price'] + {number}") for number in range(40)] == [
        str(12 + number) for number in range(40)
    ]
    browser.evaluate(frame, "word = 'kept'")
    assert [browser.value(frame, "word") for _ in range(8)] == ["'kept'"] * 8


def test_stop_reaches_a_command_whichever_process_is_asked(browser: Browser) -> None:
    frame = browser.frame_id(errors_of_all(browser)[-1], "Application.fails")
    for _ in range(4):
        with browser.stream(f"frames/{frame}/evaluate", "print('runs')\nwhile True: pass\n") as events:
            assert next(events)["text"] == "runs\n"
            assert browser.post(f"frames/{frame}/interrupt", {}).json == {"interrupted": True}
            assert next(events)["status"] == "interrupted"


def test_a_request_is_sent_again_by_the_process_that_has_it(browser: Browser) -> None:
    error = errors_of_all(browser)[-1]
    for _ in range(6):
        answer = browser.post(f"tracebacks/{error}/replay", {})
        [event] = [json.loads(line) for line in answer.body.splitlines() if line]
        assert event["outcome"] == "same", event
        assert event["url"].rpartition("/")[2][:TOKEN] == error[:TOKEN]


def test_the_address_of_an_error_answers_in_every_form(browser: Browser) -> None:
    error = errors_of_all(browser)[-1]
    address = f"{MOUNT}/tracebacks/{error}"
    frame = browser.frame_id(error, "Application.fails")
    for _ in range(6):
        for form in ("", ".json", ".md", ".txt"):
            answer = browser(f"{address}{form}")
            assert (answer.status, "no Sencha left" in answer.text) == (200, True)
        assert "Application.fails" in browser(f"{MOUNT}/frames/{frame}").text
        assert "too late for a page" in browser(f"{MOUNT}/frames/{frame}/source").text


def test_values_are_opened_whichever_process_is_asked(browser: Browser) -> None:
    frame = browser.frame_id(errors_of_all(browser)[-1], "Application.fails")
    (node,) = [event["node"] for event in browser.evaluate(frame, "tea") if event["kind"] == "value"]
    (long,) = [event for event in browser.evaluate(frame, "[0] * 1000") if event["kind"] == "value"]
    texts = [browser.post(f"frames/{frame}/results/{long['result']}", {"offset": 0}).json["text"] for _ in range(8)]
    assert texts == [repr([0] * 1000)] * 8
    answers = [browser.post(f"values/{node['handle']}", {"offset": 0}).json for _ in range(8)]
    assert [[child["label"] for child in answer["children"]] for answer in answers] == [["'name'", "'price'"]] * 8


def test_the_list_is_complete_whichever_process_is_asked(browser: Browser) -> None:
    before = sum(row["count"] for row in recent(browser))
    errors = errors_of_all(browser)
    for _ in range(8):
        (row,) = recent(browser)
        listed = {row["url"], *(url for _, url in row["urls"])}
        # One process may have had nearly all of them, and remembers about a hundred.
        assert set(errors[-50:]) <= {url.rpartition("/")[2] for url in listed}
        assert row["count"] == before + len(errors)


def recent(browser: Browser) -> list[dict[str, Any]]:
    """The rows of the list of recent errors."""
    rows: list[dict[str, Any]] = browser(f"{MOUNT}/tracebacks", headers={"Accept": "application/json"}).json["errors"]
    return rows


def test_what_one_may_not_see_no_other_process_shows(server: Server) -> None:
    stranger = server.browser()
    error = stranger.error()
    refused = [stranger.post(f"frames/{error}-0/evaluate", {"source": "1"}) for _ in range(6)]
    assert {(answer.status, answer.json["error"]) for answer in refused} == {(403, "not_unlocked")}
    hidden = [stranger(f"{MOUNT}/tracebacks/{error}.json", headers={"X-Forwarded-For": "10.0.0.1"}) for _ in range(6)]
    assert not [answer for answer in hidden if "Sencha'" in answer.text]


def test_wrong_pins_lock_all_processes_together(server: Server) -> None:
    """Last: nothing unlocks these processes by PIN afterwards."""
    guesser = server.browser()
    guesses = [guesser.post("unlock", {"pin": "000-000-00"}) for _ in range(11)]
    assert [answer.json.get("remaining") for answer in guesses] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, None]
    assert {guesser.post("unlock", {"pin": guesser.pin()}).status for _ in range(6)} == {429}


def test_a_console_of_its_own_stays_with_the_process_that_made_its_page(own_state: Path) -> None:
    with serving(SYNC, own_state, "apps:with_console") as server:
        browser = server.browser()
        browser.error()
        page = browser.unlock()("/console").text
        addresses = re.findall(r'data-(?:evaluate|interrupt)="([^"]+)"', page)
        evaluate, interrupt = (address.removeprefix(f"{MOUNT}/") for address in addresses)
        assert re.fullmatch(r"console/[0-9a-f]{8}/evaluate", evaluate)

        def run(source: str) -> list[dict[str, Any]]:
            with browser.stream(evaluate, source) as events:
                return list(events)

        run("kept = 'green tea'")
        assert [run("kept")[0]["text"] for _ in range(12)] == ["'green tea'"] * 12
        with browser.stream(evaluate, "print('runs')\nwhile True: pass\n") as events:
            assert next(events)["text"] == "runs\n"
            assert browser.post(interrupt, {}).json == {"interrupted": True}
            assert next(events)["status"] == "interrupted"
        elsewhere = browser.post(f"console/{'0' * 8}/evaluate", {"source": "1"})
        assert (elsewhere.status, "has ended" in elsewhere.json["explanation"]) == (410, True)
