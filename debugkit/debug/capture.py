"""An exception becomes data: its chain, its groups, its frames, and the text that `traceback` prints for it.

Cheap, and never the second exception: the frames are walked and kept, what they hold is looked at by others, later.
Fields of exceptions are read from the built-in classes' own slots, past whatever a subclass made of their names.
Knows no source, no values, no page.
"""

from __future__ import annotations

import hashlib
import linecache
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple

from debugkit.debug import guard
from debugkit.debug.libraries import Library as Library
from debugkit.debug.libraries import is_library, library_of
from debugkit.debug.suggestions import local, suggestion
from debugkit.settings import Limits

#: Frames of a cycle that are looked for, and how many rounds of it are listed before the rest is left out.
_LONGEST_CYCLE = 8
_ROUNDS_LISTED = 3
#: Characters kept of a note and of __traceback_info__; how many notes.
_NOTE_SIZE = 4_000
_NOTES = 50
#: Exceptions that `traceback` is asked to print. It takes about 10 µs for each, shown or not.
_MOST_PRINTED = 10_000

# The model


class Position(NamedTuple):
    """Where an expression stands (PEP 657). Lines count from 1; columns are UTF-8 *byte* offsets; `None`: unknown."""

    lineno: int | None
    end_lineno: int | None
    colno: int | None
    end_colno: int | None


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
    index: int = -1  # unique within one CapturedTraceback, in the order of the page
    released: bool = False

    @property
    def library(self) -> Library | None:
        """The library its file belongs to; `None` if it is the application's own. Found when first asked for."""
        return library_of(self.filename)

    def release(self) -> None:
        """Drop the frame and its code; what is plain stays."""
        self.frame = self.code = None
        self.released = True


@dataclass(frozen=True, slots=True)
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
    #: How it led to the exception before it: "cause", "context" or "member"; "" for the first.
    relation: str
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
        frames = [frame for one in walk(self.exception) for frame in plain_frames(one)]
        for index, frame in enumerate(frames):
            frame.index = index
        self.frames = dict(enumerate(frames))

    def frame(self, index: int) -> CapturedFrame:
        """The frame with this index. Raises `KeyError`."""
        return self.frames[index]

    @cached_property
    def opened(self) -> CapturedFrame | None:
        """The frame to look at first: the nearest of the application, in the first exception that has frames."""
        return next((frame for one in walk(self.exception) if (frame := nearest_frame(one))), None)

    @cached_property
    def fingerprint(self) -> str:
        """The same for the same exceptions raised at the same place of the application."""
        frame = self.opened
        place = [frame.filename, frame.name, str(frame.lineno)] if frame else []
        types = [f"{one.relation} {one.type_name}" for one in walk(self.exception)]
        return hashlib.blake2b("\0".join([*types, *place]).encode("utf-8", "replace"), digest_size=12).hexdigest()

    def release(self) -> None:
        """Drop every live reference: frames, code, exceptions. Text and plain data stay. May be called again."""
        for frame in self.frames.values():
            frame.release()
        for one in walk(self.exception):
            one.exception = None


def nearest_frame(exception: CapturedException) -> CapturedFrame | None:
    """The innermost frame that is the application's own and not hidden; if there is none, the innermost."""
    frames = list(plain_frames(exception))
    return next((frame for frame in reversed(frames) if _is_near(frame)), frames[-1] if frames else None)


def _is_near(frame: CapturedFrame) -> bool:
    # A syntax error in a "<string>" points at nothing that can be looked at; whoever compiled the string can.
    nowhere = frame.pointed_at and frame.filename.startswith("<")
    return not (frame.hidden or nowhere or is_library(frame.filename))


def plain_frames(exception: CapturedException) -> Iterator[CapturedFrame]:
    """The frames that are listed, without those left out."""
    return (one for one in exception.frames if isinstance(one, CapturedFrame))


def walk(exception: CapturedException) -> Iterator[CapturedException]:
    """The exception, the members below it, then what led to it, each with its members."""
    yield exception
    for member in exception.members:
        yield from walk(member)
    for one in exception.chain:
        yield from walk(one)


