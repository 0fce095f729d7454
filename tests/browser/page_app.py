"""An application with one address for each kind of failure, and a server around it, for the tests of the real page."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from debugkit import DebuggedApplication
from debugkit.serving.server import make_server

PIN = "314-159-265"
MOUNT = "/__debugkit__"
#: Milliseconds for whatever must happen in a page, on a machine that is as busy as can be.
PATIENCE = 100_000
SIZE: ViewportSize = {"width": 1440, "height": 900}

FORM = b"""<!doctype html><title>Form</title>
<form method="post" action="/checkout"><input name="item" value="Tea"><button>Pay</button></form>"""

ITEMS = [{"name": "Tea", "price": 4, "count": 2}, {"name": "Cake", "cost": 3, "count": 1}]


class Cart:
    def __init__(self, items: list[dict[str, Any]]) -> None:
        self.items = items
        self.stock = {f"sku-{number:03}": {"left": number, "where": ["north", "south"]} for number in range(120)}

    def total(self) -> int:
        amount = 0
        for item in self.items:
            amount += price_of(item) * item["count"]
        return amount


def price_of(item: dict[str, Any]) -> int:
    currency = "EUR"
    return int(item["price"]) if currency else 0


def checkout() -> object:
    cart = Cart(ITEMS)
    return cart.total()


def order() -> object:
    return read_order('{"item": "Tea", "count": }')


def read_order(body: str) -> object:
    kind = "order"
    return {kind: json.loads(body)}


def webhook() -> object:
    return json.loads('{"amount": "12,50"}', object_hook=convert)


def convert(data: dict[str, str]) -> dict[str, float]:
    return {name: float(text) for name, text in data.items()}


class ProfileError(Exception):
    pass


def chain() -> object:
    user = "ada"
    try:
        return load_profile({"name": user, "age": "forty"})
    except ProfileError as error:
        raise RuntimeError(f"no page for {user}") from error


def load_profile(row: dict[str, str]) -> int:
    try:
        return int(row["age"])
    except ValueError as error:
        raise ProfileError("bad profile") from error


def group() -> object:
    errors = []
    for supplier, answer in {"north": "many", "south": "few", "west": "none"}.items():
        try:
            ask(supplier, answer)
        except ValueError as error:
            errors.append(error)
    raise ExceptionGroup("suppliers failed", errors)


def ask(supplier: str, answer: str) -> int:
    return len(supplier) + int(answer)


def recursion() -> object:
    return path_of("a", {"a": "b", "b": "a"})


def path_of(category: str, parents: dict[str, str]) -> str:
    return path_of(parents[category], parents) + "/" + category


TEMPLATES = jinja2.Environment(
    loader=jinja2.DictLoader(
        {
            "receipt.html": "<h1>Receipt</h1>\n<ul>\n{% for line in lines %}\n"
            "<li>{{ line.price.amount }}</li>\n{% endfor %}\n</ul>",
            "deploy.yaml": "service: shop\nreplicas: 3\nlimits: {cpu: 2, memory: 512}\nimage: {{ image.name }}\n",
        }
    ),
    undefined=jinja2.StrictUndefined,
)


def template() -> object:
    return TEMPLATES.get_template("receipt.html").render(lines=[{"name": "Tea"}])


TEMPLATES.globals["house"] = {"name": "Teahouse", "city": "Aarhus"}


def yaml_template() -> object:
    return TEMPLATES.get_template("deploy.yaml").render()


def long_message() -> object:
    rows = {f"field_{number}": f"value number {number}" for number in range(400)}
    raise ValueError(f"these fields are not known: {rows}")


MARKUP = "<img src=x onerror=document.title='broken'></textarea></script><script>document.title='broken'</script>"


def markup() -> object:
    values = {MARKUP: MARKUP}
    error = ValueError(MARKUP)
    error.add_note(MARKUP)
    raise error from KeyError(values)


def with_note() -> object:
    error = AttributeError("no such supplier")
    error.add_note("while reading suppliers.csv")
    raise error


def an_unusually_long_name_that_no_narrow_list_of_frames_could_ever_show_in_full() -> object:
    return {}["missing"]


def many_locals() -> object:
    text = "long text " * 300
    numbers = list(range(100_000))
    table = {f"column_{number}": {"width": number, "title": f"Column {number}"} for number in range(500)}
    a, b, c, d, e, f, g, h, i, j, k, m, n, p = range(14)
    return text, numbers, table["missing"], (a, b, c, d, e, f, g, h, i, j, k, m, n, p)


@dataclass
class Shop:
    """The application. Counts its calls by method and path."""

    broken_file: Path
    calls: Counter[str] = field(default_factory=Counter)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.calls[f"{method} {path}"] += 1
        if path == "/form":
            start_response("200 OK", [("Content-Type", "text/html")])
            return [FORM]
        if path == "/favicon.ico":
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b""]
        views[path.strip("/").replace("-", "_")](self)
        raise AssertionError("every view fails")

    def syntax(self) -> object:
        return compile(self.broken_file.read_text(), str(self.broken_file), "exec")


views: dict[str, Callable[[Shop], object]] = {
    view.__name__: lambda shop, view=view: view()  # type: ignore[misc]
    for view in (
        checkout,
        order,
        webhook,
        chain,
        group,
        recursion,
        template,
        yaml_template,
        long_message,
        markup,
        with_note,
        many_locals,
    )
}
views["long_name"] = lambda shop: an_unusually_long_name_that_no_narrow_list_of_frames_could_ever_show_in_full()
views["syntax"] = Shop.syntax


@dataclass
class Site:
    """The served application, and its debugger."""

    shop: Shop
    app: DebuggedApplication
    base: str

    def unlock(self, page: Page) -> None:
        unlock(page, self.base, self.app)

    @property
    def unlock_url(self) -> str:
        """A one-time link as the terminal prints it."""
        return f"{self.base}{MOUNT}/unlock?token={self.app.debugger.pin_auth.issue_token()}"


@contextmanager
def one_page(browser: Browser, **preferences: Any) -> Iterator[Page]:
    """A page for many tests in turn: a new one for each, with nothing in its cache, takes most of a test's time."""
    context = browser.new_context(**({"viewport": SIZE} | preferences))
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def unlock(page: Page, base: str, app: DebuggedApplication) -> None:
    """Leave both halves of a session in a browser, as the link of the terminal does with a page of its own."""
    gate = app.debugger.pin_auth
    session = gate.issue_session()
    page.context.add_cookies(
        [{"name": gate.cookie_name, "value": session, "url": base, "httpOnly": True, "sameSite": "Strict"}]
    )
    if not page.url.startswith(f"{base}/"):
        page.goto(f"{base}/form")
    page.evaluate("([name, key]) => localStorage.setItem(name, key)", [f"debugkit.key {MOUNT}", gate.key_of(session)])


