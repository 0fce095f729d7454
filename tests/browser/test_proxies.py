"""The page in a browser that reaches it through a real nginx: by Debian's settings, by its own, and by /api alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from browser.page_app import MOUNT, PIN, Site, one_page
from nginx_support import PROXY_PARAMS, nginx
from playwright.sync_api import Browser, Page, expect


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with one_page(browser) as page:
        yield page


@pytest.fixture(scope="module")
def visit(page: Page, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., None]]:
    """Opens a page that failed, at the nginx of that name."""
    to_site = f"proxy_pass {site.base};"
    index = "default_type text/html; return 200 '<!doctype html><title>front end</title>';"
    servers = {
        "debian": f"location / {{ {PROXY_PARAMS} {to_site} }}",
        "default": f"location / {{ {to_site} }}",
        "front end": f"location /checkout {{ {to_site} }} location / {{ {index} }}",
    }
    with nginx(tmp_path_factory.mktemp("nginx"), servers) as ports:

        def visit(name: str, host: str = "localhost") -> None:
            page.context.clear_cookies()  # which count for all ports of a name
            page.goto(f"http://{host}:{ports[name]}/checkout")

        yield visit


def enter_pin(page: Page) -> None:
    page.get_by_role("button", name="Unlock").first.click()
    page.get_by_label("PIN").fill(PIN)
    page.keyboard.press("Enter")


def test_the_pin_opens_the_console_behind_debians_settings(visit: Callable[..., None], page: Page) -> None:
    visit("debian")
    enter_pin(page)
    prompt = page.get_by_label("Python to run").first
    prompt.fill("6 * 7")
    prompt.press("Enter")
    expect(page.locator(".entry .value")).to_have_text("42")


def test_the_dialog_for_the_pin_says_which_line_of_the_proxy_to_change(visit: Callable[..., None], page: Page) -> None:
    visit("default", "shop.localhost")
    expect(page.get_by_text("did not load")).to_be_hidden()
    enter_pin(page)
    expect(page.get_by_role("alert")).to_contain_text("set `proxy_set_header Host $http_host;`")


def test_a_page_whose_files_a_front_end_does_not_pass_on_says_where_it_is_complete(
    visit: Callable[..., None], page: Page, site: Site
) -> None:
    visit("front end")
    note = page.get_by_text("This page's style and scripts did not load")
    expect(note).to_be_visible()
    newest = site.app.debugger.registry.recent_groups()[0][0]
    expect(note.get_by_role("link")).to_have_attribute("href", f"{site.base}{MOUNT}/tracebacks/{newest.id}")
    note.get_by_role("link").click()
    expect(page.get_by_role("heading", name="KeyError")).to_be_visible()
    expect(note).to_be_hidden()
