"""Two ways to meet an object that may be hostile: look at it without running its code, or run its code with a deadline.

The first half reads classes and instances past every hook a class can define. The second half runs foreign code (a
``__repr__``) in a helper thread, where no database is reached. What the objects mean, and how they are shown, is not
known here.
"""

from __future__ import annotations

import re
import time
import weakref
from collections.abc import Callable, Mapping
from contextvars import Context, copy_context
from itertools import islice
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any, TypeVar

from debugkit.debug.safe import no_database, real_threads, thread_contexts
from debugkit.debug.safe.async_exceptions import raise_in_thread
from debugkit.debug.safe.real_threads import SimpleQueue

T = TypeVar("T")

#: An attribute that is not there; `None` is a value.
MISSING = object()
#: Attributes of one object that are read.
MOST_ATTRIBUTES = 1_000
#: Characters kept of the message of an exception raised by foreign code.
MESSAGE_SIZE = 200

# A metaclass may define `__mro__`, `__dict__`, `__name__` or `__qualname__` as properties: these descriptors of `type`
# itself answer without asking it. For the same reason no class is ever a dict key here (`__hash__` of a metaclass).
_MRO = type.__dict__["__mro__"]
_DICT = type.__dict__["__dict__"]
_MODULE = type.__dict__["__module__"]
_QUALNAME = type.__dict__["__qualname__"]
_FLAGS = type.__dict__["__flags__"]
#: Py_TPFLAGS_HEAPTYPE: the class was made by a ``class`` statement, or by a library in its manner.
_HEAP_TYPE = 1 << 9


def mro(cls: type) -> tuple[type, ...]:
    """The classes ``cls`` inherits from, itself first, whatever its metaclass says."""
    result: tuple[type, ...] = _MRO.__get__(cls)
    return result


def is_heap_type(cls: type) -> bool:
    """Whether the class was made at run time. The others are C code of the interpreter, or of a library."""
    flags: int = _FLAGS.__get__(cls)
    return bool(flags & _HEAP_TYPE)


def class_dict(cls: type) -> Mapping[str, Any]:
    """The class's own namespace, whatever its metaclass says."""
    result: Mapping[str, Any] = _DICT.__get__(cls)
    return result


def exact_str(value: object) -> str:
    """``value`` as a plain `str`; "" if it is none. ``isinstance`` is no use: it believes ``value.__class__``."""
    cls = type(value)
    if cls is str:  # as nearly all are
        return value  # type: ignore[return-value]
    return str.__str__(value) if issubclass(cls, str) else ""


def class_attribute(cls: type, name: str) -> Any:
    """What ``name`` is in the class or its bases, unbound; `MISSING` if nothing."""
    for base in mro(cls):
        member = class_dict(base).get(name, MISSING)
        if member is not MISSING:
            return member
    return MISSING


def module_name(cls: type) -> str:
    """The module that defines ``cls``, "" if that is not known."""
    try:
        return exact_str(_MODULE.__get__(cls))
    except AttributeError:  # a class may delete it
        return ""


def class_name(cls: type) -> str:
    """The class as people say it: ``Outer.Inner``, and ``Local`` for ``function.<locals>.Local``."""
    return exact_str(_QUALNAME.__get__(cls)).rpartition("<locals>.")[2]


def qualified_name(cls: type) -> str:
    """The class with its module, as people read it: no ``builtins``, ``__main__`` or private module in front."""
    parts = [part for part in module_name(cls).split(".") if part and part[0] != "_" and part != "builtins"]
    return ".".join([*parts, class_name(cls)])


def instance_dict(value: object) -> dict[str, Any] | None:
    """The dict that holds the instance's attributes; `None` if it has none, or if its class hides it."""
    for base in mro(type(value)):
        descriptor: Any = class_dict(base).get("__dict__")
        if descriptor is None:
            continue
        kind = type(descriptor)
        if kind is not GetSetDescriptorType and kind is not MemberDescriptorType:
            return None
        namespace = kind.__get__(descriptor, value)
        return namespace if issubclass(type(namespace), dict) else None
    return None


def slots(value: object) -> dict[str, Any]:
    """The instance's ``__slots__`` that are set."""
    values: dict[str, Any] = {}
    for base in mro(type(value)):
        namespace = class_dict(base)
        if "__slots__" not in namespace:
            continue
        for name, descriptor in namespace.items():
            if type(descriptor) is MemberDescriptorType:
                try:
                    values.setdefault(exact_str(name), MemberDescriptorType.__get__(descriptor, value))
                except AttributeError:  # declared, and not set
                    continue
    return values


def attributes(value: object) -> dict[str, Any]:
    """The instance's own attributes, public ones first: no property, no ``__getattr__``, at most `MOST_ATTRIBUTES`.

    Raises `RuntimeError` when another thread changes them meanwhile.
    """
    items = slots(value)
    for name, item in islice(dict.items(instance_dict(value) or {}), MOST_ATTRIBUTES):
        items[exact_str(name) or "?"] = item
    private = [name for name in items if name.startswith("_")]
    for name in private:
        items[name] = items.pop(name)
    return items


def attribute(value: object, name: str) -> Any:
    """One of the instance's own attributes; `MISSING` if it is not set."""
    namespace = instance_dict(value)
    item = dict.get(namespace, name, MISSING) if namespace is not None else MISSING
    if item is MISSING:
        descriptor = class_attribute(type(value), name)
        if type(descriptor) is MemberDescriptorType:
            try:
                return MemberDescriptorType.__get__(descriptor, value)
            except AttributeError:
                return MISSING
    return item


