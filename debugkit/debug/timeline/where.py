"""The line of the application that something comes from."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Final

from debugkit.debug.safe.inspection import exact_str
from debugkit.debug.tracebacks.libraries import is_library

#: Frames that are looked at.
_MOST_FRAMES: Final = 200


def asked_by(frame: FrameType | None) -> str:
    """The innermost line of the application on the stack, "" if there is none."""
    for _ in range(_MOST_FRAMES):
        if frame is None:
            break
        filename = exact_str(frame.f_code.co_filename)
        if filename[:1] != "<" and not is_library(filename):
            return f"{shown(filename)}:{frame.f_lineno} in {exact_str(frame.f_code.co_name)}"
        frame = frame.f_back
    return ""


@lru_cache(maxsize=1_000)
def shown(filename: str) -> str:
    """A path for people: relative to the working directory where it is below that."""
    try:
        return os.fspath(Path(filename).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return filename
