"""Photographs the debugger's page for README.rst: the tea shop, as ``debugkit run`` serves it, in a real Chromium.

``python examples/photograph.py`` writes ``examples/photographs/``, in an environment with the tests' packages.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal
from urllib.parse import urljoin

from playwright.sync_api import BrowserContext, FloatRect, Locator, Page, expect, sync_playwright

#: What fails: an item of the saved cart has no price.
PATH = "/cart/checkout"
HERE = Path(__file__).parent
FOLDER = HERE / "photographs"
#: As tests/browser has them; `--no-sandbox` for containers.
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@dataclass(frozen=True)
class Photograph:
    """A picture of the page, after ``pose`` has used it."""

    name: str
    pose: Callable[[Page], None]
    theme: Literal["light", "dark"] = "light"
    width: int = 1200
    height: int = 680


def look(page: Page) -> None:
    """The first screen, as it comes."""


def complete(page: Page) -> None:
    """A mend tried out, and the keys that there are, with their values."""
    run(page, 'price_of(item | {"price": 350})')
    prompt(page).press_sequentially('item["')
    expect(page.get_by_role("option")).not_to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_be_visible()


def tabulate(page: Page) -> None:
    """Records as a table, and what the next line is worth before it runs."""
    open_frame(page, "Cart.total")
    run(page, "self.items")
    expect(page.get_by_role("table")).to_be_visible()
    prompt(page).press_sequentially("len(self.items)")
    expect(page.locator(".worth")).to_be_visible()


def search(page: Page) -> None:
    """What is found in the source, the values and the request."""
    page.keyboard.press("/")
    page.keyboard.type("price")
    expect(page.get_by_role("option")).not_to_have_count(0)


def open_frame(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Frames").get_by_role("link", name=name).click()
    expect(page.get_by_role("article", name=name)).to_be_visible()


def prompt(page: Page) -> Locator:
    return page.get_by_label("Python to run").filter(visible=True)


def run(page: Page, source: str) -> None:
    """Run a command, and wait until it has ended."""
    prompt(page).fill(source)
    prompt(page).press("Enter")
    expect(page.locator(".entry").last).not_to_have_attribute("data-state", re.compile("."))


PHOTOGRAPHS = (
    Photograph("cause.png", look),
    Photograph("console.png", complete, "dark"),
    Photograph("table.png", tabulate, height=600),
    Photograph("search.png", search),
    Photograph("narrow.png", look, width=390, height=844),
)


@contextmanager
def shop() -> Iterator[str]:
    """Serve the shop on a free port. Gives the link of the terminal that unlocks a browser."""
    command = [sys.executable, "-m", "debugkit", "run", "app.py", "--port", "0", "--no-reload"]
    with TemporaryDirectory() as state:
        environ = os.environ | {"DEBUGKIT_STATE_DIR": state, "PYTHONUNBUFFERED": "1"}
        server = subprocess.Popen(
            command, cwd=HERE / "shop", env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            yield next(link for line in server.stdout or () for link in re.findall(r"http\S+token=\S+", line))
        finally:
            server.terminate()
            server.communicate()


def take(photograph: Photograph, context: BrowserContext, address: str) -> None:
    """Photograph the page in a tab of its own, which remembers nothing of the others.

    Nothing is on it that is another at each run: no time and no version, and not the port, which the request has.
    """
    with context.new_page() as page:
        page.set_viewport_size({"width": photograph.width, "height": photograph.height})
        page.emulate_media(color_scheme=photograph.theme)
        page.goto(address)
        photograph.pose(page)
        page.locator(".yielding").evaluate("changing => changing.remove()")
        request = page.get_by_role("region", name="Request and environment").bounding_box()
        height = min(photograph.height, int(request["y"])) if request else photograph.height
        clip: FloatRect = {"x": 0, "y": 0, "width": photograph.width, "height": height}
        page.screenshot(path=FOLDER / photograph.name, clip=clip, animations="disabled")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright, shop() as link:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        with browser.new_context(reduced_motion="reduce") as context:
            context.new_page().goto(link)
            for photograph in PHOTOGRAPHS:
                take(photograph, context, urljoin(link, PATH))


if __name__ == "__main__":
    main()
