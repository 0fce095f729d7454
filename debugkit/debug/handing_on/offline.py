"""An error as one HTML file: it opens from a disk, asks no server for anything, and holds no script.

What the application's own frames hold stands in it whole, as far as there is room; those of libraries are folded.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterator

from debugkit.debug.access.viewer import Level, Viewer
from debugkit.debug.framework_report import Panel
from debugkit.debug.page import assets, rendering
from debugkit.debug.page.builder import PageBuilder
from debugkit.debug.page.frame_models import FrameView, LineView, ValueView
from debugkit.debug.page.listing import packages
from debugkit.debug.page.models import PageView
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.safe.text import shortened
from debugkit.debug.tracebacks.model import CapturedException, CapturedFrame, RepeatedFrames, walk
from debugkit.frozen import frozen

#: The style sheets of the pages that such a file needs, and its own.
STYLES = ("tokens", "base", "source", "values", "syntax")
OWN_STYLE = "offline.css"
#: Characters of markup for the frames, those of the application first; and of the traceback as text.
MOST_MARKUP = 300_000
MOST_TEXT = 40_000
#: Characters of markup around a piece of source, a line of it, and a value.
AROUND_A_SPAN, AROUND_A_LINE, AROUND_A_VALUE = 40, 60, 120


@frozen
class Run:
    """Neighbouring frames: one of the application's own, or those of libraries, or some that are left out."""

    frames: tuple[FrameView, ...] = ()
    #: What a folded run is called; empty for a frame of the application's.
    summary: str = ""


@frozen
class RaisedView:
    """One exception of the tree, its frames innermost first."""

    type: str
    message: str
    relation: str
    notes: tuple[str, ...]
    runs: tuple[Run, ...]


@frozen
class OfflineView:
    """The whole file. ``style`` is the text of its only style sheet, ``policy`` allows that and nothing else."""

    page: PageView
    raised: tuple[RaisedView, ...]
    panels: tuple[Panel[ValueView], ...]
    text: str
    style: str
    policy: str


def reader() -> Viewer:
    """For whom the file is: somebody who sees values, and has no server to ask."""
    return Viewer(Level.VISITOR, True, evalex=False, reason="There is no console in a file.")


def offline(entry: ErrorRecord, builder: PageBuilder) -> bytes:
    """The file. ``builder`` makes its parts for `reader`."""
    return rendering.html("offline.html", _view(entry, builder))


def printed(entry: ErrorRecord, builder: PageBuilder) -> bytes:
    """The same as a part of a page that is open already, to print it."""
    return rendering.fragment("file.html", _view(entry, builder))


def _view(entry: ErrorRecord, builder: PageBuilder) -> OfflineView:
    page = builder.page()
    raised = _Frames(builder, entry).exceptions()
    style = "\n".join([*map(assets.style, STYLES), assets.static_files()[OWN_STYLE].body.decode()])
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    text = shortened(builder.text("").text, MOST_TEXT)
    return OfflineView(page, tuple(raised), page.panels, text, style, policy)


class _Frames:
    """Makes the views of all frames, the application's first, until there is no more room."""

    def __init__(self, builder: PageBuilder, entry: ErrorRecord) -> None:
        self._builder = builder
        self._captured = entry.captured
        self._room = MOST_MARKUP
        frames = list(self._captured.frames.values())
        opened = self._captured.opened
        order = sorted(frames, key=lambda frame: (frame is not opened, frame.library is not None, -frame.index))
        self._views = {frame.index: view for frame in order if (view := self._view(frame))}

    def exceptions(self) -> Iterator[RaisedView]:
        for exception in walk(self._captured.exception):
            yield RaisedView(
                exception.type_name,
                self._builder.redacted(exception.message),
                exception.relation,
                tuple(map(self._builder.redacted, exception.notes)),
                tuple(self._runs(exception)),
            )

    def _view(self, frame: CapturedFrame) -> FrameView | None:
        if self._room <= 0:
            return None
        view = self._builder.frame(frame)
        self._room -= _weight(view)
        return view if self._room > 0 else None

    def _runs(self, exception: CapturedException) -> Iterator[Run]:
        libraries: list[CapturedFrame] = []
        for item in reversed(exception.frames):
            if isinstance(item, CapturedFrame) and item.library is not None:
                libraries.append(item)
                continue
            yield from self._folded(libraries)
            libraries = []
            if isinstance(item, RepeatedFrames):
                yield Run(summary=f"{item.count:,} more frames of the same kind")
            elif item.index in self._views:
                yield Run((self._views[item.index],))
            else:
                yield Run(
                    summary=f"{item.filename}:{item.lineno} in {item.name} (left out: the file would be too long)"
                )
        yield from self._folded(libraries)

    def _folded(self, frames: list[CapturedFrame]) -> Iterator[Run]:
        if frames:
            several = "" if len(frames) == 1 else "s"
            views = tuple(self._views[frame.index] for frame in frames if frame.index in self._views)
            yield Run(views, f"{len(frames)} library frame{several}: {packages(frames)}")


def _weight(view: FrameView) -> int:
    """About how many characters of markup a frame takes; too many rather than too few."""
    values = [*view.locals, *view.shared_rows, *(detail for value in view.locals for detail in value.details)]
    lines = [line for line in view.source.lines if isinstance(line, LineView)]
    values += [value for line in lines for value in line.values] * 2  # also in tooltips
    spans = [span for line in lines for span in line.spans]
    texts = [span.text + span.value for span in spans] + [f"{value.name}{value.type}{value.text}" for value in values]
    markup = AROUND_A_SPAN * len(spans) + AROUND_A_LINE * len(lines) + AROUND_A_VALUE * len(values)
    return markup + sum(len(html.escape(text)) for text in texts)
