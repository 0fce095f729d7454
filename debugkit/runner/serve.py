"""Serving an application: as a worker of a supervisor, or alone; and what its server tells whom, and when.

A supervisor never imports it: the server, and what a worker tells its pages, are most of what a program loads.
"""

from __future__ import annotations

import functools
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from debugkit.errors import DebugkitError
from debugkit.hooks import started
from debugkit.runner.config import Application, Choices, tls_context, wrap
from debugkit.runner.failed_start import StartupFailed, failed_application, failed_choices
from debugkit.runner.rehearsals.later import rehearse_later
from debugkit.runner.servers import Moments, modules_for, serve_until_stopped, timed
from debugkit.serving.addresses import urls
from debugkit.serving.listen import adopt, parse_address
from debugkit.serving.log import Log, banner
from debugkit.serving.reloading.control import Control, call, current, end_together, is_first_run
from debugkit.serving.server import Server, make_server

if TYPE_CHECKING:
    from debugkit.debug.debugger import Debugger


def serve_as_worker(load: Callable[[], Application], choices: Choices, control: Control) -> int:
    """Serve from the sockets of the supervisor that started this process."""
    try:
        application = load()
    except (DebugkitError, KeyboardInterrupt):
        raise
    except BaseException as error:  # SystemExit too: a module that ends the program is a failure to start
        return serve_failed_start(control, error)
    return serve(application, choices, adopt_sockets(control))


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
        from debugkit.runner.postmortem import post_mortem

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
