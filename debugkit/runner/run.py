"""run_simple, and what it has in common with the command line: who serves, who supervises, and what is shown."""

from __future__ import annotations

import functools
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from debugkit.errors import ConfigurationError, DebugkitError
from debugkit.hooks import started
from debugkit.runner import protocols
from debugkit.runner.config import Application, Choices, listen_on, settings_for_workers, tls_context, wrap
from debugkit.runner.failed_start import StartupFailed, failed_application, failed_choices
from debugkit.runner.rehearsals.later import rehearse_later
from debugkit.runner.servers import Moments, modules_for, serve_until_stopped, timed
from debugkit.serving.addresses import urls
from debugkit.serving.listen import AddressInUse, adopt, close_all, parse_address, port_number
from debugkit.serving.log import Log, banner
from debugkit.serving.reloading.control import (
    Control,
    call,
    current,
    end_together,
    is_first_run,
    is_running_from_reloader,
)
from debugkit.serving.server import Server, make_server
from debugkit.serving.standard_streams import hold_standard_streams
from debugkit.serving.terminal import restored_terminal

if TYPE_CHECKING:
    from debugkit.debug.debugger import Debugger

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
        try:
            return serve_as_worker(load, choices, control)
        finally:
            control.sockets.release()
    hold_standard_streams()
    if choices.reload and not is_running_from_reloader():
        return supervise(load, choices, here=supervise_here)
    return serve_here(load, choices)


# The three roles of a process.


def serve_here(load: Callable[[], Application], choices: Choices) -> int:
    """Serve without a reloader; or, in a program that a reloader runs, beside the server that it reloads."""
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


def serve_as_worker(load: Callable[[], Application], choices: Choices, control: Control) -> int:
    """Serve from the sockets of the supervisor that started this process."""
    if not _keeps_its_address(choices, control):
        Log().say(f" * The addresses changed. Restart debugkit to listen on {_where(choices)}.")
    try:
        application = load()
    except (DebugkitError, KeyboardInterrupt):
        raise
    except BaseException as error:  # SystemExit too: a module that ends the program is a failure to start
        return serve_failed_start(control, error)
    return serve(application, choices, adopt_sockets(control))


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


@functools.cache
def adopt_sockets(control: Control) -> list[socket.socket]:
    """The supervisor's sockets. Adopted once: a socket object that goes away takes its descriptor with it."""
    return [adopt(descriptor) for descriptor in control.config.sockets]


def serve(
    application: Application,
    choices: Choices,
    sockets: list[socket.socket],
    *,
    failed: bool = False,
    beside: bool = False,
) -> int:
    """Serve from ``sockets``, which are the server's from now on. Returns the exit status.

    ``beside``: this is a further server of a program that a reloader runs, and ends with it.
    """
    application, debugger = wrap(application, choices)
    control = current()
    if choices.post_mortem and debugger is not None:
        from debugkit.postmortem import post_mortem

        debugger.post_mortem = post_mortem("pdb", debugger.say)
    moments = moments_of(control, failed=failed, beside=beside, prepare=modules_for(application))
    if debugger is not None:
        debugger.print_with((choices.log or Log()).say)
    if control is not None and control.config.timing and not beside:
        choices = replace(choices, log=timed(choices.log or Log(), control.answered))
    if debugger is not None and control is not None:
        follow_reloads(debugger, control, moments, failed=failed)
    context = tls_context(choices, control.config.certificate if control is not None else None)
    name = parse_address(choices.addresses[0], 0).host
    addresses = urls(sockets, "https" if context else "http", name)
    moments.begin = functools.partial(announce, addresses, name, debugger, choices)
    if control is not None and not beside:
        make = functools.partial(make_server, name, 0, sockets=sockets, ssl_context=context, on_stop=moments.on_stop)
        moments.explain = functools.partial(explain_in_process, control, moments, name, make)
    try:
        number = serve_until_stopped(application, choices, sockets, name=name, ssl_context=context, moments=moments)
    except StartupFailed as failure:
        reason = failure
    except BaseException:
        moments.over()
        raise
    else:
        moments.over()
        return 128 + number if number else 0
    return could_not_start(reason, None if beside else control)


def moments_of(control: Control | None, *, failed: bool, beside: bool, prepare: tuple[str, ...]) -> Moments:
    """What a supervisor wants to hear, and when; ``beside``: this server ends when its own one tells the program to."""
    if beside:
        return Moments(await_turn=lambda server: end_together(server.request_stop))
    if control is None:
        return Moments()
    return Moments(
        await_turn=lambda server: control.serving(server.request_stop, failed=failed, prepare=prepare),
        closed=control.closed,
        over=control.over,
    )


def follow_reloads(debugger: Debugger, control: Control, moments: Moments, *, failed: bool) -> None:
    """Have the debugger's open pages hear of reloads; their streams end when the server is to stop."""
    from debugkit.debug.live import Events

    debugger.supervised_by(control.config.supervisor)
    debugger.events = Events(secrets.token_hex(4), failed=failed)
    moments.on_stop.append(debugger.events.close)


def explain_in_process(
    control: Control, moments: Moments, name: str, make: Callable[..., Server], failure: StartupFailed
) -> Server:
    """The server of the page that says why the application could not start in one of several processes."""
    application, debugger = wrap(failed_application(control, failure.error, failure.message), failed_choices(control))
    if debugger is not None:
        debugger.trust_host(name or "localhost")
        follow_reloads(debugger, control, moments, failed=True)
    return make(application)


def could_not_start(failure: StartupFailed, control: Control | None) -> int:
    """What an application did that was served before it could start. Returns the exit status, or raises its error."""
    if control is not None:
        if failure.error is None:
            Log().say(f" * The application failed to start: {failure.message}")
        return serve_failed_start(control, failure.error, failure.message)
    raise failure.as_error()


def announce(addresses: Sequence[str], name: str, debugger: Debugger | None, choices: Choices) -> None:
    """Print the banner when the first process of a server starts, and call the hooks."""
    log = choices.log or Log()
    first = is_first_run()
    notes: list[str] = []
    # Behind a Unix socket is a proxy, whose address only it knows.
    web = next((address for address in addresses if address.startswith("http")), "")
    if debugger is not None:
        debugger.trust_host(name or "localhost")
        if first:
            notes = debugger.banner(web)
        else:
            debugger.restarted()
    if first:
        log.say(banner(choices.title, [log.bold(address) for address in addresses], notes))
    for hook in started:
        call(hook, log.say, web or addresses[0])
    if debugger is not None and choices.processes == 1:  # of a process with threads, Python forks no others
        rehearse_later()


def serve_failed_start(control: Control, error: BaseException | None, message: str = "") -> int:
    """Serve, in place of a program that could not start, the page that says why. Returns the exit status."""
    return serve(
        failed_application(control, error, message), failed_choices(control), adopt_sockets(control), failed=True
    )
