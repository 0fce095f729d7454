"""What is the same of a code object in every error: its names as they are shown, and where its instructions stand.

Remembered, for the functions of an application and its libraries are in one error after another. Knows no frames.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from itertools import islice
from types import CodeType

from debugkit.debug.safe import inspection
from debugkit.debug.safe.text import clean

#: Lines and columns as `types.CodeType.co_positions` has them.
Position = tuple[int | None, int | None, int | None, int | None]

#: Code objects that are remembered, and places in each. They are not kept alive.
_MOST = 1_000
_MOST_POSITIONS = 20

#: The position of what cannot be located.
NOWHERE: Position = (None, None, None, None)

_known: dict[int, KnownCode] = {}


@dataclass(slots=True, eq=False)
class KnownCode:
    """``filename`` is the exact text in the code, ``shown`` the same without lone surrogates; ``name`` is qualified."""

    code: weakref.ref[CodeType]
    filename: str
    shown: str
    name: str
    _positions: dict[int, Position] = field(default_factory=dict)

    def position(self, code: CodeType, instruction: int) -> Position:
        """The position of the code at a bytecode offset; -1: nothing has run.

        To find it takes a walk over those of all instructions before.
        """
        position = self._positions.get(instruction)
        if position is None:
            positions = code.co_positions() if instruction >= 0 else ()
            position = next(islice(positions, max(instruction, 0) // 2, None), NOWHERE)
            if len(self._positions) >= _MOST_POSITIONS:
                self._positions.clear()
            self._positions[instruction] = position
        return position


def known(code: CodeType) -> KnownCode:
    """What is known of ``code``: by its id, for to compare two costs as much as they are long."""
    entry = _known.get(id(code))
    if entry is None or entry.code() is not code:
        if len(_known) >= _MOST:
            _known.clear()
        filename = inspection.exact_str(code.co_filename)
        entry = _known[id(code)] = KnownCode(weakref.ref(code), filename, clean(filename), clean(_qualified(code)))
    return entry


def _qualified(code: CodeType) -> str:
    """The qualified name, unless the code was renamed: Jinja2 does that to templates, with ``co_name`` only."""
    qualified, name = inspection.exact_str(code.co_qualname), inspection.exact_str(code.co_name)
    return qualified if qualified.rpartition(".")[2] == name else name
