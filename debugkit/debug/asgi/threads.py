"""Where the debugger works while an event loop runs: nothing that takes time may keep the loop from its requests.

Not asyncio's own pool: that one has a few threads, which the application needs, and an open page would keep one busy.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from types import GeneratorType
from typing import Any, ParamSpec, TypeVar

#: Threads that make pages and answers, for all applications of the process. None of them waits for a client.
MOST_THREADS = 8

P = ParamSpec("P")
Result = TypeVar("Result")

_pool: ThreadPoolExecutor | None = None


async def in_thread(function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """What the function returns, called in a thread of ours."""
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="debugkit")
    return await asyncio.wrap_future(_pool.submit(function, *args, **kwargs))


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop of the calling task; `None` where asyncio runs none (trio has its own)."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class StreamReader:
    """Iterates a stream that blocks, in a thread of its own: a piece each time somebody awaits `next`.

    Reading ahead would take from a stream what its client may never get.
    """

    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream
        self._wanted: SimpleQueue[_Wish | None] = SimpleQueue()
        # A daemon: a command that never ends must not keep the server from ending.
        threading.Thread(target=self._serve, name="debugkit stream", daemon=True).start()

    async def next(self) -> bytes | None:
        """The next piece; `None` at the end."""
        wish = _Wish(asyncio.get_running_loop())
        self._wanted.put(wish)
        return await wish.piece

    def close(self) -> None:
        """Close the stream, as soon as it can be."""
        if not isinstance(self._stream, GeneratorType):  # one that runs cannot be closed from outside
            _close(self._stream)
        self._wanted.put(None)

    def _serve(self) -> None:
        iterator: Iterator[bytes] | None = None
        try:
            while (wish := self._wanted.get()) is not None:
                try:
                    iterator = iter(self._stream) if iterator is None else iterator
                    wish.fulfil(next(iterator, None))
                except Exception as error:
                    wish.fail(error)
                except BaseException as error:  # meant for this thread: the one of the loop would end the server
                    wish.fail(RuntimeError(f"The stream was ended by {type(error).__name__}."))
        finally:
            _close(self._stream)


def _close(stream: object) -> None:
    close = getattr(stream, "close", None)
    if close is not None:
        close()


class _Wish:
    """One piece, wanted by a task of a loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.piece: asyncio.Future[bytes | None] = loop.create_future()

    def fulfil(self, piece: bytes | None) -> None:
        self._call(self.piece.set_result, piece)

    def fail(self, error: Exception) -> None:
        self._call(self.piece.set_exception, error)

    def _call(self, method: Callable[[Any], object], argument: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(lambda: self.piece.done() or method(argument))
