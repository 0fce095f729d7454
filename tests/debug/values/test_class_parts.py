"""What the class of an object defines is among its children, told apart from what is the object's own."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import Any

import pytest

from debugkit.debug.console.console import Console, Result
from debugkit.debug.redaction.redactor import REDACTED, Redactor
from debugkit.debug.values.describe import Describer
from debugkit.settings import Limits


class Model:
    pass


class View:
    template_name = "none.html"
    http_method_names = ("get", "post")
    api_key = "k-123"

    def get(self) -> None:
        raise AssertionError("was called")

    @property
    def queryset(self) -> None:
        raise AssertionError("was asked")


class TeaView(View):
    template_name = "tea.html"
    model = Model
    __slots__ = ("request",)

    def __init__(self) -> None:
        self.request = "GET /tea"


class Shown(TeaView):
    def __repr__(self) -> str:
        return "the view of teas"


def opened(describer: Describer, value: object) -> dict[str, str]:
    return {child.label: child.node.text for child in describer.children(value).items}


@pytest.mark.parametrize("kind", [TeaView, Shown])
def test_what_the_classes_define_is_grouped_by_class(describer: Describer, kind: type) -> None:
    assert opened(describer, kind()) == {
        "request": "'GET /tea'",
        "from class TeaView": f"(template_name='tea.html', model=<class '{__name__}.Model'>)",
        "from class View": f"(template_name='none.html', http_method_names=('get', 'post'), api_key={REDACTED})",
    }


def test_a_group_opens(describer: Describer) -> None:
    group = next(child for child in describer.children(TeaView()).items if child.label == "from class View")
    assert group.node.openable
    assert opened(describer, group.value) == {
        "template_name": "'none.html'",
        "http_method_names": "('get', 'post')",
        "api_key": REDACTED,
    }


def test_the_line_of_an_object_is_its_own(describer: Describer) -> None:
    assert describer.describe(TeaView()).text == "<TeaView request='GET /tea'>"
    assert describer.describe(Shown()).text == "the view of teas"


def test_an_object_without_attributes_opens_when_its_class_has_some(describer: Describer) -> None:
    node = describer.describe(View())
    assert (node.text, node.openable) == ("<View>", True)
    assert not describer.describe(Model()).openable


def test_an_exception_shows_what_its_class_says(describer: Describer) -> None:
    class OutOfStock(Exception):
        status_code = 409

    assert describer.describe(OutOfStock("tea")).text == "OutOfStock('tea')"
    assert opened(describer, OutOfStock("tea"))["from class OutOfStock"] == "(status_code=409)"


def test_the_defaults_of_a_data_class_are_not_told_twice(describer: Describer) -> None:
    @dataclasses.dataclass
    class Cup:
        size: int = 2
        shape = "round"

    assert opened(describer, Cup()) == {"size": "2", "from class Cup": "(shape='round')"}


def test_the_group_comes_after_the_last_attribute_also_on_a_later_page() -> None:
    class Many:
        kind = "many"

        def __init__(self) -> None:
            self.__dict__.update({f"name{number}": number for number in range(5)})

    with Describer(Limits(), Redactor(environ={})) as describer:
        first = describer.children(Many(), most=3)
        second = describer.children(Many(), "", 3, most=3)
    assert (first.total, first.next_offset, second.next_offset) == (6, 3, None)
    assert [child.label for child in second.items] == ["name3", "name4", "from class Many"]


class Hostile(type):
    def __getattribute__(cls, name: str) -> Any:
        raise AssertionError("was asked")

    def __eq__(cls, other: object) -> bool:
        raise AssertionError("was compared")

    def __hash__(cls) -> int:
        raise AssertionError("was hashed")


def test_a_hostile_class_is_read_without_asking_it(describer: Describer) -> None:
    class Value(metaclass=Hostile):
        kind = "hostile"
        inner = Hostile("Inner", (), {})()

    assert opened(describer, type.__call__(Value))["from class Value"]


def test_dump_in_the_console_opens_to_it_too(describer: Describer) -> None:
    console = Console(None, names={"view": TeaView()})
    (result,) = [event for event in console.evaluate("dump(view)") if isinstance(event, Result)]
    console.close()
    assert "from class TeaView" in opened(describer, result.value)


DJANGO = """
import django
from django.conf import settings
settings.configure()
django.setup()
from django.views.generic import TemplateView
from debugkit.debug.redaction.redactor import Redactor
from debugkit.debug.values.describe import Describer
from debugkit.settings import Limits

class Teas(TemplateView):
    template_name = "teas.html"

with Describer(Limits(), Redactor(environ={})) as describer:
    for child in describer.children(Teas(extra_context={"a": 1})).items:
        print(child.label, child.node.text)
"""


def test_a_class_based_view_of_django_shows_its_template() -> None:
    found = subprocess.run([sys.executable, "-c", DJANGO], capture_output=True, text=True, check=True).stdout
    assert "from class Teas (template_name='teas.html')" in found
    assert found.index("extra_context {'a': 1}") < found.index("from class Teas")
