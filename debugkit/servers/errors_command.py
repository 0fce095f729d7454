"""``debugkit errors``: the recent errors of this user's running servers, for a terminal, a script or an assistant.

Asks the servers over HTTP, as a visitor on this computer: what is printed is what such a one may see, redacted. Nothing
is changed there, and no PIN is needed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from debugkit import terminal_text
from debugkit.errors import DebugkitError
from debugkit.frozen import frozen
from debugkit.servers import FORMAT
from debugkit.servers.known import KEY_HEADER, Address, KnownServer, known
from debugkit.state import user_folder

if TYPE_CHECKING:
    from http.client import HTTPConnection
    from ssl import SSLContext

#: Seconds that a server has to answer: one with a single thread may be busy.
_PATIENCE: Final = 5.0
#: Bytes of an answer: a hundred times what the Markdown of an error has.
_MOST: Final = 20_000_000


@frozen
class ListedError:
    """A kind of error of one server, and when it happened last. ``address`` is where its server answers."""

    address: Address
    fields: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.fields["id"])

    @property
    def time(self) -> float:
        return datetime.fromisoformat(str(self.fields["time_iso"])).timestamp()

    @property
    def url(self) -> str:
        return f"{self.address.root}{self.path}"

    @property
    def path(self) -> str:
        """The same at its server."""
        return str(self.fields["url"])


class Unreachable(Exception):
    """A server that does not answer; ``gone`` if nobody listens there any more."""

    def __init__(self, why: str, *, gone: bool) -> None:
        super().__init__(why)
        self.gone = gone


def run(options: argparse.Namespace) -> int:
    """``debugkit errors``. Returns 1 when there are errors since ``--since``, else 0. Raises `DebugkitError`."""
    errors = list(listed(_servers()))
    if options.since is not None:
        errors = [error for error in errors if error.time >= options.since]
    status = 1 if options.since is not None and errors else 0
    if options.which is None:
        _print(_as_json(errors) if options.json else _as_markdown(errors))
        return status
    chosen = errors[:1] if options.which == "last" else [error for error in errors if _is(error, options.which)]
    if not chosen:
        if options.since is not None and options.which == "last":
            return 0
        what = "no error" if options.which == "last" else f"no error with the id {options.which}"
        raise DebugkitError(f"There is {what} in a running server of yours.")
    ending = ".json" if options.json else ".md"
    _print(_document(chosen[0], options.which, ending))
    return status


# The servers


def _servers() -> Iterator[KnownServer]:
    folder = user_folder()
    return known(folder) if folder is not None else iter(())


def listed(servers: Iterator[KnownServer]) -> list[ListedError]:
    """The errors of all servers, newest first. One that has ended is forgotten, one that is silent named."""
    errors: list[ListedError] = []
    for server in servers:
        try:
            path = f"{server.address.base.removeprefix(server.address.root)}/tracebacks"
            answer = json.loads(_get(server.address, path, "application/json"))
            errors += [ListedError(server.address, fields) for fields in answer["errors"]]
        except (ValueError, KeyError, TypeError):  # something else listens there now
            server.forget()
        except Unreachable as reason:
            if reason.gone:
                server.forget()
            else:
                print(f"debugkit: {terminal_text.line(server.address.base)} {reason}", file=sys.stderr)
    return sorted(errors, key=lambda error: error.time, reverse=True)


def _is(error: ListedError, error_id: str) -> bool:
    """Whether it is this one, or has an earlier one of that id."""
    urls = [str(error.fields["url"]), *(str(url) for _, url in error.fields["urls"])]
    return any(url.endswith(f"/{error_id}") for url in urls)


def _document(error: ListedError, which: str, ending: str) -> str:
    error_id = error.id if which == "last" else which
    try:
        text = _get(error.address, f"{error.path.rpartition('/')[0]}/{error_id}{ending}", "*/*")
    except Unreachable as reason:
        raise DebugkitError(f"{error.address.base} {reason}") from None
    return terminal_text.lines(text.decode("utf-8", "replace")).rstrip("\n")


def _get(address: Address, path: str, accept: str) -> bytes:
    """The body of an answer 200, straight from the server: no proxy of the environment has a say in it."""
    from http.client import HTTPException

    headers = {"Accept": accept} | ({KEY_HEADER: address.key} if address.socket else {})
    try:
        status, body = _answer(address, path, headers)
    except TimeoutError:
        raise Unreachable("does not answer in time: it is busy.", gone=False) from None
    except (OSError, HTTPException) as error:
        gone = isinstance(error, ConnectionRefusedError | FileNotFoundError)
        raise Unreachable(f"cannot be asked: {error}", gone=gone) from None
    if status != 200:
        raise Unreachable(f"answers {status}.", gone=status == 404)
    return body


def _answer(address: Address, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """The status and the body. A server may have TLS at its Unix socket, or only the proxy before it: both are tried.

    To plain HTTP those with TLS answer 400, or nothing.
    """
    if not address.socket:
        return _exchange(_connection(address), path, headers)
    from http.client import HTTPException

    from debugkit.servers.unix_sockets import UnixConnection

    with suppress(HTTPException, ConnectionResetError, BrokenPipeError):
        status, body = _exchange(UnixConnection(address.socket, _PATIENCE), path, headers)
        if status != 400:
            return status, body
    return _exchange(UnixConnection(address.socket, _PATIENCE, _own_tls()), path, headers)


def _exchange(connection: HTTPConnection, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read(_MOST)
    finally:
        connection.close()


def _connection(address: Address) -> HTTPConnection:
    from http.client import HTTPConnection, HTTPSConnection

    scheme, _, authority = address.root.partition("://")
    if scheme == "https":
        return HTTPSConnection(authority, timeout=_PATIENCE, context=_own_tls())
    return HTTPConnection(authority, timeout=_PATIENCE)


def _own_tls() -> SSLContext:
    """The server is this user's own, on this computer, and its certificate often made by itself."""
    import ssl

    return ssl._create_unverified_context()


# What is printed


def _print(text: str) -> None:
    """Print to whoever reads; one who has read enough (``| head``) is no error."""
    try:
        sys.stdout.buffer.write(f"{text}\n".encode("utf-8", "replace"))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _as_json(errors: Sequence[ListedError]) -> str:
    names = ("id", "type", "title", "status", "request_line", "where", "count", "live")
    rows = [
        {name: error.fields[name] for name in names} | {"time": error.fields["time_iso"], "url": error.url}
        for error in errors
    ]
    return json.dumps({"format": FORMAT, "errors": rows}, indent=2)


def _as_markdown(errors: Sequence[ListedError]) -> str:
    if not errors:
        return "No errors."
    return "\n".join(map(_line, errors))


def _line(error: ListedError) -> str:
    """One error as an item of a list; its texts are code, in which no markup counts."""
    fields = {name: terminal_text.line(str(value)).replace("`", "'") for name, value in error.fields.items()}
    place = f" at `{fields['where']}`" if fields["where"] else ""
    request = f", `{fields['request_line']}`" if fields["request_line"] else ""
    times = f", {fields['count']} times" if fields["count"] != "1" else ""
    return f"- `{fields['title']}`{place}{request}{times}, last {fields['time_iso']}: {error.url}"
