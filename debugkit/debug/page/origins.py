"""How it came to this: the steps of a chain, and the other exceptions of the tree in brief.

The reader's own code comes first. An exception that was raised in it is shown with its line and values; one of a
library takes one line, and so do those for which there is no room. Knows no HTML.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from debugkit.debug.access.viewer import Viewer
from debugkit.debug.framework_report import Search
from debugkit.debug.page.frame import FrameViews
from debugkit.debug.page.frame_models import BriefView
from debugkit.debug.page.frame_names import frame_url
from debugkit.debug.page.headline import SINGLE_LINE, shortened
from debugkit.debug.page.models import OriginView, Role, SearchView, Step
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.tracebacks.libraries import is_library
from debugkit.debug.tracebacks.model import CapturedException, CapturedFrame, nearest_frame
from debugkit.debug.tracebacks.telling import Link, is_own, links
from debugkit.frozen import frozen

#: Exceptions shown with line and values above the opened frame; one less where others are folded, which take a line.
UNFOLDED = 4
#: Exceptions of libraries that are not folded.
LINES = 2
#: Places of a search that are not folded.
PLACES = 6


def search_view(search: Search) -> SearchView:
    """``search`` with the places in folders of libraries folded: nobody puts a file there."""
    own = [attempt for attempt in search.attempts if not is_library(attempt.place)] or list(search.attempts)
    shown = own[:PLACES]
    folded = tuple(attempt for attempt in search.attempts if attempt not in shown)
    return SearchView(search.wanted, search.engine, search.attempts, tuple(shown), folded, search.notice)


@frozen
class Shown:
    """The other exceptions in brief: where the page opens if that is another one than the headline's, and the rest."""

    opened: OriginView | None
    unfolded: tuple[OriginView, ...]
    folded: tuple[OriginView, ...]


class Origins:
    """Makes the steps and the brief exceptions of one entry for one viewer, with ``opened`` as the opened frame."""

    def __init__(
        self,
        entry: ErrorRecord,
        viewer: Viewer,
        views: FrameViews,
        text: Callable[[str], str],
        opened: CapturedFrame | None,
    ) -> None:
        self._entry, self._viewer, self._views, self._text, self._opened = entry, viewer, views, text, opened
        self._head = entry.captured.exception
        self._links = links(self._head)

    def steps(self) -> tuple[Step, ...]:
        """The chain, root cause first. The relation tells how a step led to the next one."""
        return tuple(map(self._step, self._links)) if len(self._links) > 1 else ()

    def number(self, exception: CapturedException) -> int:
        """Which of the steps it belongs to, from 1; 0 where there are none."""
        numbers = enumerate(self._links, 1) if len(self._links) > 1 else ()
        return next((number for number, link in numbers if exception in link.exceptions), 0)

    def _step(self, link: Link) -> Step:
        exception = link.last
        frame = nearest_frame(link.telling)
        url = frame_url(self._entry, frame, self._viewer) if frame else ""
        current = link.holds(self._opened)
        return Step(exception.type_name, self._text(exception.message), url, exception.relation, current)

    def shown(self) -> Shown:
        """The exceptions of the tree that the headline does not tell of."""
        opened, others = None, []
        for item in self._items():
            if not item.link.holds(self._opened):
                others.append(item)
            elif item.link.last is not self._head:
                opened = self._line(item)
        if not others:
            return Shown(opened, (), ())
        full, lines = _with_room(others)
        views = {id(item): self._brief(item) if item in full else self._line(item) for item in others}
        unfolded = [views[id(item)] for item in others if item in full or item in lines]
        folded = [views[id(item)] for item in others if item not in full and item not in lines]
        return Shown(opened, without_repeats(unfolded), tuple(folded))

    def _items(self) -> Iterator[_Item]:
        """The chain, then the members of groups with what led to each."""
        if len(self._links) > 1:
            yield from _chained(self._links)
        for exception in chain.from_iterable(reversed(link.exceptions) for link in self._links):
            yield from _members(exception)

    def _brief(self, item: _Item) -> OriginView:
        frame = nearest_frame(item.link.telling)
        return self._view(item, self._views.brief(frame) if frame else None)

    def _line(self, item: _Item) -> OriginView:
        frame = nearest_frame(item.link.telling)
        return self._view(item, self._views.place(frame) if frame else None)

    def _view(self, item: _Item, frame: BriefView | None) -> OriginView:
        exception = item.link.last
        # The headline says already what the last step of the chain said.
        message = "" if exception is self._head else shortened(self._text(exception.message), SINGLE_LINE)
        return OriginView(exception.type_name, message, item.role, frame, item.member)


@dataclass(frozen=True, slots=True, eq=False)
class _Item:
    """One that may be shown in brief."""

    link: Link
    role: Role
    member: bool = False


def _chained(steps: Sequence[Link], *, member: bool = False) -> Iterator[_Item]:
    for link in steps:
        yield _Item(link, "root cause" if link is steps[0] else "led to", member)


def _members(exception: CapturedException) -> Iterator[_Item]:
    for member in exception.members:
        steps = links(member)
        if member.members:  # a group in a group was mostly never raised: its members tell what happened
            yield from _chained(steps[:-1], member=True)
            yield from _members(member)
        elif len(steps) > 1:
            yield from _chained(steps, member=True)
        else:
            yield _Item(steps[0], "also raised", member=True)


def _with_room(items: Sequence[_Item]) -> tuple[Sequence[_Item], Sequence[_Item]]:
    """Those shown with line and values, and those that take one line; all others are folded."""
    own = [item for item in items if is_own(item.link.telling)]
    lines = [item for item in items if item not in own][:LINES]
    complete = len(own) <= UNFOLDED and len(own) + len(lines) == len(items)
    return own[: UNFOLDED if complete else UNFOLDED - 1], lines


def without_repeats(views: Sequence[OriginView]) -> tuple[OriginView, ...]:
    """Without the values that are the same in each member of a group, but for the first."""
    members = [view.frame.line.values for view in views if view.member and view.frame and view.frame.line]
    counts = Counter((value.name, value.text) for values in members for value in values)
    same = {value for value, count in counts.items() if 1 < len(members) == count}
    first = next((view for view in views if view.member and view.frame and view.frame.line), None)
    return tuple(view if view is first or not view.member else _without(view, same) for view in views)


def _without(view: OriginView, same: set[tuple[str, str]]) -> OriginView:
    if view.frame is None or view.frame.line is None:
        return view
    values = tuple(value for value in view.frame.line.values if (value.name, value.text) not in same)
    return view._replace(frame=view.frame._replace(line=view.frame.line._replace(values=values)))
