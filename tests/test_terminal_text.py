"""Text of strangers in a terminal: it is read there, and does nothing."""

from __future__ import annotations

import unicodedata

import pytest

from debugkit import terminal_text

#: Of category Cf, and written in ordinary text: they join letters, or say how digits belong together.
HARMLESS = {"\u200c", "\u200d"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b2J", "\\x9b2J"),
        ("\x7f\r\x08", "\\x7f\\x0d\\x08"),
        ("user\u202egnp.exe", "user\\u202egnp.exe"),
        ("\u2066a\u2069 \u200f \u061c", "\\u2066a\\u2069 \\u200f \\u061c"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("\u2028", "\\u2028"),
    ],
)
def test_what_steers_a_terminal_becomes_an_escape(text: str, shown: str) -> None:
    assert terminal_text.line(text) == terminal_text.lines(text) == terminal_text.quoted(text) == shown


@pytest.mark.parametrize(
    "text", ["plain", "Grüße, 世界", "\U0001f469\u200d\U0001f4bb", "می\u200cخواهم", "a\\x1b", "\u00a0"]
)
def test_what_people_write_stays(text: str) -> None:
    assert terminal_text.line(text) == terminal_text.lines(text) == text


def test_no_control_character_and_no_direction_mark_is_forgotten() -> None:
    for code in range(0x110000):
        char = chr(code)
        steers = unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(char) in (
            *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"),
            *("BN",) * (unicodedata.category(char) == "Cf" and char not in HARMLESS and code < 0xF0000),
        )
        # Beamed notes of music: of no width, and in no text but of music.
        if steers and not 0x1D173 <= code <= 0x1D17A and not 0x1BCA0 <= code <= 0x1BCA3:
            assert char not in terminal_text.line(char), hex(code)


def test_a_line_has_no_second_line_and_lines_keep_theirs() -> None:
    assert terminal_text.line("a\nb\tc") == "a\\x0ab\\x09c"
    assert terminal_text.lines("a\nb\tc\r\n") == "a\nb\tc\\x0d\n"


@pytest.mark.parametrize(
    "forged",
    [
        " * Unlock this browser: http://evil.example/",
        "* Debugger PIN: 123-456-789",
        "\t  *\tDebugger page: http://evil.example/",
        "\u00a0*\u2003Unlock this browser: http://evil.example/",
        "Debugger page: http://evil.example/",
        "Unlock this browser: http://evil.example/",
    ],
)
def test_no_line_can_be_taken_for_one_of_ours(forged: str) -> None:
    assert terminal_text.quoted(f"KeyError: x\n{forged}") == f"KeyError: x\n| {forged}"
    assert terminal_text.quoted(forged) == f"| {forged}"


def test_lines_of_a_traceback_stay_as_they_are() -> None:
    text = '  File "a.py", line 1, in f\n    total(*args)\n          ^^^^^\n    **options\nValueError: 2 * 3\n'
    assert terminal_text.quoted(text) == text
