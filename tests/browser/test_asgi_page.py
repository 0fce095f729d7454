"""FastAPI under uvicorn in a real browser: the page, the PIN and the console."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser.conftest import Watched
from browser.page_app import PIN, enter
from integration.processes import Kind, Server, serving
from playwright.sync_api import expect

UVICORN = Kind("uvicorn", ("-m", "uvicorn", "--port=0", "TARGET"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    state = tmp_path_factory.mktemp("state")
    state.chmod(0o700)
    with serving(UVICORN, state, "asgi_site:application", WERKZEUG_DEBUG_PIN=PIN) as server:
        yield server


def test_the_page_of_fastapi_opens_its_console_with_the_pin(server: Server, own_page: Watched) -> None:
    page = own_page.page
    page.goto(f"http://127.0.0.1:{server.port}/fails")
    pane = page.locator("article.frame:visible")

    expect(page).to_have_title("LookupError: no Sencha left")
    expect(pane).to_contain_text("asgi_site.py")
    expect(pane).to_contain_text("'price': 12")
    expect(page.get_by_role("tabpanel", name="Request")).to_contain_text("/fails")

    page.get_by_role("button", name="Unlock").first.click()
    page.get_by_label("PIN").fill(PIN)
    page.get_by_label("PIN").press("Enter")

    expect(enter(pane, "tea['price'] * 2").locator(".value")).to_have_text("24")
    expect(enter(pane, "print('steeping')").locator(".out")).to_have_text("steeping\n", use_inner_text=True)
