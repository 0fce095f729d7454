"""Measure what watching 10,000 files costs, beside Werkzeug:  python tests/benchmarks/watching.py [--quick]

Each way of watching runs in a process of its own. Idle time is that process's own processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONG_AGO = 10**9
TIMEOUT = 60.0
#: Seconds after which a save counts as never reported.
PATIENCE = 15.0

WAYS = ["debugkit watchdog", "debugkit stat", "werkzeug watchdog", "werkzeug stat"]


@dataclass
class Result:
    start: float  # seconds until it watches
    idle: float  # share of a core
    watches: int  # of inotify
    threads: int
    latency: float | None  # seconds from a save to the report, median. None: it was never reported


class Reports:
    """Counts what is reported, and lets one wait for it."""

    def __init__(self) -> None:
        self._reported = threading.Event()

    def __call__(self, *_: object) -> None:
        self._reported.set()

    def latency(self, act: Callable[[], None], patience: float) -> float | None:
        self._reported.clear()
        started = time.perf_counter()
        act()
        return time.perf_counter() - started if self._reported.wait(patience) else None


def make_tree(folder: Path, files: int, directories: int) -> None:
    """A project of some modules, and what does not count: as many again in node_modules."""
    for number in range(directories):
        place = folder / f"package{number % 10}" / f"sub{number}"
        place.mkdir(parents=True)
        for module in range(files // directories):
            path = place / f"module{module}.py"
            path.write_text(f"number = {number * module}\n" * 20)
            os.utime(path, (LONG_AGO, LONG_AGO))
    for place in (folder, *folder.iterdir()):  # Werkzeug leaves out trees that do not begin with a module
        (place / "__init__.py").touch()
    for number in range(directories):
        place = folder / "node_modules" / f"package{number}"
        place.mkdir(parents=True)
        for module in range(files // directories):
            (place / f"index{module}.js").touch()


def watch_with_debugkit(folder: Path, kind: str, reports: Reports) -> None:
    from debugkit.serving.watching.watcher import Scope, make_watcher

    make_watcher(Scope(roots=(folder,)), reports, kind=kind, say=print).start()


def watch_with_werkzeug(folder: Path, kind: str, reports: Reports) -> None:
    from werkzeug._reloader import reloader_loops

    os.chdir(folder)
    sys.path.insert(0, str(folder))
    loop = reloader_loops[kind](exclude_patterns=["*/node_modules/*"])
    loop.trigger_reload = reports
    loop.__enter__()
    threading.Thread(target=lambda: loop.run(), daemon=True).start()


def measure(way: str, folder: Path, seconds: float, saves: int) -> Result:
    peer, kind = way.split()
    reports = Reports()
    threads = threading.active_count()
    started = time.perf_counter()
    (watch_with_debugkit if peer == "debugkit" else watch_with_werkzeug)(folder, kind, reports)
    start = time.perf_counter() - started
    time.sleep(min(seconds, 4))  # until it has settled
    spent, begun = time.process_time(), time.perf_counter()
    time.sleep(seconds)
    idle = (time.process_time() - spent) / (time.perf_counter() - begun)
    path = folder / "package1/sub1/module1.py"
    latencies = [reports.latency(lambda turn=turn: save(path, turn), PATIENCE) for turn in range(saves)]
    seen = [latency for latency in latencies if latency is not None]
    latency = statistics.median(seen) if seen else None
    return Result(start, idle, count_watches(), threading.active_count() - threads, latency)


def save(path: Path, turn: int) -> None:
    path.write_text(f"turn = {turn}, {time.time()}\n")


def count_watches() -> int:
    """What the kernel says of this process. Zero where it says nothing."""
    return sum(watches_of(path) for path in Path("/proc/self/fdinfo").glob("*"))


def watches_of(path: Path) -> int:
    try:
        return path.read_text().count("inotify wd:")
    except FileNotFoundError:  # the descriptor with which the directory was listed
        return 0


def row(way: str, result: Result) -> str:
    latency = "never" if result.latency is None else f"{result.latency * 1000:,.0f}"
    numbers = f"{result.start * 1000:>10,.0f}{result.idle * 100:>10.3f}{result.watches:>10,}{result.threads:>9}"
    return f"{way:<20}{numbers}{latency:>13}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small tree, a moment, and debugkit alone")
    parser.add_argument("--measure", nargs=4, metavar=("WAY", "FOLDER", "SECONDS", "SAVES"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        way, folder, seconds, saves = options.measure
        print(json.dumps(asdict(measure(way, Path(folder), float(seconds), int(saves)))))
        return 0
    files, directories, seconds, saves = (300, 30, 0.2, 1) if options.quick else (10_000, 300, 20, 5)
    with tempfile.TemporaryDirectory() as name:
        make_tree(Path(name), files, directories)
        print(f"{files:,} files in {directories} directories that count")
        print(f"{'':<20}{'start ms':>10}{'idle %':>10}{'watches':>10}{'threads':>9}{'to report ms':>13}")
        for way in WAYS[:2] if options.quick else WAYS:
            print(row(way, in_its_own_process(way, name, seconds, saves)), flush=True)
    return 0


def in_its_own_process(way: str, folder: str, seconds: float, saves: int) -> Result:
    peer = way.startswith("werkzeug")
    saves = 1 if peer else saves  # it would restart after the first
    path = [*([] if peer else [str(ROOT)]), *filter(None, [os.environ.get("PYTHONPATH")])]  # it watches all of that
    done = subprocess.run(
        [sys.executable, __file__, "--measure", way, folder, str(seconds), str(saves)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # watchdog's warnings that it lost events
        text=True,
        check=True,
        timeout=TIMEOUT + 20 * seconds,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
    )
    return Result(**json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    sys.exit(main())
