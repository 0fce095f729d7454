"""The source of a frame in a real browser: it grows in its place, and says what every name in it is."""

from __future__ import annotations

import re

import pytest
from browser.conftest import Watched
from browser.page_app import Site, enter
from playwright.sync_api import Locator, Page, expect


@pytest.fixture
def page(site: Site, watched: Watched) -> Page:
    """An unlocked browser on an error in `price_of`."""
    site.unlock(watched.page)
    watched.page.goto(f"{site.base}/checkout")
    return watched.page


def shown(page: Page) -> Locator:
    """The pane of the opened frame."""
    return page.locator("article.frame:visible")


def top(locator: Locator) -> float:
    return float((locator.bounding_box() or {"y": -1})["y"])


def point_at(page: Page, text: str, line: Locator) -> None:
    """Move the pointer to the middle of some text in a line, whatever elements it stands in."""
    box = line.evaluate(
        """(line, text) => {
          const walker = document.createTreeWalker(line.querySelector("code"), NodeFilter.SHOW_TEXT);
          for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const at = node.data.indexOf(text);
            if (at < 0) continue;
            const range = document.createRange();
            range.setStart(node, at);
            range.setEnd(node, at + text.length);
            const { left, right, top, bottom } = range.getBoundingClientRect();
            return [(left + right) / 2, (top + bottom) / 2];
          }
        }""",
        text,
    )
    page.mouse.move(*box)


def test_lines_are_added_in_their_place_and_the_failing_line_stays_where_it_is(site: Site, page: Page) -> None:
    enter(shown(page), "item")
    failing, first = shown(page).locator(".l.cur"), shown(page).locator("[data-n]").first
    line, before, calls = int(first.get_attribute("data-n") or 0), top(failing), site.shop.calls["GET /checkout"]

    shown(page).get_by_role("button", name="20 lines up").click()

    expect(first).to_have_attribute("data-n", str(line - 20))
    assert top(failing) == pytest.approx(before, abs=1)
    expect(shown(page).get_by_role("log")).to_contain_text("'Cake'")
    shown(page).get_by_role("button", name="20 lines down").click()
    expect(shown(page).locator("[data-n]")).to_have_count(43)
    assert site.shop.calls["GET /checkout"] == calls


def test_the_whole_file_comes_into_the_card_and_the_prompt_stays_in_reach(page: Page) -> None:
    failing = shown(page).locator(".l.cur")
    before = top(failing)

    shown(page).get_by_role("link", name="Whole file").click()

    expect(shown(page).locator("[data-n]").first).to_have_attribute("data-n", "1")
    expect(shown(page).get_by_role("button", name="lines down")).to_have_count(0)
    assert top(failing) == pytest.approx(before, abs=1)
    assert shown(page).locator("[data-n]").count() > 200
    expect(shown(page).get_by_label("Python to run")).to_be_visible()
    assert page.url.endswith("/checkout")


def test_the_page_of_the_whole_file_is_scrolled_to_its_line_and_has_an_address_for_each(page: Page) -> None:
    link = shown(page).get_by_role("link", name="Whole file")
    expect(link).to_have_attribute("target", "_blank")
    page.goto(str(link.evaluate("link => link.href")))

    expect(page.locator("#failing")).to_be_in_viewport()
    expect(page.locator("#failing")).to_contain_text('item["price"]')
    page.goto(f"{page.url}#L3")
    expect(page.locator("#L3")).to_be_in_viewport()


def test_the_pointer_on_any_name_shows_its_value_and_may_enter_the_tip(page: Page) -> None:
    tip = page.locator(".tip")

    point_at(page, "currency", shown(page).locator("[data-n]", has_text='currency = "EUR"'))
    expect(tip).to_have_text("currency'EUR'str")
    tip.hover()
    expect(tip).to_be_visible()
    page.keyboard.press("Escape")
    expect(tip).to_have_count(0)

    point_at(page, "price", shown(page).locator(".l.cur"))  # the key in item["price"], which item has not
    expect(tip).to_have_count(0)
    point_at(page, "item", shown(page).locator(".l.cur"))
    expect(tip).to_contain_text("'Cake'")
    page.mouse.move(5, 5)
    expect(tip).to_have_count(0)


def test_a_click_keeps_a_value_below_its_line_and_another_click_takes_it_away(page: Page) -> None:
    kept = shown(page).locator("[data-pin]")
    failing = shown(page).locator(".l.cur")

    point_at(page, "item", failing)
    page.mouse.down()
    page.mouse.up()
    expect(kept).to_contain_text("'Cake'")
    expect(page.locator(".tip")).to_have_count(0)
    kept.locator(".opener").click()
    expect(kept.locator(".tree li")).to_have_count(3)

    kept.get_by_role("button", name="Remove").click()
    expect(kept).to_have_count(0)


