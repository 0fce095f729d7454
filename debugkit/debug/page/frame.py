"""One frame as the page prints it: its source with values beside it, its locals, its console.

Brings together the frame, its source and its values for one viewer; knows nothing of HTML or requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from debugkit.debug.access.viewer import Viewer
from debugkit.debug.framework_report import HIDDEN
from debugkit.debug.page.frame_models import BriefView, EditorLink, FrameView, LineView, SourceView, ValueView
from debugkit.debug.page.frame_names import column_of, editor_link, frame_id, frame_url, library_label, short_filename
from debugkit.debug.page.spans import spans, unindented
from debugkit.debug.redaction.redactor import REDACTED
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.safe.inspection import exact_str
from debugkit.debug.safe.text import type_name
from debugkit.debug.source.excerpt import (
    Excerpt,
    Gap,
    SourceLine,
    excerpt,
    lines_between,
    whole_file,
)
from debugkit.debug.source.expressions import ExpressionValue, expression_values, scope_of
from debugkit.debug.source.name_values import WORD, NameValues, first_mentions, name_values
from debugkit.debug.source.sources import Sources
from debugkit.debug.source.text import Source
from debugkit.debug.tracebacks.frame_locals import (
    CODE,
    among_globals,
    arguments,
    local_values,
    names_of,
    own_first,
    shared_names,
)
from debugkit.debug.tracebacks.model import CapturedFrame, Position
from debugkit.debug.tracebacks.templates import is_template
from debugkit.debug.values.describe import Describer, Node
from debugkit.settings import Settings

T = TypeVar("T")

#: Values printed beside one line; the failing line shows them all.
VALUES_BESIDE_A_LINE = 3
#: Values printed for a frame that is not opened, all of the failing line included.
VALUES_OF_A_BRIEF_FRAME = 6
#: Children printed under a value of the failing line that does not fit into its row.
DETAILS = 8
#: Rows of the table of locals, unless the failing line uses more.
LOCALS_SHOWN = 40
#: The text shown for a part that failed.
_NO_EXPRESSIONS: tuple[ExpressionValue, ...] = ()
_NO_ROWS: dict[str, ValueView] = {}
_NO_LOCALS: tuple[tuple[ValueView, ...], int] = ((), 0)
_NO_SOURCE = Excerpt((), "", "", 0, 0)


class FrameViews:
    """Makes `FrameView`s of one entry for one viewer."""

    def __init__(self, entry: ErrorRecord, viewer: Viewer, describer: Describer, settings: Settings) -> None:
        self._entry = entry
        self._viewer = viewer
        self._sees_values, self._is_developer = viewer.sees_values, viewer.is_developer  # asked for each value
        self._describer = describer
        self._limits = settings.limits
        self._settings = settings
        self._nodes: dict[tuple[int, str], Node] = {}
        self._neighbours = tuple(entry.captured.frames.values())
        #: Of the error's frames, for whoever else shows them.
        self.sources = Sources(self._neighbours)
        self._names: dict[int, dict[str, object]] = {}

    def _describe(self, value: object, name: str) -> Node:
        """A value in one line, described once: the same ones are shown beside lines, in tooltips and in the table.

        Values are known by their identity: frames keep them alive for as long as this object is used.
        """
        if value is HIDDEN:
            return Node(REDACTED, "", "redacted", False, True)
        key = (id(value), name)
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = self._describer.describe(value, name)
        return node

    def view(
        self, frame: CapturedFrame, *, chosen: str = "", callers: Sequence[CapturedFrame] = (), gone_reason: str = ""
    ) -> FrameView:
        """The opened frame, complete. ``callers`` are shown in brief; ``gone_reason`` is why its values may be gone."""
        viewer = self._viewer
        shown = self._excerpt(frame)
        expressions, broken = self._attempt(
            "The values beside it", lambda: self._expressions(frame, shown), _NO_EXPRESSIONS
        )
        url = frame_url(self._entry, frame, viewer)
        source_url = f"{url}/source" if self._is_developer else ""
        failing, _ = self._attempt("", lambda: self._failing_rows(expressions), _NO_ROWS)
        failed = SourceView(notice="The source could not be highlighted.", url=source_url)
        source, _ = self._attempt("", lambda: self._source(shown, expressions, source_url, failing), failed)
        (names, left_out), lost = self._attempt("The locals", lambda: self._locals(frame, failing), _NO_LOCALS)
        signature = arguments(frame)
        # On its line, a frame may use names that are none of its locals.
        own, explained = self._names_of(frame).keys() | self._hidden(frame).keys(), source.has_failing_line
        rest = [row for row in names if row.name in own and not (row.relevant and explained)]
        shared = shared_names(frame.frame) if frame.frame is not None else ()
        folded = tuple(row for row in rest if row.name in shared and not row.relevant)
        console = self._is_developer and frame.frame is not None
        return FrameView(
            id=frame_id(self._entry, frame),
            name=frame.name,
            filename=frame.filename,
            short_filename=short_filename(frame.filename, library=frame.library is not None),
            lineno=frame.lineno,
            library=library_label(frame),
            source=source,
            locals=tuple(row for row in names if row not in folded) if folded else names,
            locals_left_out=left_out,
            locals_notice=" ".join(filter(None, (self._locals_notice(frame), broken, lost))),
            arguments=tuple(signature.values()),
            argument_rows=tuple(row for row in rest if row.name in signature),
            local_rows=tuple(row for row in rest if row.name not in signature and row not in folded),
            shared_rows=folded,
            info=self._describer.text(frame.info) if self._sees_values else "",
            evaluate_url=f"{url}/evaluate" if console else "",
            interrupt_url=f"{url}/interrupt" if console else "",
            complete_url=f"{url}/complete" if console else "",
            values_url=f"{url}/values" if self._sees_values and frame.frame is not None else "",
            console_notice="" if console else self._console_notice(frame, gone_reason),
            editor=editor_link(frame, column_of(shown), self._settings),
            can_unlock=viewer.can_unlock and not viewer.locked_out and frame.frame is not None,
            callers=tuple(map(self.brief, callers)),
            chosen=chosen,
        )

    def values(self, frame: CapturedFrame) -> tuple[ValueView, ...]:
        """The values of the opened frame alone."""
        expressions, _ = self._attempt("", lambda: self._expressions(frame, self._excerpt(frame)), _NO_EXPRESSIONS)
        failing, _ = self._attempt("", lambda: self._failing_rows(expressions), _NO_ROWS)
        return self._attempt("", lambda: self._locals(frame, failing), _NO_LOCALS)[0][0]

    def name_values(self, frame: CapturedFrame) -> NameValues[ValueView]:
        """What every name in the frame's function is, shown or not; of a module, every name in the file."""
        shown, lines = self._excerpt(frame), self._source_of(frame).lines
        if frame.code is None or not lines:
            return NameValues((), ())
        if frame.name == "<module>":
            shown = shown._replace(first=1, last=len(lines))
        name = (exact_str(frame.code.co_name), frame.code.co_firstlineno)
        scope = None if is_template(frame.frame) else scope_of(lines, shown.first, shown.last, name)
        expressions = self._expressions(frame, shown, repeated=True)
        return name_values(expressions, self._expression_row, scope, frame.lineno)

    def _attempt(self, what: str, make: Callable[[], T], otherwise: T) -> tuple[T, str]:
        """A part of the frame and ""; one that fails is replaced, and a sentence says so: the other parts stay."""
        try:
            return make(), ""
        except Exception as error:
            return otherwise, f"{what} could not be shown: {type_name(type(error))}."

    def _excerpt(self, frame: CapturedFrame) -> Excerpt:
        shown, why = self._attempt(
            "The source",
            lambda: excerpt(self._readable(frame), self._limits, source=self._source_of(frame)),
            _NO_SOURCE,
        )
        return shown._replace(notice=why, first=frame.lineno, last=frame.lineno) if why else shown

    def _source_of(self, frame: CapturedFrame) -> Source:
        return self.sources.of(self._readable(frame))

    def shown_lines(self, frame: CapturedFrame) -> Iterator[SourceLine]:
        """The lines of source that the page shows of a frame."""
        return (line for line in self._excerpt(frame).lines if isinstance(line, SourceLine))

    def whole_source(self, frame: CapturedFrame) -> SourceView:
        return self._source(whole_file(self._readable(frame), self._neighbours), (), "", {})

    def editor(self, frame: CapturedFrame) -> EditorLink | None:
        return editor_link(frame, column_of(self._excerpt(frame)), self._settings)

    def more_source(self, frame: CapturedFrame, first: int, last: int) -> SourceView:
        """Lines of the frame's file that its excerpt does not have."""
        return self._source(lines_between(self._readable(frame), first, last, self._neighbours), (), "", {})

    def lines(self, frame: CapturedFrame) -> list[tuple[int, str, bool]]:
        """The lines around the failing one: number, text, and whether it is on the failing lines."""
        shown = (line for line in self._excerpt(frame).lines if isinstance(line, SourceLine))
        return [(line.lineno, "".join(text for _, text in line.tokens), line.current) for line in shown]

    def brief(self, frame: CapturedFrame) -> BriefView:
        """A frame that is not opened: its failing line, the values on it, and a few more of its locals."""
        shown = self._excerpt(frame)
        line = next((line for line in shown.lines if isinstance(line, SourceLine) and line.current), None)
        values, _ = self._attempt("", lambda: self._brief_values(frame, shown) if line else (), _NO_LOCALS[0])
        place = self.place(frame)
        return (
            place._replace(line=LineView(line.lineno, tuple(unindented(spans(line))), True, values)) if line else place
        )

    def place(self, frame: CapturedFrame) -> BriefView:
        """Where a frame is, without its line and values."""
        return BriefView(
            id=frame_id(self._entry, frame),
            url=frame_url(self._entry, frame, self._viewer),
            name=frame.name,
            short_filename=short_filename(frame.filename, library=frame.library is not None),
            lineno=frame.lineno,
            line=None,
        )

    def _brief_values(self, frame: CapturedFrame, shown: Excerpt) -> tuple[ValueView, ...]:
        if frame.frame is None or not self._sees_values:
            return ()
        rows = [self._expression_row(expression) for expression in self._expressions(frame, shown, failing_only=True)]
        names = {"self", "cls", *(row.name for row in rows)}
        for name, value in self._variables(frame):
            if len(rows) >= VALUES_OF_A_BRIEF_FRAME:
                break
            if name not in names and id(type(value)) not in CODE:
                rows.append(self._row(name, value, self._describe(value, name)))
        return tuple(rows)

    def _readable(self, frame: CapturedFrame) -> CapturedFrame:
        """``frame``; without the secrets in the line of its syntax error: unlike a file, such a text may be data."""
        text = self._describer.redactor.text(frame.text) if frame.text else ""
        if text == frame.text:
            return frame
        return replace(frame, text=text, position=Position(frame.lineno, frame.lineno, None, None))

    def _expressions(
        self, frame: CapturedFrame, shown: Excerpt, *, failing_only: bool = False, repeated: bool = False
    ) -> tuple[ExpressionValue, ...]:
        if not self._sees_values or frame.frame is None:
            return ()
        names, hidden = self._names_of(frame), self._hidden(frame).keys()
        lines = self._source_of(frame).lines
        expressions = expression_values(
            frame, lines, shown.first, shown.last, failing_only=failing_only, repeated=repeated
        )
        return tuple(
            value
            for value in expressions
            if (repeated or id(type(value.value)) not in CODE or value.text in names)
            and (not hidden or hidden.isdisjoint(WORD.findall(value.text)))
        )

    def _hidden(self, frame: CapturedFrame) -> Mapping[str, object]:
        return self._entry.framework_report.hidden.get(frame.index, {})

    def _names_of(self, frame: CapturedFrame) -> dict[str, object]:
        """The frame's locals, read once."""
        if frame.frame is None:
            return {}
        names = self._names.get(id(frame))
        if names is None:
            names = self._names[id(frame)] = names_of(frame.frame)
        return names

    def _variables(self, frame: CapturedFrame) -> Iterator[tuple[str, object]]:
        """The locals worth a row, with what is shown in place of secret ones."""
        if frame.frame is not None:
            names = {**self._names_of(frame), **self._hidden(frame)}
            yield from own_first(frame.frame, local_values(names, module_level=among_globals(frame.frame, frame.name)))

    def _source(
        self, shown: Excerpt, expressions: Sequence[ExpressionValue], url: str, failing: Mapping[str, ValueView]
    ) -> SourceView:
        values: dict[int, dict[int, ExpressionValue]] = {}
        for expression in expressions:
            values.setdefault(expression.end_lineno, {})[expression.end_colno] = expression
        beside = self._beside(shown, expressions, failing)
        lines = tuple(
            line if isinstance(line, Gap) else self._line(line, values.get(line.lineno), beside.get(line.lineno, ()))
            for line in shown.lines
        )
        exists = shown.lines or shown.above or shown.below
        return SourceView(lines, shown.language, shown.notice, url if exists else "", shown.above, shown.below)

    def _line(
        self, line: SourceLine, values: Mapping[int, ExpressionValue] | None, beside: tuple[ValueView, ...]
    ) -> LineView:
        return LineView(line.lineno, spans(line, values, self._tip), line.current, beside, line.offset)

    def _tip(self, expression: ExpressionValue) -> str:
        return self._describe(expression.value, expression.text).text

    def _beside(
        self, shown: Excerpt, expressions: Sequence[ExpressionValue], failing: Mapping[str, ValueView]
    ) -> dict[int, tuple[ValueView, ...]]:
        """The values shown beside each line: each where it first occurs, and all failing ones at their end."""
        visible = {line.lineno: line.current for line in shown.lines if isinstance(line, SourceLine)}
        current = [lineno for lineno, failing in visible.items() if failing]
        rows = first_mentions(expressions, visible, {*failing, "self", "cls"}, VALUES_BESIDE_A_LINE)
        beside = {lineno: tuple(map(self._expression_row, row)) for lineno, row in rows if lineno not in current}
        return beside | ({current[-1]: tuple(failing.values())} if current and failing else {})

    def _expression_row(self, expression: ExpressionValue) -> ValueView:
        node = self._describe(expression.value, expression.text)
        return self._row(expression.text, expression.value, node, relevant=expression.failing)

    def _failing_rows(self, expressions: Sequence[ExpressionValue]) -> dict[str, ValueView]:
        """What the failing line used, attributes, items and globals included, by its text."""
        values = {value.text: value.value for value in expressions if value.failing}
        return {name: self._local_row(name, value, relevant=True) for name, value in values.items()}

    def _locals(self, frame: CapturedFrame, failing: Mapping[str, ValueView]) -> tuple[tuple[ValueView, ...], int]:
        """The values of the failing line, then the other locals; and how many more there are."""
        if not self._sees_values or frame.frame is None:
            return (), 0
        others = [(name, value) for name, value in self._variables(frame) if name not in failing]
        shown = others[: max(0, LOCALS_SHOWN - len(failing))]
        rows = (self._local_row(name, value, relevant=False) for name, value in shown)
        return (*failing.values(), *rows), len(others) - len(shown)

    def _local_row(self, name: str, value: object, *, relevant: bool) -> ValueView:
        node = self._describe(value, name)
        details: tuple[ValueView, ...] = ()
        # The first items of a sequence are in the row already; what is cut of a mapping or an object has a name.
        named = type(value) is dict or node.kind == "object"
        if relevant and named and node.openable and "…" in node.text:
            children = self._describer.children(value, name).items[:DETAILS]
            details = tuple(self._row(child.label, child.value, child.node) for child in children)
        return self._row(name, value, node, relevant=relevant, details=details)

    def _row(
        self, name: str, value: object, node: Node, *, relevant: bool = False, details: tuple[ValueView, ...] = ()
    ) -> ValueView:
        handle = self._entry.values.put(value, name) if node.openable and self._is_developer else ""
        return ValueView(name, node.text, node.type, handle, node.kind, relevant, details)

    def _locals_notice(self, frame: CapturedFrame) -> str:
        """Why values are not shown. Where there are none, the notice in the place of the console says so."""
        if frame.frame is None or self._sees_values:
            return ""
        return "Values are shown on the computer that runs the server, and elsewhere after unlocking."

    def _console_notice(self, frame: CapturedFrame, gone_reason: str) -> str:
        missing = "values and no console" if self._viewer.evalex else "values"
        if frame.released:
            return f"This frame has no {missing} any more. {gone_reason}".strip()
        if frame.frame is None:
            return f"Python could not parse the file beyond this point: no code ran here, so there are no {missing}."
        return self._viewer.reason
