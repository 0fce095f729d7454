"""Texts and bytes as words of a command line, by what every POSIX shell understands. Knows no command."""

from __future__ import annotations

import re
import shlex

from debugkit.terminal_text import line

#: What `printf` (POSIX, XCU) or the quotes around its format would take for something else, and what is no plain text.
_ESCAPED = re.compile(rb"[^ !\"#$&()*+,./0-9:;<=>?@A-Z\[\]^_`a-z{|}~]")


def is_plain(data: bytes) -> bool:
    """Whether it is a text that can stand in one line and steers nothing."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return line(text) == text


def word(data: bytes) -> str:
    """One argument. What is no plain text comes from `printf`, which takes no NUL and no line feed at the end."""
    return shlex.quote(data.decode("utf-8")) if is_plain(data) else f'"$({printf(data)})"'


def printf(data: bytes) -> str:
    """The command that prints ``data``."""
    octal = _ESCAPED.sub(lambda match: b"\\%03o" % ord(match[0]), data).decode("ascii")
    return f"printf '{octal}'"
