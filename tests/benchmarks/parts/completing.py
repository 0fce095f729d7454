"""Completion among 10,000 names, from the request to the answer, in the same process. Processor time.

Python's own ``rlcompleter`` beside it gives names alone, without values and signatures.
"""

from __future__ import annotations

import json
import rlcompleter
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from client import Client
from harness.figures import Figure, Row
from harness.rounds import Effort, computed, paired

from debugkit import DebuggedApplication

NAMES = 10_000
MOUNT = "/__debugkit__"
SOURCES = {
    "names": "name_",
    "attributes": "record.na",
    "keys": "table['na",
    "one name": "tab",
    "modules": "import js",
    "a preview": "len(table) > 3",
}


class Record:
    """An object of many attributes."""

    def __init__(self) -> None:
        vars(self).update(dict.fromkeys((f"name_{number}" for number in range(NAMES)), 1))


def measure(effort: Effort) -> Iterator[Figure]:
    ask = asker(DebuggedApplication(failing, pin_logging=False))
    for label, source in SOURCES.items():
        answer = ask(source)
        assert answer["items"] or label == "a preview", source
        actions: dict[str, Callable[[], object]] = {"debugkit": lambda source=source: ask(source)}
        if label in ("names", "attributes"):
            actions["rlcompleter"] = by_rlcompleter(source)
        found = paired({name: computed(action, 1e3) for name, action in actions.items()}, effort.turns(4))
        rows = [Row(name, values) for name, values in found.items()]
        rows[0].remark = f"{len(json.dumps(answer)) / 1e3:.1f} kB"
        yield Figure(label, "ms", rows, headline=False)


def failing(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Fails in a frame with many names, a dict of many keys and an object of many attributes."""
    names: dict[str, Any] = {f"name_{number}": number for number in range(NAMES)}
    scope = names | {"table": dict(names), "record": Record(), "module": sys}
    exec("raise KeyError(name_1)", {}, scope)
    return []


def asker(app: DebuggedApplication) -> Callable[[str], Any]:
    """Asks for completions at the end of a source, in the frame of a new error."""
    client = Client(app, validate=False)
    client.unlock(app.debugger.pin_auth.pin)
    entry = (client("/").header("X-Debugkit-Traceback") or "").rpartition("/")[2]
    frame = client(f"{MOUNT}/tracebacks/{entry}.json").json["exceptions"][0]["frames"][-1]["id"]

    def ask(source: str) -> Any:
        return client.post(f"{MOUNT}/frames/{frame}/complete", {"source": source, "cursor": len(source)}).json

    return ask


def by_rlcompleter(source: str) -> Callable[[], object]:
    names: dict[str, Any] = {f"name_{number}": number for number in range(NAMES)} | {"record": Record(), "module": sys}
    completer = rlcompleter.Completer(names)
    return lambda: completer.complete(source, 0)
