"""A text searched in one whole error: frames, source and values as the page shows them, and the request.

Runs nothing that opening each frame would not run, and takes a bounded time. Source is text that every visitor sees;
values are searched as they are shown, secrets taken out. Knows no HTML and no request to the debugger.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from debugkit.debug.access.viewer import Level, Viewer
from debugkit.debug.framework_report import Panel
from debugkit.debug.page.frame import FrameViews
from debugkit.debug.page.frame_models import ValueView
from debugkit.debug.page.frame_names import file_name, frame_url, short_filename
from debugkit.debug.page.panels import Panels
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.tracebacks.model import CapturedFrame
from debugkit.debug.values.describe import Describer
from debugkit.frozen import frozen
from debugkit.settings import Settings

#: Characters of the text that is searched for: more are a slip of the clipboard.
LONGEST = 200
#: Matches that are listed, and of one group of them; the others are counted.
MOST = 200
MOST_OF_A_GROUP = 20
#: Groups that the summary names.
NAMED = 4
#: Characters shown before a match, and after it.
BEFORE = 24
AFTER = 120
#: Seconds that a search takes, checked between frames. One frame takes a few milliseconds.
MOST_SECONDS = 1.5


class Hit(NamedTuple):
    """One match, with what stands around it. It is in a frame, at a line or a value, or in a panel, at a row."""

    place: str  # "line 8", "Cookies"
    before: str
    match: str
    after: str
    frame: str = ""  # its URL
    panel: str = ""  # its slug
    line: int = 0
    name: str | None = None  # of the value; None for a frame itself


@frozen
class HitGroup:
    """Matches of one file, of one function's locals or of one panel; ``count`` is of all there are."""

    label: str
    count: int
    hits: tuple[Hit, ...]

    @property
    def left_out(self) -> int:
        return self.count - len(self.hits)


@frozen
class SearchView:
    """What was found. ``notice`` says what could not be searched."""

    groups: tuple[HitGroup, ...]
    notice: str = ""

    @property
    def summary(self) -> str:
        """ "3 in deep.py, 1 in Locals of walk, 1 in Headers"."""
        if not self.groups:
            return " ".join(filter(None, ("Nothing found.", self.notice)))
        named = [f"{group.count} in {group.label}" for group in self.groups[:NAMED]]
        others = sum(group.count for group in self.groups[NAMED:])
        return " ".join(filter(None, (", ".join([*named, *([f"{others} more"] if others else [])]) + ".", self.notice)))


class ErrorSearch:
    """Searches one error for one viewer. ``clock`` tells seconds."""

    def __init__(
        self,
        entry: ErrorRecord,
        viewer: Viewer,
        describer: Describer,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._entry, self._describer, self._clock = entry, describer, clock
        # Values that are only searched need no handle: the table of handles is for what stands on a page.
        self._viewer = replace(viewer, level=Level.VISITOR, local=viewer.sees_values)
        self._views = FrameViews(entry, self._viewer, describer, settings)
        self._groups: dict[str, list[Hit]] = {}
        self._counts: dict[str, int] = {}
        self._lines: set[tuple[str, int]] = set()

    def search(self, text: str) -> SearchView:
        """All matches of ``text``, whatever its case: those of the application's frames first, the request's last."""
        wanted = text.strip()[:LONGEST]
        if not wanted:
            return SearchView(())
        pattern = re.compile(re.escape(wanted), re.IGNORECASE)
        frames = sorted(self._entry.captured.frames.values(), key=lambda frame: frame.library is not None)
        end = self._clock() + MOST_SECONDS
        done = 0
        for frame in frames:
            if self._clock() > end:
                break
            self._search_frame(pattern, frame)
            done += 1
        self._search_request(pattern)
        return SearchView(tuple(self._result()), " ".join(self._notices(done, len(frames))))

    def _search_frame(self, pattern: re.Pattern[str], frame: CapturedFrame) -> None:
        short = short_filename(frame.filename, library=frame.library is not None)
        url = frame_url(self._entry, frame, self._viewer)
        called = f"{frame.name} in {file_name(short)}:{frame.lineno}"
        # By its folders only if nothing else is alike: they push the rest of a line out of sight.
        text = called if pattern.search(called) else f"{short}:{frame.lineno}"
        self._add(short, pattern, text, "frame", frame=url)
        for line in self._views.shown_lines(frame):
            key = (frame.filename, line.lineno)
            if key not in self._lines:  # frames of one function show the same lines
                self._lines.add(key)
                self._add(short, pattern, line.text.strip(), f"line {line.lineno}", frame=url, line=line.lineno)
        for row in self._views.values(frame):
            self._add_row(f"Locals of {frame.name}", pattern, row, f"line {frame.lineno}", frame=url)

    def _search_request(self, pattern: re.Pattern[str]) -> None:
        request = self._entry.request
        if request is None or not self._viewer.sees_values:
            return
        for panel in Panels(self._entry, request, self._describer, handles=False, readable=True).all():
            self._search_panel(pattern, panel)

    def _search_panel(self, pattern: re.Pattern[str], panel: Panel[ValueView]) -> None:
        for table in panel.tables:
            for row in table.rows:
                self._add_row(panel.name, pattern, row, table.title, panel=panel.slug)
            for line in table.text.splitlines():
                self._add(panel.name, pattern, line, table.title, panel=panel.slug, name="")

    def _add_row(
        self, label: str, pattern: re.Pattern[str], row: ValueView, place: str, *, frame: str = "", panel: str = ""
    ) -> None:
        text = f"{row.name} = {row.text}" if row.name else row.text
        self._add(label, pattern, text, place, frame=frame, panel=panel, name=row.name)

    def _add(
        self,
        label: str,
        pattern: re.Pattern[str],
        text: str,
        place: str,
        *,
        frame: str = "",
        panel: str = "",
        line: int = 0,
        name: str | None = None,
    ) -> None:
        match = pattern.search(text)
        if match is None:
            return
        self._counts[label] = self._counts.get(label, 0) + 1
        hits = self._groups.setdefault(label, [])
        if len(hits) < MOST_OF_A_GROUP:
            before, after = _around(text, match)
            hits.append(Hit(place, before, match[0], after, frame, panel, line, name))

    def _result(self) -> Iterator[HitGroup]:
        room = MOST
        for label, hits in self._groups.items():
            listed = tuple(islice(hits, room))
            room -= len(listed)
            yield HitGroup(label, self._counts[label], listed)

    def _notices(self, done: int, all_frames: int) -> Iterator[str]:
        if done < all_frames:
            yield f"Only {done} of {all_frames} frames were searched: more would have taken too long."
        if self._entry.gone_reason:
            yield "The frames and values are gone."
        elif not self._viewer.sees_values:
            yield "Values and the request are searched after unlocking."


def _around(text: str, match: re.Match[str]) -> tuple[str, str]:
    start, end = max(0, match.start() - BEFORE), match.end() + AFTER
    before = f"…{text[start : match.start()]}" if start else text[: match.start()]
    after = f"{text[match.end() : end]}…" if end < len(text) else text[match.end() :]
    return before, after
