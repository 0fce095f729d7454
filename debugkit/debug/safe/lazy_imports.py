"""Imports that wait until they are used (PEP 810, from Python 3.15 on): who looks at one leaves it as it is.

Dicts hand them out as they are, those of modules and frames too; attributes of modules and running code resolve them.
"""

from __future__ import annotations

import types
from typing import Any, Final

#: `types.LazyImportType`, where there is one. Its ``__repr__`` names what it waits for, and runs no code of others.
LAZY_IMPORTS: Final[tuple[type, ...]] = tuple(vars(types)[name] for name in ("LazyImportType",) if name in vars(types))


def used(value: Any) -> Any:
    """What code that uses ``value`` gets: only for code that runs, never for previews."""
    return value.resolve() if any(type(value) is cls for cls in LAZY_IMPORTS) else value
