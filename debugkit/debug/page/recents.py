"""The list of recent errors as plain values. Knows nothing of HTML or HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from debugkit.debug.access.viewer import Viewer
from debugkit.debug.page.frame_names import short_filename
from debugkit.debug.page.headline import title
from debugkit.debug.page.models import LiveView, RecentsView, RecentView
from debugkit.debug.redaction.redactor import Redactor
from debugkit.debug.registry import ErrorRecord


def recents_view(
    groups: Iterable[Sequence[ErrorRecord]],
    viewer: Viewer,
    static_url: str,
    redactor_of: Callable[[ErrorRecord], Redactor],
    live: LiveView | None = None,
) -> RecentsView:
    """The list of recent errors: one row for each group of equal ones, the newest standing for it."""
    return RecentsView(
        rows=tuple(recent_view(group, viewer, redactor_of(group[0])) for group in groups),
        viewer=viewer,
        static_url=static_url,
        list_url=f"{viewer.base}/tracebacks",
        live=live,
    )


def recent_view(group: Sequence[ErrorRecord], viewer: Viewer, redactor: Redactor) -> RecentView:
    newest = group[0]
    moments = [datetime.fromtimestamp(entry.time).astimezone() for entry in group]
    frame = newest.captured.opened
    where = f"{short_filename(frame.filename, library=frame.library is not None)}:{frame.lineno}" if frame else ""
    return RecentView(
        url=f"{viewer.base}/tracebacks/{newest.id}",
        title=redactor.text(title(newest.captured.exception)),
        request_line=newest.request_line,
        where=f"{where} in {frame.name}" if frame else "",
        time=moments[0].strftime("%H:%M:%S"),
        time_iso=moments[0].isoformat(timespec="seconds"),
        count=newest.occurrences,
        live=newest.live,
        urls=tuple(
            (moment.strftime("%H:%M:%S"), f"{viewer.base}/tracebacks/{entry.id}")
            for moment, entry in zip(moments[1:], group[1:], strict=True)
        ),
        group=newest.group,
    )
