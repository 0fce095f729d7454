"""Files as syntax trees."""

from __future__ import annotations

import textwrap
import warnings

import pytest

from debugkit.debug.completion.target import parse
from debugkit.debug.source import syntax


def lines(text: str) -> tuple[str, ...]:
    return tuple(textwrap.dedent(text).lstrip("\n").split("\n"))


def test_a_file_is_parsed_once() -> None:
    text = lines("x = 1")
    assert syntax.parse(text) is syntax.parse(text)


@pytest.mark.parametrize("text", ["def f(:", "x = '\0'", "x = '\ud800'", "(" * 300, "-" * 100_000 + "1", "#" * 500_001])
def test_what_cannot_be_parsed_has_no_tree(text: str) -> None:
    assert syntax.parse((text,)) is None
    assert syntax.statement_start((text,), 1) is None


def test_a_statement_begins_where_no_string_is_open() -> None:
    text = lines(
        '''
        # Tea
        x = """
        def f():
        """
        @f(
            """
            """)
        def g(
            y="""
            """
        ):
            """
            """
            return [
                1]
        '''
    )
    found = [syntax.statement_start(text, lineno) for lineno in range(1, len(text) + 1)]
    assert found == [None, 2, 2, 2, 2, 2, 2, 8, 8, 8, 8, 12, 12, 14, 14, 14]


def test_reading_warns_of_nothing_that_the_source_holds() -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        assert syntax.parse((r"x = '\d' is 1",)) is not None
        assert parse(r"re.sub('\d'") is None
        assert parse(r"re.sub('\d')") is not None
        warnings.warn("of the application", SyntaxWarning, stacklevel=1)
    assert [str(warning.message) for warning in heard] == ["of the application"]
