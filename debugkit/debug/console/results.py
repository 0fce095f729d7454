"""What results of commands have beyond what was sent at once: the rest of a long text, rows, a document.

Bounded in number and size: a newer result costs the oldest its place. Objects of the user are dropped only while no
lock is held: their ``__del__`` may do anything.
"""

from __future__ import annotations

from typing import Final

from debugkit.debug.safe.real_threads import RLock
from debugkit.errors import Gone
from debugkit.frozen import frozen

#: Results kept for one console: more than a person scrolls back to.
MOST_RESULTS: Final = 200
#: Characters of all their texts and documents. What is a string itself is kept once, as a value.
MOST_CHARACTERS: Final = 8_000_000


@frozen
class Kept:
    """A result with its whole ``text`` ("" if that can be made of the value again) and its ``document`` in HTML."""

    value: object
    name: str
    text: str = ""
    document: bytes = b""

    @property
    def size(self) -> int:
        return len(self.text) + len(self.document)


class Results:
    """The results of one console that a page may ask more of, by number."""

    def __init__(self) -> None:
        # Re-entrant: the garbage collector may run a __del__ of the user's at any time, and that may lead here.
        self._lock = RLock()
        self._kept: dict[int, Kept] = {}
        self._issued = self._size = 0
        self._closed = False

    def keep(self, kept: Kept) -> int:
        """The number that ``kept`` has from here on."""
        dropped = []  # outlives the lock
        with self._lock:
            self._issued += 1
            if not self._closed:
                self._kept[self._issued] = kept
                self._size += kept.size
            while len(self._kept) > MOST_RESULTS or (self._size > MOST_CHARACTERS and len(self._kept) > 1):
                dropped.append(self._kept.pop(next(iter(self._kept))))
                self._size -= dropped[-1].size
            number = self._issued
        dropped.clear()
        return number

    def get(self, number: int) -> Kept:
        """The result with this number. Raises `Gone`."""
        kept = self._kept.get(number)
        if kept is None:
            raise Gone("The rest of this result was released. Run the command again.")
        return kept

    def close(self) -> None:
        """Drop all, and keep nothing from now on."""
        with self._lock:
            self._closed = True
            kept, self._kept = self._kept, {}
            self._size = 0
        kept.clear()
