"""Prints queries in the terminal for ``--print-sql``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sqlparse

from debugkit import terminal_text
from debugkit.debug.timeline.timeline import shorten
from debugkit.django.options import SqlOptions
from debugkit.django.sql import Query
from debugkit.serving.log import time_text

#: Characters from which a query is printed as it is: to lay it out takes longer than to read it is worth.
LONGEST = 20_000


class QueryPrinter:
    """Says each query with its parameters filled in, its time and its database. ``keyword`` colours a word of SQL."""

    def __init__(
        self, options: SqlOptions, say: Callable[[str], None], keyword: Callable[[str], str] | None = None
    ) -> None:
        self._options = options
        self._say = say
        self._keyword = keyword if options.colours else None

    def __call__(self, query: Query, sql: Any, params: Any, context: dict[str, Any]) -> None:
        text = query.sql if query.many else fill_in(sql, params, context)
        facts = [time_text(query.seconds), f"[{query.alias}]"]
        facts += [f"{query.many} times"] * bool(query.many)
        facts += ["failed"] * query.failed
        facts += [terminal_text.line(query.where)] * bool(self._options.location and query.where)
        self._say(f"{self._laid_out(text)}\n    {'  '.join(facts)}")

    def _laid_out(self, text: str) -> str:
        if self._options.layout is not None and len(text) < LONGEST:
            try:
                text = sqlparse.format(text, **self._options.layout)
            except Exception as error:  # it refuses what is nested too deep, and what the settings say may be wrong
                text = f"{text}\n    (not laid out: {error})"
        if self._options.truncate is not None:
            text = shorten(text, self._options.truncate)
        return self._colour(terminal_text.quoted(text))

    def _colour(self, text: str) -> str:
        if self._keyword is None or len(text) >= LONGEST:
            return text
        statements: Iterable[Any] = sqlparse.parse(text)
        tokens = (token for statement in statements for token in statement.flatten())
        return "".join(self._keyword(token.value) if token.is_keyword else token.value for token in tokens)


def fill_in(sql: Any, params: Any, context: dict[str, Any]) -> str:
    """The query as the database got it, as far as its driver can tell."""
    connection = context["connection"]
    try:
        return str(connection.ops.last_executed_query(context["cursor"], sql, params))
    except Exception:  # a query that failed, or a driver that cannot: its parts say as much
        return f"{sql} {params!r}" if params else str(sql)
