"""The same debugger behind seven servers: pages, errors that come late, the PIN, consoles, and what the log keeps."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from integration.processes import CHROME, FURTHER, KINDS, MOUNT, PIN, TIMEOUT, Server, serving, signal_port


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name)
def server(request: pytest.FixtureRequest, state: Path) -> Iterator[Server]:
    with serving(request.param, state) as server:
        # The first request, which is made by somebody who would lead others astray.
        assert server.browser()("/fails", headers={"Host": "localhost:666"}).status == 500
        yield server


on_every_server = pytest.mark.parametrize(
    "server", [*KINDS, *FURTHER], indirect=True, ids=lambda kind: kind.name, scope="module"
)


def exchange(server: Server, method: str, path: str) -> bytes:
    """All bytes that come back, until the server hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), TIMEOUT) as connection:
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {CHROME}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


# Pages.


def test_a_request_that_fails_gets_the_page_as_its_client_can_use_it(server: Server) -> None:
    browser = server.browser()
    page = browser("/fails")
    assert page.status == 500
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "no Sencha left" in page.text
    problem = browser("/fails", headers={"Accept": "application/json"})
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert problem.json["exceptions"][0]["type"] == "LookupError"
    text = browser("/fails", headers={"Accept": "*/*"})
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "LookupError: no Sencha left\n" in text.text


def test_the_page_has_an_address_of_its_own_and_stands_in_the_terminal_and_the_list(server: Server) -> None:
    browser, start = server.browser(), server.mark()
    error = browser.error()
    server.wait_for(f"LookupError: no Sencha left\n.*{MOUNT}/tracebacks/{error}\n", start)
    assert "no Sencha left" in browser(f"{MOUNT}/tracebacks/{error}").text
    recent = browser(f"{MOUNT}/tracebacks", headers={"Accept": "application/json"})
    assert error in recent.text
    assert error in browser(f"{MOUNT}/tracebacks").text


def test_the_length_is_that_of_the_body(server: Server) -> None:
    for path in ("/fails", f"{MOUNT}/tracebacks", "/"):
        answer = server.browser()(path)
        assert answer.headers["Content-Length"] == str(len(answer.body))


@pytest.mark.parametrize("path", ["/noted", "/begun"])
def test_the_page_has_no_header_of_the_answer_that_it_replaces(server: Server, path: str) -> None:
    page = server.browser()(path)
    assert "no Oolong left" in page.text
    for name in ("Content-Type", "Content-Length"):
        assert len(page.headers.get_all(name) or []) == 1, "browsers refuse a page with two lengths"


def test_a_connection_serves_on_after_an_error(server: Server) -> None:
    if not server.kind.keeps_alive:
        pytest.skip(f"{server.kind.name} closes each connection")
    browser = server.browser()
    connection = browser.connection()
    try:
        for path, status in (("/fails", 500), ("/", 200), (f"{MOUNT}/tracebacks", 200), ("/fails", 500)):
            response = browser.open(connection, path)
            assert (response.status, len(response.read())) == (status, int(response.headers["Content-Length"]))
            if path == "/fails":
                first = connection.sock
            assert connection.sock is first
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/fails", f"{MOUNT}/tracebacks"])
def test_head_has_the_headers_and_no_body(server: Server, path: str) -> None:
    raw = exchange(server, "HEAD", path)
    assert raw.endswith(b"\r\n\r\n")
    assert raw.count(b"\r\n\r\n") == 1
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)\r\n", raw)
    assert length is not None
    assert int(length[1]) > 1_000


def test_a_form_that_was_read_stands_on_the_page(server: Server) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    answer = server.browser()("/form", "POST", body=b"tea=Gyokuro&cups=2", headers=headers)
    assert answer.json["exceptions"][0]["message"] == "2 fields are too many"
    (body,) = answer.json["request"]["body"]
    assert (body["title"], body["values"]) == ("Form", {"tea": "Gyokuro", "cups": "2"})
    assert "Gyokuro" in server.browser()("/form", "POST", body=b"tea=Gyokuro&cups=2").text


