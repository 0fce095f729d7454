from __future__ import annotations

import pytest

from debugkit.debug.page.frame_models import Span
from debugkit.debug.page.frame_names import short_filename
from debugkit.debug.page.spans import cut, spans
from debugkit.debug.source.excerpt import SourceLine
from debugkit.debug.tracebacks.frame_locals import local_values


def line(*tokens: tuple[str, str], marks: tuple[tuple[int, int], ...] = ()) -> SourceLine:
    return SourceLine(7, "".join(text for _, text in tokens), tokens, True, marks)


@pytest.mark.parametrize(
    ("text", "start", "marks", "pieces"),
    [
        ("abcdef", 0, [], [("abcdef", False)]),
        ("abcdef", 0, [(0, 6)], [("abcdef", True)]),
        ("abcdef", 0, [(2, 4)], [("ab", False), ("cd", True), ("ef", False)]),
        ("abcdef", 10, [(12, 14)], [("ab", False), ("cd", True), ("ef", False)]),
        ("abcdef", 0, [(4, 9)], [("abcd", False), ("ef", True)]),
        ("abcdef", 5, [(0, 7)], [("ab", True), ("cdef", False)]),
        ("abcdef", 0, [(0, 1), (5, 6)], [("a", True), ("bcde", False), ("f", True)]),
        ("abcdef", 0, [(6, 9)], [("abcdef", False)]),
        ("", 0, [(0, 3)], []),
    ],
)
def test_text_is_cut_where_a_mark_begins_and_ends(
    text: str, start: int, marks: list[tuple[int, int]], pieces: list[tuple[str, bool]]
) -> None:
    assert list(cut(text, start, marks)) == pieces


def test_neighbours_of_one_look_become_one_span() -> None:
    found = list(spans(line(("k", "if"), ("p", "("), ("p", ")"), ("", " "), ("n", "x"), ("s1", "'"), ("s1", "y'"))))

    assert found == [Span("if", "k"), Span("() x"), Span("'y'", "s1")]


def test_a_mark_keeps_the_colours_and_the_text() -> None:
    tokens = (
        ("n", "amount"),
        (" ", " "),
        ("o", "+="),
        ("", " "),
        ("n", "item"),
        ("p", "["),
        ("s1", "'price'"),
        ("p", "]"),
    )
    found = list(spans(line(*tokens, marks=((10, 23),))))

    assert "".join(span.text for span in found) == "amount += item['price']"
    assert "".join(span.text for span in found if span.mark) == "item['price']"


def test_a_name_carries_its_value_and_stays_a_span_of_its_own() -> None:
    values = {4: "<Cart>", 10: "[1, 2]", 5: "no name ends here"}
    found = list(spans(line(("n", "self"), ("o", "."), ("n", "items")), values))

    assert [(span.text, span.value) for span in found] == [("self", "<Cart>"), (".", ""), ("items", "[1, 2]")]


def test_a_name_from_right_to_left_is_a_span_of_its_own() -> None:
    tokens = (("n", "שם"), ("", " "), ("o", "+"), ("", " "), ("n", "שם2"), ("p", ")"))

    assert [(span.text, span.css) for span in spans(line(*tokens))] == [
        ("שם", "rtl"),
        (" + ", ""),
        ("שם2", "rtl"),
        (")", ""),
    ]


def test_classes_without_a_colour_are_left_out() -> None:
    from debugkit.debug.page import assets
    from debugkit.debug.page.spans import COLOURLESS

    styles = assets.style("syntax").partition("[data-error]")[0]  # the traceback of a command has them all

    assert not [css for css in COLOURLESS if f".t-{css} " in styles or f".t-{css}," in styles]


def test_module_level_values_leave_out_what_every_module_has() -> None:
    import os

    names = {"__name__": "x", "os": os, "helper": test_module_level_values_leave_out_what_every_module_has, "rows": [1]}

    assert list(local_values(names, module_level=True)) == [("rows", [1])]
    assert [name for name, _ in local_values({".0": 1, **names}, module_level=False)] == list(names)


def test_a_file_is_named_as_a_person_would(tmp_path: object) -> None:
    from pathlib import Path

    assert short_filename(str(Path.cwd() / "shop" / "cart.py"), library=False) == "shop/cart.py"
    assert short_filename("/somewhere/else/cart.py", library=False) == "/somewhere/else/cart.py"
    assert short_filename("<string>", library=False) == "<string>"
    assert short_filename(pytest.__file__, library=True) == "pytest/__init__.py"
