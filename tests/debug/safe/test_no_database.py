"""Looking at objects reaches no database, whatever their code calls, and changes nothing for the application."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
import socket
import sqlite3
import sys
import threading
import types

import django.conf
import pytest
import sqlalchemy
import sqlalchemy.orm
import sqlalchemy.pool
from client import CHROME, Client

from debugkit.debug.safe import no_database
from debugkit.debug.safe.inspection import ForeignCodeError, Guard, Refused
from debugkit.debug.wsgi import DebuggedApplication

#: Longer than any test needs, shorter than the patience of a person.
LONG = 240.0
NOT_SHOWN = "not shown: would query the database"


class Asking:
    """An object whose ``__repr__`` asks for something, as people write them."""

    def __init__(self, ask):
        self.ask = ask

    def __repr__(self):
        return f"<it is {self.ask()}>"


def wait_for_helpers():
    for thread in threading.enumerate():
        if thread.name == "debugkit-guard":
            thread.join(LONG)


@pytest.fixture(autouse=True)
def _nobody_looks_yet():
    """A guard that an earlier test has forgotten ends when it is collected."""
    gc.collect()
    wait_for_helpers()


@pytest.fixture
def guard():
    guard = Guard(each=LONG, total=LONG)
    yield guard
    guard.close()
    wait_for_helpers()


class Base(sqlalchemy.orm.DeclarativeBase):
    pass


class Tea(Base):
    __tablename__ = "tea"
    id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
    name = sqlalchemy.Column(sqlalchemy.String)


@pytest.fixture
def engine(tmp_path):
    """A real pool of two connections, which waits for nobody."""
    engine = sqlalchemy.create_engine(
        f"sqlite:///{tmp_path / 'tea.sqlite3'}",
        poolclass=sqlalchemy.pool.QueuePool,
        pool_size=2,
        max_overflow=0,
        pool_timeout=0.01,
        connect_args={"check_same_thread": False},  # or the driver would refuse the guard's thread by itself
    )
    Base.metadata.create_all(engine)
    with sqlalchemy.orm.Session(engine) as session:
        session.add(Tea(name="Green"))
        session.commit()
    yield engine
    engine.dispose()


@pytest.fixture
def django_model():
    """A model whose table is in memory, as each thread sees it; queries are counted on this thread's connection."""
    if not django.conf.settings.configured:
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
        django.conf.settings.configure(DATABASES={"default": database}, INSTALLED_APPS=[], USE_I18N=False)
        django.setup()
    from django.db import models

    class Pot(models.Model):
        name = models.CharField(max_length=20)

        class Meta:
            app_label = "untouched"

    yield Pot
    from django.apps import apps

    del apps.all_models["untouched"]["pot"]


# The gates


def gated():
    """What is put in place of things of the libraries at this moment."""
    session, engine = sqlalchemy.orm.Session, sqlalchemy.Engine
    return [
        thing
        for thing in (vars(session)["execute"], vars(engine)["connect"], sqlite3.connect, sqlite3.dbapi2.connect)
        if not isinstance(thing, types.FunctionType | types.BuiltinFunctionType) or hasattr(thing, "__wrapped__")
    ] + [name for name in ("connect", "connect_ex") if name in vars(socket.socket)]


def test_importing_and_making_a_guard_puts_no_gate_in_place():
    Guard(1, 1)
    assert gated() == []


def test_the_gates_are_there_while_foreign_code_runs_and_everything_is_as_before_afterwards(guard):
    before = vars(sqlalchemy.orm.Session)["execute"], sqlite3.connect, socket.socket.connect
    assert len(guard.run(gated)) == 6
    guard.close()
    wait_for_helpers()
    assert gated() == []
    assert before == (vars(sqlalchemy.orm.Session)["execute"], sqlite3.connect, socket.socket.connect)


def test_two_pages_at_once_open_the_gates_when_the_last_one_is_done(guard):
    other = Guard(each=LONG, total=LONG)
    first = guard.run(threading.current_thread)
    other.run(len, "")
    guard.close()
    first.join(LONG)
    assert len(other.run(gated)) == 6
    other.close()
    wait_for_helpers()
    assert gated() == []


