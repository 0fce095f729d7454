"""What a supervisor starts: takes its end of the channel and runs the program; shows why when that does not start."""

from __future__ import annotations

import importlib
import os
import socket
import sys
import traceback
from collections.abc import Sequence

from debugkit.errors import DebugkitError
from debugkit.run import own_part, serve_failure
from debugkit.serving.control import Channel, Control, take
from debugkit.serving.log import Log
from debugkit.serving.program import Program

#: What a program under a supervisor needs almost always.
PREPARED = ("debugkit.cli", "debugkit.debug.debugger", "debugkit.debug.wsgi")


def main(arguments: Sequence[str]) -> int:
    """Run the program of the supervisor whose channel is the descriptor ``arguments[0]``. Returns the exit status.

    A worker is started before it is needed, and waits for its hello with all that it can know already.
    """
    for module in PREPARED:
        importlib.import_module(module)
    try:
        control = take(Channel(socket.socket(fileno=int(arguments[0]))), Log().say)
    except (EOFError, KeyboardInterrupt):  # not needed any more
        return 0
    # For applications that ask whether they run under a reloader. Nothing here reads it.
    os.environ.update({"WERKZEUG_RUN_MAIN": "true", **control.hello["environ"]})
    try:
        if message := control.hello["message"]:
            return serve_failure(control, None, message)
        Program.load(control.hello["program"]).run()
    except KeyboardInterrupt:
        return 130
    except BaseException as error:
        return _failed(control, error)
    return 0


def _failed(control: Control, error: BaseException) -> int:
    if control.served:
        if isinstance(error, SystemExit):
            raise error
        traceback.print_exception(type(error), error, own_part(error.__traceback__))
        return 1
    if isinstance(error, DebugkitError) and control.hello["number"] == 1:
        print(f"debugkit: {error.explanation}", file=sys.stderr)
        control.refuse(1)
        return 1
    return serve_failure(control, error)
