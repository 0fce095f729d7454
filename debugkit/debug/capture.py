"""An exception becomes data: its whole tree, the frames of each part, and the traceback's own text.

Keeps references and reads no source; what costs time is done when somebody looks. Never raises: what an exception
says of itself is the user's code, and may do anything.
"""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import CodeType, FrameType, TracebackType
from typing import Any

from debugkit.debug.libraries import Library, library_of
from debugkit.debug.suggestions import suggest
from debugkit.settings import Limits

__all__ = [
    "CapturedException",
    "CapturedFrame",
    "CapturedTraceback",
    "Library",
    "Position",
    "RepeatedFrames",
    "capture",
]

#: A cycle of recursion may go through this many different frames.
LONGEST_CYCLE = 8
#: Cycles that are listed before and after those left out, as the standard library's text does.
CYCLES_BEFORE, CYCLES_AFTER = 3, 1
#: Characters of a message, a note or ``__traceback_info__``.
MESSAGE = 10_000
NOTES = 50

CO_OPTIMIZED = 0x1  # inspect.CO_OPTIMIZED, without the import: locals live in slots


@dataclass(frozen=True, slots=True)
class Position:
    """The failing expression as PEP 657 gives it: columns are offsets in UTF-8 bytes. `None` where it is not known."""

    lineno: int | None
    end_lineno: int | None
    colno: int | None
    end_colno: int | None


class CapturedFrame:
    """A frame of a traceback. ``frame`` and ``code`` are `None` for the place a SyntaxError points at, and once released."""

    __slots__ = (
        "code",
        "filename",
        "frame",
        "hidden",
        "index",
        "info",
        "lineno",
        "module",
        "name",
        "position",
        "released",
    )

    def __init__(
        self,
        index: int,
        *,
        filename: str,
        lineno: int,
        name: str,
        position: Position,
        frame: FrameType | None = None,
        hidden: bool = False,
    ) -> None:
        self.index = index
        self.filename = filename
        self.lineno = lineno
        self.name = name
        self.position = position
        self.frame = frame
        self.code: CodeType | None = frame.f_code if frame else None
        module = frame.f_globals.get("__name__") if frame else None
        self.module = module if type(module) is str else ""
        self.hidden = hidden
        self.info = _info(frame) if frame else ""
        self.released = False

    @property
    def library(self) -> Library | None:
        """The library it belongs to; `None` for the application's own code."""
        return library_of(self.filename)

    def release(self) -> None:
        self.frame = self.code = None
        self.released = True


@dataclass(frozen=True, slots=True)
class RepeatedFrames:
    """``count`` frames left out because they repeat ``frames``, which are listed before them."""

    count: int
    frames: tuple[CapturedFrame, ...]


class CapturedException:
    """One exception of a tree. ``relation`` is how it led to the one before it: cause, context, member or "" (first)."""

    __slots__ = (
        "chain",
        "exception",
        "frames",
        "members",
        "message",
        "notes",
        "relation",
        "suggestion",
        "suppressed",
        "type_name",
    )

    def __init__(self, exception: BaseException, relation: str) -> None:
        self.exception: BaseException | None = exception
        self.relation = relation
        self.type_name = type_name(type(exception))
        self.message = message_of(exception)
        self.notes = notes_of(exception)
        self.suggestion = ""
        self.suppressed = bool(_SUPPRESS(exception))
        self.frames: tuple[CapturedFrame | RepeatedFrames, ...] = ()
        self.members: tuple[CapturedException, ...] = ()
        #: What led to it, nearest first, root cause last. Filled for what was raised and for members of groups.
        self.chain: tuple[CapturedException, ...] = ()


