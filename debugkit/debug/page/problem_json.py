"""One error as data for JSON (RFC 9457 names ``type``, ``title`` and ``status``; the rest are extension members)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from debugkit.debug.framework_report import Table
from debugkit.debug.page.builder import PageBuilder
from debugkit.debug.page.frame_models import ValueView
from debugkit.debug.page.frame_names import frame_id, library_label
from debugkit.debug.page.models import DATA
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.tracebacks.model import CapturedException, CapturedFrame, RepeatedFrames
from debugkit.servers import FORMAT


class Problem:
    """Turns one entry into data. ``clean`` takes secrets out of text."""

    def __init__(self, entry: ErrorRecord, builder: PageBuilder, clean: Callable[[str], str], *, ids: bool) -> None:
        self._entry = entry
        self._builder = builder
        self._values: Mapping[int, tuple[ValueView, ...]] = builder.app_values()
        self._sources = builder.app_sources()
        self._clean = clean
        self._ids = ids

    def data(self) -> dict[str, Any]:
        entry, builder = self._entry, self._builder
        report, head = entry.framework_report, entry.captured.exception
        return {
            "format": FORMAT,
            "id": entry.id,
            "type": "about:blank",
            "title": builder.title,
            "status": builder.status,
            "notice": DATA,
            "text": self._clean(entry.captured.text),
            "exceptions": [self._exception(exception) for exception in (head, *head.chain)],
            "request": {
                "line": entry.request_line,
                **{panel.slug: self._panel(panel.tables) for panel in builder.panels()},
            },
            "raised_during": report.raised_during or None,
            "hint": builder.hint or None,
            "versions": list(builder.versions),
            "searches": [asdict(search) for search in report.searches],
            "url": builder.url,
        }

    def _panel(self, tables: tuple[Table[ValueView], ...]) -> list[dict[str, Any]]:
        return [
            {
                "title": table.title,
                "values": {row.name: row.text for row in table.rows},
                "text": table.text,
                "notice": table.notice,
            }
            for table in tables
        ]

    def _exception(self, exception: CapturedException) -> dict[str, Any]:
        data = {
            "type": exception.type_name,
            "message": self._clean(exception.message),
            "notes": [self._clean(note) for note in exception.notes],
            "suggestion": self._builder.suggestion(exception) or None,
            "relation": exception.relation or None,
            "context_suppressed": exception.suppressed,
            "frames": list(self._frames(exception)),
            "group": [self._exception(member) for member in exception.members],
        }
        if exception.relation == "member":
            data["chain"] = [self._exception(earlier) for earlier in exception.chain]
        return data

    def _frames(self, exception: CapturedException) -> Iterator[dict[str, Any]]:
        for item in exception.frames:
            if isinstance(item, RepeatedFrames):
                yield {"repeated": item.count, "names": [frame.name for frame in item.frames]}
            else:
                yield self._frame(item)

    def _frame(self, frame: CapturedFrame) -> dict[str, Any]:
        values, lines = self._values.get(frame.index, ()), self._sources.get(frame.index, ())
        return {
            "id": frame_id(self._entry, frame) if self._ids else None,
            "filename": frame.filename,
            "lineno": frame.lineno,
            "name": frame.name,
            "colno": frame.position.colno,
            "end_lineno": frame.position.end_lineno,
            "end_colno": frame.position.end_colno,
            "library": library_label(frame) or None,
            "source": [{"lineno": lineno, "text": text, "current": current} for lineno, text, current in lines],
            "values": [{"name": value.name, "type": value.type, "text": value.text} for value in values],
        }
