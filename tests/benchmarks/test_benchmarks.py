"""The benchmarks run; what they measure is for people to read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_benchmarks_run() -> None:
    command = [sys.executable, str(Path(__file__).with_name("run.py")), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=55)

    assert done.returncode == 0, done.stderr
    for row in ("generator of 100", "990 repeated frames", "dict of 100,000", "import debugkit", "Memory after"):
        assert row in done.stdout
