"""The first error of a process beside later ones, from the request to the end of its page.

The servers are those that people type, with debugger and reloader. Half a second lies between the first answer and the
first error: nobody is quicker.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

from harness.client import Browser
from harness.figures import Figure, Row
from harness.peers import Peer, fitting, serving
from harness.projects import FAILING, Project
from harness.rounds import Effort, paired
from harness.servers import NotServing

#: Seconds before the first error.
REST = 0.5
LATER = 10


def measure(effort: Effort) -> Iterator[Figure]:
    for project in effort.of(list(FAILING), 1):
        peers = effort.of(debuggers(project))
        later = {peer.name: Row(peer.name, []) for peer in peers}
        first = {peer.name: Row(peer.name) for peer in peers}
        actions = {peer.name: failing(peer, project, first[peer.name], later[peer.name]) for peer in peers}
        for name, values in paired(actions, 1 if effort.quick else effort.rounds).items():
            first[name].values = [value for value in values if value]
        added = [Row(name, pairs(first[name], later[name])) for name in actions]
        yield Figure(f"{project.name}: first error", "ms", list(first.values()))
        yield Figure(f"{project.name}: later errors", "ms", list(later.values()))
        yield Figure(f"{project.name}: first over later", "ms", added, headline=False)


def debuggers(project: Project) -> list[Peer]:
    return [peer for peer in fitting(project) if peer.debugs and not peer.variant]


def pairs(first: Row, later: Row) -> list[float]:
    return [one - other for one, other in zip(reversed(first.values), reversed(later.values), strict=False)]


def failing(peer: Peer, project: Project, first: Row, later: Row) -> Callable[[], float]:
    """Starts a server, and returns the milliseconds of its first error; the median of later ones goes to ``later``."""

    def start() -> float:
        try:
            with serving(peer, project, WERKZEUG_DEBUG_PIN="off") as server, Browser(server.port) as browser:
                time.sleep(REST)
                value = error(browser)
                later.values = [*later.values, statistics.median(error(browser) for _ in range(LATER))]
                first.memory = server.memory()
                return value
        except NotServing as trouble:
            first.remark = str(trouble)
            return 0.0

    return start


def error(browser: Browser) -> float:
    """The milliseconds of an error's page."""
    started = time.perf_counter()
    answer = browser("/fail")
    elapsed = time.perf_counter() - started
    assert answer.status == 500, answer.status
    assert b"checkout" in answer.body, answer.body[:200]
    return elapsed * 1e3