def test_code_that_is_left_running_after_its_deadline_is_refused_still():
    go_on, answers = threading.Event(), []

    def slow(engine):
        try:
            go_on.wait(LONG)
        except BaseException:  # what ends foreign code at its deadline
            answers.append("caught")
        try:
            engine.connect()
        except no_database.WouldQuery:
            answers.append("refused")

    guard = Guard(each=0.01, total=LONG)
    engine = sqlalchemy.create_engine("sqlite://")
    with pytest.raises(ForeignCodeError, match="took longer"):
        guard.run(slow, engine)
    guard.close()
    go_on.set()
    wait_for_helpers()
    assert answers == ["caught", "refused"]
    assert gated() == []


def test_other_threads_use_their_databases_while_foreign_code_runs(guard, engine, tmp_path):
    looking, done = threading.Event(), threading.Event()

    def slow():
        looking.set()
        return done.wait(LONG)

    page = threading.Thread(target=guard.run, args=(slow,))
    page.start()
    assert looking.wait(LONG)
    try:
        with sqlalchemy.orm.Session(engine) as session:
            assert [tea.name for tea in session.scalars(sqlalchemy.select(Tea))] == ["Green"]
        assert sqlalchemy.orm.Session.execute is sqlalchemy.orm.Session.__dict__["execute"].original
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
            pass
        sqlite3.connect(":memory:").close()
    finally:
        done.set()
        page.join(LONG)


def test_what_somebody_else_put_in_place_meanwhile_stays(guard, monkeypatch):
    monkeypatch.setattr(sqlite3, "connect", sqlite3.connect)  # put back at the end
    guard.run(len, "")
    sqlite3.connect = replaced = lambda *args: "replaced"
    guard.close()
    wait_for_helpers()
    assert sqlite3.connect is replaced


def test_a_module_that_loads_when_it_is_asked_stays_unloaded(guard, monkeypatch):
    class Lazy(types.ModuleType):
        def __getattribute__(self, name):
            raise AssertionError("loaded")

    monkeypatch.setitem(sys.modules, "psycopg2", Lazy("psycopg2"))
    monkeypatch.setitem(sys.modules, "pymysql", None)
    assert guard.run(len, "abc") == 3


def test_a_task_that_foreign_code_hands_to_another_thread_is_refused_as_well(guard, engine):
    def ask():
        return asyncio.run(asyncio.to_thread(lambda: engine.connect()))

    with pytest.raises(Refused, match=NOT_SHOWN):
        guard.run(ask)


def test_a_greenlet_with_a_context_of_its_own_is_refused_as_well(guard, engine):
    with pytest.raises(Refused):
        guard.run(lambda: contextvars.Context().run(lambda: engine.connect()))


def test_new_connections_are_refused(guard, tmp_path):
    with socket.socket() as unconnected:
        for connect in (
            lambda: sqlite3.connect(tmp_path / "new.sqlite3"),
            lambda: sqlite3.dbapi2.connect(tmp_path / "new.sqlite3"),
            lambda: unconnected.connect(("127.0.0.1", 9)),
            lambda: unconnected.connect_ex(("127.0.0.1", 9)),
        ):
            with pytest.raises(Refused, match="not shown: would open a connection"):
                guard.run(connect)
    assert not (tmp_path / "new.sqlite3").exists()


def test_foreign_code_may_have_another_answer(describer, engine):
    class Careful(Asking):
        def __repr__(self):
            try:
                return super().__repr__()
            except Exception:
                return "<without its database>"

    assert describer.describe(Careful(engine.connect)).text == "<without its database>"


# SQLAlchemy


