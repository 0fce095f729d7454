"""What PEP 3333 gives and takes, for whoever speaks it: a request read from its environ, an answer sent, a line logged.

Knows the debugger's messages, and no application.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from debugkit.debug.frameworks.noting import notes_of
from debugkit.debug.messages import Request, Response
from debugkit.debug.request_snapshot import named
from debugkit.debug.safe import inspection
from debugkit.raised import with_traceback

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Headers = list[tuple[str, str]]


def tell(environ: WSGIEnvironment, text: str) -> None:
    """Write to the terminal of the request's server."""
    stream: Any = environ.get("wsgi.errors")
    stream = sys.stderr if stream is None else stream
    escaped = text.encode("ascii", "backslashreplace")
    # Some encodings lack characters; and the stream that Django's test client gives takes bytes.
    for form in (text, escaped.decode(), escaped):
        try:
            stream.write(form)
            stream.flush()
            return
        except (TypeError, UnicodeError):
            continue
        except KeyboardInterrupt:
            raise
        except BaseException:  # the terminal is gone: answering goes on
            return


def make_request(environ: WSGIEnvironment, mount: str, *, console_path: str | None = None) -> Request:
    """The request as the debugger sees it. An address outside of the mount has the path ``""``."""
    names = {name: value if type(value) is str else inspection.exact_str(value) for name, value in named(environ)}
    path = names.get("PATH_INFO", "")
    inner = "console" if path == console_path else path[len(mount) :].lstrip("/") if path.startswith(mount) else ""
    headers = {_header_name(key): value for key, value in names.items() if key[:5] == "HTTP_"}
    headers["content-type"] = names.get("CONTENT_TYPE", "")
    return Request(
        method=names.get("REQUEST_METHOD", "GET"),
        path=inner,
        query=names.get("QUERY_STRING", ""),
        headers=headers,
        root=quote(names.get("SCRIPT_NAME", "").rstrip("/").encode("latin-1", "replace"), safe="/:@!$&'()*+,;=~"),
        scheme=names.get("wsgi.url_scheme", "http"),
        peer=_peer(environ),
        read_body=lambda limit: read_body(environ, limit),
        server=(names.get("SERVER_NAME", ""), names.get("SERVER_PORT", "")),
        multiprocess=environ.get("wsgi.multiprocess") is True,
    )


@lru_cache(maxsize=256)
def _header_name(key: str) -> str:
    """What a client calls the header that PEP 3333 calls ``key``."""
    return key[5:].replace("_", "-").lower()


def make_failed_request(environ: WSGIEnvironment, mount: str) -> Request:
    """The request that an application has had, as its server gave it."""
    notes = notes_of(environ)
    if notes is not None:
        environ = {**environ, "SCRIPT_NAME": notes.root, "REMOTE_ADDR": notes.peer}
    return make_request(environ, mount)


def _peer(environ: WSGIEnvironment) -> str:
    """The socket's own address: Werkzeug's ProxyFix puts one from a header in its place, which is anybody's word."""
    original = environ.get("werkzeug.proxy_fix.orig")
    return inspection.exact_str((original if type(original) is dict else environ).get("REMOTE_ADDR"))


def read_body(environ: WSGIEnvironment, limit: int) -> bytes:
    """The request's body, at most ``limit`` + 1 bytes of it, so that the caller can detect an oversized body."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdecimal()):
        if not environ.get("wsgi.input_terminated"):
            return b""
        length = str(limit + 1)
    body: bytes = environ["wsgi.input"].read(min(int(length), limit + 1))
    return body


def send(
    response: Response, environ: WSGIEnvironment, start_response: StartResponse, exc_info: Any = None
) -> Iterable[bytes]:
    """A `Response` by PEP 3333; a body in one piece gets its length, and is left out for HEAD (RFC 9110, 9.3.2)."""
    headers = list(response.headers)
    body = response.body
    if isinstance(body, bytes):
        headers.append(("Content-Length", str(len(body))))
        # Not all servers drop it: what waitress and wsgiref send would be read as the start of the next answer.
        body = [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]
    else:
        environ["eventlet.minimum_write_chunk_size"] = 0  # its server gathers 8 KiB, which PEP 3333 does not allow
    status = f"{response.status} {HTTPStatus(response.status).phrase}"
    if exc_info is None:
        start_response(status, headers)
    else:
        _start_again(status, headers, environ, start_response, exc_info)
    return body


def _start_again(
    status: str, headers: Headers, environ: WSGIEnvironment, start_response: StartResponse, exc_info: Any
) -> None:
    """Replace an answer that the application has begun."""
    begun = getattr(getattr(start_response, "__self__", None), "headers", None)
    if "gunicorn.socket" in environ and isinstance(begun, list):
        begun.clear()  # gunicorn would send both: two lengths of one body, which browsers refuse
    try:
        try:
            raise with_traceback(exc_info[1], exc_info[2])
        except BaseException:
            # When the headers are on their way, wsgiref's server raises what is being handled, and not `exc_info`.
            with_traceback(exc_info[1], exc_info[2])
            start_response(status, headers, exc_info)
    except SystemError:
        # uWSGI takes the new answer, and then leaves `exc_info` behind as if the call had failed, which Python notices.
        if "uwsgi.version" not in environ:
            raise
    finally:
        del exc_info  # the frame of this call is in the traceback: no cycle