# Capture


def capture(
    exc: BaseException,
    *,
    tb: TracebackType | None = None,
    show_hidden: bool = False,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> CapturedTraceback:
    """Everything about ``exc`` that a page may show. Never raises.

    ``tb`` is where its traceback is to begin; `None` for its own. ``show_hidden`` ignores ``__traceback_hide__``.
    """
    start = _traceback(exc) if tb is None else tb
    try:
        captured = _Tree(limits, show_hidden).capture(exc, start, "")
        return CapturedTraceback(captured, _text(exc, start, captured, limits.text_size))
    except Exception as broken:  # no stack or memory left: say that at least
        name = _type_name(type(exc))
        message = f"(capturing it failed: {type(broken).__name__})"
        bare = CapturedException(exc, name, message, (), "", "", False, ())
        return CapturedTraceback(bare, f"{name}: {message}\n")


def _field(owner: type, name: str, exc: BaseException) -> Any:
    return owner.__dict__[name].__get__(exc)


def _traceback(exc: BaseException) -> TracebackType | None:
    found: TracebackType | None = _field(BaseException, "__traceback__", exc)
    return found


def _led_by(exc: BaseException) -> tuple[BaseException | None, str, bool]:
    """What the traceback prints before ``exc``, how that led to it, and whether ``from None`` hides a context."""
    cause = _field(BaseException, "__cause__", exc)
    if cause is not None:
        return cause, "cause", False
    context = _field(BaseException, "__context__", exc)
    if _field(BaseException, "__suppress_context__", exc):
        return None, "", context is not None
    return context, "context", False


def _members(exc: BaseException) -> Sequence[BaseException]:
    if not issubclass(type(exc), BaseExceptionGroup):
        return ()
    found: Sequence[BaseException] = _field(BaseExceptionGroup, "exceptions", exc)
    return found


class _Tree:
    """Walks an exception, what led to it, and its groups. A chain lists no exception twice, so no walk loops."""

    def __init__(self, limits: Limits, show_hidden: bool) -> None:
        self._limits, self._show_hidden = limits, show_hidden
        self._left = limits.exceptions
        self._seen: set[int] = set()

    def capture(
        self, exc: BaseException, tb: TracebackType | None, relation: str, above: frozenset[int] = frozenset()
    ) -> CapturedException:
        self._left -= 1
        head = self._one(exc, tb, relation)
        links = self._links(exc)
        self._left -= len(links)
        head.chain = tuple(self._one(one, _traceback(one), how) for one, how in links)
        # After the chain: the root cause tells more than the last member of a long group.
        self._add_members(head, exc, above | {id(exc)})
        for one, (link, _) in zip(head.chain, links, strict=True):
            self._add_members(one, link, above | {id(exc), id(link)})
        return head

    def _links(self, exc: BaseException) -> list[tuple[BaseException, str]]:
        """The chain of ``exc``; of one that is too long, both ends."""
        links: list[tuple[BaseException, str]] = []
        self._seen.add(id(exc))
        led, how, _ = _led_by(exc)
        while led is not None and id(led) not in self._seen:
            self._seen.add(id(led))
            links.append((led, how))
            led, how, _ = _led_by(led)
        surplus = max(0, len(links) - max(0, self._left))
        middle = (len(links) - surplus) // 2
        return links[:middle] + links[middle + surplus :]

    def _add_members(self, one: CapturedException, exc: BaseException, above: frozenset[int]) -> None:
        members = _members(exc)
        found: list[CapturedException] = []
        for member in members:
            if self._left <= 0:
                break
            if id(member) not in above:  # a cause of the group that holds the group
                found.append(self.capture(member, _traceback(member), "member", above))
        one.members = tuple(found)
        one.members_left_out = len(members) - len(found)

    def _one(self, exc: BaseException, tb: TracebackType | None, relation: str) -> CapturedException:
        traces = list(_traces(tb))
        message = _message(exc, self._limits.text_size)
        return CapturedException(
            exception=exc,
            type_name=_type_name(type(exc)),
            message=message,
            notes=_notes(exc),
            suggestion=suggestion(exc, traces[-1].tb_frame if traces else None, message),
            relation=relation,
            suppressed=_led_by(exc)[2],
            frames=(*_frames(traces, self._show_hidden, self._limits.frames), *_pointed_at(exc, traces)),
        )


# Frames


def _traces(tb: TracebackType | None) -> Iterator[TracebackType]:
    while tb is not None:
        yield tb
        tb = tb.tb_next


def _frames(traces: Sequence[TracebackType], show_hidden: bool, most: int) -> Iterator[CapturedFrame | RepeatedFrames]:
    hidden = _hidden(traces)
    shown = [index for index, hide in enumerate(hidden) if show_hidden or not hide]
    listed: list[CapturedFrame] = []
    for item in _shortened([(id(traces[one].tb_frame.f_code), traces[one].tb_lineno) for one in shown], most):
        if isinstance(item, _LeftOut):
            yield RepeatedFrames(item.count, tuple(listed[len(listed) - item.cycle :]))
        else:
            listed.append(_frame(traces[shown[item]], hidden[shown[item]]))
            yield listed[-1]


def _frame(trace: TracebackType, hidden: bool) -> CapturedFrame:
    frame = trace.tb_frame
    code = frame.f_code
    position = (
        next(islice(code.co_positions(), trace.tb_lasti // 2, None), (None,) * 4)
        if trace.tb_lasti >= 0
        else (None,) * 4
    )
    info = local(frame, "__traceback_info__")
    return CapturedFrame(
        frame=frame,
        code=code,
        filename=_clean(code.co_filename),
        lineno=trace.tb_lineno or code.co_firstlineno,
        name=_clean(_qualified(code)),
        module=_clean(guard.exact_str(dict.get(frame.f_globals, "__name__"))),
        position=Position(*position),
        hidden=hidden,
        info="" if info is guard.MISSING or info is None else _called(str, info, _NOTE_SIZE),
    )


def _qualified(code: CodeType) -> str:
    """The qualified name, unless the code was renamed: Jinja2 does that to templates, with ``co_name`` only."""
    return code.co_qualname if code.co_qualname.rpartition(".")[2] == code.co_name else code.co_name


# Hidden frames: the words of Paste, which Werkzeug kept


def _hidden(traces: Sequence[TracebackType]) -> list[bool]:
    """Which frames ``__traceback_hide__`` hides: all of them would be none.

    A local that is true hides its frame; "before" all frames before it; "after" all behind it, until a "reset". Their
    own frames are shown, unless "_and_this" is added.
    """
    hidden = [False] * len(traces)
    first, hiding = 0, False
    for index, trace in enumerate(traces):
        word, and_this = _hide_word(trace.tb_frame)
        if word == "before":
            first, hiding = index, False
        elif word in ("after", "reset"):
            hiding = word == "after"
        elif word or hiding:
            and_this = True
        hidden[index] = and_this
    hidden = [hide or index < first for index, hide in enumerate(hidden)]
    return [False] * len(hidden) if all(hidden) else hidden


def _hide_word(frame: FrameType) -> tuple[str, bool]:
    value = local(frame, "__traceback_hide__")
    if type(value) is str:
        word = value.removesuffix("_and_this")
        return (word, word != value) if word in ("before", "after", "reset") else (value, False)
    # Other objects are not asked whether they are true: that would run their code.
    true = value is not guard.MISSING and value is not None and not (isinstance(value, int) and value == 0)
    return ("this" if true else ""), False


# Frames that repeat


@dataclass(frozen=True, slots=True)
class _LeftOut:
    count: int
    cycle: int  # how many items before it are one round of what repeats; 0: it is not a repetition


def _shortened(keys: Sequence[object], most: int) -> list[int | _LeftOut]:
    """Indexes of ``keys``; `_LeftOut` for the rounds of a cycle but the first and the last. About ``most`` in all."""
    found: list[int | _LeftOut] = []
    index = 0
    while index < len(keys):
        cycle, rounds = _repetition(keys, index)
        count = (rounds - _ROUNDS_LISTED - 1) * cycle
        stop = index + (_ROUNDS_LISTED * cycle if count > 1 else 1)
        found += range(index, stop)
        index = stop
        if count > 1:
            found.append(_LeftOut(count, cycle))
            found += range(stop + count, stop + count + cycle)
            index = stop + count + cycle
    return _cut(found, max(2, most))


def _repetition(keys: Sequence[object], start: int) -> tuple[int, int]:
    """The cycle that covers most of ``keys`` from ``start``: its length, and how many rounds of it there are."""
    best, covered = (1, 1), 1
    for cycle in range(1, _LONGEST_CYCLE + 1):
        end = start + cycle
        while end < len(keys) and keys[end] == keys[end - cycle]:
            end += 1
        rounds = (end - start) // cycle
        if rounds > _ROUNDS_LISTED + 1 and rounds * cycle > covered:
            best, covered = (cycle, rounds), rounds * cycle
            if end == len(keys):
                break
    return best


def _cut(items: list[int | _LeftOut], most: int) -> list[int | _LeftOut]:
    """The first and the last of ``items``, when there are too many."""
    surplus = len(items) - most
    if surplus <= 0:
        return items
    first = most // 2
    count = sum(one.count if isinstance(one, _LeftOut) else 1 for one in items[first : first + surplus])
    # The round that a piece of the tail repeats may be among those cut.
    tail = (
        _LeftOut(one.count, 0) if isinstance(one, _LeftOut) and place < one.cycle else one
        for place, one in enumerate(items[first + surplus :])
    )
    return [*items[:first], _LeftOut(count, 0), *tail]


# The place a syntax error points at


def _pointed_at(exc: BaseException, traces: Sequence[TracebackType]) -> Iterator[CapturedFrame]:
    """A frame for the file and line that ``exc`` speaks of, unless its last frame is there already."""
    read: Callable[[str], Any]
    if issubclass(type(exc), SyntaxError):
        read = lambda name: _field(SyntaxError, name, exc)  # noqa: E731
        filename, position = read("filename"), _syntax_position(read)
        filename = "<string>" if filename is None else filename  # as the traceback prints it
    else:
        filename, position = _template_position(exc)
    filename = _clean(guard.exact_str(filename))
    if not filename or position.lineno is None:
        return
    if traces and traces[-1].tb_lineno == position.lineno:
        last = traces[-1].tb_frame.f_code.co_filename
        if last in (filename, "<unknown>"):  # what Jinja2 calls a template that is no file
            return
    yield CapturedFrame(None, None, filename, position.lineno, "<module>", "", position, pointed_at=True)


def _number(value: object) -> int | None:
    return value if type(value) is int and value > 0 else None


def _syntax_position(read: Callable[[str], Any]) -> Position:
    """The fields of a `SyntaxError` as PEP 657 counts: they are 1-based characters there, and 0 or -1 when unknown."""
    lineno, filename, text = _number(read("lineno")), read("filename"), guard.exact_str(read("text"))
    end_lineno = max(lineno or 0, _number(read("end_lineno")) or 0) or None
    start, end = _number(read("offset")), _number(read("end_offset"))
    if start is None or lineno is None:
        return Position(lineno, end_lineno, None, None)
    if end_lineno == lineno:
        last, end = text, max(end or 0, start + 1)
    else:
        last = linecache.getline(filename, end_lineno) if type(filename) is str and end_lineno else ""
    return Position(lineno, end_lineno, _bytes(text, start), _bytes(last, end) if end and last else None)


def _bytes(line: str, offset: int) -> int:
    """UTF-8 bytes before the 1-based character ``offset``."""
    return len(line[: offset - 1].encode("utf-8", "replace")) + max(0, offset - 1 - len(line))


def _template_position(exc: BaseException) -> tuple[object, Position]:
    """Where errors of other languages point at, such as Jinja2's ``TemplateSyntaxError``, known by its attributes."""
    lineno = _number(guard.attribute(exc, "lineno"))
    filename, name = (guard.exact_str(guard.attribute(exc, attribute)) for attribute in ("filename", "name"))
    named = guard.attribute(exc, "filename") is not guard.MISSING
    return (filename or name) if named else "", Position(lineno, lineno, None, None)


# Text


def _clean(text: str) -> str:
    """``text`` without lone surrogates, which no encoding can send."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _cut_text(text: str, size: int) -> str:
    """At most about ``size`` characters of ``text``: its beginning and its end."""
    if len(text) <= size:
        return text
    head, tail = text[: size // 2], text[len(text) - size // 2 :]
    return f"{head}\n... {len(text) - len(head) - len(tail)} characters left out ...\n{tail}"


def _called(function: Callable[[Any], str], value: object, size: int) -> str:
    """``str`` or ``repr`` of a value of the user's, as text that says so if it fails."""
    try:
        return _clean(_cut_text(guard.exact_str(function(value)), size))
    except BaseException as error:  # a __str__ may raise SystemExit, or recurse without end
        return f"<{function.__name__}() of {_type_name(type(value))} raised {_type_name(type(error))}>"


def _type_name(cls: type) -> str:
    """As the traceback prints it: with its module, except for built-in ones and those of ``__main__``."""
    module, name = guard.module_name(cls), guard.exact_str(type.__dict__["__qualname__"].__get__(cls))
    return _clean(name if module in ("builtins", "__main__") else f"{module or '<unknown>'}.{name}")


def _message(exc: BaseException, size: int) -> str:
    if issubclass(type(exc), SyntaxError):  # str() adds the file and line, which the traceback prints as a location
        return _clean(_cut_text(guard.exact_str(_field(SyntaxError, "msg", exc)), size)) or "<no detail available>"
    return _called(str, exc, size)


def _notes(exc: BaseException) -> tuple[str, ...]:
    """PEP 678. ``__notes__`` is an attribute like any other: it may be anything, and may raise."""
    try:
        notes = getattr(exc, "__notes__", None)
    except BaseException as error:
        return (f"<reading __notes__ raised {_type_name(type(error))}>",)
    if notes is None:
        return ()
    if type(notes) not in (list, tuple):
        return (_called(repr, notes, _NOTE_SIZE),)
    return tuple(_called(str, note, _NOTE_SIZE) for note in list(notes)[:_NOTES])


class _Stack(traceback.StackSummary):
    """Formats a frame once, however often it is repeated: the carets of PEP 657 cost a parse for every frame."""

    def __init__(self, summaries: Iterable[traceback.FrameSummary]) -> None:
        super().__init__(summaries)
        self._formatted: dict[object, str] = {}

    def format_frame_summary(self, frame_summary: traceback.FrameSummary, **options: Any) -> str:
        one = frame_summary
        key = (one.filename, one.lineno, one.end_lineno, one.colno, one.end_colno, one.name)
        if key not in self._formatted:
            self._formatted[key] = super().format_frame_summary(one, **options)
        return self._formatted[key]


def _text(exc: BaseException, tb: TracebackType | None, captured: CapturedException, size: int) -> str:
    """What `traceback.format_exception` gives, or the plain text of ``captured`` where that itself fails."""
    try:
        text = "".join(_standard(exc, tb)) if _is_small(exc) else _shortened_text(captured, "too many exceptions")
    except BaseException as error:  # it runs code of the user's: __str__, __notes__, overridden fields
        text = _shortened_text(captured, f"the traceback module raised {_type_name(type(error))}")
    return _cut_text(_clean(text), size)


def _is_small(exc: BaseException) -> bool:
    """Whether `traceback` can print it: an exception that is in many groups counts, and costs, once for each."""
    waiting, seen, count = [exc], {id(exc)}, 0
    while waiting and count <= _MOST_PRINTED:
        one = waiting.pop()
        count += 1
        led = _led_by(one)[0]
        if led is not None and id(led) not in seen:
            seen.add(id(led))
            waiting.append(led)
        waiting += _members(one)
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
