"""Where the reader is led: search, the address, the focus, other tabs, the keys that can be switched off."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser.conftest import Watched
from browser.page_app import PIN, Site, enter, served
from playwright.sync_api import Locator, Page, Route, expect

HIGHLIGHTED = "[...(CSS.highlights.get('match') ?? [])].map(String).join()"
FOCUSED = "document.activeElement.localName"


@pytest.fixture
def page(site: Site, watched: Watched) -> Page:
    """An unlocked browser, on the page of an error."""
    site.unlock(watched.page)
    watched.page.goto(f"{site.base}/checkout?colour=green")
    return watched.page


@pytest.fixture
def locked(site: Site, watched: Watched) -> Page:
    watched.page.goto(f"{site.base}/checkout")
    return watched.page


@pytest.fixture
def other_tab(site: Site, watched: Watched) -> Iterator[Page]:
    """A second tab of the same browser, with an error of its own."""
    with watched.page.context.new_page() as other:
        other.goto(f"{site.base}/order")
        yield other


def row(page: Page, name: str) -> Locator:
    return page.locator(".rows a[data-open]", has_text=re.compile(f"^{re.escape(name)}"))


def title(page: Page) -> Locator:
    """The function of the opened frame."""
    return page.locator("article.frame:visible h2 .fn")


def unlock(page: Page) -> None:
    page.get_by_role("dialog", name="Unlock the console").get_by_label("PIN").fill(PIN)
    page.keyboard.press("Enter")


# Search


def test_what_is_typed_at_once_after_the_slash_is_searched_in_all_frames_and_led_to(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("amount = 0")
    options = page.get_by_role("option")
    expect(page.get_by_role("dialog", name="Search this error").get_by_role("status")).to_have_text(
        re.compile(r"^1 in \S+page_app\.py\.$")
    )
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")

    expect(title(page)).to_have_text("Cart.total")
    expect(page.locator("[data-n]:focus")).to_contain_text("amount = 0")
    assert page.evaluate(HIGHLIGHTED) == "amount = 0"


def test_the_arrows_choose_among_the_matches_and_escape_gives_the_focus_back(page: Page) -> None:
    link = row(page, "Cart.total")
    link.focus()
    page.keyboard.press("/")
    page.keyboard.type("green")
    field = page.get_by_role("combobox")
    expect(page.get_by_role("option")).not_to_have_count(0)
    first = field.get_attribute("aria-activedescendant")
    page.keyboard.press("ArrowDown")
    expect(field).not_to_have_attribute("aria-activedescendant", first or "")
    page.keyboard.press("ArrowUp")
    expect(field).to_have_attribute("aria-activedescendant", first or "")

    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    expect(link).to_be_focused()


def test_a_match_in_the_request_opens_its_panel(page: Page) -> None:
    page.get_by_role("button", name="Search").click()
    page.keyboard.type("User-Agent")
    expect(page.locator("[data-results]")).to_have_attribute("aria-busy", "false")
    page.get_by_role("option").first.click()

    expect(page.get_by_role("tabpanel", name="Headers")).to_be_visible()
    assert page.evaluate(HIGHLIGHTED) == "User-Agent"
    assert page.url.endswith("#panel=headers")


def test_a_match_in_what_is_folded_unfolds_it(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/template")
    expect(page.get_by_text("1 global of the template engine")).to_be_visible()
    expect(page.get_by_text("Aarhus")).to_be_hidden()
    page.keyboard.press("/")
    page.keyboard.type("aarhus")
    expect(page.get_by_role("option")).to_have_count(1)
    page.get_by_role("option").click()

    expect(page.locator(".row:focus dt")).to_have_text("house")
    assert page.evaluate(HIGHLIGHTED) == "Aarhus"


def test_enter_that_is_pressed_before_the_answer_leads_to_what_was_typed_last(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("a")
    expect(page.locator("[data-results]")).to_have_attribute("aria-busy", "false")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    held: list[Route] = []
    page.route("**/search", lambda route: held.append(route))
    with page.expect_request(lambda request: "amount = 0" in (request.post_data or "")):
        page.keyboard.type("mount = 0")
    page.keyboard.press("Enter")
    held.pop().continue_()
    page.unroute("**/search")

    expect(title(page)).to_have_text("Cart.total")
    expect(page.locator("[data-n]:focus")).to_contain_text("amount = 0")
    assert page.evaluate(HIGHLIGHTED) == "amount = 0"


def test_a_search_without_a_match_says_so(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("no such text anywhere")

    expect(page.get_by_text("Nothing found.")).to_be_visible()
    expect(page.get_by_role("combobox")).to_have_attribute("aria-expanded", "false")


# The address


def test_the_address_carries_frame_and_panel_and_back_steps_through_frames(site: Site, page: Page) -> None:
    calls = site.shop.calls["GET /checkout"]
    row(page, "Cart.total").click()
    expect(title(page)).to_have_text("Cart.total")
    page.get_by_role("tab", name="Headers").click()
    row(page, "checkout").click()
    expect(title(page)).to_have_text("checkout")
    expect(page).to_have_url(re.compile(r"#frame=\d+&in=page_app\.py:checkout&panel=headers$"))

    page.go_back()
    expect(title(page)).to_have_text("Cart.total")
    page.go_back()
    expect(title(page)).to_have_text("price_of")
    page.go_forward()
    expect(title(page)).to_have_text("Cart.total")
    assert site.shop.calls["GET /checkout"] == calls

    page.reload()  # which runs the request again: another error, the same frame
    expect(title(page)).to_have_text("Cart.total")
    expect(page.get_by_role("tab", name="Headers")).to_have_attribute("aria-selected", "true")


def test_a_link_within_the_page_changes_nothing_of_what_is_open(page: Page) -> None:
    row(page, "Cart.total").click()
    expect(title(page)).to_have_text("Cart.total")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    expect(page).to_have_url(re.compile(r"#frame=\d+&in=page_app\.py:Cart\.total$"))
    page.get_by_role("tab", name="Headers").click()

    expect(page).to_have_url(re.compile(r"#frame=\d+&in=page_app\.py:Cart\.total&panel=headers$"))
    expect(title(page)).to_have_text("Cart.total")


def test_a_frame_that_is_gone_leaves_the_address(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/order#frame=2&in=page_app.py:gone")

    expect(title(page)).to_have_text("read_order")
    expect(page).to_have_url(re.compile(r"/order#$"))


def test_the_link_that_is_copied_leads_to_the_error_and_what_is_open(site: Site, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    permanent = page.locator("dk-tabs").get_attribute("data-page")
    row(page, "Cart.total").click()
    expect(title(page)).to_have_text("Cart.total")
    page.locator("dk-copy-menu summary").click()
    page.get_by_role("link", name="Link to this page").click()
    expect(page.locator("dk-copy-menu summary")).to_be_focused()
    expect(page.locator("dk-copy-menu [data-label]")).to_have_text("Copied")

    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{site.base}{permanent}#frame=")
    page.goto(link)
    expect(title(page)).to_have_text("Cart.total")


# The focus


def test_j_and_k_lead_the_focus_to_the_frame_and_say_which_it_is(page: Page) -> None:
    page.get_by_label("Python to run").focus()
    page.keyboard.press("Escape")
    page.keyboard.press("k")

    expect(page.locator("article.frame:visible h2")).to_be_focused()
    expect(title(page)).to_have_text("Cart.total")
    expect(page.locator("[data-announced]")).to_have_text("Frame 4 of 5")


def test_c_on_a_locked_page_asks_for_the_pin_and_goes_on_to_the_console(locked: Page) -> None:
    locked.keyboard.press("c")
    unlock(locked)

    expect(locked.get_by_label("Python to run")).to_be_focused()
    expect(enter(locked.locator("article.frame:visible"), "1 + 1").locator(".value")).to_have_text("2")


def test_who_unlocks_from_the_bar_can_type_at_once(locked: Page) -> None:
    locked.get_by_role("button", name="Unlock", exact=True).click()
    unlock(locked)

    expect(locked.get_by_label("Python to run")).to_be_focused()


# Other tabs, and keys


def test_other_tabs_are_unlocked_and_locked_along_and_follow_the_theme(locked: Page, other_tab: Page) -> None:
    locked.get_by_role("button", name="Unlock the console").click()
    unlock(locked)
    expect(locked.get_by_label("Python to run")).to_be_focused()
    expect(other_tab.get_by_label("Python to run")).to_be_enabled()
    expect(enter(other_tab.locator("article.frame:visible"), "kind").locator(".value")).to_have_text("'order'")

    locked.locator("dk-theme button").click()
    expect(other_tab.locator("dk-theme button")).to_contain_text("Light")
    assert other_tab.evaluate("document.documentElement.dataset.theme") == "light"

    locked.get_by_role("button", name="Lock", exact=True).click()
    expect(other_tab.get_by_role("button", name="Unlock", exact=True)).to_be_visible()


def test_keys_of_a_single_character_can_be_switched_off_for_good(page: Page) -> None:
    keys = page.get_by_role("dialog", name="Keys")
    page.keyboard.press("?")
    keys.get_by_role("checkbox").click()
    page.keyboard.press("Escape")
    for _ in range(2):
        page.keyboard.press("k")
        page.keyboard.press("/")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(title(page)).to_have_text("price_of")
        page.reload()

    page.get_by_role("button", name="Keys").click()
    keys.get_by_role("checkbox").click()
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    expect(title(page)).to_have_text("Cart.total")


def test_the_last_wrong_pin_says_what_to_do_now_and_asks_for_no_other(
    own_page: Watched, tmp_path_factory: pytest.TempPathFactory
) -> None:
    page = own_page.page
    with served(tmp_path_factory.mktemp("lockout")) as site:
        page.goto(f"{site.base}/checkout")
        page.get_by_role("button", name="Unlock the console").click()
        dialog = page.get_by_role("dialog", name="Unlock the console")
        for left in range(9, -1, -1):
            dialog.get_by_label("PIN").fill("000-000-000")
            page.keyboard.press("Enter")
            expect(dialog.get_by_role("alert")).to_contain_text(f"{left} attempt" if left else "no attempts are left")

        expect(dialog.get_by_role("alert")).to_contain_text("Open the one-time link")
        expect(dialog.get_by_label("PIN")).to_be_hidden()
        expect(dialog.get_by_role("button", name="Close")).to_be_focused()

        page.goto(f"{site.base}/checkout")
        expect(page.get_by_role("button", name="Unlock the console")).to_have_count(0)
        expect(page.locator("article.frame")).to_contain_text("Too many wrong PINs. Open the one-time link")
        page.get_by_role("button", name="Unlock", exact=True).click()
        expect(dialog.get_by_role("alert")).to_contain_text("Too many wrong PINs. Open the one-time link")
        expect(dialog.get_by_role("button", name="Close")).to_be_focused()
        expect(dialog.get_by_role("textbox")).to_have_count(0)
        page.keyboard.press("Escape")
        with page.context.new_page() as other:
            site.unlock(other)
            expect(page.get_by_label("Python to run")).to_be_enabled()
        page.goto("about:blank")
