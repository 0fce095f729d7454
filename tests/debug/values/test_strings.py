"""Strings and bytes: redacted before they are cut, and opened in pieces."""

from __future__ import annotations

import pytest

from debugkit.debug.redaction.redactor import Redactor
from debugkit.debug.values.describe import Describer
from debugkit.debug.values.strings import PIECE
from debugkit.settings import Limits


@pytest.mark.parametrize(
    ("value", "text", "kind", "name"),
    [
        ("it's", '"it\'s"', "string", "str"),
        ("a\n\x00\ud800\u202e", r"'a\n\x00\ud800\u202e'", "string", "str"),
        (b"ab\xff", r"b'ab\xff'", "string", "bytes"),
        (bytearray(b"ab"), "bytearray(b'ab')", "string", "bytearray"),
    ],
)
def test_a_string_in_one_line(describer, value, text, kind, name):
    node = describer.describe(value)
    assert (node.text, node.kind) == (text, kind)
    assert name is None or node.type == name
    assert not node.redacted


def test_a_long_string_says_how_long_it_is(describer):
    text = describer.describe("abc" * 1_000).text
    assert text.startswith("'abcabc")
    assert text.endswith("…' (3,000 characters)")
    assert describer.describe(b"ab" * 1_000).text.endswith("…' (2,000 bytes)")


def test_a_long_string_opens_into_its_pieces(describer):
    text = "0123456789" * 500
    assert describer.describe(text).openable
    first, last = describer.children(text), describer.children(text, "", 2)
    assert (first.total, first.next_offset, last.next_offset) == (3, 1, None)
    assert first.items[0].node.text == text[:2_000]
    assert last.items[0].node.text == text[4_000:]
    assert not first.items[0].node.openable


def test_the_value_of_a_secret_variable_of_the_environment_is_hidden_everywhere():
    redactor = Redactor(environ={"API_SECRET": "sk_live_12345"})
    with Describer(Limits(), redactor) as describer:
        assert describer.describe("sk_live_12345").redacted
        assert describer.describe(b"sk_live_12345").redacted
        assert "sk_live" not in describer.describe({"x": ["a sk_live_12345 b"], "sk_live_12345": 1}).text
        assert "sk_live" not in str([c.label for c in describer.children({"sk_live_12345": 1}).items])


def test_a_secret_at_the_edge_of_a_line_is_hidden_as_a_whole():
    redactor = Redactor(environ={"API_SECRET": "s" * 100})
    with Describer(Limits(), redactor) as describer:
        for before in range(80, 220, 7):
            text = describer.describe("a" * before + "s" * 100 + "b" * 5_000).text
            assert "ss" not in text


def test_a_secret_at_the_edge_of_a_piece_of_a_string_is_hidden_as_a_whole():
    redactor = Redactor(environ={"API_SECRET": "s" * 100})
    with Describer(Limits(), redactor) as describer:
        text = "a" * (PIECE - 50) + "s" * 100 + "b" * PIECE
        pieces = [child.node.text for offset in range(3) for child in describer.children(text, "", offset).items]
        assert "s" not in "".join(pieces)
