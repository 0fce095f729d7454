"""Raises an exception in another thread, where the interpreter can (CPython), and leaves nothing that slows others.

The lowest layer of interrupting code that does not end on its own. Knows neither consoles nor values.
"""

from __future__ import annotations

import sys

from debugkit.debug.safe.real_threads import get_ident

#: Turns of a loop in which an exception comes that a thread raises in itself: it comes with the first one.
_TURNS = 100


class _Taken(BaseException):
    """What a thread raises in itself instead of an exception that may be on its way."""


def raise_in_thread(thread: int | None, exception: type[BaseException]) -> None:
    """Let the thread with this identifier raise ``exception`` at its next bytecode, if it still runs.

    `None`: let nothing come to the calling thread any more. Does nothing on other Pythons than CPython.

    CPython puts up one sign for all threads that somebody has to raise something, and takes it down when that happens.
    Meanwhile all threads look at every turn, and a traced one never gets into a function again (3.11, under coverage
    or a debugger). So this thread raises something in itself, which takes the sign down; a thread that waits puts it
    up when it wakes. In the same way, instead of being unset, what is on its way to this thread is replaced.

    Up to 3.11, a thread that does not run yet has the identifier of the one that starts it, and is met in its place:
    then nothing comes to this thread, so the loop has an end, and what was sent is taken back.
    """
    try:
        import ctypes

        send = ctypes.pythonapi.PyThreadState_SetAsyncExc
    except (ImportError, AttributeError):
        return
    mine = ctypes.c_ulong(get_ident())
    taken, sent = ctypes.py_object(_Taken), ctypes.py_object(exception)
    other = None if thread is None else ctypes.c_ulong(thread)
    try:
        if other is not None:
            send(other, sent)
            if sys.version_info >= (3, 13):  # where each thread has a sign of its own
                return
        turns = range(_TURNS)
        send(mine, taken)  # no Python function may be entered between this and the end of the loop
        for _ in turns:
            pass
        send(mine, None)
    except _Taken:
        return
