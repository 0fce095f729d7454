"""What a running command sends, and the streams that carry it. Does not know what runs, nor who reads.

`debugkit.debug.console.streams` routes the command's own threads, and no others, to these streams.
"""

from __future__ import annotations

import codecs
import io
import time
from collections.abc import Iterator
from typing import Any, Literal, NoReturn, TypeAlias

from debugkit.debug.console.streams import NO_INPUT, current_streams, own, routing
from debugkit.debug.safe import real_threads
from debugkit.debug.safe.real_threads import Empty, SimpleQueue
from debugkit.frozen import frozen

Stream: TypeAlias = Literal["stdout", "stderr"]
Status: TypeAlias = Literal["done", "incomplete", "interrupted", "exited"]


@frozen
class Output:
    """Text that the command, or a thread it started, wrote."""

    stream: Stream
    text: str


@frozen
class Result:
    """A value to show. ``name`` is its expression if that is short, such as ``user.password``."""

    text: str
    value: object
    name: str


@frozen
class Failure:
    """The traceback of what the command raised, as text."""

    text: str


@frozen
class Done:
    """The last event of every command. ``seconds`` is how long it took."""

    status: Status
    seconds: float


@frozen
class Beat:
    """Nothing has happened for a while: the command still runs."""


Event: TypeAlias = Output | Result | Failure | Done | Beat

#: Seconds that text is gathered before it is sent, so that a loop of prints is not a storm of events.
_GATHER = 0.02
#: Characters that are sent at once without waiting for more.
_ENOUGH = 16_384
#: Results shown for one command: each keeps its value alive.
_RESULTS = 1_000


@frozen
class _Note(Output):
    """Output of the console's own, which is never cut."""


class EventQueue:
    """The events of one command: put by any thread, read by one.

    A `SimpleQueue` and no lock, since a ``__del__`` that prints may run in the middle of any of these methods.
    ``limit`` bounds the characters of output, and those of results, that are kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._queue: SimpleQueue[Event] = SimpleQueue()
        self._written = self._shown = self._results = self._sent = 0
        self._full = self._entered = False
        self._state: Literal["new", "open", "closed", "dropped"] = "new"
        self._streams: dict[str, io.TextIOBase] = {}

    # Called by the command's threads

    def write(self, stream: Stream, text: str) -> None:
        """Keep ``text`` for the reader, unless there is too much already."""
        if self._state == "dropped" or self._written > self._limit:
            return
        self._written += len(text)
        # One character beyond the limit is enough for the reader to see that something was cut.
        self._queue.put(Output(stream, presentable(text, self._limit + 1)))

    def show(self, result: Result) -> None:
        """Keep a result for the reader, unless there are too many already."""
        if self._state == "dropped" or self._full:
            return
        self._full = self._results >= _RESULTS or self._shown > self._limit
        self._results += 1
        self._shown += len(result.text)
        self._queue.put(_Note("stderr", "more results are not shown\n") if self._full else result)

    def fail(self, text: str) -> None:
        """Keep the text of an error."""
        self._queue.put(Failure(presentable(text, self._limit)))

    def note(self, text: str) -> None:
        """Keep a sentence of the console's own."""
        self._queue.put(_Note("stderr", text + "\n"))

    # Called by the console

    @property
    def ended(self) -> bool:
        """Whether `close` was called."""
        return self._state in ("closed", "dropped")

    @property
    def routes(self) -> bool:
        """Whether the command's threads write here: yes while it runs, and to nowhere when it was abandoned."""
        return self._state in ("open", "dropped")

    def open(self) -> bool:
        """Make the calling thread, and those it starts, write here. `False` when it was closed before."""
        with routing.lock:
            if self._state != "new":
                return False
            self._state = "open"
            self._entered = True
            routing.enter()
        own.streams = self
        return True

    def release(self) -> None:
        """Detach the calling thread, which opened this."""
        own.streams = None
        self._leave()

    def _leave(self) -> None:
        with routing.lock:
            if self._entered:
                self._entered = False
                routing.leave()

    def close(self, done: Done, note: str = "", *, dropped: bool = False) -> bool:
        """Send the last event; `False` if it was sent already.

        From now on the command's threads write to the real streams, or nowhere if ``dropped``; then the routers stay
        until the command's own thread ends.
        """
        with routing.lock:
            if self.ended:
                return False
            self._state = "dropped" if dropped else "closed"
            if not dropped:
                self._leave()
        if note:
            self.note(note)
        self._queue.put(done)
        return True

    def stream(self, name: str) -> io.TextIOBase:
        """What ``sys.stdin``, ``sys.stdout`` or ``sys.stderr`` is for the command's threads."""
        stream = self._streams.get(name)
        # `setdefault`: of two threads at once, both get the stream of the first.
        return self._streams.setdefault(name, self._new_stream(name)) if stream is None else stream

    def _new_stream(self, name: str) -> io.TextIOBase:
        return _NoInput() if name == "stdin" else _Writer(self, "stdout" if name == "stdout" else "stderr")

    # Called by the reader

    def events(self, beat: float | None = None) -> Iterator[Event]:
        """Events as they come, the last of them `Done`. Blocks, without polling, until there is one.

        With ``beat``, so many seconds without an event are one: `Beat`.
        """
        following: Event | None = None
        while True:
            event, following = following or self._next(beat), None
            if type(event) is Output:
                event, following = self._joined(event)
                yield from self._fitting(event)
            else:
                yield Output(event.stream, event.text) if isinstance(event, Output) else event
            if isinstance(event, Done):
                return

    def _next(self, beat: float | None) -> Event:
        try:
            return real_threads.get(self._queue, beat)
        except Empty:
            return Beat()

    def _joined(self, first: Output) -> tuple[Output, Event | None]:
        """``first`` and what follows on the same stream within a moment; and the event after it, when it came."""
        texts, size, end = [first.text], len(first.text), time.monotonic() + _GATHER
        following: Event | None = None
        while size < _ENOUGH and following is None:
            try:
                event = real_threads.get(self._queue, max(end - time.monotonic(), 0))
            except Empty:
                break
            if type(event) is Output and event.stream == first.stream:
                texts.append(event.text)
                size += len(event.text)
            else:
                following = event
        return Output(first.stream, "".join(texts)), following

    def _fitting(self, event: Output) -> Iterator[Output]:
        room = self._limit - self._sent
        self._sent += len(event.text)
        if text := event.text[: max(room, 0)]:
            yield Output(event.stream, text)
        if 0 <= room < len(event.text):
            yield Output("stderr", f"\noutput cut after {self._limit} characters\n")


