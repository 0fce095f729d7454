"""The benchmark runs; what it measures is for people to read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from process_support import TIMEOUT

#: What each part prints, run as people run it; see `parts`.
ROWS = {
    "passing": ("WSGI, generator of 100", "ASGI, 1 part", "Werkzeug"),
    "pages": ("5 frames: error to page", "30 frames of Flask", "FastAPI", "Werkzeug"),
    "values": ("10 MB string", "Django"),
    "importing": ("import of the debugger",),
    "first": ("WSGI: first error (ms)", "after a save", "WSGI: later errors", "Werkzeug"),
    "console": ("a command in a frame", "Werkzeug"),
    "completing": ("names", "attributes", "keys", "modules", "a preview"),
    "memory": ("grown by 20 errors", "Werkzeug"),
    "floods": ("in the second half", "descriptors", "left behind"),
    "load": ("server alone, 16 connections", "half within", "99 % within", "Werkzeug"),
    "transfers": ("10 MB up", "10 MB down", "10 MB file down", "Werkzeug"),
    "watching": ("idle", "watched by inotify", "Werkzeug"),
    "starting": ("start to answer: tiny", "Werkzeug"),
    "reloading": ("save to answer: tiny", "second save", "Werkzeug"),
}
RUN = Path(__file__).with_name("run.py")


@pytest.mark.parametrize("part", ROWS)
@pytest.mark.skipif(os.name != "posix", reason="they read /proc and start forking servers")
def test_the_benchmark_runs(part: str, tmp_path: Path) -> None:
    files = [tmp_path / "all.md", tmp_path / "short.rst"]
    command = [sys.executable, str(RUN), "--quick", part, "--markdown", str(files[0]), "--rst", str(files[1])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)

    assert done.returncode == 0, done.stderr
    assert files[0].read_text("utf-8") == done.stdout
    assert "from one noisy machine" in done.stdout
    assert "from one noisy machine" in files[1].read_text("utf-8")
    table = done.stdout.partition(f"## {part}")[2]
    for row in ROWS[part]:
        assert row in table


def test_every_part_of_the_benchmark_is_run() -> None:
    described = re.findall(r"^    \"(\w+)\": ", (RUN.parent / "parts" / "__init__.py").read_text("utf-8"), re.M)

    assert set(ROWS) == set(described) == {path.stem for path in RUN.parent.glob("parts/[a-z]*.py")}
