"""Values that never change, as ``dataclass(frozen=True, slots=True)`` has them, in a third of the time of an import.

That one compiles six methods for each class, and a program that shows errors has more than a hundred of them: a quarter
of the time that it takes to import debugkit. Here they share their methods, but for `__init__`, and that they never
change is for the type checker to see (PEP 681).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from reprlib import recursive_repr
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")

#: Where a class has the function that gives the values of an instance which are compared.
_VALUES = "__compared__"


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """A dataclass (PEP 557) with slots. What the class defines itself stays as it is."""
    cls.__doc__ = cls.__doc__ or cls.__name__  # `dataclass` would ask `inspect` for a signature
    for name, method in _METHODS.items():
        if name not in vars(cls):
            setattr(cls, name, method)
    made = dataclass(slots=True, eq=False, repr=False)(cls)
    setattr(made, _VALUES, _getter([item.name for item in fields(made) if item.compare]))  # type: ignore[arg-type]
    return made


def _getter(names: list[str]) -> Callable[[object], Any]:
    return attrgetter(*names) if names else lambda value: ()


def _equal(self: Any, other: object) -> Any:
    if type(self) is not type(other):
        return NotImplemented
    values = getattr(type(self), _VALUES)
    return values(self) == values(other)


def _hash(self: Any) -> int:
    return hash(getattr(type(self), _VALUES)(self))


@recursive_repr()
def _text(self: Any) -> str:
    shown = ((item.name, getattr(self, item.name)) for item in fields(self) if item.repr)
    return f"{self.__class__.__qualname__}({', '.join(f'{name}={value!r}' for name, value in shown)})"


_METHODS: dict[str, Callable[..., Any]] = {"__eq__": _equal, "__hash__": _hash, "__repr__": _text}
