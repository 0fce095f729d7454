"""The pages for everyone: checked by axe-core (WCAG 2.2 AA and best practice), with contrast and with less motion."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.axe import violations
from browser.page_app import MOUNT, SIZE, Site, enter, forget, one_page
from playwright.sync_api import Browser, Page, ViewportSize, expect

from debugkit import DebuggedApplication, make_server

NARROW: ViewportSize = {"width": 390, "height": 844}
TABLET: ViewportSize = {"width": 768, "height": 1024}


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    with one_page(browser) as page:
        yield page


@pytest.fixture
def open_page(window: Page, site: Site) -> Iterator[Callable[..., Page]]:
    """Opens an address with the given preferences, in a browser that is unlocked unless told."""

    def start(path: str, *, unlocked: bool = True, size: ViewportSize = SIZE, **media: Any) -> Page:
        if unlocked:
            site.unlock(window)
        window.set_viewport_size(size)
        window.emulate_media(**media)
        window.goto(f"{site.base}{path}")
        return window

    yield start
    forget(window, site.base)


def test_a_member_of_a_group_that_is_open_where_it_stands_has_no_violation(open_page: Callable[..., Page]) -> None:
    page = open_page("/group", size=NARROW)
    page.locator("dk-member a").first.click()
    expect(page.locator("dk-member article")).to_be_visible()

    assert violations(page) == []


@pytest.mark.parametrize(("path", "size"), [("/chain", SIZE), ("/many-locals", TABLET)])
def test_the_page_of_an_error_has_no_violation(open_page: Callable[..., Page], path: str, size: ViewportSize) -> None:
    assert violations(open_page(path, size=size)) == []


@pytest.mark.timeout(240)  # axe-core looks at each of a thousand elements, on a machine that may be busy
def test_a_page_in_use_has_no_violation(open_page: Callable[..., Page]) -> None:
    page = open_page("/order")
    page.locator(".run summary").click()
    prompt = page.get_by_label("Python to run")
    commands = ("{'a': [1, None]}", "print('out')", "1 / 0", "import sys; print('x', file=sys.stderr)", "exit()")
    colours = "print(''.join(f'\\x1b[{code}m{code} ' for code in [*range(30, 38), *range(90, 98)]))"
    for command in (*commands, colours, "[{'n': n, 'name': 'Tea'} for n in range(30)]", "'long ' * 1_000"):
        prompt.fill(command)
        prompt.press("Enter")
        expect(page.locator(".entry", has_text=command)).to_be_visible()
    page.locator(".entry .opener").first.click()
    expect(page.locator(".entry .tree")).to_be_visible()
    page.get_by_role("button", name="Show all 5,000 characters").click()
    expect(page.locator(".entry .whole")).to_be_visible()
    page.get_by_role("tab", name="Plain text").click()
    expect(page.locator("#panel-text pre")).to_be_visible()
    page.locator("dk-copy-menu summary").click()
    page.locator(".l.cur .has").first.hover()
    expect(page.locator(".tip")).to_be_visible()
    assert violations(page) == []


def test_a_search_has_no_violation_at_any_width(open_page: Callable[..., Page]) -> None:
    page = open_page("/order")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("combobox").fill("item")
    expect(page.get_by_role("option")).not_to_have_count(0)

    for size in (SIZE, TABLET, NARROW):
        page.set_viewport_size(size)
        assert violations(page) == [], size


def test_commands_that_run_and_wait_below_those_from_before_have_no_violation(open_page: Callable[..., Page]) -> None:
    page = open_page("/order")
    enter(page.locator("dk-console:visible"), "1 / 0")
    page.reload()
    page.get_by_text("1 command from before").click()
    page.get_by_label("Python to run").focus()
    page.keyboard.type("while True: pass\n\n1 + 1\nlen([\n\n")
    expect(page.get_by_text("still open: [")).to_be_visible()
    stop = page.get_by_role("button", name="Stop")
    expect(stop).to_be_visible()

    found = violations(page)
    stop.click()
    assert found == []
    expect(stop).to_be_hidden()


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_completion_has_no_violation_at_any_width(open_page: Callable[..., Page], width: int) -> None:
    page = open_page("/checkout", size={"width": width, "height": 844})
    prompt = page.get_by_label("Python to run")
    prompt.fill("")
    expect(page.locator("dk-completion")).to_be_attached()
    prompt.press_sequentially("item")
    expect(page.locator("dk-completion .worth")).to_contain_text("'Cake'")
    prompt.press_sequentially(".")
    options = page.get_by_role("listbox", name="Completions").get_by_role("option")
    expect(options.first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    expect(options.and_(page.locator("[aria-selected=true]"))).to_contain_text("get")

    assert violations(page) == []


def test_a_locked_page_has_no_violation_with_the_dialog_closed_and_open(open_page: Callable[..., Page]) -> None:
    page = open_page("/template", unlocked=False, reduced_motion="reduce")
    assert violations(page) == []

    page.get_by_role("button", name="Unlock the console").click()
    page.get_by_label("PIN").fill("0")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).not_to_be_empty()
    assert violations(page) == []


@pytest.mark.parametrize("path", [f"{MOUNT}/tracebacks", "/console", f"{MOUNT}/tracebacks/unknown"])
def test_the_small_pages_have_no_violation(open_page: Callable[..., Page], path: str) -> None:
    open_page("/syntax")

    assert violations(open_page(path)) == []


def test_the_timeline_and_the_list_that_is_searched_have_no_violation(window: Page, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    logger = logging.getLogger("shop.stock")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        logger.warning("only %d left", 3)
        raise LookupError("no tea")

    debugged = DebuggedApplication(app, pin="off", state_dir=tmp_path, timeline=True)
    with make_server("127.0.0.1", 0, debugged) as server:
        window.goto(server.url)
        window.get_by_role("tab", name="Timeline").click()
        expect(window.get_by_role("tabpanel")).to_contain_text("only 3 left")
        assert violations(window) == []

        window.goto(f"{server.url}__debugkit__/")
        window.get_by_role("searchbox").press_sequentially("coffee")
        expect(window.get_by_role("status")).to_have_text("No error matches this search.")
        assert violations(window) == []
        window.get_by_role("searchbox").fill("TEA")
        expect(window.get_by_role("status")).to_have_text("1 of 1 match")
        window.set_viewport_size(NARROW)
        assert violations(window) == []
        window.get_by_role("button", name="Clear the list").click()
        expect(window.get_by_role("main")).to_contain_text("No errors since the server started.")


def test_the_whole_file_has_no_violation(open_page: Callable[..., Page]) -> None:
    page = open_page("/syntax")
    page.goto(page.get_by_role("link", name="Whole file").evaluate("link => link.href"))
    expect(page.locator("#failing")).to_be_visible()

    assert violations(page) == []


def test_a_source_that_has_grown_with_values_kept_has_no_violation(open_page: Callable[..., Page]) -> None:
    page = open_page("/checkout")
    page.get_by_role("button", name="20 lines up").click()
    page.locator(".l.cur mark").first.click()
    page.get_by_role("region", name="Source around").press("ArrowRight")
    expect(page.locator(".pinned")).to_be_visible()
    expect(page.locator(".tip")).to_be_visible()

    assert violations(page) == []

    page.get_by_role("button", name="Choose the editor").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []


def test_the_button_that_opens_a_row_in_the_editor_has_no_violation(open_page: Callable[..., Page]) -> None:
    page = open_page("/checkout")
    page.locator(".rows a", has_text="price_of").hover()
    expect(page.locator("[data-edit]")).to_be_visible()

    assert violations(page) == []


def test_the_list_of_keys_has_no_violation(open_page: Callable[..., Page]) -> None:
    page = open_page("/checkout", reduced_motion="reduce")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()

    assert violations(page) == []


def test_the_dialog_of_a_replay_has_no_violation(open_page: Callable[..., Page]) -> None:
    page = open_page("/checkout", reduced_motion="reduce")
    page.keyboard.press("r")
    expect(page.get_by_role("link", name="Open the new error")).to_be_focused()

    assert violations(page) == []


def test_everything_is_reached_and_operated_by_keyboard_alone(open_page: Callable[..., Page]) -> None:
    page = open_page("/checkout")
    focused = "(document.activeElement.closest('a, button, summary, textarea, [tabindex]')?.textContent ?? '').trim()"

    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.locator(".rows a", has_text="Cart.total").focus()
    page.keyboard.press("Enter")
    expect(page.locator("article.frame:visible h2")).to_contain_text("Cart.total")
    expect(page.locator("article.frame:visible h2")).to_be_focused()

    opener = page.locator("article.frame:visible .locals .opener").first
    opener.focus()
    page.keyboard.press("Enter")
    expect(opener).to_have_attribute("aria-expanded", "true")


def test_what_has_the_focus_can_be_seen(open_page: Callable[..., Page]) -> None:
    page = open_page("/checkout")
    page.keyboard.press("Tab")
    for _ in range(12):
        page.keyboard.press("Tab")
        style = page.evaluate(
            "(({outlineStyle, outlineWidth}) => [outlineStyle, outlineWidth])(getComputedStyle(document.activeElement))"
        )
        assert style == ["solid", "2px"], page.evaluate("document.activeElement.outerHTML")


def test_who_wants_less_motion_gets_none(open_page: Callable[..., Page]) -> None:
    page = open_page("/checkout", reduced_motion="reduce")
    page.keyboard.press("?")

    assert page.evaluate("document.getAnimations().length") == 0
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_text_twice_as_large_still_fits(open_page: Callable[..., Page]) -> None:
    # Zooming to 200 % halves the viewport in CSS pixels (WCAG 2.2, 1.4.4 and 1.4.10).
    page = open_page("/chain", size={"width": 720, "height": 450})

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


LOOK = """(element) => (({backgroundColor, color, borderColor}) => [backgroundColor, color, borderColor].join())(
    getComputedStyle(element))"""


def test_forced_colours_tell_what_is_chosen_from_what_is_not(open_page: Callable[..., Page]) -> None:
    chosen = {
        "/order": {"[data-filter][aria-pressed=true]": "[data-filter][aria-pressed=false]"},
        "/chain": {
            "[role=tab][aria-selected=true]": "[role=tab][aria-selected=false]",
            ".rows a[aria-current]": ".rows a:not([aria-current])",
            ".steps a[aria-current]": ".steps a:not([aria-current])",
        },
    }
    for path, pairs in chosen.items():
        page = open_page(path, forced_colors="active")
        expect(page.get_by_role("tablist")).to_be_visible()
        for pair in pairs.items():
            looks = [page.locator(selector).first.evaluate(LOOK) for selector in pair]
            assert looks[0] != looks[1], pair

    outline = "getComputedStyle(document.querySelector('.l.cur')).outlineStyle"
    assert page.evaluate(outline) == "solid"


BOXES = """[...document.querySelectorAll('.bar .meta > *, .bar .actions > *')]
    .map((element) => element.getBoundingClientRect()).filter((box) => box.width)
    .map(({left, right, top, bottom}) => [left, right, top, bottom])"""


def test_nothing_in_the_bar_overlaps_and_the_request_keeps_twelve_characters(open_page: Callable[..., Page]) -> None:
    for _ in range(2):  # then the bar tells how often it was seen
        page = open_page("/orders/of-2026/with/a/long/path")
    expect(page.locator(".bar .meta a")).to_be_visible()
    request = page.locator(".bar .meta .request")

    for width in (390, 761, 800, 900, 960, 1280):
        page.set_viewport_size({"width": width, "height": 700})
        boxes = page.evaluate(BOXES)
        overlaps = [
            (one, other)
            for number, one in enumerate(boxes)
            for other in boxes[:number]
            if one[0] < other[1] - 0.5 and other[0] < one[1] - 0.5 and one[2] < other[3] and other[2] < one[3]
        ]
        assert overlaps == [], width
        size = request.evaluate("(element) => element.clientWidth / parseFloat(getComputedStyle(element).fontSize)")
        assert size >= 12 * 0.6, f"{width}: a character of the font is about 0.6 of its size wide"


def test_on_paper_each_panel_has_its_name(open_page: Callable[..., Page]) -> None:
    page = open_page("/checkout", media="print")

    for name in ("Request", "Headers", "Environment"):
        expect(page.locator("h2", has_text=name)).to_be_visible()
    expect(page.locator(".actions")).to_be_hidden()
