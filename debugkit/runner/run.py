"""run_simple, and what it has in common with the command line: who serves, and who supervises."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from debugkit.errors import ConfigurationError
from debugkit.runner import protocols
from debugkit.runner.config import Application, Choices, listen_on, settings_for_workers
from debugkit.serving.listen import AddressInUse, close_all, parse_address, port_number
from debugkit.serving.log import Log
from debugkit.serving.reloading.control import Control, current, is_first_run, is_running_from_reloader
from debugkit.serving.standard_streams import hold_standard_streams
from debugkit.serving.terminal import restored_terminal

#: Seconds that a worker has to leave an address that its successor asks for, and between two attempts of that one.
LEAVING = 5.0
BETWEEN = 0.05


def run_simple(
    hostname: str,
    port: int | str,
    application: Application,
    *,
    use_reloader: bool = False,
    use_debugger: bool = False,
    use_evalex: bool = True,
    extra_files: Iterable[str] | None = None,
    exclude_patterns: Iterable[str] | None = None,
    reloader_interval: float = 1,
    reloader_type: str = "auto",
    threaded: bool = True,
    processes: int = 1,
    request_handler: type | None = None,
    static_files: Any = None,
    passthrough_errors: bool = False,
    ssl_context: Any = None,
) -> None:
    """Serve ``application``, of WSGI or ASGI, until a signal. The arguments are those of Werkzeug's `run_simple`.

    ``hostname`` is an address, a name of this computer ("localhost": both 127.0.0.1 and ::1), or "unix:/path" for a
    Unix socket; ``port`` 0 means any free one, and it may be text, as in ``os.environ["PORT"]``. ``use_debugger`` wraps
    the application in `DebuggedApplication`; ``use_evalex`` gives its frames a console. ``use_reloader`` runs the
    program again when one of its files changes: the Python files below the program's folder, imported modules that are
    not installed packages, and ``extra_files`` (paths, folders or patterns), without those that match
    ``exclude_patterns``. ``reloader_type`` is "auto", "stat" or "watchdog"; "stat" looks every ``reloader_interval``
    seconds. ``threaded=False`` answers one request at a time, ``processes`` serves in that many processes.
    ``static_files`` maps addresses to files, folders or (package, folder). ``passthrough_errors`` raises the
    application's exception from here. ``ssl_context`` is an `ssl.SSLContext`, a pair (certificate file, key file), or
    "adhoc". An ASGI application is served with uvicorn.

    SIGINT and SIGTERM let requests finish; then `SystemExit` is raised with status 128 + n, as shells expect.
    When the address is in use or none of this computer, the certificate cannot be read or another value cannot work,
    a sentence on stderr explains it, and `SystemExit` is raised with status 1.
    """
    if request_handler is not None:
        raise ConfigurationError(
            "run_simple has no request_handler: put what it does to requests into a WSGI middleware, and what it does "
            "to the log into a filter of the log's stream."
        )
    with in_a_sentence():
        if why := protocols.refusal(application):
            raise ConfigurationError(f"The application {why}")
        choices = Choices(
            addresses=(hostname,),
            port=port_number(port),
            debugger={"evalex": use_evalex} if use_debugger else None,
            reload=use_reloader,
            extra_files=tuple(extra_files or ()),
            exclude_patterns=tuple(exclude_patterns or ()),
            reloader_type=reloader_type,
            reloader_interval=reloader_interval,
            threaded=threaded,
            processes=processes,
            static_files=static_files,
            passthrough_errors=passthrough_errors,
            ssl_context=ssl_context,
        )
        status = run(lambda: application, choices)
    if status or current() or use_reloader:
        raise SystemExit(status)


@contextmanager
def in_a_sentence() -> Iterator[None]:
    """Say what cannot work on stderr, and end the program with status 1. In a worker, its own start decides that."""
    try:
        yield
    except (ConfigurationError, AddressInUse) as error:  # others, `passthrough_errors` brings from the application
        if current():
            raise
        print(f"debugkit: {error.explanation}", file=sys.stderr)
        raise SystemExit(1) from error


def run(load: Callable[[], Application], choices: Choices, *, supervise_here: bool = False) -> int:
    """Serve what ``load`` returns. Returns the exit status: 128 + n after signal n, else 0.

    With a reloader this process becomes the supervisor, and ``load`` is called in the workers only; with
    ``supervise_here`` it stays what it is and waits, for a program that has imported nothing of the user's. So does one
    that a debugger or a prompt waits for (`is_awaited`).
    Raises `DebugkitError`, and what ``load`` raises when there is no supervisor to show it.
    """
    control = current()
    if control is not None and _asks_for_the_sockets(choices, control) and control.sockets.acquire(blocking=False):
        from debugkit.runner.serve import serve_as_worker

        if not _keeps_its_address(choices, control):
            Log().say(f" * The addresses changed. Restart debugkit to listen on {_where(choices)}.")
        try:
            return serve_as_worker(load, choices, control)
        finally:
            control.sockets.release()
    hold_standard_streams()
    if choices.reload and not is_running_from_reloader():
        return supervise(load, choices, here=supervise_here)
    return serve_here(load, choices)


# The roles of a process: the third, a worker, is in `serve`, which a supervisor never imports.


def serve_here(load: Callable[[], Application], choices: Choices) -> int:
    """Serve without a reloader; or, in a program that a reloader runs, beside the server that it reloads."""
    from debugkit.runner.serve import serve

    beside = is_running_from_reloader()
    sockets = listen_on(choices, Log()) if is_first_run() else listen_after_the_last(choices)
    try:
        with nullcontext() if beside else restored_terminal():
            return serve(load(), choices, sockets, beside=beside)
    finally:
        close_all(sockets)


def supervise(load: Callable[[], Application], choices: Choices, *, here: bool) -> int:
    """Listen, and have workers run this program again and serve; ``here``: this process need not start afresh."""
    from debugkit.runner.supervision import supervisor_config
    from debugkit.serving.reloading.bootstrap import become_supervisor, is_awaited, require_posix

    sockets = listen_on(choices, Log())
    try:
        require_posix()
        debugger = choices.debugger if here or choices.only_workers_load else settings_for_workers(load(), choices)
        config = supervisor_config(choices, sockets, debugger)
        if here or is_awaited():
            from debugkit.serving.reloading.supervisor import Supervisor

            return Supervisor(config).run()
        become_supervisor(config)
    finally:
        close_all(sockets)


def _asks_for_the_sockets(choices: Choices, control: Control) -> bool:
    """Whether this call is the one that has become the supervisor, in the worker's run of the same program.

    That one has a reloader. Its address may have been edited since; or its reloader, while the address still tells,
    unless it is any free port, for which further servers ask in the same words.
    """
    return choices.reload or (_keeps_its_address(choices, control) and choices.port != 0)


def _keeps_its_address(choices: Choices, control: Control) -> bool:
    return (list(choices.addresses), choices.port) == (list(control.config.addresses), control.config.port)


def _where(choices: Choices) -> str:
    """The addresses for a sentence, with the port of those that name none."""
    port = f" (port {choices.port})" if choices.port else ""
    alone = [parse_address(text, 1) == parse_address(text, 2) for text in choices.addresses]
    return ", ".join(text if knows else text + port for text, knows in zip(choices.addresses, alone, strict=True))


def listen_after_the_last(choices: Choices, *, clock: Callable[[], float] = time.monotonic) -> list[socket.socket]:
    """Sockets for a further server. The worker before this one may be about to leave the same address."""
    deadline = clock() + LEAVING
    while True:
        try:
            return listen_on(choices, Log())
        except AddressInUse:
            if clock() > deadline:
                raise
        threading.Event().wait(BETWEEN)
