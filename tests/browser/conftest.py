"""A real Chromium and a real server. Without Chromium these tests are skipped, or fail where one is required."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from browser.page_app import PATIENCE, Site, forget, one_page, served
from playwright.sync_api import Browser, Page, expect, sync_playwright

from debugkit.serving.server import make_server

# The default of five seconds is short for two busy cores under coverage.
expect.set_options(timeout=PATIENCE)

#: The first is the same engine with no window to draw, which takes half of the processor's time.
PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # For tests of pages that are no secure context, and of other websites (RFC 6761, 6.2).
    "--host-resolver-rules=MAP *.test 127.0.0.1",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[tuple[Browser, EventLoop]]:
    """One for all tests of this process: until its first page is shown, it takes longer than most tests."""
    path = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if path is None:
        if os.environ.get("DEBUGKIT_REQUIRE_BROWSER"):
            pytest.fail("Chromium is required here (DEBUGKIT_REQUIRE_BROWSER is set) and is not installed")
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        loop = EventLoop()
        loop.hide()
        yield browser, loop
        loop.show()
        browser.close()


class EventLoop:
    """The loop of Playwright, which runs in this thread (in a greenlet), where tests of others start their own."""

    def __init__(self) -> None:
        self._loop, self._hooks = asyncio.get_running_loop(), sys.get_asyncgen_hooks()

    def show(self) -> None:
        asyncio._set_running_loop(self._loop)
        sys.set_asyncgen_hooks(*self._hooks)

    def hide(self) -> None:
        asyncio._set_running_loop(None)
        sys.set_asyncgen_hooks(None, None)


@pytest.fixture(scope="module")
def browser(chromium: tuple[Browser, EventLoop]) -> Iterator[Browser]:
    browser, loop = chromium
    loop.show()
    yield browser
    loop.hide()


class Watched:
    """A page, and all that went wrong on it: console errors, violations of the policy, requests to other hosts."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.problems: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))

    def _console(self, message: Any) -> None:
        # A page with status 500 is what these tests are about; Chromium reports each as an error of the network.
        if message.type == "error" and "status of" not in message.text:
            self.problems.append(f"console: {message.text}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The application of `page_app`, served for a module."""
    with served(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Watched]:
    """A page that the tests of a module share: opening one takes longer than most tests."""
    with one_page(browser) as page:
        yield Watched(page)


@pytest.fixture
def own_page(window: Watched) -> Iterator[Watched]:
    """The shared page, for a test with servers of its own: it must show no error, and ask nobody but this computer."""
    yield window
    problems = list(window.problems)
    # Its server has ended by now, which a page that still listens would call a problem.
    window.page.goto("about:blank")
    window.problems.clear()
    hosts, window.hosts = {host for host in window.hosts if host}, set()
    for host in hosts:
        forget(window.page, f"http://{host}")
    assert problems == []
    assert all(host.startswith(("127.0.0.1:", "localhost:")) for host in hosts)


@pytest.fixture
def watched(window: Watched, site: Site) -> Iterator[Watched]:
    """The shared page, which must show no error and ask no other host."""
    yield window
    problems, window.problems = window.problems, []
    forget(window.page, site.base)
    assert problems == []
    assert {host for host in window.hosts if host} == {site.base.partition("//")[2]}


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    """Serve a WSGI application for as long as the test runs; gives its address."""
    with ExitStack() as stack:

        def start(app: Any) -> str:
            server = stack.enter_context(make_server("127.0.0.1", 0, app))
            return server.url.rstrip("/")

        yield start
