"""Applications that a framework keeps for programs that give theirs no name, as its first examples do.

Imports no framework: Bottle is met when the program imports it.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


def default_application() -> Any:
    """What the program has added routes to, or mounted; None where there is nothing of the kind."""
    bottle = sys.modules.get("bottle")
    if bottle is not None and bottle.default_app().routes:
        return bottle.default_app()
    cherrypy = sys.modules.get("cherrypy")
    if cherrypy is not None and cherrypy.tree.apps:
        return cherrypy.tree
    return None


@contextmanager
def bottle_ignoring_run() -> Iterator[None]:
    """Meanwhile `bottle.run()` does nothing, as under Bottle's own ``load_app()``: it would serve in place of us."""
    finder = _BottleFinder()
    sys.meta_path.insert(0, finder)
    if "bottle" in sys.modules:
        vars(sys.modules["bottle"])["NORUN"] = True
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        if "bottle" in sys.modules:
            vars(sys.modules["bottle"])["NORUN"] = False


class _BottleFinder:
    """Finds Bottle where it is, and has it ignore `run()` once it is imported."""

    _searching = False

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "bottle" or self._searching:
            return None
        self._searching = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._searching = False
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_ignoring_run(module: ModuleType) -> None:
                execute(module)
                vars(module)["NORUN"] = True

            spec.loader.exec_module = execute_ignoring_run  # type: ignore[method-assign]
        return spec
