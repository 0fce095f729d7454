"""Servers with four processes, any of which may get a request."""

from __future__ import annotations

from pathlib import Path

from integration.processes import GUNICORN, UWSGI, Kind

WORKERS = 4
_GUNICORN = (*GUNICORN, f"--workers={WORKERS}")


def uwsgi(*more: str) -> tuple[str, ...]:
    options = [f"--processes={WORKERS}" if part == "--processes=1" else part for part in UWSGI]
    return ("-c", f"import pyuwsgi; pyuwsgi.run({[*options, *more]!r})")


SYNC = Kind("gunicorn", (*_GUNICORN, "TARGET"), keeps_alive=False)
KINDS = (
    SYNC,
    Kind("gthread", (*_GUNICORN, "--worker-class=gthread", "--threads=2", "TARGET")),
    # Imported before gevent takes the place of threads, which is in each worker.
    Kind("gevent", (*_GUNICORN, "--worker-class=gevent", "--preload", "TARGET")),
    Kind("preload", (*_GUNICORN, "--preload", "TARGET"), keeps_alive=False),
    Kind("uwsgi", uwsgi(), keeps_alive=False, chunks=False),
    Kind("uwsgi-lazy", uwsgi("--lazy-apps"), keeps_alive=False, chunks=False),
    Kind("debugkit", ("-m", "debugkit", "run", "--port", "0", "--processes", str(WORKERS), "TARGET")),
)


def folder_of(state: Path) -> Path:
    """The folder in which the processes of the one server with this ``state`` meet."""
    (folder,) = state.glob("debugkit-*")
    return folder
