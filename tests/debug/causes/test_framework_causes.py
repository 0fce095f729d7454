"""The sentence that says why, for what goes wrong between an application and its framework."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import flask
import jinja2
import pytest
from serving_support import ROOT
from starlette.datastructures import QueryParams

from debugkit.debug.causes.engine import cause
from debugkit.debug.tracebacks.capture import capture
from debugkit.debug.tracebacks.model import plain_frames
from debugkit.debug.values.describe import Describer

DJANGO = {
    "table": "The model shop.Order has no table yet: python manage.py migrate.",
    "table without migration": "The model fresh.Tea has no table yet, and fresh has no migration: "
    "python manage.py makemigrations fresh, then migrate.",
    "column": "The field name of shop.Customer has no column yet: python manage.py makemigrations shop, then migrate.",
    "twice": "There is a shop.Order with code='A1' already.",
    "secret twice": "",
    "null": "The field customer of shop.Order got no value.",
    "lookup": "There is no Order with pk=42 and code='B'.",
    "secret lookup": "There is no Order with secret_code=••••••",
    "lookup without fields": "",
    "many": "There is more than one Customer with name='Ann'.",
    "keyword": "There is no field cod; there is code.",
    "url": "There is no URL name 'order-detial' there; there is 'order-detail'.",
    "arguments": "The URL 'order-detail' takes pk.",
    "no arguments": "The URL 'order-list' takes no arguments.",
    "namespace": "There is no URL name 'baskt' there; there is 'basket'.",
    "no such url": "The URL names there are 'order-list' and 'order-detail'.",
    "template": "There is no template shop/indx.html; there is shop/index.html.",
    "no such template": "",
    "filter": "There is no filter uper; there is upper.",
    "tag": "There is no tag iff; there is if.",
    "tag of a library": "The tag static is in the library static: {% load static %}.",
    "variable": "The template has no usr; it has user.",
    "setting": "There is no setting SHOP_ADRESS; there is SHOP_ADDRESS.",
    "form": "A form has cleaned_data only after its is_valid() or its errors were asked for.",
    "query": "query has 'page' and 'size', no 'pagee'.",
    "refused": "",
}


@pytest.fixture(scope="module")
def djangos() -> dict[str, str]:
    program = ROOT / "tests" / "support" / "django_failures.py"
    run = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True)
    sentences: dict[str, str] = json.loads(run.stdout)
    return sentences


def test_every_mistake_with_django_has_its_sentence_and_no_query(djangos: dict[str, str]) -> None:
    assert djangos == DJANGO


class User:
    def __init__(self) -> None:
        self.name, self.email, self.boss = "Ann", "ann@shop.example", None


class Cart:
    def total(self) -> int:
        return 12


TEMPLATES = {
    "shop/index.html": "Hello {{ usr.name }}",
    "attribute.html": "<p>\n{{ user.nmae.upper() }}",
    "boss.html": "{{ user.boss.name.upper() }}",
    "key.html": "{% for item in items %}{{ item.nmae.x }}{% endfor %}",
    "silent.html": "{{ nothing.like.it }}",
    "secret.html": "{{ password.x.y }}",
    "filter.html": "{{ user|uper }}",
    "test.html": "{% if user is evn %}{% endif %}",
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> jinja2.Environment:
    folder = tmp_path_factory.mktemp("templates")
    for name, text in TEMPLATES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return jinja2.Environment(loader=jinja2.FileSystemLoader(folder))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shop/index.html", "The template has no usr; it has user."),
        ("attribute.html", "user, a User, has name, email and boss, no nmae."),
        ("boss.html", "user.boss is None."),
        ("key.html", "item has name and price, no nmae."),
        ("silent.html", ""),
        ("secret.html", ""),
        ("filter.html", "There is no filter uper; there is upper."),
        ("test.html", "There is no test evn; there is even."),
        ("shop/indx.html", "There is no template shop/indx.html; there is shop/index.html."),
        ("pay.html", ""),
    ],
)
def test_a_mistake_in_a_jinja_template_has_its_sentence(
    environment: jinja2.Environment, describer: Describer, name: str, expected: str
) -> None:
    names: dict[str, Any] = {"user": User(), "items": [{"name": "Tea", "price": 3}], "password": User()}
    with pytest.raises(jinja2.TemplateError) as raised:
        environment.get_template(name).render(names)

    assert cause(capture(raised.value).exception, {}, describer) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ 1 / line.price }}", "line.price is 0."),
        ("{{ cart.total() // line['price'] }}", "line['price'] is 0."),
        ("{{- (100 / line.price)|round(2) -}}", "line.price is 0."),
        ("{% if 100 % (\n 2 * line.count) == 0 %}{% endif %}{{ 1 / line.price }}", "line.price is 0."),
        ("{{ line.name + line.price }}", "line.name is 'Tea', a str; line.price is 0, an int."),
        ("{{ line.price < line.name }}", "line.price is 0, an int; line.name is 'Tea', a str."),
        ("{{ 1 + line.note }}", "1 is an int; line.note is None."),
        ("{% for part in line.price %}{{ loop.index }}{% endfor %}", "line.price is 0, an int."),
        ("{% for part in line.price %}{% endfor %}", "line.price is 0, an int."),
        ("{% for part in line.note %}{% endfor %}", "line.note is None."),
        ("{% for part in line.price recursive %}{{ loop(part) }}{% endfor %}", "line.price is 0, an int."),
        # What only the engine has a name for has none.
        ("{% for part in line.price|abs recursive %}{{ loop(part) }}{% endfor %}", ""),
        ("{{ line.name() }}", "line.name is 'Tea', a str."),
        # Which of them it was is not certain.
        ("{{ 1 / line.price + 1 / line.zero }}", ""),
        ("{{ 1 / line.price|default(0, true) }}", ""),
        ("{{ 1 / secret }}", ""),
    ],
)
def test_what_a_tag_does_to_its_values_has_its_sentence(describer: Describer, text: str, expected: str) -> None:
    line = {"name": "Tea", "price": 0, "zero": 0, "count": 3, "note": None}
    with pytest.raises((ZeroDivisionError, TypeError)) as raised:
        jinja2.Environment(loader=jinja2.DictLoader({"x": text})).get_template("x").render(
            line=line, cart=Cart(), secret=0
        )
    captured = capture(raised.value).exception
    hidden = {frame.index: {"secret": "..."} for frame in plain_frames(captured)}

    assert cause(captured, hidden, describer) == expected


def test_flask_looks_for_a_similar_template_too(environment: jinja2.Environment, describer: Describer) -> None:
    assert isinstance(environment.loader, jinja2.FileSystemLoader)
    app = flask.Flask(__name__, template_folder=str(Path(environment.loader.searchpath[0])))
    with app.app_context(), pytest.raises(jinja2.TemplateNotFound) as raised:
        flask.render_template("key.htm")

    sentence = cause(capture(raised.value).exception, {}, describer)
    assert sentence == "There is no template key.htm; there is key.html."


def test_a_parameter_of_starlettes_query_is_named(describer: Describer) -> None:
    query = QueryParams("page=1&size=2")
    with pytest.raises(KeyError) as raised:
        query["pagee"]

    assert cause(capture(raised.value).exception, {}, describer) == "query has 'page' and 'size', no 'pagee'."
