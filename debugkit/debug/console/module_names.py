"""The locals of a command in a module's frame."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any


class ModuleNames(MutableMapping[str, Any]):
    """The module's globals, with the helpers behind and ``_`` before them.

    Functions typed there look into the module only, and find neither ``dump`` nor the last value.
    """

    def __init__(self, module: dict[str, Any], helpers: dict[str, Any]) -> None:
        self._module = module
        self._helpers = helpers
        self.last: tuple[object, ...] = ()

    def __getitem__(self, name: str) -> Any:
        if name == "_" and self.last:
            return self.last[0]
        return self._module[name] if name in self._module else self._helpers[name]

    def __setitem__(self, name: str, value: object) -> None:
        if name == "_":
            self.last = ()
        self._module[name] = value

    def __delitem__(self, name: str) -> None:
        del self._module[name]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._module))

    def __len__(self) -> int:
        return len(self._module)
