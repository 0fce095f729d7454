"""The benchmarks run; what they measure is for people to read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from process_support import TIMEOUT

#: What each prints; the files are run as people run them.
ROWS = {
    "run.py": ("generator of 100", "990 repeated frames", "dict of 100,000", "import debugkit", "Memory after"),
    "asgi.py": ("answer of 1 parts", "An error of FastAPI"),
    "completing.py": ("names", "attributes", "keys", "modules", "a preview"),
    "servers.py": ("Requests/s, 16 connections", "10 MB up", "10 MB down", "waitress"),
    "watching.py": ("watchdog", "stat"),
    "floods.py": ("second half", "descriptors", "left behind"),
    "reloading.py": ("debugkit", "Werkzeug, stat", "failed requests"),
}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.skipif(os.name != "posix", reason="they read /proc and start forking servers")
def test_the_benchmarks_run(name: str) -> None:
    command = [sys.executable, str(Path(__file__).with_name(name)), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)

    assert done.returncode == 0, done.stderr
    for row in ROWS[name]:
        assert row in done.stdout
