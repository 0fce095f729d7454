"""The keys of a mapping as they are written in source, quoted as the place wants it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from debugkit.debug.completion.candidates import Candidate, Group
from debugkit.debug.completion.target import Target
from debugkit.debug.safe.inspection import exact_str
from debugkit.frozen import frozen

#: Keys that are looked at.
MOST_KEYS: Final = 20_000
#: Characters and bits of a key: longer ones nobody means to type.
_LONGEST: Final = 200
#: Parts of a tuple that is a key.
_MOST_PARTS: Final = 5


def key_group(items: Iterable[tuple[Any, Any]], place: Target) -> Group:
    """The keys among ``items`` that can be written at a place, with their values."""
    style = _Style.of(place)
    texts = [(text, (key, value)) for key, value in items if (text := style.text(key))]
    return Group(texts, style.maker(place.closing), ordered=True)


@frozen
class _Style:
    """How a key is to be written. ``quote`` and ``prefix`` are those of the string that was begun; empty for none.

    ``avoided`` quotes may not be used: they would end an f-string around.
    """

    quote: str
    prefix: str
    avoided: tuple[str, ...]

    @classmethod
    def of(cls, place: Target) -> _Style:
        string = place.string
        return cls(string.quote if string else "", string.prefix if string else "", place.quotes)

    def text(self, key: Any) -> str:
        """What is compared with what is typed: the text of a text, else the key as it is written. Empty for others."""
        cls = type(key)
        if cls is str or cls is bytes:
            if len(key) > _LONGEST or (self.quote and (cls is bytes) is not ("b" in self.prefix)):
                return ""
            return key.decode("latin-1") if cls is bytes else exact_str(key)
        return "" if self.quote else self._literal(key)

    def maker(self, closing: str) -> Callable[[str, Any], Candidate | None]:
        def make(text: str, item: tuple[Any, Any]) -> Candidate | None:
            key, value = item
            literal = self._literal(key)
            if not literal:
                return None
            insert = literal[len(self.prefix) + len(self.quote) :] if self.quote else literal
            return Candidate(text if self.quote else literal, "key", insert + closing, value)

        return make

    def _literal(self, key: Any) -> str:
        """A key in source; empty if it cannot stand there."""
        cls = type(key)
        if cls is str:
            return self._quoted(key, self.prefix)
        if cls is bytes:
            return self._quoted(key.decode("latin-1"), self.prefix or "b", ascii_only=True)
        if cls is tuple and 0 < len(key) <= _MOST_PARTS:
            parts = ["" if type(part) is tuple else self._literal(part) for part in key]
            return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})" if all(parts) else ""
        if cls is int and key.bit_length() > _LONGEST:
            return ""
        plain = cls is int or cls is bool or key is None or (cls is float and key - key == 0)  # neither inf nor nan
        return repr(key) if plain else ""

    def _quoted(self, text: str, prefix: str, *, ascii_only: bool = False) -> str:
        usable = [mark for mark in ("'", '"') if mark not in self.avoided]
        if not usable or len(text) > _LONGEST:
            return ""
        mark = self.quote or next((mark for mark in usable if mark not in text), usable[0])
        escaped = "".join(_escaped(character, mark[0], ascii_only) for character in text)
        # A raw string has no escapes, nor have an f-string's expressions before Python 3.12; they end with its quote.
        written = "\\" not in escaped or not ("r" in prefix or self.avoided)
        return f"{prefix}{mark}{escaped}{mark}" if written and not any(map(escaped.count, self.avoided)) else ""


def _escaped(character: str, quote: str, ascii_only: bool) -> str:
    if character in (quote, "\\"):
        return "\\" + character
    if character.isprintable() and (character.isascii() or not ascii_only):
        return character
    return character.encode("unicode_escape").decode("ascii")
