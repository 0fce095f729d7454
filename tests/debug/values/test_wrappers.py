"""Objects that hold others are shown by their parts: nothing is called, and no database hears of it."""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import functools
import inspect
import logging

import django.conf
import jinja2
import pytest
import sqlalchemy
import sqlalchemy.orm
from client import CHROME, Client

from debugkit.debug.redaction.redactor import REDACTED
from debugkit.debug.wsgi import DebuggedApplication

MOUNT = "/__debugkit__"


class Untold:
    """Its ``__repr__`` is not to be called: the object is a part, and parts are looked at one by one."""

    def __repr__(self):
        raise AssertionError("was asked")


def texts(children):
    return {child.label: child.node.text for child in children.items}


def pour(cup, *, milk=False):
    return cup, milk


# The standard library


def test_a_partial_shows_its_function_and_arguments(describer):
    partial = functools.partial(pour, 1, milk=[2], password="hunter2")
    text = describer.describe(partial).text
    assert text.startswith("functools.partial(<function ")
    assert text.endswith(f", 1, milk=[2], password={REDACTED})")
    assert list(texts(describer.children(partial))) == ["func", "0", "milk", "password"]


def test_a_partial_has_attributes_too(describer):
    partial = functools.partial(pour)
    partial.name, partial.func_name = "tea", 1
    assert list(texts(describer.children(partial))) == ["func", "name", "func_name"]
    assert "tea" not in describer.describe(partial).text


def test_a_partial_that_holds_itself_is_shown(describer):
    partial = functools.partial(pour)
    partial.__setstate__((pour, (partial,), {}, {}))
    assert "<cycle: partial>" in describer.describe(partial).text


@pytest.mark.parametrize(
    ("value", "text", "labels"),
    [
        (functools.partialmethod(len, 1), "functools.partialmethod(<built-in function len>, 1)", ["func", "0"]),
        (
            collections.UserDict(a=1, password="x"),
            f"UserDict({{'a': 1, 'password': {REDACTED}}})",
            ["'a'", "'password'"],
        ),
        (collections.UserList([1, "b"]), "UserList([1, 'b'])", ["0", "1"]),
        (collections.UserString("tea"), "UserString('tea')", ["value"]),
        (collections.ChainMap({"a": 1}, {"b": 2}), "ChainMap({'a': 1}, {'b': 2})", ["0", "1"]),
        (
            inspect.signature(pour).bind("green", milk=True),
            "<BoundArguments (cup='green', milk=True)>",
            ["cup", "milk"],
        ),
    ],
)
def test_containers_of_the_standard_library_show_what_they_hold(describer, value, text, labels):
    assert describer.describe(value).text == text
    assert list(texts(describer.children(value))) == labels


def test_a_user_container_may_hold_anything(describer):
    held = collections.UserDict()
    held.data = collections.OrderedDict(a=1)
    assert describer.describe(held).text == "UserDict(OrderedDict({'a': 1}))"
    del held.data
    assert describer.describe(held).kind == "error"


@pytest.mark.parametrize("make", [concurrent.futures.Future, lambda: asyncio.Future(loop=LOOP)])
def test_a_future_shows_its_state_and_outcome(describer, make):
    waiting, done, failed = make(), make(), make()
    done.set_result({"tea": 1})
    failed.set_exception(LookupError("no tea"))
    assert describer.describe(waiting).text == "<Future pending>"
    assert describer.describe(done).text == "<Future finished result={'tea': 1}>"
    assert describer.describe(failed).text == "<Future finished exception=LookupError('no tea')>"
    assert texts(describer.children(done))["result"] == "{'tea': 1}"
    failed.exception()


def test_that_an_exception_was_looked_at_does_not_keep_it_out_of_the_log(describer):
    told = []
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda loop, context: told.append(context["message"]))
    future = loop.create_future()
    future.set_exception(LookupError("no tea"))
    describer.describe(future)
    del future
    loop.close()
    describer.close()  # it keeps what it was asked about
    assert told == ["Future exception was never retrieved"]


def test_a_task_shows_its_coroutine(describer):
    async def brew():
        return Untold()

    async def main():
        task = asyncio.get_running_loop().create_task(brew())
        before = describer.describe(task).text
        await task
        return before, describer.describe(task).text

    before, after = asyncio.run(main())
    assert before.startswith("<Task pending coro=<coroutine ")
    assert after.startswith("<Task finished result=<Untold")


