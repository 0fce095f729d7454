"""Where the lines of a frame come from: a file, the module's loader, linecache, a template held in memory.

Loaders and templates are foreign code: what they raise means "no source". Knows nothing of colours or excerpts.
"""

from __future__ import annotations

import io
import linecache
import os
import stat
import sys
import time
import tokenize
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from types import CodeType, FrameType, TracebackType
from typing import Any, Protocol, TypeVar

from debugkit.debug import guard
from debugkit.debug.positions import nested_codes

T = TypeVar("T")

#: A global that marks a frame made to stand for a template, whose lines and columns are those of the template.
TEMPLATE = "__debugkit_template__"

#: What a template without a name is called.
_STRING_TEMPLATE = "<template>"
#: A text that is no file and has more lines than this is not shown.
_MOST_LINES = 100_000
#: The compiler is asked only for files up to this many bytes: it takes about a second for a megabyte.
_COMPARED_BYTES = 1_000_000


class Framed(Protocol):
    """What this module reads of a captured frame. ``frame`` is `None` once it is released."""

    @property
    def filename(self) -> str: ...
    @property
    def frame(self) -> FrameType | None: ...
    @property
    def code(self) -> CodeType | None: ...
    @property
    def lineno(self) -> int: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Text as lines, counted as Python counts them. Compared by identity, so that it can be the key of a cache."""

    lines: tuple[str, ...] = ()
    #: Why there are no lines: "" or a sentence.
    notice: str = ""
    #: The file it was read from: path, mtime in ns, size in bytes and inode. `None` for other origins.
    state: tuple[str, int, int, int] | None = None
    #: The name of the template it is; "" for anything else.
    template: str = ""
    #: The first line that is known; those before it are empty.
    first: int = 1


def find_source(frame: Framed, size_limit: int, neighbours: Sequence[Framed] = ()) -> Source:
    """The source of the frame's file, at most ``size_limit`` bytes. If there is none: no lines, and a notice.

    ``neighbours`` are other frames of the traceback: one of them may hold the text of a template that has no name.
    """
    found = _from_file(frame, size_limit)
    if found is not None and found.lines:
        return found
    other = _from_loader(frame) or _from_linecache(frame) or _from_template(frame, neighbours) or _from_error(frame)
    if other is not None:
        return other
    return found or Source(notice=f"The source of {printable(frame.filename) or 'this frame'} is not available.")


def printable(text: str) -> str:
    """``text`` without lone surrogates and NUL, so that it can be encoded and shown."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def split_lines(text: str) -> tuple[str, ...]:
    """Lines without their ends. Only ``\\n``, ``\\r\\n`` and ``\\r`` end one, as in the compiler; U+2028 does not."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not lines[-1]:
        lines.pop()
    return tuple(lines)


def decode(data: bytes) -> str:
    """The text of a source file: a byte order mark or PEP 263 cookie decides, UTF-8 otherwise; never raises."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding, "replace")
    except Exception:  # an unknown or contradictory cookie; a codec is foreign code and may raise anything
        return data.decode("utf-8-sig", "replace")


# Files


def _from_file(frame: Framed, size_limit: int) -> Source | None:
    for path in _candidates(frame):
        try:
            status = os.stat(path)  # noqa: PTH116 - a Path cannot be made of every name a code object can have
            # Opening a FIFO blocks, reading /dev/zero never ends.
            if not stat.S_ISREG(status.st_mode):
                return Source(notice=f"{printable(path)} is not a regular file; it was not read.")
            if status.st_size > size_limit:
                return Source(notice=_too_large(path, status.st_size, size_limit))
            return _read(path, status.st_mtime_ns, status.st_size, status.st_ino, size_limit)
        except (OSError, ValueError):  # missing, unreadable, or a name with NUL or surrogates in it
            continue
    return None


def _too_large(path: str, size: int, limit: int) -> str:
    return f"{printable(path)} is too large to show: {size:,} bytes, and the limit is {limit:,}."


def _candidates(frame: Framed) -> Iterator[str]:
    filename = frame.filename
    if filename.startswith("<frozen "):
        # The frozen modules of the standard library name their file only in the module.
        module_file = global_of(frame, "__file__")
        if type(module_file) is str:
            yield module_file
    elif filename and not _is_made_up(filename):
        yield filename
        if not os.path.isabs(filename):  # noqa: PTH117 - as above
            for folder in [entry for entry in sys.path if isinstance(entry, str)]:
                yield os.path.join(folder, filename)  # noqa: PTH118 - as above


