"""The console in a real browser: typing, pasting, streaming, stopping, and what it remembers."""

from __future__ import annotations

import re

import pytest
from browser.conftest import Watched
from browser.page_app import PIN, Site, enter
from playwright.sync_api import Locator, Page, Route, expect


@pytest.fixture
def page(site: Site, watched: Watched) -> Page:
    """An unlocked browser, on the page of an error."""
    page = watched.page
    site.unlock(page)
    page.goto(f"{site.base}/checkout")
    here(page)
    return page


def here(page: Page) -> None:
    """Somebody is at the page: its console comes."""
    page.mouse.move(700, 20)
    page.mouse.move(710, 20)
    expect(console(page)).to_have_attribute("data-ready", "")


def console(page: Page) -> Locator:
    """The console of the opened frame."""
    return page.locator("dk-console:visible")


def prompt(page: Page) -> Locator:
    return console(page).get_by_label("Python to run")


def log(page: Page) -> Locator:
    return console(page).get_by_role("log")


def run(page: Page, source: str) -> Locator:
    return enter(console(page), source)


def test_an_expression_is_evaluated_in_the_frame(page: Page) -> None:
    entry = run(page, "item['name'] * 2")

    expect(entry.locator(".in code")).to_have_text("item['name'] * 2")
    expect(entry.locator(".value")).to_have_text("'CakeCake'")
    expect(prompt(page)).to_have_value("")
    expect(prompt(page)).to_be_focused()


def test_what_one_command_assigns_the_next_one_knows(page: Page) -> None:
    run(page, "price = 7")

    expect(run(page, "price * item['count']").locator(".value")).to_have_text("7")
    expect(run(page, "_ + 1").locator(".value")).to_have_text("8")


def test_a_block_goes_on_with_indentation_until_an_empty_line(page: Page) -> None:
    prompt(page).press_sequentially("for n in range(2):")
    prompt(page).press("Enter")
    expect(prompt(page)).to_have_value("for n in range(2):\n    ")
    expect(page.locator("dk-console .line .prompt").locator("visible=true")).to_have_text(
        ">>>\n...", use_inner_text=True
    )
    prompt(page).press_sequentially("print('round', n)")
    prompt(page).press("Enter")
    expect(prompt(page)).to_have_value(re.compile(r"\n    $"))
    prompt(page).press("Enter")

    expect(log(page).locator(".out")).to_have_text("round 0\nround 1\n", use_inner_text=True)
    expect(prompt(page)).to_have_value("")


def test_a_block_in_one_line_runs_after_an_empty_line(page: Page) -> None:
    prompt(page).press_sequentially("for n in range(2): print('round', n)")
    prompt(page).press("Enter")
    expect(prompt(page)).to_have_value(re.compile(r"\n$"))
    prompt(page).press("Enter")

    expect(log(page).locator(".out")).to_have_text("round 0\nround 1\n", use_inner_text=True)


def test_an_empty_line_in_a_text_of_several_lines_is_kept(page: Page) -> None:
    for line, expected in (('print("""a', 1), ("", 2), ('b""")', 0)):
        prompt(page).press_sequentially(line)
        prompt(page).press("Enter")
        expect(prompt(page)).to_have_value(re.compile(rf"^([^\n]*\n){{{expected}}}[^\n]*$"))

    expect(log(page).locator(".out")).to_have_text("a\n\nb\n", use_inner_text=True)


