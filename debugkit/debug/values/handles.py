"""Values of one error that a page can open later, by handles that nobody can guess.

Objects of the user are dropped only while no lock is held: their ``__del__`` may do anything.
"""

from __future__ import annotations

import re
import secrets
import threading

from debugkit.errors import Gone, NotFound

#: Values of one error: a page has a few hundred, and each kept one may hold much memory.
MOST_VALUES = 2_000
_HANDLE = re.compile(r"([0-9a-f]+)-v([1-9][0-9]{0,17})x[0-9a-f]+")


class HandleTable:
    """At most ``limit`` values of the error ``error_id``; a newer one costs the oldest its place."""

    def __init__(self, error_id: str, limit: int) -> None:
        self._id = error_id
        self._limit = limit
        self._gone_reason = ""
        # Re-entrant: the garbage collector may run a __del__ of the user's at any time, and its error may be captured.
        self._lock = threading.RLock()
        self._issued = 0
        self._values: dict[str, tuple[object, str]] = {}
        self._handles: dict[tuple[int, str], str] = {}  # (id of the value, name): the values are kept alive above

    def put(self, value: object, name: str) -> str:
        """Keep a value, and return its handle: the same for the same object and name. Empty after `close`."""
        key = (id(value), name)
        dropped = None  # outlives the lock
        with self._lock:
            if self._gone_reason:
                return ""
            handle = self._handles.get(key)
            if handle is None:
                self._issued += 1
                handle = f"{self._id}-v{self._issued}x{secrets.token_hex(4)}"
                self._handles[key] = handle
                self._values[handle] = (value, name)
                if len(self._values) > self._limit:
                    dropped = self._drop_oldest()
        del dropped
        return handle

    def _drop_oldest(self) -> object:
        oldest = next(iter(self._values))
        value, name = self._values.pop(oldest)
        del self._handles[id(value), name]
        return value

    def get(self, handle: str) -> tuple[object, str]:
        """The value and name behind a handle. Raises `Gone` when dropped, `NotFound` when never issued."""
        if named_value := self._values.get(handle):
            return named_value
        match = _HANDLE.fullmatch(handle)
        if match is None or match[1] != self._id or int(match[2]) > self._issued:
            raise NotFound("There is no value with this id. Reload the page.")
        if self._gone_reason:
            raise Gone(self._gone_reason)
        raise Gone(f"This value was released (at most {self._limit} are kept for one error). Reload the page.")

    def close(self, reason: str) -> None:
        """Keep nothing new from here on. `clear` drops what is kept."""
        with self._lock:
            self._gone_reason = reason

    def clear(self) -> None:
        """Drop all values; without any lock."""
        values, self._values = self._values, {}
        self._handles = {}
        values.clear()
