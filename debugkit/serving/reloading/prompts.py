"""Tells whether a person sits at a prompt in this process: pdb, breakpoint(), code.interact, IPython.

A reload must wait for them. Nothing is patched: the prompt's own frames say so, on the stacks of the threads.
"""

from __future__ import annotations

import sys
from types import FrameType

#: Functions that are on a stack exactly while a prompt waits: module and name.
PROMPTS = {
    ("bdb", "user_line"),
    ("pdb", "interaction"),
    ("pdb", "_cmdloop"),
    ("cmd", "cmdloop"),
    ("code", "interact"),
    ("pydevd", "do_wait_suspend"),
    ("IPython.terminal.debugger", "cmdloop"),
    ("IPython.terminal.embed", "mainloop"),
}


def at_prompt() -> bool:
    """Whether a thread of this process is at a debugger's or an interpreter's prompt."""
    return any(_is_at_prompt(frame) for frame in sys._current_frames().values())


def _is_at_prompt(frame: FrameType | None) -> bool:
    while frame is not None:
        if (frame.f_globals.get("__name__"), frame.f_code.co_name) in PROMPTS:
            return True
        frame = frame.f_back
    return False