class CapturedTraceback:
    """The whole tree of an exception, its frames by index, and its text."""

    __slots__ = ("exception", "fingerprint", "frames", "opened", "text")

    def __init__(self, exception: CapturedException, frames: Mapping[int, CapturedFrame], text: str) -> None:
        self.exception = exception
        self.frames = frames
        self.text = text
        #: The frame to look at first: the nearest one of the application.
        self.opened = next((frame for one in walk(exception) if (frame := nearest_frame(one))), None)
        #: The same for errors of the same types at the same place.
        self.fingerprint = _fingerprint(exception, self.opened)

    def frame(self, index: int) -> CapturedFrame:
        """Raises `KeyError` when there is no such frame."""
        return self.frames[index]

    def release(self) -> None:
        """Drop every live object; what can be printed stays."""
        for frame in self.frames.values():
            frame.release()
        for one in walk(self.exception):
            one.exception = None


def capture(
    exc: BaseException, *, tb: TracebackType | None = None, show_hidden: bool = False, limits: Limits | None = None
) -> CapturedTraceback:
    """Capture ``exc`` and all that belongs to it.

    ``tb`` is where its traceback begins, by default ``exc.__traceback__``. ``show_hidden`` ignores
    ``__traceback_hide__``. Causes, contexts and members beyond ``limits.exceptions`` are left out.
    """
    return _Capture(limits or Limits(), show_hidden).run(exc, tb or exc.__traceback__)


def walk(exception: CapturedException) -> Iterator[CapturedException]:
    """The exception, the members below it, and what led to each, in the order of the page."""
    yield exception
    for other in (*exception.members, *exception.chain):
        yield from walk(other)


def plain_frames(exception: CapturedException) -> Iterator[CapturedFrame]:
    """The frames that are listed one by one."""
    return (one for one in exception.frames if isinstance(one, CapturedFrame))


def nearest_frame(exception: CapturedException) -> CapturedFrame | None:
    """The innermost frame of the application, else the innermost one at all."""
    frames = list(plain_frames(exception))
    own = (frame for frame in reversed(frames) if frame.library is None)
    return next(own, frames[-1] if frames else None)


#: The attributes that the interpreter itself reads, whatever a subclass puts in their place.
_CAUSE: Callable[[BaseException], BaseException | None] = BaseException.__dict__["__cause__"].__get__
_CONTEXT: Callable[[BaseException], BaseException | None] = BaseException.__dict__["__context__"].__get__
_SUPPRESS: Callable[[BaseException], bool] = BaseException.__dict__["__suppress_context__"].__get__
_TRACEBACK: Callable[[BaseException], TracebackType | None] = BaseException.__dict__["__traceback__"].__get__
_MEMBERS: Callable[[BaseException], Sequence[BaseException]] = BaseExceptionGroup.__dict__["exceptions"].__get__


