"""The error page as plain values: exceptions, frames, chain and panels, made for one viewer from one entry.

Decides what is shown, folded and opened. Knows nothing of HTML, HTTP or who the viewer is beyond `Viewer`.
"""

from __future__ import annotations

import sys
from collections.abc import Container, Iterable
from datetime import datetime
from itertools import takewhile

from debugkit.debug.access.viewer import Viewer
from debugkit.debug.causes.engine import cause
from debugkit.debug.framework_report import Panel, Table
from debugkit.debug.page.frame import FrameViews
from debugkit.debug.page.frame_models import FrameView, ValueView
from debugkit.debug.page.frame_names import library_label
from debugkit.debug.page.headline import headline, linked, title
from debugkit.debug.page.listing import Listing
from debugkit.debug.page.models import AppFrameView, LiveView, PageView, RequestView, TextView
from debugkit.debug.page.origins import Origins, search_view
from debugkit.debug.page.panels import Panels
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.tracebacks.model import (
    CapturedException,
    CapturedFrame,
    plain_frames,
    replaced,
    walk,
)
from debugkit.debug.tracebacks.telling import AppFrame, app_frames, links
from debugkit.debug.values.describe import Describer
from debugkit.settings import Settings

#: Calling frames shown in brief below the opened one.
CALLERS = 1
#: What Django calls the tables of a request, by what the page calls those of any WSGI application.
TABLES = {"Query": "GET", "Form": "POST", "Files": "FILES", "Cookies": "COOKIES"}


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
        origins = Origins(entry, viewer, self._views, self._text, frame)
        listing = Listing(entry, viewer, self._text, self.suggestion, origins.number, frame)
        shown = origins.shown()
        return PageView(
            id=entry.id,
            url=url,
            text_url=f"{url}.txt",
            markdown_url=f"{url}.md",
            file_url=f"{url}.html" if viewer.sees_values and entry.live else "",
            copies_request=viewer.sees_values and self._has_request,
            replay_url=f"{url}/replay" if entry.request and (viewer.is_developer or viewer.can_unlock) else "",
            list_url=f"{viewer.base}/tracebacks",
            static_url=self._static_url,
            title=self.title,
            headline=headline(head.type_name, self._text(head.message)),
            exception=listing.exception(head),
            chain=tuple(map(listing.exception, head.chain)),
            steps=origins.steps(),
            notes=tuple(linked(self._text(note)) for note in head.notes),
            frame=self._frame(frame) if frame else None,
            request_line=entry.request_line,
            status=self.status,
            time=moment.time().isoformat(timespec="seconds"),
            time_iso=moment.isoformat(timespec="seconds"),
            versions=versions(captured.frames.values()),
            occurrences=entry.occurrences,
            panels=self.panels(readable=True),
            viewer=viewer,
            app_frames=len(own),
            all_frames=len(captured.frames),
            opened_origin=shown.opened,
            origins=shown.unfolded,
            more_origins=shown.folded,
            notice=" ".join(filter(None, (notice, entry.gone_reason))),
            live=live,
            mount=self._mount,
            own_url=f"{self._own_base}/tracebacks/{entry.id}" if self._own_base else "",
            raised_during=entry.framework_report.raised_during,
            searches=tuple(map(search_view, entry.framework_report.searches)),
            hint=self.hint,
            text="" if frame else self._text(captured.text),
            captured_at=entry.framework_report.captured_at,
        )

    @property
    def _has_request(self) -> bool:
        """Whether there is a request that others can send too. Why one cannot be replayed, its refusal says."""
        return self._entry.request is not None and self._entry.request.is_http

    @property
    def url(self) -> str:
        """The permanent address of the error."""
        return f"{self._viewer.base}/tracebacks/{self._entry.id}"

    @property
    def status(self) -> int | None:
        """The HTTP status of the answer; `None` where no request failed."""
        return self._entry.framework_report.status if self._entry.request_line else None

    @property
    def title(self) -> str:
        return self._text(title(self._entry.captured.exception))

    @property
    def hint(self) -> str:
        """Why it happened, where a framework or live values tell. It quotes them: only if values may be seen."""
        if not self._viewer.sees_values:
            return ""
        report = self._entry.framework_report
        return self._text(
            report.hint
            or cause(
                replaced(self._entry.captured.exception), report.hidden, self._describer, sources=self._views.sources
            )
        )

    def panels(self, only: Container[str] | None = None, *, readable: bool = False) -> tuple[Panel[ValueView], ...]:
        """What the request was made of, for those who see values: all panels, or those of the names in ``only``."""
        request = self._entry.request
        if request is None or not self._viewer.sees_values:
            return ()
        handles = self._viewer.is_developer
        return Panels(self._entry, request, self._describer, handles=handles, readable=readable).all(only)

    def text(self, site: str) -> TextView:
        """The error as plain text. ``site`` is what its page's address begins with."""
        entry = self._entry
        text, report = self._text(entry.captured.text), entry.framework_report
        return TextView(text, f"{site}{self.url}", self._request(), report.raised_during, report.searches, self.hint)

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
        tables = tuple(by_name.get(name, Table(name))._replace(title=name) for name in names)
        return RequestView((*facts, ("Versions", versions_used)), tables)

    def frame(self, frame: CapturedFrame) -> FrameView:
        return self._frame(frame, gone_reason=self._entry.gone_reason)

    def redacted(self, text: str) -> str:
        """A text of the exception's without its secrets."""
        return self._text(text)

    def suggestion(self, exception: CapturedException) -> str:
        """What was probably meant. It names keys and attributes of live objects: only if values may be seen."""
        return self._text(exception.suggestion) if self._viewer.sees_values else ""

    def markdown_page(self) -> PageView:
        """The page with the application's frames in full, root cause first."""
        views = tuple(map(self._app_view, app_frames(self._entry.captured)))
        steps = links(self._entry.captured.exception)
        root_cause = self._text(title(steps[0].last)) if len(steps) > 1 else ""
        return self.page()._replace(app_views=views, root_cause=root_cause, request=self._request())

    def _app_view(self, listed: AppFrame) -> AppFrameView:
        name = self._text(title(listed.exception)) if listed.role else ""
        return AppFrameView(self.frame(listed.frame), listed.role, name)

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
        return [listed.frame for listed in app_frames(self._entry.captured)]

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


def versions(frames: Iterable[CapturedFrame]) -> tuple[str, ...]:
    """Python's version, and those of the packages that took part, as far as there is room."""
    labels = dict.fromkeys(library_label(frame) for frame in frames if frame.library and frame.library.name != "Python")
    others = [label for label in labels if not label.startswith("debugkit")]
    return (f"Python {sys.version.split()[0]}", *others[:3])
