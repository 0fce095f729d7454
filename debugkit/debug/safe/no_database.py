"""While foreign code runs for a value, no database is reached: not to look at an object is better than to change one.

A query would begin a transaction on the request's own session, take a connection out of the application's pool, or
fill a cache. What leads to a database is gated from the first foreign call to the last, for the threads that make such
calls: others get the very same functions through the gate. Libraries are found in `sys.modules`, never imported.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from types import ModuleType
from typing import Any, Final

from debugkit.debug.safe.real_threads import KeptLock, local

QUERY: Final = "would query the database"
CONNECT: Final = "would open a connection"

#: Methods that reach a database, or change what a session knows of its transaction: by module, class and reason.
_METHODS: Final[Mapping[tuple[str, str, str], tuple[str, ...]]] = {
    ("django.db.backends.base.base", "BaseDatabaseWrapper", QUERY): ("_cursor", "connect", "ensure_connection"),
    # A cursor that was opened before. The one for debugging writes its log in a `finally`: it is stopped earlier.
    ("django.db.backends.utils", "CursorWrapper", QUERY): ("callproc", "execute", "executemany"),
    ("django.db.backends.utils", "CursorDebugWrapper", QUERY): ("execute", "executemany"),
    ("sqlalchemy.pool.base", "_ConnectionFairy", QUERY): ("_checkout",),  # every pool's way to a connection
    ("sqlalchemy.engine.base", "Engine", QUERY): ("connect", "raw_connection"),
    ("sqlalchemy.engine.base", "Connection", QUERY): (
        "begin", "begin_nested", "begin_twophase", "commit", "exec_driver_sql", "execute", "rollback", "scalar",
        "scalars",
    ),
    # Rows that are still to be fetched: whoever iterates them consumes them.
    ("sqlalchemy.engine.cursor", "CursorResult", QUERY): (
        "_fetchall_impl", "_fetchiter_impl", "_fetchmany_impl", "_fetchone_impl",
    ),
    # `_autobegin_t` is called `_autobegin` in 1.4.
    ("sqlalchemy.orm.session", "Session", QUERY): (
        "_autobegin", "_autobegin_t", "_connection_for_bind", "begin", "commit", "connection", "execute", "flush",
        "rollback",
    ),
    # Drivers in pure Python, and clients of other stores.
    ("socket", "socket", CONNECT): ("connect", "connect_ex"),
}  # fmt: skip
#: Drivers (PEP 249) and their ``connect``. Who took the function out of its module before is not reached this way.
_DRIVERS: Final = (
    "sqlite3", "sqlite3.dbapi2", "psycopg", "psycopg2", "pymysql", "MySQLdb", "mysql.connector", "mariadb", "oracledb",
    "cx_Oracle", "pyodbc", "duckdb",
)  # fmt: skip

_ABSENT: Final = object()
_looking: Final[ContextVar[bool]] = ContextVar("debugkit_looking", default=False)


class _Here(local):
    looking = False


_here: Final = _Here()
_kept: Final = KeptLock()  # re-entrant: a finalizer may look at a value while a gate is put in place
_holders: Final[set[object]] = set()
_gates: Final[dict[tuple[int, str], _Place]] = {}


class WouldQuery(Exception):
    """Raised in foreign code where it would reach a database. An `Exception`: whoever has another answer gives it."""


class _Gate:
    """Stands in a class for one of its methods, and refuses to hand it out to foreign code."""

    __slots__ = ("original", "reason")

    def __init__(self, original: Any, reason: str) -> None:
        self.original, self.reason = original, reason

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        refuse(self.reason)
        bind = getattr(type(self.original), "__get__", None)
        return self.original if bind is None else bind(self.original, instance, owner)


class _Place:
    """An attribute of a class or module that has a gate. It is kept alive, so that its id stays its own."""

    __slots__ = ("before", "gate", "name", "owner")

    def __init__(self, owner: type | ModuleType, name: str, before: object, gate: object) -> None:
        self.owner, self.name, self.before, self.gate = owner, name, before, gate

    def open(self) -> None:
        """Put back what was there, unless somebody has put something else there since."""
        if vars(self.owner).get(self.name) is not self.gate:
            return
        if self.before is _ABSENT:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self.before)


def refuse(reason: str = QUERY) -> None:
    """Raise `WouldQuery` if this is foreign code that runs for a value."""
    # By thread, for greenlets begin with an empty context; by context, for a task may be handed to another thread.
    if _here.looking or _looking.get():
        raise WouldQuery(reason)


def look(function: Callable[..., Any], *args: Any) -> Any:
    """``function(*args)``, refused also in other threads that get its context. To be run in a context of its own."""
    _looking.set(True)
    return function(*args)


def hold(holder: object) -> None:
    """Close the gates for this thread, which runs nothing but foreign code, until `release` is called for ``holder``.

    To be called again for libraries that were imported meanwhile.
    """
    _here.looking = True
    with _kept.lock:
        _holders.add(holder)
        for (module_name, class_name, reason), methods in _METHODS.items():
            cls = _in_module(module_name, class_name)
            if issubclass(type(cls), type):
                for name in methods:
                    _close_method(cls, name, reason)
        for module_name in _DRIVERS:
            if _in_module(module_name, "connect") is not _ABSENT:
                _close_function(sys.modules[module_name], "connect")


def release(holder: object) -> None:
    """Let go of what `hold` did. With the last holder, everything is as it was before. May be called again."""
    with _kept.lock:
        _holders.discard(holder)
        if not _holders:
            while _gates:
                key = next(iter(_gates))
                _gates[key].open()
                del _gates[key]


def _in_module(module_name: str, name: str) -> Any:
    """What a module that is loaded already holds. Its dict is asked: a lazy module loads when an attribute is."""
    module = sys.modules.get(module_name)
    return vars(module).get(name, _ABSENT) if type(module) is ModuleType else _ABSENT


def _close_method(cls: type, name: str, reason: str) -> None:
    original = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), _ABSENT)
    if original is not _ABSENT:
        _put(cls, name, _Gate(original, reason))


def _close_function(module: ModuleType, name: str) -> None:
    original: Any = vars(module)[name]

    @functools.wraps(original)
    def gate(*args: Any, **options: Any) -> Any:
        refuse(CONNECT)
        return original(*args, **options)

    _put(module, name, gate)


def _put(owner: type | ModuleType, name: str, gate: object) -> None:
    if (id(owner), name) not in _gates:
        _gates[id(owner), name] = _Place(owner, name, vars(owner).get(name, _ABSENT), gate)
        setattr(owner, name, gate)
