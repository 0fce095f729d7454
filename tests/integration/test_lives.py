"""What happens to a server over time and among others: restarts, memory, other middleware, a change of debuggers."""

from __future__ import annotations

import re
import sys
from html import unescape
from http.client import HTTPException
from pathlib import Path
from urllib.parse import quote

import pytest
from integration.processes import KINDS, MOUNT, PIN, ROOT, Server, serving

BY_NAME = {kind.name: kind for kind in KINDS}


# Restarts.


@pytest.mark.parametrize("name", ["debugkit", "waitress"])
def test_after_a_crash_the_session_and_the_pin_hold_and_wrong_pins_are_forgiven(name: str, own_state: Path) -> None:
    kind = BY_NAME[name]
    with serving(kind, own_state) as server:
        browser, guesser = server.browser(), server.browser()
        browser.error()
        pin = browser.pin()
        browser.unlock()
        left = [guesser.post("unlock", {"pin": "000"}).json["remaining"] for _ in range(3)]
        assert left == [9, 8, 7]
    # Leaving kills the process at once, as `kill -9` does.
    assert server.wait() != 0
    with serving(kind, own_state) as server:
        browser.server = guesser.server = server
        error = browser.error()
        frame = browser.frame_id(error, "Application.fails")
        assert browser.value(frame, "tea['price']") == "12"
        assert browser.pin() == pin
        assert guesser.post("unlock", {"pin": "000"}).json["remaining"] == 9


def test_a_link_that_was_used_before_a_restart_stays_used(own_state: Path) -> None:
    with serving(BY_NAME["waitress"], own_state) as server:
        browser = server.browser()
        browser.error()
        link = server.wait_for(rf"http://\S+?({MOUNT}/unlock\?token=\S+)")[1]
        assert browser(link).status == 302
    with serving(BY_NAME["waitress"], own_state) as server:
        later = server.browser()
        assert (later(link).status, later.cookies) == (403, {})


# Memory.


def resident(server: Server) -> int:
    """Bytes of the process in memory, after the errors it has."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_hundreds_of_errors_with_much_in_their_variables_do_not_fill_the_memory(own_state: Path) -> None:
    with serving(BY_NAME["debugkit"], own_state) as server:
        browser = server.browser()

        def fail(first: int, last: int) -> int:
            for number in range(first, last):
                accept = "text/html" if number % 10 == 0 else "*/*"
                browser.error(f"/big?{number}", headers={"Accept": accept})
            return resident(server)

        after_100 = fail(0, 100)
        assert fail(100, 300) - after_100 < 60_000_000


# Others in the same stack.


def test_a_middleware_around_the_debugger_adds_its_headers_to_the_error(own_state: Path) -> None:
    with serving(BY_NAME["waitress"], own_state, "apps:outer_cors") as server:
        answer = server.browser()("/fails")
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (500, "http://outer.test")
        assert "no Sencha left" in answer.text
        with pytest.raises((HTTPException, ConnectionError)):
            server.browser()("/late")


def test_both_sides_keep_to_pep_3333_on_a_server(own_state: Path) -> None:
    with serving(BY_NAME["waitress"], own_state, "apps:validated") as server:
        browser = server.browser()
        assert browser("/").text.startswith("process ")
        error = browser.error()
        browser.unlock()
        assert browser.value(browser.frame_id(error, "Application.fails"), "tea['name']") == "'Sencha'"
        form = browser("/form", "POST", body=b"cups=2", headers={"Accept": "application/json"})
        assert form.json["exceptions"][0]["message"] == "1 fields are too many"
        assert browser("/fails", "HEAD").body == b""
        assert browser(f"{MOUNT}/tracebacks").status == 200
        start = server.mark()
        with pytest.raises((HTTPException, ConnectionError)):
            browser("/late")
        server.wait_for("too late for a page", start)
        assert "AssertionError" not in server.log


# Werkzeug's debugger.


@pytest.mark.parametrize("debugger", ["werkzeug.debug", "debugkit"])
def test_an_application_for_the_debugger_of_werkzeug_works_unchanged(debugger: str, own_state: Path) -> None:
    pytest.importorskip("werkzeug")
    with serving(BY_NAME["waitress"], own_state, "swapped:application", DEBUGGER=debugger) as server:
        browser = server.browser()
        assert browser("/").text == "the application"
        page = browser("/fails")
        assert (page.status, page.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
        assert "ZeroDivisionError" in page.text
        assert "hidden_helper" in page.text
        console = browser("/console")
        assert (console.status, console.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert "the application" not in console.text
        assert not re.search(PIN, server.log)
        assert " PIN" not in server.log


def test_with_the_pin_off_the_standalone_console_has_the_names_of_its_function(own_state: Path) -> None:
    with serving(BY_NAME["waitress"], own_state, "swapped:application", DEBUGGER="debugkit") as server:
        browser = server.browser()
        with browser.stream("console/evaluate", "answer, app.__name__") as events:
            assert next(events)["text"] == "(42, 'site')"
        frame = browser.frame_id(browser.error(), "hidden_helper")
        assert browser.value(frame, "price") == "12"


# The examples.


@pytest.mark.parametrize(
    ("example", "path", "name", "expression", "value"),
    [
        ("plain_wsgi.py", "/?name=", "hello", "query", "{'name': ''}"),
        ("flask_app.py", "/share?people=0", "share", "request.args['people'], people", "('0', 0)"),
    ],
)
def test_an_example_has_its_console(
    example: str, path: str, name: str, expression: str, value: str, own_state: Path
) -> None:
    with serving(BY_NAME["debugkit"], own_state, str(ROOT / "examples" / example)) as server:
        browser = server.browser()
        error = browser.error(path)
        browser.unlock()
        assert browser.value(browser.frame_id(error, name), expression) == value


def test_every_link_of_the_shop_gives_a_page_that_names_its_error(own_state: Path) -> None:
    with serving(BY_NAME["debugkit"], own_state, str(ROOT / "examples" / "shop" / "app.py")) as server:
        browser = server.browser()
        front = browser("/").text
        links = [unescape(link) for link in re.findall(r'href="(/[^"]+)"', front)]
        errors = [link for link in links if link not in ("/cart", "/hello", "/export.csv") and "/static/" not in link]
        found = {link: browser(quote(link, safe="/?&=%")) for link in errors}
        failed = {link: page for link, page in found.items() if page.status == 500}
        assert len(failed) > 15
        for link, page in failed.items():
            assert page.headers["X-Debugkit-Traceback"].startswith(f"{MOUNT}/tracebacks/"), link
            assert page.text.count("<h1") == 1, link
        with pytest.raises((HTTPException, ConnectionError)):
            browser("/export.csv")
