"""What a screen reader says: rules for what Orca was heard to say wrongly, twice or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from browser.conftest import Watched
from browser.page_app import Site, enter
from playwright.sync_api import CDPSession, Page, expect


@pytest.fixture
def locked(site: Site, watched: Watched) -> Page:
    watched.page.goto(f"{site.base}/checkout")
    return watched.page


@pytest.fixture
def page(site: Site, watched: Watched) -> Page:
    site.unlock(watched.page)
    watched.page.goto(f"{site.base}/checkout")
    return watched.page


@pytest.fixture
def inspector(watched: Watched) -> Iterator[CDPSession]:
    session = watched.page.context.new_cdp_session(watched.page)
    yield session
    session.detach()


def texts(inspector: CDPSession) -> list[str]:
    """All that the page is in the accessibility tree, in order."""
    nodes = inspector.send("Accessibility.getFullAXTree")["nodes"]
    return [node.get("name", {}).get("value", "") for node in nodes if not node["ignored"]]


def heard_clicks(inspector: CDPSession, selector: str) -> list[str]:
    """The listeners of the first such element because of which its text is called "clickable"."""
    expression = f"document.querySelector({selector!r})"
    handle: dict[str, Any] = inspector.send("Runtime.evaluate", {"expression": expression})["result"]
    assert handle["subtype"] == "node", f"the page has no {selector}"
    kinds = inspector.send("DOMDebugger.getEventListeners", {"objectId": handle["objectId"]})["listeners"]
    return [kind["type"] for kind in kinds if kind["type"] in ("click", "mousedown", "mouseup")]


def announced(page: Page) -> Any:
    return expect(page.locator("[data-announced]"))


def test_the_failing_expression_is_one_mark_wherever_it_is_shown(page: Page) -> None:
    expect(page.locator(".l.cur mark")).to_have_text(['item["price"]'])
    expect(page.locator(".callers mark")).to_have_text(["price_of(item)"])


def test_signs_that_only_part_and_point_are_not_read_and_the_failing_line_says_what_it_is(
    page: Page, inspector: CDPSession
) -> None:
    read = texts(inspector)

    assert not [text for text in read if re.search("[·▸▾]", text)]
    assert "failed here" in read


def test_nothing_empty_is_named_as_a_status(page: Page) -> None:
    page.get_by_role("region", name="Source around").focus()
    page.keyboard.press("ArrowRight")
    announced(page).to_contain_text("int = ")

    expect(page.locator("[role=status]:visible")).to_have_count(0)


@pytest.mark.parametrize("selector", ["article", "dk-source", "dk-console form", "dk-value > .val"])
def test_text_in_which_something_listens_for_clicks_is_not_called_clickable(
    page: Page, inspector: CDPSession, selector: str
) -> None:
    assert heard_clicks(inspector, selector) == []


def test_a_member_of_a_group_is_not_called_clickable(site: Site, page: Page, inspector: CDPSession) -> None:
    page.goto(f"{site.base}/group")

    assert heard_clicks(inspector, "dk-member") == []


def test_a_click_that_no_pointer_made_leads_the_focus_to_the_frame_that_it_opens(page: Page) -> None:
    # As Firefox has it when Enter is pressed on a link: counted, but of no pointer (Pointer Events 3, 10.2).
    row = page.locator(".rows a", has_text="Cart.total")
    row.evaluate("(link) => link.focus()")
    row.evaluate(
        "(link) => link.dispatchEvent(new PointerEvent('click', "
        "{bubbles: true, cancelable: true, detail: 1, pointerType: ''}))"
    )

    expect(page.locator("article.frame:visible h2")).to_be_focused()
    expect(page.locator("article.frame:visible h2")).to_contain_text("Cart.total")


def test_the_list_says_which_frame_is_open(page: Page, inspector: CDPSession) -> None:
    expect(page.locator(".rows a[aria-current]")).to_contain_text("price_of")
    assert ", open" in texts(inspector)


def test_what_a_button_has_done_is_announced(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy path").click()
    announced(page).to_have_text("Copied")

    page.get_by_role("button", name="theme").click()
    announced(page).to_have_text("Light theme")
    expect(page.locator("[data-announced]")).to_have_attribute("aria-live", "polite")


def test_of_a_command_what_came_is_announced_and_what_was_typed_is_not(page: Page) -> None:
    entry = enter(page.locator("dk-console:visible"), "item['name'] * 2")
    live = "(element) => element.closest('[aria-live]').ariaLive"

    assert entry.locator(".in code").evaluate(live) == "off"
    assert entry.locator(".value").evaluate(live) == "polite"
    expect(page.get_by_role("log", name=re.compile("."))).to_have_count(0)  # each result would be read with it


def test_the_kind_of_a_completion_is_read_once(page: Page) -> None:
    prompt = page.get_by_label("Python to run")
    prompt.fill("")
    expect(page.locator("dk-completion")).to_be_attached()
    prompt.press_sequentially("item.")
    options = page.get_by_role("listbox", name="Completions").get_by_role("option")

    expect(options.first).to_contain_text("function")
    expect(options.first).not_to_have_attribute("title", re.compile("."))


def test_an_empty_pin_is_not_called_invalid_and_not_sent_and_a_wrong_one_is_announced_in_every_browser(
    locked: Page,
) -> None:
    locked.get_by_role("button", name="Unlock the console").click()
    field = locked.get_by_label("PIN")
    expect(field).to_be_focused()
    assert field.evaluate("(input) => input.matches(':valid')")
    asked: list[str] = []
    locked.on("request", lambda request: asked.append(request.url))

    locked.keyboard.press("Enter")
    field.fill("0")
    locked.keyboard.press("Enter")

    alert = locked.get_by_role("alert")
    expect(alert).to_contain_text("Wrong PIN")
    expect(alert).to_have_attribute("aria-live", "assertive")  # Firefox derives none from the role
    assert len([url for url in asked if url.endswith("/unlock")]) == 1
