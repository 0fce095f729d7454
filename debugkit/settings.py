"""Every choice a user has, in two frozen dataclasses. Nothing below this file reads the environment.

`Settings` says how the debugger behaves and whom it trusts; `Limits` bounds what it keeps and shows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from debugkit.errors import ConfigurationError

#: Where all requests of the debugger live, below the application's own SCRIPT_NAME.
MOUNT = "/__debugkit__"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what is kept and shown. Sizes in characters or bytes as named, times in seconds."""

    # The registry: how many errors keep their frames, how many more keep their text, and for how long.
    live_tracebacks: int = 20
    live_per_group: int = 3
    text_tracebacks: int = 200
    max_age: float = 3600.0
    text_size: int = 200_000  # characters of plain text kept for one error

    # Values: one line of text, the tree below it, and the time that foreign code (a repr) may take.
    value_text: int = 200
    value_depth: int = 3
    value_items: int = 10
    page_items: int = 50  # children sent at once when a value is opened
    value_string: int = 2_000  # characters of a string shown when it is opened
    handles: int = 2_000  # openable values kept for one error
    repr_seconds: float = 0.1  # for one value
    values_seconds: float = 0.25  # for all foreign code of one page
    locals_shown: int = 40

    # Source: lines shown around the failing one.
    lines_before: int = 12
    lines_after: int = 6
    line_width: int = 400  # characters of one source line
    source_file: int = 4_000_000  # bytes of a file that is read at all

    # Frames of one exception listed on the page, exceptions of one tree.
    frames: int = 200
    exceptions: int = 100

    # The console.
    output_size: int = 400_000  # characters of output sent for one command
    source_size: int = 100_000  # characters of one command
    interrupt_seconds: float = 0.5  # how long Stop waits for the command before it leaves the thread alone

    # Requests.
    request_body: int = 1_000_000  # bytes accepted by the debugger's own addresses
    recorded_body: int = 65_536  # bytes of the application's request body kept for the page


@dataclass(frozen=True, slots=True)
class Settings:
    """How the debugger behaves and whom it trusts. Build it with `from_environ`, which validates."""

    evalex: bool = True
    console_path: str | None = None
    console_init_func: Callable[[], dict[str, Any]] | None = None
    show_hidden_frames: bool = False
    pin_security: bool = True
    pin_logging: bool = True
    #: `None`: derived from the machine, the user and the application. Digits and dashes: this PIN.
    pin: str | None = None
    #: Host names (no port) trusted beside localhost, ``*.localhost`` and IP literals. ``*.example.test`` matches subdomains.
    trusted_hosts: tuple[str, ...] = ()
    #: Networks in CIDR form trusted beside loopback and private networks.
    trusted_peers: tuple[str, ...] = ()
    #: Folder for the secret, the attempts and the like. `None`: the user's state folder.
    state_dir: Path | None = None
    mount: str = MOUNT
    #: The URL that opens a file in an editor, with ``{path}``, ``{line}`` and ``{column}``. `None`: no links.
    editor: str | None = None
    #: Names (case-insensitive, part of the name is enough) whose values are never shown, beside the built-in ones.
    redact: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ, **choices: Any) -> Settings:
        """Settings from keyword arguments, completed by environment variables; arguments win.

        Raises `ConfigurationError` for a value that cannot work, naming the variable and what to write instead.
        """
        raise NotImplementedError
