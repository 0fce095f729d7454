"""What a supervisor starts: takes its end of the channel and runs the program; shows why when that does not start."""

from __future__ import annotations

import importlib
import os
import socket
from collections.abc import Sequence
from contextlib import suppress

from debugkit.errors import ConfigurationError, DebugkitError
from debugkit.raised import traceback_of
from debugkit.runner.failed_start import strip_own_frames
from debugkit.runner.rehearsals.start import rehearse_at_rest
from debugkit.runner.serve import serve_failed_start
from debugkit.serving.log import Log
from debugkit.serving.reloading.channel import Channel
from debugkit.serving.reloading.control import Control, take

#: What a program under a supervisor needs almost always.
PREPARED = ("debugkit.cli",)


def main(arguments: Sequence[str]) -> int:
    """Run the program of the supervisor whose channel is the descriptor ``arguments[0]``. Returns the exit status.

    The other arguments are modules that it is going to need.
    """
    for module in PREPARED:
        importlib.import_module(module)
    for module in arguments[1:]:
        with suppress(Exception):  # the program will import it, and its error has a page then
            importlib.import_module(module)
    return await_program(int(arguments[0]))


def await_program(descriptor: int) -> int:
    """Wait for the configuration from the supervisor, and run the program. Returns the exit status.

    A worker is started before it is needed, and waits with all that it can know already.
    """
    sock = socket.socket(fileno=descriptor)
    sock.set_inheritable(False)  # or whatever the application starts would keep it open
    try:
        rehearse_at_rest(sock)
        control = take(Channel(sock), Log().say)
    except (EOFError, KeyboardInterrupt):  # not needed any more
        sock.close()
        return 0
    for descriptor in control.config.sockets:
        os.set_inheritable(descriptor, False)
    # For applications that ask whether they run under a reloader. Nothing here reads it.
    os.environ.update({"WERKZEUG_RUN_MAIN": "true", **control.config.environ})
    try:
        if message := control.config.message:
            return serve_failed_start(control, None, message)
        program = control.config.program
        enter(program.folder)
        program.run()
    except KeyboardInterrupt:
        return 130
    except BaseException as error:
        return _failed(control, error)
    return 0


def enter(folder: str) -> None:
    """Go to the program's folder: it may be another one of that name than when this process was started."""
    try:
        os.chdir(folder)
    except OSError as error:
        raise ConfigurationError(
            f"The program's folder {folder} cannot be entered ({error.strerror}): the program restarts once it can."
        ) from error


def _failed(control: Control, error: BaseException) -> int:
    if control.served:
        if issubclass(type(error), SystemExit):
            raise error
        Log().failed(error, strip_own_frames(traceback_of(error)))
        return 1
    # In this order: `isinstance` asks an exception of somebody else's for its `__class__`.
    ours = issubclass(type(error), DebugkitError)
    if ours and isinstance(error, DebugkitError) and control.config.number == 1:
        Log().say(f"debugkit: {error.explanation}")
        control.refuse(1)
        return 1
    return serve_failed_start(control, error)
