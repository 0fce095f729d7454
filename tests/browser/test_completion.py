"""Completion, the preview and earlier commands while typing, in a real browser: what opens, takes, and is lost."""

from __future__ import annotations

import re

import pytest
from browser.conftest import Watched
from browser.page_app import Site, enter
from playwright.sync_api import Locator, Page, Route, expect


@pytest.fixture
def page(site: Site, watched: Watched) -> Page:
    """An unlocked browser on the page of an error, with the caret in an empty line."""
    page = watched.page
    site.unlock(page)
    page.goto(f"{site.base}/checkout")
    prompt(page).fill("")
    expect(page.locator("dk-completion")).to_be_attached()
    return page


def prompt(page: Page) -> Locator:
    return page.locator("dk-console:visible").get_by_label("Python to run")


def typed(page: Page, source: str) -> None:
    prompt(page).press_sequentially(source)


def options(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Completions").get_by_role("option")


def worth(page: Page) -> Locator:
    return page.locator("dk-completion .worth")


def test_a_dot_opens_the_list_and_the_arrows_and_enter_take_from_it(page: Page) -> None:
    typed(page, "ITEMS[0].")
    expect(options(page).first).to_contain_text("clear")
    expect(prompt(page)).not_to_have_attribute("aria-activedescendant", re.compile("."))

    for _ in range(4):
        page.keyboard.press("ArrowDown")
    chosen = options(page).and_(page.locator("[aria-selected=true]"))
    expect(chosen).to_contain_text("get(key, default=None, /)")
    expect(prompt(page)).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    expect(page.locator(".explained")).to_contain_text("Return the value for key")
    page.keyboard.press("Enter")

    expect(prompt(page)).to_have_value("ITEMS[0].get")
    expect(options(page)).to_have_count(0)
    expect(page.locator(".entry")).to_have_count(0)


def test_a_list_with_too_little_room_for_all_of_it_leaves_the_source_in_sight(page: Page) -> None:
    top = prompt(page).evaluate("it => it.getBoundingClientRect().top")
    page.set_viewport_size({"width": 1440, "height": int(top) + 240})
    typed(page, "{}.")
    expect(options(page).first).to_contain_text("clear")
    for _ in range(7):
        page.keyboard.press("ArrowDown")
    expect(page.locator(".explained")).to_contain_text("pop(key, default=…, /)")

    expect(page.get_by_role("option", selected=True)).to_be_in_viewport(ratio=1)
    assert page.locator(".completions").evaluate("it => it.getBoundingClientRect().top") > top


def test_enter_runs_what_is_typed_where_nothing_was_chosen(page: Page) -> None:
    typed(page, "item.keys")
    expect(options(page)).to_contain_text(["keys"])
    page.keyboard.press("Enter")

    expect(page.locator(".entry .in code")).to_have_text("item.keys")
    expect(options(page)).to_have_count(0)
    expect(prompt(page)).to_have_value("")


def test_a_key_is_completed_once_and_what_it_is_worth_stands_beside_it(page: Page) -> None:
    typed(page, "item['")
    expect(options(page)).to_contain_text(["name", "cost", "count"])
    expect(options(page).first).to_contain_text("'Cake'")
    page.keyboard.press("Tab")

    expect(prompt(page)).to_have_value("item['name']")
    expect(worth(page)).to_have_text("→ 'Cake'")
    typed(page, ".upper()")
    expect(worth(page)).to_have_text("→ 'CAKE'")
    page.keyboard.press("Enter")
    expect(page.locator(".entry .value")).to_have_text("'CAKE'")
    expect(worth(page)).to_be_hidden()


def test_tab_takes_the_only_choice_at_once_and_opens_a_list_of_several(page: Page) -> None:
    typed(page, "curren")
    page.keyboard.press("Tab")
    expect(prompt(page)).to_have_value("currency")

    prompt(page).fill("")
    typed(page, "pri")
    page.keyboard.press("Tab")
    expect(options(page)).to_contain_text(["price_of(item)", "print("])
    page.keyboard.press("Escape")
    expect(options(page)).to_have_count(0)
    expect(prompt(page)).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(prompt(page)).not_to_be_focused()
    expect(prompt(page)).to_have_value("pri")


def test_tab_indents_at_the_start_of_a_line_and_completes_behind_it(page: Page) -> None:
    typed(page, "if item:")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(prompt(page)).to_have_value("if item:\n        ")
    typed(page, "curren")
    page.keyboard.press("Tab")
    expect(prompt(page)).to_have_value("if item:\n        currency")


def test_a_bracket_that_is_typed_over_while_the_server_answers_costs_no_preview(page: Page) -> None:
    held: list[Route] = []
    page.route("**/complete", lambda route: held.append(route))
    with page.expect_request(lambda request: "upper()" in (request.post_data or "")):
        typed(page, "item['name'].upper(")
    typed(page, ")")
    expect(prompt(page)).to_have_value("item['name'].upper()")
    held.pop().continue_()

    expect(worth(page)).to_have_text("→ 'CAKE'")
    page.unroute("**/complete")


def arrives_late(page: Page, source: str) -> None:
    """Type before completion has come, and wait for its first answer."""
    held: list[Route] = []
    prompt(page).fill("")  # or the draft would come back
    page.route("**/dk-completion.js", lambda route: held.append(route))
    page.reload()
    page.mouse.move(700, 20)
    page.mouse.move(710, 20)
    expect(page.locator("dk-console:visible")).to_have_attribute("data-ready", "")
    typed(page, source)
    with page.expect_response("**/complete"):
        held.pop().continue_()
    page.unroute("**/dk-completion.js")


def test_completion_that_comes_after_the_text_opens_only_what_the_text_asks_for(page: Page) -> None:
    arrives_late(page, "ITEMS[0].")
    expect(options(page).first).to_contain_text("clear")

    arrives_late(page, "if item:\n")
    page.keyboard.press("Tab")
    expect(prompt(page)).to_have_value("if item:\n        ")


def test_a_click_takes_an_item_and_leaves_the_caret_in_the_line(page: Page) -> None:
    typed(page, "item['")
    options(page).filter(has_text="count").click()

    expect(prompt(page)).to_have_value("item['count']")
    expect(prompt(page)).to_be_focused()
    typed(page, " + 1")
    expect(worth(page)).to_have_text("→ 2")


def test_nothing_is_lost_or_taken_by_mistake_while_the_server_is_slow(page: Page) -> None:
    page.route("**/complete", lambda route: None)
    typed(page, "item['name'].upper()")
    page.keyboard.press("Enter")

    expect(page.locator(".entry .value")).to_have_text("'CAKE'")
    with page.expect_request("**/complete"):
        typed(page, "item.")
    page.unroute("**/complete")  # now come answers for what does not stand there any more
    typed(page, "ke")
    expect(options(page)).to_contain_text(["keys"])
    typed(page, "y")
    expect(options(page)).to_contain_text(["keys"])
    expect(prompt(page)).to_have_value("item.key")


def test_who_only_types_is_not_asked_for_the_pin(page: Page) -> None:
    page.context.clear_cookies()
    with page.expect_response("**/complete") as answered:
        typed(page, "item.")

    assert answered.value.status == 403
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(options(page)).to_have_count(0)


def test_a_server_that_cannot_answer_costs_the_list_and_nothing_else(page: Page) -> None:
    page.route("**/complete", lambda route: route.fulfill(status=500, body="{"))
    typed(page, "item.")
    page.keyboard.press("Tab")
    typed(page, "copy()")
    page.keyboard.press("Enter")

    expect(page.locator(".entry .value")).to_contain_text("'Cake'")
    page.unroute("**/complete")


def test_the_rest_of_an_earlier_command_is_taken_by_the_right_arrow_at_the_end_of_the_line(page: Page) -> None:
    ghost = page.locator(".ghost")
    enter(page.locator("dk-console:visible"), "item['name'] * 2")
    typed(page, "ite")
    expect(ghost).to_have_text("m['name'] * 2")
    height = prompt(page).evaluate("it => it.offsetHeight")
    typed(page, "m[")
    expect(ghost).to_be_hidden()  # the bracket has closed itself: the caret stands inside

    prompt(page).fill("it")
    expect(ghost).to_have_text("em['name'] * 2")
    page.keyboard.press("ArrowLeft")
    expect(ghost).to_be_hidden()
    prompt(page).fill("ite")
    page.keyboard.press("Tab")
    expect(options(page)).to_contain_text(["item"])
    expect(ghost).to_be_visible()
    page.keyboard.press("ArrowRight")

    expect(prompt(page)).to_have_value("item['name'] * 2")
    expect(ghost).to_be_hidden()
    expect(options(page)).to_have_count(0)
    expect(worth(page)).to_have_text("→ 'CakeCake'")
    assert prompt(page).evaluate("it => it.offsetHeight") == height


def test_completion_and_the_preview_come_before_the_rest_of_an_earlier_command(page: Page) -> None:
    enter(page.locator("dk-console:visible"), "item['name'] * 2")
    typed(page, "item")
    expect(worth(page)).to_be_visible()
    expect(page.locator(".ghost")).to_be_hidden()
    prompt(page).fill("")
    typed(page, "ite")
    expect(page.locator(".ghost")).to_be_visible()
    page.keyboard.press("Tab")
    expect(options(page)).to_contain_text(["item"])
    page.keyboard.press("Tab")

    expect(prompt(page)).to_have_value("item")
