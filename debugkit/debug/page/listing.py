"""The list of exceptions and their frames, as the left-hand pane has it: what is listed, and what is folded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from debugkit.debug.access.viewer import Viewer
from debugkit.debug.page.frame_names import frame_id, frame_url, library_label, short_filename
from debugkit.debug.page.headline import shortened
from debugkit.debug.page.models import ExceptionView, FrameRow, LibraryRun, RepeatRow, SharedRun
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.tracebacks.model import CapturedException, CapturedFrame, RepeatedFrames, walk

Frame = CapturedFrame | RepeatedFrames

#: A single library frame is listed; two or more in a row fold. So do frames that are listed already.
FOLD_FROM = 2
#: Characters of a message in the list of frames: three lines of it; and in its tooltip.
LISTED = 160
LISTED_TIP = 600
#: Members of a group that are all unfolded: with more of them one has to look for what one wants to see.
MEMBERS_UNFOLDED = 4


class Listing:
    """Lists the exceptions of one entry, each in its turn from the top: what is listed already is folded below.

    ``number`` tells which step of the chain an exception is.
    """

    def __init__(
        self,
        entry: ErrorRecord,
        viewer: Viewer,
        text: Callable[[str], str],
        suggestion: Callable[[CapturedException], str],
        number: Callable[[CapturedException], int],
        opened: CapturedFrame | None,
    ) -> None:
        self._entry, self._viewer, self._opened = entry, viewer, opened
        self._text, self._suggestion, self._number = text, suggestion, number
        self._anchors = {id(exception): n for n, exception in enumerate(walk(entry.captured.exception))}
        self._listed: set[tuple[object, ...]] = set()

    def exception(self, exception: CapturedException, *, unfolded: bool = False) -> ExceptionView:
        message = self._text(exception.message)
        opened = self._opened is not None and self._opened in exception.frames
        rows = tuple(self._rows(exception))
        chain = tuple(map(self.exception, exception.chain)) if exception.relation else ()
        members_unfolded = len(exception.members) <= MEMBERS_UNFOLDED
        return ExceptionView(
            anchor=f"exception-{self._anchors[id(exception)]}",
            type=exception.type_name,
            message=message,
            notes=tuple(map(self._text, exception.notes)),
            suggestion=self._suggestion(exception),
            relation=exception.relation,
            rows=rows,
            members=tuple(self.exception(member, unfolded=members_unfolded) for member in exception.members),
            members_left_out=exception.members_left_out,
            opened=opened,
            unfolded=unfolded or opened,
            brief=shortened(message, LISTED),
            tip=shortened(message, LISTED_TIP),
            chain=chain,
            number=self._number(exception),
        )

    def _rows(self, exception: CapturedException) -> Iterator[FrameRow | LibraryRun | SharedRun | RepeatRow]:
        for shared, run in self._runs(exception.frames):
            if shared:
                yield SharedRun(tuple(map(self._row, run)), count_frames(run), self._opened in run)
            else:
                yield from self._folded(run)

    def _runs(self, frames: Sequence[Frame]) -> Iterator[tuple[bool, list[Frame]]]:
        """``frames`` in runs of those that are listed already, and of others."""
        places = [*map(_place, frames)]
        if self._listed.isdisjoint(places):  # as mostly
            self._listed.update(places)
            if frames:
                yield False, [*frames]
            return
        above = [place in self._listed for place in places]
        self._listed.update(places)
        folds: list[bool] = []
        for shared, same in groupby(above):
            length = len(list(same))
            folds += [shared and length >= FOLD_FROM] * length
        for fold, items in groupby(zip(folds, frames, strict=True), key=itemgetter(0)):
            yield fold, [item for _, item in items]

    def _folded(self, frames: Sequence[Frame]) -> Iterator[FrameRow | LibraryRun | RepeatRow]:
        for library, items in groupby(frames, key=is_library):
            run = list(items)
            rows = tuple(map(self._row, run))
            if library and len(rows) >= FOLD_FROM:
                yield LibraryRun(rows, count_frames(run), packages(run), self._opened in run)
            else:
                yield from rows

    def _row(self, item: Frame) -> FrameRow | RepeatRow:
        if isinstance(item, RepeatedFrames):
            return RepeatRow(item.count, ", ".join(dict.fromkeys(frame.name for frame in item.frames)))
        return FrameRow(
            id=frame_id(self._entry, item),
            url=frame_url(self._entry, item, self._viewer),
            name=item.name,
            short_filename=short_filename(item.filename, library=item.library is not None),
            lineno=item.lineno,
            library=library_label(item),
            opened=item is self._opened,
        )


def _place(item: Frame) -> tuple[object, ...]:
    """The same for the same call at the same line."""
    if isinstance(item, RepeatedFrames):
        return (item.count, *map(_place, item.frames))
    return (id(item.frame), item.filename, item.lineno, item.name)


def is_library(item: Frame) -> bool:
    if isinstance(item, RepeatedFrames):
        return bool(item.frames) and all(frame.library is not None for frame in item.frames)
    return item.library is not None


def count_frames(run: Sequence[Frame]) -> int:
    return sum(item.count if isinstance(item, RepeatedFrames) else 1 for item in run)


def packages(run: Sequence[Frame]) -> str:
    """The names of the libraries in a run, each once, in order."""
    frames = (item for item in run if isinstance(item, CapturedFrame))
    return ", ".join(dict.fromkeys(frame.library.name for frame in frames if frame.library))
