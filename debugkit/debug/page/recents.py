"""The list of recent errors: a row for each group of equal ones, from one process or from several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from debugkit.debug.access.viewer import Viewer
from debugkit.debug.page.frame_names import short_filename
from debugkit.debug.page.headline import title
from debugkit.debug.page.models import LiveView, RecentsView, RecentView
from debugkit.debug.redaction.redactor import Redactor
from debugkit.debug.registry import ErrorRecord
from debugkit.frozen import frozen


@frozen
class Row:
    """The errors of one group. ``moments`` are when they were added, in epoch seconds, and their ids; newest first."""

    group: str
    title: str
    type: str
    status: int
    request_line: str
    where: str
    count: int
    live: bool
    moments: tuple[tuple[float, str], ...]


def row(group: Sequence[ErrorRecord], redactor: Redactor) -> Row:
    """The row of equal errors, newest first, which stands for the others."""
    newest = group[0]
    frame = newest.captured.opened
    where = f"{short_filename(frame.filename, library=frame.library is not None)}:{frame.lineno}" if frame else ""
    return Row(
        group=newest.group,
        title=redactor.text(title(newest.captured.exception)),
        type=newest.captured.exception.type_name,
        status=newest.framework_report.status,
        request_line=newest.request_line,
        where=f"{where} in {frame.name}" if frame else "",
        count=newest.occurrences,
        live=newest.live,
        moments=tuple((entry.time, entry.id) for entry in group),
    )


def rows(groups: Iterable[Sequence[ErrorRecord]], redactor_of: Callable[[ErrorRecord], Redactor]) -> list[Row]:
    return [row(group, redactor_of(group[0])) for group in groups]


def from_data(data: Any) -> Row:
    """A row that came as JSON. Raises `TypeError`, `ValueError` or `KeyError` for what is none."""
    moments = tuple((float(moment), str(error_id)) for moment, error_id in data["moments"])
    texts = {name: str(data[name]) for name in ("group", "title", "type", "request_line", "where")}
    if not moments:
        raise ValueError("a row without errors")
    status, count = int(data["status"]), int(data["count"])
    return Row(**texts, status=status, count=count, live=bool(data["live"]), moments=moments)


def merged(parts: Iterable[Row]) -> list[Row]:
    """One row for each group, newest first."""
    groups: dict[str, Row] = {}
    for part in parts:
        other = groups.get(part.group)
        groups[part.group] = part if other is None else _joined(part, other)
    return sorted(groups.values(), key=lambda row: row.moments[0], reverse=True)


def _joined(first: Row, second: Row) -> Row:
    newest = max(first, second, key=lambda row: row.moments[0])
    moments = tuple(sorted({*first.moments, *second.moments}, reverse=True))
    return replace(newest, count=first.count + second.count, moments=moments)


@frozen
class Wanted:
    """What is looked for in the list. Every word of ``text`` has to occur somewhere; the others are parts, in any case.

    ``status`` is a number as text, empty for any.
    """

    text: str = ""
    path: str = ""
    type: str = ""
    status: str = ""

    def matches(self, row: Row) -> bool:
        method, _, path = row.request_line.partition(" ")
        everything = " ".join((row.title, row.type, method, path, row.where, f"{row.status}")).casefold()
        return (
            all(word in everything for word in self.text.casefold().split())
            and self.path.casefold() in path.casefold()
            and self.type.casefold() in row.type.casefold()
            and self.status in ("", f"{row.status}")
        )


#: Nothing special is looked for.
ALL = Wanted()


def recents_view(
    rows: Sequence[Row],
    viewer: Viewer,
    static_url: str,
    live: LiveView | None = None,
    notice: str = "",
    wanted: Wanted = ALL,
    *,
    polls: bool = False,
) -> RecentsView:
    """``notice`` says what is missing; ``polls``: no event tells of all new errors."""
    return RecentsView(
        rows=tuple(_recent_view(row, viewer) for row in rows if wanted.matches(row)),
        kept=len(rows),
        wanted=wanted.text,
        viewer=viewer,
        static_url=static_url,
        list_url=f"{viewer.base}/tracebacks",
        clear_url=f"{viewer.base}/tracebacks/clear" if viewer.is_developer else "",
        polls=polls,
        live=live,
        notice=notice,
    )


def _recent_view(row: Row, viewer: Viewer) -> RecentView:
    moments = [datetime.fromtimestamp(moment).astimezone() for moment, _ in row.moments]
    urls = [f"{viewer.base}/tracebacks/{error_id}" for _, error_id in row.moments]
    return RecentView(
        url=urls[0],
        id=row.moments[0][1],
        title=row.title,
        type=row.type,
        status=row.status,
        request_line=row.request_line,
        where=row.where,
        time=moments[0].strftime("%H:%M:%S"),
        time_iso=moments[0].isoformat(timespec="seconds"),
        count=row.count,
        live=row.live,
        urls=tuple((moment.strftime("%H:%M:%S"), url) for moment, url in zip(moments[1:], urls[1:], strict=True)),
        group=row.group,
    )
