"""How something is called, and the first line of what its author says of it, read without running any code.

`inspect.signature` asks ``__signature__``, ``__call__`` and more, all of which may be somebody else's. Annotations are
left out: from Python 3.14 on they are code (PEP 649).
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, Literal

from debugkit.debug.safe.inspection import (
    MISSING,
    attribute,
    class_attribute,
    class_dict,
    exact_str,
    instance_dict,
    printable,
)
from debugkit.debug.safe.lookups import is_scalar
from debugkit.frozen import frozen

#: Characters of a signature, a default and a line of documentation.
_SIGNATURE: Final = 300
_DEFAULT: Final = 40
_LINE: Final = 200
#: Functions around a function (`functools.wraps`) and parameters that are looked at.
_MOST_WRAPPERS: Final = 20
_MOST_PARAMETERS: Final = 100

_IN_C: Final = (
    types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType, types.MethodWrapperType,
    types.ClassMethodDescriptorType,
)  # fmt: skip
#: What C code says of a parameter that is bound.
_BOUND: Final = re.compile(r"\(\$(?:self|module|type|cls)(?:, /)?(?:, )?")
#: What C code says of a default that Python has no text for.
_UNSAID: Final = "=<unrepresentable>"

Style = Literal["positional", "both", "keyword", "args", "kwargs"]


@frozen
class Parameter:
    """A parameter of a function in Python. ``default`` is `MISSING` where there is none."""

    name: str
    style: Style
    default: Any = MISSING


#: Makes the text of a default value, whose name may make it secret.
Shown = Callable[[object, str], str]


def signature_text(function: Any, *, bound: bool, shown: Shown) -> str:
    """The parameters in brackets, as a ``def`` has them; empty if they are not known."""
    if any(type(function) is cls for cls in _IN_C):
        return _of_c(exact_str(function.__text_signature__), bound)
    listed = parameters(function, bound=bound)
    if listed is None:
        text = _TYPE_SIGNATURE.__get__(function) if issubclass(type(function), type) else ""
        return _of_c(exact_str(text), True)
    text = f"({', '.join(_texts(listed, shown))})"
    return text if len(text) <= _SIGNATURE else f"{text[: _SIGNATURE - 2]}…)"


_TYPE_SIGNATURE: Final = type.__dict__["__text_signature__"]


def parameters(function: Any, *, bound: bool) -> list[Parameter] | None:
    """What a function takes when it is called, or a class; `None` if that cannot be known."""
    plain, skipped = _function(function, bound)
    return None if plain is None else list(_parameters(plain))[skipped:]


def _function(function: Any, bound: bool) -> tuple[types.FunctionType | None, int]:
    """The function in Python that is called in the end, and how many parameters it has by then."""
    skipped = int(bound)
    for _ in range(_MOST_WRAPPERS):
        cls = type(function)
        if cls is types.FunctionType:
            inner = (instance_dict(function) or {}).get("__wrapped__", MISSING)
            if inner is MISSING:
                return function, skipped
            function = inner
        elif cls is types.MethodType:
            function, skipped = function.__func__, 1
        elif issubclass(cls, type):
            function, skipped = _constructor(function), 1
        elif cls is staticmethod or cls is classmethod:
            function, skipped = cls.__dict__["__func__"].__get__(function), int(cls is classmethod)
        else:
            function, skipped = class_attribute(cls, "__call__"), 1
            if type(function) is not types.FunctionType:
                break
    return None, 0


def _constructor(cls: type) -> Any:
    """What takes the arguments when an instance is made."""
    for name in ("__init__", "__new__"):
        member = class_attribute(cls, name)
        if type(member) is staticmethod:
            member = staticmethod.__dict__["__func__"].__get__(member)
        if type(member) is types.FunctionType:
            return member
    return None


def _parameters(function: types.FunctionType) -> Iterator[Parameter]:
    code = function.__code__
    names = [exact_str(name) for name in code.co_varnames]
    positional, keywords = code.co_argcount, code.co_kwonlyargcount
    defaults = function.__defaults__ or ()
    first = positional - len(defaults)
    for index, name in enumerate(names[: min(positional, _MOST_PARAMETERS)]):
        default = defaults[index - first] if index >= first else MISSING
        style: Style = "positional" if index < code.co_posonlyargcount else "both"
        yield Parameter(name, style, default)
    rest = names[positional + keywords :]
    if code.co_flags & inspect.CO_VARARGS:
        yield Parameter(rest.pop(0), "args")
    by_name = function.__kwdefaults__ or {}
    for name in names[positional : positional + min(keywords, _MOST_PARAMETERS)]:
        yield Parameter(name, "keyword", dict.get(by_name, name, MISSING))
    if code.co_flags & inspect.CO_VARKEYWORDS:
        yield Parameter(rest[0], "kwargs")


def _texts(listed: list[Parameter], shown: Shown) -> Iterator[str]:
    stars, slash = False, False
    for parameter in listed:
        if slash and parameter.style != "positional":
            yield "/"
        slash = parameter.style == "positional"
        if parameter.style == "keyword" and not stars:
            yield "*"
        stars = stars or parameter.style in ("args", "keyword")
        yield _text(parameter, shown)
    if slash:
        yield "/"


def _text(parameter: Parameter, shown: Shown) -> str:
    mark = {"args": "*", "kwargs": "**"}.get(parameter.style, "")
    default = "" if parameter.default is MISSING else f"={_default_text(parameter, shown)}"
    return f"{mark}{parameter.name}{default}"


def _default_text(parameter: Parameter, shown: Shown) -> str:
    """The default of a parameter, if it is short and plain."""
    text = shown(parameter.default, parameter.name) if is_scalar(parameter.default) else ""
    return text if 0 < len(text) <= _DEFAULT else "…"


def _of_c(text: str, bound: bool) -> str:
    """The text that C code has of its signature, without what is passed by itself."""
    if bound or text.startswith("($module"):
        text = _BOUND.sub("(", text, count=1)
    return printable(text.replace("$", "").replace(_UNSAID, "=…"))[:_SIGNATURE]


# Documentation


def first_line(value: Any) -> str:
    """The first line of the documentation of a function, class, module or property."""
    line = next((line for line in _documentation(value).lstrip()[:10_000].splitlines() if line.strip()), "").strip()
    return printable(line if len(line) <= _LINE else f"{line[: _LINE - 1]}…")


def _documentation(value: Any) -> str:
    cls = type(value)
    if cls is property:
        return _documentation(property.__dict__["fget"].__get__(value))
    if cls is types.FunctionType or any(cls is kind for kind in _IN_C):
        return exact_str(value.__doc__)
    if cls is types.MethodType:
        return _documentation(value.__func__)
    if issubclass(cls, type):
        text = class_dict(value).get("__doc__", MISSING)
        return (
            exact_str(text) if type(text) is str else exact_str(_TYPE_DOC.__get__(value)) if _is_static(value) else ""
        )
    if issubclass(cls, types.ModuleType):
        return exact_str(attribute(value, "__doc__"))
    return _documentation(attribute(value, "func")) if cls is partial else ""


_TYPE_DOC: Final = type.__dict__["__doc__"]
_TYPE_FLAGS: Final = type.__dict__["__flags__"]


def _is_static(cls: type) -> bool:
    """Whether a class is made in C: `type.__doc__` then reads a text, and asks no descriptor."""
    return not _TYPE_FLAGS.__get__(cls) & 0x200  # Py_TPFLAGS_HEAPTYPE
