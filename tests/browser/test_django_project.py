"""The example project in a real browser: unlocked by the link of the terminal, tried in consoles, healed by saves."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

pytest.importorskip("django.conf")

from browser.axe import violations
from browser.conftest import Watched
from browser.page_app import enter
from playwright.sync_api import Locator, Page, expect
from teahouse_support import FAILURES, PROJECT, House, copy_of_the_project, made_database, serving

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the reloader needs POSIX")

PIN = "314-159-265"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A copy of the project, which tests may break and mend."""
    folder = tmp_path_factory.mktemp("house")
    copy = copy_of_the_project(folder)
    state = tmp_path_factory.mktemp("state")
    state.chmod(0o700)
    variables = {"DEBUGKIT_STATE_DIR": str(state), "WERKZEUG_DEBUG_PIN": PIN}
    with serving("0", database=made_database(folder), folder=copy, **variables) as house:
        house.wait_for("Reloading with")
        yield house


@pytest.fixture
def base(house: House) -> str:
    return f"http://127.0.0.1:{house.port}"


@pytest.fixture
def page(own_page: Watched) -> Page:
    return own_page.page


def unlock(page: Page, base: str) -> None:
    """As a person does: with the PIN of the terminal."""
    page.goto(f"{base}{FAILURES['Write the invoice'].path}")
    page.get_by_role("button", name="Unlock").first.click()
    page.get_by_label("PIN").fill(PIN)
    page.get_by_role("dialog").get_by_role("button", name="Unlock").click()
    expect(prompt(page)).to_be_enabled()


def shown(page: Page) -> Locator:
    """The pane of the opened frame."""
    return page.locator("article.frame:visible")


def prompt(page: Page) -> Locator:
    return shown(page).get_by_label("Python to run")


def run(page: Page, source: str) -> Locator:
    return enter(shown(page), source)


def test_the_link_of_the_terminal_unlocks_the_console(house: House, page: Page, base: str) -> None:
    page.goto(f"{base}{FAILURES['Write the invoice'].path}")
    expect(shown(page).get_by_role("button", name="Unlock the console")).to_be_visible()
    page.goto(house.wait_for(r"http://\S+/unlock\?token=\S+")[0])
    page.goto(f"{base}{FAILURES['Write the invoice'].path}")

    expect(prompt(page)).to_be_enabled()
    expect(run(page, "booking.guest, extra").locator(".value")).to_have_text("('Hedy', 'honey cake')")


def test_the_console_has_the_request_the_settings_and_the_models_at_hand(page: Page, base: str) -> None:
    unlock(page, base)
    page.goto(f"{base}{FAILURES['Guests of 1998'].path}")
    expect(shown(page).locator("h2 .fn")).to_have_text("guests_in")

    expect(run(page, "request.path").locator(".value")).to_have_text("'/guestbook/1998/'")
    expect(run(page, "settings.ROOT_URLCONF").locator(".value")).to_have_text("'teahouse.urls'")
    expect(run(page, "Tea.objects.get(name='Matcha').cups()").locator(".value")).to_have_text("20")


def test_a_form_that_fails_shows_what_was_sent(page: Page, base: str) -> None:
    page.goto(base)
    page.get_by_role("button", name=FAILURES["Subscribe"].title).click()

    expect(page.locator("h1 .type")).to_contain_text("MultiValueDictKeyError")
    expect(page.get_by_text("ida@example.org").first).to_be_attached()


@pytest.mark.parametrize("title", ["Newsletter", "Count the cups", "How to find us"])
def test_the_failing_place_of_a_template_is_on_the_first_screen(page: Page, base: str, title: str) -> None:
    marked = {"Newsletter": "endfor", "Count the cups": "tea.cups", "How to find us": "_map.html"}
    page.goto(f"{base}{FAILURES[title].path}")

    mark = page.locator("mark").filter(has_text=marked[title]).first
    expect(mark).to_be_in_viewport()


def test_no_kind_of_page_breaks_its_policy_or_asks_elsewhere(page: Page, base: str) -> None:
    """What `own_page` checks at the end."""
    for title in ("Ask the suppliers", "Close the till", "Old prices", "Autumn", "Guests of 1998", "Ask for seats"):
        page.goto(f"{base}{FAILURES[title].path}")
        expect(page.locator("h1 .type")).to_contain_text(FAILURES[title].raises)


def test_the_front_page_of_the_example_is_for_everyone(page: Page, base: str) -> None:
    page.goto(base)
    assert violations(page) == []


# Healing: each of these tests mends something else, and it stays so.


def replace(house: House, name: str, old: str, new: str) -> None:
    text = house.text_of(name)
    assert old in text
    house.write(name, text.replace(old, new))


def test_the_page_of_an_error_heals_when_the_file_is_saved(house: House, page: Page, base: str) -> None:
    page.goto(f"{base}{FAILURES['Write the invoice'].path}")
    expect(page.locator("h1 .type")).to_have_text("KeyError")
    replace(house, "tastings/prices.py", '"jam": 80,', '"jam": 80, "honey cake": 420,')

    expect(page.get_by_text("First flush, 2 teas: 66,00 €")).to_be_visible()


def test_broken_models_are_shown_on_the_open_page_and_heal_by_themselves(house: House, page: Page, base: str) -> None:
    page.goto(f"{base}{FAILURES['Redeem a voucher'].path}")
    replace(house, "tastings/models.py", "class Voucher(", "class Voucher")
    expect(page.locator("#headline")).to_contain_text("SyntaxError")
    replace(house, "tastings/models.py", "class Voucher", "class Voucher(")

    expect(page.locator("#headline")).to_contain_text("VoucherError")


def test_a_template_that_is_mended_heals_the_page_without_a_restart(house: House, page: Page, base: str) -> None:
    worker = house.worker
    page.goto(f"{base}{FAILURES['Count the cups'].path}")
    expect(page.locator("h1 .type")).to_have_text("ZeroDivisionError")
    replace(house, "tastings/templates/tastings/cups.html", "{{ tea.cups }} cups", "{{ tea.grams }} grams")

    expect(page.get_by_text("250 grams")).to_be_visible()
    assert house.worker == worker


def test_an_upload_that_failed_is_sent_again_with_its_file_when_asked(house: House, page: Page, base: str) -> None:
    page.goto(f"{base}/guestbook/import/")
    page.get_by_label("Guest list").set_input_files(PROJECT / "guestbook" / "guests-1998.csv")
    page.get_by_role("button", name="Import").click()
    expect(page.locator("h1 .type")).to_have_text("UnicodeDecodeError")
    replace(house, "guestbook/guestlist.py", '"utf-8"', '"latin-1"')
    page.get_by_role("button", name="Send POST /guestbook/import/ again").click()

    expect(page.get_by_text("3 guests of Café Central.")).to_be_visible()
