"""Where a test finds the application: the module and the name that it has there. Imports nothing, asks no object."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from debugkit.debug.safe import inspection
from debugkit.debug.tracebacks.libraries import is_library
from debugkit.frozen import frozen

#: What functions that make an application are called (`flask run` and `debugkit run` look for them).
FACTORIES = ("create_app", "make_app")


@frozen
class Place:
    """``from module import name``; the application is then the value of ``expression``."""

    module: str
    name: str
    expression: str


class ProjectModules:
    """The modules that belong to no library, looked through once: a process has thousands, and many names in each."""

    def __init__(self) -> None:
        self._namespaces = list(_namespaces())

    def place_of(self, application: object) -> Place | None:
        """The place of an application of the project; `None` if no module has it under a name."""
        if place := self._names.get(id(application)):
            return Place(*place, place[1])
        if place := self._debuggers.get(id(application)):
            return Place(*place, f"{place[1]}.app")
        return None

    def factory_in(self, module: str) -> Place | None:
        """The function of ``module`` that makes an application, by its name."""
        names = self._of(module)
        return next((Place(module, name, f"{name}()") for name in FACTORIES if callable(names.get(name))), None)

    def speaks_of_debugkit(self, place: Place) -> bool:
        """Whether its module has imported something of ours: it may put a debugger around the application itself."""
        return any(_is_ours(value) for value in self._of(place.module).values())

    @cached_property
    def _names(self) -> dict[int, tuple[str, str]]:
        """By the `id` of what has the name; the namespaces keep it alive."""
        names: dict[int, tuple[str, str]] = {}
        for module, namespace in reversed(self._namespaces):
            names |= {id(value): (module, name) for name, value in reversed(namespace.items())}
        return names

    @cached_property
    def _debuggers(self) -> dict[int, tuple[str, str]]:
        """By the `id` of the application that a middleware is around."""
        middlewares = [value for _, namespace in self._namespaces for value in namespace.values() if is_debugger(value)]
        return {id(inspection.attribute(value, "app")): self._names[id(value)] for value in middlewares}

    def _of(self, module: str) -> dict[str, Any]:
        return next((namespace for name, namespace in self._namespaces if name == module), {})


def _is_ours(value: object) -> bool:
    kind = value if issubclass(type(value), type) else type(value)
    if issubclass(type(value), ModuleType):
        return inspection.exact_str((inspection.instance_dict(value) or {}).get("__name__")).startswith("debugkit")
    return inspection.module_name(kind).startswith("debugkit.")  # type: ignore[arg-type]


def is_debugger(value: object) -> bool:
    """Whether it is a middleware of ours."""
    return inspection.module_name(type(value)) in ("debugkit.debug.wsgi", "debugkit.debug.asgi.application")


def _namespaces() -> Iterator[tuple[str, dict[str, Any]]]:
    """The modules of the project with what is in them; what runs as a script comes last."""
    modules = [(name, module) for name, module in list(sys.modules.items()) if issubclass(type(module), ModuleType)]
    for name, module in sorted(modules, key=lambda item: item[0] == "__main__"):
        # Read past the module's class: a lazy one is imported when it is asked.
        namespace = inspection.instance_dict(module) or {}
        filename = inspection.exact_str(namespace.get("__file__"))
        if filename and name.partition(".")[0] != "debugkit" and not is_library(filename):
            name = _importable(name, filename, namespace)
            if all(part.isidentifier() for part in name.split(".")):
                yield name, {key: value for key, value in list(namespace.items()) if key.isidentifier()}


def _importable(name: str, filename: str, namespace: dict[str, Any]) -> str:
    if name != "__main__":
        return name
    spec = namespace.get("__spec__")  # of `python -m`
    return inspection.exact_str(getattr(spec, "name", None)) or Path(filename).stem
