"""Pages that hear of new code: they heal by themselves where nothing is lost or repeated, and else ask.

A reload is simulated: the application and its events are exchanged below a server that goes on.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from browser.axe import violations
from browser.conftest import Watched
from browser.page_app import MOUNT, PIN, enter, forget, one_page, unlock
from playwright.sync_api import Browser, Page, expect
from process_support import TIMEOUT

from debugkit import DebuggedApplication
from debugkit.debug.live import Events, Stream
from debugkit.debug.startup_error import FailedStart
from debugkit.serving.server import make_server

GENERATIONS = count(1)

FORM = """<!doctype html><title>Form</title><form method="post" action="/cart" enctype="{}">
<input name="item" value="Tea &amp; cake"><input name="file" type="file"><button>Pay</button></form>"""

Body = bytes


class HeardEvents(Events):
    """Events whose readers can be waited for."""

    def __init__(self, *, failed: bool = False) -> None:
        super().__init__(f"generation-{next(GENERATIONS)}", failed=failed, heartbeat=0.05)
        self.changed = threading.Condition()

    def stream(self) -> Stream:
        stream = super().stream()
        with self.changed:
            self.changed.notify_all()
        return stream

    def _remove(self, stream: Stream) -> None:
        super()._remove(stream)
        with self.changed:
            self.changed.notify_all()

    def wait_for_readers(self, number: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.readers == number, TIMEOUT), self.readers


class Code:
    """The user's code. ``works`` is whether it does; keeps the requests it got."""

    def __init__(self, *, works: bool) -> None:
        self.works = works
        self.calls: list[tuple[str, str, str, Body]] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        body = environ["wsgi.input"].read()
        if path == "/favicon.ico":
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b""]
        if path == "/form":
            start_response("200 OK", [("Content-Type", "text/html")])
            return [FORM.format(environ["QUERY_STRING"]).encode()]
        self.calls.append((environ["REQUEST_METHOD"], path, environ.get("CONTENT_TYPE", ""), body))
        if not self.works:
            return self.total(path, "a basket " * 20)
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b"<!doctype html><title>Shop</title><h1>All is well</h1>"]

    def total(self, path: str, basket: str) -> Iterable[bytes]:
        prices = {"tea": 4}
        return [str(prices[path]).encode()]

    @property
    def methods(self) -> list[str]:
        return [method for method, *_ in self.calls]


class Shop:
    """What runs below the server: one generation of code after the other."""

    def __init__(self, state: Path) -> None:
        self._choices: dict[str, Any] = {"pin": PIN, "state_dir": state}
        self._ready = threading.Event()
        self._ready.set()
        self.base = ""
        self.start(Code(works=True))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        assert self._ready.wait(TIMEOUT)
        return self.app(environ, start_response)

    def start(self, code: Any, *, failed: bool = False) -> None:
        """Serve other code from now on, as a new generation."""
        self.code = code
        self.app = DebuggedApplication(code, **self._choices)
        self.events = HeardEvents(failed=failed)
        self.app.debugger.events = self.events

    def fail(self, error: BaseException | None, message: str = "") -> None:
        self.start(Code(works=False), failed=True)
        FailedStart(self.app, error, message)

    def reload(self, change: Callable[[], object]) -> None:
        """A new worker takes over from one whose pages listen."""
        old = self.leave()
        change()
        old.close()
        self._ready.set()

    def leave(self) -> HeardEvents:
        """The old worker answers nothing more, and the new one does not yet."""
        self.events.wait_for_readers(1)
        self._ready.clear()
        return self.events

    def works(self) -> None:
        """A new worker whose code works."""
        self.reload(lambda: self.start(Code(works=True)))

    def fails(self) -> None:
        self.reload(lambda: self.start(Code(works=False)))

    def unlock(self, page: Page) -> None:
        unlock(page, self.base, self.app)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    state = tmp_path_factory.mktemp("state")
    state.chmod(0o700)
    shop = Shop(state)
    with make_server("127.0.0.1", 0, shop) as server:
        shop.base = server.url.rstrip("/")
        yield shop
        shop.events.close()


@pytest.fixture
def shop(served: Shop) -> Shop:
    served.start(Code(works=False))
    return served


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Watched]:
    with one_page(browser) as page:
        yield Watched(page)


