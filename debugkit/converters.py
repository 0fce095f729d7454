"""What users give, as the types that are needed: on the command line, in the environment, in files and in settings.

Each converter takes a value and its source, which is named by the `ConfigurationError` for a value that cannot work.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from debugkit.errors import ConfigurationError

Converter = Callable[[Any, str], Any]

YES = ("1", "true", "yes", "on")
NO = ("0", "false", "no", "off")


def wrong(value: object, source: str, advice: str) -> ConfigurationError:
    """The error for a value that cannot work; ``advice`` is a sentence that says what would."""
    return ConfigurationError(f"Invalid value for {source}: {value!r}. {advice[:1].upper()}{advice[1:]}")


def flag(value: Any, source: str) -> bool:
    if not isinstance(value, bool):
        raise wrong(value, source, "give True or False.")
    return value


def flag_or_word(value: Any, source: str) -> bool:
    """A flag where it may be a text, as in the environment."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in YES + NO:
        return value.lower() in YES
    raise wrong(value, source, f"give {', '.join(YES)}, or {', '.join(NO)}.")


def text(value: Any, source: str) -> str:
    if not isinstance(value, str):
        raise wrong(value, source, "give a text.")
    return value


def whole_number(value: Any, source: str) -> int:
    """A number from 0 on, or a text of its digits."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise wrong(value, source, "give a whole number.")


def seconds(value: Any, source: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
        raise wrong(value, source, "give a number of seconds above 0.")
    return float(value)


def seconds_or_text(value: Any, source: str) -> float:
    """A number of seconds where it may be a text, as on the command line."""
    try:
        return seconds(float(value) if isinstance(value, str) else value, source)
    except (ValueError, ConfigurationError):
        raise wrong(value, source, "give a number of seconds above 0.") from None


def texts(value: Any, source: str) -> tuple[str, ...]:
    """Several texts, or one with commas between them; without blanks around each, and without empty ones."""
    items = value.split(",") if isinstance(value, str) else _several(value)
    if not all(isinstance(item, str) for item in items):
        raise wrong(value, source, "give a list of strings, or one comma-separated string.")
    return tuple(item.strip() for item in items if item.strip())


def paths(value: Any, source: str) -> tuple[str, ...]:
    """Several paths, one, or `None`. Paths may hold commas and blanks."""
    items = [value] if isinstance(value, (str, os.PathLike)) else [] if value is None else _several(value)
    try:
        names = tuple(os.fspath(item) for item in items)
    except TypeError:
        names = (None,)
    if not all(isinstance(name, str) for name in names):
        raise wrong(value, source, "give a list of strings.")
    return names


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Iterable) else [value]


def choice_of(words: tuple[str, ...]) -> Callable[[Any, str], str]:
    """A converter that takes only these words."""

    def convert(value: Any, source: str) -> str:
        if value not in words:
            raise wrong(value, source, f"give one of {', '.join(words)}.")
        return str(value)

    return convert
