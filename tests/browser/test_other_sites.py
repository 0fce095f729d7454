"""What pages of other websites can do to a debugger that is open in the same browser: a real one, and two origins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from browser.page_app import MOUNT, PATIENCE
from playwright.sync_api import Browser, BrowserContext, Page, expect

from debugkit import DebuggedApplication, make_server

START = "Content-Type", "text/html"


def site(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A website: an empty page."""
    start_response("200 OK", [START])
    return [b"<!doctype html><link rel=icon href=data:,><title>site</title>"]


def open_to_all(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """An application that any website may read, and that fails."""
    cup = "oolong"
    if not environ["PATH_INFO"].startswith("/fails"):
        start_response("404 Not Found", [START, ("Access-Control-Allow-Origin", "*")])
        return [b"own 404"]
    origin = environ.get("HTTP_ORIGIN", "*")
    allowed = [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true")]
    start_response("200 OK", [START, *allowed])
    return [{"tea": cup}["coffee"].encode()]


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Evil.test is a website on the same machine."""
    with browser.new_context() as context:
        # Pages of the internet may ask this computer only with a permission; the rules must hold for those that may.
        context.grant_permissions(["local-network-access"])
        context.set_default_timeout(PATIENCE)
        yield context


@pytest.fixture(scope="module")
def shop(context: BrowserContext, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The failing application, in a browser that is unlocked; its address."""
    state = tmp_path_factory.mktemp("state")
    state.chmod(0o700)
    app = DebuggedApplication(open_to_all, state_dir=state)
    with make_server("127.0.0.1", 0, app) as server, context.new_page() as page:
        base = server.url.rstrip("/")
        page.goto(f"{base}{MOUNT}/unlock?token={app.debugger.pin_auth.issue_token()}")
        page.goto(f"{base}/fails")
        expect(page.get_by_label("Python to run").first).to_be_enabled()
        page.goto("about:blank")
        yield base


@pytest.fixture
def other(serve: Callable[[Any], str], context: BrowserContext) -> Iterator[Callable[[str], Page]]:
    """Opens an empty page of a website with the given name."""
    port = serve(site).rpartition(":")[2]
    page = context.new_page()

    def start(name: str) -> Page:
        page.goto(f"http://{name}:{port}/")
        return page

    yield start
    page.close()


READ = """async ([url, options]) => {
    try { const answer = await fetch(url, options); return await answer.text(); } catch (error) { return "blocked"; }
}"""
LOAD = """(url) => new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve("loaded");
    script.onerror = () => resolve("error");
    document.head.append(script);
})"""


def test_another_website_reads_nothing_of_an_error(shop: str, other: Callable[[str], Page]) -> None:
    page = other("evil.test")
    for options in ({}, {"credentials": "include"}):
        text = page.evaluate(READ, [f"{shop}/fails", options])
        assert text in ("blocked", "Internal Server Error\n")


def test_a_frontend_on_another_port_of_this_computer_reads_the_error(shop: str, other: Callable[[str], Page]) -> None:
    assert "KeyError: 'coffee'" in other("localhost").evaluate(READ, [f"{shop}/fails", {}])


def test_another_website_finds_the_application_where_the_debugger_is(shop: str, other: Callable[[str], Page]) -> None:
    page = other("evil.test")
    for path in ("/tracebacks", "/static/debugkit.js", "/events", "/nothing"):
        assert page.evaluate(READ, [f"{shop}{MOUNT}{path}", {}]) == "own 404"
    for path in ("/static/theme.js", "/static/nothing.js"):
        assert page.evaluate(LOAD, f"{shop}{MOUNT}{path}") == "error"


def test_another_website_neither_unlocks_nor_locks(shop: str, other: Callable[[str], Page]) -> None:
    page = other("evil.test")
    for path in ("/unlock", "/lock"):
        for headers in ({}, {"X-Debugkit": "1", "Content-Type": "application/json"}):
            options = {"method": "POST", "body": '{"pin": "000"}', "headers": headers, "credentials": "include"}
            assert page.evaluate(READ, [f"{shop}{MOUNT}{path}", options]) in ("blocked", "own 404")
    page.goto(f"{shop}/fails")
    expect(page.get_by_label("Python to run").first).to_be_enabled()


def test_a_page_on_another_port_of_this_computer_runs_nothing(shop: str, other: Callable[[str], Page]) -> None:
    """Its requests carry the session's cookie, which browsers send to every port of a host."""
    page = other("127.0.0.1")
    headers = {"X-Debugkit": "1", "Content-Type": "application/json"}
    options = {"method": "POST", "body": '{"source": "1"}', "headers": headers, "credentials": "include"}
    assert page.evaluate(READ, [f"{shop}{MOUNT}/console/evaluate", options]) == "blocked"
    assert page.evaluate("Object.keys(localStorage)") == []
