"""A captured exception as data: its tree, its frames, its text. Knows neither how it is made nor how it is shown."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import CodeType, FrameType
from typing import Literal, NamedTuple

from debugkit.debug.tracebacks.libraries import Library, is_library, library_of
from debugkit.frozen import frozen

Relation = Literal["cause", "context", "member", ""]


class Position(NamedTuple):
    """An expression's position (PEP 657). Lines count from 1; columns are UTF-8 *byte* offsets; `None`: unknown."""

    lineno: int | None
    end_lineno: int | None
    colno: int | None
    end_colno: int | None


#: The position of what cannot be located.
NOWHERE = Position(None, None, None, None)


@dataclass(slots=True, eq=False)
class CapturedFrame:
    """One frame of a traceback, or the place a syntax error points at, which has neither ``frame`` nor ``code``."""

    frame: FrameType | None
    code: CodeType | None
    filename: str
    lineno: int
    name: str  # the qualified name (co_qualname)
    module: str  # the globals' __name__, or ""
    position: Position
    hidden: bool = False  # by __traceback_hide__
    info: str = ""  # __traceback_info__ as text
    pointed_at: bool = False  # the place a syntax error points at, not a frame that ran
    #: The file that says whose code it is, where that is another one.
    owner: str = ""
    #: Its text was made by a program (dataclasses, attrs, exec): there is no file to look at or to change.
    generated: bool = False
    #: The line itself, where a syntax error brought it along.
    text: str = ""
    index: int = -1  # unique within one CapturedTraceback, in the order of the page
    released: bool = False

    @property
    def library(self) -> Library | None:
        """The library its code belongs to; `None` if it is the application's own. Found when first asked for."""
        return library_of(self.owner or self.filename)

    @property
    def foreign(self) -> bool:
        """Whether it is a library's."""
        return is_library(self.owner or self.filename)

    @property
    def own(self) -> bool:
        """Whether it is the application's own and visible: not hidden, not a library's."""
        return not (self.hidden or self.foreign)

    def release(self) -> None:
        """Drop the frame and its code; what is plain stays."""
        self.frame = self.code = None
        self.released = True


@frozen
class RepeatedFrames:
    """``count`` frames left out. ``frames`` is the cycle they repeat, listed before; empty if they repeat nothing."""

    count: int
    frames: tuple[CapturedFrame, ...]


@dataclass(slots=True, eq=False)
class CapturedException:
    """One exception of the tree."""

    exception: BaseException | None  # None once released
    type_name: str  # as the traceback prints it: "KeyError", "shop.errors.OutOfStock"
    message: str
    notes: tuple[str, ...]
    suggestion: str  # "Did you mean: 'price'?" or ""
    #: Its relation to the exception listed before it, which may be the group it is in; "" for the first.
    relation: Relation
    suppressed: bool  # its context is hidden by ``from None``, and not listed
    frames: tuple[CapturedFrame | RepeatedFrames, ...]  # outermost first
    #: The exceptions of a group, and how many more of them are not listed.
    members: tuple[CapturedException, ...] = ()
    members_left_out: int = 0
    #: What led to it, nearest first, root cause last. Filled at the head and at members of groups.
    chain: tuple[CapturedException, ...] = ()


@dataclass(eq=False)
class CapturedTraceback:
    """A captured exception. ``text`` is what `traceback.format_exception` gives, lone surrogates escaped."""

    exception: CapturedException
    text: str
    frames: Mapping[int, CapturedFrame] = field(init=False)

    def __post_init__(self) -> None:
        frames = [frame for exception in walk(self.exception) for frame in plain_frames(exception)]
        for index, frame in enumerate(frames):
            frame.index = index
        self.frames = dict(enumerate(frames))

    def frame(self, index: int) -> CapturedFrame:
        """The frame with this index. Raises `KeyError`."""
        return self.frames[index]

    @cached_property
    def opened(self) -> CapturedFrame | None:
        """The frame to look at first: the nearest of the application, in the first exception that has one."""
        innermost = None
        for exception in (replaced(self.exception), *walk(self.exception)):
            frame = nearest_frame(exception)
            if frame is not None and frame.own:
                return frame
            innermost = innermost or frame
        return innermost

    @cached_property
    def fingerprint(self) -> str:
        """The same for the same exceptions raised at the same place of the application."""
        frame = self.opened
        place = [frame.filename, frame.name, str(frame.lineno)] if frame else []
        types = [f"{exception.relation} {exception.type_name}" for exception in walk(self.exception)]
        return hashlib.blake2b("\0".join([*types, *place]).encode("utf-8", "replace"), digest_size=12).hexdigest()

    def release(self) -> None:
        """Drop every live reference: frames, code, exceptions. Text and plain data stay. May be called again."""
        for frame in self.frames.values():
            frame.release()
        for captured in walk(self.exception):
            captured.exception = None


def nearest_frame(exception: CapturedException) -> CapturedFrame | None:
    """The innermost frame that is the application's own and not hidden; if there is none, the innermost.

    Of generated code, whoever called or compiled it says more: it is chosen only where no other is the application's.
    """
    frames = list(plain_frames(exception))
    own = [frame for frame in reversed(frames) if frame.own]
    written = (frame for frame in own if not frame.generated)
    return next(written, None) or next(iter(own), None) or (frames[-1] if frames else None)


def replaced(exception: CapturedException) -> CapturedException:
    """The exception in whose place libraries raised ``exception``; mostly that is ``exception`` itself.

    A library that calls the application catches what comes from there, and raises an error of its own: SQLAlchemy for
    a type of the project's, Django for a template. The line that failed is in the one that it caught.
    """
    cause = later = exception
    for earlier in exception.chain:
        raised, caught = list(plain_frames(later)), list(plain_frames(earlier))
        if not (raised and caught and raised[-1].foreign and caught[0].foreign):
            break
        later = earlier
        if any(frame.own for frame in caught):
            cause = earlier
    return cause


def plain_frames(exception: CapturedException) -> Iterator[CapturedFrame]:
    """The frames that are listed, without those left out."""
    return (item for item in exception.frames if isinstance(item, CapturedFrame))


def walk(exception: CapturedException) -> Iterator[CapturedException]:
    """The exception, the members below it, then what led to it, each with its members."""
    yield exception
    for member in exception.members:
        yield from walk(member)
    for earlier in exception.chain:
        yield from walk(earlier)
