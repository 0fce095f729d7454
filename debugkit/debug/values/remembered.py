"""What foreign code answered for the values of one error: it is run once, however often and in whatever form one looks.

A second run could say something else, cost its time again, or change what it looks at. Of bounded number; the texts are
bounded by who makes them. What the answers mean is not known here.
"""

from __future__ import annotations

import threading
from typing import Final

from debugkit.debug.safe import real_threads
from debugkit.debug.values.preview import Preview

#: Values whose answers are kept: more than a page names. The least recently used are dropped first.
MOST: Final = 500


class Remembered:
    """Answers by the value they are for, which is kept alive, so that its id stays its own. Of use to several threads.

    Objects of the user are dropped only while no lock is held: their ``__del__`` may do anything.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # re-entrant: the garbage collector may run a __del__ that leads here
        self._answers: dict[int, tuple[object, Preview]] = {}
        self._slow: dict[int, type] = {}
        self._asked: dict[int, real_threads.Event] = {}
        self._closed = False

    def find(self, value: object) -> Preview | None:
        """What was answered for ``value``."""
        with self._lock:
            answer = self._answers.pop(id(value), None)
            if answer is not None:
                self._answers[id(value)] = answer  # the last one now
        return None if answer is None else answer[1]

    def keep(self, value: object, answer: Preview) -> None:
        """Remember what was answered for ``value``."""
        dropped = None  # outlives the lock
        with self._lock:
            if not self._closed:
                dropped = self._answers.pop(id(value), None)
                self._answers[id(value)] = (value, answer)
                if len(self._answers) > MOST:
                    dropped = self._answers.pop(next(iter(self._answers)))
        del dropped

    def begin(self, value: object) -> real_threads.Event | None:
        """Ask ``value`` from here on, until `end`; or else what happens when another thread has its answer."""
        with self._lock:
            asked = self._asked.get(id(value))
            if asked is None:
                self._asked[id(value)] = real_threads.Event()
        return asked

    def end(self, value: object) -> None:
        """It was asked; those who wait may look for its answer."""
        with self._lock:
            self._asked.pop(id(value)).set()

    def is_slow(self, cls: type) -> bool:
        """Whether an instance of ``cls`` took too long once: the others are not asked."""
        return id(cls) in self._slow

    def keep_slow(self, cls: type) -> None:
        with self._lock:
            if not self._closed and len(self._slow) < MOST:
                self._slow[id(cls)] = cls

    def clear(self) -> None:
        """Forget all: the objects may have changed."""
        if not (self._answers or self._slow):
            return
        with self._lock:
            answers, self._answers = self._answers, {}
            slow, self._slow = self._slow, {}
        answers.clear()
        slow.clear()

    def close(self) -> None:
        """Forget all, and remember nothing from now on."""
        with self._lock:
            self._closed = True
        self.clear()
