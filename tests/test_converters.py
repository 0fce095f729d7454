"""What users give, as the types that are needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from debugkit.converters import (
    Converter,
    choice_of,
    flag,
    flag_or_word,
    paths,
    seconds,
    seconds_or_text,
    text,
    texts,
    whole_number,
)
from debugkit.errors import ConfigurationError

kind = choice_of(("auto", "stat"))


@pytest.mark.parametrize(
    ("convert", "value", "expected"),
    [
        (flag, False, False),
        (flag_or_word, True, True),
        (flag_or_word, "Yes", True),
        (flag_or_word, "0", False),
        (text, "tea", "tea"),
        (whole_number, 0, 0),
        (whole_number, "80", 80),
        (seconds, 2, 2.0),
        (seconds_or_text, 0.5, 0.5),
        (seconds_or_text, "1.5", 1.5),
        (texts, " a, b,,", ("a", "b")),
        (texts, ["a, b", ""], ("a, b",)),
        (texts, (), ()),
        (texts, {"a": 1}, ("a",)),
        (paths, None, ()),
        (paths, "a, b", ("a, b",)),
        (paths, [Path("a"), "b"], ("a", "b")),
        (kind, "stat", "stat"),
    ],
)
def test_what_can_work_becomes_its_type(convert: Converter, value: Any, expected: Any) -> None:
    converted = convert(value, "tea")
    assert (converted, type(converted)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("convert", "value"),
    [
        (flag, "true"),
        (flag, 1),
        (flag_or_word, 1),
        (flag_or_word, "perhaps"),
        (text, 1),
        (text, None),
        (whole_number, True),
        (whole_number, -1),
        (whole_number, "\u0663"),
        (seconds, "1"),
        (seconds, 0),
        (seconds, True),
        (seconds_or_text, "nan"),
        (seconds_or_text, "inf"),
        (seconds_or_text, "soon"),
        (seconds_or_text, None),
        (texts, [1]),
        (texts, 1),
        (texts, b"a"),
        (paths, [1]),
        (paths, 5),
        (paths, [b"a"]),
        (kind, "fast"),
        (kind, ["auto"]),
    ],
)
def test_what_cannot_work_is_a_sentence_that_names_its_source(convert: Converter, value: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        convert(value, "DEBUGKIT_TEA")
    assert caught.value.explanation.startswith(f"Invalid value for DEBUGKIT_TEA: {value!r}. Give ")
    assert caught.value.explanation.endswith(".")
