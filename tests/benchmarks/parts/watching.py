"""A server that nobody uses: its processor time a minute, all servers side by side.

The 200 modules lie among 10,000 that nobody imports, and as many files again in ``node_modules``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.figures import Figure, Row
from harness.peers import Peer, fitting, side_by_side
from harness.projects import DJANGO_ONE, MODULES, TINY, Project
from harness.rounds import Effort, progress
from harness.servers import Server

LONG_AGO = 10**9
FILES = 10_000
IN_DIRECTORY = 30
#: Seconds that are one value.
WINDOW = 2.0


def measure(effort: Effort) -> Iterator[Figure]:
    for project in [TINY] if effort.quick else [MODULES, DJANGO_ONE]:
        with ExitStack() as stack:
            places = {protocol: Path(stack.enter_context(TemporaryDirectory())) for protocol in project.files}
            for place in places.values() if project in (MODULES, TINY) else ():
                make_tree(place, effort.choose(IN_DIRECTORY, FILES))
            peers = effort.of([peer for peer in fitting(project) if watches(peer)])
            started = side_by_side(peers, project, stack, place=lambda peer: places[peer.serves])  # noqa: B023
            for figure in idle(project, started.servers, effort):
                figure.rows += started.absent
                yield figure


def watches(peer: Peer) -> bool:
    return peer.reloads and peer.name != "debugkit, started cold"


def idle(project: Project, servers: Mapping[str, Server], effort: Effort) -> Iterator[Figure]:
    for server in servers.values():
        server.rest()
    memory = {name: server.memory() for name, server in servers.items()}
    rows = {name: Row(name, [], memory[name]) for name in servers}
    for number in range(effort.rounds):
        progress(f"{project.name}: nobody asks, round {number + 1} of {effort.rounds}")
        before = {name: server.processor_time() for name, server in servers.items()}
        started = time.perf_counter()
        time.sleep(0.2 if effort.quick else WINDOW)
        elapsed = time.perf_counter() - started
        for name, server in servers.items():
            spent = server.processor_time() - before[name]
            rows[name].values = [*rows[name].values, spent / elapsed * 60]
    for name, server in servers.items():
        rows[name].growth = server.memory() - memory[name]
    yield Figure(f"{project.name}: idle", "s of processor a minute", list(rows.values()))
    counts = [Row(name, [server.watches()]) for name, server in servers.items()]
    yield Figure(f"{project.name}: watched by inotify", "watches", counts, headline=False)


def make_tree(folder: Path, files: int) -> None:
    """Modules that nobody imports, and as many files again in node_modules."""
    directories = files // IN_DIRECTORY
    for number in range(directories):
        place = folder / f"package{number % 10}" / f"sub{number}"
        others = folder / "node_modules" / f"package{number}"
        for each in (place, others):
            each.mkdir(parents=True)
        for module in range(IN_DIRECTORY):
            path = place / f"module{module}.py"
            path.write_text(f"number = {number * module}\n" * 20)
            os.utime(path, (LONG_AGO, LONG_AGO))
            (others / f"index{module}.js").touch()
    for place in folder.glob("package*"):  # Werkzeug leaves out trees that do not begin with a module
        (place / "__init__.py").touch()
