"""Sends a captured request again by PEP 3333, in a thread of its own, as a server would."""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import BytesIO
from itertools import islice
from typing import Any

from debugkit.debug.console.interruption import Interruption
from debugkit.debug.frameworks.noting import notes_of
from debugkit.debug.replay.replay import Replay
from debugkit.debug.request_snapshot import RequestSnapshot
from debugkit.debug.safe import real_threads
from debugkit.raised import with_traceback

#: What belongs to the connection of the first request, by the beginning of its name: streams, sockets, functions.
OF_THE_SERVER = ("wsgi.", "debugkit.", "werkzeug.", "gunicorn.", "uwsgi.", "waitress.", "eventlet.", "x-wsgiorg.")
PLAIN = (str, int, float, bool, tuple)


def send_again(application: Callable[..., Any], request: RequestSnapshot) -> Replay:
    """Call ``application`` with the request. Raises `RuntimeError` when there are too many threads."""
    replay, interruption = Replay(), Interruption()

    def stop() -> None:
        interruption.wanted = True
        interruption.interrupt()

    replay.stop = stop
    real_threads.start(_run, application, environ_of(request), replay, interruption, name="debugkit-replay")
    return replay


def environ_of(request: RequestSnapshot) -> dict[str, Any]:
    """The environ as the server made it, without what belongs to its connection; with the body from its beginning."""
    notes = notes_of(request.environ)
    received = islice(request.environ.items(), notes.size if notes else None)
    environ = {
        name: value for name, value in received if issubclass(type(value), PLAIN) or not name.startswith(OF_THE_SERVER)
    }
    own = {"SCRIPT_NAME": notes.root, "PATH_INFO": notes.path, "REMOTE_ADDR": notes.peer} if notes else {}
    environ |= {name: value for name, value in own.items() if value is not None}
    return environ | {
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query,
        "wsgi.input": BytesIO(request.body),
        "wsgi.errors": sys.stderr,
    }


def _run(application: Callable[..., Any], environ: dict[str, Any], replay: Replay, interruption: Interruption) -> None:
    with replay.noting():
        interruption.arm()
        try:
            if not interruption.wanted:
                _Exchange(replay).run(application, environ)
        finally:
            interruption.disarm()


class _Exchange:
    """The server's side of one request; nobody reads its answer."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay
        self._sent = False

    def run(self, application: Callable[..., Any], environ: dict[str, Any]) -> None:
        body = application(environ, self._start_response)
        try:
            for part in body:
                self._write(part)
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()

    def _start_response(self, status: str, headers: object, exc_info: Any = None) -> Callable[[bytes], None]:
        if exc_info is not None and self._sent:
            raise with_traceback(exc_info[1], exc_info[2])
        self._replay.status = int(status[:3])
        return self._write

    def _write(self, data: bytes) -> None:
        self._sent = self._sent or bool(data)
