"""The signals that end a program gracefully, and the waker of its loop. Knows nothing of what is ended."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

#: What Ctrl+C, a process manager and a closing terminal window send, where the system has it.
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Waker:
    """Wakes a thread that waits for sockets: a self-pipe. Any number of calls wake it once."""

    def __init__(self) -> None:
        self._reader, self.writer = socket.socketpair()
        self._reader.setblocking(False)
        self.writer.setblocking(False)

    def fileno(self) -> int:
        """What is readable from `wake` to `drain`."""
        return self._reader.fileno()

    def wake(self) -> None:
        """From any thread, or a signal handler."""
        try:
            self.writer.send(b"\0")
        except OSError:  # full, so that the thread wakes anyway; or closed, since it waits no more
            pass

    def drain(self) -> None:
        self._reader.recv(4096)

    def close(self) -> None:
        self._reader.close()
        self.writer.close()


@contextmanager
def handling(signals: Sequence[int], handler: Callable[[int, object], None], waker: Waker) -> Iterator[None]:
    """Call ``handler`` for ``signals``, and wake ``waker``.

    Does nothing outside of the main thread, where Python allows no handlers. What was there before returns afterwards.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in signals if not is_refused(number)}
    # Python runs handlers in the main thread only, which may be waiting while the system woke another one.
    wakeup = signal.set_wakeup_fd(waker.writer.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, old in before.items():
            # None: a handler that was not set from Python, and cannot be set again from here.
            signal.signal(number, signal.SIG_DFL if old is None else old)


def is_refused(number: int) -> bool:
    """Whether the program was started so that it ignores ``number``: nohup does that with SIGHUP, and means it.

    Shells do it with the SIGINT of what they start in the background; but who sends that one by hand means us.
    """
    return number == getattr(signal, "SIGHUP", None) and signal.getsignal(number) is signal.SIG_IGN
