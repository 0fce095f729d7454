"""From the save to the first answer with the new code, while a client asks all the time.

All servers of a project run side by side, and one after the other has its turn. A client connects for each request;
what is refused, broken off or answered by old code after the new has answered is a failed request.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from harness.client import Asker
from harness.figures import Figure, Row
from harness.peers import Peer, fitting, serving
from harness.projects import PROJECTS, TINY, Project, save
from harness.rounds import Effort, progress
from harness.servers import NotServing, Server

#: Seconds after which a save counts as never seen.
NEVER = 20.0
#: Seconds before a save, at random: who looks once a second must not be met at the same moment each time.
SETTLE = (0.0, 0.4)
#: Seconds for which the client goes on after the first new answer: old code may answer once more.
AFTER = 0.2
#: Seconds after which a second save counts as lost.
LOST = 6.0
#: Seconds from the beginning of a restart to a second save.
SECOND = (0.03, 0.15)
#: What the servers say of a change.
NOTICED = r"(?i)detected change|changed|modified"


class Turns:
    """A peer's server of a project, and what was found of it."""

    def __init__(self, peer: Peer, project: Project, stack: ExitStack) -> None:
        self.peer = peer
        self._project = project
        self._sources = project.files[peer.serves]()
        self._texts = dict.fromkeys(project.saved.values(), "first")
        self._count = 0
        self.rows = {label: Row(peer.name, [], failed=0) for label in project.saved}
        self.second = Row(peer.name, [])
        try:
            self._server: Server | None = stack.enter_context(serving(peer, project))
        except NotServing as error:
            self._server = None
            for row in self.rows.values():
                row.remark = str(error)
        self._memory = 0.0

    @property
    def over(self) -> bool:
        """It does not start, or never sees a save."""
        return self._server is None or any(row.remark for row in self.rows.values())

    def save(self, label: str) -> None:
        assert self._server
        row = self.rows[label]
        self._server.rest()
        time.sleep(random.uniform(*SETTLE))
        with Asker(self._server.port) as asker:
            saved = self._write(self._project.saved[label])
            moment = asker.wait_for(self._answer, NEVER)
            if moment is None:
                row.remark = f"not within {NEVER:.0f} s"
            else:
                row.values = [*row.values, (moment - saved) * 1e3]
                time.sleep(AFTER)
        row.failed = (row.failed or 0) + asker.failures.total()

    def save_twice(self, delay: float) -> None:
        """The second save comes when the server has begun to restart; the row counts what is lost."""
        assert self._server
        self._server.rest()
        with Asker(self._server.port) as asker:
            start = len(self._server.output)
            self._write("app.py")
            if not self._server.says(NOTICED, start, LOST):
                return
            time.sleep(delay)
            self._write("app.py")
            lost = asker.wait_for(self._answer, LOST) is None
            self.second.values = [*self.second.values, float(lost)]

    def weigh(self) -> None:
        """How much it has grown since it was weighed last: the first restart may leave more behind than the others."""
        memory = self._server.memory() if self._server else 0.0
        for row in self.rows.values() if memory else ():
            row.memory = memory
            row.growth = memory - self._memory if self._memory else None
        self._memory = memory

    @property
    def _answer(self) -> str:
        """What the project answers now: the texts of all its files that are saved."""
        return " ".join(self._texts.values())

    def _write(self, path: str) -> float:
        """The moment of the save.

        No text is as long as the one before: Python would take the bytecode of that one for the new one's when both
        are saved in the same second (PEP 552 calls it timestamp-based), which is another matter than a lost save.
        """
        assert self._server
        self._count += 1
        self._texts[path] = f"text{self._count}" + "x" * (self._count % 7)
        save(Path(self._server.folder, path), self._sources[path].replace("TEXT", self._texts[path]))
        return time.perf_counter()


def measure(effort: Effort) -> Iterator[Figure]:
    for project in effort.of(list(PROJECTS), 1):
        peers = [peer for peer in fitting(project) if peer.reloads and (project is TINY or not peer.variant)]
        with ExitStack() as stack:
            turns = [Turns(peer, project, stack) for peer in choose(peers, effort)]
            take(turns, project, effort.rounds)
            for label in project.saved:
                rows = [turn.rows[label] for turn in turns]
                yield Figure(f"save to answer: {project.name}{label and ', '}{label}", "ms", rows)
            if project is TINY:
                yield second(turns, effort.rounds)


def choose(peers: Sequence[Peer], effort: Effort) -> Sequence[Peer]:
    return [peer for peer in peers if peer.name in ("debugkit", "Werkzeug")] if effort.quick else peers


def take(turns: Sequence[Turns], project: Project, rounds: int) -> None:
    for number in range(rounds):
        for label in project.saved:
            for turn in turns:
                if not turn.over:
                    progress(f"{project.name}: {turn.peer.name}, round {number + 1} of {rounds}")
                    turn.save(label)
        if number in (0, rounds - 1):
            for turn in turns:
                turn.weigh()


def second(turns: Sequence[Turns], rounds: int) -> Figure:
    first, last = SECOND
    for number in range(rounds):
        for turn in turns:
            if not turn.over:
                turn.save_twice(first + (last - first) * number / max(1, rounds - 1))
    rows = [Row(turn.peer.name, [sum(turn.second.values)] if turn.second.values else []) for turn in turns]
    return Figure(f"second save during a restart, lost of {rounds}", "saves", rows, headline=False)