#: What a tab keeps, it keeps when its page is left.
FORGET_TAB = """() => {
    const forget = (event) => {
        event.stopImmediatePropagation();
        if (location.protocol === "http:") sessionStorage.clear();
    };
    addEventListener("pagehide", forget, { capture: true });
    document.addEventListener("visibilitychange", forget, { capture: true });
}"""


def forget(page: Page, base: str) -> None:
    """Leave a page as if it were new, but for its cache."""
    page.context.clear_cookies()
    page.context.clear_permissions()
    session = page.context.new_cdp_session(page)
    session.send("Storage.clearDataForOrigin", {"origin": base, "storageTypes": "local_storage"})
    session.detach()
    page.evaluate(FORGET_TAB)
    page.set_viewport_size(SIZE)
    page.emulate_media(media="null", color_scheme="null", reduced_motion="null", forced_colors="null")


@contextmanager
def served(folder: Path, **settings: Any) -> Iterator[Site]:
    """Serve the application on a free port; ``folder`` keeps its files and the debugger's secret."""
    broken = folder / "broken.py"
    broken.write_text("def total(items):\n    return sum(item.price for item in items\n\ndef next_one():\n    pass\n")
    state = folder / "state"
    state.mkdir(mode=0o700)
    shop = Shop(broken)
    choices: dict[str, Any] = {"pin": PIN, "console_path": "/console", "state_dir": state}
    app = DebuggedApplication(shop, **(choices | settings))
    with make_server("127.0.0.1", 0, app) as server:
        yield Site(shop, app, server.url.rstrip("/"))


def enter(pane: Locator, source: str) -> Locator:
    """Run a command in the console of ``pane``; the entry that it gets in the log."""
    entries, prompt = pane.locator(".entry"), pane.get_by_label("Python to run")
    before = entries.count()
    prompt.fill(source)
    prompt.press("Enter")
    expect(entries).to_have_count(before + 1)
    expect(entries.last).not_to_have_attribute("data-state", re.compile("."))
    return entries.last
