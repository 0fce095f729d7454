"""From the command to the first answer, in a new process each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.figures import Figure, Row
from harness.peers import Peer, fitting, serving
from harness.projects import DJANGO_ONE, HEAVY_ONE, TINY, Project
from harness.rounds import Effort, paired
from harness.servers import NotServing


def measure(effort: Effort) -> Iterator[Figure]:
    for project in effort.of([TINY, HEAVY_ONE, DJANGO_ONE], 1):
        rows = {peer.name: Row(peer.name) for peer in fitting(project) if peer.reloads and not peer.variant}
        peers = effort.of([peer for peer in fitting(project) if peer.name in rows])
        actions = {peer.name: starter(peer, project, rows[peer.name]) for peer in peers}
        for name, values in paired(actions, 1 if effort.quick else effort.rounds, budget=60).items():
            rows[name].values = [value for value in values if value]
        yield Figure(f"start to answer: {project.name}", "ms", [rows[name] for name in actions])


def starter(peer: Peer, project: Project, row: Row) -> Callable[[], float]:
    def start() -> float:
        try:
            with serving(peer, project) as server:
                row.memory = server.memory()
                return server.start * 1e3
        except NotServing as error:
            row.remark = str(error)
            return 0.0

    return start