@pytest.fixture
def page(window: Watched, shop: Shop) -> Iterator[Page]:
    """A page that must show no error, no violation of the policy, and ask no other host."""
    shop.unlock(window.page)
    yield window.page
    window.page.goto("about:blank")
    problems, window.problems = window.problems, []
    forget(window.page, shop.base)
    assert problems == []
    assert {host for host in window.hosts if host} == {shop.base.partition("//")[2]}


def bar(page: Page) -> Any:
    return page.locator("dk-live")


def healed(page: Page) -> None:
    expect(page.get_by_role("heading", name="All is well")).to_be_visible()


def post_form(page: Page, shop: Shop, enctype: str = "", file: Path | None = None) -> None:
    page.goto(f"{shop.base}/form?{enctype}")
    if file is not None:
        page.locator("[type=file]").set_input_files(file)
    page.get_by_role("button", name="Pay").click()
    expect(page.locator("#headline")).to_be_visible()


# A page that answers a GET


def test_the_page_of_a_get_heals_without_a_question(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.base}/cart?size=2#total")
    failed = shop.code
    shop.works()
    healed(page)

    assert page.url == f"{shop.base}/cart?size=2#total"
    assert failed.methods == ["GET"]
    assert shop.code.methods == ["GET"]
    assert page.evaluate("performance.getEntriesByType('navigation')[0].type") == "reload"


def test_a_page_heals_again_and_again_until_the_code_works(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.base}/cart")
    for _ in range(3):
        generation = bar(page).get_attribute("data-generation")
        shop.fails()
        expect(bar(page)).not_to_have_attribute("data-generation", str(generation))
        expect(page.locator("#headline")).to_contain_text("KeyError")
    shop.works()

    healed(page)


def test_the_place_on_the_page_and_the_open_frame_stay(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.base}/cart")
    page.set_viewport_size({"width": 800, "height": 300})
    page.evaluate("scrollTo({top: 240, behavior: 'instant'})")
    generation = bar(page).get_attribute("data-generation")
    shop.fails()
    expect(bar(page)).not_to_have_attribute("data-generation", str(generation))

    page.wait_for_function("scrollY === 240")


def test_nothing_is_said_while_nothing_has_changed(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.base}/cart")
    shop.events.wait_for_readers(1)

    expect(bar(page)).to_have_css("opacity", "0")
    expect(bar(page).locator("[data-says]")).to_have_text("")
    expect(bar(page).locator("button, a").locator("visible=true")).to_have_count(0)


def test_without_a_runner_a_page_does_not_listen(page: Page, shop: Shop) -> None:
    shop.app.debugger.events = None
    page.goto(f"{shop.base}/cart")

    expect(page.locator("#headline")).to_be_visible()
    expect(bar(page)).to_have_count(0)


def test_while_the_new_worker_starts_the_page_says_so_and_nothing_moves(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.base}/cart")
    places = (
        "[...document.querySelectorAll('main, .bar, .about')].map((e) => JSON.stringify(e.getBoundingClientRect()))"
    )
    before = page.evaluate(places)
    old = shop.leave()
    shop.start(Code(works=True))
    old.close()
    expect(bar(page).locator("[data-says]")).to_have_text("Reloading…")
    assert page.evaluate(places) == before
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shop._ready.set()

    healed(page)


