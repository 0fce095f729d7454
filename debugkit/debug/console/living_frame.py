"""A frame that has not ended: what a command assigns to its names it sees when it goes on (PEP 667, CPython 3.13).

Such are generators and coroutines that wait, and frames below the one that failed in a thread that goes on. A frame
that has ended is never written to: the page shows its values as they were.
"""

from __future__ import annotations

import gc
import inspect
import sys
import types
import weakref
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any, Final

#: What a frame belongs to that can wait, and the name under which it has its frame until it ends.
_WAITING: Final = (
    (types.GeneratorType, "gi_frame"),
    (types.CoroutineType, "cr_frame"),
    (types.AsyncGeneratorType, "ag_frame"),
)
_CAN_WAIT: Final = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def living_frame(frame: FrameType, names: dict[str, Any]) -> LivingFrame | None:
    """``frame`` with the ``names`` of its console; `None` if it has ended, or if this Python cannot write to it."""
    if sys.version_info < (3, 13) or not frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        return None
    lives = _waits(frame) if frame.f_code.co_flags & _CAN_WAIT else None
    if lives is None and _runs(frame):
        lives = partial(_runs, frame)
    return None if lives is None else LivingFrame(frame, names, lives)


def _runs(frame: FrameType) -> bool:
    """Whether it is on the stack of a thread."""
    for top in sys._current_frames().values():
        current: FrameType | None = top
        while current is not None:
            if current is frame:
                return True
            current = current.f_back
    return False


def _waits(frame: FrameType) -> Callable[[], bool] | None:
    """Tells, now and later, whether a generator or coroutine has the frame. It is not kept alive by this."""
    for thing in gc.get_objects():
        for cls, name in _WAITING:
            if type(thing) is cls and getattr(thing, name) is frame:
                owner = weakref.ref(thing)
                return lambda name=name: getattr(owner(), name, None) is frame  # type: ignore[misc]  # its default
    return None


class LivingFrame:
    """Keeps the names of a console and those of its frame the same."""

    def __init__(self, frame: FrameType, names: dict[str, Any], lives: Callable[[], bool]) -> None:
        code = frame.f_code
        variables = (*code.co_varnames, *code.co_cellvars, *code.co_freevars)
        self._own = tuple(name for name in variables if name.isidentifier())  # not ".0"
        self._frame, self._names, self._lives = frame, names, lives
        self._seen = self._values()

    def _values(self) -> dict[str, Any]:
        values = self._frame.f_locals
        return {name: values[name] for name in self._own if name in values}

    def read(self) -> None:
        """Take over what the frame has assigned since: it may run, or have gone on."""
        if self._lives():
            seen, self._seen = self._seen, self._values()
            for name, value in self._seen.items():
                if name not in seen or seen[name] is not value:
                    self._names[name] = value

    def write(self) -> None:
        """Hand over what a command has assigned. What it deleted stays: a local variable cannot be deleted so."""
        names, seen = self._names, self._seen
        changed = [name for name in self._own if name in names and (name not in seen or seen[name] is not names[name])]
        if changed and self._lives():
            values: Any = self._frame.f_locals
            for name in changed:
                values[name] = self._seen[name] = names[name]
