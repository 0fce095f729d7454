"""View models become HTML, Markdown and JSON. The only module that knows Jinja2; templates/ is the only place with markup."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from debugkit.debug import assets
from debugkit.debug.capture import CapturedException, CapturedFrame, CapturedTraceback, RepeatedFrames
from debugkit.debug.views import FrameView, GapView, LineView, PageView, ValueView

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    def load(name: str) -> str | None:
        try:
            return assets.template_source(name)
        except FileNotFoundError:
            return None

    environment = Environment(
        loader=FunctionLoader(load),
        autoescape=lambda name: name is not None and name.endswith((".html", ".svg")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["fence"] = fence
    environment.tests["gap"] = lambda line: isinstance(line, GapView)
    environment.tests["a"] = lambda value, kind: type(value).__name__ == kind
    return environment


def html(template: str, view: object) -> bytes:
    """A template printed with one view model. Lone surrogates of user data become U+FFFD."""
    return _environment().get_template(template).render(view=view).encode("utf-8", "replace")


def markdown(view: PageView) -> bytes:
    """The error for an issue or an assistant: short, application frames with source and values first."""
    return html("traceback.md", view)


def fence(text: str) -> str:
    """A Markdown fence longer than any run of backticks in ``text`` (CommonMark 0.31, section 4.5)."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    return "`" * max(3, longest + 1)


def plain(view: Any) -> Any:
    """A view model as dictionaries and lists, for `json`."""
    if is_dataclass(view):
        return {field.name: plain(getattr(view, field.name)) for field in fields(view)}
    if isinstance(view, tuple | list):
        return [plain(item) for item in view]
    return view


def to_json(data: object) -> bytes:
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def problem(page: PageView, captured: CapturedTraceback, *, values: dict[int, tuple[ValueView, ...]], ids: bool) -> bytes:
    """The error as JSON (RFC 9457 names ``type``, ``title`` and ``status``; the rest are extension members).

    ``values`` holds the described values of frames by their index; ``ids`` says whether the reader may use frame ids.
    """
    head = captured.exception
    exceptions = [_exception_data(one, page.id, values, ids) for one in (head, *head.chain)]
    request = {panel.slug: plain(panel.sections) for panel in page.panels}
    return to_json(
        {
            "id": page.id,
            "type": "about:blank",
            "title": page.title,
            "status": page.status,
            "text": captured.text,
            "exceptions": exceptions,
            "request": {"line": page.request_line, **request},
            "url": page.url,
        }
    )


def _exception_data(
    exception: CapturedException, entry_id: str, values: dict[int, tuple[ValueView, ...]], ids: bool
) -> dict[str, Any]:
    return {
        "type": exception.type_name,
        "message": exception.message,
        "notes": list(exception.notes),
        "suggestion": exception.suggestion or None,
        "relation": exception.relation or None,
        "frames": list(_frames_data(exception, entry_id, values, ids)),
        "group": [_exception_data(member, entry_id, values, ids) for member in exception.members],
        "chain": [_exception_data(one, entry_id, values, ids) for one in exception.chain] if exception.relation else [],
    }


def _frames_data(
    exception: CapturedException, entry_id: str, values: dict[int, tuple[ValueView, ...]], ids: bool
) -> Iterator[dict[str, Any]]:
    for one in exception.frames:
        if isinstance(one, RepeatedFrames):
            yield {"repeated": one.count, "names": [frame.name for frame in one.frames]}
        else:
            yield _frame_data(one, f"{entry_id}-{one.index}" if ids else None, values.get(one.index, ()))


def _frame_data(frame: CapturedFrame, frame_id: str | None, values: tuple[ValueView, ...]) -> dict[str, Any]:
    return {
        "id": frame_id,
        "filename": frame.filename,
        "lineno": frame.lineno,
        "name": frame.name,
        "colno": frame.position.colno,
        "end_lineno": frame.position.end_lineno,
        "end_colno": frame.position.end_colno,
        "library": f"{frame.library.name} {frame.library.version}".strip() if frame.library else None,
        "values": [{"name": value.name, "type": value.type, "text": value.text} for value in values],
    }


def source_text(view: FrameView) -> str:
    """The lines of an excerpt as text with line numbers, for Markdown."""
    width = max((len(str(line.lineno)) for line in view.source.lines if isinstance(line, LineView)), default=1)
    rows = []
    for line in view.source.lines:
        if isinstance(line, LineView):
            code = "".join(span.text for span in line.spans)
            rows.append(f"{'>' if line.current else ' '} {line.lineno:>{width}}  {code}".rstrip())
        else:
            rows.append(f"  {'…':>{width}}")
    return "\n".join(rows)
