"""What a frame is called and where it is found: its id, its address, its file, its library, its line in an editor."""

from __future__ import annotations

import os
import sys
from functools import cache

from debugkit.debug.access.viewer import Viewer
from debugkit.debug.page.frame_models import EditorLink
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.source.excerpt import Excerpt, SourceLine
from debugkit.debug.tracebacks.model import CapturedFrame
from debugkit.editors import filled, mapped
from debugkit.settings import Settings


def frame_id(entry: ErrorRecord, frame: CapturedFrame) -> str:
    """The public handle of a frame: the unguessable id of its traceback, and its number."""
    return f"{entry.id}-{frame.index}"


def frame_url(entry: ErrorRecord, frame: CapturedFrame, viewer: Viewer) -> str:
    return f"{viewer.base}/frames/{frame_id(entry, frame)}"


@cache
def short_filename(filename: str, *, library: bool) -> str:
    """What a person calls the file: relative to the working directory, or to where it is imported from."""
    if not os.path.isabs(filename):  # noqa: PTH117 - a file name from a code object may be anything
        return filename
    roots = [] if library else [_current_directory()]
    roots += sorted({os.path.abspath(path) for path in sys.path if path}, key=len, reverse=True)  # noqa: PTH100 - as above
    for root in roots:
        if root and filename.startswith(root.rstrip(os.sep) + os.sep):
            return filename[len(root.rstrip(os.sep)) + 1 :]
    return filename


def file_name(path: str) -> str:
    """The file's own name, on whichever system the path was written."""
    return path.replace("\\", "/").rpartition("/")[2]


def _current_directory() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - compared as text
    except OSError:  # removed while the server runs
        return ""


def library_label(frame: CapturedFrame) -> str:
    library = frame.library
    return f"{library.name} {library.version}".strip() if library else ""


def column_of(shown: Excerpt) -> int:
    """The column of the failing expression, in characters from 1: frames know it in bytes (PEP 657)."""
    for line in shown.lines:
        if isinstance(line, SourceLine) and line.current and line.marks:
            return line.marks[0][0] + line.offset + 1
    return 1


def editor_link(frame: CapturedFrame, column: int, settings: Settings) -> EditorLink | None:
    """How the frame's line, at ``column`` from 1, is opened in an editor; `None` for what is no file."""
    if not os.path.isabs(frame.filename):  # noqa: PTH117 - may be any text
        return None
    path, line = mapped(frame.filename, settings.editor_paths), frame.lineno or 1
    template = settings.editor or ""
    return EditorLink(path, line, column, template, filled(template, path, line, column) if template else "")
