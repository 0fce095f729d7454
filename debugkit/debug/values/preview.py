"""What there is to show of a value: a preview with its properties, and how the simple ones are made.

Which type has which preview is not known here, nor how a line is filled from one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, Literal, NamedTuple

from debugkit.frozen import frozen

#: Characters of a line that a library or a class made, before it is cut to the room there is.
MOST_LINE: Final = 10_000


Style = Literal["item", "pair", "field", "value", "text"]
Kind = Literal["object", "container", "string", "number", "constant", "error"]


class Property(NamedTuple):
    """A property of a value. ``style`` says how its key is shown.

    ``item``: not at all. ``pair``: as ``key: value``, described like a value. ``field``: as ``key=value``, a name.
    ``value``: among the children only. ``text``: the value is a piece of a long string, ready to be shown.
    """

    style: Style
    key: object
    value: object


#: The properties from one number to another (excluded).
Properties = Callable[[int, int], Iterable[Property]]


def no_properties(start: int, stop: int) -> Iterable[Property]:
    return ()


class Preview(NamedTuple):
    """How a value is shown: a line of its own, or its properties between ``head`` and ``tail``.

    ``lined`` of the ``total`` properties are in the line; all can be opened. ``guarded``: ``properties``
    runs library code.
    """

    kind: Kind = "object"
    line: Callable[[int], str] | None = None  # the text, for a number of characters
    head: str = ""
    tail: str = ""
    properties: Properties = no_properties
    total: int = 0
    lined: int | None = None
    guarded: bool = False


#: Makes the preview of a value.
Previewer = Callable[[Any], Preview]


@frozen
class Note:
    """Stands for a value that is not there, and says why."""

    text: str


@frozen
class ClassProperties:
    """Stands for what a class defines, among the properties of its instances."""

    label: str
    names: Mapping[str, object]


# Previews


def cut(text: str, budget: int) -> str:
    """``text`` in at most ``budget`` characters."""
    return text if len(text) <= budget else text[: max(budget - 1, 0)] + "…"


def line_preview(kind: Kind, text: str) -> Preview:
    """A line of its own, and nothing to open."""
    return Preview(kind, line=lambda budget: cut(text, budget))


def text_preview(text: str, names: Mapping[str, object] | None = None) -> Preview:
    """A line given in full, with attributes to open."""
    return Preview(line=lambda budget: text, properties=fields(names or {}), total=len(names or {}))


def fields_preview(name: str, names: Mapping[str, object], *, call: bool = False, lined: int | None = None) -> Preview:
    """``<name field=value, ...>``, or ``name(field=value, ...)``, as the class would be called."""
    head, tail = (f"{name}(", ")") if call else (f"<{name} " if names and lined != 0 else f"<{name}", ">")
    return Preview(head=head, tail=tail, properties=fields(names), total=len(names), lined=lined)


# Properties


def fields(names: Mapping[str, object]) -> Properties:
    """The properties of a value with named fields."""

    def properties(start: int, stop: int) -> Iterator[Property]:
        return (Property("field", name, value) for name, value in islice(names.items(), start, stop))

    return properties


def sequence_items(read: Callable[[int, int], Iterable[object]]) -> Properties:
    """The properties of a sequence, of which ``read`` gives those from one number to another (excluded)."""

    def properties(start: int, stop: int) -> Iterator[Property]:
        return (Property("item", start + number, item) for number, item in enumerate(read(start, stop)))

    return properties


def list_items(items: list[Any]) -> Properties:
    """The properties of a list; a subclass's own ``__getitem__`` and ``__iter__`` are not asked."""
    return sequence_items(lambda start, stop: list.__getitem__(items, slice(start, stop)))


def listed(properties: list[Property]) -> Properties:
    return lambda start, stop: properties[start:stop]


def single_item(value: object) -> Properties:
    return listed([Property("item", "value", value)])


def tuple_items(items: tuple[object, ...]) -> Properties:
    return listed([Property("item", number, item) for number, item in enumerate(items)])
