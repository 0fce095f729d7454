"""Measure debugkit beside its peers in one session:  python tests/benchmarks/run.py [PART ...]

    python tests/benchmarks/run.py                      everything, in some minutes
    python tests/benchmarks/run.py reloading console    these parts
    python tests/benchmarks/run.py --quick              does every part run?

The peers take turns, so that a slow moment of the machine meets all of them. Compare the ratios; times are this
machine's. A peer that is not installed is left out:  pip install -e ".[benchmarks]"
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))

from harness import report
from harness.figures import Figure
from harness.rounds import Effort, progress
from parts import PARTS


class Output:
    """What is printed, and kept for a file."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.figures: list[Figure] = []
        #: Parts that broke off.
        self.broken: list[str] = []

    def __call__(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.lines.append(line)
            print(line, flush=True)


def arguments() -> argparse.ArgumentParser:
    epilog = "parts:\n" + "\n".join(f"  {name:<12}{about}" for name, about in PARTS.items())
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, epilog=epilog, formatter_class=formatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="what to measure (default: all)")
    parser.add_argument("--quick", action="store_true", help="one small round of few peers: does it run?")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each peer (default: 3)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write everything to this file")
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the table of the README to this file")
    return parser


def measure(name: str, effort: Effort, output: Output) -> None:
    """Measure a part, and print its table. If it breaks off, that costs the others nothing, and stands in its place."""
    module = importlib.import_module(f"parts.{name}")
    about = " ".join((module.__doc__ or "").split())
    figures: list[Figure] = []
    trouble: list[str] = []
    started = time.monotonic()
    try:
        figures.extend(module.measure(effort))
    except Exception as error:
        traceback.print_exc()
        output.broken.append(name)
        trouble = ["", f"The rest of this part broke off: {type(error).__name__}: {error}"]
    progress("")
    output([*report.part(name, about, figures), *trouble, "", f"({time.monotonic() - started:.0f} s)"])
    output.figures += figures


def write(path: Path | None, lines: Iterable[str]) -> None:
    """After each part: who stops it has what was measured until then."""
    if path:
        path.write_text("\n".join([*lines, ""]), "utf-8")


def main() -> int:
    parser = arguments()
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    effort = Effort(1 if options.quick else options.rounds, options.quick)
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # the servers end with it
    output = Output()
    output(report.heading())
    with tempfile.TemporaryDirectory() as state:
        os.environ["DEBUGKIT_STATE_DIR"] = state
        for name in options.parts or PARTS:
            measure(name, effort, output)
            write(options.markdown, output.lines)
            write(options.rst, report.short(output.figures))
    return bool(output.broken)


if __name__ == "__main__":
    sys.exit(main())