def test_a_pasted_block_runs_as_a_whole(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('def twice(n):\\n    return 2 * n\\n\\nprint(twice(21))')")
    prompt(page).focus()
    page.keyboard.press("Control+v")
    expect(prompt(page)).to_have_value(re.compile("twice"))
    page.keyboard.press("Enter")

    expect(log(page).locator(".out")).to_have_text("42\n", use_inner_text=True)
    expect(log(page).locator(".entry")).to_have_count(1)


def test_a_pasted_session_runs_without_its_prompts(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('>>> total = 6\\n>>> print(total * 7)\\n42')")
    prompt(page).focus()
    page.keyboard.press("Control+v")
    page.keyboard.press("Enter")

    expect(log(page).locator(".out")).to_have_text("42\n", use_inner_text=True)


def test_output_and_errors_are_told_apart(page: Page) -> None:
    entry = run(page, "import sys; print('to out'); print('to err', file=sys.stderr)")

    expect(entry.locator(".out")).to_have_text("to out")
    expect(entry.locator(".stderr")).to_have_text("to err")
    colours = [entry.locator(name).evaluate("(e) => getComputedStyle(e).color") for name in (".out", ".stderr")]
    assert colours[0] != colours[1]


def test_output_is_seen_while_the_command_still_runs_and_stop_ends_it(page: Page) -> None:
    prompt(page).fill("import itertools\nprint('first')\nfor n in itertools.count(): pass\n")
    prompt(page).press("Enter")
    expect(log(page).locator(".out")).to_have_text("first")
    stop = page.get_by_role("button", name="Stop")
    expect(stop).to_be_visible()
    expect(log(page).locator(".note")).to_have_count(0)

    stop.click()

    expect(log(page).locator(".note")).to_contain_text("Interrupted.")
    expect(stop).to_be_hidden()
    expect(run(page, "n > 0").locator(".value")).to_have_text("True")


def test_control_c_stops_what_runs(page: Page) -> None:
    prompt(page).fill("while True: pass\n")
    prompt(page).press("Enter")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()

    page.keyboard.press("Control+c")

    expect(log(page).locator(".note")).to_contain_text("Interrupted.")


SESSION = """x1 = 1
x2 = x1 + 1
def twice(x):
return x * 2

twice(x2 + 19)
print('''a

b''')
word = {
'a': [x1, (x2)],
}
[key for key in word if "a" in f'{key}']
"""


def test_nothing_is_lost_and_nothing_runs_maimed_when_somebody_types_faster_than_the_server_answers(
    page: Page,
) -> None:
    session = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 200, "downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", slow)
    prompt(page).focus()
    page.keyboard.type(SESSION + "half a comm", delay=20)

    expect(prompt(page)).to_have_value("half a comm")
    expect(log(page).locator(".value").last).to_have_text("['a']")
    session.detach()
    assert log(page).locator(".in code").all_text_contents() == [
        "x1 = 1",
        "x2 = x1 + 1",
        "def twice(x):\n    return x * 2",
        "twice(x2 + 19)",
        "print('''a\n\nb''')",
        "word = {\n    'a': [x1, (x2)],\n}",
        "[key for key in word if \"a\" in f'{key}']",
    ]
    expect(log(page).locator(".value").first).to_have_text("42")
    expect(log(page).locator(".out")).to_have_text("a\n\nb\n", use_inner_text=True)
    expect(log(page).locator(".error")).to_have_count(0)


def test_commands_wait_for_the_one_that_runs_and_stop_drops_them(page: Page) -> None:
    stop = endless(page)
    page.keyboard.type("1 + 1\n2 + 2\n3 +")
    status = console(page).locator(".state")
    expect(status).to_have_text("running, 2 waiting")
    expect(log(page).locator(".entry[data-state=waiting]")).to_have_count(2)

    page.keyboard.press("Control+c")

    expect(log(page).locator(".note")).to_contain_text(["Interrupted.", "Not run.", "Not run."])
    expect(log(page).locator(".value")).to_have_count(0)
    expect(stop).to_be_hidden()
    expect(status).to_be_empty()
    expect(prompt(page)).to_have_value("3 +")
    expect(prompt(page)).to_be_focused()


def test_a_stop_says_at_once_that_it_was_heard(page: Page) -> None:
    page.route("**/interrupt", lambda route: None)
    endless(page).click()

    expect(console(page).locator(".state")).to_have_text("stopping…")
    page.unroute("**/interrupt")
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()


def test_what_only_the_server_knows_to_be_incomplete_comes_back_before_what_was_typed_since(page: Page) -> None:
    held: list[Route] = []
    page.route("**/evaluate", lambda route: held.append(route))
    prompt(page).focus()
    with page.expect_request("**/evaluate"):
        page.keyboard.type("try: print('in')\n\n")
    expect(log(page).locator(".entry")).to_have_count(1)
    page.keyboard.type("print('since')")
    held.pop().continue_()
    page.unroute("**/evaluate")

    expect(prompt(page)).to_have_value("try: print('in')\nprint('since')")
    expect(log(page).locator(".entry")).to_have_count(0)


def test_lines_entered_while_the_server_had_not_called_the_first_incomplete_belong_to_it(page: Page) -> None:
    held: list[Route] = []
    page.route("**/evaluate", lambda route: held.append(route))
    prompt(page).focus()
    page.keyboard.type("try: print('in')\n\nfinally: print('out')\n\n7 * 6\n")
    expect(log(page).locator(".entry")).to_have_count(3)
    held[0].continue_()
    page.unroute("**/evaluate")

    expect(log(page).locator(".out")).to_have_text("in\nout\n", use_inner_text=True)
    expect(log(page).locator(".value")).to_have_text("42")
    expect(log(page).locator(".entry")).to_have_count(2)


def endless(page: Page) -> Locator:
    """A command that runs and says nothing; the button that stops it."""
    prompt(page).fill("while True: pass\n")
    prompt(page).press("Enter")
    stop = page.get_by_role("button", name="Stop")
    expect(stop).to_be_visible()
    return stop


def test_a_stop_that_is_refused_says_so_also_where_the_command_has_said_nothing(page: Page) -> None:
    refusal = '{"error": "gone", "explanation": "The worker is gone."}'
    page.route("**/interrupt", lambda route: route.fulfill(status=410, content_type="application/json", body=refusal))
    stop = endless(page)
    stop.click()
    expect(log(page).locator(".note")).to_have_text("Not stopped: The worker is gone.")
    page.unroute("**/interrupt")
    stop.click()
    expect(log(page).locator(".note").last).to_contain_text("Interrupted.")


def test_a_stop_that_nobody_answers_leaves_the_command_which_ends_it(page: Page) -> None:
    page.route("**/interrupt", lambda route: None)
    endless(page).click()
    expect(log(page).locator(".note")).to_contain_text("the connection was closed instead")
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    # The console is free again once the server has noticed.
    while run(page, "6 * 7").locator(".value").count() == 0:
        pass
    expect(log(page).locator(".value")).to_have_text("42")


def test_an_error_shows_its_traceback(page: Page) -> None:
    error = run(page, "item['price']").locator(".error")

    expect(error).to_contain_text("Traceback (most recent call last):")
    expect(error).to_contain_text("KeyError: 'price'")
    expect(error).not_to_contain_text("debugkit")


def test_a_mistake_in_the_syntax_is_shown_below_the_command(page: Page) -> None:
    expect(run(page, "price =").locator(".error")).to_contain_text("SyntaxError")


def test_exit_ends_nothing_and_is_answered_once(page: Page) -> None:
    entry = run(page, "exit()")

    expect(entry).to_have_text(re.compile(r"exit\(\) ends nothing here: the server keeps running\.\s*(\d\.\d s\s*)?$"))
    expect(entry.get_by_text("the server keeps running")).to_have_count(1)


def test_a_huge_text_stays_bounded(page: Page) -> None:
    entry = run(page, "'x' * 10_000_000")

    expect(entry.locator(".value")).to_contain_text("xxx")
    assert page.evaluate("document.body.textContent.length") < 1_000_000
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_endless_output_stays_bounded(page: Page) -> None:
    run(page, "for n in range(2_000): print('line' * 250, n)\n")  # 2 MB

    assert page.evaluate("document.body.textContent.length") < 1_000_000


def test_a_result_opens_into_its_parts(page: Page) -> None:
    entry = run(page, "{'list': [1, 2, 3], 'item': item}")

    entry.locator(".value .opener").click()
    expect(entry.locator(".tree").first.locator(":scope > li")).to_have_count(2)
    entry.locator(".tree .opener").last.click()
    expect(entry.locator(".tree .tree")).to_contain_text("'Cake'")


def test_the_arrow_up_brings_back_earlier_commands_also_after_a_reload(page: Page) -> None:
    run(page, "1 + 1")
    run(page, "2 + 2")
    page.reload()

    prompt(page).press("ArrowUp")
    expect(prompt(page)).to_have_value("2 + 2")
    prompt(page).press("ArrowUp")
    expect(prompt(page)).to_have_value("1 + 1")
    prompt(page).press("ArrowDown")
    prompt(page).press("ArrowDown")
    expect(prompt(page)).to_have_value("")


def test_the_arrow_up_finds_what_begins_as_what_is_typed_also_from_another_tab(page: Page, site: Site) -> None:
    other = page.context.new_page()
    other.goto(f"{site.base}/checkout")
    run(page, "item['name']")
    run(other, "item['count']")
    run(page, "1 + 1")
    other.close()

    prompt(page).press_sequentially("item")
    prompt(page).press("ArrowUp")
    expect(prompt(page)).to_have_value("item['count']")
    prompt(page).press("ArrowUp")
    expect(prompt(page)).to_have_value("item['name']")
    prompt(page).press("ArrowDown")
    prompt(page).press("ArrowDown")
    expect(prompt(page)).to_have_value("item")


def test_control_r_finds_an_earlier_command_by_a_part_of_it(page: Page) -> None:
    for command in ("item['name']", "len(item)", "1 + 1"):
        run(page, command)
    prompt(page).fill("half a comm")
    page.keyboard.press("Control+r")
    search = console(page).get_by_label("Earlier command with")
    expect(search).to_be_focused()
    page.keyboard.type("item")
    found = console(page).locator(".history-search output")
    expect(found).to_have_text("len(item)")
    page.keyboard.press("Control+r")
    expect(found).to_have_text("item['name']")
    page.keyboard.press("Control+r")
    expect(found).to_have_text("item['name']")
    page.keyboard.press("Escape")
    expect(prompt(page)).to_be_focused()
    expect(prompt(page)).to_have_value("half a comm")

    page.keyboard.press("Control+r")
    expect(search).to_be_focused()
    page.keyboard.type("len")
    page.keyboard.press("Enter")
    expect(search).to_have_count(0)
    expect(prompt(page)).to_be_focused()
    expect(prompt(page)).to_have_value("len(item)")


def test_a_pin_that_is_not_entered_leaves_the_command_in_the_line(page: Page) -> None:
    page.context.clear_cookies()
    prompt(page).fill("item['name']")
    prompt(page).press("Enter")
    page.get_by_role("dialog", name="Unlock the console").get_by_role("button", name="Cancel").click()

    expect(prompt(page)).to_have_value("item['name']")
    expect(log(page)).to_be_empty()


def test_a_line_that_was_cleared_can_be_had_back(page: Page) -> None:
    prompt(page).press_sequentially("half a comm")
    page.keyboard.press("Control+c")
    expect(prompt(page)).to_have_value("")
    page.keyboard.press("Control+z")
    expect(prompt(page)).to_have_value("half a comm")
    page.keyboard.press("Control+c")
    page.keyboard.press("ArrowUp")
    expect(prompt(page)).to_have_value("half a comm")


def test_what_the_console_adds_while_somebody_types_can_be_undone(page: Page) -> None:
    prompt(page).press_sequentially("len([")
    expect(prompt(page)).to_have_value("len([])")
    page.keyboard.press("Control+z")
    expect(prompt(page)).not_to_have_value("len([])")
    prompt(page).fill("item")
    prompt(page).press("Control+a")
    prompt(page).press_sequentially("(")
    expect(prompt(page)).to_have_value("(item)")
    page.keyboard.press("Control+z")
    expect(prompt(page)).to_have_value("item")


def test_tab_and_backspace_indent_by_steps_and_leave_the_console_where_there_is_nothing_to_indent(page: Page) -> None:
    prompt(page).press_sequentially("if item:\n")
    page.keyboard.press("Tab")
    expect(prompt(page)).to_have_value("if item:\n        ")
    page.keyboard.press("Backspace")
    expect(prompt(page)).to_have_value("if item:\n    ")
    page.keyboard.press("Shift+Tab")
    expect(prompt(page)).to_have_value("if item:\n")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(prompt(page)).not_to_be_focused()
    prompt(page).fill("")
    page.keyboard.press("Tab")
    expect(prompt(page)).not_to_be_focused()


def test_a_bracket_that_two_empty_lines_do_not_close_is_named(page: Page) -> None:
    prompt(page).press_sequentially("len([\n\n")

    expect(console(page).locator(".state")).to_contain_text("still open: [")
    page.keyboard.type("1")
    expect(console(page).locator(".state")).to_be_empty()


def test_a_composition_ends_without_running_what_is_half_written(page: Page) -> None:
    prompt(page).fill("item")
    prompt(page).evaluate(
        "(e) => e.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', keyCode: 229, cancelable: true}))"
    )

    expect(prompt(page)).to_have_value("item")
    expect(log(page)).to_be_empty()


def test_output_is_followed_only_from_the_end_of_the_log(page: Page) -> None:
    run(page, "for n in range(200): print(n)\n")
    at_end = "(e) => e.scrollHeight - e.scrollTop - e.clientHeight < 2"
    assert log(page).evaluate(at_end)
    prompt(page).fill("import time\nfor n in iter(int, 1): print('more'); time.sleep(0.01)\n")
    prompt(page).press("Enter")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    log(page).evaluate("(e) => { e.scrollTop = 0 }")
    news = page.get_by_role("button", name="new output")
    expect(news).to_be_visible()
    assert log(page).evaluate("(e) => e.scrollTop") == 0

    news.click()
    expect(news).to_be_hidden()
    page.get_by_role("button", name="Stop").click()
    expect(log(page).locator(".note")).to_be_visible()
    assert log(page).evaluate(at_end)


def test_typing_after_a_click_into_the_log_goes_to_the_line(page: Page) -> None:
    entry = run(page, "item")
    entry.locator(".opener").click()
    page.keyboard.type("jkc item")

    expect(prompt(page)).to_have_value("jkc item")


def transcript(page: Page) -> Locator:
    return console(page).locator(".before")


def test_what_was_typed_and_answered_survives_a_reload_and_runs_again_by_a_click(page: Page) -> None:
    run(page, "price = 7")
    run(page, "def twice(n):\n    return n * 2\n")
    run(page, "twice(price)")
    run(page, "item['price']")
    prompt(page).fill("for n in range(3):\n    twice(")
    page.reload()

    expect(prompt(page)).to_have_value("for n in range(3):\n    twice(")
    expect(prompt(page)).to_be_focused()
    expect(log(page)).to_be_empty()
    summary = transcript(page).get_by_text("4 commands from before")
    expect(transcript(page).get_by_text("KeyError: 'price'")).to_be_hidden()
    summary.click()
    expect(transcript(page).locator(".value")).to_have_text("14")
    expect(transcript(page).get_by_text("KeyError: 'price'")).to_be_visible()

    page.reload()
    transcript(page).get_by_role("button", name="Run them again").click()
    expect(transcript(page)).to_have_count(0)
    expect(log(page).locator(".error")).to_contain_text("KeyError")
    expect(log(page).locator(".value")).to_have_text("14")
    expect(log(page).locator(".entry")).to_have_count(4)
    expect(prompt(page)).to_have_value("for n in range(3):\n    twice(")


def test_the_way_back_to_the_page_finds_what_was_open_and_typed(page: Page, site: Site) -> None:
    shown = page.locator("article.frame:visible")
    shown.locator(".facts .opener").first.click()
    expect(shown.locator(".facts .tree > li").first).to_be_visible()
    opened = shown.locator(".facts .tree > li").all_text_contents()
    run(page, "item['name']")
    prompt(page).press_sequentially("half a comm")
    page.goto(f"{site.base}/console")
    page.go_back()

    expect(prompt(page)).to_have_value("half a comm")
    expect(transcript(page)).to_contain_text("1 command from before")
    expect(shown.locator(".facts .tree > li")).to_have_text(opened)


def test_enter_that_is_pressed_before_the_console_has_come_counts(page: Page) -> None:
    held: list[Route] = []
    page.route("**/console.js", lambda route: held.append(route))
    page.reload()
    prompt(page).focus()
    page.keyboard.type("x = 7\ndef twice(n):\nreturn n * 2\n\ntwice(x)\nhalf a comm")
    expect(prompt(page)).to_have_value(re.compile("half a comm$"))
    held.pop().continue_()

    expect(log(page).locator(".value")).to_have_text("14")
    expect(log(page).locator(".entry")).to_have_count(3)
    expect(prompt(page)).to_have_value("half a comm")
    page.unroute("**/console.js")


def test_a_log_that_was_cleared_does_not_come_back(page: Page) -> None:
    run(page, "1 + 1")
    page.reload()
    expect(transcript(page)).to_be_visible()
    prompt(page).press("Control+l")
    page.reload()

    expect(prompt(page)).to_be_enabled()
    expect(transcript(page)).to_have_count(0)


def test_the_key_c_leads_to_the_console_and_escape_out_of_it(page: Page) -> None:
    page.keyboard.press("c")
    expect(prompt(page)).to_be_focused()
    expect(prompt(page)).to_have_value("")

    page.keyboard.press("Escape")
    expect(prompt(page)).not_to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("article.frame:visible h2 .fn")).to_have_text("Cart.total")


