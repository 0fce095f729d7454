"""What tells of moments: log records, warnings, and SQL. Installed once in a process, at the end of what is there.

A log record's text is taken from its handlers where one has made it: no code of its arguments runs once more. Where
none has, only arguments of Python's own types are put in.
"""

from __future__ import annotations

import functools
import logging
import sys
import warnings
from typing import Any, Final

from debugkit.debug.safe.inspection import class_name, exact_str
from debugkit.debug.timeline import databases
from debugkit.debug.timeline.timeline import Moment, Timeline, begin, current, note, shorten
from debugkit.debug.timeline.where import asked_by

#: Marks the function that shows warnings as ours.
_WATCHED: Final = "debugkit_watched"
_PLAIN: Final = frozenset(map(id, (str, int, float, bool, type(None), bytes)))


def begin_request() -> Timeline:
    """Begin the timeline of a request, and watch engines that were imported since."""
    databases.watch()
    return begin()


def install() -> None:
    """Watch what is logged and warned of in this process, from now on."""
    _watch_records()
    if not hasattr(warnings.showwarning, _WATCHED):  # `warnings.catch_warnings` may have put an earlier one back
        _watch_warnings()


@functools.cache
def _watch_records() -> None:
    make = logging.getLogRecordFactory()

    def make_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        timeline = current()
        if timeline is not None:
            _add_record(timeline, record)
        return record

    logging.setLogRecordFactory(make_record)


def _watch_warnings() -> None:
    show = warnings.showwarning

    def showwarning(message: Any, category: Any, filename: Any, lineno: Any, *rest: Any, **more: Any) -> None:
        if current() is not None:
            _add_warning(message, category)
        show(message, category, filename, lineno, *rest, **more)

    setattr(showwarning, _WATCHED, True)
    warnings.showwarning = showwarning


def _add_record(timeline: Timeline, record: logging.LogRecord) -> None:
    at, where = timeline.now, asked_by(sys._getframe(2))
    level, logger = exact_str(record.levelname), exact_str(record.name)
    timeline.add_later(lambda: Moment("log", at, f"{level} {logger}", _text(record), where))


def _text(record: logging.LogRecord) -> str:
    fields = record.__dict__
    text = exact_str(fields.get("message")) or _formatted(fields.get("msg"), fields.get("args"))
    error = fields.get("exc_info")
    if type(error) is tuple and error and issubclass(type(error[0]), type):
        text = f"{text} ({class_name(error[0])})"
    return shorten(text)


def _formatted(message: Any, args: Any) -> str:
    """``message % args`` as `logging` does it, if that runs no code of anybody's; else what there is."""
    if type(message) is not str:
        return f"<{class_name(type(message))}>"
    if not args:
        return message
    values = args.values() if type(args) is dict else args
    if (type(args) is tuple or type(args) is dict) and all(id(type(value)) in _PLAIN for value in values):
        try:
            return str.__mod__(message, args)
        except (TypeError, ValueError, KeyError, OverflowError, MemoryError):
            return message
    return message


def _add_warning(message: Any, category: Any) -> None:
    kind = category if issubclass(type(category), type) else type(message)
    args = BaseException.__dict__["args"].__get__(message) if issubclass(type(message), BaseException) else (message,)
    text = exact_str(args[0]) if args else ""
    note("warning", class_name(kind), text, asked_by(sys._getframe(2)))
