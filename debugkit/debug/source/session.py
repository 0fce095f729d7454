"""The colours of what stands in a console's log: commands, and the tracebacks of those that failed."""

from __future__ import annotations

from functools import lru_cache

from debugkit.debug.source.highlighting import highlight
from debugkit.debug.source.positions import Token

#: Characters that are coloured: a person reads no more of one, and a command must not wait for its colours.
_COLOURED = 10_000


@lru_cache(maxsize=32)
def coloured_command(source: str) -> list[list[Token]]:
    """The tokens of each line of a command, which is often run again; none of a long one."""
    return highlight(source.split("\n"), "python") if len(source) <= _COLOURED else []


def coloured_traceback(text: str) -> list[list[Token]]:
    """The tokens of each line of a traceback, the source in it coloured as such; none of a long one."""
    return highlight(text.split("\n"), "pytb") if len(text) <= _COLOURED else []
