"""SQLAlchemy's engines, once they are imported: each statement with its duration, and the line that asked for it."""

from __future__ import annotations

import sys
import time
from typing import Any, Final

from debugkit.debug.safe.inspection import class_name, exact_str
from debugkit.debug.timeline.timeline import current, note
from debugkit.debug.timeline.where import asked_by

#: Where the connection keeps when its statement began.
_BEGAN: Final = "debugkit_began"
_watched: list[object] = []


def watch() -> None:
    """Watch all engines of this process from now on, if there are any and they are not watched yet."""
    if not _watched and (module := sys.modules.get("sqlalchemy.engine")) is not None and hasattr(module, "Engine"):
        event = sys.modules["sqlalchemy.event"]
        _watched.append(module)
        event.listen(module.Engine, "before_cursor_execute", _begin)
        event.listen(module.Engine, "after_cursor_execute", _end)
        event.listen(module.Engine, "handle_error", _fail)


def _begin(connection: Any, cursor: Any, statement: Any, parameters: Any, context: Any, many: bool) -> None:
    if current() is not None:
        connection.info[_BEGAN] = time.perf_counter()


def _end(connection: Any, cursor: Any, statement: Any, parameters: Any, context: Any, many: bool) -> None:
    _note(connection, statement, many=len(parameters) if many else 0)


def _fail(context: Any) -> None:
    if context.connection is not None and context.statement is not None:
        _note(context.connection, context.statement, failed=class_name(type(context.original_exception)))


def _note(connection: Any, statement: Any, *, many: int = 0, failed: str = "") -> None:
    began = connection.info.pop(_BEGAN, None)
    if began is None:
        return
    times = f", {many} times" if many else ""
    label = f"{connection.dialect.name}{times}{f', failed: {failed}' if failed else ''}"
    note("sql", label, exact_str(statement), asked_by(sys._getframe(2)), time.perf_counter() - began)
