"""A Flask application on debugkit's own server: what is an error, and what a frame's console finds of the request."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import IncompleteRead
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from integration.processes import KINDS, MOUNT, Browser, Server, serving


@pytest.fixture(scope="module")
def server(state: Path) -> Iterator[Server]:
    with serving(KINDS[0], state, "flask_site:app") as one:
        yield one


@pytest.fixture(scope="module")
def browser(server: Server) -> Browser:
    browser = server.browser()
    browser.error("/teas/Assam")
    return browser.unlock()


def head(browser: Browser, path: str, **more: Any) -> dict[str, Any]:
    exception: dict[str, Any] = browser.problem(browser.error(path, **more))["exceptions"][0]
    return exception


def own_frames(exception: dict[str, Any]) -> list[str]:
    return [frame["name"] for frame in exception["frames"] if frame["library"] is None]


def test_the_frames_of_the_frameworks_are_library_frames_with_name_and_version(browser: Browser) -> None:
    exception = head(browser, "/template")
    libraries = {frame["library"] for frame in exception["frames"]} - {None}
    assert libraries == {f"Flask {version('flask')}", f"Jinja2 {version('jinja2')}"}
    assert own_frames(exception) == ["template", "top-level template code", "top-level template code"]


def test_the_console_is_in_the_request_that_failed(browser: Browser) -> None:
    frame = browser.frame_id(browser.error("/view?cups=0"), "view")
    assert browser.value(frame, "request.args['cups'], request.path") == "('0', '/view')"
    assert browser.value(frame, "session['cart']") == "['Sencha', 'Gyokuro']"
    assert browser.value(frame, "g.customer") == "'Kim'"
    imported = browser.evaluate(frame, "from flask import current_app, url_for")
    assert [event["kind"] for event in imported] == ["done"]
    assert (
        browser.value(frame, "current_app.name, url_for('teas.show', name='Assam')") == "('flask_site', '/teas/Assam')"
    )
    # It stays so while other requests come and go.
    browser.error("/view?cups=x")
    assert browser.value(frame, "request.args['cups']") == "'0'"


def test_the_session_of_the_request_has_a_panel(browser: Browser) -> None:
    (session,) = browser.problem(browser.error("/view?cups=0"))["request"]["session"]
    assert session["values"] == {"cart": "['Sencha', 'Gyokuro']"}


def test_a_template_shows_its_own_line_also_when_another_includes_it(browser: Browser) -> None:
    error = browser.error("/template")
    page = browser(f"{MOUNT}/tracebacks/{error}").text
    assert "'dict object' has no attribute 'price'" in browser.problem(error)["exceptions"][0]["message"]
    frames = [frame for frame in browser.frames(error) if frame["name"] == "top-level template code"]
    assert [frame["lineno"] for frame in frames] == [3, 2]
    for frame, line in zip(frames, ("include", "amount"), strict=True):
        pane = browser(f"{MOUNT}/frames/{frame['id']}", headers={"X-Debugkit": "1"}).text
        assert line in pane
        assert "tea" in pane
        assert "lipsum" not in pane
    assert "amount" in page
    assert browser.value(frames[1]["id"], "tea['name']") == "'Sencha'"


def test_a_template_that_cannot_be_read_shows_the_line_that_is_wrong(browser: Browser) -> None:
    error = browser.error("/template-syntax")
    (frame,) = [frame for frame in browser.frames(error) if frame["name"] == "template"]
    assert frame["lineno"] == 3
    assert "endif" in browser(f"{MOUNT}/frames/{frame['id']}", headers={"X-Debugkit": "1"}).text


def test_a_template_of_a_text_shows_its_line_too(browser: Browser) -> None:
    error = browser.error("/template-string")
    frame = browser.frame_id(error, "top-level template code")
    pane = browser(f"{MOUNT}/frames/{frame}", headers={"X-Debugkit": "1"}).text
    assert "{{" in pane
    assert "cups" in pane
    assert browser.value(frame, "cups") == "0"


@pytest.mark.parametrize("path", ["/handled", "/missing", "/nowhere", "/teas/Sencha"])
def test_what_the_application_answers_itself_is_no_error(browser: Browser, path: str) -> None:
    listed = browser(f"{MOUNT}/tracebacks", headers={"Accept": "application/json"}).text
    answer = browser(path)
    assert answer.status == {"/handled": 409, "/teas/Sencha": 200}.get(path, 404)
    assert "X-Debugkit-Traceback" not in answer.headers
    assert browser(f"{MOUNT}/tracebacks", headers={"Accept": "application/json"}).text == listed


def test_an_error_before_the_view_is_shown_in_its_function(browser: Browser) -> None:
    exception = head(browser, "/view?refuse")
    assert (exception["type"], exception["message"]) == ("PermissionError", "refused before the view")
    assert own_frames(exception) == ["before"]


def test_an_error_in_a_blueprint_knows_its_route(browser: Browser) -> None:
    error = browser.error("/teas/Assam")
    frame = browser.frame_id(error, "show")
    assert browser.evaluate(frame, "from flask import request")[-1]["status"] == "done"
    assert browser.value(frame, "request.endpoint, name") == "('teas.show', 'Assam')"


def test_a_form_that_flask_read_stands_on_the_page(browser: Browser) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    error = browser.error("/teas/Assam", method="POST", body=b"cups=2", headers=headers)
    (body,) = browser.problem(error)["request"]["body"]
    assert body["values"] == {"cups": "2"}


def test_a_stream_that_breaks_is_cut_off_and_has_the_request_in_its_console(server: Server, browser: Browser) -> None:
    start = server.mark()
    with pytest.raises(IncompleteRead) as caught:
        browser("/stream?name=Kim")
    assert caught.value.partial == b"Kim\n"
    link = server.wait_for(rf"{MOUNT}/tracebacks/(\w+)\n", start)
    frame = browser.frame_id(link[1], "stream.<locals>.lines")
    assert browser.value(frame, "request.args['name']") == "'Kim'"