def _is_made_up(filename: str) -> bool:
    return filename.startswith("<") and filename.endswith(">")


@lru_cache(maxsize=64)
def _read(path: str, mtime_ns: int, size: int, inode: int, limit: int) -> Source:
    # Non-blocking, since the file may have been replaced by something else after it was looked at.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        return Source(notice=_too_large(path, len(data), limit))
    return Source(lines=split_lines(decode(data)), state=(path, mtime_ns, size, inode))


# Other origins


def global_of(frame: Framed, name: str) -> Any:
    """A global of the frame's module without running its code; `None` if there is none."""
    return dict.get(frame.frame.f_globals, name) if frame.frame is not None else None


def ask(question: Callable[[], T]) -> T | None:
    """What foreign code answers, or `None` if it raises, be it ``SystemExit``: looking must not end a server."""
    try:
        return question()
    except BaseException:
        return None


@lru_cache(maxsize=64)
def _from_text(text: str, template: str) -> Source:
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return Source(lines=split_lines(clean), template=template)


def _source(text: object, template: str = "") -> Source | None:
    return _from_text(text, template) if type(text) is str else None


def _from_loader(frame: Framed) -> Source | None:
    """PEP 302's ``get_source``: modules in zip files and from import hooks."""
    loader, name = global_of(frame, "__loader__"), global_of(frame, "__name__")
    if loader is None or type(name) is not str or not _is_module_file(frame):
        return None
    return _source(ask(lambda: loader.get_source(name)))


def _is_module_file(frame: Framed) -> bool:
    """Whether the code is the module's own. Code that was exec'ed in it has the same loader, and another file name."""
    spec = global_of(frame, "__spec__")
    named = global_of(frame, "__file__"), ask(lambda: spec.origin)
    if frame.filename in [name for name in named if type(name) is str]:
        return True
    # A module that was loaded from a .pyc inside a zip file.
    return not _is_made_up(frame.filename) and type(named[0]) is str and _stem(named[0]) == _stem(frame.filename)


def _stem(path: str) -> str:
    return os.path.splitext(path)[0].rpartition(os.sep)[2]  # noqa: PTH122 - the name is not always one of a path


def _from_linecache(frame: Framed) -> Source | None:
    """Code that was registered there: consoles, notebooks. doctest answers through `linecache.getlines` itself."""
    filename = frame.filename
    if filename == "<string>":  # what exec calls any text: an entry of this name may be any other text
        return None
    entry = linecache.cache.get(filename, ())
    # A longer entry is answered from memory; for others linecache would look for a file, unless the name is made up.
    if len(entry) > 1 or _is_made_up(filename):
        return _source(ask(lambda: "".join(linecache.getlines(filename))) or None)
    return None


# Templates: Jinja replaces the frame of the compiled template by one it makes in its function ``fake_traceback``. The
# replaced frame is still there, in the locals of that function, whose frame is the f_back of the one it made.


def is_template(frame: Framed) -> bool:
    """Whether Jinja made this frame to stand for a template."""
    return global_of(frame, "__jinja_exception__") is not None


def holds_template(frame: Framed) -> bool:
    """Whether the frame's source is a template's, whoever made it."""
    return is_template(frame) or global_of(frame, TEMPLATE) is not None


def _maker(frame: Framed) -> FrameType | None:
    maker = frame.frame.f_back if frame.frame is not None and is_template(frame) else None
    return maker if maker is not None and guard.exact_str(maker.f_code.co_name) == "fake_traceback" else None


def _template_of(maker: FrameType) -> Any:
    replaced = ask(lambda: maker.f_locals.get("tb"))
    if isinstance(replaced, TracebackType):
        return dict.get(replaced.tb_frame.f_globals, "__jinja_template__")
    return None


def _from_template(frame: Framed, neighbours: Sequence[Framed]) -> Source | None:
    """The source of a Jinja template that is no file."""
    maker = _maker(frame)
    if maker is None:
        return None
    template = _template_of(maker)
    if template is None:
        return _from_syntax_error(frame)
    name = ask(lambda: template.name)
    if type(name) is not str:
        return _source(_rendered_string(template, neighbours), _STRING_TEMPLATE)
    return _source(ask(lambda: _ask_template_loader(template, name)), printable(name))