class _Capture:
    """One run: counts frames and exceptions, and knows which exceptions it has met."""

    def __init__(self, limits: Limits, show_hidden: bool) -> None:
        self._limits = limits
        self._show_hidden = show_hidden
        self._seen: set[int] = set()
        self._frames: dict[int, CapturedFrame] = {}

    def run(self, exc: BaseException, tb: TracebackType | None) -> CapturedTraceback:
        head = self._exception(exc, tb, "")
        return CapturedTraceback(head, self._frames, text_of(exc, tb, self._limits.text_size))

    def _exception(self, exc: BaseException, tb: TracebackType | None, relation: str) -> CapturedException:
        self._seen.add(id(exc))
        captured = CapturedException(exc, relation)
        captured.frames = self._listed(exc, tb)
        frames = list(plain_frames(captured))
        captured.suggestion = suggest(exc, captured.message, frames[-1].frame if frames else None)
        captured.members = tuple(self._members(exc))
        if relation in ("", "member"):
            captured.chain = tuple(self._chain(exc))
        return captured

    def _new(self, exc: BaseException | None) -> bool:
        return exc is not None and id(exc) not in self._seen and len(self._seen) < self._limits.exceptions

    def _members(self, exc: BaseException) -> Iterator[CapturedException]:
        if isinstance(exc, BaseExceptionGroup):
            for member in _MEMBERS(exc):
                if self._new(member):
                    yield self._exception(member, _TRACEBACK(member), "member")

    def _chain(self, exc: BaseException) -> Iterator[CapturedException]:
        current, relation = _led_to(exc)
        while current is not None and self._new(current):
            yield self._exception(current, _TRACEBACK(current), relation)
            current, relation = _led_to(current)

    def _listed(self, exc: BaseException, tb: TracebackType | None) -> tuple[CapturedFrame | RepeatedFrames, ...]:
        entries = list(_entries(tb))
        if not self._show_hidden:
            entries = [entries[number] for number in shown([_hide(entry[0]) for entry in entries])]
        listed: list[CapturedFrame | RepeatedFrames] = []
        for piece in cut_middle(fold([(entry[0].f_code, entry[1]) for entry in entries]), self._limits.frames):
            if isinstance(piece, int):
                listed.append(self._frame(*entries[piece]))
            else:
                count, cycle = piece
                before = [one for one in listed if isinstance(one, CapturedFrame)]
                listed.append(RepeatedFrames(count, tuple(before[-cycle:])))
        place = _syntax_error(exc, len(self._frames))
        if place is not None:
            self._frames[place.index] = place
            listed.append(place)
        return tuple(listed)

    def _frame(self, frame: FrameType, lineno: int, lasti: int) -> CapturedFrame:
        code = frame.f_code
        captured = CapturedFrame(
            len(self._frames),
            filename=_clean(code.co_filename),
            lineno=lineno,
            name=_clean(code.co_qualname),
            position=Position(*next(islice(code.co_positions(), lasti // 2, None), (None, None, None, None)))
            if lasti >= 0
            else NOWHERE,
            frame=frame,
        )
        self._frames[captured.index] = captured
        return captured


NOWHERE = Position(None, None, None, None)
_Entry = tuple[FrameType, int, int]


def _entries(tb: TracebackType | None) -> Iterator[_Entry]:
    seen = set()  # a traceback can be made to lead back into itself
    while tb is not None and id(tb) not in seen:
        seen.add(id(tb))
        yield tb.tb_frame, tb.tb_lineno or tb.tb_frame.f_lineno or 0, tb.tb_lasti
        tb = tb.tb_next


def _led_to(exc: BaseException) -> tuple[BaseException | None, str]:
    """What the interpreter would print before ``exc``, and how it calls that (PEP 3134, PEP 409)."""
    cause = _CAUSE(exc)
    if cause is not None:
        return cause, "cause"
    return (None, "") if _SUPPRESS(exc) else (_CONTEXT(exc), "context")


# Frames that ask not to be shown


def _local(frame: FrameType, name: str) -> object:
    """A local variable by name. Reading ``f_locals`` costs a copy, so it is read only if there can be one."""
    code = frame.f_code
    if code.co_flags & CO_OPTIMIZED and name not in code.co_varnames and name not in code.co_cellvars:
        return None
    return frame.f_locals.get(name)


def _hide(frame: FrameType) -> str:
    """The word of ``__traceback_hide__``; anything true that is no word means "this"."""
    value = _local(frame, "__traceback_hide__")
    if type(value) is str:
        return value
    return "this" if value is True or (type(value) is int and value != 0) else ""


def shown(words: Sequence[str]) -> list[int]:
    """Which of the frames are shown, by what each says in ``__traceback_hide__``, in the words of Paste:

    "before" hides all frames before this one, "after" all that follow, until "reset"; with "_and_this" also the frame
    itself; any other word or `True` hides just this one. When nothing would be left, all frames are shown.
    """
    kept: list[int] = []
    hiding = False
    for number, word in enumerate(words):
        base = word.removesuffix("_and_this")
        if base == "before":
            kept, hiding = [], False
        elif base == "reset":
            hiding = False
        elif base == "after":
            # The frame itself shows unless it, or an earlier one, hides it.
            if word == "after" and not hiding:
                kept.append(number)
            hiding = True
            continue
        if hiding or (word and base not in ("before", "reset")) or word.endswith("_and_this"):
            continue
        kept.append(number)
    return kept or list(range(len(words)))


# Frames that repeat


def fold(keys: Sequence[object]) -> list[int | tuple[int, int]]:
    """Positions of the frames to list; where frames repeat, a pair (how many are left out, length of the cycle)."""
    pieces: list[int | tuple[int, int]] = []
    position = 0
    while position < len(keys):
        cycle, times = _repetition(keys, position)
        left_out = times - CYCLES_BEFORE - CYCLES_AFTER
        if left_out < 2:
            pieces.append(position)
            position += 1
            continue
        first_after = position + cycle * (CYCLES_BEFORE + left_out)
        pieces += range(position, position + cycle * CYCLES_BEFORE)
        pieces.append((cycle * left_out, cycle))
        position = position + cycle * times
        pieces += range(first_after, position)
    return pieces


def _repetition(keys: Sequence[object], start: int) -> tuple[int, int]:
    """The shortest cycle that repeats from ``start`` on: its length, and how many times it comes in a row."""
    for cycle in range(1, LONGEST_CYCLE + 1):
        end = start + cycle
        while end < len(keys) and keys[end] == keys[end - cycle]:
            end += 1
        times = (end - start) // cycle
        if times >= CYCLES_BEFORE + CYCLES_AFTER + 2:
            return cycle, times
    return 1, 1


def cut_middle(pieces: list[int | tuple[int, int]], most: int) -> list[int | tuple[int, int]]:
    """At most about ``most`` pieces; the middle of a longer list becomes one that counts what is left out."""
    if len(pieces) <= most:
        return pieces
    half = most // 2
    middle = pieces[half : len(pieces) - half]
    return [*pieces[:half], (sum(1 if isinstance(one, int) else one[0] for one in middle), 1), *pieces[-half:]]


# The place that a SyntaxError points at


def _syntax_error(exc: BaseException, index: int) -> CapturedFrame | None:
    if not isinstance(exc, SyntaxError):
        return None
    filename, lineno = _SYNTAX["filename"](exc), _SYNTAX["lineno"](exc)
    if type(filename) is not str or type(lineno) is not int or lineno < 1:
        return None
    return CapturedFrame(
        index, filename=_clean(filename), lineno=lineno, name="<module>", position=_syntax_position(exc, lineno)
    )


_SYNTAX: dict[str, Callable[[SyntaxError], Any]] = {
    name: SyntaxError.__dict__[name].__get__
    for name in ("filename", "lineno", "offset", "end_lineno", "end_offset", "text")
}


def _syntax_position(exc: SyntaxError, lineno: int) -> Position:
    """A SyntaxError counts characters from 1; a position counts UTF-8 bytes from 0."""
    offset, end_offset, end_lineno = (_SYNTAX[name](exc) for name in ("offset", "end_offset", "end_lineno"))
    text = _SYNTAX["text"](exc)
    if type(offset) is not int or offset < 1 or type(text) is not str:
        return Position(lineno, lineno, None, None)
    line = text.splitlines()[0] if text else ""
    if type(end_lineno) is not int or end_lineno != lineno or type(end_offset) is not int or end_offset <= offset:
        end_offset = offset + 1
    start, end = (len(line[: column - 1].encode("utf-8", "replace")) for column in (offset, end_offset))
    return Position(lineno, lineno, start, max(end, start + 1))


# What exceptions say of themselves


def _clean(text: str) -> str:
    """Text that can be encoded as UTF-8: lone surrogates are written out."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _safe(make: Callable[[], object], instead: str) -> str:
    """The text that the user's code makes; ``instead`` when it fails, in whatever way."""
    try:
        text = make()
    except KeyboardInterrupt:
        raise
    except BaseException:  # a __str__ may exit, recurse without end or raise anything
        return instead
    return _clean(text[:MESSAGE]) if type(text) is str else instead


def message_of(exc: BaseException) -> str:
    """What the exception says."""
    if isinstance(exc, SyntaxError):
        return _safe(lambda: str(exc.msg), "<no detail available>")
    return _safe(lambda: str.__str__(str(exc)), f"<{type_name(type(exc))}: str() failed>")


def notes_of(exc: BaseException) -> tuple[str, ...]:
    """PEP 678's notes, as far as they are what the PEP says: a sequence of strings."""
    try:
        notes = exc.__notes__
    except AttributeError:
        return ()
    except BaseException as error:  # a property, which may do anything
        return (f"<__notes__ raised {type_name(type(error))}>",)
    if type(notes) not in (list, tuple):
        return (_safe(lambda: repr(notes), "<__notes__ cannot be printed>"),)
    return tuple(_safe(lambda note=note: str(note), "<a note that cannot be printed>") for note in notes[:NOTES])  # type: ignore[misc]


def type_name(cls: type) -> str:
    """The name as a traceback prints it. Read past a metaclass that would answer in the type's stead."""
    name = type.__dict__["__qualname__"].__get__(cls)
    module = _safe(lambda: type.__dict__["__module__"].__get__(cls), "")
    return _clean(name if module in ("", "__main__", "builtins") else f"{module}.{name}")


def _info(frame: FrameType) -> str:
    value = _local(frame, "__traceback_info__")
    return "" if value is None else _safe(lambda: str(value), "<__traceback_info__ cannot be printed>")


def _fingerprint(exception: CapturedException, opened: CapturedFrame | None) -> str:
    place = (opened.filename, opened.name, opened.lineno) if opened else ()
    types = [one.type_name for one in (exception, *exception.chain)]
    return hashlib.sha256(repr((types, place)).encode("utf-8", "replace")).hexdigest()[:16]


# The text


class _MemoSummary(traceback.StackSummary):
    """Formats equal frames once: the standard library's own text, without its cost for a thousand repeated frames."""

    def __init__(self, frames: traceback.StackSummary) -> None:
        super().__init__(frames)
        self._known: dict[tuple[object, ...], str | None] = {}

    def format_frame_summary(self, frame_summary: traceback.FrameSummary, **options: Any) -> Any:
        one = frame_summary
        key = (one.filename, one.lineno, one.name, one.end_lineno, one.colno, one.end_colno)
        if key not in self._known:
            self._known[key] = super().format_frame_summary(one, **options)
        return self._known[key]


def text_of(exc: BaseException, tb: TracebackType | None, size: int) -> str:
    """The traceback module's own text for ``exc``, at most about ``size`` characters of it."""
    try:
        whole = traceback.TracebackException(type(exc), exc, tb, compact=True)
        for part in _parts(whole):
            part.stack = _MemoSummary(part.stack)
        text = _clean("".join(whole.format()))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the standard library runs the exception's code, and gives up where that fails
        text = _own_text(exc, tb, error)
    if len(text) <= size:
        return text
    left_out = len(text) - size
    return f"{text[: size // 2]}\n  [{left_out:,} characters left out]\n{text[-(size // 2) :]}"


def _parts(whole: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    """The exception and all below it. The standard library has cut the cycles already."""
    waiting = [whole]
    while waiting:
        part = waiting.pop()
        yield part
        others = (part.__cause__, part.__context__, *(part.exceptions or ()))
        waiting += [other for other in others if other is not None]


def _own_text(exc: BaseException, tb: TracebackType | None, error: BaseException) -> str:
    lines = [
        f'  File "{frame.f_code.co_filename}", line {lineno}, in {frame.f_code.co_name}'
        for frame, lineno, _ in _entries(tb)
    ]
    message = message_of(exc)
    head = "Traceback (most recent call last):"
    note = f"(The traceback module failed with {type_name(type(error))}: this is a shorter text.)"
    return _clean("\n".join([head, *lines, f"{type_name(type(exc))}: {message}", note, ""]))
