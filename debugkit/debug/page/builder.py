"""The error page as plain values: exceptions, frames, chain and panels, made for one viewer from one entry.

Decides what is shown, folded and opened. Knows nothing of HTML, HTTP or who the viewer is beyond `Viewer`.
"""

from __future__ import annotations

import sys
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby, takewhile

from debugkit.debug.access.viewer import Viewer
from debugkit.debug.causes.engine import cause
from debugkit.debug.framework_report import Panel, Table
from debugkit.debug.page.frame import FrameViews
from debugkit.debug.page.frame_models import FrameView, ValueView
from debugkit.debug.page.frame_names import frame_id, frame_url, library_label, short_filename
from debugkit.debug.page.headline import SINGLE_LINE, headline, shortened, title
from debugkit.debug.page.models import (
    ExceptionView,
    FrameRow,
    LibraryRun,
    LiveView,
    OriginView,
    PageView,
    RepeatRow,
    RequestView,
    Step,
    TextView,
)
from debugkit.debug.page.panels import Panels
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.tracebacks.model import (
    CapturedException,
    CapturedFrame,
    RepeatedFrames,
    nearest_frame,
    plain_frames,
    walk,
)
from debugkit.debug.values.describe import Describer
from debugkit.settings import Settings

#: A single library frame is listed; two or more in a row fold.
FOLD_FROM = 2
#: Calling frames shown in brief below the opened one.
CALLERS = 1
#: Other exceptions shown in brief beside the opened frame, and how many of them stand unfolded.
ORIGINS = 6
ORIGINS_UNFOLDED = 4
#: Application frames given with source and values in Markdown and JSON.
FULL_FRAMES = 5
#: What Django calls the tables of a request, by what the page calls those of any WSGI application.
TABLES = {"Query": "GET", "Form": "POST", "Files": "FILES", "Cookies": "COOKIES"}
#: Characters of a message in the list of frames: three lines of it; and in its tooltip.
LISTED = 160
LISTED_TIP = 600
#: Members of a group that are all unfolded: with more of them one has to look for what one wants to see.
MEMBERS_UNFOLDED = 4