def every_way(session, engine, connection, result):
    tea = session.get(Tea, 1)
    session.rollback()  # it is expired, and the session has no transaction
    return {
        "expired attribute": lambda: tea.name,
        "query": lambda: session.query(Tea).all(),
        "count": lambda: session.query(Tea).count(),
        "execute": lambda: session.execute(sqlalchemy.text("SELECT 1")),
        "get": lambda: session.get(Tea, 2),
        "connection": session.connection,
        "begin": session.begin,
        "add": lambda: session.add(Tea(name="Black")),
        "flush": lambda: session.flush(),
        "engine": engine.connect,
        "raw": engine.raw_connection,
        "pool": engine.pool.connect,
        "inspect": lambda: sqlalchemy.inspect(engine).get_table_names(),
        "open connection": lambda: connection.execute(sqlalchemy.text("SELECT 1")).all(),
        "driver": lambda: connection.exec_driver_sql("SELECT 1"),
        "rows": result.all,
        "one row": result.fetchone,
        "iterated": lambda: list(result),
    }


def test_sqlalchemy_is_refused_whatever_calls_it(describer, engine, caplog):
    begun = []
    with sqlalchemy.orm.Session(engine) as session, engine.connect() as connection:
        result = connection.execute(sqlalchemy.select(Tea.name))
        asked = every_way(session, engine, connection, result)
        sqlalchemy.event.listen(session, "after_transaction_create", lambda *args: begun.append(args))
        checked_out = engine.pool.checkedout()
        with caplog.at_level(logging.DEBUG, "sqlalchemy"):
            shown = {name: describer.describe(Asking(ask)).text for name, ask in asked.items()}
        assert shown == dict.fromkeys(asked, f"<Asking: {NOT_SHOWN}>")
        assert caplog.records == []
        assert begun == []
        assert not session.in_transaction()
        assert not session.new
        assert engine.pool.checkedout() == checked_out
        assert result.all() == [("Green",)]


def test_a_pool_of_two_outlives_twenty_error_pages_after_a_rollback(engine):
    sessions = []

    def application(environ, start_response):
        if environ["PATH_INFO"] == "/healthy":
            with sqlalchemy.orm.Session(engine) as session:
                names = ",".join(session.scalars(sqlalchemy.select(Tea.name)))
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [names.encode()]
        session = sqlalchemy.orm.Session(engine)
        sessions.append(session)
        tea = session.get(Tea, 1)
        session.rollback()
        wrapped = Asking(lambda: tea.name)
        raise ValueError(f"no {type(wrapped).__name__}")

    client = Client(DebuggedApplication(application))
    for number in range(20):
        answer = client(f"/{number}", HTTP_ACCEPT=CHROME)
        assert answer.status == 500
        assert NOT_SHOWN in answer.text
    wait_for_helpers()
    assert engine.pool.checkedout() == 0
    assert not any(session.in_transaction() for session in sessions)
    assert client("/healthy").text == "Green"


# Django


def test_django_is_refused_whatever_calls_it(describer, django_model, caplog):
    from django.db import connection, connections, transaction

    with connection.schema_editor() as editor:
        editor.create_model(django_model)
    django_model.objects.create(name="Brown")
    pots = django_model.objects.all()
    with connection.cursor() as cursor:
        connection.force_debug_cursor = True
        asked = {
            "queryset": lambda: list(pots),
            "its repr": lambda: repr(pots),
            "count": pots.count,
            "connection": connection.cursor,
            "another": lambda: connections["default"].ensure_connection(),
            "held": lambda: cursor.execute("SELECT 1"),
            "atomic": transaction.atomic().__enter__,
        }
        before = len(connection.queries_log)
        with caplog.at_level(logging.DEBUG, "django.db.backends"):
            shown = {name: describer.describe(Asking(ask)).text for name, ask in asked.items()}
        assert shown == dict.fromkeys(asked, f"<Asking: {NOT_SHOWN}>")
        assert caplog.records == []
        assert len(connection.queries_log) == before
        connection.force_debug_cursor = False
    assert pots._result_cache is None
    assert [pot.name for pot in pots] == ["Brown"]
    with connection.schema_editor() as editor:
        editor.delete_model(django_model)
