"""Hostile objects where something is typed: none of their code runs, and none of them breaks the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from debug.completion.conftest import Complete

RAN: list[str] = []


def running(name: str) -> Callable[..., Any]:
    def method(*args: Any, **named: Any) -> Any:
        RAN.append(name)
        raise AssertionError(name)

    return method


METHODS = (
    *("__repr__", "__str__", "__eq__", "__hash__", "__len__", "__bool__", "__iter__", "__contains__", "__getitem__"),
    *(
        "__getattribute__",
        "__getattr__",
        "__dir__",
        "__call__",
        "__lt__",
        "__index__",
        "__format__",
        "__instancecheck__",
    ),
)
ALL: dict[str, Any] = {name: running(name) for name in METHODS}


class Meta(type):
    __eq__ = __hash__ = __repr__ = __getattribute__ = __instancecheck__ = running("metaclass")  # type: ignore[assignment]
    __mro__ = __name__ = __module__ = __dict__ = property(running("field of the metaclass"))  # type: ignore[assignment]


class Descriptor:
    __get__ = __set__ = running("descriptor")


class Described:
    field = Descriptor()
    signature = property(running("property"))
    __signature__ = property(running("__signature__"))
    __class__ = property(running("__class__"))  # type: ignore[assignment]
    __dict__ = property(running("__dict__"))  # type: ignore[assignment]
    __doc__ = property(running("__doc__"))  # type: ignore[assignment]


class Text(str):
    __slots__ = ()
    __eq__ = __hash__ = lower = casefold = startswith = isidentifier = running("text")  # type: ignore[assignment]


class Key:
    """It has the hash of a name, and says so only once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._asked = False

    def __hash__(self) -> int:
        if self._asked:
            RAN.append("hash")
        self._asked = True
        return hash(self._name)

    __eq__ = running("eq")  # type: ignore[assignment]
    __repr__ = running("repr")


class Missing(dict[str, Any]):
    __missing__ = __getitem__ = keys = items = __iter__ = running("dict")  # type: ignore[assignment]


def callable_with_fields() -> Any:
    def function(first: int, second: Any = None) -> None: ...

    function.__defaults__ = (Described(),)
    function.__dict__["__signature__"] = Described()
    function.__dict__["__wrapped__"] = type("Any", (), dict(ALL))()
    return function


def instance_with_keys() -> Any:
    value = type("Plain", (), {})()
    vars(value)[Key("name")] = 1  # type: ignore[index]
    return value


OBJECTS: dict[str, Callable[[], Any]] = {
    "all methods": lambda: type("All", (), dict(ALL))(),
    "its class": lambda: type("All", (), dict(ALL)),
    "metaclass": lambda: Meta("Victim", (), {"name": 1})(),
    "its victim": lambda: Meta("Victim", (), {"name": 1}),
    "descriptors": Described,
    "a text": lambda: Text("text"),
    "a dict": lambda: Missing(name=1),
    "a function": callable_with_fields,
    "keys in an instance": instance_with_keys,
    "keys in a dict": lambda: {Key("name"): 1, "other": 2},
}
SOURCES = (
    *(
        "val",
        "value",
        "value.",
        "value.na",
        "value.name",
        "value['",
        "value['name']",
        "value[",
        "value(",
        "value.name(",
    ),
    *("value.field.", "value.get('", "value.get('name')", "value == value", "value + 1", "len(value)", "not value"),
    *("str(value)", "[value]", "{value}", "{value: 1}", "value in [value]", "'name' in value", "f'{value}'", "-value"),
    *(
        "value and 1",
        "1 if value else 2",
        "sorted([value])",
        "value is None",
        "isinstance(value, value)",
        "type(value).",
    ),
    *(
        "value[value]",
        "[1][value]",
        "value < 1",
        "max(value, 1)",
        "repr(value)",
        "value.__class__.",
        "value.__dict__['",
    ),
)


@pytest.mark.parametrize("name", OBJECTS)
def test_nothing_of_an_object_runs_while_somebody_types(complete: Complete, name: str) -> None:
    value = OBJECTS[name]()
    RAN.clear()

    for source in SOURCES:
        complete(source, value=value)
        assert RAN == [], source
    assert "value" in [item.name for item in complete("val", value=value).items]


def test_names_that_are_no_plain_texts_are_left_out(complete: Complete) -> None:
    names: dict[Any, Any] = {"plain": 1, 3: 2, ".0": 3, Key("x"): 4}
    RAN.clear()

    value = type("Plain", (), {})()
    vars(value).update(names)
    assert [item.name for item in complete("value.", value=value).items if item.name[:1] != "_"] == ["plain"]
    assert RAN == []


def test_an_object_that_ends_the_thread_ends_nothing_here(complete: Complete) -> None:
    class Exits:
        def __repr__(self) -> str:
            raise SystemExit

        def __getattr__(self, name: str) -> Any:
            raise SystemExit

    assert complete("value.", value=Exits()).items
    assert complete("value", value=Exits()).preview.text == "<Exits>"  # type: ignore[union-attr]
