"""A Django project that lets its errors through, on gunicorn or, where that does not run, on waitress."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from http.client import IncompleteRead
from importlib.metadata import version
from pathlib import Path

import pytest
from integration.processes import KINDS, MOUNT, Browser, Server, serving

pytest.importorskip("django")


@pytest.fixture(scope="module")
def server(state: Path) -> Iterator[Server]:
    name = "waitress" if sys.platform == "win32" else "gunicorn"
    (kind,) = [kind for kind in KINDS if kind.name == name]
    with serving(kind, state, "django_site:application") as one:
        yield one


@pytest.fixture(scope="module")
def browser(server: Server) -> Browser:
    browser = server.browser()
    browser.error("/view?tea=Assam")
    return browser.unlock()


def test_an_error_in_a_view_opens_there_and_the_console_has_the_request(browser: Browser) -> None:
    error = browser.error("/view?tea=Assam")
    *library, own = browser.frames(error)
    assert {frame["library"] for frame in library} == {f"Django {version('django')}"}
    assert (own["name"], own["library"]) == ("view", None)
    assert browser.value(own["id"], "request.GET['tea'], request.path") == "('Assam', '/view')"
    assert "prices[request.GET[&#34;tea&#34;]]" in without_markup(browser(f"{MOUNT}/tracebacks/{error}").text)


def without_markup(page: str) -> str:
    return re.sub(r"<[^>]*>", "", page)


def test_a_form_that_django_read_stands_on_the_page(browser: Browser) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    problem = browser.problem(browser.error("/form", method="POST", body=b"cups=12", headers=headers))
    assert problem["exceptions"][0]["message"] == "12 cups are too many"
    (body,) = problem["request"]["body"]
    assert body["values"] == {"cups": "12"}


def test_an_error_behind_a_template_leads_to_the_property_that_raised_it(browser: Browser) -> None:
    error = browser.error("/template")
    frames = [frame for frame in browser.frames(error) if frame["library"] is None]
    assert [frame["name"] for frame in frames] == ["template", "Tea.price"]
    assert browser.value(frames[-1]["id"], "type(self).__name__") == "'Tea'"


def test_a_page_that_django_does_not_find_is_no_error(browser: Browser) -> None:
    for path in ("/missing", "/nowhere"):
        answer = browser(path)
        assert answer.status == 404
        assert "X-Debugkit-Traceback" not in answer.headers


def test_a_stream_that_breaks_is_cut_off_and_listed(server: Server, browser: Browser) -> None:
    start = server.mark()
    with pytest.raises(IncompleteRead):
        browser("/stream")
    link = server.wait_for(rf"{MOUNT}/tracebacks/(\w+)\n", start)
    frame = browser.frame_id(link[1], "stream.<locals>.lines")
    assert browser.value(frame, "request.path") == "'/stream'"
