"""What an error is called, and what of it stands unfolded."""

from __future__ import annotations

import pytest
from capture_support import caught
from client import Client

from debugkit import DebuggedApplication
from debugkit.debug.page.frame_models import CLAMPED, LINE_EACH, SHARES_A_LINE, LineView, SourceView, ValueView
from debugkit.debug.page.headline import (
    LARGE,
    LONGEST_LINK,
    MEDIUM,
    MOST_LINKS,
    SINGLE_LINE,
    headline,
    linked,
    shortened,
)
from debugkit.debug.source.excerpt import Gap


@pytest.mark.parametrize(("length", "size"), [(LARGE, "short"), (LARGE + 1, "medium"), (MEDIUM + 1, "long")])
def test_the_longer_a_message_is_the_smaller_it_is_set(length: int, size: str) -> None:
    assert headline("ValueError", "x" * length).size == size


def test_a_headline_has_the_module_apart_and_one_line_for_the_bar() -> None:
    view = headline("sqlalchemy.exc.OperationalError", "no such table\n" * 40)

    assert (view.module, view.type, view.verbatim) == ("sqlalchemy.exc.", "OperationalError", True)
    assert len(view.single_line) == SINGLE_LINE
    assert headline("KeyError", "'price'").verbatim
    assert not headline("ValueError", "too small").verbatim
    assert headline("ValueError", "too small").module == ""


def test_what_is_shortened_ends_with_an_ellipsis() -> None:
    assert (shortened("tea", 3), shortened("teas", 3)) == ("tea", "te…")


def test_values_and_lines_say_how_much_room_they_take() -> None:
    short, wide, long = (ValueView("a", "x" * length) for length in (1, SHARES_A_LINE + 1, CLAMPED + 1))

    assert [(value.wide, value.clamped) for value in (short, wide, long)] == [
        (False, False),
        (True, False),
        (True, True),
    ]
    assert not LineView(1, (), values=(short,) * LINE_EACH).crowded
    assert LineView(1, (), values=(short,) * (LINE_EACH + 1)).crowded
    assert SourceView((LineView(98, ()), Gap(99, 1_000))).digits == 4
    assert SourceView((LineView(12_345_678, ()),)).digits == 6


@pytest.mark.parametrize(("count", "unfolded", "origins", "folded"), [(4, 4, 4, 0), (5, 0, 3, 2), (12, 0, 3, 9)])
def test_a_few_exceptions_of_a_group_are_unfolded_and_of_many_the_first(
    count: int, unfolded: int, origins: int, folded: int
) -> None:
    def fail(number: int) -> None:
        raise ValueError(number)

    def app(environ: object, start_response: object) -> list[bytes]:
        raise ExceptionGroup("several", [caught(fail, number) for number in range(count)])

    html = Client(DebuggedApplication(app))("/").text

    assert html.count("<li><details open>") == unfolded
    assert html.count('<span class="relation">also raised</span>') == origins + folded
    assert (f"<summary>{folded} more</summary>" in html) == bool(folded)


# Links in messages


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("(Background on this error at: https://sqlalche.me/e/21/gkpj)", ["https://sqlalche.me/e/21/gkpj"]),
        ("See http://a.test/x?y=1&z=[2], or HTTPS://b.test.", ["http://a.test/x?y=1&z=[2]", "HTTPS://b.test"]),
        ("https://a.test/tea_(drink) “https://b.test/”", ["https://a.test/tea_(drink)", "https://b.test/"]),
        ("'https://a.test/it's'", ["https://a.test/it's"]),
        ("javascript:alert(1) ftp://a.test xhttp://a.test data:text/html,x https:// http://)", []),
        ("https://bank.test@evil.test/ https://user:pw@a.test", []),
        ("https://a.test/?token=•••••• https://user:••••••@a.test/ https://ex••••••.test", []),
        ("https://exämple.test/", []),
        (f"https://a.test/{'x' * LONGEST_LINK}", []),
    ],
)
def test_addresses_of_the_web_in_a_message_are_links(text: str, urls: list[str]) -> None:
    pieces = linked(text)

    assert [piece.url for piece in pieces if piece.url] == urls
    assert "".join(piece.text for piece in pieces) == text


def test_a_message_has_a_bounded_number_of_links() -> None:
    pieces = linked("http://a.test " * 1000)

    assert sum(bool(piece.url) for piece in pieces) == MOST_LINKS
    assert "".join(piece.text for piece in pieces) == "http://a.test " * 1000


def test_a_link_in_a_message_or_a_note_opens_elsewhere_and_is_escaped() -> None:
    def app(environ: object, start_response: object) -> list[bytes]:
        error = ValueError('see https://a.test/?a=1&b="><script> or https://a.test/?password=hunter2-hunter2')
        error.add_note("also http://b.test")
        raise error

    html = Client(DebuggedApplication(app))("/").text

    assert '<a href="https://a.test/?a=1&amp;b=" target="_blank" rel="noopener noreferrer">' in html
    assert '<li>also <a href="http://b.test" target="_blank"' in html
    assert "<script>" not in html
    assert "https://a.test/?password=••••••" in html[html.index("<h1") : html.index("</h1>")]