def test_a_site_that_may_read_the_answers_may_read_the_error(server: Server) -> None:
    answer = server.browser()("/cors", headers={"Origin": "http://app.localhost"})
    assert answer.status == 500
    assert answer.headers["Access-Control-Allow-Origin"] == "http://app.localhost"
    assert answer.headers["Access-Control-Expose-Headers"] == "X-Debugkit-Traceback"
    assert "after the headers" in answer.text


def test_a_site_that_is_not_trusted_reads_nothing_of_the_error(server: Server) -> None:
    answer = server.browser()("/cors", headers={"Origin": "http://app.test"})
    assert (answer.status, answer.text) == (500, "Internal Server Error\n")
    assert "X-Debugkit-Traceback" not in answer.headers
    if not server.kind.name.startswith("g"):  # gunicorn keeps the headers of an answer that is replaced (PEP 3333)
        assert "Access-Control-Allow-Origin" not in answer.headers


# Errors that come late.


def late_error(server: Server, path: str) -> None:
    """Visit ``path``: the answer breaks off, the terminal has the link and one traceback, the list has the error."""
    browser, start = server.browser(), server.mark()
    with pytest.raises((HTTPException, ConnectionError)):
        browser(path)
    listed(server, start)


def listed(server: Server, start: int) -> None:
    logged = server.wait_for(r"(?s).*Debugger page: .*LookupError: too late for a page\n", start)
    # It is the server that logs it, below the link: not the debugger as well. uWSGI tells nobody that it was too late.
    if server.kind.name != "uwsgi":
        assert logged[0].count("LookupError: too late for a page\n") == 1
    # The last one: a line of the request before may have waited in the log.
    *_, (link, error_id) = re.findall(rf"Debugger page: .*({MOUNT}/tracebacks/(\w+))\n", logged[0])
    assert "too late for a page" in server.browser()(link).text
    assert error_id in server.browser()(f"{MOUNT}/tracebacks").text


def test_a_late_error_leaves_an_answer_shorter_than_its_length(server: Server) -> None:
    late_error(server, "/late?length")


def test_a_late_error_leaves_an_answer_of_unknown_length_without_its_end(server: Server) -> None:
    if server.kind.chunks:
        late_error(server, "/late")
        return
    # The end of the connection is the end of the answer here, and nothing can tell one from the other.
    start = server.mark()
    assert exchange(server, "GET", "/late").endswith(b"\r\n\r\nfirst line\n")
    listed(server, start)


# Consoles.


def test_the_pin_of_the_terminal_opens_the_console_of_a_frame(server: Server) -> None:
    browser = server.browser()
    error = browser.error()
    assert {frame["id"] for frame in browser.frames(error)} == {None}
    refused = browser.post("frames/x-1/evaluate", {"source": "1"})
    assert (refused.status, refused.json["error"]) == (403, "not_unlocked")
    browser.unlock()
    frame = browser.frame_id(error, "Application.fails")
    assert browser.value(frame, "tea['price'] + 1") == "13"
    assert browser.evaluate(frame, "tea['cups']")[-2]["text"].endswith("KeyError: 'cups'\n")


def test_what_a_command_prints_comes_while_it_runs(server: Server) -> None:
    browser = server.browser()
    error = browser.error()
    frame = browser.unlock().frame_id(error, "Application.fails")
    with signal_port() as signal:
        source = f"print('before')\nwait_for({signal.port})\nprint('after')\n"
        with browser.stream(f"frames/{frame}/evaluate", source) as events:
            assert next(events) == {"kind": "output", "stream": "stdout", "text": "before\n"}
            signal.release()
            rest = list(events)
    assert [event.get("text", event.get("status")) for event in rest] == ["after\n", "done"]


