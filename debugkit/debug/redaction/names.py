"""Whether a name says that its value is secret: taken apart into words, which the tables of `patterns` know.

Knows one name at a time, and no values.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from debugkit.debug.redaction.patterns import (
    COOKIE_ENDS,
    COOKIE_WORDS,
    COUNTS,
    GLUED_AFTER,
    GLUED_ANYWHERE,
    GLUED_AT_END,
    GLUED_BEFORE,
    GLUED_SHORT,
    HARMLESS_AFTER,
    HARMLESS_BEFORE,
    NOT_SECRET,
    QUESTIONS,
    SECRET_LAST,
    SECRET_PAIRS,
    SECRET_WHOLE,
    SECRET_WORDS,
    STATES,
)

#: A name longer than this is a text, of which the beginning is enough.
LONGEST_NAME: Final = 200
#: Where one name ends and the next begins in an expression: ``config['db'].password``, ``user[password]``.
SEGMENT: Final = re.compile(r"[^.\[\]'\"()]+")
_WORD: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")


def singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


_HARMLESS_AFTER: Final = frozenset(form for word in HARMLESS_AFTER for form in (word, singular(word)))
#: A text without any of these holds no secret name. Longer words that hold a shorter one need no look of their own.
_TELLING: Final = {last if last in {"key", "auth", "card", "code"} else first for first, last in SECRET_PAIRS}
_ALL_HINTS: Final = SECRET_WORDS | SECRET_LAST | SECRET_WHOLE | _TELLING | {"pass", *GLUED_AT_END}
HINTS: Final = tuple(word for word in _ALL_HINTS if not any(other in word for other in _ALL_HINTS - {word}))


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether a name, or one of the names in an expression, is that of a secret."""
    return any(_segment_is_secret(segment) for segment in SEGMENT.findall(name))


@lru_cache(maxsize=1024)
def is_secret_cookie(name: str) -> bool:
    """Whether a cookie of this name may be what lets its owner in."""
    return is_secret(name) or any(
        word in COOKIE_WORDS or word.endswith(COOKIE_ENDS) for word in map(str.lower, _WORD.findall(name))
    )


def is_message(name: str) -> bool:
    """Whether ``name`` and a colon begin a message rather than a header: `InvalidToken`."""
    first = _WORD.search(name)
    return first is not None and first[0].lower() in STATES


def _segment_is_secret(segment: str) -> bool:
    if segment in NOT_SECRET:
        return False
    parts = [part for word in _WORD.findall(segment) for part in _taken_apart(word.lower())]
    words = [singular(word) for word in parts]
    end = _end_of_secret(words)
    if end is None or not _HARMLESS_AFTER.isdisjoint(words[end:]):
        return False
    start = end - (2 if tuple(words[max(end - 2, 0) : end]) in SECRET_PAIRS else 1)
    return end < len(words) or not _harmless_before(words[:start], words[start], parts[end - 1] != words[end - 1])


def _harmless_before(before: list[str], secret: str, several: bool) -> bool:
    """Whether ``before`` makes a count, a position or a question of the secret word at a name's end."""
    if not before:
        return False
    counted = not COUNTS.isdisjoint(before) if secret == "token" else several and before[-1] in COUNTS
    return counted or before[0] in QUESTIONS or before[-1] in HARMLESS_BEFORE.get(secret, ())


def _end_of_secret(words: list[str]) -> int | None:
    """The index after the last secret word, `None` if there is none."""
    for end in range(len(words), 0, -1):
        word = words[end - 1]
        if word in SECRET_WORDS or tuple(words[max(end - 2, 0) : end]) in SECRET_PAIRS:
            return end
        if end == len(words) and (word in SECRET_LAST or (end == 1 and word in SECRET_WHOLE)):
            return end
    return None


def _taken_apart(word: str) -> list[str]:
    """The words of a compound that is written as one: ``dbpassword``, ``authtoken``, ``smtppass``."""
    base = singular(word)
    if base in SECRET_WORDS:
        return [word]
    for stem in GLUED_ANYWHERE:
        before, match, after = word.partition(stem)
        if match:
            return [part for part in (before, stem if after != "s" else stem + "s", after) if part and part != "s"]
    for stem in GLUED_AT_END:
        if base.endswith(stem):
            return [base[: -len(stem)], word[len(base) - len(stem) :]]
        if base.startswith(stem) and base[len(stem) :] in GLUED_AFTER:
            return [stem, base[len(stem) :]]
    for stem in GLUED_SHORT:
        if base.endswith(stem) and base[: -len(stem)] in GLUED_BEFORE:
            return [base[: -len(stem)], stem]
    return [word]
