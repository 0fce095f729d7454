"""Foreign text for a terminal, or for a plain text that may be read in one: shown, and steering nothing.

What a request, an exception or a file is called comes from anybody. Knows no streams.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

#: C0, DEL and C1 (ECMA-48); marks, embeddings, overrides and isolates of direction (UAX 9); line and paragraph
#: separators; what has no width and no use in text on its own, tags of Plane 14 included; lone surrogates.
#: The joiners U+200C and U+200D stay: Persian words and emoji are written with them.
_STEERING: Final = (
    r"\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    r"\U000e0000-\U000e007f"
)
_IN_A_LINE: Final = re.compile(rf"[\x00-\x1f{_STEERING}]")
_IN_LINES: Final = re.compile(rf"[\x00-\x08\x0b-\x1f{_STEERING}]")
#: Lines with which debugkit itself begins to speak.
_OURS: Final = re.compile(r"^(?=[^\S\n]*(?:\*\s|Debugger (?:page|PIN):|Unlock this browser:))", re.MULTILINE)


#: One of these is in each such line: most texts hold none, and need no search line by line.
_MARKS: Final = ("*", "Debugger ", "Unlock ")


def line(text: str) -> str:
    """``text`` as part of one line: what steers a terminal, line feeds included, becomes a backslash escape."""
    return text if text.isprintable() else _IN_A_LINE.sub(_escape, text)


def lines(text: str) -> str:
    """``text`` with its line feeds and tabs; all else that steers a terminal becomes a backslash escape."""
    return text if text.isprintable() else _IN_LINES.sub(_escape, text)


def quoted(text: str) -> str:
    """`lines`, of which none can be taken for one of debugkit's own: one that begins like them gets a bar."""
    text = lines(text)
    return _OURS.sub("| ", text) if any(mark in text for mark in _MARKS) else text


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def files(paths: Sequence[str], folder: str) -> str:
    """Some files by name, relative to ``folder`` where they are below it: the working directory may be gone."""
    names = [os.path.relpath(path, folder) if Path(path).is_relative_to(folder) else path for path in paths]
    more = f" and {len(names) - 3} more files" if len(names) > 3 else ""
    return line(", ".join(names[:3]) + more)
