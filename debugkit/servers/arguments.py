"""What can be asked of ``debugkit errors``. Apart from how it is answered: every command makes the parser of all."""

from __future__ import annotations

import argparse
import re
import time
from typing import Final

_DURATION: Final = re.compile(r"(\d{1,6})(s|m|h|d)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

DESCRIPTION = """\
Print the recent errors of your servers that run on this computer: all of them in
short, the newest one (last) or one by its id in full, with source and values. What
is secret is redacted. Nothing is changed in the servers."""
EXAMPLES = """\
examples:
  debugkit errors                    all, newest first
  debugkit errors last               the newest one in full, as Markdown
  debugkit errors last --json        the same as JSON
  debugkit errors --since 10m        exit status 1 if there was one since then"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("which", metavar="last|ID", nargs="?", help="print one error in full")
    parser.add_argument("--json", action="store_true", help="print JSON in place of Markdown")
    parser.add_argument(
        "--since",
        metavar="TIME",
        type=since,
        help="only what happened since then: 30s, 10m, 2h, 1d or 2026-01-31T12:00; exit status 1 if there is any",
    )


def since(text: str) -> float:
    """A time as epoch seconds: some time ago (``10m``), an ISO 8601 time, or epoch seconds. Raises `ValueError`."""
    if match := _DURATION.fullmatch(text):
        return time.time() - int(match[1]) * _SECONDS[match[2]]
    from datetime import datetime

    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return float(text)
