"""What a command shows, in a real browser: long values, tables, pictures, documents, progress bars, colours."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from browser.conftest import Watched
from browser.page_app import Site, enter
from playwright.sync_api import Locator, Page, expect


@pytest.fixture
def page(site: Site, watched: Watched) -> Page:
    """An unlocked browser, on the page of an error with large values."""
    page = watched.page
    site.unlock(page)
    page.goto(f"{site.base}/many-locals")
    return page


#: What `page_app.many_locals` has.
TABLE = {f"column_{number}": {"width": number, "title": f"Column {number}"} for number in range(500)}


def run(page: Page, source: str) -> Locator:
    return enter(page.locator("dk-console:visible"), source)


def lines_of(locator: Locator) -> list[str]:
    return locator.inner_text().rstrip("\n").split("\n")


def test_a_large_value_takes_two_lines_until_somebody_asks_for_all_of_it(page: Page) -> None:
    entry = run(page, "table")
    expect(entry.locator(".value .val").first).to_contain_text("more}")
    assert len(entry.locator(".value .val").first.inner_text()) <= 200
    assert len(entry.get_by_role("button", expanded=False).get_attribute("aria-label") or "") < 60

    whole = entry.get_by_role("button", name=f"Show all {len(repr(TABLE)):,} characters")
    whole.click()
    expect(entry.locator(".whole")).to_contain_text("'column_499': {'width': 499, 'title': 'Column 499'}}")
    expect(entry.locator(".whole")).to_be_focused()
    expect(whole).to_have_count(0)


def test_a_long_string_comes_in_pieces(page: Page) -> None:
    entry = run(page, "'line ' * 20_000 + 'end'")
    entry.get_by_role("button", name="Show all 100,003 characters").click()
    entry.get_by_role("button", name="Show more (from 50,000 on)").click()
    entry.get_by_role("button", name="Show more (from 100,000 on)").click()
    expect(entry.locator(".whole")).to_have_text("'" + "line " * 20_000 + "end'")


def test_records_are_a_table_with_headings(page: Page) -> None:
    entry = run(page, "[{'name': f'Tea {n}', 'price': n, '<b>': '<i>'} for n in range(45)]")
    table = entry.get_by_role("table")
    expect(table.get_by_role("columnheader")).to_have_text(["name", "price", "<b>"])
    expect(table.get_by_role("rowheader")).to_have_count(20)
    expect(table.get_by_role("row").nth(1)).to_have_text("0'Tea 0'0'<i>'")

    entry.get_by_role("button", name="Show more rows (25 left)").click()
    expect(table.get_by_role("rowheader")).to_have_count(40)
    expect(table.get_by_role("rowheader", name="20", exact=True)).to_be_focused()
    entry.get_by_role("button", name="Show more rows (5 left)").click()
    expect(table.get_by_role("rowheader")).to_have_count(45)
    expect(entry.get_by_role("button", name="Show more rows")).to_have_count(0)


SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><script>document.title = "ran"</script>
<image href="/from-svg" width="9" height="9"/><rect width="80" height="40" onload="document.title = 'ran'"/></svg>"""
HTML = """<h3 style="color: rgb(1, 2, 3)">Report</h3><img src="/from-document"><iframe src="/from-document"></iframe>
<link rel="stylesheet" href="/from-document">
<style>@import url("/from-document"); h3 { background: url("/from-document") }</style>
<a href="/from-document">link</a>
<video src="/from-document"></video><meta http-equiv="refresh" content="0;/from-document">
<form action="/from-document"><button>send</button></form>"""


def value(method: str, source: str) -> str:
    return f"type('Shown', (), {{{method!r}: lambda self: {source}}})()"


def test_a_picture_is_an_image_and_never_markup(site: Site, page: Page) -> None:
    entry = run(page, value("_repr_svg_", repr(SVG)))
    image = entry.get_by_role("img", name="Picture of <")
    expect(image).to_have_js_property("naturalWidth", 80)
    expect(entry.locator("svg")).to_have_count(0)
    broken = run(page, value("_repr_png_", "b'\\x89PNG\\r\\n\\x1a\\n nothing'"))
    expect(broken.locator(".problem")).to_have_text("The browser cannot show this as image/png.")
    expect(run(page, value("_repr_png_", "1 / 0")).locator(".problem")).to_contain_text("_repr_png_ raised Zero")
    assert "GET /from-svg" not in site.shop.calls
    assert page.title() != "ran"


