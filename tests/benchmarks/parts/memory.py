"""What 2,000 errors leave behind in the server's processes; each holds a megabyte among its values."""

from __future__ import annotations

from collections.abc import Iterator

from harness.client import Browser
from harness.figures import Figure, Row
from harness.peers import Peer, serving
from harness.projects import FAILING, Project
from harness.rounds import Effort, progress
from harness.servers import NotServing

from parts.first import debuggers, error

#: Errors before the first look: all has been imported and made.
BEGIN = 20
#: Megabytes by which a server may grow: one that keeps every value would fill the machine.
LIMIT = 2_000.0


def measure(effort: Effort) -> Iterator[Figure]:
    count = effort.choose(5, 2_000)
    project = FAILING[0]
    rows = [grown(peer, project, effort.choose(2, BEGIN), count) for peer in effort.of(debuggers(project))]
    yield Figure(f"{project.name}: grown by {count:,} errors", "MB", rows)


def grown(peer: Peer, project: Project, warm_up: int, count: int) -> Row:
    row = Row(peer.name, failed=0)
    try:
        with serving(peer, project, WERKZEUG_DEBUG_PIN="off") as server, Browser(server.port) as browser:
            for _ in range(warm_up):
                error(browser)
            begin = server.memory()
            for number in range(count):
                if not number % 100:
                    progress(f"{project.name}: {peer.name}, error {number:,} of {count:,}")
                error(browser)
                if not number % 100 and server.memory() - begin > LIMIT:
                    row.remark = f"after {number:,} errors"
                    break
            row.memory = server.memory()
            row.values = [row.memory - begin]
    except NotServing as trouble:
        row.remark = str(trouble)
    return row
