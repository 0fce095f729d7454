"""The names of a frame and the attributes of an object, with their values, read where they are stored.

No property runs, no ``__dir__``, no ``__getattr__``, and no key is compared that has an ``__eq__`` of its own.
"""

from __future__ import annotations

import keyword
import types
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, Final

from debugkit.debug.completion.candidates import Candidate, Group, Kind
from debugkit.debug.safe.inspection import class_dict, instance_dict, mro, slots
from debugkit.debug.safe.lazy_imports import LAZY_IMPORTS
from debugkit.debug.safe.lookups import is_descriptor

#: Names of one dict that are looked at.
MOST_NAMES: Final = 20_000

_FUNCTIONS: Final = (
    types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.MethodDescriptorType,
    types.WrapperDescriptorType, types.MethodWrapperType, types.ClassMethodDescriptorType, partial,
)  # fmt: skip
#: What a namespace holds beside names.
_NO_NAMES: Final = frozenset(("__builtins__", "__annotations__"))

Names = dict[str, Any]


def names_of(namespace: Mapping[Any, Any]) -> Names:
    """The names in a dict and their values. Another thread may be changing it."""
    items: list[tuple[Any, Any]] = list(islice(dict.items(namespace), MOST_NAMES))  # type: ignore[arg-type]  # a dict
    return {name: value for name, value in items if type(name) is str and name not in _NO_NAMES}


def visible_names(scopes: Sequence[Mapping[Any, Any]]) -> tuple[Names, ...]:
    """The names that are looked up in each of ``scopes``: what an earlier one has hides those of the later ones."""
    hiding: Names = {}
    visible: list[Names] = []
    for scope in scopes:
        names = {name: value for name, value in names_of(scope).items() if name not in hiding}
        hiding.update(names)
        visible.append(names)
    return tuple(visible)


def name_groups(names: Sequence[Names]) -> list[Group]:
    """Names, those of nearer scopes first, and Python's keywords."""
    groups = [Group([item for item in scope.items() if item[0].isidentifier()], _named) for scope in names]
    return [*groups, Group([(word, None) for word in keyword.kwlist], _keyword)]


def kind_of(value: Any) -> Kind:
    """What a value is called in a list: by what can be done with it."""
    cls = type(value)
    if issubclass(cls, type):
        return "class"
    if issubclass(cls, types.ModuleType) or any(cls is lazy for lazy in LAZY_IMPORTS):
        return "module"
    return "function" if any(cls is function for function in _FUNCTIONS) else "variable"


def _named(name: str, value: Any) -> Candidate:
    return Candidate(name, kind_of(value), name, value)


def _keyword(word: str, _: object) -> Candidate:
    return Candidate(word, "keyword", word)


# Attributes


def attribute_groups(owner: Any) -> list[Group]:
    """The attributes that are stored: those of the object, then those of its class and what that inherits from."""
    if issubclass(type(owner), type):
        members = _members(owner, bound=False)
        return [_group(members, _attribute), _group(_members(type(owner), bound=True), _attribute, members)]
    own = _own(owner)
    return [_group(own, _stored), _group(_members(type(owner), bound=True), _attribute, own)]


def _group(names: Names, make: Any, hiding: Names | None = None) -> Group:
    return Group([item for item in names.items() if item[0].isidentifier() and item[0] not in (hiding or ())], make)


def _own(owner: Any) -> Names:
    namespace = instance_dict(owner)
    return {**slots(owner), **(names_of(namespace) if namespace is not None else {})}


def _members(cls: type, *, bound: bool) -> Names:
    """What a class and those it inherits from define, each with whether it is ``bound`` to the object."""
    members: Names = {}
    for base in mro(cls):
        for name, member in list(islice(class_dict(base).items(), MOST_NAMES)):
            if type(name) is str:
                members.setdefault(name, (member, bound))
    return members


def _stored(name: str, value: Any) -> Candidate:
    kind = kind_of(value)
    return Candidate(name, "attribute" if kind == "variable" else kind, name, value)


def _attribute(name: str, part: tuple[Any, bool]) -> Candidate:
    """What a class defines, as an attribute of its instances or of itself."""
    member, bound = part
    cls = type(member)
    if cls is staticmethod or cls is classmethod:
        function = cls.__dict__["__func__"].__get__(member)
        return Candidate(name, "function", name, function, bound=cls is classmethod)
    if any(cls is function for function in _FUNCTIONS):
        return Candidate(name, "function", name, member, bound)
    if cls is property:
        return Candidate(name, "property", name, member)
    return Candidate(name, "attribute", name) if is_descriptor(member) else _stored(name, member)


def member(owner: Any, name: str) -> Candidate | None:
    """One attribute of an object, as it would be shown."""
    for group in attribute_groups(owner):
        for text, part in group.texts:
            if text == name:
                return group.make(text, part)
    return None