def test_a_reader_who_is_on_the_way_elsewhere_is_not_called_back(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.base}/cart")
    greeted = threading.Event()

    def slow(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/greeted":
            greeted.set()
        assert environ["PATH_INFO"] != "/form" or greeted.wait(TIMEOUT)
        return code(environ, start_response)

    code = Code(works=True)
    old = shop.leave()
    shop.start(slow)
    with page.expect_request("**/form"):
        page.evaluate(LEAVE, f"{MOUNT}/events")
    old.close()
    shop._ready.set()

    expect(page.get_by_role("button", name="Pay")).to_be_visible()
    assert code.methods == ["GET"]
    assert code.calls[0][1] == "/greeted"


#: The next page is slow, and another listener is back at the server no sooner than the page's own would be.
LEAVE = """(url) => setTimeout(() => {
  location.assign("/form");
  setTimeout(() => new EventSource(url).addEventListener("hello", () => fetch("/greeted")), 200);
})"""


def test_a_link_that_only_opens_an_editor_leaves_the_page_listening(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.base}/cart")
    shop.events.wait_for_readers(1)
    page.evaluate("dispatchEvent(new Event('beforeunload'))")
    shop.events.wait_for_readers(0)
    page.evaluate("dispatchEvent(new Event('blur'))")
    shop.works()

    healed(page)


def test_a_server_that_keeps_answering_with_older_code_is_not_asked_for_ever(page: Page, shop: Shop) -> None:
    answers = []

    def confused(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/cart":
            answers.append(1)
        if environ["PATH_INFO"].endswith("/events"):
            other.debugger.events = second
            return other(environ, start_response)
        other.debugger.events = first
        return other(environ, start_response)

    first, second = HeardEvents(), HeardEvents()
    other = DebuggedApplication(shop.code, pin=PIN)
    shop.app = confused  # type: ignore[assignment]
    page.goto(f"{shop.base}/cart")
    expect(page.get_by_role("button", name="Show the new result")).to_be_visible()
    second.close()

    assert len(answers) == 4


# What would be lost


def prompt(page: Page) -> Any:
    return page.locator("dk-console:visible").get_by_label("Python to run")


def select_text(page: Page) -> None:
    page.locator("#headline .val").select_text()


def open_the_keys(page: Page) -> None:
    page.get_by_role("button", name="Keys").click()


@pytest.mark.parametrize("occupy", [select_text, open_the_keys], ids=lambda action: action.__name__)
def test_what_the_reader_is_doing_is_kept_until_they_ask(
    page: Page, shop: Shop, occupy: Callable[[Page], None]
) -> None:
    page.goto(f"{shop.base}/cart")
    occupy(page)
    shop.works()

    expect(bar(page).locator("[data-says]")).to_have_text("The code has changed.")
    expect(page.locator("#headline")).to_contain_text("KeyError")
    assert shop.code.calls == []
    page.keyboard.press("Escape")
    bar(page).get_by_role("button", name="Show the new result").click()
    healed(page)


def test_a_typed_command_is_still_there_with_the_bar(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.base}/cart")
    prompt(page).fill("prices[")
    shop.works()

    expect(bar(page).get_by_role("button", name="Show the new result")).to_be_visible()
    expect(prompt(page)).to_have_value("prices[")
    expect(prompt(page)).to_be_focused()
    assert shop.code.calls == []
    bar(page).get_by_role("button", name="Show the new result").click()
    healed(page)


def test_a_command_that_runs_keeps_the_page(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.base}/cart")
    prompt(page).fill("import itertools\nfor n in itertools.count(): pass\n")
    prompt(page).press("Enter")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    old = shop.app
    shop.works()

    expect(bar(page).get_by_role("button", name="Show the new result")).to_be_visible()
    for group in old.debugger.registry.recent_groups():
        for console in group[0].consoles._consoles.values():
            console.interrupt()


def test_the_commands_typed_before_survive(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.base}/cart")
    prompt(page).fill("len(prices)")
    prompt(page).press("Enter")
    expect(page.locator(".entry .value")).to_have_text("1")
    generation = bar(page).get_attribute("data-generation")
    shop.fails()
    expect(bar(page)).not_to_have_attribute("data-generation", str(generation))
    prompt(page).press("ArrowUp")

    expect(prompt(page)).to_have_value("len(prices)")


def test_what_the_console_answered_before_the_change_can_be_read_and_run_again_after_it(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.base}/cart")
    console = page.locator("dk-console:visible")
    enter(console, "len(prices)")
    generation = bar(page).get_attribute("data-generation")
    shop.fails()
    expect(bar(page)).not_to_have_attribute("data-generation", str(generation))

    expect(console.locator(".before summary")).to_have_text("1 command before the change")
    console.get_by_role("button", name="Run them again").click()
    expect(console.locator(".log .value")).to_have_text("1")


def test_a_command_for_a_frame_that_went_with_its_code_stays_in_the_line(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.base}/cart")
    console = page.locator("dk-console:visible")
    prompt(page).fill("len(prices)")
    shop.fails()
    expect(bar(page).get_by_role("button", name="Show the new result")).to_be_visible()
    expect(console).to_have_attribute("data-stale", "")
    prompt(page).press("Enter")

    expect(console.locator(".note")).to_contain_text("this frame went with it. What you typed is kept.")
    expect(prompt(page)).to_have_value("len(prices)")
    console.get_by_role("button", name="Show the new result").click()
    expect(console).not_to_have_attribute("data-stale", "")
    expect(prompt(page)).to_have_value("len(prices)")


# A page that answers another method


def test_the_page_of_a_post_asks_before_it_sends_again(page: Page, shop: Shop) -> None:
    post_form(page, shop)
    shop.works()

    expect(bar(page).locator("[data-says]")).to_have_text("The code has changed.")
    send = bar(page).get_by_role("button", name="Send POST /cart again")
    expect(send).to_be_visible()
    assert shop.code.calls == []
    send.click()
    healed(page)
    assert shop.code.methods == ["POST"]


@pytest.mark.parametrize(
    "enctype",
    ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"],
)
def test_what_is_sent_again_is_what_was_sent(page: Page, shop: Shop, tmp_path: Path, enctype: str) -> None:
    upload = tmp_path / "prices.csv"
    upload.write_bytes(b"tea;4\r\n\x00\xff")
    post_form(page, shop, enctype, upload)
    (before,) = shop.code.calls
    # A frame that was opened meanwhile is part of the address, and changes nothing of the request.
    page.locator(".rows a", has_text="__call__").click()
    expect(page.locator("article.frame:visible h2")).to_contain_text("__call__")
    shop.works()
    bar(page).get_by_role("button", name="Send POST /cart again").click()
    healed(page)

    (after,) = shop.code.calls
    assert before[:2] == after[:2] == ("POST", "/cart")
    assert without_boundary(after) == without_boundary(before)
    assert page.url.startswith(f"{shop.base}/cart#frame=")


def without_boundary(call: tuple[str, str, str, Body]) -> tuple[str, Body]:
    """Browsers make a new boundary each time."""
    kind, body = call[2:]
    boundary = kind.partition("boundary=")[2]
    return (kind.replace(boundary, "-"), body.replace(boundary.encode(), b"-")) if boundary else (kind, body)


def test_after_a_start_that_failed_a_post_is_not_offered_until_it_can_be_answered(page: Page, shop: Shop) -> None:
    post_form(page, shop)
    shop.reload(lambda: shop.fail(ImportError("No module named 'teapots'")))
    expect(bar(page).locator("[data-says]")).to_have_text("The changed code failed to start.")
    expect(bar(page).get_by_role("button")).to_have_count(0)
    expect(bar(page).get_by_role("link", name="Show why")).to_have_attribute("href", f"{MOUNT}/tracebacks")

    shop.works()
    expect(bar(page).get_by_role("button", name="Send POST /cart again")).to_be_visible()
    expect(bar(page).get_by_role("link")).to_have_count(0)


# A page about a past error


def past_page(page: Page, shop: Shop) -> None:
    """The permanent address of the newest error."""
    entry = shop.app.debugger.registry.recent_groups()[0][0]
    page.goto(f"{shop.base}{MOUNT}/tracebacks/{entry.id}")


def test_the_permanent_page_of_an_error_runs_nothing_and_leads_to_its_request(page: Page, shop: Shop) -> None:
    page.request.get(f"{shop.base}/cart?size=2")
    past_page(page, shop)
    address = page.url
    shop.works()

    expect(bar(page).locator("[data-says]")).to_have_text("The code has changed since this error.")
    assert page.url == address
    assert shop.code.calls == []
    bar(page).get_by_role("link", name="Open /cart again").click()
    healed(page)
    assert page.url == f"{shop.base}/cart?size=2"


def test_the_permanent_page_of_a_post_offers_no_link(page: Page, shop: Shop) -> None:
    page.request.post(f"{shop.base}/cart", data="a=1")
    past_page(page, shop)
    shop.works()

    expect(bar(page).locator("[data-says]")).to_have_text("The code has changed since this error.")
    expect(bar(page).locator("a, button").locator("visible=true")).to_have_count(0)
    assert shop.code.calls == []


# Who holds a stream


HIDE = """(state) => {
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_page_that_nobody_sees_holds_no_stream_and_heals_when_it_is_seen(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.base}/cart")
    shop.events.wait_for_readers(1)
    page.evaluate(HIDE, "hidden")
    shop.events.wait_for_readers(0)
    shop.start(Code(works=True))
    expect(page.locator("#headline")).to_be_visible()
    assert shop.code.calls == []
    page.evaluate(HIDE, "visible")

    healed(page)


def test_a_page_that_is_left_lets_go_of_its_stream(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.base}/cart")
    shop.events.wait_for_readers(1)
    page.goto(f"{shop.base}/form?")

    shop.events.wait_for_readers(0)


def test_a_server_that_stops_is_told_apart_from_one_that_reloads(browser: Browser, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    shop = Shop(tmp_path)
    shop.start(Code(works=False))
    with one_page(browser) as page:
        with make_server("127.0.0.1", 0, shop) as server:
            page.goto(f"{server.url}cart")
            shop.events.wait_for_readers(1)
            shop.events.close()
        expect(bar(page).locator("[data-says]")).to_have_text(re.compile("is not responding"))

        shop.start(Code(works=True))
        with make_server("127.0.0.1", server.port, shop):
            healed(page)


# The list


def cause(page: Page, shop: Shop, path: str) -> None:
    assert page.request.get(f"{shop.base}{path}").status == 500


def test_the_list_of_errors_grows_by_itself(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.base}{MOUNT}/tracebacks")
    expect(page.get_by_text("No errors since the server started")).to_be_visible()
    shop.events.wait_for_readers(1)
    cause(page, shop, "/cart")
    expect(page.locator(".recents .title")).to_have_text(["KeyError: '/cart'"])
    cause(page, shop, "/cart")
    expect(page.locator(".recents .count")).to_have_text("2×")

    page.get_by_role("link", name="KeyError").click()
    expect(page.locator("#headline")).to_contain_text("/cart")


def test_what_is_unfolded_and_focused_in_the_list_stays_so(page: Page, shop: Shop) -> None:
    for _ in range(2):
        cause(page, shop, "/cart")
    page.goto(f"{shop.base}{MOUNT}/tracebacks")
    shop.events.wait_for_readers(1)
    page.get_by_text("1 earlier").click()
    page.locator(".recents li > a").focus()
    cause(page, shop, "/cart")

    expect(page.get_by_text("2 earlier")).to_be_visible()
    expect(page.locator(".recents details")).to_have_attribute("open", "")
    expect(page.locator(".recents li > a")).to_be_focused()


def test_the_list_of_a_new_worker_begins_anew(page: Page, shop: Shop) -> None:
    cause(page, shop, "/cart")
    page.goto(f"{shop.base}{MOUNT}/tracebacks")
    expect(page.locator(".recents li")).to_have_count(1)
    shop.works()

    expect(page.get_by_text("No errors since the server started")).to_be_visible()
    expect(bar(page).locator("[data-says]")).to_have_text("")


# A start that failed


def broken(source: str) -> BaseException:
    """What loading a module with this source raises, without the frames of the loader."""
    try:
        exec(compile(source, "/srv/shop/app.py", "exec"), {"__name__": "shop"})
    except Exception as error:
        trace = error.__traceback__
        return error.with_traceback(trace.tb_next if trace else None)
    raise AssertionError("the source works")


def test_a_start_that_failed_is_the_page_of_every_address_until_it_works(page: Page, shop: Shop) -> None:
    shop.fail(broken("def total(items:\n    return 1\n"))
    page.goto(f"{shop.base}/any/address")
    expect(page.locator("#headline")).to_contain_text("SyntaxError")
    notice = page.get_by_text("The application failed to start. Save a change and this page reloads by itself.")
    expect(notice).to_be_in_viewport()
    shop.reload(lambda: shop.fail(broken("limit = 3\nimport teapots\n")))
    expect(page.locator("#headline")).to_contain_text("No module named 'teapots'")
    prompt(page).fill("limit + 1")
    prompt(page).press("Enter")
    expect(page.locator(".entry .value")).to_have_text("4")

    shop.works()
    healed(page)
    assert page.url == f"{shop.base}/any/address"


def test_a_page_that_worked_is_followed_by_the_failure_and_healed_from_it(page: Page, shop: Shop) -> None:
    shop.start(Code(works=True))
    page.goto(f"{shop.base}/cart")
    healed(page)
    shop.fail(None, "The program ended with exit status 3 before it could serve.")
    page.reload()
    expect(page.get_by_role("heading", name="The application failed to start")).to_be_visible()
    expect(page.get_by_text("exit status 3")).to_be_visible()

    shop.works()
    healed(page)


# For everyone


def test_the_bar_has_no_violation_and_fits(page: Page, shop: Shop) -> None:
    post_form(page, shop)
    shop.works()
    expect(bar(page).get_by_role("button")).to_be_visible()
    assert violations(page) == []

    for width in (1440, 390, 320):
        page.set_viewport_size({"width": width, "height": 700})
        box = bar(page).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_page_of_a_failed_start_has_no_violation(page: Page, shop: Shop) -> None:
    shop.fail(None, "The program ended with exit status 3 before it could serve.")
    page.goto(f"{shop.base}/")
    assert violations(page) == []
    shop.fail(broken("import teapots"))
    page.goto(f"{shop.base}/")
    assert violations(page) == []
