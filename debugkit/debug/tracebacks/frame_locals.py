"""The names of a frame: those it was called with, and those that are worth a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from inspect import CO_OPTIMIZED, CO_VARARGS, CO_VARKEYWORDS
from types import BuiltinFunctionType, FrameType, FunctionType, ModuleType
from typing import Any

from debugkit.debug.safe.inspection import exact_str
from debugkit.debug.safe.lazy_imports import LAZY_IMPORTS
from debugkit.debug.safe.text import type_name
from debugkit.debug.tracebacks import templates
from debugkit.debug.tracebacks.model import CapturedFrame

#: Imports and definitions explain nothing beside a line; where a local variable holds one, it may.
#: By id: a metaclass may define `__eq__`.
CODE = frozenset(map(id, (ModuleType, FunctionType, BuiltinFunctionType, type, *LAZY_IMPORTS)))


def arguments(frame: CapturedFrame) -> dict[str, str]:
    """The names of what the frame's function was called with, and each as the signature has it: ``*items``."""
    code = frame.code
    if code is None or templates.is_template(frame.frame):
        return {}
    plain = code.co_argcount + code.co_kwonlyargcount
    names = dict.fromkeys(map(exact_str, code.co_varnames[:plain]), "")
    for flag, stars in ((CO_VARARGS, "*"), (CO_VARKEYWORDS, "**")):
        if code.co_flags & flag:
            names[exact_str(code.co_varnames[len(names)])] = stars
    # ".0" is the iterable of a comprehension
    return {name: f"{stars}{name}" for name, stars in names.items() if name[:1] != "."}


def among_globals(frame: FrameType, name: str) -> bool:
    """Whether a frame's locals hold what is defined for all, as those of a module and of a Jinja template do."""
    return name == "<module>" or templates.is_template(frame)


def names_of(frame: FrameType) -> dict[str, object]:
    """A frame's locals. Those of a class body or of `exec` may be a mapping of anybody's, which is not asked."""
    namespace: Any = frame.f_locals
    # Of a function they are a dict, or the proxy of PEP 667, which copies.
    if frame.f_code.co_flags & CO_OPTIMIZED:
        plain = dict(namespace)
    else:
        plain = namespace if issubclass(type(namespace), dict) else {}
    return {exact_str(name): value for name, value in list(dict.items(plain)) if issubclass(type(name), str)}


def local_values(names: Mapping[str, object], *, module_level: bool) -> Iterator[tuple[str, object]]:
    """Locals worth a row. At module level they are the module's globals, most of which are imports and definitions."""
    for name, value in list(names.items()):
        if name.startswith("."):  # ".0" is the iterable of a comprehension
            continue
        noise = name.startswith("__") or id(type(value)) in CODE
        if not (module_level and noise):
            yield name, value


def own_first(frame: FrameType, values: Iterable[tuple[str, object]]) -> list[tuple[str, object]]:
    """``values`` with what every Jinja template has after what this one was given."""
    shared = shared_names(frame)
    return sorted(values, key=lambda item: item[0] in shared) if shared else list(values)


def shared_names(frame: FrameType) -> frozenset[str]:
    """The locals that every Jinja template of the environment has; none for other frames."""
    shared = templates.shared_names(frame)
    if not shared:
        return frozenset()
    return frozenset(name for name, value in names_of(frame).items() if name in shared and _is(shared[name], value))


def _is(shared: object, value: object) -> bool:
    """Whether a template has a global under its name. Flask gives each what its proxies stand for, in their place."""
    return value is shared or type_name(type(shared)) == "werkzeug.local.LocalProxy"
