"""Which look a class gets, and when its own code is asked: under guard, once, within its time."""

from __future__ import annotations

import threading

import pytest
from values_support import Color, Item, Plain, Shown

from debugkit.debug.redaction.redactor import REDACTED, Redactor
from debugkit.debug.safe.inspection import Guard
from debugkit.debug.values.describe import Describer
from debugkit.settings import Limits

LONG = 240.0


def test_a_repr_that_somebody_wrote_is_shown_and_attributes_are_its_children(describer):
    node = describer.describe(Shown("<shown>"))
    assert (node.text, node.kind, node.openable) == ("<shown>", "object", True)
    assert [child.label for child in describer.children(Shown("x")).items] == ["text"]


def test_a_repr_of_several_lines_becomes_one(describer):
    assert describer.describe(Shown("a\n   b\x1b[0m\ud800")).text == "a b\\x1b[0m\\ud800"


def test_a_useless_repr_is_replaced_by_the_attributes(describer):
    assert describer.describe(Shown("<app.Shown object at 0x7f00>")).text.startswith("<Shown text=")


def test_a_gigantic_repr_is_cut(describer):
    assert len(describer.describe(Shown("x" * 1_000_000)).text) == 200


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, RecursionError])
def test_a_repr_that_raises_is_an_error_of_its_value_only(describer, error):
    class Widget:
        def __init__(self):
            self.size = 1

        def __repr__(self):
            raise error("no")

    node = describer.describe([Widget(), 1])
    assert node.text == f"[<Widget: repr raised {error.__name__}: no>, 1]"
    node = describer.describe(Widget())
    assert (node.text, node.kind, node.openable) == (f"<Widget: repr raised {error.__name__}: no>", "error", True)


def test_a_repr_that_returns_no_text_is_an_error(describer):
    assert describer.describe(Shown(3)).kind == "error"


def test_a_repr_that_never_ends_costs_its_deadline_once_for_a_class():
    class Widget:
        def __init__(self, number):
            self.number = number

        def __repr__(self):
            while True:
                pass

    with Describer(Limits(), Redactor(environ={}), Guard(0.05, LONG)) as describer:
        node = describer.describe(Widget(1))
        assert (node.text, node.kind) == ("<Widget: repr took longer than 0.05 s>", "error")
        assert describer.describe(Widget(2)).text == "<Widget number=2>"
        assert describer.describe(Shown("still served")).text == "still served"


def test_when_the_time_is_used_up_attributes_are_shown():
    with Describer(Limits(), Redactor(environ={}), Guard(each=1, total=0)) as describer:
        assert describer.describe(Shown("never")).text == "<Shown text='never'>"


def test_foreign_code_is_asked_once_for_a_value(describer):
    calls = []

    class Counting:
        def __repr__(self):
            calls.append(1)
            return "counted"

    value = Counting()
    assert {describer.describe(value).text for _ in range(3)} == {"counted"}
    assert calls == [1]


def test_no_thread_is_started_for_values_without_foreign_code():
    before = set(threading.enumerate())
    with Describer(Limits(), Redactor(environ={})) as describer:
        for value in ({"a": [1, "x"]}, Plain(a=1), Item("tea"), KeyError("x"), Shown.__repr__, Color.RED):
            describer.describe(value)
            describer.children(value)
        assert set(threading.enumerate()) <= before


def test_a_text_class_with_its_own_repr_keeps_its_text(describer):
    class Hidden(str):
        __slots__ = ()

        def __repr__(self):
            return "<hidden>"

    node = describer.describe(Hidden("x" * 1_000))
    assert node.text == "<hidden>"
    assert "xxx" not in str(describer.children(Hidden("x" * 1_000)))


def test_a_text_class_without_one_is_shown_as_text(describer):
    class Name(str):
        __slots__ = ()

    assert describer.describe(Name("Ann")).text == "Name('Ann')"


def test_a_type_called_secret_hides_its_value(describer):
    class SecretStr:
        def __init__(self):
            self.value = "hunter2"

    class Secretary(SecretStr):
        pass

    class Password(SecretStr):
        pass

    assert describer.describe(SecretStr()).redacted
    assert describer.describe(Password()).redacted
    assert describer.describe([SecretStr()]).text == f"[{REDACTED}]"
    assert describer.children(SecretStr()).items == ()


def test_a_class_whose_name_only_begins_like_a_secret_is_shown(describer):
    class SecretaryForm:
        pass

    assert describer.describe(SecretaryForm()).text == "<SecretaryForm>"
