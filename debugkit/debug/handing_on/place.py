"""Where a test finds the application: the module and the name that it has there. Imports nothing, asks no object."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from debugkit.debug.safe import inspection
from debugkit.debug.tracebacks.libraries import is_library

#: What functions that make an application are called (`flask run` and `debugkit run` look for them).
FACTORIES = ("create_app", "make_app")


@dataclass(frozen=True, slots=True)
class Place:
    """``from module import name``; the application is then the value of ``expression``."""

    module: str
    name: str
    expression: str


def place_of(application: object) -> Place | None:
    """The place of an application of the project; `None` if no module has it under a name."""
    modules = list(_project_modules())
    for name, namespace in modules:
        for key, value in namespace.items():
            if value is application:
                return Place(name, key, key)
    for name, namespace in modules:
        for key, value in namespace.items():
            if _is_debugger_around(value, application):
                return Place(name, key, f"{key}.app")
    return None


def factory_in(module: str) -> Place | None:
    """The function of ``module`` that makes an application, by its name."""
    namespaces = {name: namespace for name, namespace in _project_modules() if name == module}
    names = namespaces.get(module, {})
    return next((Place(module, name, f"{name}()") for name in FACTORIES if callable(names.get(name))), None)


def speaks_of_debugkit(place: Place) -> bool:
    """Whether its module has imported something of ours: it may put a debugger around the application itself."""
    namespaces = [namespace for name, namespace in _project_modules() if name == place.module]
    return any(_is_ours(value) for namespace in namespaces for value in namespace.values())


def _is_ours(value: object) -> bool:
    kind = value if issubclass(type(value), type) else type(value)
    if issubclass(type(value), ModuleType):
        return inspection.exact_str((inspection.instance_dict(value) or {}).get("__name__")).startswith("debugkit")
    return inspection.module_name(kind).startswith("debugkit.")  # type: ignore[arg-type]


def is_debugger(value: object) -> bool:
    """Whether it is a middleware of ours."""
    return inspection.module_name(type(value)) in ("debugkit.debug.wsgi", "debugkit.debug.asgi.application")


def _is_debugger_around(value: object, application: object) -> bool:
    return is_debugger(value) and inspection.attribute(value, "app") is application


def _project_modules() -> Iterator[tuple[str, dict[str, Any]]]:
    """The modules that belong to no library, with what is in them; what runs as a script comes last."""
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