LOOP = asyncio.new_event_loop()
LOOP.close()


# Templates


@pytest.fixture(scope="module")
def cup_model():
    if not django.conf.settings.configured:
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
        django.conf.settings.configure(DATABASES={"default": database}, INSTALLED_APPS=[], USE_I18N=False)
        django.setup()
    from django.db import models

    class Cup(models.Model):
        name = models.CharField(max_length=10)

        class Meta:
            app_label = "shelf"

    return Cup


def test_template_contexts_of_django_show_their_dicts(describer, cup_model):
    from django.http import HttpRequest
    from django.template import Context, RequestContext

    context = Context({"cups": cup_model.objects.all()})
    assert "{'cups': <QuerySet of Cup, not evaluated>}" in describer.describe(context).text
    assert list(texts(describer.children(context)))[:2] == ["0", "1"]
    with_request = RequestContext(HttpRequest(), {"password": "hunter2"})
    text = describer.describe(with_request).text
    assert text.startswith("RequestContext([")
    assert "hunter2" not in text + str(texts(describer.children(with_request)))


def test_a_template_context_of_jinja_shows_its_variables(describer):
    seen = []
    environment = jinja2.Environment()
    environment.globals["look"] = jinja2.pass_context(lambda context: seen.append(context))
    environment.from_string("{% set milk = 1 %}{{ look() }}").render(tea=Untold())
    [context] = seen
    assert describer.describe(context).text.startswith("<Context vars={'milk': 1}, parent={")
    assert texts(describer.children(context.parent))["'tea'"].startswith("<Untold")


# SQLAlchemy


class Base(sqlalchemy.orm.DeclarativeBase):
    pass


class Tea(Base):
    __tablename__ = "teas"
    id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
    name = sqlalchemy.Column(sqlalchemy.String)
    password = sqlalchemy.Column(sqlalchemy.String)


@pytest.fixture
def session():
    engine = sqlalchemy.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with sqlalchemy.orm.Session(engine) as session:
        session.add(Tea(name="Assam", password="hunter2"))
        session.commit()
        yield session
    engine.dispose()


def test_a_row_shows_its_columns(describer, session):
    row = session.execute(sqlalchemy.select(Tea.id, Tea.name, Tea.password)).one()
    assert describer.describe(row).text == f"Row(id=1, name='Assam', password={REDACTED})"
    assert texts(describer.children(row)) == {"id": "1", "name": "'Assam'", "password": REDACTED}
    assert describer.describe(row._mapping).text == f"RowMapping({{'id': 1, 'name': 'Assam', 'password': {REDACTED}}})"


def test_columns_of_the_same_name_are_all_there(describer, session):
    row = session.execute(sqlalchemy.text("SELECT 1 AS a, 2 AS a")).one()
    assert describer.describe(row).text == "Row(a=1, a=2)"


def test_a_row_with_an_expired_object_loads_nothing(describer, session):
    row = session.execute(sqlalchemy.select(Tea)).one()
    session.rollback()
    assert describer.describe(row).text.startswith("Row(Tea=<Tea ")
    assert not session.in_transaction()


@pytest.mark.parametrize("filtered", [lambda result: result, lambda result: result.scalars(), lambda r: r.mappings()])
def test_a_result_is_named_and_never_read(describer, session, filtered):
    result = filtered(session.execute(sqlalchemy.select(Tea.id, Tea.name)))
    assert describer.describe(result).text == f"<{type(result).__name__} of id, name>"
    describer.children(result)
    assert len(result.all()) == 1
    assert describer.describe(result).text.startswith(f"<{type(result).__name__}")


# REST framework


@pytest.fixture
def serializers(cup_model):
    return pytest.importorskip("rest_framework.serializers", reason="REST framework is not installed")


