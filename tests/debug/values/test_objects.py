"""Instances of the application's classes, shown without running their code, whatever they claim to be."""

from __future__ import annotations

import collections
import dataclasses
import enum
import pathlib
import sys
import types

import pytest

from debugkit.debug.redaction.redactor import REDACTED


class Color(enum.Enum):
    RED = 1


class Right(enum.Flag):
    READ = 1
    WRITE = 2


class Plain:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Slotted:
    __slots__ = ("_hidden", "price")

    def __init__(self):
        self._hidden, self.price = 1, 2


Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass
class Item:
    name: str
    price: object = None
    password: str = "hunter2"
    cache: dict = dataclasses.field(default_factory=dict, repr=False)


class OutOfStock(Exception):
    def __init__(self, name, left):
        super().__init__(name)
        self.left = left

    def __str__(self):
        raise RuntimeError("not to be called")

    __repr__ = __str__


def labels(children):
    return [child.label for child in children.items]


@pytest.mark.parametrize(
    ("value", "text", "kind", "name"),
    [
        (types.SimpleNamespace(a=1), "namespace(a=1)", "object", "types.SimpleNamespace"),
        (Color.RED, "<Color.RED: 1>", "constant", None),
        (Right.READ | Right.WRITE, "<Right.READ|WRITE: 3>", "constant", None),
        (KeyError("price"), "KeyError('price')", "object", "KeyError"),
        (OutOfStock("tea", 0), "OutOfStock('tea')", "object", None),
        (Point(1, 2), "Point(x=1, y=2)", "object", None),
        (Item("tea"), f"Item(name='tea', price=None, password={REDACTED})", "object", None),
        (Plain(), "<Plain>", "object", None),
        (Plain(_b=1, a="x"), "<Plain a='x', _b=1>", "object", None),
        (Slotted(), "<Slotted price=2, _hidden=1>", "object", None),
        (int, "<class 'int'>", "object", "type"),
        (collections.OrderedDict, "<class 'collections.OrderedDict'>", "object", "type"),
        (sys, "<module 'sys'>", "object", "module"),
    ],
)
def test_an_object_in_one_line(describer, value, text, kind, name):
    node = describer.describe(value)
    assert (node.text, node.kind) == (text, kind)
    assert name is None or node.type == name
    assert not node.redacted


def test_a_type_is_named_with_its_module(describer):
    assert describer.describe(Plain()).type == f"{__name__}.Plain"
    assert describer.describe(pathlib.Path()).type.startswith("pathlib.P")


def test_subclasses_of_containers_are_read_by_the_methods_of_their_base(describer):
    def hostile(*args):
        raise RuntimeError("not to be called")

    bases = {list: [1], tuple: (1,), set: {1}, dict: {"a": 1}, frozenset: {1}, collections.deque: [1]}
    hooks = dict.fromkeys(
        ["__iter__", "__len__", "__getitem__", "__repr__", "__bool__", "__contains__", "items"], hostile
    )
    for base, content in bases.items():
        value = base.__new__(type("Hostile", (base,), hooks), content)
        base.__init__(value, content) if base not in (tuple, frozenset) else None
        node = describer.describe(value)
        assert node.text.startswith("Hostile(")
        assert "1" in node.text
        assert describer.children(value).total == 1


def test_numbers_of_a_subclass_are_named_and_read_by_the_methods_of_their_base(describer):
    hooks = dict.fromkeys(["__repr__", "__str__", "__int__", "__float__", "bit_length"], lambda *args: 1 / 0)
    assert describer.describe(type("Cents", (int,), hooks)(250)).text == "Cents(250)"
    assert describer.describe(type("Euros", (float,), hooks)(2.5)).text == "Euros(2.5)"


def test_attributes_of_a_container_subclass_are_among_its_children(describer):
    class Basket(list):
        pass

    basket = Basket([1, 2])
    basket.owner = "Ann"
    assert describer.describe(basket).text == "Basket([1, 2])"
    children = describer.children(basket)
    assert [(child.label, child.node.text) for child in children.items] == [("0", "1"), ("1", "2"), ("owner", "'Ann'")]
    assert children.total == 3


def test_properties_and_getattr_do_not_run(describer):
    class Lazy:
        def __init__(self):
            self.__dict__["known"] = 1

        def __getattr__(self, name):
            raise RuntimeError("not to be called")

        @property
        def total(self):
            raise RuntimeError("not to be called")

    assert describer.describe(Lazy()).text == "<Lazy known=1>"
    assert [child.label for child in describer.children(Lazy()).items] == ["known"]


class Meta(type):
    def __getattribute__(cls, name):
        raise RuntimeError

    __hash__ = __eq__ = __instancecheck__ = __subclasscheck__ = __call__ = lambda *args: 1 / 0


class Hostile(metaclass=Meta):
    def __getattribute__(self, name):
        raise RuntimeError

    __class__ = property(lambda self: 1 / 0)
    __hash__ = __eq__ = __len__ = __bool__ = __iter__ = __getitem__ = __str__ = __format__ = lambda *args: 1 / 0


def test_an_object_that_lies_everywhere_is_shown(describer):
    value = object.__new__(Hostile)
    assert describer.describe(value).text == "<Hostile>"
    assert describer.describe([value, {"a": value}]).text == "[<Hostile>, {'a': <Hostile>}]"
    assert describer.describe(Hostile).text.endswith("Hostile'>")
    assert describer.children(value).items == ()


def test_a_class_and_a_module_open_into_their_names(describer):
    assert "total" in labels(describer.children(type("A", (), {"total": 1})))
    assert describer.children(types.ModuleType("m")).total > 0


def test_the_parts_of_an_object_are_its_fields_or_attributes(describer):
    assert labels(describer.children(Point(1, 2))) == ["x", "y"]
    assert labels(describer.children(Item("x"))) == ["name", "price", "password", "cache"]
    assert labels(describer.children(OutOfStock("tea", 0))) == ["0", "left"]
    assert labels(describer.children(Slotted())) == ["price", "_hidden"]
