"""What open pages are sent: server-sent events (WHATWG HTML, section 9.2), one stream for each page.

Knows no request, no server and no reload: somebody publishes, and closes.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping

from debugkit.debug.page.rendering import to_json

#: Milliseconds after which a browser connects again: the new worker often serves before that.
RETRY = 200
#: Events that wait for one reader; one that falls further behind starts over, which gives it all it needs.
WAITING = 64
#: A comment: keeps proxies from hanging up, and is how the server notices that a reader has gone.
HEARTBEAT = b":\n\n"


class Stream(Iterator[bytes]):
    """One reader's events as bytes. Iterating waits for the next one; `close` (PEP 3333) takes the reader off."""

    def __init__(self, heartbeat: float, leave: Callable[[Stream], None]) -> None:
        self._waiting: deque[bytes] = deque()
        self._heartbeat = heartbeat
        self._leave = leave
        self._ended = False
        self._changed = threading.Condition()

    def __next__(self) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended, self._heartbeat)
            if self._waiting:
                return self._waiting.popleft()
            if self._ended:
                raise StopIteration
            return HEARTBEAT

    def put(self, piece: bytes) -> None:
        with self._changed:
            if len(self._waiting) >= WAITING:
                self._waiting.clear()
                self._ended = True
            elif not self._ended:
                self._waiting.append(piece)
            self._changed.notify_all()

    def end(self) -> None:
        """What waits is still given out; then the iteration stops."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def close(self) -> None:
        self.end()
        self._leave(self)


class Events:
    """The streams of one worker process.

    ``generation`` names the code that runs: it changes whenever that is loaded again, and pages made by another one
    know that they are out of date. ``failed`` says that the code could not be loaded. ``heartbeat`` is in seconds.
    At most ``limit`` streams are open, since each keeps a thread of the server: one more ends the oldest. A page that
    is still there connects again; most often it is one that has been left, which no server notices at once.
    """

    def __init__(self, generation: str, *, failed: bool = False, heartbeat: float = 15.0, limit: int = 16) -> None:
        self.generation = generation
        self.failed = failed
        self._heartbeat = heartbeat
        self._limit = limit
        self._streams: list[Stream] = []  # oldest first
        self._closed = False
        # Re-entrant: the garbage collector may run a __del__ of the user's at any time, whose error is published.
        self._lock = threading.RLock()

    @property
    def readers(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    def stream(self) -> Stream:
        """A stream for one more reader. Its first event is ``hello``; no event is sent after `close`."""
        stream = Stream(self._heartbeat, self._remove)
        stream.put(b"retry: %d\n\n" % RETRY)
        with self._lock:
            if self._closed:  # the reader connects again, to whoever serves by then
                stream.end()
                return stream
            stream.put(message("hello", {"generation": self.generation, "failed": self.failed}))
            self._streams.append(stream)
            surplus = self._streams[: -self._limit]
            del self._streams[: -self._limit]
        for oldest in surplus:
            oldest.end()
        return stream

    def _remove(self, stream: Stream) -> None:
        with self._lock:
            if stream in self._streams:
                self._streams.remove(stream)

    def publish(self, name: str, data: Mapping[str, object]) -> None:
        """Send an event to every reader. Never waits for one."""
        piece = message(name, data)
        for stream in list(self._streams):
            stream.put(piece)

    def close(self) -> None:
        """End every stream at once, and each that is asked for later: this worker is about to be replaced."""
        with self._lock:
            self._closed = True
            streams, self._streams = self._streams, []
        for stream in streams:
            stream.end()


def message(name: str, data: Mapping[str, object]) -> bytes:
    """One event. Its data is JSON in ASCII, and therefore one line."""
    return b"event: %s\ndata: %s\n\n" % (name.encode("ascii"), to_json(data))
