"""What the server says in the terminal: one line a request, tracebacks of what nobody caught, and the start-up banner.

Never prints a secret from an address, nor a character that would control the terminal.
"""

from __future__ import annotations

import io
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import TracebackType
from typing import TextIO, cast

from debugkit import terminal_text
from debugkit.raised import printed
from debugkit.serving.log_writer import writer, writes_to
from debugkit.settings import MOUNT

# English names whatever the locale, as in the common log format.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

#: Query parameters that are keys to something. Percent-encoded letters are seen through by `_query_is_secret`.
_SECRET = re.compile(r"(?i)(token|pin|password|passwd|secret|signature|api_?key)=")
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")

#: Who asked, when it was over a Unix socket: clients have no address there.
UNIX = "unix:"

RESET = "\x1b[0m"
BOLD = "\x1b[1m"

#: Characters of a line that are kept until its end comes.
PART = 8_192


class Log:
    """Writes to ``stream``, or to what `sys.stderr` is at that time. Requests below ``hidden`` leave no line."""

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.time,
        hidden: str = MOUNT,
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._hidden = hidden
        self._colours = wants_colours(self.stream, environ)
        if sys.platform == "win32" and self._colours:
            import colorama

            colorama.just_fix_windows_console()

    @property
    def stream(self) -> TextIO | None:
        return self._stream if self._stream is not None else sys.stderr

    @property
    def errors(self) -> TextIO | None:
        """What an application gets as ``wsgi.errors``: its lines keep their order among those of the log."""
        return None if self.stream is None else never_wait(self.stream)

    def access(self, peer: str, line: str, status: int, size: int = 0, seconds: float = 0.0) -> None:
        """One request: the client's address, "GET /path HTTP/1.1", the status, bytes of the body, and seconds it took.

        Up to the dash it is the line that Werkzeug writes, for the programs that read it.
        """
        shown = self.shown(line)
        if shown is None:
            return
        stamp = _stamp(int(self._clock()))
        line = f'"{shown}" {status}'
        if self._colours:
            line = f"{_colour(status)}{line}{RESET}"
        self.say(f"{peer or UNIX} - - [{stamp}] {line} - {size_text(size)} {time_text(seconds)}")

    def shown(self, line: str) -> str | None:
        """A request line as it may be logged: without secrets and control characters. `None`: not at all."""
        if self._hidden in line and f"{self._hidden}/" in f"{_path(line)}/":
            return None
        return terminal_text.line(without_secrets(line) if "?" in line else line)

    def failed(self, error: BaseException, tb: TracebackType | None = None) -> None:
        """An exception that the application did not catch. ``tb`` is where its traceback is to begin."""
        self.say(terminal_text.quoted(printed(error, tb).rstrip("\n")))

    def say(self, text: str) -> None:
        """Print ``text`` and a line feed in one piece, so that lines of two threads do not mix. Waits for no reader."""
        stream = self.stream
        if stream is None:  # pythonw.exe has no terminal
            return
        if writes_to(stream):
            writer().put(encode(f"{text}\n", stream))
            return
        try:
            stream.write(_printable(f"{text}\n", stream))
            stream.flush()
        except Exception:  # the terminal is gone, or the stream closed, or none for text: serving goes on
            return

    def bold(self, text: str) -> str:
        return f"{BOLD}{text}{RESET}" if self._colours else text


def never_wait(stream: TextIO) -> TextIO:
    """``stream``, or what writes to it without waiting for its reader where that can be done."""
    return cast("TextIO", ErrorStream(stream)) if writes_to(stream) else stream


class ErrorStream(io.TextIOBase):
    """``stream``, which is the process's stderr, for those who write to it and must not wait for its reader either."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._part = ""
        self._lock = threading.RLock()  # re-entrant: a handler of a signal may write too

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    def fileno(self) -> int:
        return self._stream.fileno()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        if not writes_to(self._stream):  # for this thread and at the moment: a debugger shows what its command writes
            return self._stream.write(text)
        with self._lock:
            lines, end, self._part = (self._part + text).rpartition("\n")
            if end:
                writer().put(encode(lines + end, self._stream))
            if len(self._part) > PART:
                self.flush()
        return len(text)

    def flush(self) -> None:
        with self._lock:
            part, self._part = self._part, ""
            if part:
                writer().put(encode(part, self._stream))


def wants_colours(stream: TextIO | None, environ: Mapping[str, str]) -> bool:
    """Colours for terminals only. NO_COLOR and FORCE_COLOR decide otherwise when they are set and not empty."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    if environ.get("TERM") == "dumb":
        return False
    try:
        return stream is not None and stream.isatty()
    except (OSError, ValueError):
        return False


def banner(title: str, urls: Sequence[str], notes: Sequence[str] = (), *, watching: str = "") -> str:
    """What the terminal shows when the server is ready. An address alone on its line can be clicked.

    ``notes`` are the debugger's, with its PIN; ``watching`` says what the reloader looks after.
    """
    lines = [title, "", *(f"    {url}" for url in urls), "", *([watching] if watching else []), "Press Ctrl+C to stop."]
    return "\n".join([*lines, *notes])


def size_text(size: int) -> str:
    """Bytes as people read them: 532B, 1.2kB, 12.3kB, 123kB."""
    return f"{size}B" if size < 1000 else _shorten(size / 1000, "kB", "MB", "GB", "TB")


def time_text(seconds: float) -> str:
    """Seconds as people read them: 0.3ms, 12.3ms, 340ms, 1.2s."""
    milliseconds = max(0.0, seconds) * 1000
    return f"{milliseconds:.1f}ms" if milliseconds < 99.95 else _shorten(milliseconds, "ms", "s")


def _shorten(value: float, unit: str, *larger: str) -> str:
    for next_unit in larger:
        if value < 999.5:  # what would be rounded up to 1000 belongs to the next unit
            break
        value, unit = value / 1000, next_unit
    return f"{value:.1f}{unit}" if value < 99.95 else f"{value:.0f}{unit}"


def without_secrets(line: str) -> str:
    """A request line without its query when that holds a key to something."""
    method, _, rest = line.partition(" ")
    target, _, version = rest.rpartition(" ")
    path, _, query = target.partition("?")
    decoded = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), query)
    return f"{method} {path}?[not logged] {version}" if _SECRET.search(decoded) else line


def _path(line: str) -> str:
    return line.split(" ", 2)[1].partition("?")[0] if " " in line else ""


@lru_cache(maxsize=1)
def _stamp(second: int) -> str:
    now = time.localtime(second)
    return f"{now.tm_mday:02d}/{MONTHS[now.tm_mon - 1]}/{now.tm_year} {time.strftime('%H:%M:%S', now)}"


def _colour(status: int) -> str:
    if status < 300:  # 101 as well: the application has taken the connection over
        return ""
    if status < 400:
        return "\x1b[36m"
    return "\x1b[33m" if status < 500 else "\x1b[1;31m"


def encode(text: str, stream: TextIO) -> bytes:
    """Characters that the stream's encoding lacks, and lone surrogates, become backslash escapes."""
    return text.replace("\n", os.linesep).encode(stream.encoding, "backslashreplace")


def _printable(text: str, stream: TextIO) -> str:
    """As `encode` does, for a stream that encodes by itself."""
    if text.isascii():
        return text
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