def test_control_l_clears_the_log_and_keeps_what_is_typed(page: Page) -> None:
    run(page, "1 + 1")
    prompt(page).fill("half a comm")

    prompt(page).press("Control+l")

    expect(log(page)).to_be_empty()
    expect(prompt(page)).to_have_value("half a comm")


def test_a_session_that_ended_asks_for_the_pin_and_runs_the_command(page: Page) -> None:
    page.context.clear_cookies()
    prompt(page).fill("item['name']")
    prompt(page).press("Enter")
    dialog = page.get_by_role("dialog", name="Unlock the console")
    dialog.get_by_label("PIN").fill(PIN)
    page.keyboard.press("Enter")

    expect(log(page).locator(".value")).to_have_text("'Cake'")
    expect(log(page).locator(".entry")).to_have_count(1)


def test_a_page_without_its_key_says_so_and_asks_for_the_pin(page: Page) -> None:
    page.evaluate("localStorage.clear()")
    prompt(page).fill("item['name']")
    prompt(page).press("Enter")
    dialog = page.get_by_role("dialog", name="Unlock the console")
    expect(dialog.get_by_role("alert")).to_contain_text("lacks its half of the session")
    dialog.get_by_label("PIN").fill(PIN)
    page.keyboard.press("Enter")

    expect(log(page).locator(".value")).to_have_text("'Cake'")


