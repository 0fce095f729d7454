"""Where the lines of a frame come from: a file, the module's loader, linecache, a template held in memory.

Loaders and templates are foreign code: what they raise means "no source". Knows nothing of colours or excerpts.
"""

from __future__ import annotations

import linecache
import os
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from types import CodeType

from debugkit.debug.safe.text import encodable
from debugkit.debug.source.jinja import from_template
from debugkit.debug.source.positions import nested_codes
from debugkit.debug.source.text import Source, ask, decode, global_of, made_of, split_lines
from debugkit.debug.tracebacks import templates
from debugkit.debug.tracebacks.model import CapturedFrame

#: Bytes of a file that is read at all: larger ones are data, which take seconds to show.
MOST_BYTES = 4_000_000
#: A text that is no file and has more lines than this is not shown.
_MOST_LINES = 100_000
#: The compiler is asked only for files up to this many bytes: it takes a quarter of a second for a megabyte.
_COMPARED_BYTES = 1_000_000
#: When this module was imported, in seconds since the epoch: about when the application was.
_STARTED = time.time()


def find_source(frame: CapturedFrame, size_limit: int = MOST_BYTES, neighbours: Sequence[CapturedFrame] = ()) -> Source:
    """The source of the frame's file, at most ``size_limit`` bytes. If there is none: no lines, and a notice.

    ``neighbours`` are other frames of the traceback: one of them may hold the text of a template that has no name.
    """
    from_file = _from_file(frame, size_limit)
    if from_file is not None and from_file.lines:
        return from_file
    other = _from_loader(frame) or _from_linecache(frame) or from_template(frame, neighbours) or _from_error(frame)
    if other is not None:
        return other
    return from_file or Source(notice=f"The source of {encodable(frame.filename) or 'this frame'} is not available.")


# Files


def _from_file(frame: CapturedFrame, size_limit: int) -> Source | None:
    for path in _candidates(frame):
        try:
            status = os.stat(path)  # noqa: PTH116 - a Path cannot be made of every name a code object can have
            # Opening a FIFO blocks, reading /dev/zero never ends.
            if not stat.S_ISREG(status.st_mode):
                return Source(notice=f"{encodable(path)} is not a regular file; it was not read.")
            if status.st_size > size_limit:
                return Source(notice=_too_large(path, status.st_size, size_limit))
            return _read(path, status.st_mtime_ns, status.st_size, status.st_ino, size_limit)
        except (OSError, ValueError):  # missing, unreadable, or a name with NUL or surrogates in it
            continue
    return None


def _too_large(path: str, size: int, limit: int) -> str:
    return f"{encodable(path)} is too large to show: {size:,} bytes, and the limit is {limit:,}."


def _candidates(frame: CapturedFrame) -> Iterator[str]:
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
    # Non-blocking, since the file may have been replaced by something else after it was checked.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        return Source(notice=_too_large(path, len(data), limit))
    return Source(lines=split_lines(decode(data)), state=(path, mtime_ns, size, inode))


# Other origins


def _from_loader(frame: CapturedFrame) -> Source | None:
    """PEP 302's ``get_source``: modules in zip files and from import hooks."""
    loader, name = global_of(frame, "__loader__"), global_of(frame, "__name__")
    if loader is None or type(name) is not str or not _is_module_file(frame):
        return None
    return made_of(ask(lambda: loader.get_source(name)))


def _is_module_file(frame: CapturedFrame) -> bool:
    """Whether the code is the module's own. Code that was exec'ed in it has the same loader, and another file name."""
    spec = global_of(frame, "__spec__")
    named = global_of(frame, "__file__"), ask(lambda: spec.origin)
    if frame.filename in [name for name in named if type(name) is str]:
        return True
    # A module that was loaded from a .pyc inside a zip file.
    return not _is_made_up(frame.filename) and type(named[0]) is str and _stem(named[0]) == _stem(frame.filename)


def _stem(path: str) -> str:
    return os.path.splitext(path)[0].rpartition(os.sep)[2]  # noqa: PTH122 - the name is not always one of a path


def _from_linecache(frame: CapturedFrame) -> Source | None:
    """Code that was registered there: consoles, notebooks. doctest answers through `linecache.getlines` itself."""
    filename = frame.filename
    if filename == "<string>":  # what exec calls any text: an entry of this name may be any other text
        return None
    entry = linecache.cache.get(filename, ())
    # A longer entry is answered from memory; for others linecache would look for a file, unless the name is made up.
    if len(entry) > 1 or _is_made_up(filename):
        return made_of(ask(lambda: "".join(linecache.getlines(filename))) or None)
    return None


# Errors


@lru_cache(maxsize=64)
def _from_line(lineno: int, text: str) -> Source:
    return Source(lines=("",) * (lineno - 1) + split_lines(text), first=lineno)


def _from_error(frame: CapturedFrame) -> Source | None:
    """The line that a syntax error brought along, of a text that is no file."""
    return _from_line(frame.lineno, frame.text) if frame.text and frame.lineno <= _MOST_LINES else None


# Changes


def has_changed(source: Source, frame: CapturedFrame) -> bool:
    """Whether the source no longer holds the code that runs. Templates are asked.

    A file older than the process has not changed, and is not compiled. A newer one may have been imported after it was
    saved, so the compiler decides: the frame's code is in the file, at its place, or it is not.
    In doubt (import hooks that rewrite code, large files) the answer is no: a false alarm is worse than none.
    """
    maker = templates.maker_of(frame.frame)
    if maker is not None:
        template = templates.template_of(maker)
        return template is not None and ask(lambda: template.is_up_to_date) is False
    if source.state is None or frame.code is None or source.state[1] / 1e9 <= _STARTED:
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
