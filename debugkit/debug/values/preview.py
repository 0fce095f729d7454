"""What there is to show of a value: a shape with its parts, and how the simple ones are made.

Which type has which shape is not known here, nor how a line is filled from one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, NamedTuple

#: Characters of a line that a library or a class made, before it is cut to the room there is.
MOST_LINE: Final = 10_000


class Part(NamedTuple):
    """One part of a value. ``style`` says how its key is shown.

    ``item``: not at all. ``pair``: as ``key: value``, described like a value. ``field``: as ``key=value``, a name.
    ``value``: among the children only. ``text``: the value is a piece of a long string, ready to be shown.
    """

    style: str
    key: object
    value: object


#: The parts from one number to another (excluded).
Parts = Callable[[int, int], Iterable[Part]]


def no_parts(start: int, stop: int) -> Iterable[Part]:
    return ()


@dataclass(frozen=True, slots=True)
class Shape:
    """How a value is shown: a line of its own, or its parts between ``head`` and ``tail``.

    ``lined`` of the ``total`` parts stand in the line; all can be opened. ``guarded``: ``parts`` runs library code.
    """

    kind: str = "object"
    line: Callable[[int], str] | None = None  # the text, for a number of characters
    head: str = ""
    tail: str = ""
    parts: Parts = no_parts
    total: int = 0
    lined: int | None = None
    guarded: bool = False


#: How a value is looked at.
Look = Callable[[Any], Shape]


@dataclass(frozen=True, slots=True)
class Note:
    """Stands for a value that is not there, and says why."""

    text: str


@dataclass(frozen=True, slots=True)
class ClassPart:
    """Stands for what a class defines, among the parts of its instances."""

    label: str
    names: Mapping[str, object]


# Shapes


def cut(text: str, budget: int) -> str:
    """``text`` in at most ``budget`` characters."""
    return text if len(text) <= budget else text[: max(budget - 1, 0)] + "…"


def atom(kind: str, text: str) -> Shape:
    """A line of its own, and nothing to open."""
    return Shape(kind, line=lambda budget: cut(text, budget))


def said(text: str, names: Mapping[str, object] | None = None) -> Shape:
    """A line given in full, with attributes to open."""
    return Shape(line=lambda budget: text, parts=fields(names or {}), total=len(names or {}))


def record(name: str, names: Mapping[str, object], *, call: bool = False, lined: int | None = None) -> Shape:
    """``<name field=value, ...>``, or ``name(field=value, ...)``, as the class would be called."""
    head, tail = (f"{name}(", ")") if call else (f"<{name} " if names and lined != 0 else f"<{name}", ">")
    return Shape(head=head, tail=tail, parts=fields(names), total=len(names), lined=lined)


# Parts


def fields(names: Mapping[str, object]) -> Parts:
    """The parts of a value with named fields."""

    def parts(start: int, stop: int) -> Iterator[Part]:
        return (Part("field", name, value) for name, value in islice(names.items(), start, stop))

    return parts


def sliced(read: Callable[[int, int], Iterable[object]]) -> Parts:
    """The parts of a sequence, of which ``read`` gives those from one number to another (excluded)."""

    def parts(start: int, stop: int) -> Iterator[Part]:
        return (Part("item", start + number, item) for number, item in enumerate(read(start, stop)))

    return parts


def items_of_list(found: list[Any]) -> Parts:
    """The parts of a list; a subclass's own ``__getitem__`` and ``__iter__`` are not asked."""
    return sliced(lambda start, stop: list.__getitem__(found, slice(start, stop)))


def given(found: list[Part]) -> Parts:
    return lambda start, stop: found[start:stop]


def one(value: object) -> Parts:
    return given([Part("item", "value", value)])


def few(found: tuple[object, ...]) -> Parts:
    return given([Part("item", number, item) for number, item in enumerate(found)])
