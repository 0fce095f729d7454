"""Four processes of gunicorn under as many errors as they can make, up to a thousand a second.

What a worker holds must not grow with their number: compare the second half with the first. debugkit alone.
"""

from __future__ import annotations

import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from harness.figures import Figure, Row
from harness.packages import installed
from harness.rounds import Effort, progress

CLIENTS = 8
RATE = 1_000.0


def held(process: int) -> tuple[int, int, int]:
    """Memory in kB, descriptors and threads of a process."""
    status = Path(f"/proc/{process}/status").read_text()
    numbers = [int(re.search(rf"{name}:\s+(\d+)", status)[1]) for name in ("VmRSS", "Threads")]  # type: ignore[index]
    return numbers[0], len(list(Path(f"/proc/{process}/fd").iterdir())), numbers[1]


def workers(server: Any) -> list[int]:
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()
    return [int(child) for child in children.split()]


def measured(server: Any) -> dict[int, tuple[int, int, int]]:
    return {process: held(process) for process in workers(server)}


def flood(server: Any, rate: float, seconds: float) -> int:
    """Cause errors of fifty kinds at ``rate`` a second; how many there were."""
    begin, counts = time.monotonic(), [0] * CLIENTS

    def fail(client: int) -> None:
        browser = server.browser()
        while (now := time.monotonic() - begin) < seconds:
            ahead = counts[client] * CLIENTS / rate - now
            if ahead > 0:
                time.sleep(ahead)
            counts[client] += 1
            browser(f"/big?{counts[client]}", headers={"Accept": "*/*"})

    threads = [threading.Thread(target=fail, args=[client]) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


def measure(effort: Effort) -> Iterator[Figure]:
    if not (installed("gunicorn") and installed("pytest")):
        return
    sys.path.append(str(Path(__file__).parents[2]))
    from debug.processes.servers import SYNC, folder_of
    from integration.processes import serving

    seconds = 0.5 if effort.quick else 5.0
    with tempfile.TemporaryDirectory() as name, serving(SYNC, Path(name)) as server:
        flood(server, RATE, seconds / 5)  # all has been imported and made
        looks, rates = [measured(server)], []
        for half in ("first", "second"):
            progress(f"floods: the {half} half")
            rates.append(flood(server, RATE, seconds) / seconds)
            looks.append(measured(server))
        left = list(folder_of(Path(name)).iterdir())
        size = sum(path.lstat().st_size for path in left) / 1e6
    yield Figure("errors answered", "errors/s", [Row("debugkit", rates)], better="more", headline=False)
    for index, (title, unit) in enumerate((("memory", "kB"), ("descriptors", ""), ("threads", ""))):
        for half, (before, after) in enumerate(pairwise(looks)):
            values = [float(after[process][index] - before[process][index]) for process in before if process in after]
            title_of_half = f"{title} of a worker grown in the {('first', 'second')[half]} half"
            yield Figure(title_of_half, unit or "count", [Row("debugkit", values)], headline=False)
    yield Figure(f"left behind in {len(left)} files", "MB", [Row("debugkit", [size])], headline=False)
