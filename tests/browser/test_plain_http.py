"""The page at a name over plain HTTP, which browsers hold for no secure context: there is no `navigator.clipboard`."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser.conftest import Watched
from browser.page_app import MOUNT, one_page, served
from playwright.sync_api import Browser, Page, expect

NAME = "shop.test"


@pytest.fixture(scope="module")
def watched(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """An unlocked browser for which the name is this computer."""
    with served(tmp_path_factory.mktemp("site"), trusted_hosts=[NAME]) as site:
        with one_page(browser, base_url=site.base.replace("127.0.0.1", NAME)) as page:
            watched = Watched(page)
            page.goto(f"{MOUNT}/unlock?token={site.app.debugger.pin_auth.issue_token()}")
            yield watched


@pytest.fixture
def page(watched: Watched) -> Iterator[Page]:
    watched.page.goto("/checkout")
    assert watched.page.evaluate("isSecureContext") is False
    yield watched.page
    assert watched.problems == []


def pasted(page: Page) -> str:
    """What the clipboard holds, as the console gets it."""
    prompt = page.get_by_label("Python to run")
    prompt.fill("")
    prompt.press("Control+v")
    return prompt.input_value()


def test_the_path_is_copied(page: Page) -> None:
    page.get_by_role("button", name="Copy path").click()

    expect(page.get_by_role("button", name="Copied")).to_be_focused()
    assert re.search(r"page_app\.py:\d+$", pasted(page))
    expect(page.get_by_role("button", name="Copy path")).to_be_visible()


def test_the_key_y_copies_the_traceback(page: Page) -> None:
    page.locator("h1").click()  # the prompt has the focus that it had before the page was loaded anew
    page.keyboard.press("y")

    expect(page.locator("[data-announced]")).to_have_text("Copied")
    assert pasted(page).startswith("Traceback (most recent call last):")


def test_the_traceback_is_copied_while_the_key_is_handled_since_safari_copies_at_no_later_time(page: Page) -> None:
    page.evaluate(
        """() => {
            let handled = false;
            addEventListener("keydown", () => (handled = true), {capture: true});
            addEventListener("keydown", () => (handled = false));
            const execute = document.execCommand.bind(document);
            document.execCommand = (name) => handled && execute(name);
        }"""
    )
    page.locator("h1").click()
    page.keyboard.press("y")

    expect(page.locator("[data-announced]")).to_have_text("Copied")


def test_what_the_browser_does_not_copy_is_said(page: Page) -> None:
    page.evaluate("document.execCommand = () => false")

    page.get_by_role("button", name="Copy path").click()

    expect(page.get_by_role("button", name="Not copied")).to_be_visible()
