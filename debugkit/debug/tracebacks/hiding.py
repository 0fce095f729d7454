"""Which frames ``__traceback_hide__`` hides, in the words of Paste, which Werkzeug kept. Knows values, no frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from debugkit.debug.safe import inspection


def hidden(values: Sequence[object]) -> list[bool]:
    """Which frames are hidden, outermost first, by each one's ``__traceback_hide__`` (`guard.MISSING` if it has none).

    A value that is true hides its frame; "before" all frames before it; "after" all behind it, until a "reset". Their
    own frames are shown, unless "_and_this" is added. Where all would be hidden, none is.
    """
    result = []
    first, hiding = 0, False
    for index, value in enumerate(values):
        word, and_this = _word(value)
        if word == "before":
            first, hiding = index, False
        elif word in ("after", "reset"):
            hiding = word == "after"
        elif word or hiding:
            and_this = True
        result.append(and_this)
    result = [hide or index < first for index, hide in enumerate(result)]
    return [False] * len(result) if all(result) else result


def _word(value: Any) -> tuple[str, bool]:
    """The word, without "_and_this", and whether that was added."""
    if type(value) is str:
        word = value.removesuffix("_and_this")
        return (word, word != value) if word in ("before", "after", "reset") else (value, False)
    # Other objects are not asked whether they are true: that would run their code.
    false = value is inspection.MISSING or value is None or (issubclass(type(value), int) and not int.__bool__(value))
    return ("" if false else "this"), False