def test_a_document_runs_nothing_and_reaches_nothing(site: Site, watched: Watched, page: Page) -> None:
    entry = run(page, value("_repr_html_", repr(HTML)))
    frame = entry.frame_locator("iframe")
    expect(frame.get_by_role("heading")).to_have_css("color", "rgb(1, 2, 3)")
    frame.get_by_text("link", exact=True).click()
    frame.get_by_role("button", name="send").click()
    expect(frame.get_by_role("heading")).to_be_visible()
    assert "GET /from-document" not in site.shop.calls
    # The browser says what it has refused.
    assert all("/from-document" in problem for problem in watched.problems)
    watched.problems.clear()


def test_a_document_runs_no_script(watched: Watched, page: Page) -> None:
    script = "<p>text</p><script>parent.document.title = document.title = 'ran'</script><img src=/x onerror='alert(1)'>"
    entry = run(page, value("_repr_html_", repr(script)))
    expect(entry.frame_locator("iframe").get_by_text("text")).to_be_visible()
    assert page.title() != "ran"
    assert all("sandbox" in problem or "/x'" in problem for problem in watched.problems), watched.problems
    watched.problems.clear()


def test_progress_bars_and_colours_are_shown_as_in_a_terminal(page: Page) -> None:
    source = "import sys\nfor n in range(5):\n    _ = print(f'\\rstep {n}', end='', file=sys.stderr, flush=True)\n\n"
    bar = run(page, f"{source}print('', file=sys.stderr)\n").locator(".stderr")
    expect(bar).to_have_text("step 4")
    assert lines_of(bar) == ["step 4"]
    expect(bar).to_have_attribute("aria-live", "off")

    coloured = run(
        page, "print('plain', end=' ')\nprint('\\x1b[1;31mred\\x1b[0m \\x1b]8;;https://a.test\\x07link\\x1b]8;;\\x07')"
    )
    expect(coloured.locator(".out")).to_have_text("plain red link")
    expect(coloured.locator(".ansi-1.ansi-bold")).to_have_text("red")


def test_commands_and_their_errors_are_coloured(page: Page) -> None:
    entry = run(page, "for n in (0,):\n    1 / n\n")
    expect(entry.locator(".in .t-k")).to_have_text("for")
    expect(entry.locator(".in code")).to_have_text("for n in (0,):\n    1 / n")
    expect(entry.locator(".error .t-gr")).to_have_text("ZeroDivisionError")


def test_how_long_a_command_took_is_told_on_hover_or_below(page: Page) -> None:
    quick = run(page, "import time; time.sleep(0.01)").locator(".in")
    expect(quick).to_have_attribute("title", re.compile(r"^(\d+ ms|\d+\.\d s)$"))
    expect(run(page, "time.sleep(0.25)").locator(".note")).to_have_text(re.compile(r"^\d+\.\d s$"))


def test_nested_values_stand_below_their_key_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    deep = {"deep": {"deeper": {"deepest": {"x": {"y": {"z": [1]}}}}}}
    entry = run(page, f"{{'a_rather_long_key_' + str(n): 1 for n in range(3)}} | {deep}")
    for level in range(6):
        opener = entry.locator(".opener[aria-expanded=false]").last
        box = opener.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24
        opener.click()
        expect(entry.locator(".tree")).to_have_count(level + 1)
        expect(entry.locator(".tree").last.locator("li")).not_to_have_count(0)
    lefts = entry.locator(".tree").evaluate_all("trees => trees.map(tree => tree.getBoundingClientRect().left)")
    assert [round(right - left) for left, right in pairwise(lefts)] == [16] * 5
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_what_is_shown_more_of_takes_the_focus(page: Page) -> None:
    entry = run(page, "table")
    entry.locator(".opener").first.click()
    entry.get_by_role("button", name="Show more (450 left)").click()
    expect(entry.locator(".tree > li").nth(50).locator(".opener")).to_be_focused()
