"""What was probably meant: the closest name, key or module, for a misspelt one.

Looks at names and keys that are exact strings, and runs no code of the user's: no property, ``__eq__`` or
``__getattr__``. Says nothing when unsure. What the interpreter itself suggests is the model, from Python 3.11 on.
"""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain, islice
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

from debugkit.debug.safe import inspection
from debugkit.raised import field

#: Bounds on the work: names compared, and the characters of each. The interpreter has the same.
_CANDIDATES = 750
_LENGTH = 40
#: How alike two names must be, as `difflib` measures it: "nmae" and "name" are, "for" and "foo" are not.
_ALIKE = 0.7

_IMPORTED_NAME = re.compile(r"cannot import name '(\w+)' from ")
#: Messages that say it themselves, and those of circular imports, where the name is right and only comes too early.
_EXPLAINED = re.compile(r"did you (mean|forget)|partially initialized", re.IGNORECASE)
_KEYWORD = re.compile(r"([\w.<>]+)\(\) got an unexpected keyword argument '(\w+)'")


def suggestion(exc: BaseException, frame: FrameType | None, message: str) -> str:
    """A sentence such as "Did you mean: 'price'?", or "". ``frame`` is the innermost frame of ``exc``."""
    if _EXPLAINED.search(message):
        return ""
    kind = type(exc)
    if issubclass(kind, NameError) and not issubclass(kind, UnboundLocalError):
        return _for_name(_text(NameError, "name", exc), frame)
    if issubclass(kind, AttributeError):
        return _meant(_for_attribute(exc))
    if issubclass(kind, ImportError):
        return _meant(_for_import(exc, message))
    if issubclass(kind, KeyError):
        return _meant(_for_key(exc, frame))
    if issubclass(kind, TypeError):
        return _meant(_for_keyword(message, frame))
    return ""


def _meant(name: str) -> str:
    return f"Did you mean: '{name}'?" if name else ""


def closest(wrong: str, candidates: Iterable[object]) -> str:
    """The candidate most like ``wrong``, apart from case.

    "" if none is, if ``wrong`` itself is among them, or if there are too many. Private names only for a private name.
    """
    if not wrong or len(wrong) > _LENGTH:
        return ""
    names = [name for name in islice(candidates, _CANDIDATES + 1) if type(name) is str]
    if wrong in names or len(names) > _CANDIDATES:
        return ""
    return _closest(
        wrong, tuple(name for name in names if len(name) <= _LENGTH and (wrong[0] == "_" or name[:1] != "_"))
    )


@lru_cache(maxsize=16)
def _closest(wrong: str, names: tuple[str, ...]) -> str:
    """The traceback and the sentence on the cause ask for the same, of one error and of the next of its kind."""
    from difflib import get_close_matches  # only when something is misspelt

    folded = {name.casefold(): name for name in reversed(names)}
    matches = get_close_matches(wrong.casefold(), folded, n=1, cutoff=_ALIKE)
    return folded[matches[0]] if matches else ""


def _text(owner: type, name: str, exc: BaseException) -> str:
    return inspection.exact_str(field(owner, name, exc))


# Names


def _for_name(wrong: str, frame: FrameType | None) -> str:
    if not wrong or frame is None:
        return ""
    owner = local(frame, "self")
    if owner is not inspection.MISSING and wrong in attribute_names(owner):
        name = f"self.{wrong}"
    else:
        name = closest(wrong, chain(local_names(frame), list(_globals(frame)), list(vars(builtins))))
    if wrong in sys.stdlib_module_names:
        forgotten = f"did you forget to import '{wrong}'?"
        return f"{_meant(name)} Or {forgotten}" if name else forgotten.capitalize()
    return _meant(name)


def local(frame: FrameType, name: str) -> Any:
    """A local variable; `guard.MISSING` if there is none. Asks no mapping of the user's own."""
    code = frame.f_code
    if _is_function(code) and not (name in code.co_varnames or name in code.co_cellvars or name in code.co_freevars):
        return inspection.MISSING  # before f_locals is made, which copies all of them
    return _namespace(frame).get(name, inspection.MISSING)


def local_names(frame: FrameType) -> Iterable[str]:
    code = frame.f_code
    if _is_function(code):
        return chain(code.co_varnames, code.co_cellvars, code.co_freevars)
    return list(_namespace(frame))


