"""Flood four processes with errors:  python tests/benchmarks/floods.py [--quick]

A thousand errors a second, or as many as this machine makes, for twenty seconds. What a process holds must not grow
with their number: compare the columns.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "support")]

from debug.processes.servers import SYNC, folder_of  # noqa: E402
from integration.processes import Server, serving  # noqa: E402

CLIENTS = 8


def held(process: int) -> tuple[int, int, int]:
    """Memory in kB, descriptors and threads of a process."""
    status = Path(f"/proc/{process}/status").read_text()
    numbers = [int(re.search(rf"{name}:\s+(\d+)", status)[1]) for name in ("VmRSS", "Threads")]  # type: ignore[index]
    return numbers[0], len(list(Path(f"/proc/{process}/fd").iterdir())), numbers[1]


def workers(server: Server) -> list[int]:
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()
    return [int(child) for child in children.split()]


def measured(server: Server) -> dict[int, tuple[int, int, int]]:
    return {process: held(process) for process in workers(server)}


def flood(server: Server, rate: float, seconds: float) -> int:
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


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one second, for a test")
    seconds = 0.5 if parser.parse_args().quick else 10.0
    with tempfile.TemporaryDirectory() as name, serving(SYNC, Path(name)) as server:
        flood(server, 1_000, seconds / 5)  # all has been imported and made
        columns = [measured(server)]
        for part in ("first half", "second half"):
            count = flood(server, 1_000, seconds)
            columns.append(measured(server))
            print(f"{part}: {count / seconds:.0f} errors/s")
        print("kB, descriptors and threads of each worker: at first, after the first half, after the second half")
        for process in columns[0]:
            print(process, *(column[process] for column in columns))
        left = list(folder_of(Path(name)).iterdir())
        print(f"left behind: {len(left)} files, {sum(path.lstat().st_size for path in left):,} bytes")


if __name__ == "__main__":
    main()
