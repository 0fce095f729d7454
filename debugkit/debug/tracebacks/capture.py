"""An exception becomes data: its chain, its groups, its frames, and the text that `traceback` prints for it.

Cheap, and never the second exception: the frames are walked and kept; their contents are read by others, later.
Knows no source, no values, no page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType

from debugkit.debug.safe import codes, inspection
from debugkit.debug.safe.text import clean, type_name
from debugkit.debug.tracebacks import exceptions, hiding, repeats, templates
from debugkit.debug.tracebacks.django_settings import settings_position
from debugkit.debug.tracebacks.libraries import file_of_owner
from debugkit.debug.tracebacks.messages import ExceptionTexts
from debugkit.debug.tracebacks.model import (
    CapturedException,
    CapturedFrame,
    CapturedTraceback,
    Position,
    Relation,
    RepeatedFrames,
)
from debugkit.debug.tracebacks.suggestions import local, suggestion
from debugkit.debug.tracebacks.syntax_errors import error_position
from debugkit.debug.tracebacks.text import traceback_text
from debugkit.errors import ApplicationError
from debugkit.settings import Limits

#: Characters kept of __traceback_info__.
_INFO_SIZE = 4_000
#: Characters of an error's text, and of one message: the middle of more is left out.
TEXT_SIZE = 200_000
#: Exceptions of one error, in its chain and in groups.
MOST_EXCEPTIONS = 100


def capture(
    exc: BaseException,
    *,
    tb: TracebackType | None = None,
    show_hidden: bool = False,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    text_size: int = TEXT_SIZE,
    most_exceptions: int = MOST_EXCEPTIONS,
) -> CapturedTraceback:
    """Everything about ``exc`` that a page may show. Never raises.

    ``tb`` is where its traceback is to begin; `None` for its own. ``show_hidden`` ignores ``__traceback_hide__``.
    """
    start = exceptions.traceback_of(exc) if tb is None else tb
    try:
        with ExceptionTexts(text_size) as texts:
            captured = _Tree(limits.frames, most_exceptions, show_hidden, texts).capture(exc, start, "")
            return CapturedTraceback(captured, traceback_text(exc, start, captured, text_size, texts))
    except Exception as broken:  # no stack or memory left: say that at least
        name = type_name(type(exc))
        message = f"(capturing it failed: {type(broken).__name__})"
        bare = CapturedException(exc, name, message, (), "", "", False, ())
        return CapturedTraceback(bare, f"{name}: {message}\n")


class _Tree:
    """Walks an exception, what led to it, and its groups. A chain lists no exception twice, so no walk loops."""

    def __init__(self, most_frames: int, most_exceptions: int, show_hidden: bool, texts: ExceptionTexts) -> None:
        self._most_frames, self._show_hidden, self._texts = most_frames, show_hidden, texts
        self._left = most_exceptions
        self._seen: set[int] = set()

    def capture(
        self, exc: BaseException, tb: TracebackType | None, relation: Relation, above: frozenset[int] = frozenset()
    ) -> CapturedException:
        self._left -= 1
        head = self._captured(exc, tb, relation)
        links = self._links(exc)
        self._left -= len(links)
        head.chain = tuple(self._captured(link, exceptions.traceback_of(link), relation) for link, relation in links)
        # After the chain: the root cause tells more than the last member of a long group.
        self._add_members(head, exc, above | {id(exc)})
        for captured, (link, _) in zip(head.chain, links, strict=True):
            self._add_members(captured, link, above | {id(exc), id(link)})
        return head

    def _links(self, exc: BaseException) -> list[tuple[BaseException, Relation]]:
        """The chain of ``exc``; of one that is too long, both ends."""
        links: list[tuple[BaseException, Relation]] = []
        self._seen.add(id(exc))
        link = exceptions.previous(exc)
        while link.exception is not None and id(link.exception) not in self._seen:
            self._seen.add(id(link.exception))
            links.append((link.exception, link.relation))
            link = exceptions.previous(link.exception)
        surplus = max(0, len(links) - max(0, self._left))
        middle = (len(links) - surplus) // 2
        return links[:middle] + links[middle + surplus :]

    def _add_members(self, captured: CapturedException, exc: BaseException, above: frozenset[int]) -> None:
        members = exceptions.members(exc)
        kept: list[CapturedException] = []
        for member in members:
            if self._left <= 0:
                break
            if id(member) not in above:  # a cause of the group that holds the group
                kept.append(self.capture(member, exceptions.traceback_of(member), "member", above))
        captured.members = tuple(kept)
        captured.members_left_out = len(members) - len(kept)

    def _captured(self, exc: BaseException, tb: TracebackType | None, relation: Relation) -> CapturedException:
        traces = list(_traces(tb))
        message = self._texts.message(exc)
        return CapturedException(
            exception=exc,
            type_name=type_name(type(exc)),
            message=message,
            notes=self._texts.notes(exc),
            suggestion=suggestion(exc, traces[-1].tb_frame if traces else None, message),
            relation=relation,
            suppressed=exceptions.previous(exc).suppressed,
            frames=(
                *_frames(traces, self._show_hidden, self._most_frames, self._texts),
                *(_pointed_at(exc, traces) or _in_settings(exc, traces)),
            ),
        )


# Frames


def _traces(tb: TracebackType | None) -> Iterator[TracebackType]:
    while tb is not None:
        yield tb
        tb = tb.tb_next


def _frames(
    traces: Sequence[TracebackType], show_hidden: bool, most: int, texts: ExceptionTexts
) -> Iterator[CapturedFrame | RepeatedFrames]:
    hidden = hiding.hidden([local(trace.tb_frame, "__traceback_hide__") for trace in traces])
    shown = [index for index, hide in enumerate(hidden) if show_hidden or not hide]
    listed: list[CapturedFrame] = []
    for item in repeats.folded([(id(traces[index].tb_frame.f_code), traces[index].tb_lineno) for index in shown], most):
        if isinstance(item, repeats.OmittedItems):
            yield RepeatedFrames(item.count, tuple(listed[len(listed) - item.cycle :]))
        else:
            listed.append(_frame(traces[shown[item]], hidden[shown[item]], texts))
            yield listed[-1]


def _frame(trace: TracebackType, hidden: bool, texts: ExceptionTexts) -> CapturedFrame:
    frame = trace.tb_frame
    code = frame.f_code
    known = codes.known(code)
    info = local(frame, "__traceback_info__")
    template = templates.template_name(frame)
    filename = known.filename
    owner = file_of_owner(filename, frame.f_globals)
    return CapturedFrame(
        frame=frame,
        code=code,
        filename=clean(f"<template {template}>") if template else known.shown,
        lineno=trace.tb_lineno or code.co_firstlineno,
        name=known.name,
        module=clean(inspection.exact_str(dict.get(frame.f_globals, "__name__"))),
        position=Position(*known.position(code, trace.tb_lasti)),
        hidden=hidden,
        info="" if info is inspection.MISSING or info is None else texts.text(info, _INFO_SIZE),
        owner=clean(owner) if owner != filename else "",
        generated=_is_made_up(filename) and not templates.is_template(frame),
    )


def _is_made_up(filename: str) -> bool:
    """Whether it is the name of a text (``<string>``, ``<attrs generated init Tea>``), not of a file."""
    return filename.startswith("<") and not filename.startswith("<frozen ")


def _pointed_at(exc: BaseException, traces: Sequence[TracebackType]) -> tuple[CapturedFrame, ...]:
    """A frame for the file and line that ``exc`` speaks of, unless its last frame is there already."""
    filename, position, text = error_position(exc)
    if not filename or position.lineno is None:
        return ()
    if traces and traces[-1].tb_lineno == position.lineno:
        last = inspection.exact_str(traces[-1].tb_frame.f_code.co_filename)
        if last in (filename, "<unknown>"):  # what Jinja2 calls a template that is no file
            return ()
    function = exc.function if type(exc) is ApplicationError else ""
    return (_place(filename, position.lineno, position, text, function or "<module>"),)


def _in_settings(exc: BaseException, traces: Sequence[TracebackType]) -> tuple[CapturedFrame, ...]:
    """A frame for the line of Django's settings that names what could not be imported."""
    filename, position = settings_position(exc, traces)
    return () if position.lineno is None else (_place(filename, position.lineno, position),)


def _place(filename: str, lineno: int, position: Position, text: str = "", name: str = "<module>") -> CapturedFrame:
    made_up = _is_made_up(filename)
    return CapturedFrame(
        None, None, filename, lineno, name, "", position, pointed_at=True, generated=made_up, text=text
    )
