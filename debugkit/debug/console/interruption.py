"""What Stop may hit: the thread that runs the code of a command, while it does, wherever that is. Knows no command."""

from __future__ import annotations

import sys
from types import FrameType

from debugkit.debug.safe import real_threads
from debugkit.debug.safe.async_exceptions import raise_in_thread


class Interruption:
    """`arm` before code that Stop may hit, and `disarm` after it; both where KeyboardInterrupt is caught.

    An exception that another thread raises comes some time later: at any time until `disarm` has returned.
    """

    def __init__(self) -> None:
        #: Whether somebody wants the command to end.
        self.wanted = False
        # Held while KeyboardInterrupt is raised in the thread, and to disarm. A plain lock: CPython lets no exception
        # in between taking it and the body of its `with`, which a lock with Python code in it does not promise.
        self._lock = real_threads.allocate_lock()
        #: The thread that runs the command's code, or ran it last.
        self.thread = 0
        self._armed = False

    def arm(self) -> None:
        """Let KeyboardInterrupt come to the calling thread."""
        self.thread = real_threads.get_ident()
        self._armed = True

    def disarm(self) -> None:
        """Let no more come to the calling thread; calling it again does no harm."""
        with self._lock:
            self._armed = False
        if self.wanted:
            raise_in_thread(None, KeyboardInterrupt)

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the thread that is armed, if any is."""
        if self._lock.acquire(blocking=False):  # else it is disarming, or another Stop is at it
            try:
                if self._armed:
                    raise_in_thread(self.thread, KeyboardInterrupt)
            finally:
                self._lock.release()

    def frame(self) -> FrameType | None:
        """What that thread is running now."""
        return sys._current_frames().get(self.thread)