def test_the_console_works_after_a_reload_and_in_another_tab(page: Page, site: Site) -> None:
    page.reload()
    expect(run(page, "item['name']").locator(".value")).to_have_text("'Cake'")
    other = page.context.new_page()
    other.goto(f"{site.base}/checkout")

    expect(run(other, "item['name']").locator(".value")).to_have_text("'Cake'")
    other.close()


def test_the_cookie_that_another_port_gets_too_runs_nothing_there(page: Page, site: Site) -> None:
    """What a program on another port of this computer could do with the cookie alone."""
    frame = page.locator("dk-console:visible").get_attribute("data-evaluate")
    status = page.evaluate(
        """async (url) => (await fetch(url, {method: "POST", body: '{"source": "1"}',
        headers: {"Content-Type": "application/json", "X-Debugkit": "1"}})).status""",
        frame,
    )
    assert status == 403


def test_lock_ends_the_session_in_all_tabs_and_unlock_begins_one(page: Page) -> None:
    page.get_by_role("button", name="Lock", exact=True).click()
    expect(page.get_by_role("button", name="Unlock", exact=True)).to_be_focused()
    expect(page.get_by_text("Unlocked", exact=True)).to_be_hidden()
    assert page.context.cookies() == []
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.includes('key'))") == []
    prompt(page).fill("1 + 1")
    prompt(page).press("Enter")
    page.get_by_role("dialog", name="Unlock the console").get_by_label("PIN").fill(PIN)
    page.keyboard.press("Enter")

    expect(log(page).locator(".value")).to_have_text("2")
    expect(page.get_by_role("button", name="Lock", exact=True)).to_be_visible()


