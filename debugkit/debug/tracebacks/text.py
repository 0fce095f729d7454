"""The text that `traceback` prints for an exception, or the like of it where that fails. Knows no page."""

from __future__ import annotations

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


class _Stack(traceback.StackSummary):
    """Formats a frame once, however often it is repeated: the carets of PEP 657 cost a parse for every frame."""

    def __init__(self, summaries: Iterable[traceback.FrameSummary]) -> None:
        super().__init__(summaries)
        self._formatted: dict[object, str] = {}

    def format_frame_summary(self, frame_summary: traceback.FrameSummary, **options: Any) -> str:
        one = frame_summary
        key = (one.filename, one.lineno, one.end_lineno, one.colno, one.end_colno, one.name)
        if key not in self._formatted:
            line = one.line or ""
            if len(line) > _LONGEST_LINE:  # its carets would cost a parse of all of it
                name, lineno, cut = one.name, one.lineno, f"{line[:_LONGEST_LINE]}..."
                one = traceback.FrameSummary(one.filename, lineno, name, lookup_line=False, line=cut)
            self._formatted[key] = super().format_frame_summary(one, **options)
        return self._formatted[key]


def traceback_text(
    exc: BaseException, tb: TracebackType | None, captured: CapturedException, size: int, said: ExceptionTexts
) -> str:
    """What `traceback.format_exception` gives, or the plain text of ``captured`` where that itself fails."""
    try:
        text = (
            "".join(_standard(stand_in(exc, tb, said), tb))
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
        one = waiting.pop()
        count += 1
        earlier = previous(one).exception
        if earlier is not None and id(earlier) not in seen:
            seen.add(id(earlier))
            waiting.append(earlier)
        waiting += members(one)
    return count <= _MOST_PRINTED


def _standard(exc: BaseException, tb: TracebackType | None) -> Iterator[str]:
    whole = traceback.TracebackException(type(exc), exc, tb, compact=True, lookup_lines=False)
    waiting = [whole]
    while waiting:
        one = waiting.pop()
        one.stack = _Stack(one.stack)
        waiting += filter(None, (one.__cause__, one.__context__, *(one.exceptions or ())))
    return whole.format()


def _shortened_text(captured: CapturedException, why: str) -> str:
    return "".join([*_plain(captured), f"(Shortened: {why}.)\n"])


def _plain(exception: CapturedException) -> Iterator[str]:
    """The same in simple words: no source lines, groups without indentation."""
    for one in (*reversed(exception.chain), exception):
        yield "Traceback (most recent call last):\n"
        for frame in plain_frames(one):
            yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}\n'
        yield f"{one.type_name}: {one.message}\n"
        yield from (f"{note}\n" for note in one.notes)
        if one is not exception:
            why = "direct cause of" if one.relation == "cause" else "context of"
            yield f"\nThe above exception was the {why} the following exception:\n\n"
    for member in exception.members:
        yield f"\nA member of {exception.type_name}:\n\n"
        yield from _plain(member)
