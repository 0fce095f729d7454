"""Measure completion in frames and objects of many names:  python tests/benchmarks/completing.py [--quick]

From the request to the answer, through the whole application. Python's own `rlcompleter` beside it gives names alone.
"""

from __future__ import annotations

import argparse
import json
import os
import rlcompleter
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "support"))

from client import Client

from debugkit import DebuggedApplication

NAMES = 10_000
MOUNT = "/__debugkit__"


class Record:
    """An object of many attributes."""

    def __init__(self) -> None:
        vars(self).update(dict.fromkeys((f"name_{number}" for number in range(NAMES)), 1))


def failing(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Fails in a frame with many names, a dict of many keys and an object of many attributes."""
    names: dict[str, Any] = {f"name_{number}": number for number in range(NAMES)}
    scope = names | {"table": dict(names), "record": Record(), "module": sys}
    exec("raise KeyError(name_1)", {}, scope)
    return []


def seconds(action: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return median(times)


def asker(app: DebuggedApplication) -> Callable[[str], Any]:
    """Asks for completions at the end of a source, in the frame of a new error."""
    client = Client(app, validate=False)
    client.unlock(app.debugger.pin_auth.pin)
    entry = (client("/").header("X-Debugkit-Traceback") or "").rpartition("/")[2]
    frame = client(f"{MOUNT}/tracebacks/{entry}.json").json["exceptions"][0]["frames"][-1]["id"]

    def ask(source: str) -> Any:
        return client.post(f"{MOUNT}/frames/{frame}/complete", {"source": source, "cursor": len(source)}).json

    return ask


def by_rlcompleter(source: str) -> object:
    names: dict[str, Any] = {f"name_{number}": number for number in range(NAMES)} | {"record": Record(), "module": sys}
    completer = rlcompleter.Completer(names)
    return lambda: completer.complete(source, 0)


def measure(quick: bool) -> None:
    ask, rounds = asker(DebuggedApplication(failing, pin_logging=False)), 3 if quick else 30
    print(f"\nCompletion among {NAMES:,} (ms, answers in kB)        debugkit       kB  rlcompleter")
    sources = {
        "names": "name_",
        "attributes": "record.na",
        "keys": "table['na",
        "one name": "tab",
        "modules": "import js",
    }
    for label, source in sources.items():
        answer = ask(source)
        assert answer["items"], source
        row = f"  {label:44}{seconds(lambda source=source: ask(source), rounds) * 1e3:10.2f}"  # type: ignore[misc]
        row += f"{len(json.dumps(answer)) / 1e3:9.1f}"
        if label in ("names", "attributes"):
            peer: Any = by_rlcompleter(source)
            row += f"{seconds(peer, rounds) * 1e3:13.2f}"
        print(row)
    print(f"  {'a preview: len(table) > 3':44}{seconds(lambda: ask('len(table) > 3'), rounds) * 1e3:10.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few rounds only: does it run?")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as state:
        os.environ["DEBUGKIT_STATE_DIR"] = state
        measure(quick)


if __name__ == "__main__":
    main()
