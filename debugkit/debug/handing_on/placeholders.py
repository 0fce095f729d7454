"""The parts of a request with `PLACEHOLDER` in the place of what is secret; everything else stays byte for byte.

The rules are those of the page: by the name of a field, and by what a text holds.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from debugkit.debug.redaction.redactor import MOST_SCANNED, REDACTED, Redactor

#: Stands for a secret: in a header, an address and a shell it needs no escape.
PLACEHOLDER = "REDACTED"
#: Secrets that are named; of more there is the number.
MOST_NAMED = 12
#: The beginning of a cookie of the debugger's, which is nobody else's.
OWN_COOKIE = "__debugkit_"
#: Characters of an address that stay as they are (RFC 3986, 2): a server has taken them.
IN_ADDRESS = "%/:@!$&'()*+,;=~-._?"
_BOUNDARY = re.compile(r"""boundary\s{0,8}=\s{0,8}"?([^";,\s]{1,200})""", re.IGNORECASE)
_FIELD_NAME = re.compile(
    rb"""[;\s]name\*?\d?\*?\s{0,8}=\s{0,8}(?:"([^"\r\n]{0,400})|([^\s;"]{1,400}))""", re.IGNORECASE
)


class Placeholders:
    """Takes the secrets out of one request, and keeps their names."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._hidden: dict[str, None] = {}

    @property
    def sentence(self) -> str:
        """What has been taken out; empty if nothing has."""
        names = list(self._hidden)
        if not names:
            return ""
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        return f"Redacted: {', '.join(names[:MOST_NAMED])}{more}. Put the true values in the place of {PLACEHOLDER}."

    def path(self, path: str) -> str:
        plain = unquote(path)
        shown = self._text("the path", plain)
        return path if shown == plain else quote(shown, safe=IN_ADDRESS.replace("%", "").replace("?", ""))

    def query(self, query: str) -> str:
        return "&".join(self._pair("query", pair) for pair in query.split("&"))

    def header(self, name: str, value: str) -> str:
        if name == "cookie":
            return ";".join(self._cookies(value)).lstrip()
        return self._value(f"header {name.title()}", value, secret=self._redactor.name_is_secret(name))

    def body(self, content_type: str, body: bytes) -> bytes:
        kind = content_type.partition(";")[0].strip().lower()
        if kind == "application/x-www-form-urlencoded":
            fields = body.decode("utf-8", "surrogateescape").split("&")
            body = "&".join(self._pair("field", pair) for pair in fields).encode("utf-8", "surrogateescape")
        elif kind == "multipart/form-data":
            body = self._multipart(content_type, body)
        elif kind == "application/json" or kind.endswith("+json"):
            body = self._json(body)
        text = body.decode("utf-8", "surrogateescape")
        shown = self._text("the body", text)
        return body if shown == text else shown.encode("utf-8", "surrogateescape")

    def _value(self, what: str, value: str, *, secret: bool) -> str:
        if not secret:
            return self._text(what, value)
        if value:
            self._hidden[what] = None
        return PLACEHOLDER if value else value

    def _text(self, what: str, text: str) -> str:
        searched = len(text) <= MOST_SCANNED
        shown = self._redactor.text(text).replace(REDACTED, PLACEHOLDER) if searched else PLACEHOLDER
        if shown == text:
            return text
        self._hidden[what] = None
        return shown

    def _pair(self, what: str, pair: str) -> str:
        """A ``name=value`` of a form, quoted as before where nothing in it is secret."""
        name, equals, value = pair.partition("=")
        plain_name = unquote_plus(name, errors="surrogateescape")
        plain = unquote_plus(value if equals else name, errors="surrogateescape")
        secret = bool(equals) and self._redactor.name_is_secret(plain_name)
        shown = self._value(f"{what} {plain_name}" if equals else f"the {what}", plain, secret=secret)
        if shown == plain:
            return pair
        return f"{name if equals else ''}{equals}{quote_plus(shown, errors='surrogateescape')}"

    def _cookies(self, header: str) -> list[str]:
        cookies = []
        for cookie in header.split(";"):
            before, equals, value = cookie.partition("=")
            name = before.strip()
            if not name.startswith(OWN_COOKIE):
                secret = self._redactor.cookie_is_secret(name)
                cookies.append(f"{before}{equals}{self._value(f'cookie {name}', value, secret=secret)}")
        return cookies

    def _json(self, body: bytes) -> bytes:
        try:
            data = json.loads(body)
            shown = self._within(data)
            return body if shown == data else json.dumps(shown, ensure_ascii=False).encode("utf-8", "surrogatepass")
        except (ValueError, RecursionError):
            return body

    def _within(self, data: Any, name: str = "") -> Any:
        if name and self._redactor.name_is_secret(name):
            if data in (None, "", True, False):
                return data
            self._hidden[f"field {name}"] = None
            return PLACEHOLDER
        if isinstance(data, dict):
            return {key: self._within(value, key) for key, value in data.items()}
        return [self._within(value) for value in data] if isinstance(data, list) else data

    def _multipart(self, content_type: str, body: bytes) -> bytes:
        """A form with files (RFC 7578), its secret fields replaced."""
        match = _BOUNDARY.search(content_type)
        if match is None:
            return body
        mark = b"--" + match[1].encode("latin-1", "replace")
        return mark.join(map(self._part, body.split(mark)))

    def _part(self, part: bytes) -> bytes:
        head, blank, content = part.partition(b"\r\n\r\n")
        names = [(match[1] or match[2] or b"").decode("utf-8", "replace") for match in _FIELD_NAME.finditer(head)]
        secret = next((name for name in names if self._redactor.name_is_secret(name)), None)
        if not blank or secret is None or not content.strip():
            return part
        self._hidden[f"field {secret}"] = None
        return head + blank + PLACEHOLDER.encode() + b"\r\n"
