"""What kind of application an object is, by its signature, as ASGI servers do, without calling it.

What cannot be determined counts as a WSGI application (PEP 3333): nothing that works is refused.
"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from types import FunctionType, MethodType
from typing import Any

from debugkit.debug.safe import inspection

#: What the first parameter is called: of ASGI's applications, and of WSGI's.
SCOPE = ("scope",)
ENVIRON = ("environ", "env")
#: Where middleware keeps the application that it wraps; the first is also where Flask keeps its middleware.
WRAPPED = ("wsgi_app", "app", "application", "wrap_app", "__wrapped__", "_app", "wrapped")
#: Where dispatchers keep theirs: Werkzeug's by path, CherryPy's tree and Paste's cascade, Paste's map by host and path.
MOUNTED = ("mounts", "apps", "applications")
#: Layers of middleware that are looked through, and applications in dispatchers.
MOST_LAYERS = 20
MOST_APPLICATIONS = 500


def refusal(application: Any) -> str:
    """Why something cannot be a WSGI application, to follow its name in a sentence; "" when it can."""
    try:
        return _refusal(application)
    except Exception:  # an object may say what it likes when asked
        return ""


def _refusal(application: Any) -> str:
    kind = application if inspect.isroutine(application) or inspect.isclass(application) else type(application)
    named = f"{kind.__module__}.{kind.__qualname__}"
    if not callable(application):
        return f"is a {type(application).__name__}, which is not callable; a WSGI application is."
    if _is_asgi(application):
        return f"is an ASGI application ({named}): put it into debugkit.DebuggedASGIApplication."
    if _is_async(application):
        return f"is async ({named}), which WSGI does not support: make it a plain function."
    if not binds(application, "environ", "start_response"):
        return f"is not a WSGI application ({named}): it cannot be called with environ and start_response."
    return ""


def asgi_refusal(application: Any) -> str:
    """Why something cannot be an ASGI application, to follow its name in a sentence; "" when it can."""
    try:
        return _asgi_refusal(application)
    except Exception:  # an object may say what it likes when asked
        return ""


def _asgi_refusal(application: Any) -> str:
    kind = application if inspect.isroutine(application) or inspect.isclass(application) else type(application)
    named = f"{kind.__module__}.{kind.__qualname__}"
    if not callable(application):
        return f"is a {type(application).__name__}, which cannot be called as an ASGI application is."
    if binds(application, "scope", "receive", "send"):
        return ""
    if _is_asgi(application):
        return f"is an ASGI 2 application ({named}): put asgiref.compatibility.guarantee_single_callable around it."
    if binds(application, "environ", "start_response"):
        return f"is a WSGI application ({named}): put it into debugkit.DebuggedApplication."
    return f"is no ASGI application ({named}): it cannot be called with scope, receive and send."


def layers(application: Any) -> Iterator[Any]:
    """The application and what it wraps, from the outside; read past what their classes say of their attributes."""
    return _walk(application, MOST_LAYERS, _wrapped)


def reachable(application: Any) -> Iterator[Any]:
    """Its layers, and also what dispatchers and functions made by functions hold. Not all of that are applications."""
    return _walk(application, MOST_APPLICATIONS, lambda layer: [*_wrapped(layer), *_mounted(layer), *_enclosed(layer)])


def _walk(application: Any, most: int, inside: Callable[[Any], list[Any]]) -> Iterator[Any]:
    """The application and what is ``inside`` of each, every object once: some know what is around them."""
    waiting, met = deque([application]), dict[int, Any]()
    while waiting and len(met) < most:
        layer = waiting.popleft()
        if id(layer) not in met:
            met[id(layer)] = layer
            yield layer
            waiting += inside(layer)


def _wrapped(layer: Any) -> list[Any]:
    if type(layer) is MethodType:
        inside = [layer.__func__, layer.__self__]
    elif type(layer) is partial:
        inside = [layer.func]
    else:
        inside = [inspection.attribute(layer, name) for name in WRAPPED]
    return [item for item in inside if item is not inspection.MISSING and item is not None]


def _mounted(layer: Any) -> Iterator[Any]:
    for name in MOUNTED:
        mounts = inspection.attribute(layer, name)
        if issubclass(type(mounts), dict):
            yield from list(dict.values(mounts))
        elif issubclass(type(mounts), list):
            yield from (mount[-1] if type(mount) is tuple and mount else mount for mount in list(mounts))


def _enclosed(layer: Any) -> Iterator[Any]:
    """What a function made by a function, as middleware often is, has of it."""
    for cell in (layer.__closure__ or ()) if type(layer) is FunctionType else ():
        with suppress(ValueError):  # empty
            if inspection.class_attribute(type(cell.cell_contents), "__call__") is not inspection.MISSING:
                yield cell.cell_contents


def is_factory(candidate: Any) -> bool:
    """Whether it is a function to be called without arguments for the application, as `flask run` does."""
    parameters = _parameters(candidate) if inspect.isfunction(candidate) and not _is_async(candidate) else None
    if parameters is None or any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return False
    return binds(candidate) and not (parameters and parameters[0].name in ENVIRON)


def binds(function: Any, *arguments: Any, **keywords: Any) -> bool:
    """Whether it can be called with these arguments; also true if that cannot be determined."""
    return not misfit(function, *arguments, **keywords)


def misfit(function: Any, *arguments: Any, **keywords: Any) -> str:
    """What is wrong with the arguments for this function; "" if nothing is, or if that cannot be determined."""
    signature = _signature(function)
    try:
        if signature is not None:
            signature.bind(*arguments, **keywords)
    except TypeError as error:
        return str(error)
    return ""


def _is_asgi(application: Any) -> bool:
    """ASGI 3.0 takes scope, receive and send; ASGI 2.0 took scope and returned the rest."""
    parameters = _parameters(application)
    if parameters and parameters[0].name in SCOPE and not binds(application, 1, 2):
        return True
    return _is_async(application) and binds(application, 1, 2, 3)


def _is_async(application: Any) -> bool:
    call = application if inspect.isroutine(application) else getattr(type(application), "__call__", None)  # noqa: B004
    return any(
        check(target)
        for target in (application, call)
        for check in (inspect.iscoroutinefunction, inspect.isasyncgenfunction)
    )


def _parameters(function: Any) -> list[inspect.Parameter] | None:
    signature = _signature(function)
    return None if signature is None else list(signature.parameters.values())


def _signature(function: Any) -> inspect.Signature | None:
    """Its own, and not that of what it wraps: a decorator may add arguments. `None` where there is none to be had."""
    try:
        return inspect.signature(function, follow_wrapped=False)
    except Exception:  # functions in C have none, and objects may say what they like when asked
        return None