def test_a_silent_command_ends_when_its_reader_has_left(server: Server) -> None:
    """By that it is stopped where the server has one thread, which is busy with it."""
    browser = server.browser()
    error = browser.error()
    frame = browser.unlock().frame_id(error, "Application.fails")
    source = "print('runs')\nwhile True: pass\n"
    with browser.stream(f"frames/{frame}/evaluate", source) as events:
        assert next(events)["text"] == "runs\n"
    while (answer := browser.post(f"frames/{frame}/evaluate", {"source": "6 * 7"})).status == 409:
        pass
    assert '"text":"42"' in answer.text


@on_every_server
def test_each_of_forty_commands_on_connections_of_their_own_is_answered_and_every_error_listed(server: Server) -> None:
    browser = server.browser()
    errors = [browser.error() for _ in range(4)]
    frame = browser.unlock().frame_id(errors[-1], "Application.fails")
    assert [browser.value(frame, f"tea['price'] + {number}") for number in range(40)] == [
        str(12 + number) for number in range(40)
    ]
    listed = browser(f"{MOUNT}/tracebacks").text
    assert [error for error in errors if error not in listed] == []


@on_every_server
def test_stop_ends_a_command_that_would_never_end(server: Server) -> None:
    if not server.kind.threads:
        pytest.skip(f"{server.kind.name} has no thread for it: the command ends with its reader")
    browser = server.browser()
    error = browser.error()
    frame = browser.unlock().frame_id(error, "Application.fails")
    with browser.stream(f"frames/{frame}/evaluate", "print('runs')\nwhile True: pass\n") as events:
        assert next(events)["text"] == "runs\n"
        assert browser.post(f"frames/{frame}/interrupt", {}).json == {"interrupted": True}
        assert next(events)["status"] == "interrupted"


def test_the_log_keeps_no_pin_no_session_and_nothing_that_was_typed(server: Server) -> None:
    browser = server.browser()
    error = browser.error()
    pin = browser.pin()
    frame = browser.unlock().frame_id(error, "Application.fails")
    assert browser.post("unlock", {"pin": "271-828"}).status == 403
    assert browser.value(frame, "'typed ' + 'here'") == "'typed here'"
    start = server.mark()
    server.wait_for(f"tracebacks/{browser.error()}", start)  # all that was asked before has been logged
    (session,) = browser.cookies.values()
    for secret in (pin, pin.replace("-", ""), "271-828", session, browser.key, "typed", "'here'"):
        assert secret not in without_announcements(server.log)


def without_announcements(log: str) -> str:
    return "".join(line for line in log.splitlines(True) if not re.search(PIN, line))


def test_the_pin_and_its_link_are_announced_once(server: Server) -> None:
    server.browser().error()
    server.browser().error()
    assert len(re.findall(PIN, server.log)) == 1
    assert server.log.count("/unlock?token=") == 1


def test_the_first_request_cannot_choose_where_the_link_of_the_terminal_leads(server: Server) -> None:
    for name in ("Debugger page", "Unlock this browser"):
        site = server.wait_for(rf"{name}: (\S+?){MOUNT}")[1]
        assert site in (f"http://127.0.0.1:{server.port}", f"http://localhost:{server.port}")


def test_the_link_of_the_terminal_unlocks_one_browser(server: Server) -> None:
    """Last, as most servers log the address: by then it opens nothing any more."""
    first, second = server.browser(), server.browser()
    error = first.error()
    link = server.wait_for(rf"http://\S+?({MOUNT}/unlock\?token=\S+)")[1]
    answer = first(link)
    assert answer.status == 302
    first.key = answer.headers["Location"].partition("#debugkit-key=")[2]
    assert first.value(first.frame_id(error, "Application.fails"), "tea['price']") == "12"
    assert first.frame_id(error, "Application.fails").startswith(error)
    refused: Any = second(link)
    assert (refused.status, second.cookies) == (403, {})
    assert "already used" in refused.text
