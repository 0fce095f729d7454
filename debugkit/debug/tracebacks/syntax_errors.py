"""The place that an error of syntax points at, be it Python's or a template's. Knows no frames."""

from __future__ import annotations

import linecache

from debugkit.debug.safe import inspection
from debugkit.debug.safe.text import clean
from debugkit.debug.tracebacks.exceptions import field
from debugkit.debug.tracebacks.model import NOWHERE, Position

#: Characters kept of the line that an error of syntax brings along.
_TEXT_SIZE = 4_000


def error_position(exc: BaseException) -> tuple[str, Position, str]:
    """The file and the place in it that ``exc`` speaks of; "" or no line if it speaks of none. Last its line, or ""."""
    syntax = issubclass(type(exc), SyntaxError)
    if not (syntax or inspection.is_heap_type(type(exc)) or field(BaseException, "__dict__", exc)):
        return "", NOWHERE, ""  # one of Python's own, with nothing added
    filename, position = _syntax(exc) if syntax else _template(exc)
    text = inspection.exact_str(field(SyntaxError, "text", exc)) if syntax else ""
    return clean(inspection.exact_str(filename)), position, clean(text[:_TEXT_SIZE])


def _number(value: object) -> int | None:
    return value if type(value) is int and value > 0 else None


def _syntax(exc: BaseException) -> tuple[object, Position]:
    """The fields of a `SyntaxError` as PEP 657 counts: they are 1-based characters there, and 0 or -1 when unknown."""
    filename, text = field(SyntaxError, "filename", exc), inspection.exact_str(field(SyntaxError, "text", exc))
    filename = "<string>" if filename is None else filename  # as the traceback prints it
    lineno, end_lineno, start, end = (
        _number(field(SyntaxError, name, exc)) for name in ("lineno", "end_lineno", "offset", "end_offset")
    )
    end_lineno = max(lineno or 0, end_lineno or 0) or None
    if start is None or lineno is None:
        return filename, Position(lineno, end_lineno, None, None)
    if end_lineno == lineno:
        last, end = text, max(end or 0, start + 1)
    else:
        last = linecache.getline(filename, end_lineno) if type(filename) is str and end_lineno else ""
    end_colno = _bytes(last, end) if end and last else None
    return filename, Position(lineno, end_lineno, _bytes(text, start), end_colno)


def _bytes(line: str, offset: int) -> int:
    """UTF-8 bytes before the 1-based character ``offset``."""
    return len(line[: offset - 1].encode("utf-8", "replace")) + max(0, offset - 1 - len(line))


def _template(exc: BaseException) -> tuple[object, Position]:
    """Where errors of other languages point at, such as Jinja2's ``TemplateSyntaxError``, known by its attributes."""
    lineno = _number(inspection.attribute(exc, "lineno"))
    if lineno is None:
        return "", NOWHERE
    filename, name = (inspection.exact_str(inspection.attribute(exc, attribute)) for attribute in ("filename", "name"))
    named = inspection.attribute(exc, "filename") is not inspection.MISSING
    return (filename or name) if named else "", Position(lineno, lineno, None, None)
