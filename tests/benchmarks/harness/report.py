"""All figures as Markdown, and the chief ones in short as reStructuredText, for the README."""

from __future__ import annotations

import os
import platform
import textwrap
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from harness import packages
from harness.figures import Figure, Row, number, spread

SENTENCE = (
    "These are ratios from one noisy machine: the peers took turns in the same session, and a time says nothing of "
    "another machine."
)
RATIO = "Ratio: how many times better than the peer debugkit is; below 1 the peer is better."
LEGEND = (
    f"Medians, with the smallest and the largest value. {RATIO} Memory: of all processes of the server, what they "
    "share counted once, and by how much it grew meanwhile (uploads and downloads: at most), in MB. Failed: requests "
    "that were refused, broken off, or answered by old code."
)
SHORT = ("Figure", "debugkit", "Best peer", "", "Ratio", "Failed")
COLUMNS = ("", "", "median", "spread", "ratio", "memory", "growth", "failed", "")


def machine() -> str:
    """Date, processor, cores, system and Python."""
    cores = f"{os.cpu_count()} cores"
    system = f"{platform.system()} {platform.release()}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return ", ".join([time.strftime("%Y-%m-%d"), processor(), cores, system, python])


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def heading() -> Iterator[str]:
    yield from ("# debugkit beside its peers", "", f"{machine()}.", "")
    yield from (f"{', '.join(packages.versions())}.", "")
    if skipped := list(packages.skipped()):
        yield from (f"Skipped: {' '.join(skipped)}", "")
    yield from (SENTENCE, "", LEGEND)


def part(name: str, about: str, figures: Iterable[Figure]) -> Iterator[str]:
    """A part's figures as one table of Markdown, which also reads as plain text."""
    yield from ("", f"## {name}", "", about, "")
    cells = [COLUMNS, *(row for figure in figures for row in rows(figure))]
    widths = [max(len(row[column]) for row in cells) for column in range(len(COLUMNS))]
    for index, row in enumerate(cells):
        yield f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"
        if not index:
            yield f"|{'|'.join('-' * (width + 2) for width in widths)}|"


def rows(figure: Figure) -> Iterator[tuple[str, ...]]:
    title = f"{figure.title} ({figure.unit})"
    for row in figure.rows:
        yield (title, row.peer, number(row.median), spread(row), number(figure.ratio(row)), *held(row), row.remark)
        title = ""


def held(row: Row) -> tuple[str, str, str]:
    growth = "" if row.growth is None else f"{row.growth:+.1f}"
    memory = "" if row.memory is None else f"{row.memory:.0f}"
    return memory, growth, "" if row.failed is None else f"{row.failed:,}"


def short(figures: Sequence[Figure]) -> Iterator[str]:
    """The chief figures as a table for the README, with what it has to say of them."""
    yield from textwrap.wrap(f"{machine()}. {', '.join(packages.versions())}. {SENTENCE} {RATIO}", 120)
    yield ""
    cells = [SHORT, *(line for figure in figures for line in lines(figure))]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    border = "  ".join("=" * max(width, 1) for width in widths)
    yield border
    for index, row in enumerate(cells):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        if not index:
            yield border
    yield border


def lines(figure: Figure) -> Iterator[tuple[str, ...]]:
    own, best = figure.own, figure.best_peer
    if figure.headline and own and best:
        title = f"{figure.title} ({figure.unit})"
        failed = "" if own.failed is None or best.failed is None else f"{own.failed:,} and {best.failed:,}"
        yield (title, number(own.median), number(best.median), best.peer, number(figure.ratio(best)), failed)
