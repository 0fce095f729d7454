"""The preloaded process as its supervisor sees it: from its start to its end, with the workers that it forks."""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import asdict

from debugkit.serving.reloading.channel import Channel
from debugkit.serving.reloading.messages import Message, Preload, Preloaded, WorkerConfig
from debugkit.serving.reloading.modules import installation
from debugkit.serving.reloading.preload import FORK, RETIRE
from debugkit.serving.reloading.workers import STATUS, Forked, Worker, start_process
from debugkit.serving.watching.fingerprints import Snapshot

#: Seconds that a fork may take. It takes a few milliseconds.
PATIENCE = 5.0


class Preloading:
    """A process that imports what ``order`` says, and forks workers from then on. Raises `OSError` if it cannot start.

    ``is_fresh`` is False once something that it has imported, or could have, is another one.
    """

    def __init__(self, config: WorkerConfig, order: Preload) -> None:
        import tempfile

        self.order = order
        self.born = time.monotonic()
        self.void = False  # what is forked from it must not become a worker any more
        # Before it reads any of that.
        self._state = Snapshot([*installation(order.path), *order.modules.values()])
        ours, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as file:
            file.write(json.dumps(asdict(order)).encode())
            file.seek(0)
            try:
                descriptors = theirs.fileno(), file.fileno()
                arguments = list(map(str, descriptors))
                self.process = start_process(
                    config, "debugkit.runner.preloaded", "preloaded process", arguments, descriptors
                )
            except OSError:
                ours.close()
                raise
        ours.settimeout(PATIENCE)
        self.channel = Channel(ours)

    def fileno(self) -> int:
        return self.channel.fileno()

    def outcome(self) -> Preloaded | None:
        """What has become of the imports; `None`: it has ended without a word."""
        messages: list[Message | None] = []
        try:
            while not messages:
                messages = self.channel.receive()
        except EOFError:
            return None
        return messages[0] if isinstance(messages[0], Preloaded) else None

    def fork(self) -> Worker | None:
        """A worker that has what is imported here. `None` when there is none."""
        ours, theirs = socket.socketpair()
        news, write = os.pipe()
        try:
            pid, process = self._ask(theirs.fileno(), write)
        except OSError:
            pid, process = 0, -1
        finally:
            theirs.close()
            os.close(write)
        if not pid or process < 0:
            ours.close()
            os.close(news)
            return None
        return Worker(Forked(pid, process, news), Channel(ours), time.monotonic(), self.is_fresh, warm=True)

    def _ask(self, channel: int, news: int) -> tuple[int, int]:
        """Number and pidfd of a fork that has these descriptors; 0 and -1 if it could not be."""
        socket.send_fds(self.channel.sock, [FORK], [channel, news])
        data, descriptors, _, _ = socket.recv_fds(self.channel.sock, STATUS.size, 1, socket.MSG_CMSG_CLOEXEC)
        return (int(STATUS.unpack(data)[0]), descriptors[0]) if descriptors else (0, -1)

    def is_fresh(self) -> bool:
        return not self.void and self._state.holds()

    def retire(self) -> None:
        """It ends when the workers that it has forked have ended."""
        self.void = True
        try:
            self.channel.sock.sendall(RETIRE)
        except OSError:
            pass

    def close(self) -> None:
        """End it now, but not its workers; how these end, nobody knows then."""
        self.channel.sock.close()
        self.process.kill()
        self.process.wait()