class ForeignCodeError(Exception):
    """Foreign code gave no answer; the message says why, as the rest of a sentence ("raised ValueError: no")."""


class TookTooLong(ForeignCodeError):
    """It was still running at its deadline. It is abandoned, in a thread nobody waits for."""


class NoTimeLeft(ForeignCodeError):
    """It was not run: the time for all foreign code together is used up."""


class Refused(ForeignCodeError):
    """It was stopped where it would have reached a database."""


class Abandoned(SystemExit):
    """Raised inside foreign code at its deadline. A `SystemExit`, since that ends a thread without a word on stderr."""


class _Task:
    """One call. ``done`` is set when ``result`` or ``failure`` is there."""

    __slots__ = ("args", "context", "done", "failure", "function", "result")

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], context: Context) -> None:
        self.context = context
        self.function, self.args = function, args
        self.result: Any = None
        self.failure: ForeignCodeError | None = None
        self.done = real_threads.Event()

    def work(self) -> None:
        try:
            self.result = self.context.run(thread_contexts.call, no_database.look, self.function, *self.args)
        except BaseException as error:  # SystemExit and KeyboardInterrupt of foreign code must not get further either
            self.failure = _failure(error)
        self.done.set()


def _failure(error: BaseException) -> ForeignCodeError:
    if type(error) is no_database.WouldQuery:
        return Refused(f"not shown: {error}")
    return ForeignCodeError(_what_it_says(error))


def _what_it_says(error: BaseException) -> str:
    """Runs in the helper thread, for ``__str__`` is foreign code as well."""
    name = class_name(type(error))
    try:
        message = exact_str(str(error))[:MESSAGE_SIZE]
    except BaseException:
        return f"raised {name}"
    return f"raised {name}: {message}" if message else f"raised {name}"


def _serve(tasks: SimpleQueue[_Task | None]) -> None:
    """The helper thread. It knows its queue only, so that a forgotten `Guard` can be collected, which ends it."""
    holder = object()
    try:
        no_database.hold(holder)
        while (task := tasks.get()) is not None:
            task.work()
            task = None  # the values of the last call must not live until the next
    except Abandoned:
        return
    finally:
        _release(holder)


def _release(holder: object) -> None:
    try:
        no_database.release(holder)
    except Abandoned:  # the guard is closed while this thread ends
        _release(holder)


class _Helper:
    __slots__ = ("__weakref__", "tasks", "thread")

    def __init__(self) -> None:
        self.tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self.thread = real_threads.start(_serve, self.tasks, name="debugkit-guard")
        weakref.finalize(self, self.tasks.put, None).atexit = False


class Guard:
    """Runs foreign code in one helper thread, which is started by the first call.

    ``each`` is the time for one call, ``total`` for all of them, in seconds. Code that stays in C with the GIL held
    cannot be interrupted by anything inside the process; everything else returns in time. The code runs in copies of
    ``context`` (PEP 567), by default in copies of each caller's.
    """

    def __init__(
        self,
        each: float,
        total: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        context: Context | None = None,
    ) -> None:
        self._each, self._left, self._clock = each, total, clock
        self._context = context
        self._helper: _Helper | None = None
        self._abandoned: list[real_threads.Running] = []

    def run(self, function: Callable[..., T], *args: Any) -> T:
        """``function(*args)``. Raises `ForeignCodeError`."""
        if self._left <= 0:
            raise NoTimeLeft("was not called: the time for this page ran out")
        task = _Task(function, args, copy_context() if self._context is None else self._context.copy())
        allowed, started = min(self._each, self._left), self._clock()
        self._submit(task)
        finished = task.done.wait(allowed)
        self._left -= self._clock() - started
        if not finished:
            self._abandon()
            raise TookTooLong(f"took longer than {allowed:.2g} s")
        if task.failure is not None:
            raise task.failure
        result: T = task.result
        return result

    def close(self) -> None:
        """End the helper thread. The guard can be used again, with the time it has left."""
        if self._helper is not None:
            self._helper.tasks.put(None)
            self._helper = None
        for thread in self._abandoned:
            _interrupt(thread)  # again: the first time it may have been caught
        self._abandoned = [thread for thread in self._abandoned if thread.is_alive()]

    def _submit(self, task: _Task) -> None:
        if self._helper is None:
            try:
                self._helper = _Helper()
            except RuntimeError as error:  # no more threads, or the interpreter is shutting down
                raise ForeignCodeError(f"was not called: {error}") from error
        self._helper.tasks.put(task)

    def _abandon(self) -> None:
        helper, self._helper = self._helper, None
        if helper is not None:
            self._abandoned.append(helper.thread)
            _interrupt(helper.thread)


def _interrupt(thread: real_threads.Running) -> None:
    """Raise `Abandoned` in ``thread`` as soon as it runs Python code again."""
    if thread.is_alive() and thread.ident is not None:
        raise_in_thread(thread.ident, Abandoned)


# Only where white space begins: tried at each of its characters, a long run of blanks would cost the square of it.
_LINE_BREAK = re.compile(r"(?<!\s)\s*[\r\n]\s*")


def printable(text: str) -> str:
    """``text`` in one line that encodes to UTF-8: control characters, direction marks and lone surrogates escaped."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in _LINE_BREAK.sub(" ", text)
    )
