"""What stands behind an object that stands for another: read from where it keeps it, without asking it.

Werkzeug's `LocalProxy` (Flask's ``request``) and Django's `LazyObject` (``request.user``) have no attributes of their
own that anybody would want to type.
"""

from __future__ import annotations

import contextvars
import operator
import types
from typing import Any

from debugkit.debug.safe.inspection import MISSING, attribute, class_name, module_name, mro
from debugkit.debug.safe.lookups import attribute as stored


def behind(value: Any, context: contextvars.Context | None) -> Any:
    """The object that ``value`` stands for in ``context``, or ``value`` itself."""
    names = {f"{module_name(base)}.{class_name(base)}" for base in mro(type(value))}
    if "werkzeug.local.LocalProxy" in names:
        target = _in_context(value, context)
    elif "django.utils.functional.LazyObject" in names:
        target = attribute(value, "_wrapped")
        target = MISSING if type(target) is object else target  # `empty`: it was not needed yet
    else:
        return value
    return value if target is MISSING else target


def _in_context(proxy: Any, context: contextvars.Context | None) -> Any:
    """What the function of a proxy would return: it closes over a context variable, and what is taken of its value."""
    getter = attribute(proxy, "_get_current_object")
    if type(getter) is not types.FunctionType or context is None:
        return MISSING
    closed = dict(zip(getter.__code__.co_freevars, getter.__closure__ or (), strict=False))
    variable, take = (_content(closed.get(name)) for name in ("local", "get_name"))
    if type(variable) is not contextvars.ContextVar or variable not in context:
        return MISSING
    if type(take) is not operator.attrgetter:
        return context[variable]
    names = take.__reduce__()[1]
    return stored(context[variable], names[0]) if len(names) == 1 else MISSING


def _content(cell: Any) -> Any:
    try:
        return MISSING if cell is None else cell.cell_contents
    except ValueError:  # not set yet
        return MISSING