def test_a_serializer_shows_what_it_was_made_of(describer, cup_model, serializers):
    class CupSerializer(serializers.ModelSerializer):
        class Meta:
            model = cup_model
            fields = ["name"]

    one = CupSerializer(cup_model(id=1, name="blue"))
    many = CupSerializer(cup_model.objects.all(), many=True)
    sent = CupSerializer(data={"name": "red", "password": "hunter2"})
    assert describer.describe(one).text == "<CupSerializer instance=<Cup id=1, name='blue'>>"
    assert describer.describe(many).text == "<ListSerializer instance=<QuerySet of Cup, not evaluated>>"
    assert describer.describe(sent).text == f"<CupSerializer initial_data={{'name': 'red', 'password': {REDACTED}}}>"
    for serializer in (one, many, sent):
        describer.children(serializer)
        assert "fields" not in vars(serializer)
        assert "_data" not in vars(serializer)


# Subclasses


def subclasses(serializers):
    from django.template import Context
    from sqlalchemy.engine import Row

    yield functools.partial, pour
    yield collections.UserDict, {"a": 1}
    yield collections.UserList, [1]
    yield collections.UserString, "tea"
    yield collections.ChainMap, {}
    yield (concurrent.futures.Future,)
    yield Context, {}
    yield serializers.Serializer, None
    yield Row, None, None, {}, ()


def test_a_subclass_with_a_repr_of_its_own_is_asked_for_it(describer, serializers):
    for base, *args in subclasses(serializers):
        shouting = type("Shouting", (base,), {"__module__": __name__, "__repr__": lambda self: "I say so"})
        assert describer.describe(shouting(*args)).text == "I say so", base
        refused = type("Refused", (base,), {"__module__": __name__, "__repr__": lambda self: 1 // 0})
        assert describer.describe(refused(*args)).text.startswith("<Refused: repr raised ZeroDivisionError"), base


def test_a_subclass_without_one_is_shown_by_its_parts_under_its_name(describer):
    class Menu(collections.UserDict):
        season = "winter"

    menu = Menu(tea=Untold())
    menu.price = 3
    assert describer.describe(menu).text.startswith("Menu({'tea': <Untold")
    assert list(texts(describer.children(menu))) == ["'tea'", "price", "from class Menu"]


def test_a_class_that_only_borrows_the_name_is_no_wrapper(describer):
    borrowed = type("partial", (), {"__module__": "functools"})
    assert describer.describe(borrowed()).text == "<partial>"


# All of it, on a page


class Shelf:
    """As people write it: with a `__repr__` of what is inside."""

    def __init__(self, cups):
        self.cups = cups

    def __repr__(self):
        return f"<Shelf of {self.cups!r}>"


def holders(cups, serializers):
    from django.template import Context

    future = concurrent.futures.Future()
    future.set_result(cups)
    serializer = type("CupSerializer", (serializers.Serializer,), {"name": serializers.CharField()})
    yield functools.partial(len, cups)
    yield functools.partial(pour, functools.partial(pour, milk=cups))
    yield Shelf(cups)
    yield functools.partial(pour, Shelf(cups))
    yield Shelf(functools.partial(pour, cups))
    yield collections.UserList([cups])
    yield collections.ChainMap({"cups": cups})
    yield inspect.signature(pour).bind(cups)
    yield future
    yield Context({"cups": cups})
    yield serializer(cups, many=True)
    yield Shelf(serializer(cups, many=True))


def test_no_look_at_a_page_costs_a_query(cup_model, serializers, caplog):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext, override_settings

    cups = cup_model.objects.all()

    def app(environ, start_response):
        for holder in held:
            _ = [holder] / 0

    held = list(holders(cups, serializers))
    # With DEBUG the queries of all threads are logged; the context counts those of this one.
    with override_settings(DEBUG=True), caplog.at_level(logging.DEBUG, "django.db.backends"):
        for holder in list(held):
            held[:] = [holder]
            client = Client(DebuggedApplication(app))
            client.unlock(client.app.debugger.pin_auth.pin)
            with CaptureQueriesContext(connection) as queries:
                address = client("/", HTTP_ACCEPT=CHROME).header("X-Debugkit-Traceback")
                for form in ("", ".json", ".md", ".txt", ""):
                    answer = client(f"{address}{form}", HTTP_ACCEPT=CHROME)
                    assert answer.status == 200
                    assert "holder" in answer.text
            assert len(queries) == 0, type(holder)
    assert [record for record in caplog.records if record.name.startswith("django.db")] == []
    assert cups._result_cache is None
