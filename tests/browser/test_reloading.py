"""A real browser on a server that reloads for real: the page of an error heals when the file is saved."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from browser.conftest import Watched
from playwright.sync_api import expect
from reload_support import project

pytestmark = pytest.mark.skipif(os.name != "posix", reason="workers inherit their sockets")

BASKET = """
def app(environ, start_response):
    items = [{"name": "Tea", "price": 3}]
    total = sum(item["%s"] for item in items)
    start_response("200 OK", [("Content-Type", "text/html")])
    return [f"<h1>Total: {total}</h1>".encode()]
"""


def test_an_error_page_heals_when_the_file_is_saved(own_page: Watched, tmp_path: Path) -> None:
    page = own_page.page
    with project(tmp_path, BASKET % "prize") as shop:
        page.goto(f"http://127.0.0.1:{shop.port}/basket")
        expect(page.get_by_role("heading", name="KeyError")).to_be_visible()

        shop.write(BASKET % "price")
        expect(page.get_by_role("heading", name="Total: 3")).to_be_visible()


def test_a_typo_takes_the_place_of_the_page_and_heals_too(own_page: Watched, tmp_path: Path) -> None:
    page = own_page.page
    with project(tmp_path, BASKET % "prize") as shop:
        page.goto(f"http://127.0.0.1:{shop.port}/basket")
        expect(page.get_by_role("heading", name="KeyError")).to_be_visible()

        shop.write(f"{BASKET % 'price'}\ndef (\n")
        expect(page.get_by_role("heading", name="SyntaxError")).to_be_visible()
        expect(page.get_by_text("The application failed to start")).to_be_visible()

        shop.write(BASKET % "price")
        expect(page.get_by_role("heading", name="Total: 3")).to_be_visible()


def test_an_unlocked_browser_stays_so_over_reloads(own_page: Watched, tmp_path: Path) -> None:
    page = own_page.page
    with project(tmp_path, BASKET % "prize") as shop:
        link = re.search(r"Unlock this browser: (\S+)", shop.terminal)
        assert link is not None
        page.goto(link[1])
        page.goto(f"http://127.0.0.1:{shop.port}/basket")
        shop.save(BASKET % "cost")
        expect(page.get_by_role("heading", name="KeyError 'cost'")).to_be_visible()

        console = page.get_by_role("textbox", name="Python to run").first
        console.fill("item['price'] * 14")
        console.press("Enter")
        expect(page.locator(".entry .value")).to_have_text("42")