class PageBuilder:
    """Makes the views of one entry for one viewer; one builder serves one request."""

    def __init__(
        self,
        entry: ErrorRecord,
        viewer: Viewer,
        describer: Describer,
        settings: Settings,
        static_url: str,
        own_base: str = "",
    ) -> None:
        self._entry = entry
        self._viewer = viewer
        self._describer = describer
        self._static_url = static_url
        self._own_base = own_base
        self._mount = settings.mount
        self._views = FrameViews(entry, viewer, describer, settings)

    def page(self, opened: CapturedFrame | None = None, *, live: LiveView | None = None, notice: str = "") -> PageView:
        """The page with ``opened`` open, by default the nearest frame of the application. ``notice`` goes on top."""
        entry, viewer = self._entry, self._viewer
        captured = entry.captured
        frame = opened or captured.opened
        head = captured.exception
        own = [listed for listed in captured.frames.values() if listed.library is None]
        moment = datetime.fromtimestamp(entry.time).astimezone()
        url = self.url
        shown, folded = self._origins(frame)
        return PageView(
            id=entry.id,
            url=url,
            text_url=f"{url}.txt",
            markdown_url=f"{url}.md",
            list_url=f"{viewer.base}/tracebacks",
            static_url=self._static_url,
            title=self.title,
            headline=headline(head.type_name, self._text(head.message)),
            exception=self._exception(head, frame),
            chain=tuple(self._exception(earlier, frame) for earlier in head.chain),
            steps=self._steps(frame),
            frame=self._frame(frame) if frame else None,
            request_line=entry.request_line,
            status=entry.framework_report.status,
            time=moment.strftime("%H:%M:%S"),
            time_iso=moment.isoformat(timespec="seconds"),
            versions=versions(captured.frames.values()),
            occurrences=entry.occurrences,
            panels=self.panels(),
            viewer=viewer,
            app_frames=len(own),
            all_frames=len(captured.frames),
            origins=shown,
            more_origins=folded,
            notice=" ".join(filter(None, (notice, entry.gone_reason))),
            live=live,
            mount=self._mount,
            own_url=f"{self._own_base}/tracebacks/{entry.id}" if self._own_base else "",
            raised_during=entry.framework_report.raised_during,
            searches=entry.framework_report.searches,
            hint=self.hint,
            text="" if frame else self._text(captured.text),
        )

    @property
    def url(self) -> str:
        """The permanent address of the error."""
        return f"{self._viewer.base}/tracebacks/{self._entry.id}"

    @property
    def title(self) -> str:
        return self._text(title(self._entry.captured.exception))

    @property
    def hint(self) -> str:
        """Why it happened, where a framework or live values tell. It quotes them: only if values may be seen."""
        if not self._viewer.sees_values:
            return ""
        report = self._entry.framework_report
        return self._text(report.hint or cause(self._entry.captured.exception, report.hidden, self._describer))

    def panels(self, only: Container[str] | None = None) -> tuple[Panel[ValueView], ...]:
        """What the request was made of, for those who see values: all panels, or those of the names in ``only``."""
        request = self._entry.request
        if request is None or not self._viewer.sees_values:
            return ()
        return Panels(self._entry, request, self._describer, handles=self._viewer.is_developer).all(only)

    def text(self, site: str) -> TextView:
        """The error as plain text. ``site`` is what its page's address begins with."""
        entry = self._entry
        text, report = self._text(entry.captured.text), entry.framework_report
        return TextView(text, f"{site}{self.url}", self._request(), report.raised_during, report.searches)

    def _request(self) -> RequestView:
        """The request as Django's own plain text has it: each table under its name there, empty ones too."""
        facts: list[tuple[str, str]] = []
        by_name: dict[str, Table[ValueView]] = {}
        panels = self.panels(("Request", "Body"))
        for panel in panels:
            if panel.error:
                by_name[panel.name] = Table(panel.name, notice=panel.error)
            for table in panel.tables:
                if table.title or panel.name != "Request":
                    by_name[TABLES.get(table.title, table.title or panel.name)] = table
                else:
                    facts += [(row.name, row.text) for row in table.rows if row.name != "Raised during"]
        facts = facts or ([("Request", self._text(self._entry.request_line))] if self._entry.request_line else [])
        versions_used = ", ".join(versions(self._entry.captured.frames.values()))
        names = [*TABLES.values(), *(name for name in by_name if name not in TABLES.values())] if panels else []
        tables = tuple(replace(by_name.get(name, Table(name)), title=name) for name in names)
        return RequestView((*facts, ("Versions", versions_used)), tables)

    def frame(self, frame: CapturedFrame) -> FrameView:
        return self._frame(frame, gone_reason=self._entry.gone_reason)

    def suggestion(self, exception: CapturedException) -> str:
        """What was probably meant. It names keys and attributes of live objects: only if values may be seen."""
        return self._text(exception.suggestion) if self._viewer.sees_values else ""

    def markdown_page(self) -> PageView:
        """The page with the application's frames in full, innermost first."""
        views = tuple(self.frame(frame) for frame in self.app_frames())
        return replace(self.page(), app_views=views, request=self._request())

    def app_values(self) -> dict[int, tuple[ValueView, ...]]:
        """The values in the application's frames, by the index of the frame."""
        return {frame.index: self._views.values(frame) for frame in self.app_frames()}

    def app_sources(self) -> dict[int, list[tuple[int, str, bool]]]:
        """The lines around the failing ones of the application's frames, by the index of the frame."""
        return {frame.index: self._views.lines(frame) for frame in self.app_frames()}

    @property
    def versions(self) -> tuple[str, ...]:
        return versions(self._entry.captured.frames.values())

    def app_frames(self) -> list[CapturedFrame]:
        own = [
            frame
            for exception in walk(self._entry.captured.exception)
            for frame in reversed(list(plain_frames(exception)))
            if frame.library is None
        ]
        return own[:FULL_FRAMES]

    def _text(self, text: str) -> str:
        return self._describer.text(text)

    def _frame(self, frame: CapturedFrame, *, gone_reason: str = "") -> FrameView:
        """``gone_reason`` is for a pane that comes alone: the page around others says it."""
        why = ""
        if frame is self._entry.captured.opened:
            foreign = frame.library is not None or (frame.generated and frame.owner == "")
            why = "innermost frame" if foreign else "nearest frame of your application"
        return self._views.view(frame, chosen=why, callers=self._callers(frame), gone_reason=gone_reason)

    def _callers(self, frame: CapturedFrame) -> list[CapturedFrame]:
        """The application's frames on the way to ``frame``, nearest first."""
        for exception in walk(self._entry.captured.exception):
            if frame in exception.frames:
                before = list(takewhile(lambda caller: caller is not frame, plain_frames(exception)))
                return [caller for caller in reversed(before) if caller.library is None][:CALLERS]
        return []

    def _exception(
        self, exception: CapturedException, opened: CapturedFrame | None, *, unfolded: bool = False
    ) -> ExceptionView:
        message = self._text(exception.message)
        own = opened is not None and opened in exception.frames
        members_unfolded = len(exception.members) <= MEMBERS_UNFOLDED
        return ExceptionView(
            anchor=f"exception-{self._anchor(exception)}",
            type=exception.type_name,
            message=message,
            notes=tuple(map(self._text, exception.notes)),
            suggestion=self.suggestion(exception),
            relation=exception.relation,
            rows=tuple(self._rows(exception, opened)),
            members=tuple(self._exception(member, opened, unfolded=members_unfolded) for member in exception.members),
            members_left_out=exception.members_left_out,
            opened=own,
            unfolded=unfolded or own,
            brief=shortened(message, LISTED),
            tip=shortened(message, LISTED_TIP),
            chain=()
            if not exception.relation
            else tuple(self._exception(earlier, opened) for earlier in exception.chain),
        )

    def _anchor(self, exception: CapturedException) -> int:
        return next(n for n, candidate in enumerate(walk(self._entry.captured.exception)) if candidate is exception)

    def _rows(
        self, exception: CapturedException, opened: CapturedFrame | None
    ) -> Iterator[FrameRow | LibraryRun | RepeatRow]:
        for library, run in groupby(exception.frames, key=is_library):
            frames = list(run)
            rows = tuple(self._row(item, opened) for item in frames)
            if library and len(rows) >= FOLD_FROM:
                yield LibraryRun(rows, count_frames(frames), packages(frames), opened in frames)
            else:
                yield from rows

    def _row(self, item: CapturedFrame | RepeatedFrames, opened: CapturedFrame | None) -> FrameRow | RepeatRow:
        if isinstance(item, RepeatedFrames):
            return RepeatRow(item.count, ", ".join(dict.fromkeys(frame.name for frame in item.frames)))
        return FrameRow(
            id=frame_id(self._entry, item),
            url=frame_url(self._entry, item, self._viewer),
            name=item.name,
            short_filename=short_filename(item.filename, library=item.library is not None),
            lineno=item.lineno,
            library=library_label(item),
            opened=item is opened,
        )

    def _steps(self, opened: CapturedFrame | None) -> tuple[Step, ...]:
        """The chain as it came about, root cause first. The relation tells how a step led to the next one."""
        head = self._entry.captured.exception
        order = [*reversed(head.chain), head]
        if len(order) == 1:
            return ()
        return tuple(self._step(exception, opened) for exception in order)

    def _step(self, exception: CapturedException, opened: CapturedFrame | None) -> Step:
        frame = nearest_frame(exception)
        url = frame_url(self._entry, frame, self._viewer) if frame else ""
        current = opened is not None and opened in exception.frames
        return Step(exception.type_name, self._text(exception.message), url, exception.relation, current)

    def _origins(self, opened: CapturedFrame | None) -> tuple[tuple[OriginView, ...], tuple[OriginView, ...]]:
        """The other exceptions of the tree in brief, root cause first: those that stand unfolded, and the rest."""
        # The opened frame's own is on the page. A group in a group was never raised: its members tell what happened.
        others = [
            other for other in walk(self._entry.captured.exception) if opened not in other.frames and other.frames
        ]
        chain = [other for other in reversed(others) if other.relation != "member"]
        members = [other for other in others if other.relation == "member"]
        shown = [*chain, *members][:ORIGINS]
        views = tuple(self._origin(other, root=other is shown[0]) for other in shown)
        # What is folded takes a line itself.
        unfolded = ORIGINS_UNFOLDED if len(views) <= ORIGINS_UNFOLDED else ORIGINS_UNFOLDED - 1
        return views[:unfolded], views[unfolded:]

    def _origin(self, exception: CapturedException, *, root: bool) -> OriginView:
        frame = nearest_frame(exception)
        return OriginView(
            type=exception.type_name,
            message=shortened(self._text(exception.message), SINGLE_LINE),
            role="also raised" if exception.relation == "member" else "root cause" if root else "led to",
            frame=self._views.brief(frame) if frame else None,
        )


def is_library(item: CapturedFrame | RepeatedFrames) -> bool:
    if isinstance(item, RepeatedFrames):
        return bool(item.frames) and all(frame.library is not None for frame in item.frames)
    return item.library is not None


def count_frames(run: Sequence[CapturedFrame | RepeatedFrames]) -> int:
    return sum(item.count if isinstance(item, RepeatedFrames) else 1 for item in run)


def packages(run: Sequence[CapturedFrame | RepeatedFrames]) -> str:
    """The names of the libraries in a run, each once, in order."""
    frames = (item for item in run if isinstance(item, CapturedFrame))
    return ", ".join(dict.fromkeys(frame.library.name for frame in frames if frame.library))


def versions(frames: Iterable[CapturedFrame]) -> tuple[str, ...]:
    """Python's version, and those of the packages that took part, as far as there is room."""
    labels = dict.fromkeys(library_label(frame) for frame in frames if frame.library and frame.library.name != "Python")
    others = [label for label in labels if not label.startswith("debugkit")]
    return (f"Python {sys.version.split()[0]}", *others[:3])
