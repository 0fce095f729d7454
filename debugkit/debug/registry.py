"""The bounded store of captured tracebacks: found by unguessable ids, grouped by where they happened, evicted in time.

A newer error costs an older one its live part (frames, values, consoles); its text stays a while longer. Knows no
requests and no pages. Objects of the user are dropped only while no lock is held: their ``__del__`` may do anything.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from debugkit.debug.console.table import ConsoleTable
from debugkit.debug.framework_report import NOTHING, FrameworkReport
from debugkit.debug.timeline.timeline import NOTHING as NO_TIMELINE
from debugkit.debug.timeline.timeline import Recorded
from debugkit.debug.values.handles import MOST_VALUES, HandleTable
from debugkit.debug.values.remembered import Remembered
from debugkit.errors import Gone, NotFound
from debugkit.settings import Limits

if TYPE_CHECKING:
    import contextvars
    from asyncio import AbstractEventLoop

    from debugkit.debug.request_snapshot import RequestSnapshot
    from debugkit.debug.tracebacks.model import CapturedFrame, CapturedTraceback

#: Ids are 96 random bits in hex after their owner's token: they need no escaping in URLs, file names and JSON.
_ID_BYTES = 12
_FRAME_ID = re.compile(r"([0-9a-f]+)-(0|[1-9][0-9]{0,8})")
#: Errors of one fingerprint that keep their frames: the same again tells little more, and a loop ends no others.
LIVE_PER_GROUP = 3
#: Errors that keep only their text, of up to 200,000 characters: 20 MB at the worst.
TEXT_TRACEBACKS = 100
#: How many ids are remembered after their text is gone too, to answer "gone" instead of "not found".
_FORGOTTEN = 2_000


@dataclass(slots=True, eq=False)
class _Group:
    """The errors of one fingerprint: how many there were, how many are kept, and which of those are texts only."""

    fingerprint: str
    count: int = 0
    kept: int = 0
    texts: dict[str, ErrorRecord] = field(default_factory=dict)  # what lost its frames first comes first


class ErrorRecord:
    """One error. While ``live``, its frames, values and consoles can be used; afterwards ``gone_reason`` says why not.

    ``time`` is when it was added, in epoch seconds. When the error is released, ``request`` becomes `None`, and
    ``request_line`` stays.
    """

    def __init__(
        self,
        captured: CapturedTraceback,
        group: _Group,
        *,
        request: RequestSnapshot | None,
        context: contextvars.Context | None,
        context_managers: Sequence[Any],
        loop: AbstractEventLoop | None,
        framework_report: FrameworkReport,
        timeline: Recorded,
        most_values: int,
        owner: str,
        clock: Callable[[], float],
    ) -> None:
        self.id = f"{owner}{secrets.token_hex(_ID_BYTES)}"
        self.captured = captured
        self.time = self.used = clock()
        self.request = request
        self.request_line = request.line if request is not None else ""
        self.context = context
        self.context_managers: Sequence[Any] = tuple(context_managers)
        #: The event loop that the request ran in.
        self.loop = loop
        self.framework_report = framework_report
        #: What the request did before it failed.
        self.timeline = timeline
        #: What the code of its values returned for previews.
        self.remembered = Remembered()
        self.live = True
        self.gone_reason = ""
        self._group = group
        self._clock = clock
        #: The values that a page can open later.
        self.values = HandleTable(self.id, most_values)
        self.consoles = ConsoleTable()
        self._lock = threading.RLock()  # re-entrant: a __del__ of the user's may run at any time, and be captured
        self._running = 0

    @property
    def group(self) -> str:
        """The fingerprint it shares with the other occurrences of the same error."""
        return self._group.fingerprint

    @property
    def occurrences(self) -> int:
        """How often this error happened, including evicted ones."""
        return self._group.count

    def require_live(self) -> None:
        """Raise `Gone` with the reason when frames, values and consoles were released."""
        if not self.live:
            raise Gone(self.gone_reason)

    @contextmanager
    def using(self) -> Iterator[None]:
        """While one of its consoles is made or used: the error is evicted last."""
        with self._lock:
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1
            self.used = self._clock()

    # Letting go

    @property
    def _worth(self) -> tuple[bool, bool, float]:
        """Eviction order: no console, idle console, running console; then least recently used."""
        return (self._running > 0, bool(self.consoles), self.used)

    def _end(self, reason: str) -> None:
        """Nothing new is kept from here on; what is kept already is dropped by `_drop`, without any lock."""
        self.gone_reason = reason
        self.live = False
        self.values.close(reason)
        self.consoles.close(reason)

    def _drop(self) -> None:
        self.request, self.context, self.context_managers, self.loop = None, None, (), None
        self.framework_report = self.framework_report.released()
        self.timeline = NO_TIMELINE
        _call_all((self.consoles.clear, self.captured.release, self.remembered.close, self.values.clear))


class Registry:
    """The errors of one process. Safe to use from several threads. ``clock`` returns epoch seconds.

    ``most_values`` is how many values of one error can be opened later; ``owner`` returns what the ids of new errors
    begin with.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        live_per_group: int = LIVE_PER_GROUP,
        text_tracebacks: int = TEXT_TRACEBACKS,
        most_values: int = MOST_VALUES,
        clock: Callable[[], float] = time.time,
        owner: Callable[[], str] = lambda: "",
    ) -> None:
        self._limits = limits
        self._live_per_group = live_per_group
        self._text_tracebacks = text_tracebacks
        self._most_values = most_values
        self._clock = clock
        self._owner = owner
        self._lock = threading.RLock()  # re-entrant for the same reason as an entry's
        self._entries: dict[str, ErrorRecord] = {}  # oldest first
        self._live: dict[str, ErrorRecord] = {}  # those of them that have their frames
        self._groups: dict[str, _Group] = {}
        self._forgotten: dict[str, None] = {}

    def add(
        self,
        captured: CapturedTraceback,
        *,
        request: RequestSnapshot | None = None,
        context: contextvars.Context | None = None,
        context_managers: Sequence[Any] = (),
        loop: AbstractEventLoop | None = None,
        framework_report: FrameworkReport = NOTHING,
        timeline: Recorded = NO_TIMELINE,
    ) -> ErrorRecord:
        """Keep an error, and evict older ones beyond the limits."""
        with self._changing() as ended:
            group = self._groups.setdefault(captured.fingerprint, _Group(captured.fingerprint))
            group.count += 1
            entry = ErrorRecord(
                captured,
                group,
                request=request,
                context=context,
                context_managers=context_managers,
                loop=loop,
                framework_report=framework_report,
                timeline=timeline,
                most_values=self._most_values,
                owner=self._owner(),
                clock=self._clock,
            )
            self._entries[entry.id] = self._live[entry.id] = entry
            group.kept += 1
            ended += self._end_same(entry) + self._end_many(entry)
        return entry

    def get(self, entry_id: str) -> ErrorRecord:
        """The error with this id, live or not. Raises `Gone` when its text is gone too, `NotFound` for other ids."""
        with self._changing():
            entry = self._entries.get(entry_id)
            forgotten = entry_id in self._forgotten
        if entry is not None:
            return entry
        if forgotten:
            raise Gone("This error was removed to make room for newer ones.")
        raise NotFound("There is no error with this id. Errors are forgotten when the server restarts.")

    def __contains__(self, entry_id: str) -> bool:
        """Whether there is or was an error with this id."""
        return entry_id in self._entries or entry_id in self._forgotten

    def frame(self, frame_id: str) -> tuple[ErrorRecord, CapturedFrame]:
        """The frame with this id, ``<error's id>-<frame's index>``. Raises `Gone` or `NotFound`, as `get`."""
        if (match := _FRAME_ID.fullmatch(frame_id)) is None:
            raise NotFound("There is no frame with this id.")
        entry = self.get(match[1])
        entry.require_live()
        try:
            return entry, entry.captured.frame(int(match[2]))
        except KeyError:
            raise NotFound("This error has no frame with this number.") from None

    def value(self, handle: str) -> tuple[ErrorRecord, object, str]:
        """The error, value and name behind a handle of `HandleTable.put`. Raises `Gone` or `NotFound`."""
        entry = self.get(handle.partition("-")[0])
        return entry, *entry.values.get(handle)

    def recent_groups(self) -> list[list[ErrorRecord]]:
        """All errors that are kept, the same ones together; newest first, in the list and in each group."""
        with self._changing():
            entries = list(self._entries.values())
        groups: dict[str, list[ErrorRecord]] = {}
        for entry in reversed(entries):
            groups.setdefault(entry.group, []).append(entry)
        return list(groups.values())

    def clear(self) -> None:
        """Forget all errors. Their ids answer as those do that made room."""
        with self._lock:
            ended = self._end(list(self._live.values()), "The list of errors was cleared.")
            for entry in list(self._entries.values()):
                self._forget(entry)
        _call_all(entry._drop for entry in ended)

    def look_anew(self) -> None:
        """Forget what the code of values answered: something ran that may have changed them, in whichever error."""
        for entry in list(self._entries.values()):
            entry.remembered.clear()

    # Letting go

    @contextmanager
    def _changing(self) -> Iterator[list[ErrorRecord]]:
        """Hold the lock, and drop afterwards, without it, the errors in the list and texts beyond the limit.

        Old errors are evicted on access: no timer runs.
        """
        with self._lock:
            ended = self._end_old()
            yield ended
            removed = self._remove_texts()
        _call_all(entry._drop for entry in ended)
        del removed

    def _end_old(self) -> list[ErrorRecord]:
        limit = self._limits.max_age
        horizon = self._clock() - limit
        old = [entry for entry in list(self._live.values()) if entry.used < horizon]
        reason = f"The frames of this error were released after {_span(limit)} without use" if old else ""
        return self._end(old, f"{reason}. The text is still available.")

    def _end_same(self, newest: ErrorRecord) -> list[ErrorRecord]:
        limit = self._live_per_group
        same = [entry for entry in list(self._live.values()) if entry._group is newest._group]
        reason = (
            f"The frames of this error were released because it happened again (at most {limit} of the same are kept)"
        )
        return self._end(_least(same, newest, limit), f"{reason}. The text is still available.")

    def _end_many(self, newest: ErrorRecord) -> list[ErrorRecord]:
        limit = self._limits.live_tracebacks
        reason = f"The frames of this error were released to make room for newer errors (at most {limit} are kept)"
        return self._end(_least(list(self._live.values()), newest, limit), f"{reason}. The text is still available.")

    def _end(self, entries: list[ErrorRecord], reason: str) -> list[ErrorRecord]:
        for entry in entries:
            entry._end(reason)
            self._live.pop(entry.id, None)
            entry._group.texts[entry.id] = entry
        return entries

    def _remove_texts(self) -> list[ErrorRecord]:
        """Take out texts beyond the limit, the oldest of the largest group first: rare errors outlive a flood."""
        removed = []
        while len(self._entries) - len(self._live) > self._text_tracebacks:
            largest = max(list(self._groups.values()), key=lambda group: len(group.texts))
            removed.append(next(iter(largest.texts.values())))
            self._forget(removed[-1])
        return removed

    def _forget(self, entry: ErrorRecord) -> None:
        group = entry._group
        del self._entries[entry.id], group.texts[entry.id]
        self._forgotten[entry.id] = None
        if len(self._forgotten) > _FORGOTTEN:
            del self._forgotten[next(iter(self._forgotten))]
        group.kept -= 1
        if not group.kept:
            del self._groups[group.fingerprint]


def _call_all(actions: Iterable[Callable[[], None]]) -> None:
    """Call each of ``actions``, also when another one fails."""
    rest = iter(actions)
    for action in rest:
        try:
            action()
        except BaseException:
            _call_all(rest)
            raise


def _least(entries: list[ErrorRecord], newest: ErrorRecord, limit: int) -> list[ErrorRecord]:
    """Those that go so that ``limit`` stay: what is worth least first, the newest one last of all."""
    if len(entries) <= limit:
        return []
    ranked = sorted(entries, key=lambda entry: (entry is newest, entry._worth))
    return ranked[: len(ranked) - limit]


def _span(seconds: float) -> str:
    """A time for a sentence: "an hour", "90 minutes", "30 seconds"."""
    minutes = f"{seconds / 60:g} minutes" if seconds >= 60 else f"{seconds:g} seconds"
    return "an hour" if seconds == 3600 else minutes
