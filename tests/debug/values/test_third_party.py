"""Objects of well-known libraries are shown by what a person wants to know, and never evaluated."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import types

import django.conf
import numpy as np
import pandas as pd
import pytest
import sqlalchemy
import sqlalchemy.orm
from flask import Flask, g, request, session
from werkzeug.datastructures import Headers, MultiDict
from werkzeug.local import LocalProxy
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from debugkit.debug.redaction.redactor import REDACTED, Redactor
from debugkit.debug.safe.inspection import Guard
from debugkit.debug.values.describe import Describer
from debugkit.settings import Limits


def texts(children):
    return {child.label: child.node.text for child in children.items}


def test_no_library_is_imported():
    code = (
        "import sys; import debugkit.debug.values.describe;"
        "print({'numpy', 'pandas', 'django', 'sqlalchemy', 'werkzeug', 'flask', 'attr'} & {*sys.modules})"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


# numpy and pandas


def test_an_array_shows_its_shape_type_and_first_values(describer):
    array = np.arange(1_000_000)
    node = describer.describe(array)
    assert node.text == "ndarray(1,000,000 int64: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …)"
    assert (node.type, node.kind, node.openable) == ("numpy.ndarray", "container", True)
    page = describer.children(array, "", 999_990)
    assert [(child.label, child.node.kind) for child in page.items][-1] == ("999999", "number")
    assert page.next_offset is None


def test_a_matrix_opens_into_its_rows(describer):
    matrix = np.zeros((3, 2))
    assert describer.describe(matrix).text == "ndarray(3 × 2 float64: 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)"
    assert texts(describer.children(matrix))["2"] == "ndarray(2 float64: 0.0, 0.0)"


@pytest.mark.parametrize(
    "array", [np.array(3), np.array([]), np.array(["a"]), np.array([object()]), np.zeros((2, 0, 3))]
)
def test_odd_arrays_are_shown(describer, array):
    assert describer.describe(array).text.startswith("ndarray(")
    describer.children(array)


def test_numpy_scalars_are_numbers(describer):
    assert describer.describe(np.float64(1.5)).kind == "number"
    assert "1.5" in describer.describe(np.float64(1.5)).text
    assert "7" in describer.describe(np.int8(7)).text


def test_a_frame_shows_its_columns_and_opens_into_rows(describer):
    frame = pd.DataFrame({"name": ["Tea", "Milk"], "price": [1.5, None], "password": ["hunter2", "x"]})
    node = describer.describe(frame)
    assert node.text.startswith("<DataFrame 2 rows × 3 columns: name ")
    assert "price float64" in node.text
    assert texts(describer.children(frame))["0"] == f"{{'name': 'Tea', 'price': 1.5, 'password': {REDACTED}}}"


def test_a_large_frame_is_paged(describer):
    frame = pd.DataFrame({"n": range(100_000)})
    page = describer.children(frame, "", 99_990)
    assert (len(page.items), page.next_offset, page.total) == (10, None, 100_000)


def test_series_and_indexes_show_their_first_values(describer):
    series = pd.Series([1, 2], index=["a", "b"], name="price")
    assert describer.describe(series).text == "<Series 'price' int64, 2 rows: 'a': 1, 'b': 2>"
    assert texts(describer.children(series)) == {"'a'": "1", "'b'": "2"}
    assert describer.describe(pd.Index([1, 2])).text == "Index([1, 2])"


# Django


@pytest.fixture(scope="module")
def tea_model():
    if not django.conf.settings.configured:
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
        django.conf.settings.configure(DATABASES={"default": database}, INSTALLED_APPS=[], USE_I18N=False)
        django.setup()
    from django.db import models

    class Tea(models.Model):
        name = models.CharField(max_length=10)
        password = models.CharField(max_length=10)

        class Meta:
            app_label = "shop"

        def __str__(self):
            return self.name

    return Tea


@pytest.fixture(scope="module")
def strange_models():
    """Models whose text is not to be had."""
    from django.db import connection, models

    class Named(models.Model):
        name = models.CharField(max_length=10)
        token = models.CharField(max_length=10)

        class Meta:
            abstract = True

    class Asking(Named):
        class Meta:
            app_label = "shop"

        def __str__(self):
            connection.ensure_connection()
            return "asked the database"

    class Raising(Named):
        class Meta:
            app_label = "shop"

        def __str__(self):
            raise RuntimeError("no text")

    class Slow(Named):
        class Meta:
            app_label = "shop"

        def __str__(self):
            while True:
                pass

    class Telling(Named):
        class Meta:
            app_label = "shop"

        def __str__(self):
            return f"{self.name}: {self.token}"

    class Silent(Named):
        class Meta:
            app_label = "shop"

    return {model.__name__: model for model in (Asking, Raising, Slow, Telling, Silent)}


def test_a_model_shows_what_it_is_called_and_its_loaded_fields(describer, tea_model):
    tea = tea_model(id=3, name="Earl Grey", password="hunter2")
    assert describer.describe(tea).text == f"<Tea “Earl Grey” id=3, name='Earl Grey', password={REDACTED}>"
    assert texts(describer.children(tea)) == {"id": "3", "name": "'Earl Grey'", "password": REDACTED}


def test_a_long_text_of_a_model_is_shortened(describer, tea_model):
    text = describer.describe(tea_model(id=3, name="x" * 200 + "\n")).text
    assert text.startswith("<Tea “" + "x" * 59 + "…” id=3")


@pytest.mark.parametrize("kind", ["Asking", "Raising", "Slow", "Telling", "Silent"])
def test_a_model_without_a_text_of_its_own_or_one_that_may_not_be_had_shows_its_fields(strange_models, kind):
    # Asking the database, raising, taking too long, telling a secret.
    with Describer(Limits(), Redactor(environ={}), Guard(0.05, 10)) as describer:
        text = describer.describe(strange_models[kind](id=3, name="Assam", token="abc123")).text
    assert text == f"<{kind} id=3, name='Assam', token={REDACTED}>"


def test_looking_at_models_leaves_the_connections_of_this_thread_alone(describer, tea_model):
    from django.db import connections

    before = connections["default"]
    describer.describe(tea_model(id=3, name="Assam"))
    assert connections["default"] is before


def test_a_queryset_is_not_evaluated(describer, tea_model):
    # There is no database: evaluating would raise.
    queryset = tea_model.objects.filter(name="x")
    node = describer.describe(queryset)
    assert (node.text, node.openable) == ("<QuerySet of Tea, not evaluated>", False)
    assert queryset._result_cache is None


def test_a_queryset_that_was_evaluated_shows_what_it_holds(describer, tea_model):
    queryset = tea_model.objects.all()
    queryset._result_cache = [tea_model(id=1, name="Assam")]
    assert describer.describe(queryset).text.startswith("<QuerySet of Tea, 1 loaded: [<Tea “Assam” id=1")
    assert list(texts(describer.children(queryset))) == ["0"]


def test_lazy_objects_stay_lazy(describer):
    from django.utils.functional import SimpleLazyObject, lazystr
    from django.utils.translation import gettext_lazy

    def load():
        raise RuntimeError("not to be called")

    lazy = SimpleLazyObject(load)
    assert describer.describe(lazy).text == "<SimpleLazyObject, not evaluated>"
    describer.children(lazy)
    assert describer.describe(gettext_lazy("Hello")).text == "<lazy text, not evaluated: 'Hello'>"
    assert describer.describe(lazystr("Hello")).text == "<lazy text, not evaluated: 'Hello'>"
    used = SimpleLazyObject(lambda: [1])
    len(used)
    assert describer.describe(used).text == "<SimpleLazyObject: [1]>"


def test_a_django_request_shows_method_and_path(describer):
    from django.http import HttpRequest

    found = HttpRequest()
    found.method, found.path = "GET", "/shop?token=hunter2"
    assert describer.describe(found).text == f"<HttpRequest GET /shop?token={REDACTED}>"


# Werkzeug and Flask


def test_a_request_shows_method_path_and_query(describer):
    found = Request(EnvironBuilder("/cart?x=1&token=hunter2", method="POST").get_environ())
    assert describer.describe(found).text == f"<Request POST /cart?x=1&token={REDACTED}>"
    assert describer.describe(found).openable


def test_multi_dicts_and_headers_show_what_they_hold(describer):
    assert describer.describe(MultiDict([("a", "1"), ("a", "2")])).text == "MultiDict({'a': ['1', '2']})"
    headers = Headers([("Host", "x"), ("Authorization", "hunter2")])
    assert describer.describe(headers).text == f"Headers({{'Host': 'x', 'Authorization': {REDACTED}}})"
    assert texts(describer.children(headers)) == {"'Host'": "'x'", "'Authorization'": REDACTED}


def test_proxies_show_what_they_stand_for_in_this_context(describer):
    app = Flask(__name__)
    app.secret_key = "hunter2-hunter2"
    with app.test_request_context("/cart?x=1"):
        g.user = "Ann"
        session["basket"] = 3
        assert describer.describe(request).text == "<LocalProxy: <Request GET /cart?x=1>>"
        assert "basket" in describer.describe(session).text
        assert texts(describer.children(request))["value"] == "<Request GET /cart?x=1>"
        assert "hunter2" not in describer.describe(app).text + str(texts(describer.children(app)))


def test_a_proxy_outside_of_its_context_says_so(describer):
    assert describer.describe(request).text == "<LocalProxy, not bound here>"


def test_a_proxy_that_hangs_costs_its_deadline():
    def hang():
        while True:
            pass

    with Describer(Limits(), Redactor(environ={}), Guard(0.05, 1)) as describer:
        assert describer.describe(LocalProxy(hang)).text.startswith("<LocalProxy")


# SQLAlchemy


class Base(sqlalchemy.orm.DeclarativeBase):
    pass


class Tea(Base):
    __tablename__ = "tea"
    id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
    name = sqlalchemy.Column(sqlalchemy.String)

    def __repr__(self):
        raise RuntimeError("not to be called: it would load")


@pytest.fixture
def database():
    engine = sqlalchemy.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with sqlalchemy.orm.Session(engine) as opened:
        yield opened
    engine.dispose()


def test_an_instance_shows_what_is_loaded_and_loads_nothing(describer, database):
    tea = Tea(id=1, name="Assam")
    assert describer.describe(tea).text == "<Tea id=1, name='Assam'>"
    database.add(tea)
    database.commit()
    assert describer.describe(tea).text == "<Tea id=expired, not loaded, name=expired, not loaded>"
    assert "name" not in tea.__dict__


def test_queries_show_their_sql_and_do_not_run(describer, database):
    for statement in (database.query(Tea.name), sqlalchemy.select(Tea.name), sqlalchemy.delete(Tea)):
        text = describer.describe(statement).text
        assert ", not run: " in text
        assert " tea" in text


def test_a_session_says_what_is_pending(describer, database):
    assert describer.describe(database).text == "<Session>"
    database.add(Tea(id=2))
    assert describer.describe(database).text == "<Session: 1 new>"


def test_a_database_url_does_not_show_its_password(describer):
    url = sqlalchemy.URL.create("postgresql", "shop", "hunter2", "db.local", database="shop")
    assert "db.local" in describer.describe(url).text
    assert "hunter2" not in describer.describe(url).text + str(texts(describer.children(url)))


# SQLite of the standard library


def test_rows_of_sqlite_show_their_columns(describer):
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    row = connection.execute("select 1 as id, 'hunter2' as password").fetchone()
    assert describer.describe(row).text == f"sqlite3.Row({{'id': 1, 'password': {REDACTED}}})"
    assert describer.describe(connection).text == "<Connection>"
    connection.close()


# Libraries that need not be installed: their classes are known by name


def stand_in(module, qualname, **namespace):
    """A class that is called like one of a library."""
    return type(qualname, (), namespace | {"__module__": module})


def test_a_pydantic_model_is_shown_by_its_fields(describer):
    model = type("Login", (stand_in("pydantic.main", "BaseModel"),), {})()
    model.__dict__.update(user="Ann", password="hunter2")
    assert describer.describe(model).text == f"Login(user='Ann', password={REDACTED})"


def test_an_attrs_instance_is_shown_by_its_fields(describer):
    field = types.SimpleNamespace(name="user")
    cls = type("Login", (), {"__attrs_attrs__": (field,), "__slots__": ("user",), "__repr__": lambda self: 1 / 0})
    login = cls()
    login.user = "Ann"
    assert describer.describe(login).text == "Login(user='Ann')"


def test_a_tensor_is_shown_by_its_shape(describer):
    tensor = stand_in("torch", "Tensor", shape=(2, 3), dtype="torch.float32", device="cpu")()
    assert describer.describe(tensor).text == "<Tensor (2, 3) torch.float32 on cpu>"


def test_another_version_of_a_library_falls_back_to_what_every_object_shows(describer):
    for module, name in [
        ("pandas", "DataFrame"),
        ("numpy", "ndarray"),
        ("django.db.models.query", "QuerySet"),
        ("werkzeug.datastructures.headers", "Headers"),
        ("sqlalchemy.orm.session", "Session"),
        ("sqlite3", "Row"),
        ("torch", "Tensor"),
        ("werkzeug.local", "LocalProxy"),
    ]:
        value = stand_in(module, name)()
        value.price = 3
        node = describer.describe(value)
        assert node.text.startswith(f"<{name}")
        assert node.kind in ("object", "container")
        describer.children(value)
