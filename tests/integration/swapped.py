"""An application written for Werkzeug's debugger: only the import at ``DEBUGGER`` says whose debugger it gets."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable
from typing import Any

DebuggedApplication = importlib.import_module(os.environ["DEBUGGER"]).DebuggedApplication


def hidden_helper(price: int) -> int:
    __traceback_hide__ = True  # debuggers read it
    return price // 0


def site(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/fails":
        hidden_helper(12)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"the application"]


def names() -> dict[str, Any]:
    return {"answer": 6 * 7, "app": site}


application = DebuggedApplication(
    site,
    True,
    console_path="/console",
    console_init_func=names,
    show_hidden_frames=True,
    pin_security=False,
    pin_logging=False,
)
