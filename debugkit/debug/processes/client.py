"""Asks the owner of an error, and streams its response back. Knows neither ids nor folders: it is told the socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from debugkit.debug.messages import Request, Response
from debugkit.debug.processes.protocol import Broken, Channel, Head, receive_body, receive_head, send_request

#: Seconds in which an owner takes a request: its thread waits for nothing else.
_CONNECT = 2.0
#: Seconds until its response begins. A page is there in less than one, but for a machine that is very busy.
PATIENCE = 10.0
#: Seconds between two pieces of a stream, which beats each second.
_SILENCE = 15.0
#: Bytes of a response that is no stream: a page holds less than a tenth of it.
_MOST = 64_000_000
#: Bytes of a stream: a command's output has a limit of its own.
_ENDLESS = 2**62


class OwnerGone(Exception):
    """The process has ended: nobody listens, or it ended while it answered."""


class OwnerSilent(Exception):
    """The process is there, and does not answer in time."""


def is_answered(path: Path) -> bool:
    """Whether a process listens; a socket that one has left behind is removed."""
    try:
        _connect(path).close()
    except OwnerGone:
        return False
    except OwnerSilent:
        pass
    return True


def ask(path: Path, request: Request, body: bytes, *, last_words: bytes = b"", patience: float = PATIENCE) -> Response:
    """The owner's response: a stream as it comes, anything else when it is complete.

    ``last_words`` end a stream whose owner dies or falls silent. Raises `OwnerGone` and `OwnerSilent`.
    """
    question = Question(path, request, body, patience)
    head = question.head()
    if head.stream:
        return Response(head.status, head.headers, Relayed(question.channel, last_words))
    return Response(head.status, head.headers, question.whole())


class Question:
    """A request that is sent to its owner, and whose answer is read when the caller has time for it."""

    def __init__(self, path: Path, request: Request, body: bytes, patience: float = PATIENCE) -> None:
        self._patience = patience
        self.channel = Channel(_connect(path))
        with _translating(self.channel):
            send_request(self.channel, request, body, patience)

    def head(self) -> Head:
        with _translating(self.channel):
            return receive_head(self.channel, self._patience)

    def whole(self) -> bytes:
        """The complete body."""
        with _translating(self.channel):
            body = b"".join(receive_body(self.channel, _MOST, self._patience))
        self.channel.close()
        return body


class Relayed(Iterator[bytes]):
    """The pieces of a stream. `close` (PEP 3333) hangs up, by which the owner notices that nobody reads."""

    def __init__(self, channel: Channel, last_words: bytes) -> None:
        self._channel = channel
        self._pieces = receive_body(channel, _ENDLESS, _SILENCE)
        self._last_words = last_words

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except StopIteration:
            self.close()
            raise
        except (OSError, Broken):
            self.close()
            last_words, self._last_words = self._last_words, b""
            if not last_words:
                raise StopIteration from None
            self._pieces = iter(())
            return last_words

    def close(self) -> None:
        self._channel.close()


def _connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(_CONNECT)
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        if isinstance(error, ConnectionRefusedError):  # bound by a process that has ended
            with suppress(OSError):
                path.unlink()
        if isinstance(error, ConnectionRefusedError | FileNotFoundError):
            raise OwnerGone from None
        raise OwnerSilent from None
    return connection


class _translating:
    """Turns what a socket raises into words about its owner, and closes it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            return
        self._channel.close()
        if isinstance(error, TimeoutError):
            raise OwnerSilent from None
        if isinstance(error, OSError | Broken):
            raise OwnerGone from None
