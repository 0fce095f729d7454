"""The sources of one error's frames: each file is looked at once, however many frames and parts of a page show it."""

from __future__ import annotations

from collections.abc import Sequence

from debugkit.debug.source.loading import find_source
from debugkit.debug.source.text import Source
from debugkit.debug.tracebacks.model import CapturedFrame


class Sources:
    """``neighbours`` are the frames of the error: one of them may hold the text of a template that has no name.

    Make one for each page: a file may change until the next.
    """

    def __init__(self, neighbours: Sequence[CapturedFrame] = ()) -> None:
        self._neighbours = neighbours
        self._by_file: dict[str, Source] = {}
        self._others: dict[int, tuple[CapturedFrame, Source]] = {}  # the frame is kept: its id stays its own

    def of(self, frame: CapturedFrame) -> Source:
        """The text that a frame stands in, as `find_source` has it."""
        source = self._by_file.get(frame.filename)
        if source is None:
            other = self._others.get(id(frame))
            source = self._look(frame) if other is None else other[1]
        return source

    def _look(self, frame: CapturedFrame) -> Source:
        source = find_source(frame, neighbours=self._neighbours)
        if source.state is not None and source.state[0] == frame.filename:
            self._by_file[frame.filename] = source
        else:
            self._others[id(frame)] = (frame, source)
        return source
