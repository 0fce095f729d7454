"""The benchmark runs; what it measures is for people to read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from process_support import TIMEOUT

#: What each part prints, run as people run it; see `parts`. Those of a line are run by one command.
PARTS: tuple[dict[str, tuple[str, ...]], ...] = (
    {
        "passing": ("WSGI, generator of 100", "ASGI, 1 part", "Werkzeug"),
        "pages": ("5 frames: error to page", "30 frames of Flask", "FastAPI", "Werkzeug"),
        "values": ("10 MB string", "Django"),
        "completing": ("names", "attributes", "keys", "modules", "a preview"),
        "importing": ("import of the debugger",),
    },
    {
        "load": ("server alone, 16 connections", "half within", "99 % within", "Werkzeug"),
        "transfers": ("10 MB up", "10 MB down", "10 MB file down", "Werkzeug"),
        "starting": ("start to answer: tiny", "Werkzeug"),
    },
    {
        "memory": ("grown by 5 errors", "Werkzeug"),
        "watching": ("idle", "watched by inotify", "Werkzeug"),
    },
    {"floods": ("in the second half", "descriptors", "left behind")},
    {"console": ("a command in a frame", "Werkzeug")},
    {"first": ("WSGI: first error (ms)", "after a save", "WSGI: later errors", "Werkzeug")},
    {"reloading": ("save to answer: tiny", "second save", "Werkzeug")},
)
RUN = Path(__file__).with_name("run.py")


@pytest.mark.parametrize("parts", PARTS, ids=", ".join)
@pytest.mark.skipif(os.name != "posix", reason="they read /proc and start forking servers")
def test_the_benchmark_runs(parts: dict[str, tuple[str, ...]], tmp_path: Path) -> None:
    whole, short = tmp_path / "all.md", tmp_path / "short.rst"
    command = [sys.executable, str(RUN), "--quick", *parts, "--markdown", str(whole), "--rst", str(short)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)

    assert done.returncode == 0, done.stderr
    assert whole.read_text("utf-8") == done.stdout
    assert "from one noisy machine" in done.stdout
    assert "from one noisy machine" in " ".join(short.read_text("utf-8").split())
    for part, rows in parts.items():
        table = done.stdout.partition(f"\n## {part}\n")[2].partition("\n## ")[0]
        for row in rows:
            assert row in table


def test_every_part_of_the_benchmark_is_run() -> None:
    described = re.findall(r"^    \"(\w+)\": ", (RUN.parent / "parts" / "__init__.py").read_text("utf-8"), re.M)
    run = [part for parts in PARTS for part in parts]

    assert sorted(run) == sorted(described) == sorted(path.stem for path in RUN.parent.glob("parts/[a-z]*.py"))