def test_the_arrow_keys_go_from_name_to_name_and_enter_keeps_a_value(page: Page) -> None:
    code, tip = shown(page).locator("[data-code]"), page.locator(".tip")
    status = page.locator("[data-announced]")

    code.focus()
    page.keyboard.press("ArrowRight")
    expect(tip).to_contain_text(re.compile("int"))
    page.keyboard.press("ArrowRight")
    expect(tip).to_contain_text("'Cake'")
    expect(status).to_contain_text("item = {'name': 'Cake'")
    page.keyboard.press("Enter")
    expect(shown(page).locator("[data-pin]")).to_contain_text("'Cake'")
    page.keyboard.press("ArrowUp")
    expect(tip).to_contain_text("currency")
    page.keyboard.press("Escape")
    expect(tip).to_have_count(0)
    expect(code).to_be_focused()


def test_a_value_that_the_console_has_changed_is_asked_for_anew(page: Page) -> None:
    line = shown(page).locator(".l.cur")
    point_at(page, "item", line)
    expect(page.locator(".tip")).to_contain_text("'Cake'")

    enter(shown(page), "item['name'] = 'Scone'")
    point_at(page, "item", line)

    expect(page.locator(".tip")).to_contain_text("'Scone'")


def test_lines_are_copied_without_the_values_beside_and_between_them(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    page.evaluate("getSelection().selectAllChildren(document.querySelector('[data-lines]'))")
    page.keyboard.press("ControlOrMeta+c")

    copied = str(page.evaluate("navigator.clipboard.readText()"))
    assert copied.splitlines()[-2:] == ['    currency = "EUR"', '    return int(item["price"]) if currency else 0']


def test_the_first_click_asks_for_the_editor_and_every_line_number_then_opens_it(site: Site, page: Page) -> None:
    failing = int(shown(page).locator(".l.cur").get_attribute("data-n") or 0)
    dialog, link = page.get_by_role("dialog"), shown(page).get_by_role("link", name="Open in editor")
    link.click()
    expect(dialog.get_by_role("button", name="PyCharm")).to_be_visible()
    dialog.get_by_label("Another").fill("javascript:alert('{path}{line}')")
    dialog.get_by_role("button", name="Use this URL").click()
    expect(dialog).to_be_visible()
    dialog.get_by_label("Another").fill(f"{site.base}/form?file={{path}}&at={{line}}.{{column}}")

    with page.expect_popup() as opened:
        dialog.get_by_role("button", name="Use this URL").click()
    assert opened.value.url.endswith(f"page_app.py&at={failing}.16")
    opened.value.close()
    expect(dialog).to_have_count(0)
    gutter = shown(page).locator(f"[data-n='{failing - 2}']").bounding_box()
    assert gutter is not None
    with page.expect_popup() as opened:
        page.mouse.click(gutter["x"] + 30, gutter["y"] + 8)
    assert opened.value.url.endswith(f"&at={failing - 2}.1")
    opened.value.close()

    page.reload()
    with page.expect_popup() as opened:
        page.keyboard.press("e")
    assert opened.value.url.endswith(f"&at={failing}.16")
    opened.value.close()


def test_a_row_of_the_list_opens_the_editor_at_its_own_line(site: Site, page: Page) -> None:
    editor = f"{site.base}/form?at={{line}}&{{path}}"
    page.evaluate("editor => localStorage.setItem('debugkit.editor', editor)", editor)
    row, button = page.locator(".rows a", has_text="Cart.total"), page.locator("[data-edit]")
    line = (row.get_attribute("title") or "").rpartition(":")[2]
    row.focus()
    with page.expect_popup() as opened:
        page.keyboard.press("e")
    assert f"at={line}&" in opened.value.url
    opened.value.close()
    expect(shown(page).locator("h2 .fn")).to_have_text("Cart.total")

    expect(button).to_be_hidden()
    row = page.locator(".rows a", has_text="price_of")
    line = (row.get_attribute("title") or "").rpartition(":")[2]
    row.hover()
    expect(button).to_be_visible()
    box = button.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 24
    with page.expect_popup() as opened:
        button.click()
    assert f"at={line}&" in opened.value.url
    opened.value.close()
    page.mouse.move(0, 0)
    expect(button).to_be_hidden()


def test_an_editor_may_be_the_clipboard_and_another_one_is_a_click_away(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown(page).get_by_role("button", name="Choose the editor").click()
    page.get_by_role("dialog").get_by_role("button", name="Copy the path").click()
    expect(page.get_by_role("dialog")).to_have_count(0)

    shown(page).locator("h2 [data-open-editor]").click()

    page.wait_for_function("navigator.clipboard.readText().then((text) => /page_app.py:\\d+$/.test(text))")
    shown(page).get_by_role("button", name="Choose the editor").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Zed")).to_have_attribute("aria-pressed", "false")


def test_a_frame_that_cannot_be_had_leaves_the_open_one_where_it_is(page: Page) -> None:
    page.route("**/frames/*", lambda route: route.fulfill(status=503, json={"explanation": "The server has stopped."}))

    page.keyboard.press("k")

    expect(shown(page).get_by_role("alert")).to_have_text("The server has stopped.")
    expect(shown(page).locator("h2 .fn")).to_have_text("price_of")
    expect(page.locator("[data-list] a[aria-current]")).to_contain_text("price_of")
    page.unroute("**/frames/*")
    page.keyboard.press("k")
    expect(shown(page).locator("h2 .fn")).to_have_text("Cart.total")
    page.keyboard.press("j")
    expect(shown(page).get_by_role("alert")).to_have_count(0)