def presentable(text: str, limit: int) -> str:
    """At most ``limit`` characters of ``text``, as an exact `str` that can be encoded (lone surrogates escaped)."""
    text = str.__getitem__(text, slice(limit))
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


class _Writer(io.TextIOBase):
    """Standard output or error of a command. Closing it does nothing."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, queue: EventQueue, stream: Stream) -> None:
        self._queue = queue
        self._stream = stream
        self.name = f"<{stream}>"
        self.mode = "w"
        self.buffer = _BytesWriter(self)

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if text:
            self._queue.write(self._stream, text)
        return len(text)

    def writable(self) -> bool:
        return True

    def reconfigure(self, **choices: object) -> None:
        """Accepted, as `io.TextIOWrapper` does; there is nothing to change."""

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


class _BytesWriter(io.BufferedIOBase):
    """What ``sys.stdout.buffer`` is: bytes, decoded as UTF-8."""

    def __init__(self, text: _Writer) -> None:
        self._text = text
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        self._text.write(self._decoder.decode(bytes(data)))
        return size

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


class _NoInput(io.TextIOBase):
    """Standard input of a command: refuses at once, where the server's terminal would block (`input`, pdb)."""

    encoding = "utf-8"
    errors = "strict"
    name = "<stdin>"
    mode = "r"

    def _refuse(self, *args: object) -> NoReturn:
        raise io.UnsupportedOperation(NO_INPUT)

    read = readline = readlines = __next__ = _refuse

    @property
    def buffer(self) -> _NoInput:
        return self

    def readable(self) -> bool:
        return True

    def close(self) -> None:  # site's exit() closes sys.stdin
        pass


def current_queue() -> EventQueue | None:
    """The queue that the calling thread writes to, if any."""
    streams = current_streams()
    return streams if isinstance(streams, EventQueue) else None
