"""A server with two single-threaded workers, of which a test can ask one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from integration.processes import Server, Signal


class Held:
    """A worker that is kept busy, so that the other one answers all that is asked meanwhile."""

    def __init__(self, server: Server, signal: Signal) -> None:
        browser = server.browser()
        self._signal = signal
        self._connection = browser.connection()
        self._response = browser.open(self._connection, f"/hold?{signal.port}")
        self.process = int(self._response.readline())

    def release(self) -> None:
        self._signal.release()
        assert self._response.read() == b"released\n"
        self._connection.close()


class Workers:
    """Both workers, and a way to ask one of them."""

    def __init__(self, server: Server, signals: tuple[Signal, Signal]) -> None:
        self.server = server
        self._signals = signals
        self._held = [Held(server, signal) for signal in signals]

    @contextmanager
    def only(self, number: int) -> Iterator[None]:
        """Meanwhile requests reach one worker only: the other is busy."""
        process = self._held[number].process
        self._held[number].release()
        yield
        self._held[number] = Held(self.server, self._signals[number])
        assert self._held[number].process == process

    def process(self, number: int) -> int:
        return self._held[number].process

    def let_go(self, number: int) -> None:
        """From here on requests reach this one, and the other stays busy."""
        self._held[number].release()

    def release(self) -> None:
        for held in self._held:
            held.release()
