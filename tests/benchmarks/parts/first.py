"""The first error of a process, after the start and after a save, beside later ones: from the request to its page.

The servers are those that people type, with debugger and reloader. Half a second lies between the first answer and the
first error: nobody is quicker.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from harness.client import Asker, Browser
from harness.figures import Figure, Row
from harness.peers import Peer, fitting, serving
from harness.projects import FAILING, Project, save
from harness.rounds import Effort, paired
from harness.servers import NotServing, Server

#: Seconds before the first error.
REST = 0.5
#: Seconds after which a save counts as never seen.
NEVER = 20.0
LATER = 10


def measure(effort: Effort) -> Iterator[Figure]:
    for project in effort.of(list(FAILING), 1):
        found = {peer.name: Errors(peer, project, effort.choose(2, LATER)) for peer in effort.of(debuggers(project))}
        actions = {name: errors.measure for name, errors in found.items()}
        paired(actions, 1 if effort.quick else effort.rounds, budget=60)
        yield Figure(f"{project.name}: first error", "ms", [errors.first for errors in found.values()])
        saved = [errors.saved for errors in found.values() if errors.saved.values]
        yield Figure(f"{project.name}: first error after a save", "ms", saved)
        yield Figure(f"{project.name}: later errors", "ms", [errors.later for errors in found.values()])


def debuggers(project: Project) -> list[Peer]:
    return [peer for peer in fitting(project) if peer.debugs and not peer.variant]


class Errors:
    """Errors of a peer in milliseconds: the first after the start, the first after a save, and later ones."""

    def __init__(self, peer: Peer, project: Project, count: int) -> None:
        self._peer = peer
        self._count = count
        self._project = project
        self.first, self.saved, self.later = (Row(peer.name, []) for _ in range(3))

    def measure(self) -> float:
        try:
            with serving(self._peer, self._project, WERKZEUG_DEBUG_PIN="off") as server:
                self._measure(server)
        except NotServing as trouble:
            self.first.remark = str(trouble)
        return 0.0

    def _measure(self, server: Server) -> None:
        with Browser(server.port) as browser:
            time.sleep(REST)
            self.first.values = [*self.first.values, error(browser)]
            self.later.values = [*self.later.values, statistics.median(error(browser) for _ in range(self._count))]
            self.first.memory = server.memory()
        if self._peer.reloads and self._save(server):
            time.sleep(REST)
            with Browser(server.port) as browser:
                self.saved.values = [*self.saved.values, error(browser)]

    def _save(self, server: Server) -> bool:
        """Whether the new code answers in time."""
        server.rest()
        (name,) = self._project.saved.values()
        source = self._project.files[self._peer.serves]()[name]
        save(server.folder / name, source.replace("TEXT", "the second"))
        with Asker(server.port) as asker:
            return asker.wait_for_part("the second", NEVER)


def error(browser: Browser) -> float:
    """The milliseconds of an error's page."""
    started = time.perf_counter()
    answer = browser("/fail")
    elapsed = time.perf_counter() - started
    assert answer.status == 500, answer.status
    assert b"checkout" in answer.body, answer.body[:200]
    return elapsed * 1e3