def test_a_server_that_is_gone_is_said_in_the_log_and_the_command_can_be_had_again(
    watched: Watched, page: Page
) -> None:
    page.route("**/evaluate", lambda route: route.abort())
    entry = run(page, "1 + 1")
    expect(entry.locator(".error")).to_contain_text("The server is not responding")
    page.unroute("**/evaluate")

    prompt(page).press("ArrowUp")
    prompt(page).press("Enter")

    expect(log(page).locator(".value")).to_have_text("2")
    assert all("net::ERR_FAILED" in problem for problem in watched.problems), watched.problems
    watched.problems.clear()


def test_a_connection_that_ends_before_the_command_is_said_below_what_had_come(page: Page) -> None:
    event = '{"kind": "output", "stream": "stdout", "text": "first"}\n'
    page.route("**/evaluate", lambda route: route.fulfill(content_type="application/x-ndjson", body=event))
    entry = run(page, "slow()")
    page.unroute("**/evaluate")

    expect(entry.locator(".out")).to_have_text("first")
    expect(entry.locator(".error")).to_contain_text("The connection ended before the command did")


def test_the_console_of_its_own_unlocks_and_evaluates(site: Site, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{site.base}/console")
    page.get_by_role("button", name="Unlock the console").click()
    page.get_by_label("PIN").fill(PIN)
    page.keyboard.press("Enter")

    expect(prompt(page)).to_be_focused()
    expect(run(page, "6 * 7").locator(".value")).to_have_text("42")
    expect(run(page, "print('hello')").locator(".out")).to_have_text("hello")
