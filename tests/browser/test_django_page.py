"""The page of Django's errors in a real browser: templates as frames, searches, forms, the console; for everyone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import django_site
import pytest
from browser.axe import violations
from browser.page_app import SIZE, one_page
from playwright.sync_api import Browser, Page, expect

from debugkit.serving.server import make_server

FORM = '<form method="post" action="{base}/order/"><input name="quantity" value="three"><button>Order</button></form>'


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    state = tmp_path_factory.mktemp("state")
    state.chmod(0o700)
    with django_site.debugged(state_dir=state) as app, make_server("127.0.0.1", 0, app) as server:
        yield server.url.rstrip("/"), app


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    with one_page(browser) as page:
        yield page


@pytest.fixture
def go(window: Page, base: tuple[str, Any]) -> Callable[[str], Page]:
    """Opens an address in a browser that is unlocked."""
    url, app = base
    window.goto(f"{url}/__debugkit__/unlock?token={app.debugger.pin_auth.issue_token()}")
    window.set_viewport_size(SIZE)

    def start(path: str) -> Page:
        window.goto(f"{url}{path}")
        return window

    return start


def shown(page: Page) -> Any:
    return page.locator("article.frame:visible")


def test_a_broken_template_is_opened_with_the_exact_tag_marked(go: Callable[[str], Page]) -> None:
    page = go("/syntax/")

    expect(shown(page).locator("h2 .path")).to_contain_text("shop/broken.html:4")
    expect(shown(page).locator(".l.cur")).to_contain_text("{% frice item %}")
    assert "".join(shown(page).locator(".l.cur mark").all_text_contents()) == "{% frice item %}"


def test_a_template_on_the_way_opens_with_its_variables_and_its_console(go: Callable[[str], Page]) -> None:
    page = go("/cart/")
    expect(shown(page).locator("h2 .fn")).to_have_text("Tea.price")
    page.locator(".rows a[data-open]", has_text="{{ item.price }}").click()

    expect(shown(page).locator("h2 .path")).to_contain_text("shop/item.html:2")
    expect(shown(page)).to_contain_text("position")
    prompt = shown(page).get_by_label("Python to run")
    prompt.fill("position + 41")
    prompt.press("Enter")
    expect(shown(page).locator(".entry", has_text="position + 41")).to_contain_text("42")


def test_the_console_knows_the_request_the_settings_and_the_models(go: Callable[[str], Page]) -> None:
    page = go("/checkout/?tea=Oolong")
    prompt = shown(page).get_by_label("Python to run")
    prompt.fill("request.GET['tea'], settings.SHOP_NAME, User.__name__")
    prompt.press("Enter")

    expect(shown(page).locator(".entry")).to_contain_text("('Oolong', 'Tea & Co.', 'User')")


def test_a_missing_template_says_on_the_first_screen_where_it_was_looked_for(go: Callable[[str], Page]) -> None:
    page = go("/missing/")

    search = page.get_by_role("region", name="Where pages looked")
    expect(search.locator("li")).to_have_count(2)
    box = search.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < SIZE["height"]


def test_a_form_that_failed_is_shown_as_django_read_it(go: Callable[[str], Page], base: tuple[str, Any]) -> None:
    page = go("/fine/")
    page.set_content(FORM.format(base=base[0]))
    page.get_by_role("button", name="Order").click()
    expect(page.locator("h1")).to_contain_text("invalid literal for int()")
    page.get_by_role("tab", name="Body").click()

    expect(page.locator("#panel-body .row", has_text="quantity")).to_contain_text("three")


def test_a_setting_that_is_cut_can_be_opened(go: Callable[[str], Page]) -> None:
    page = go("/checkout/")
    page.get_by_role("tab", name="Settings").click()
    row = page.locator("#panel-settings .row", has_text="DATABASES")
    row.locator(".opener").click()
    row.locator(".tree .opener").first.click()

    expect(row.locator(".tree .tree")).to_contain_text("shop.sqlite3")
    expect(page.locator("#panel-settings .row", has_text=re.compile("^SECRET_KEY•"))).to_contain_text("••••••")


@pytest.mark.parametrize(
    ("path", "width"),
    [("/missing/", 1440), ("/missing/", 390), ("/bytes_of_another_age/", 390)],
    ids=["search wide", "search narrow", "hint narrow"],
)
def test_what_django_adds_has_no_violation_and_fits(go: Callable[[str], Page], path: str, width: int) -> None:
    page = go(path)
    page.set_viewport_size({"width": width, "height": 844})

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []
