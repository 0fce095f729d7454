"""What an import costs over a bare interpreter, in a new process each time: its processor time, as it counts it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

from harness.figures import Figure, Row
from harness.packages import installed
from harness.rounds import Effort, paired

PROGRAMS = {
    "bare": ("", "pass"),
    "debugkit": ("debugkit", "from debugkit import DebuggedApplication"),
    "Werkzeug": ("werkzeug", "from werkzeug.debug import DebuggedApplication"),
    "backlash": ("backlash", "from backlash import DebuggedApplication"),
    "Django": ("django", "import django.views.debug"),
    "debugkit, the package alone": ("debugkit", "import debugkit"),
}


def measure(effort: Effort) -> Iterator[Figure]:
    programs = effort.of([(name, code) for name, (module, code) in PROGRAMS.items() if not module or installed(module)])
    found = paired({name: importer(code) for name, code in programs}, effort.turns(2))
    bare = found.pop("bare")
    rows = [
        Row(name, [one - other for one, other in zip(values, bare, strict=False)]) for name, values in found.items()
    ]
    yield Figure("import of the debugger", "ms added", rows)


def importer(code: str) -> Callable[[], float]:
    """An action that returns the milliseconds of processor time that a process spends from its first instruction."""
    command = [sys.executable, "-c", f"{code}\nimport time\nprint(time.process_time())"]
    return lambda: float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) * 1e3
