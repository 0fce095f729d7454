"""The SQL of requests: kept for the page of an error, and printed for ``--print-sql``.

A wrapper around every query of every connection (Django's "database instrumentation") sees them; `connection.queries`
and the logger ``django.db.backends`` go on as ever. Knows nothing of pages and servers.
"""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.signals import request_finished, request_started
from django.db import connections
from django.db.backends.signals import connection_created

from debugkit.debug.safe.text import text_of
from debugkit.debug.timeline.timeline import note, shorten
from debugkit.debug.timeline.where import shown
from debugkit.frozen import frozen
from debugkit.serving.reloading.modules import is_installed

#: Queries kept of one request: the last ones, as those led to the error.
KEPT = 100
#: Characters kept of the text of a query, and of each of its parameters.
TEXT = 2_000
PARAMETER = 200
PARAMETERS = 50
#: Their ``repr`` is known to be quick and to do nothing. Others are named by their type.
PLAIN = (str, bytes, int, float, bool, type(None))

#: debugkit's own frames are nobody's query.
_OWN = str(Path(__file__).parent.parent) + os.sep


@frozen
class Query:
    """A query of a request. ``sql`` has placeholders for ``params``, which are texts, shortened."""

    number: int  # of this request, from 1
    sql: str
    params: tuple[str, ...]
    alias: str  # of the database
    seconds: float
    many: int  # how many sets of parameters `executemany` was given; 0: `execute`
    where: str  # the user's line that asked for it, as "file:line in function"; may be empty
    failed: bool


@dataclass(slots=True, eq=False)
class Request:
    """The queries of the request that this context answers."""

    environ: Mapping[str, Any]
    queries: deque[Query] = field(default_factory=lambda: deque(maxlen=KEPT))
    count: int = 0


#: asgiref carries it into the threads and tasks of async views.
_request: ContextVar[Request | None] = ContextVar("debugkit_sql_request", default=None)


def recorded(request: Any) -> list[Query]:
    """The last queries of ``request`` (an `HttpRequest`), oldest first. To be asked while it is being answered."""
    current = _request.get()
    return list(current.queries) if current is not None and current.environ is getattr(request, "META", None) else []


class Recording:
    """Watches the queries of this process from `begin` on. ``show`` gets each of them, with what is needed to print."""

    def __init__(self, show: Callable[[Query, Any, Any, Any], None] | None = None) -> None:
        self._show = show

    def begin(self) -> None:
        """Watch the connections that are made from now on; each thread makes its own."""
        request_started.connect(self._request_started, weak=False, dispatch_uid="debugkit.sql.started")
        request_finished.connect(self._request_finished, weak=False, dispatch_uid="debugkit.sql.finished")
        connection_created.connect(self._connected, weak=False, dispatch_uid="debugkit.sql.connected")
        for connection in connections.all(initialized_only=True):
            self._connected(type(connection), connection)

    def end(self) -> None:
        """Watch no more connections; those that are watched stay so."""
        request_started.disconnect(dispatch_uid="debugkit.sql.started")
        request_finished.disconnect(dispatch_uid="debugkit.sql.finished")
        connection_created.disconnect(dispatch_uid="debugkit.sql.connected")

    def _request_started(self, sender: Any, environ: Mapping[str, Any] | None = None, **_: Any) -> None:
        _request.set(Request(environ) if environ is not None else None)

    def _request_finished(self, sender: Any, **_: Any) -> None:
        _request.set(None)

    def _connected(self, sender: Any, connection: Any, **_: Any) -> None:
        if self not in connection.execute_wrappers:
            connection.execute_wrappers.append(self)

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """Django calls this in place of each query, and it calls the query."""
        __traceback_hide__ = True
        began = time.perf_counter()
        try:
            result = execute(sql, params, many, context)
        except BaseException:
            self._note(sql, params, many, context, time.perf_counter() - began, failed=True)
            raise
        self._note(sql, params, many, context, time.perf_counter() - began, failed=False)
        return result

    def _note(
        self, sql: Any, params: Any, many: bool, context: dict[str, Any], seconds: float, *, failed: bool
    ) -> None:
        request = _request.get()
        if request is None and self._show is None:
            return
        number = 0
        if request is not None:
            number = request.count = request.count + 1
        query = Query(
            number=number,
            sql=shorten(text_of(sql), TEXT),
            params=() if many else describe(params),
            alias=context["connection"].alias,
            seconds=seconds,
            many=len(params) if many and hasattr(params, "__len__") else int(many),
            where=asked_by(sys._getframe(2)),
            failed=failed,
        )
        if request is not None:
            request.queries.append(query)
        times = f", {query.many} times" if query.many else ""
        note("sql", f"{query.alias}{times}{', failed' if failed else ''}", query.sql, query.where, seconds)
        if self._show is not None:
            self._show(query, sql, params, context)


def describe(params: Any) -> tuple[str, ...]:
    """The parameters of a query as short texts."""
    if isinstance(params, Mapping):
        return tuple(f"{name}={_describe(value)}" for name, value in list(params.items())[:PARAMETERS])
    return tuple(_describe(value) for value in list(params or ())[:PARAMETERS])


def _describe(value: Any) -> str:
    if any(type(value) is kind for kind in (str, bytes)):
        value = value[:PARAMETER]
    return shorten(repr(value), PARAMETER) if any(type(value) is kind for kind in PLAIN) else _type_name(value)


def _type_name(value: Any) -> str:
    """Dates, numbers and identifiers as their text; of other types only the name, since their text may be anything."""
    if type(value).__module__ in ("datetime", "decimal", "uuid"):
        return text_of(value)
    return f"<{type(value).__name__}>"


def asked_by(frame: FrameType | None) -> str:
    """The innermost line of the user's code on the stack: of Python, or of a template that is rendered."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "render_annotated" and (line := _template_line(frame)):
            return line
        if is_users(code.co_filename):
            return f"{shown(code.co_filename)}:{frame.f_lineno} in {code.co_name}"
        frame = frame.f_back
    return ""


def _template_line(frame: FrameType) -> str:
    """The position of the template node that this frame renders (django.template.base.Node.render_annotated)."""
    node = frame.f_locals.get("self")
    token, origin = getattr(node, "token", None), getattr(node, "origin", None)
    name, lineno = getattr(origin, "name", None), getattr(token, "lineno", None)
    return f"{shown(name)}:{lineno}" if isinstance(name, str) and lineno is not None and is_users(name) else ""


@lru_cache(maxsize=10_000)
def is_users(path: str) -> bool:
    """Whether a file is the project's: neither installed, nor Python's, nor ours."""
    return not path.startswith((_OWN, "<")) and not is_installed(path) and Path(path).name != "manage.py"
