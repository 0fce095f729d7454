"""What the author may have meant: the closest name to one that is missing ("Did you mean: 'price'?").

Offered for names, attributes, imports and keys of dictionaries, also on Python 3.11, whose traceback module has none.
Looks at names only, past every hook of the user's: no attribute is fetched, nothing is compared but exact strings.
"""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import islice
from types import FrameType, ModuleType
from typing import Any

#: Names looked at, and how long one may be: CPython's own bounds, so that a huge dictionary costs nothing.
MOST_NAMES = 750
LONGEST_NAME = 40
#: How alike two names must be, from 0 to 1. Below this, guesses annoy.
CUTOFF = 0.7

_FROM_IMPORT = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")


def suggest(exc: BaseException, message: str, frame: FrameType | None) -> str:
    """A sentence, or "" when unsure or when ``message`` carries one already. ``frame`` is where it was raised."""
    if "Did you mean" in message:
        return ""
    if isinstance(exc, ModuleNotFoundError):
        return _did_you_mean(_text(_member(ImportError, "name", exc)), sys.stdlib_module_names)
    if isinstance(exc, ImportError):
        return _import(message)
    if isinstance(exc, NameError):
        return _name(_text(_member(NameError, "name", exc)), frame)
    if isinstance(exc, AttributeError):
        return _attribute(exc, frame)
    if isinstance(exc, KeyError):
        return _key(exc, frame)
    return ""


def _member(cls: type, name: str, exc: BaseException) -> object:
    """An attribute as the interpreter set it, whatever a subclass puts in its place."""
    return cls.__dict__[name].__get__(exc)


def _text(value: object) -> str:
    return value if type(value) is str else ""


def closest(name: str, candidates: Iterable[object]) -> str:
    """The candidate most like ``name``; "" when none is. Private names are offered only for private ones."""
    if not name or len(name) > LONGEST_NAME:
        return ""
    names = [
        other
        for other in islice(candidates, MOST_NAMES)
        if type(other) is str and other != name and len(other) <= LONGEST_NAME
    ]
    same_but_case = [other for other in names if other.lower() == name.lower()]
    if same_but_case:
        return same_but_case[0]
    fair = [other for other in names if name.startswith("_") or not other.startswith("_")]
    return next(iter(get_close_matches(name, fair, n=1, cutoff=CUTOFF)), "")


def _did_you_mean(name: str, candidates: Iterable[object]) -> str:
    found = closest(name, candidates)
    return f"Did you mean: {found!r}?" if found else ""


def _name(name: str, frame: FrameType | None) -> str:
    if frame is None:
        return ""
    own = frame.f_locals.get("self")
    if own is not None and name in set(_attributes(own)):
        return f"Did you mean: 'self.{name}'?"
    found = _did_you_mean(name, [*frame.f_locals, *frame.f_globals, *vars(builtins)])
    if not found and name in sys.stdlib_module_names:
        return f"Did you forget to import {name!r}?"
    return found


def _import(message: str) -> str:
    match = _FROM_IMPORT.match(message)
    module = sys.modules.get(match[2]) if match else None
    return _did_you_mean(match[1], ModuleType.__getattribute__(module, "__dict__")) if match and module else ""


def _attribute(exc: AttributeError, frame: FrameType | None) -> str:
    name = _text(_member(AttributeError, "name", exc))
    owner = _member(AttributeError, "obj", exc)
    return _did_you_mean(name, _attributes(owner)) if owner is not None else ""


def _attributes(owner: Any) -> Iterator[str]:
    """The names of an object's attributes: its own, then those of its class, without running any code of it."""
    mro = type.__dict__["__mro__"].__get__
    if isinstance(owner, type) and type(owner).__instancecheck__ is type.__instancecheck__:
        for cls in mro(owner):
            yield from list(type.__dict__["__dict__"].__get__(cls))
    else:
        yield from list(_instance_dict(owner))
    for cls in mro(type(owner)):
        yield from list(type.__dict__["__dict__"].__get__(cls))


def _instance_dict(owner: object) -> dict[str, object]:
    try:
        found = object.__getattribute__(owner, "__dict__")
    except (AttributeError, TypeError):
        return {}
    return found if type(found) is dict else {}


def _key(exc: KeyError, frame: FrameType | None) -> str:
    """The closest key of the one dictionary at hand that lacks this key; nothing when it may be another's."""
    args = _member(BaseException, "args", exc)
    key = args[0] if type(args) is tuple and len(args) == 1 else None
    if type(key) is not str or frame is None:
        return ""
    found = {closest(key, names) for names in _dictionaries(frame) if key not in set(_strings(names))} - {""}
    return f"Did you mean: {found.pop()!r}?" if len(found) == 1 else ""


def _dictionaries(frame: FrameType) -> Iterator[dict[object, object]]:
    """Plain dictionaries among the locals and one attribute below them."""
    for value in list(frame.f_locals.values()):
        if type(value) is dict and value is not frame.f_globals:
            yield value
        elif not isinstance(value, ModuleType):
            yield from (inner for inner in _instance_dict(value).values() if type(inner) is dict)


def _strings(names: Iterable[object]) -> Iterator[str]:
    return (name for name in islice(names, MOST_NAMES) if type(name) is str)
