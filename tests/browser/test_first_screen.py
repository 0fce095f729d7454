"""The reader's own failing line is on the first screen, whoever raised what: on a laptop, a phone, at 200 % zoom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import django_site
import pytest
import sqlalchemy as sa
from browser.page_app import enter, one_page
from playwright.sync_api import Browser, Page, ViewportSize, expect
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from debugkit import DebuggedApplication
from debugkit.serving.server import make_server

PIN = "314-159-265"
#: CSS pixels; the last two are 1440x900 and 1280x720 at 200 % zoom. Within a row the window of a page is resized.
SIZES: list[list[ViewportSize]] = [
    [{"width": 1440, "height": 900}, {"width": 1280, "height": 720}],
    [{"width": 390, "height": 844}],
    [{"width": 720, "height": 450}, {"width": 640, "height": 360}],
]


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    city: Mapped[str]


def wrapped() -> object:
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        for email in ("ada@example.test", "bob@example.test", "ada@example.test"):
            session.add(Customer(email=email, name=email.partition("@")[0], city="London"))
        session.commit()
    return engine


def asked(supplier: str, answer: str, answers: list[str]) -> int:
    return len(supplier) + int(answer)


def group() -> object:
    answers = [f"answer {number} is no number" for number in range(12)]
    errors: list[Exception] = []
    for number, answer in enumerate(answers):
        try:
            asked(f"supplier-{number}", answer, answers)
        except ValueError as error:
            errors.append(error)
    raise ExceptionGroup("suppliers failed", errors)


def six(price: str = "4,50", step: int = 6) -> float:
    if step == 1:
        return float(price)
    try:
        return six(price, step - 1)
    except Exception as error:
        raise RuntimeError(f"step {step} failed with {price}") from error


def message() -> object:
    raise ValueError("\n".join(f"line {number} of what went wrong" for number in range(20)))


VIEWS: dict[str, Callable[[], object]] = {f"/{view.__name__}": view for view in (wrapped, group, six, message)}


def app(environ: dict[str, Any], start_response: object) -> list[bytes]:
    VIEWS[environ["PATH_INFO"]]()
    raise AssertionError("every view fails")


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    with one_page(browser) as page:
        yield page


@pytest.fixture(scope="module")
def base(window: Page) -> Iterator[str]:
    debugged = DebuggedApplication(app, pin=PIN)
    with make_server("127.0.0.1", 0, debugged) as server:
        url = server.url.rstrip("/")
        window.goto(f"{url}/__debugkit__/unlock?token={debugged.debugger.pin_auth.issue_token()}")
        yield url


@pytest.fixture(scope="module")
def django_base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    state = tmp_path_factory.mktemp("state")
    state.chmod(0o700)
    with django_site.debugged(state_dir=state) as debugged, make_server("127.0.0.1", 0, debugged) as server:
        yield server.url.rstrip("/")


def hidden_at(page: Page, url: str) -> list[ViewportSize]:
    """The sizes of a window at which the failing line is not whole on the first screen."""
    hidden = []
    for number, size in ((number, size) for row in SIZES for number, size in enumerate(row)):
        page.set_viewport_size(size)
        if number == 0:
            page.goto(url)
        box = page.locator("article.frame .l.cur").first.bounding_box()
        wide = page.evaluate("document.documentElement.scrollWidth") > size["width"]
        if box is None or box["y"] < 0 or box["y"] + box["height"] > size["height"] or wide:
            hidden.append(size)
    return hidden


@pytest.mark.parametrize("path", sorted(VIEWS))
def test_the_failing_line_is_above_the_fold(window: Page, base: str, path: str) -> None:
    assert hidden_at(window, f"{base}{path}") == []


@pytest.mark.parametrize("path", ["/database/", "/cart/", "/missing/"])
def test_the_failing_line_of_a_django_project_is_above_the_fold(window: Page, django_base: str, path: str) -> None:
    assert hidden_at(window, f"{django_base}{path}") == []


def test_eight_lines_of_a_message_are_shown_and_the_rest_on_demand(window: Page, base: str) -> None:
    window.set_viewport_size({"width": 1280, "height": 720})
    window.goto(f"{base}/message")
    text = window.locator("h1 .val")
    box = text.bounding_box()
    assert box
    assert 8 <= box["height"] / 21 < 9

    window.get_by_role("button", name="Show all").click()

    expect(text).to_contain_text("line 19")
    whole = text.bounding_box()
    assert whole
    assert whole["height"] / 21 > 19


def test_a_member_of_a_group_opens_where_it_stands_with_its_frames_and_a_console(window: Page, base: str) -> None:
    window.set_viewport_size({"width": 1440, "height": 900})
    window.goto(f"{base}/group")
    region = window.get_by_role("region", name="Other exceptions")
    region.locator("summary").click()
    link = region.get_by_role("link", name="answer 11 is no number")
    member = region.locator("dk-member").last

    link.click()

    expect(link).to_have_attribute("aria-expanded", "true")
    expect(member.locator("article:visible h2 .fn")).to_have_text("asked")
    expect(window.locator("main h2 .fn")).to_have_text("group")
    enter(member.locator("article:visible"), "supplier + '!'")
    expect(member.get_by_role("log")).to_contain_text("supplier-11!")
    member.locator(".in-place > ol a", has_text="group").click()
    expect(member.locator("article:visible h2 .fn")).to_have_text("group")

    link.click()
    expect(member.locator("article:visible")).to_have_count(0)
    link.click()
    member.locator(".in-place > ol a", has_text="asked").click()
    expect(member.get_by_role("log")).to_contain_text("supplier-11!")


def test_a_key_leads_to_the_root_cause_and_from_there_to_the_result(window: Page, base: str) -> None:
    window.goto(f"{base}/six")
    steps = window.get_by_role("list", name="How it came to this").get_by_role("link")
    opened = window.locator("main article:visible .l.cur")

    window.keyboard.press("x")
    expect(steps.first).to_have_attribute("aria-current", "step")
    expect(opened).to_contain_text("return float(price)")

    window.keyboard.press("x")
    expect(steps.last).to_have_attribute("aria-current", "step")
    expect(opened).to_contain_text("raise RuntimeError")
    expect(steps.first).not_to_have_attribute("aria-current", "step")
