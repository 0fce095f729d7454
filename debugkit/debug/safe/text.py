"""Text of what belongs to the user: of bounded size, without lone surrogates, and got without an exception.

For what a traceback prints anyway: ``__str__`` and ``__repr__`` run here, with no limit of time. Knows no exceptions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from debugkit.debug.safe import inspection


def text_of(value: object) -> str:
    """What ``str`` says of a value, as an exact `str`: `str` itself gives a subclass back with its markup.

    Raises what the value's ``__str__`` raises.
    """
    return inspection.exact_str(str(value))


def clean(text: str) -> str:
    """``text`` as an exact `str` without lone surrogates, which no encoding can send."""
    text = inspection.exact_str(text)
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def encodable(text: str) -> str:
    """``text`` without lone surrogates and NUL, so that it can be encoded and shown."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def shortened(text: str, size: int) -> str:
    """At most about ``size`` characters of ``text``: its beginning and its end."""
    if len(text) <= size:
        return text
    head, tail = text[: size // 2], text[len(text) - size // 2 :]
    return f"{head}\n... {len(text) - len(head) - len(tail)} characters omitted ...\n{tail}"


def called(function: Callable[[Any], str], value: object, size: int) -> str:
    """``str`` or ``repr`` of a value of the user's, as text that says so if it fails."""
    try:
        return clean(shortened(inspection.exact_str(function(value)), size))
    except BaseException as error:  # a __str__ may raise SystemExit, or recurse without end
        return f"<{function.__name__}() of {type_name(type(value))} raised {type_name(type(error))}>"


def type_name(cls: type) -> str:
    """As the traceback prints it: with its module, except for built-in ones and those of ``__main__``."""
    module, name = inspection.module_name(cls), inspection.exact_str(type.__dict__["__qualname__"].__get__(cls))
    return clean(name if module in ("builtins", "__main__") else f"{module or '<unknown>'}.{name}")