def _ask_template_loader(template: Any, name: str) -> object:
    return template.environment.loader.get_source(template.environment, name)[0]


def _from_syntax_error(frame: Framed) -> Source | None:
    """A template that could not be compiled: ``TemplateSyntaxError`` carries its text."""
    error = global_of(frame, "__jinja_exception__")
    name, text = ask(lambda: error.name), ask(lambda: error.source)
    return _source(text, printable(name) if type(name) is str else _STRING_TEMPLATE)


def _rendered_string(template: object, frames: Iterable[Framed]) -> object:
    """Flask's ``render_template_string`` keeps the text in its local ``source``; Jinja itself forgets it."""
    for captured in frames:
        frame = captured.frame
        if frame is not None and guard.exact_str(frame.f_code.co_name) in (
            "render_template_string",
            "stream_template_string",
        ):
            values = dict(frame.f_locals)
            if values.get("template") is template:
                return values.get("source")
    return None


def is_any_template(frame: FrameType) -> bool:
    """Whether the frame stands for a template, whoever made it."""
    return any(dict.__contains__(frame.f_globals, name) for name in ("__jinja_exception__", TEMPLATE))


def template_name(frame: FrameType) -> str:
    """The name that its loader knows a Jinja template by which is no file; "" for all else. Runs no foreign code."""
    maker = frame.f_back
    if not dict.__contains__(frame.f_globals, "__jinja_exception__") or not _is_made_up(
        guard.exact_str(frame.f_code.co_filename)
    ):
        return ""
    if maker is None or guard.exact_str(maker.f_code.co_name) != "fake_traceback":
        return ""
    # A template that cannot be compiled has no template object: its error has the name.
    named = _template_of(maker) or dict.get(frame.f_globals, "__jinja_exception__")
    return printable(guard.exact_str(guard.attribute(named, "name")))


# Errors


@lru_cache(maxsize=64)
def _from_line(lineno: int, text: str) -> Source:
    return Source(lines=("",) * (lineno - 1) + split_lines(text), first=lineno)


def _from_error(frame: Framed) -> Source | None:
    """The line that a syntax error brought along, of a text that is no file."""
    return _from_line(frame.lineno, frame.text) if frame.text and frame.lineno <= _MOST_LINES else None


# Changes


@lru_cache(maxsize=1)
def _start_of(pid: int) -> float:
    """When process ``pid``, this one, began: from Linux' procfs, so that a forked worker has its own time."""
    try:
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123 - a file of the kernel
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
        return time.time() - age
    except (AttributeError, OSError, ValueError, IndexError):
        return time.time()


def process_start() -> float:
    """When this process began, in seconds since the epoch; where that is unknown, when it was first asked."""
    return _start_of(os.getpid())


def has_changed(source: Source, frame: Framed, started: float) -> bool:
    """Whether the source no longer holds the code that runs. Templates are asked.

    A file older than the process (``started``, in seconds since the epoch) has not changed. A newer one may have been
    imported after it was saved, so the compiler decides: the frame's code is in the file, at its place, or it is not.
    In doubt (import hooks that rewrite code, large files) the answer is no: a false alarm is worse than none.
    """
    maker = _maker(frame)
    if maker is not None:
        template = _template_of(maker)
        return template is not None and ask(lambda: template.is_up_to_date) is False
    if source.state is None or frame.code is None or source.state[1] / 1e9 <= started:
        return False
    if type(global_of(frame, "__loader__")) is not SourceFileLoader or not _is_module_file(frame):
        return False
    codes = _compiled(source.state)
    return codes is not None and frame.code not in codes


@lru_cache(maxsize=64)
def _compiled(state: tuple[str, int, int, int]) -> frozenset[CodeType] | None:
    """All code objects of a file in this state; none if it does not compile; `None` if that cannot be known."""
    path, _, size, _ = state
    if size > _COMPARED_BYTES:
        return None
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as in _from_file
            module = compile(file.read(size), path, "exec", dont_inherit=True)
    except SyntaxError:
        return frozenset()
    except (OSError, ValueError, RecursionError, MemoryError):
        return None
    return frozenset(nested_codes(module))
