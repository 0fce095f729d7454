"""What a source is: lines, where they come from, and questions to the frame that they are looked up for."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from debugkit.debug.tracebacks.model import CapturedFrame

T = TypeVar("T")


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


def global_of(frame: CapturedFrame, name: str) -> Any:
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


def made_of(text: object, template: str = "") -> Source | None:
    """The source that is this text; `None` if it is no text."""
    return _from_text(text, template) if type(text) is str else None
