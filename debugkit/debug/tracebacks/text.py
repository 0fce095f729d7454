"""The text that `traceback` prints for an exception, or the like of it where that fails. Knows no page."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

from debugkit.debug.safe.text import clean, shortened, type_name
from debugkit.debug.tracebacks.exceptions import members, previous
from debugkit.debug.tracebacks.messages import ExceptionTexts
from debugkit.debug.tracebacks.model import CapturedException, plain_frames
from debugkit.debug.tracebacks.stand_ins import stand_in

#: Exceptions that `traceback` is asked to print. It takes about 10 µs for each, shown or not.
_MOST_PRINTED = 10_000
#: Characters of a line of source that are printed.
_LONGEST_LINE = 10_000


#: Frames whose text is kept for the next error, and characters of each one's lines and text.
_MOST_KNOWN = 256
_LONGEST_KNOWN = 2_000

#: The text of frames by their place and the lines that stand there.
_known: dict[tuple[object, ...], str] = {}


class _Stack(traceback.StackSummary):
    """Formats a frame once, however often it is repeated: the carets of PEP 657 cost a parse for every frame."""

    def __init__(self, summaries: Iterable[traceback.FrameSummary]) -> None:
        super().__init__(summaries)
        self._formatted: dict[tuple[object, ...], str] = {}

    def format(self, **options: Any) -> list[str]:
        """All frames in one piece: who prints them looks at each line of each piece."""
        return ["".join(super().format(**options))]

    def format_frame_summary(self, frame_summary: traceback.FrameSummary, **options: Any) -> str:
        summary = frame_summary
        place = (summary.filename, summary.lineno, summary.end_lineno, summary.colno, summary.end_colno, summary.name)
        text = self._formatted.get(place)
        if text is None:
            text = self._formatted[place] = self._remembered(place, summary, options)
        return text

    def _remembered(self, place: tuple[object, ...], summary: traceback.FrameSummary, options: dict[str, Any]) -> str:
        """The text that the frame had in an earlier error, if its lines are still the same."""
        first, last = summary.lineno, summary.end_lineno
        if summary.filename.startswith("<") or first is None or last is None:  # its lines may be anybody's
            return self._made(summary, options)
        key = (*place, *linecache.getlines(summary.filename)[first - 1 : last])
        text = _known.get(key)
        if text is None:
            text = self._made(summary, options)
            if sum(map(len, key[len(place) :])) + len(text) <= _LONGEST_KNOWN:  # type: ignore[arg-type]
                if len(_known) >= _MOST_KNOWN:
                    _known.clear()
                _known[key] = text
        return text

    def _made(self, summary: traceback.FrameSummary, options: dict[str, Any]) -> str:
        line = summary.line or ""
        if len(line) > _LONGEST_LINE:  # its carets would cost a parse of all of it
            name, lineno, cut = summary.name, summary.lineno, f"{line[:_LONGEST_LINE]}..."
            summary = traceback.FrameSummary(summary.filename, lineno, name, lookup_line=False, line=cut)
        return super().format_frame_summary(summary, **options)


def traceback_text(
    exc: BaseException, tb: TracebackType | None, captured: CapturedException, size: int, texts: ExceptionTexts
) -> str:
    """What `traceback.format_exception` gives, or the plain text of ``captured`` where that itself fails."""
    try:
        text = (
            "".join(_standard(stand_in(exc, tb, texts), tb))
            if _is_small(exc)
            else _shortened_text(captured, "too many exceptions")
        )
    except BaseException as error:  # it looks for what was meant in objects of the user's: names, attributes
        text = _shortened_text(captured, f"the traceback module raised {type_name(type(error))}")
    return shortened(clean(text), size)


def _is_small(exc: BaseException) -> bool:
    """Whether `traceback` can print it: an exception that is in many groups counts, and costs, once for each."""
    waiting, seen, count = [exc], {id(exc)}, 0
    while waiting and count <= _MOST_PRINTED:
        exception = waiting.pop()
        count += 1
        earlier = previous(exception).exception
        if earlier is not None and id(earlier) not in seen:
            seen.add(id(earlier))
            waiting.append(earlier)
        waiting += members(exception)
    return count <= _MOST_PRINTED


def _standard(exc: BaseException, tb: TracebackType | None) -> Iterator[str]:
    whole = traceback.TracebackException(type(exc), exc, tb, compact=True, lookup_lines=False)
    waiting = [whole]
    while waiting:
        part = waiting.pop()
        part.stack = _Stack(part.stack)
        waiting += filter(None, (part.__cause__, part.__context__, *(part.exceptions or ())))
    return whole.format()


def _shortened_text(captured: CapturedException, why: str) -> str:
    return "".join([*_plain(captured), f"(Shortened: {why}.)\n"])


def _plain(exception: CapturedException) -> Iterator[str]:
    """The same in simple words: no source lines, groups without indentation."""
    for current in (*reversed(exception.chain), exception):
        yield "Traceback (most recent call last):\n"
        for frame in plain_frames(current):
            yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}\n'
        yield f"{current.type_name}: {current.message}\n"
        yield from (f"{note}\n" for note in current.notes)
        if current is not exception:
            why = "direct cause of" if current.relation == "cause" else "context of"
            yield f"\nThe above exception was the {why} the following exception:\n\n"
    for member in exception.members:
        yield f"\nA member of {exception.type_name}:\n\n"
        yield from _plain(member)
