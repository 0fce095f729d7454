"""Sending the request again, copying it, and the file that opens without a server, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser.conftest import Watched
from browser.page_app import MARKUP, Site, enter, one_page
from playwright.sync_api import Browser, Locator, Page, expect


@pytest.fixture
def page(site: Site, watched: Watched) -> Page:
    """An unlocked browser."""
    site.unlock(watched.page)
    return watched.page


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Replay")


def test_r_sends_the_request_again_and_leads_to_the_new_error(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/checkout?size=2")
    calls = site.shop.calls["GET /checkout"]
    page.keyboard.press("r")

    expect(dialog(page).get_by_role("status")).to_contain_text("Failed the same way: KeyError: 'price'")
    assert site.shop.calls["GET /checkout"] == calls + 1
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.base}/__debugkit__/tracebacks/{list(site.app.debugger.registry._entries)[-1]}")
    expect(page.locator("h1")).to_contain_text("'price'")


def test_a_post_is_sent_again_only_when_the_reader_says_so(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/form")
    page.get_by_role("button", name="Pay").click()
    button = page.get_by_role("button", name="Replay")
    button.click()
    expect(dialog(page).get_by_role("status")).to_contain_text("POST may change something")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()
    expect(button).to_be_focused()
    assert site.shop.calls["POST /checkout"] == 1

    button.click()
    dialog(page).get_by_role("button", name="Send it again").click()
    expect(dialog(page).get_by_role("status")).to_contain_text("Failed the same way")
    assert site.shop.calls["POST /checkout"] == 2


def test_a_request_that_takes_long_is_stopped(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/checkout")
    frame = page.locator("article.frame:visible")
    enter(frame, "import sys; shop = sys.modules['browser.page_app']; kept = shop.price_of")
    enter(frame, "def endless(item):\n    while True: pass\n")
    enter(frame, "shop.price_of = endless")
    page.get_by_role("button", name="Replay").click()
    dialog(page).get_by_role("button", name="Stop").click()
    expect(dialog(page).get_by_role("status")).to_contain_text("Stopped.")
    dialog(page).get_by_role("button", name="Close").click()
    enter(frame, "shop.price_of = kept")


def test_who_is_not_unlocked_finds_no_replay_until_then(site: Site, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{site.base}/checkout")
    expect(page.get_by_role("button", name="Replay")).to_be_hidden()
    page.keyboard.press("r")
    expect(dialog(page)).to_be_hidden()

    site.unlock(page)
    page.goto(f"{site.base}/checkout")
    expect(page.get_by_role("button", name="Replay")).to_be_visible()


def test_the_menu_copies_the_request(site: Site, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{site.base}/checkout?size='2'")
    for form, start in (("As curl", "curl '"), ("As Python", "# Sends a request"), ("As a pytest test", "# A request")):
        page.locator("dk-copy-menu summary").click()
        page.get_by_role("link", name=form).click()
        page.wait_for_function(
            "start => navigator.clipboard.readText().then(text => text.startsWith(start))", arg=start
        )


def printed(page: Page) -> str:
    """The text of what is printed. Headless, nothing is printed when a page asks for it."""
    page.emulate_media(media="print")
    text = page.locator("body").inner_text()
    page.emulate_media(media="null")
    return text


@pytest.mark.parametrize("way", ["key", "menu"])
def test_every_frame_of_the_application_is_printed_with_source_and_values(site: Site, page: Page, way: str) -> None:
    page.goto(f"{site.base}/checkout?colour=green")
    page.evaluate("window.print = () => document.body.append('printed')")
    if way == "key":
        page.keyboard.press("Control+p")
    else:
        page.locator("dk-copy-menu summary").click()
        page.get_by_role("link", name="Print").click()
    expect(page.locator("body")).to_contain_text("printed")

    for text in (
        "'price'",
        'int(item["price"])',
        "amount += price_of(item)",
        "'EUR'",
        "colour",
        "Traceback (",
    ):
        assert text in printed(page)
    expect(page.locator(".file")).to_be_hidden()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(page.locator(".file")).to_have_count(0)


def test_what_the_browser_prints_by_its_menu_is_the_page_with_all_panels(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/checkout?colour=green")
    text = printed(page)
    assert all(part in text for part in ("'price'", "Cart.total", "'EUR'", "Request", "Headers", "User-Agent"))
    assert "Plain text" not in text
    assert "Try something" not in text


def test_the_file_opens_from_the_disk_without_a_network(
    site: Site, page: Page, browser: Browser, tmp_path: Path
) -> None:
    page.goto(f"{site.base}/markup")
    page.locator("dk-copy-menu summary").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as file").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)

    with one_page(browser, offline=True) as file:
        asked: list[str] = []
        file.on("request", lambda request: asked.append(request.url))
        watched = Watched(file)
        file.goto(path.as_uri())
        expect(file.locator("h1")).to_contain_text(MARKUP)
        expect(file.locator(".l.cur").first).to_be_visible()
        assert file.evaluate("getComputedStyle(document.querySelector('.l.cur')).display") == "flex"
        file.get_by_text("Traceback as text").click()
        expect(file.get_by_text("Traceback (most recent call last)")).to_be_visible()
        file.set_viewport_size({"width": 390, "height": 844})
        assert file.evaluate("document.documentElement.scrollWidth") == 390
        assert file.title() != "broken"
        assert asked == [path.as_uri()]
        assert watched.problems == []
