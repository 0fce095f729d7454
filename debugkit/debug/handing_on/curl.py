"""A request as one line for a shell (POSIX, 2.2), whatever its parts hold."""

from __future__ import annotations

import shlex

from debugkit.debug.handing_on.copied_request import CopiedRequest
from debugkit.debug.handing_on.shell import is_plain, printf, word

#: Bytes of one argument that Linux takes (MAX_ARG_STRLEN), with room for quotes.
LONGEST_ARGUMENT = 60_000
#: Headers that curl adds by itself when it is not told not to.
ADDED = ("Accept", "User-Agent")


def curl(request: CopiedRequest) -> str:
    """The line. What is missing stands before it as an argument of ``:``, which every shell ignores."""
    notice = f": {shlex.quote(' '.join(request.notices))}; " if request.notices else ""
    piped = not (is_plain(request.body) and len(request.body) <= LONGEST_ARGUMENT)
    pipe = f"{printf(request.body)} | " if piped and request.body else ""
    options = [*_method(request), *_address(request), *_headers(request), *_body(request, piped)]
    return f"{notice}{pipe}curl {' '.join(options)}\n"


def _method(request: CopiedRequest) -> list[str]:
    if request.method == "HEAD":
        return ["-I"]
    return [] if request.method == "GET" and not request.body else ["-X", shlex.quote(request.method)]


def _address(request: CopiedRequest) -> list[str]:
    options = ["-g"] if any(mark in request.url for mark in "[]{}") else []  # else they are patterns
    options += ["--path-as-is"] if "/." in request.target else []
    return [*options, word(request.url.encode("latin-1", "replace"))]


def _headers(request: CopiedRequest) -> list[str]:
    names = {name for name, _ in request.headers}
    absent = [name for name in (*ADDED, "Content-Type") if name not in names and (name in ADDED or request.body)]
    headers = [f"{name}: {value}" if value else f"{name};" for name, value in request.headers]
    headers += [f"{name}:" for name in absent]
    return [option for header in headers for option in ("-H", word(header.encode("latin-1", "replace")))]


def _body(request: CopiedRequest, piped: bool) -> list[str]:
    if not request.body or request.method == "HEAD":
        return []
    return ["--data-binary", "@-"] if piped else ["--data-raw", word(request.body)]
