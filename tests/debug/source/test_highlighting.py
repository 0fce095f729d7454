"""Highlighting: whatever the text is, and whatever the lexer makes of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from growth_support import BOUND, growth
from hypothesis import given
from hypothesis import strategies as st

from debugkit.debug.source import highlighting
from debugkit.debug.source.highlighting import highlight, language


def texts(lines: list[list[tuple[str, str]]]) -> list[str]:
    return ["".join(text for _, text in tokens) for tokens in lines]


# Languages


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("/app/shop.py", "python"),
        ("/app/SHOP.PYX", "cython"),
        ("/app/settings.cfg", "python"),
        ("/app.html/script", "python"),
        ("", "python"),
        ("\udcff\0.xml", "xml"),
        ("<string>", "python"),
        ("mail.txt.j2", "python"),
    ],
)
def test_a_file_is_python_unless_its_suffix_is_known(filename: str, expected: str) -> None:
    assert language(filename) == expected


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("mail.txt.j2", "text+jinja"),
        ("PAGE.HTML", "html+jinja"),
        ("page", "html+jinja"),
        ("query.sql.jinja2", "sql+jinja"),
        ("\udcff.no such language", "text+jinja"),
    ],
)
def test_a_template_has_the_language_that_it_makes(filename: str, expected: str) -> None:
    assert language(filename, template=True) == expected


@pytest.mark.parametrize("language", sorted(set(highlighting._LANGUAGES.values())))
def test_every_language_in_the_table_has_a_lexer(language: str) -> None:
    assert texts(highlight(["<a>"], language)) == ["<a>"]


# Tokens


def test_there_is_a_line_of_tokens_for_each_line() -> None:
    lines = highlight(["def f():", "", "    'ä'  # why"], "python")
    assert texts(lines) == ["def f():", "", "    'ä'  # why"]
    assert ("k", "def") in lines[0]
    assert lines[1] == []
    assert lines[2][1:2] + lines[2][3:] == [("s1", "'ä'"), ("c1", "# why")]


def test_a_string_of_several_lines_is_a_string_in_each() -> None:
    assert {css for tokens in highlight(['"""', "def", '"""'], "python") for css, _ in tokens} == {"sd"}


def test_control_characters_are_replaced_one_for_one() -> None:
    assert texts(highlight(["'\0\x1b\x7f\x9b\t'", "x"], "python")) == ["'␀␛␡\ufffd\t'", "x"]


@given(
    st.text(alphabet=st.sampled_from("'\"#\\\n\t (){}:f%ä\x0c\x85\u2028"), max_size=80),
    st.sampled_from(["python", "html+jinja"]),
)
def test_any_text_comes_out_of_the_lexer_as_it_went_in(text: str, language: str) -> None:
    code = text + "\n"
    assert texts(highlighting._split(highlighting._tokens(code, language))) == code.split("\n")[:-1]


@pytest.mark.parametrize("blank", [" ", "    ", "\x0c"])
def test_lines_of_blanks_stay_as_they_are_and_cost_in_proportion_to_their_number(blank: str) -> None:
    def highlighting_of(count: int) -> Callable[[], object]:
        lines = ["if x:", *[blank] * count]
        assert texts(highlight(lines, "python"))[1:] == [blank.replace("\x0c", "\u240c")] * count
        return lambda: highlight(lines, "python")

    assert growth(highlighting_of, 500) < BOUND


def test_a_lexer_that_loses_text_is_not_believed() -> None:
    assert highlighting._verbatim([[("k", "b")]], ["ab"]) == [[("", "ab")]]
    assert highlighting._verbatim([[("k", "ab")]], ["ab"]) == [[("k", "ab")]]


def test_only_comments_have_classes_that_begin_with_c() -> None:
    from pygments.token import STANDARD_TYPES, Comment

    assert [kind for kind, css in STANDARD_TYPES.items() if css.startswith("c") and kind not in Comment] == []


def test_a_token_type_of_a_lexers_own_has_the_class_of_its_parent() -> None:
    from pygments.token import Keyword

    assert highlighting._css(Keyword.Type.Of.My.Own) == "kt"


def test_the_rest_of_a_huge_text_is_shown_without_colours() -> None:
    text = "#" * 999_990 + "\n" + "x = 1\n" * 100
    tokens = list(highlighting._tokens(text, "python"))
    assert "".join(piece for _, piece in tokens) == text
    assert tokens[-1][0] == ""
    assert len(tokens[-1][1]) > 500


# Cost


def test_importing_the_modules_does_not_import_pygments() -> None:
    check = "import sys; from debugkit.debug.source import excerpt, highlighting; sys.exit('pygments' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=Path(__file__).parents[3], check=False).returncode == 0
