"""The same debugger behind three servers for ASGI: pages, errors that come late, WebSockets, the PIN and consoles."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

import pytest
from integration.processes import MOUNT, TIMEOUT, Kind, Server, serving, signal_port
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

KINDS = (
    Kind("uvicorn", ("-m", "uvicorn", "--port=0", "TARGET")),
    Kind("hypercorn", ("-m", "hypercorn", "--bind=127.0.0.1:0", "TARGET")),
    Kind("daphne", ("-m", "daphne", "--port=0", "TARGET")),
)
WORKERS = Kind("uvicorn --workers", ("-m", "uvicorn", "--port=0", "--workers=2", "TARGET"))


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name)
def server(request: pytest.FixtureRequest, state: Path) -> Iterator[Server]:
    with serving(request.param, state, "asgi_site:application") as server:
        yield server


def test_a_request_that_fails_gets_the_page_and_the_link_stands_in_the_terminal(server: Server) -> None:
    browser, start = server.browser(), server.mark()
    page = browser("/fails")
    assert (page.status, "no Sencha left" in page.text) == (500, True)
    url = page.headers["X-Debugkit-Traceback"]
    server.wait_for(rf"LookupError: no Sencha left\n.*http://127\.0\.0\.1:{server.port}{url}\n", start)
    assert "no Sencha left" in browser(url).text
    assert url.rpartition("/")[2] in browser(f"{MOUNT}/tracebacks").text
    assert browser("/").text == "hello"


def test_the_pin_opens_a_console_that_runs_forty_of_forty_commands(server: Server) -> None:
    browser = server.browser()
    error = browser.error()
    frame = browser.unlock().frame_id(error, "fails")
    assert [browser.value(frame, f"tea['price'] * {number}") for number in range(40)] == [
        str(12 * number) for number in range(40)
    ]


def test_what_a_command_prints_comes_while_it_runs_and_other_requests_go_on(server: Server) -> None:
    browser = server.browser()
    error = browser.error()
    frame = browser.unlock().frame_id(error, "fails")
    with signal_port() as signal:
        source = f"print('before')\nwait_for({signal.port})\nprint('after')\n"
        with browser.stream(f"frames/{frame}/evaluate", source) as events:
            assert next(events) == {"kind": "output", "stream": "stdout", "text": "before\n"}
            assert browser("/").text == "hello"
            signal.release()
            rest = [event for event in events if event["kind"] != "beat"]
    assert [event.get("text", event.get("status")) for event in rest] == ["after\n", "done"]


def test_stop_ends_a_command_that_sleeps(server: Server) -> None:
    browser = server.browser()
    error = browser.error()
    frame = browser.unlock().frame_id(error, "fails")
    source = "import time; print('asleep')\nwhile True: time.sleep(0.01)\n"
    with browser.stream(f"frames/{frame}/evaluate", source) as events:
        next(events)
        assert browser.post(f"frames/{frame}/interrupt", {}).json["interrupted"] is True
        assert list(events)[-1]["status"] == "interrupted"


def test_a_websocket_that_fails_is_closed_with_1011(server: Server) -> None:
    start = server.mark()
    with connect(f"ws://127.0.0.1:{server.port}/accepts", open_timeout=TIMEOUT) as client:
        assert client.recv(TIMEOUT) == "hello"
        with pytest.raises(ConnectionClosedError) as closed:
            client.recv(TIMEOUT)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011
    for line in (r"Debugger page: ", r"LookupError: no socket left\n"):  # daphne prints the traceback, and later
        server.wait_for(line, start)


def test_one_that_fails_before_it_is_accepted_is_refused(server: Server) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{server.port}/refuses", open_timeout=TIMEOUT)
    response = refused.value.response
    if server.kind.name == "daphne":  # which cannot send a page there
        assert response.status_code == 403
    else:
        assert (response.status_code, b"no socket left" in response.body) == (500, True)


def listed(server: Server, start: int) -> None:
    """The terminal has the link and one traceback."""
    server.wait_for(r"Debugger page: ", start)
    logged = server.wait_for(r"(?s).*LookupError: too late for a page\n", start)
    assert logged[0].count("LookupError: too late for a page\n") == 1
    assert "too late for a page" in server.browser()(f"{MOUNT}/tracebacks").text


def test_an_answer_that_fails_on_its_way_breaks_off(server: Server) -> None:
    if server.kind.name == "daphne":
        pytest.skip("daphne fails when an application does, once an answer has begun, and keeps the client waiting")
    start = server.mark()
    with pytest.raises((HTTPException, ConnectionError)):
        server.browser()("/late")
    listed(server, start)


def test_what_fails_behind_a_whole_answer_is_recorded(server: Server) -> None:
    start = server.mark()
    assert server.browser()("/background").text == '"whole"'
    listed(server, start)


def test_a_worker_answers_for_the_error_of_another_one(state: Path) -> None:
    with serving(WORKERS, state, "asgi_site:application") as server:
        server.wait_for("(?s)startup complete.*startup complete")
        browser = server.browser()
        error = browser.error()
        frame = browser.unlock().frame_id(error, "fails")
        assert {browser.value(frame, f"tea['price'] * {number}") for number in range(20)} == {
            str(12 * number) for number in range(20)
        }
