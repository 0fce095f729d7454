"""The panels below the frames: request, headers, body, session, environment.

Each is made on its own, and one that fails says so in its own place: the page is never lost for a table.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Container, Iterable, Mapping
from functools import cached_property, partial
from typing import Any
from urllib.parse import parse_qsl

from debugkit.debug.framework_report import HIDDEN, Pair, Panel, Table
from debugkit.debug.page.frame_models import ValueView
from debugkit.debug.page.headline import title
from debugkit.debug.redaction.redactor import REDACTED
from debugkit.debug.registry import ErrorRecord
from debugkit.debug.request_snapshot import RequestSnapshot, iri
from debugkit.debug.safe.inspection import MISSING, attribute, exact_str
from debugkit.debug.safe.text import text_of, type_name
from debugkit.debug.timeline import listing
from debugkit.debug.values.describe import Describer
from debugkit.debug.values.preview import Note

#: Panels of Python objects. What the others show came over the wire, as text.
TYPED = frozenset({"Session"})
#: Characters of a text printed on the page.
BODY_TEXT = 4_000
#: Rows of a table, and of a framework's: Django alone has 150 settings.
ROWS = 100
EXTRA_ROWS = 1_000
#: Characters of a query or a cookie header that are read, as many as of a body (`Limits.recorded_body`).
LONGEST_FIELDS = 65_536
#: Characters read of a header inside a form: `email` takes seconds for one of the size of a body.
LONGEST_HEADER = 1_000
_LONG_HEADER = re.compile(
    rb"^(content-[a-z-]{1,40}:[^\r\n]{%d})[^\r\n]+" % LONGEST_HEADER, re.IGNORECASE | re.MULTILINE
)
#: Stands for the debugger's own cookie, which opens consoles: never printed.
OWN_SESSION = Note("the debugger's own session")


Tables = tuple[Table[ValueView], ...]


class Panels:
    """Makes the panels of one entry.

    With ``handles`` the values in them can be opened; with ``readable`` addresses are as people write them.
    """

    def __init__(
        self,
        entry: ErrorRecord,
        request: RequestSnapshot,
        describer: Describer,
        *,
        handles: bool,
        readable: bool = False,
    ) -> None:
        self._entry = entry
        self._request = request
        self._describer = describer
        self._handles = handles
        self._address: Callable[[str], str] = iri if readable else str

    def all(self, only: Container[str] | None = None) -> tuple[Panel[ValueView], ...]:
        """The panels, or those of the names in ``only``."""
        makers: tuple[tuple[str, Callable[[], Tables]], ...] = (
            ("Request", self._request_tables),
            ("Headers", self._header_tables),
            ("Body", self._body_tables),
            ("Session", self._session_tables),
            ("Timeline", self._timeline_tables),
            ("Environment", self._environment_tables),
        )
        extra = {panel.name: partial(self._extra_tables, panel) for panel in self._entry.framework_report.panels}
        panels = (
            self._panel(name, maker) for name, maker in (dict(makers) | extra).items() if only is None or name in only
        )
        return tuple(panel for panel in panels if panel.tables or panel.error)

    def _panel(self, name: str, maker: Callable[[], Tables]) -> Panel[ValueView]:
        try:
            return Panel(name, maker(), typed=name in TYPED)
        except Exception as error:  # a panel may fail in ways nobody foresaw; the page says so and goes on
            # What the error says is not repeated: that may be foreign text.
            return Panel(name, error=f"This panel could not be rendered: {type_name(type(error))}")

    def _extra_tables(self, panel: Panel[Pair]) -> Tables:
        tables = (self._table(table.title, table.rows, table.notice, EXTRA_ROWS) for table in panel.tables)
        return tuple(table for table in tables if table.rows or table.notice)

    def _table(
        self, title: str, pairs: Iterable[tuple[str, object]], notice: str = "", most: int = ROWS
    ) -> Table[ValueView]:
        """A table of the first rows, which says how many more there are."""
        pairs = list(pairs)
        rows = tuple(self._safe_row(name, value) for name, value in pairs[:most])
        cut = f"The first {most:,} of {len(pairs):,}." if len(pairs) > most else ""
        return Table(title, rows, notice=" ".join(filter(None, (notice, cut))))

    def _safe_row(self, name: object, value: object) -> ValueView:
        """One bad value costs its row."""
        text = exact_str(name) if issubclass(type(name), str) else self._describer.describe(name).text
        try:
            return self._row(text, value)
        except Exception as error:
            return ValueView(text, f"<cannot be shown: {type_name(type(error))}>", kind="error")

    def _row(self, name: str, value: object) -> ValueView:
        redactor = self._describer.redactor
        if value is OWN_SESSION:
            return ValueView(name, OWN_SESSION.text, kind="redacted")
        if value is HIDDEN:
            return ValueView(name, REDACTED, kind="redacted")
        if issubclass(type(value), str) and not redactor.name_is_secret(name):
            # Text that came over the wire is shown as it is: quotes around every header would be noise.
            return ValueView(name, self._describer.text(exact_str(value)[:BODY_TEXT]), kind="")
        node = self._describer.describe(value, name)
        handle = self._entry.values.put(value, name) if self._handles and node.openable and "…" in node.text else ""
        return ValueView(name, node.text, node.type, handle, node.kind)

    @cached_property
    def _headers(self) -> dict[str, str]:
        return self._request.headers

    def _request_tables(self) -> Tables:
        request, headers = self._request, self._headers
        facts: list[Pair] = [("Method", request.method), ("Path", self._address(request.path))]
        host = headers.get("host", "")
        if host:
            facts.insert(1, ("Address", f"{request.scheme}://{host}{self._address(request.path)}"))
        facts += [(name, text) for name, text in (("User", request.user), ("Client", request.client)) if text]
        facts += self._entry.framework_report.facts
        query: list[Pair] = [*parse_qsl(request.query[:LONGEST_FIELDS], keep_blank_values=True)]
        cookies = cookie_pairs(headers.get("cookie", "")[:LONGEST_FIELDS])
        shown = [(name, self._cookie(name, value)) for name, value in cookies]
        tables = (("", facts), ("Query", query), ("Cookies", shown))
        return tuple([self._table(title, pairs) for title, pairs in tables if pairs])

    def _cookie(self, name: str, value: str) -> object:
        if name.startswith("__debugkit_"):
            return OWN_SESSION
        return HIDDEN if self._describer.redactor.cookie_is_secret(name) else value

    def _header_tables(self) -> Tables:
        headers = {name.title(): value for name, value in self._headers.items() if name != "cookie"}
        return (self._table("", sorted(headers.items())),) if headers else ()

    def _body_tables(self) -> Tables:
        request = self._request
        if not request.body:
            return (Table("", notice=request.body_notice),) if request.body_notice else ()
        notices = [request.body_notice] if request.body_notice else []
        if request.body_length and request.body_length > len(request.body):
            notices.append(f"The first {len(request.body):,} of {request.body_length:,} bytes.")
        first, *more = self._body(request)
        return (first._replace(notice=" ".join(filter(None, (*notices, first.notice)))), *more)

    def _body(self, request: RequestSnapshot) -> Tables:
        content_type = request.headers.get("content-type", "")
        kind = content_type.partition(";")[0].strip().lower()
        if kind == "application/x-www-form-urlencoded":
            pairs = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
            return (self._table("Form", pairs),)
        if kind == "multipart/form-data":
            return self._multipart(content_type, request.body)
        if kind == "application/json" or kind.endswith("+json"):
            return (self._json(request.body),)
        return (self._text(kind or "Body", request.body),)

    def _multipart(self, content_type: str, body: bytes) -> Tables:
        pairs = multipart_fields(content_type, body)
        form = [(name, value) for name, value in pairs if not isinstance(value, Upload)]
        files = [(name, value) for name, value in pairs if isinstance(value, Upload)]
        tables = [self._table("Form", form)] if form or not files else []
        return (*tables, *([self._table("Files", files)] if files else []))

    def _json(self, body: bytes) -> Table[ValueView]:
        try:
            data = json.loads(body)
        except (ValueError, RecursionError) as error:
            return self._text(f"Invalid JSON: {error}", body)
        if isinstance(data, dict):
            return self._table("JSON", data.items())
        return Table("JSON", (self._row("", data),))

    def _text(self, title: str, body: bytes) -> Table[ValueView]:
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            return Table(title, (self._row("", bytes(body)),))
        return Table(title, text=self._describer.text(text[:BODY_TEXT]))

    def _session_tables(self) -> Tables:
        """Sessions that middleware or a framework left in the environ or in its request context."""
        tables: list[Table[ValueView]] = []
        for key, value in self._request.environ.items():
            if key.lower().endswith("session") and is_mapping(value):
                tables.append(self._table(key, mapping_items(value)))
        for context in self._entry.context_managers:
            # Flask keeps it under the second name since 3.1.3: reading the property would mark the session as used.
            public = attribute(context, "session")
            value = attribute(context, "_session") if public is MISSING else public
            if is_mapping(value):
                tables.append(self._table("", mapping_items(value)))
        return tuple(table for table in tables if table.rows)

    def _timeline_tables(self) -> Tables:
        """What the request did before it failed. The type of a row is the line that caused it, the last of its text."""
        recorded = self._entry.timeline
        if not recorded.moments:
            return ()
        rows = listing.rows(recorded, title(self._entry.captured.exception))
        table = self._table("", rows, self._describer.text(listing.notice(recorded)), len(rows))
        places = [self._describer.text(moment.where) for moment in recorded.moments] + [""]
        placed = tuple(row._replace(type=place) for row, place in zip(table.rows, places, strict=True))
        return (table._replace(rows=placed),)

    def _environment_tables(self) -> Tables:
        rest = {
            key: value
            for key, value in self._request.variables.items()
            # CGI servers copy the process's variables, whose names have no dots as those of PEP 3333 have.
            if not key.lower().endswith("session") and ("." in key or key not in os.environ)
        }
        process: list[tuple[str, object]] = [
            ("Python", sys.version.replace("\n", " ")),
            ("Interpreter", sys.executable),
            ("Process", os.getpid()),
            ("Command", " ".join(sys.argv)),
        ]
        variables = [(key, rest[key]) for key in sorted(rest)]
        return (self._table(self._request.protocol, variables), self._table("Process", process))


def is_mapping(value: object) -> bool:
    """Whether its class is a mapping, or says so: `abc` hashes the class, which its metaclass may forbid."""
    try:
        return issubclass(type(value), Mapping)
    except Exception:
        return False


def mapping_items(value: Any) -> list[tuple[str, object]]:
    """The items of a session. A dictionary is read past its overridden methods; anything else is not run at all."""
    if issubclass(type(value), dict):
        return [(exact_str(key), item) for key, item in list(dict.items(value)) if issubclass(type(key), str)]
    return [("", value)]


def cookie_pairs(header: str) -> Iterable[tuple[str, str]]:
    """Name and value of each cookie (RFC 6265, section 4.2.1)."""
    for part in header.split(";"):
        name, separator, value = part.strip().partition("=")
        if separator:
            yield name, value.strip('"')


class Upload(str):
    """An uploaded file in words."""

    __slots__ = ()


def multipart_fields(content_type: str, body: bytes) -> list[tuple[str, object]]:
    """The fields of a multipart form (RFC 7578); files by name, type and size. Tolerates a body that was cut."""
    from email.parser import BytesParser  # only for forms with files: the import costs more than most pages
    from email.policy import HTTP

    body = _LONG_HEADER.sub(rb"\1", body)
    head = f"Content-Type: {content_type[:LONGEST_HEADER]}\r\nMIME-Version: 1.0\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    fields: list[tuple[str, object]] = []
    for part in message.iter_parts():
        name = text_of(part.get_param("name", "", "content-disposition"))
        content = part.get_payload(decode=True)
        data = content if isinstance(content, bytes) else b""
        filename = part.get_filename()
        if filename:
            fields.append((name, Upload(f"{filename} ({part.get_content_type()}, {len(data):,} bytes)")))
        else:
            fields.append((name, data.decode("utf-8", "replace")))
    return fields
