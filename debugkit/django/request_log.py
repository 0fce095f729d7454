"""The log of requests as Django keeps it: through the logger ``django.server``, which projects configure and filter.

Also sees to it that something is said at all: settings for logging that do not mention this logger switch it off.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from django.core.management.color import color_style, no_style
from django.utils.log import ServerFormatter

from debugkit.errors import ConfigurationError
from debugkit.frozen import frozen
from debugkit.serving.log import Log, never_wait, time_text, wants_colours

NAME = "django.server"
#: As Django's own server writes it, and the time that it took.
FORMAT = '"%s" %s %s %s'
#: What else is written to a file: the tracebacks of errors.
ERRORS = "django.request"
#: A sequence that sets colours (ECMA-48, SGR).
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@frozen
class Client:
    """Stands where Django's own server puts the socket of the request; filters ask it who is there."""

    address: str

    def getpeername(self) -> tuple[str, int]:
        return self.address, 0


class RequestLog(Log):
    """A `Log` whose requests are records of the logger ``django.server``; the rest goes to the terminal."""

    _logger = logging.getLogger(NAME)

    def access(self, peer: str, line: str, status: int, size: int = 0, seconds: float = 0.0) -> None:
        if (shown := self.shown(line)) is None:
            return
        level = logging.ERROR if status >= 500 else logging.WARNING if status >= 400 else logging.INFO
        extra = {
            "request": Client(peer),
            "status_code": status,
            "server_time": time.strftime("%d/%b/%Y %H:%M:%S"),
            "seconds": seconds,
        }
        self._logger.log(level, FORMAT, shown, str(status), str(size), time_text(seconds), extra=extra)


def prepare(*, colours: bool | None, environ: Mapping[str, str]) -> None:
    """Make the logger speak, whatever the project's LOGGING says of others.

    `dictConfig` disables every logger that its argument omits. ``colours``: `None` for terminals only.
    """
    logger = logging.getLogger(NAME)
    logger.disabled = False
    if not logger.hasHandlers():
        terminal = logging.StreamHandler()
        terminal.setFormatter(ServerFormatter("[{server_time}] {message}", style="{"))
        logger.addHandler(terminal)
        logger.propagate = False
    if not logger.isEnabledFor(logging.INFO) and logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    for handler in {*handlers_of(NAME), *handlers_of(ERRORS)}:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(never_wait(handler.stream))
    for handler in logger.handlers:
        if isinstance(handler.formatter, ServerFormatter):
            # It looks whether stdout is a terminal, and writes to stderr.
            stream = getattr(handler, "stream", None)
            handler.formatter.style = style_for(stream, colours, environ)


def handlers_of(name: str) -> Iterator[logging.Handler]:
    """Those that get the records of a logger."""
    logger: logging.Logger | None = logging.getLogger(name)
    while logger is not None:
        yield from logger.handlers
        logger = logger.parent if logger.propagate else None


def style_for(stream: TextIO | None, colours: bool | None, environ: Mapping[str, str]) -> object:
    """Django's colours for ``stream``, or none."""
    wanted = (
        wants_colours(stream, environ) and environ.get("DJANGO_COLORS") != "nocolor" if colours is None else colours
    )
    return color_style(force_color=True) if wanted else no_style()


def without_colours(text: str) -> str:
    return COLOUR.sub("", text)


def open_file(path: str) -> logging.FileHandler:
    """Raises `ConfigurationError` for a file that cannot be written."""
    try:
        return logging.FileHandler(Path(path).expanduser(), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"--output {path} cannot be written ({error.strerror}): name another file.") from error


def write_to(path: str) -> None:
    """Have requests, and the tracebacks of errors, written to a file as well. Raises `ConfigurationError`."""
    handler = open_file(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    handler.setLevel(logging.INFO)
    for name in (NAME, ERRORS):
        # The first one: Django's formatter leaves its colours in the record for those that come after it.
        logging.getLogger(name).handlers.insert(0, handler)


def say(text: str) -> None:
    """A line in the terminal that is not about a request."""
    Log(sys.stderr).say(text)