def _is_function(code: CodeType) -> bool:
    return bool(code.co_flags & 1)  # inspect.CO_OPTIMIZED: locals are numbered, and f_locals is made when asked for


def _namespace(frame: FrameType) -> Mapping[str, Any]:
    """The frame's locals. A class body or `exec` may run in a mapping of the user's: only a plain dict is read."""
    namespace = frame.f_locals
    return namespace if _is_function(frame.f_code) or type(namespace) is dict else {}


def _globals(frame: FrameType) -> dict[str, Any]:
    """The frame's globals: `exec` accepts subclasses of dict, which are not read."""
    return frame.f_globals if type(frame.f_globals) is dict else {}


# Attributes


def _for_attribute(exc: BaseException) -> str:
    owner, wrong = field(AttributeError, "obj", exc), _text(AttributeError, "name", exc)
    return closest(wrong, attribute_names(owner)) if wrong else ""


def attribute_names(owner: Any) -> list[str]:
    """The names that ``dir`` would give, without asking the object or its class."""
    own_classes = inspection.mro(owner) if issubclass(type(owner), type) else ()
    namespaces = [inspection.class_dict(cls) for cls in (*own_classes, *inspection.mro(type(owner)))]
    names = chain(list(_instance_dict(owner)), *map(list, namespaces))
    return list(dict.fromkeys(name for name in names if type(name) is str))


def _instance_dict(owner: object) -> dict[str, Any]:
    namespace = inspection.instance_dict(owner)
    return namespace if type(namespace) is dict else {}


# Imports


def _for_import(exc: BaseException, message: str) -> str:
    module = _text(ImportError, "name", exc)
    wrong = _text(ImportError, "name_from", exc) if sys.version_info >= (3, 12) else ""
    if not wrong and (match := _IMPORTED_NAME.match(message)):  # Python 3.11 has no name_from
        wrong = match[1]
    if wrong:
        owner = sys.modules.get(module)
        return closest(wrong, attribute_names(owner)) if owner is not None else ""
    if issubclass(type(exc), ModuleNotFoundError) and module.isidentifier():
        imported = (name for name in list(sys.modules) if "." not in name)
        return closest(module, sorted(sys.stdlib_module_names)) or closest(module, imported)
    return ""


# Keys


def _for_key(exc: BaseException, frame: FrameType | None) -> str:
    """The closest key of the dicts in reach that lack it. Empty if two dicts disagree."""
    args = field(BaseException, "args", exc)
    if frame is None or len(args) != 1 or type(args[0]) is not str:
        return ""
    keys = {closest(args[0], list(mapping)) for mapping in _dicts(frame) if len(mapping) <= _CANDIDATES} - {""}
    return keys.pop() if len(keys) == 1 else ""


def _dicts(frame: FrameType) -> Iterator[dict[object, object]]:
    """The plain dicts that the frame's code can name: in variables, or in attributes of their values."""
    for value in islice(_named_values(frame), _CANDIDATES):
        if type(value) is dict:
            yield value
        elif not issubclass(type(value), ModuleType):
            within = islice(list(_instance_dict(value).values()), _CANDIDATES)
            yield from (item for item in within if type(item) is dict)


def _named_values(frame: FrameType) -> Iterator[Any]:
    local_values, global_values = _namespace(frame), _globals(frame)
    if _is_function(frame.f_code):
        yield from list(local_values.values())
    for name in frame.f_code.co_names:
        if name in local_values or name in global_values:
            yield local_values[name] if name in local_values else global_values[name]


# Keyword arguments


def _for_keyword(message: str, frame: FrameType | None) -> str:
    """Python 3.13 says this itself; before, the function is looked for among what the frame's code can name."""
    match = _KEYWORD.match(message)
    if match is None or frame is None:
        return ""
    for function in _functions(frame, match[1].rpartition(".")[2]):
        if function.__qualname__ == match[1]:
            code = function.__code__
            return closest(match[2], code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    return ""


def _functions(frame: FrameType, name: str) -> Iterator[FunctionType]:
    value: Any
    for value in islice(_named_values(frame), _CANDIDATES):
        owner = value if issubclass(type(value), type) else type(value)
        for candidate in (value, inspection.class_attribute(owner, name)):
            if type(candidate) is FunctionType:
                yield candidate
