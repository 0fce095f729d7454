"""The page of an error in a real browser: frames, values, chains, panels, unlocking, and reading without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser.conftest import Watched
from browser.page_app import MARKUP, MOUNT, PIN, Site, enter, one_page
from playwright.sync_api import Browser, Locator, Page, Route, expect


@pytest.fixture
def locked(watched: Watched) -> Page:
    """A browser on this computer that has not been unlocked."""
    return watched.page


@pytest.fixture
def page(site: Site, locked: Page) -> Page:
    """An unlocked browser."""
    site.unlock(locked)
    return locked


def row(page: Page, name: str) -> Locator:
    """A row in the list of frames."""
    return page.locator(".rows a[data-open]").filter(
        has=page.locator(".name", has_text=re.compile(f"^{re.escape(name)}$"))
    )


def shown(page: Page) -> Locator:
    """The pane of the opened frame."""
    return page.locator("article.frame:visible")


def in_first_screen(locator: Locator) -> bool:
    box = locator.bounding_box()
    height = (locator.page.viewport_size or {})["height"]
    return box is not None and box["y"] >= 0 and box["y"] + box["height"] <= height


def test_the_page_opens_on_the_nearest_application_frame_with_all_of_it_on_the_first_screen(
    site: Site, page: Page
) -> None:
    page.goto(f"{site.base}/order")

    expect(page.locator("h1 .type")).to_have_text("json.decoder.JSONDecodeError")
    expect(shown(page).locator("h2 .fn")).to_have_text("read_order")
    failing = shown(page).locator(".l.cur")
    expect(failing).to_contain_text("json.loads(body)")
    expect(failing.locator("mark").first).to_be_visible()
    value = shown(page).locator(".facts").get_by_text('{"item": "Tea", "count": }')
    console = shown(page).get_by_label("Python to run")
    expect(console).to_be_enabled()
    assert in_first_screen(failing)
    assert in_first_screen(value)
    assert in_first_screen(console)


def test_a_click_on_a_row_opens_its_frame_in_place(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/checkout")
    calls = site.shop.calls["GET /checkout"]

    row(page, "Cart.total").click()

    expect(shown(page).locator("h2 .fn")).to_have_text("Cart.total")
    expect(row(page, "Cart.total")).to_have_attribute("aria-current", "true")
    expect(row(page, "price_of")).not_to_have_attribute("aria-current", "true")
    expect(page).to_have_url(re.compile(r"/checkout#frame=\d+&in=page_app\.py:Cart\.total$"))
    assert site.shop.calls["GET /checkout"] == calls


def test_the_keys_j_and_k_step_through_the_frames_that_can_be_seen(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/checkout")

    page.keyboard.press("k")
    expect(shown(page).locator("h2 .fn")).to_have_text("Cart.total")
    page.keyboard.press("k")
    expect(shown(page).locator("h2 .fn")).to_have_text("checkout")
    page.keyboard.press("j")
    expect(shown(page).locator("h2 .fn")).to_have_text("Cart.total")


def test_the_address_leads_back_to_the_frame_that_was_open(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/checkout")
    permanent = page.locator("dk-tabs").get_attribute("data-page")
    row(page, "checkout").click()
    expect(shown(page).locator("h2 .fn")).to_have_text("checkout")

    page.goto(f"{site.base}{permanent}#{page.url.partition('#')[2]}")

    expect(shown(page).locator("h2 .fn")).to_have_text("checkout")


def test_a_frame_opened_again_still_has_what_its_console_printed(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/checkout")
    shown(page).get_by_label("Python to run").fill("item['cost'] + 40")
    page.keyboard.press("Enter")
    expect(shown(page).get_by_role("log")).to_contain_text("43")

    row(page, "Cart.total").click()
    expect(shown(page).locator("h2 .fn")).to_have_text("Cart.total")
    expect(shown(page).get_by_role("log")).to_be_empty()
    row(page, "price_of").click()

    expect(shown(page).get_by_role("log")).to_contain_text("43")


def test_neighbouring_library_frames_are_one_row_that_unfolds(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/order")
    run = page.locator(".run")
    expect(run.locator("summary")).to_contain_text("3 library frames")
    expect(run.locator("summary")).to_contain_text("Python")
    expect(row(page, "loads")).to_be_hidden()

    run.locator("summary").click()
    row(page, "loads").click()

    expect(shown(page).locator("h2 .fn")).to_have_text("loads")
    expect(shown(page).locator(".tag")).to_contain_text("Python")


def test_the_filter_leaves_only_frames_of_the_application_and_is_remembered(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/order")
    filters = page.get_by_role("group", name="Frames to show")

    filters.get_by_role("button", name="App").click()
    expect(page.locator(".run")).to_be_hidden()
    expect(row(page, "order")).to_be_visible()
    page.reload()
    expect(page.locator(".run")).to_be_hidden()

    filters.get_by_role("button", name="All").click()
    expect(page.locator(".run")).to_be_visible()


def test_at_four_hundred_per_cent_the_heading_of_a_frame_is_made_of_words(site: Site, page: Page) -> None:
    """1280 by 1024 pixels enlarged to that leave 320 by 256 (WCAG 2.2, 1.4.10)."""
    page.set_viewport_size({"width": 320, "height": 256})
    page.goto(f"{site.base}/checkout")

    lines = (
        shown(page)
        .get_by_role("heading", level=2)
        .evaluate("it => it.getBoundingClientRect().height / parseFloat(getComputedStyle(it).lineHeight)")
    )
    assert 0 < lines < 4
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_line_about_the_request_never_begins_with_its_dot(site: Site, page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(f"{site.base}/checkout")
    page.goto(f"{site.base}/checkout")  # which has been seen before, so that the time is on a second line

    first, second = page.locator(".bar .request").bounding_box(), page.locator(".bar time").bounding_box()
    assert first is not None
    assert second is not None
    assert second["y"] > first["y"] + 10
    dot = page.locator(".bar time").evaluate("it => parseFloat(getComputedStyle(it, '::before').width)")
    assert second["x"] + dot == pytest.approx(first["x"], abs=1)  # the box of the time begins with it


def test_a_long_function_name_leaves_room_for_its_line_number(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/long-name")
    current = page.locator(".rows a[aria-current]")
    number = current.locator(".where b").bounding_box()
    around = current.bounding_box()

    assert number
    assert around
    assert current.locator(".where b").inner_text().startswith(":")
    assert around["x"] < number["x"] < number["x"] + number["width"] < around["x"] + around["width"]


def test_the_steps_of_a_chain_open_the_root_cause(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/chain")
    steps = page.get_by_role("list", name="How it came to this").get_by_role("link")
    expect(steps).to_have_text(["1 root cause ValueError", re.compile(r"2 .*ProfileError$"), "3 RuntimeError"])
    expect(steps.nth(2)).to_have_attribute("aria-current", "step")
    expect(page.get_by_role("region", name="Other exceptions")).to_contain_text("'forty'")

    steps.nth(0).click()

    expect(shown(page).locator("h2 .fn")).to_have_text("load_profile")
    expect(shown(page).locator(".l.cur")).to_contain_text('int(row["age"])')
    expect(steps.nth(0)).to_have_attribute("aria-current", "step")
    expect(steps.nth(2)).not_to_have_attribute("aria-current", "step")


def test_each_member_of_a_group_has_frames_and_a_console(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/group")
    members = page.locator(".members > li")
    expect(members).to_have_count(3)
    origins = page.get_by_role("region", name="Other exceptions")
    for answer in ("'many'", "'few'", "'none'"):
        expect(origins.locator(".known").get_by_text(answer)).to_be_visible()

    members.nth(1).locator(".rows a").last.click()
    expect(shown(page).locator("h2 .fn")).to_have_text("ask")
    shown(page).get_by_label("Python to run").fill("supplier")
    page.keyboard.press("Enter")

    expect(shown(page).get_by_role("log")).to_contain_text("'south'")


def test_a_recursion_of_a_thousand_frames_is_a_small_page(site: Site, page: Page) -> None:
    response = page.goto(f"{site.base}/recursion")

    assert response is not None
    assert len(response.body()) < 60_000
    expect(page.locator(".repeat")).to_contain_text(re.compile(r"9\d\d more of path_of"))
    assert page.locator(".rows li").count() < 20


def test_an_error_in_a_template_shows_the_line_of_the_template(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/template")

    expect(shown(page).locator(".l.cur")).to_have_text("<li>{{ line.price.amount }}</li>")
    expect(shown(page).locator(".l.cur")).to_have_attribute("data-n", "4")
    expect(shown(page).locator(".facts")).to_contain_text("{'name': 'Tea'}")


def test_the_lines_of_a_yaml_template_stay_whole_whatever_pygments_calls_its_tokens(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/yaml-template")

    lines = shown(page).locator(".lines > [data-n]")
    expect(lines).to_have_text(
        [
            "service: shop",
            "replicas: 3",
            "limits: {cpu: 2, memory: 512}",
            re.compile(re.escape("image: {{ image.name }}")),
        ]
    )
    displays = lines.locator("code *").evaluate_all("all => all.map((piece) => getComputedStyle(piece).display)")
    assert set(displays) == {"inline"}


def test_a_syntax_error_points_into_the_file_that_has_it(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/syntax")

    expect(shown(page).locator("h2 .path")).to_have_text(re.compile(r"broken\.py:2$"))
    expect(shown(page).locator(".l.cur mark")).to_have_text("(")
    expect(shown(page).locator("dk-console")).to_have_count(0)
    row(page, "Shop.syntax").click()
    expect(shown(page).get_by_label("Python to run")).to_be_enabled()


def test_a_long_message_is_cut_and_unfolds(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/long-message")
    message = page.locator("h1 .val")
    assert in_first_screen(shown(page).get_by_label("Python to run"))
    small = message.bounding_box()

    page.get_by_role("button", name="Show all").click()

    large = message.bounding_box()
    assert small
    assert large
    assert large["height"] > 3 * small["height"]
    expect(page.get_by_role("button", name="Show less")).to_have_attribute("aria-expanded", "true")


def test_notes_stand_below_the_headline(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/with-note")

    expect(page.get_by_role("list", name="Notes")).to_have_text("while reading suppliers.csv")


def test_markup_in_messages_values_and_requests_stays_text(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/markup?{MARKUP}")
    expect(page.locator("h1 .val")).to_have_text(MARKUP)
    expect(page.get_by_role("list", name="Notes")).to_have_text(MARKUP)
    shown(page).locator(".facts > div", has=page.get_by_text("values", exact=True)).locator(".opener").click()
    expect(shown(page).locator(".tree .key")).to_contain_text("<img src=x")
    shown(page).get_by_label("Python to run").fill("print(repr(values)), values")
    page.keyboard.press("Enter")
    expect(shown(page).get_by_role("log").locator(".value")).to_contain_text("<img src=x")
    page.get_by_role("tab", name="Plain text").click()
    expect(page.get_by_role("tabpanel").locator("pre")).to_contain_text("<img src=x")

    expect(page.locator("img")).to_have_count(0)
    assert page.title().startswith("ValueError: <img")


def test_many_values_on_the_failing_line_leave_the_console_on_the_first_screen(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/many-locals")

    assert in_first_screen(shown(page).get_by_label("Python to run"))


def test_a_value_opens_level_by_level_and_page_by_page(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/checkout")
    row(page, "Cart.total").click()
    values = shown(page).locator(".locals")
    values.locator(".row", has=page.get_by_text("self", exact=True)).locator(".opener").first.click()

    stock = values.locator(".tree > li", has=page.locator(":scope > .key", has_text="stock"))
    stock.locator(".opener").first.click()
    expect(stock.locator(".tree").first.locator(":scope > li")).to_have_count(51)
    stock.get_by_role("button", name="Show more (70 left)").click()
    expect(stock.locator(".tree").first.locator(":scope > li")).to_have_count(101)

    first = stock.locator(".tree > li", has_text="sku-000")
    first.locator(".opener").first.click()
    expect(first.locator(".tree").first.locator(":scope > li")).to_have_count(2)
    first.locator(".tree .opener").first.click()
    expect(first.locator(".tree .tree li")).to_have_text([re.compile("'north'"), re.compile("'south'")])

    stock.locator(".opener").first.click()
    expect(stock.locator(".tree").first).to_be_hidden()


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_the_error_is_copied_as_text_and_as_markdown(site: Site, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{site.base}/checkout")
    menu = page.locator("dk-copy-menu")

    menu.locator("summary").click()
    menu.get_by_role("link", name="As Markdown").click()
    expect(page.locator("[data-announced]")).to_have_text("Copied")
    markdown = clipboard(page)
    assert markdown.startswith("# `KeyError: 'price'`\n")
    assert "item = {'name': 'Cake', 'cost': 3, 'count': 1}" in markdown
    expect(menu.get_by_role("link", name="As Markdown")).to_be_hidden()

    menu.locator("summary").click()
    menu.get_by_role("link", name="As text").click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.startsWith('Traceback'))")
    assert "KeyError: 'price'" in clipboard(page)


def test_the_key_y_copies_the_traceback(site: Site, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{site.base}/checkout")

    page.keyboard.press("y")

    expect(page.locator("[data-announced]")).to_have_text("Copied")
    assert clipboard(page).startswith("Traceback (most recent call last):")


def test_the_clipboard_is_asked_before_the_text_has_come_since_safari_allows_no_later_time(
    site: Site, page: Page
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{site.base}/checkout")
    held: list[Route] = []
    page.route("**/tracebacks/*.txt", lambda route: held.append(route))
    page.evaluate(
        """() => {
            const write = navigator.clipboard.write.bind(navigator.clipboard);
            navigator.clipboard.write = (items) => {
                window.asked = true;
                return write(items);
            };
        }"""
    )

    page.keyboard.press("y")

    page.wait_for_function("window.asked")
    held[0].continue_()
    page.unroute("**/tracebacks/*.txt")
    expect(page.locator("[data-announced]")).to_have_text("Copied")
    assert clipboard(page).startswith("Traceback (most recent call last):")


def test_the_path_of_the_file_is_copied_with_its_line(site: Site, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{site.base}/checkout")

    shown(page).get_by_role("button", name="Copy path").click()

    expect(shown(page).get_by_role("button", name="Copied")).to_be_visible()
    assert re.search(r"page_app\.py:\d+$", clipboard(page))


def test_a_question_mark_opens_the_list_of_keys_and_escape_closes_it(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/checkout")
    dialog = page.get_by_role("dialog", name="Keys")

    page.keyboard.press("?")
    expect(dialog).to_be_visible()
    page.keyboard.press("k")
    page.keyboard.press("Escape")

    expect(dialog).to_be_hidden()
    expect(shown(page).locator("h2 .fn")).to_have_text("price_of")


def test_the_theme_is_switched_and_remembered(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/checkout")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    button = page.locator("dk-theme button")

    button.click()
    expect(button).to_contain_text("Light")
    assert page.evaluate(background) == light
    button.click()
    expect(button).to_contain_text("Dark")
    dark = page.evaluate(background)
    assert dark != light

    page.reload()
    expect(button).to_contain_text("Dark")
    assert page.evaluate(background) == dark


def test_the_theme_is_switched_for_this_page_where_storage_is_blocked(site: Site, page: Page) -> None:
    with page.context.new_page() as blocked:
        blocked.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error() } })")
        blocked.goto(f"{site.base}/checkout")
        button = blocked.locator("dk-theme button")

        for theme in ("Light", "Dark", "Auto"):
            button.click()
            expect(button).to_contain_text(theme)
        assert blocked.evaluate("document.documentElement.dataset.theme") is None


def test_the_bar_tells_the_headline_once_that_has_scrolled_away(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/many-locals")
    title = page.locator(".stuck-title")
    expect(title).to_be_hidden()

    page.mouse.move(1000, 700)
    page.mouse.wheel(0, 600)
    expect(title).to_be_visible()
    expect(title).to_have_text("KeyError 'missing'")
    assert in_first_screen(title)

    page.mouse.wheel(0, -2000)
    expect(title).to_be_hidden()


def test_the_panels_are_tabs_for_pointer_and_keyboard(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/checkout?colour=green")
    tabs = page.get_by_role("tablist")
    expect(page.get_by_role("tabpanel", name="Request")).to_contain_text("green")

    tabs.get_by_role("tab", name="Headers").click()
    expect(page.get_by_role("tabpanel", name="Headers")).to_contain_text("User-Agent")
    expect(page.get_by_role("tabpanel", name="Request")).to_be_hidden()

    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tabpanel", name="Request")).to_be_visible()
    page.keyboard.press("End")
    expect(tabs.get_by_role("tab", name="Plain text")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Plain text").locator("pre")).to_contain_text("KeyError: 'price'")


def test_a_wrong_pin_says_how_many_attempts_remain_and_the_right_one_unlocks_in_place(site: Site, locked: Page) -> None:
    locked.goto(f"{site.base}/form")
    locked.get_by_role("button", name="Pay").click()
    expect(locked.locator("h1 .type")).to_have_text("KeyError")
    expect(locked.get_by_label("Python to run")).to_have_count(0)
    calls = site.shop.calls["POST /checkout"]

    locked.get_by_role("button", name="Unlock the console").click()
    dialog = locked.get_by_role("dialog", name="Unlock the console")
    expect(dialog.get_by_label("PIN")).to_be_focused()
    dialog.get_by_label("PIN").fill("000-000-000")
    dialog.get_by_role("button", name="Unlock").click()
    expect(dialog.get_by_role("alert")).to_contain_text(re.compile(r"Wrong PIN.* \d+ attempts"))
    dialog.get_by_label("PIN").fill(PIN.replace("-", " "))
    locked.keyboard.press("Enter")

    expect(dialog).to_be_hidden()
    expect(locked.get_by_text("Unlocked", exact=True)).to_be_visible()
    shown(locked).get_by_label("Python to run").fill("item")
    locked.keyboard.press("Enter")
    expect(shown(locked).get_by_role("log")).to_contain_text("'Cake'")
    expect(locked.locator("h1 .type")).to_have_text("KeyError")
    assert site.shop.calls["POST /checkout"] == calls == 1


def test_frames_opened_before_unlocking_have_a_console_afterwards(site: Site, locked: Page) -> None:
    locked.goto(f"{site.base}/checkout")
    row(locked, "Cart.total").click()
    expect(shown(locked).locator("h2 .fn")).to_have_text("Cart.total")

    locked.get_by_role("button", name="Unlock", exact=True).click()
    locked.get_by_label("PIN").fill(PIN)
    locked.keyboard.press("Enter")
    expect(shown(locked).get_by_label("Python to run")).to_be_enabled()
    row(locked, "price_of").click()

    expect(shown(locked).locator("h2 .fn")).to_have_text("price_of")
    expect(shown(locked).get_by_label("Python to run")).to_be_enabled()


def test_the_link_from_the_terminal_unlocks_the_browser_once(site: Site, locked: Page) -> None:
    link = site.unlock_url
    locked.goto(f"{site.base}/with-note")
    newest = locked.locator("dk-tabs").get_attribute("data-page")
    locked.goto(link)
    expect(locked.get_by_text("Unlocked", exact=True)).to_be_visible()
    assert locked.url == f"{site.base}{newest}"

    locked.goto(f"{site.base}/checkout")
    expect(shown(locked).get_by_label("Python to run")).to_be_enabled()
    expect(enter(shown(locked), "item['name']").locator(".value")).to_have_text("'Cake'")
    locked.goto(link)
    expect(locked.get_by_role("heading", level=1)).to_have_text("Used link")


def test_a_visitor_from_this_computer_reads_values_and_is_told_how_to_unlock(site: Site, locked: Page) -> None:
    locked.goto(f"{site.base}/checkout")

    expect(shown(locked).locator(".facts")).to_contain_text("'Cake'")
    expect(shown(locked)).to_contain_text("Enter the PIN")
    assert in_first_screen(shown(locked).get_by_role("button", name="Unlock the console"))
    expect(shown(locked).locator(".opener")).to_have_count(0)


def test_the_recent_errors_are_listed_newest_first(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/order")
    page.goto(f"{site.base}/checkout")
    page.get_by_role("link", name="Recent errors").click()
    newest = page.locator(".recents > li").first
    expect(newest).to_contain_text("KeyError: 'price'")
    expect(newest).to_contain_text("GET /checkout")
    expect(newest).to_contain_text("in price_of")

    newest.locator(".title").click()

    expect(shown(page).locator("h2 .fn")).to_have_text("price_of")


def test_an_unknown_id_is_explained_with_a_way_on(site: Site, page: Page) -> None:
    response = page.goto(f"{site.base}{MOUNT}/tracebacks/abcdef")

    assert response is not None
    assert response.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("Not found")
    page.get_by_role("link", name="Recent errors").click()
    expect(page.get_by_role("heading", name="Recent errors")).to_be_visible()


def test_a_frame_that_cannot_be_fetched_says_so_and_is_asked_for_again(site: Site, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{site.base}/checkout")
    page.route("**/frames/**", lambda route: route.abort())
    row(page, "checkout").click()
    expect(page.get_by_role("alert")).to_contain_text("The server is not responding")

    page.unroute("**/frames/**")
    row(page, "checkout").click()

    expect(shown(page).locator("h2 .fn")).to_have_text("checkout")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert all("net::ERR_FAILED" in problem for problem in watched.problems), watched.problems
    watched.problems.clear()


# Without JavaScript


@pytest.fixture(scope="module")
def plain(browser: Browser, site: Site) -> Iterator[Page]:
    """An unlocked browser that runs no scripts."""
    with one_page(browser, java_script_enabled=False) as page:
        page.goto(site.unlock_url)
        yield page


def test_without_scripts_frame_values_and_panels_are_on_the_page(site: Site, plain: Page) -> None:
    plain.goto(f"{site.base}/checkout?colour=green")

    expect(plain.locator(".l.cur")).to_contain_text('item["price"]')
    expect(plain.locator(".facts")).to_contain_text("'Cake'")
    expect(plain.locator("[data-code]")).to_contain_text("'EUR'")
    expect(plain.locator("#panel-request")).to_contain_text("green")
    expect(plain.locator("#panel-headers")).to_be_visible()
    expect(plain.locator("noscript .notice")).to_contain_text("The console needs JavaScript")
    expect(plain.locator("button:visible")).to_have_count(0)


def test_without_scripts_rows_are_links_to_pages_of_their_own(site: Site, plain: Page) -> None:
    plain.goto(f"{site.base}/checkout")
    calls = site.shop.calls["GET /checkout"]

    row(plain, "Cart.total").click()

    expect(plain.locator("article.frame h2 .fn")).to_have_text("Cart.total")
    expect(plain.locator(".l.cur")).to_contain_text("price_of(item)")
    expect(row(plain, "Cart.total")).to_have_attribute("aria-current", "true")
    assert site.shop.calls["GET /checkout"] == calls


def test_without_scripts_long_texts_are_whole_and_the_text_is_a_link(site: Site, plain: Page) -> None:
    plain.goto(f"{site.base}/long-message")
    expect(plain.locator("h1 .val")).to_contain_text("value number 399")
    box = plain.locator("h1 .val").bounding_box()
    assert box
    assert box["height"] > 200

    plain.get_by_role("link", name="The traceback as plain text").click()

    expect(plain.locator("body")).to_contain_text("Traceback (most recent call last)")


# Narrow screens


@pytest.mark.parametrize(
    "path",
    [
        "checkout",
        "order",
        "chain",
        "group",
        "recursion",
        "template",
        "long-message",
        "long-name",
        "many-locals",
        "syntax",
    ],
)
def test_on_a_phone_nothing_is_wider_than_the_screen_and_the_opened_frame_comes_first(
    site: Site, page: Page, path: str
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site.base}/{path}")

    frame, frames = page.locator("article.frame").bounding_box(), page.locator(".frames").bounding_box()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert frame
    assert frames
    assert frame["y"] < frames["y"]
