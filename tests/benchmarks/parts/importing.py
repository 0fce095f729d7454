"""What an import costs over a bare interpreter, in a new process each time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

from harness.figures import Figure, Row
from harness.packages import installed
from harness.rounds import Effort, paired, timed

PROGRAMS = {
    "bare": ("", "pass"),
    "debugkit": ("debugkit", "from debugkit import DebuggedApplication"),
    "debugkit, the package alone": ("debugkit", "import debugkit"),
    "Werkzeug": ("werkzeug", "from werkzeug.debug import DebuggedApplication"),
    "backlash": ("backlash", "from backlash import DebuggedApplication"),
    "Django": ("django", "import django.views.debug"),
}


def measure(effort: Effort) -> Iterator[Figure]:
    programs = effort.of(
        [(name, source) for name, (module, source) in PROGRAMS.items() if not module or installed(module)]
    )
    found = paired({name: timed(starter(source), 1e3) for name, source in programs}, effort.turns(2))
    bare = found.pop("bare")
    rows = [
        Row(name, [one - other for one, other in zip(values, bare, strict=False)]) for name, values in found.items()
    ]
    yield Figure("import of the debugger", "ms added", rows)


def starter(program: str) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, "-c", program], check=True)
