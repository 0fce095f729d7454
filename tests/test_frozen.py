"""Values that never change: what ``dataclass(frozen=True, slots=True)`` would do, without what it costs to import."""

from __future__ import annotations

import ast
import copy
import pickle
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import pytest

import debugkit
from debugkit.frozen import frozen


@frozen
class Cup:
    tea: str
    sugar: int = 0
    secret: str = field(default="", repr=False)
    washed: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Model:
    tea: str
    sugar: int = 0
    secret: str = field(default="", repr=False)
    washed: bool = field(default=False, compare=False)


@frozen
class Empty: ...


@frozen
class Named:
    name: str

    def __repr__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        return True


@pytest.mark.parametrize("kind", [Cup, Model])
def test_a_value_is_compared_hashed_and_shown_by_its_fields(kind: type[Cup]) -> None:
    cup = kind("Assam", 2, "hunter2", washed=True)

    assert cup == kind("Assam", 2, "hunter2")
    assert hash(cup) == hash(kind("Assam", 2, "hunter2"))
    assert cup != kind("Assam", 3, "hunter2")
    assert cup != ("Assam", 2, "hunter2")
    assert repr(cup) == f"{kind.__name__}(tea='Assam', sugar=2, washed=True)"
    assert kind.__match_args__ == ("tea", "sugar", "secret", "washed")  # type: ignore[attr-defined]
    assert not hasattr(cup, "__dict__")


@pytest.mark.parametrize("kind", [Cup, Model])
def test_a_value_is_copied_as_a_dataclass_is(kind: type[Cup]) -> None:
    cup = kind("Assam", 2)

    assert [item.name for item in fields(cup)] == ["tea", "sugar", "secret", "washed"]
    assert replace(cup, sugar=3) == kind("Assam", 3)
    assert copy.deepcopy(cup) == pickle.loads(pickle.dumps(cup)) == cup


def test_values_of_different_classes_are_never_equal() -> None:
    assert Cup("Assam") != Model("Assam")
    assert Empty() == Empty() != Cup("Assam")
    assert hash(Empty()) == hash(Empty())


def test_a_value_that_holds_itself_is_shown() -> None:
    held: list[object] = []
    cup = Cup(held)  # type: ignore[arg-type]
    held.append(cup)

    assert repr(cup) == "Cup(tea=[...], sugar=0, washed=False)"


def test_what_a_class_defines_itself_counts() -> None:
    assert repr(Named("green")) == "green"
    assert Named("green") == Named("black")
    with pytest.raises(TypeError, match="unhashable"):
        hash(Named("green"))


def test_that_nobody_writes_into_a_value_is_seen_by_type_checkers() -> None:
    assert frozen.__dataclass_transform__["kwargs"] == {"frozen_default": True}  # type: ignore[attr-defined]


def test_no_class_costs_what_a_frozen_dataclass_costs() -> None:
    """But for settings and limits, which are public, and whose change must fail at once."""
    package = Path(debugkit.__file__).parent
    costly = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and {item.arg for item in node.keywords} == {"frozen", "slots"}
    }

    assert costly == {"settings.py", "serving/config.py"}
