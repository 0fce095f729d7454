from __future__ import annotations

import builtins
import gc
import linecache
import sys
import textwrap
import traceback
import types
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from debugkit.debug.console.namespace import Namespace

APP = """
from __future__ import annotations
import os

counter = 0
price = 7
shadowed = "global"
DEBUG = False

def boom():
    raise RuntimeError

def read_counter():
    return counter

def simple(item, shadowed="local"):
    amount = 3
    boom()

def outer():
    free = "cell"
    unused = "not captured"
    def inner(x):
        free
        boom()
    inner(1)

def generator():
    kept = 5
    list(kept + boom() for _ in range(3))

def class_body():
    enclosing = "enclosing"
    class Body:
        attribute = enclosing
        boom()

class Base:
    def total(self):
        return "total of Base"

class Cart(Base):
    def __init__(self):
        self.__secret = "secret"
        self.__class__

    def total(self, item):
        __class__
        __private = "private"
        boom()

def underscore():
    _ = "mine"
    dump = "my dump"
    boom()

def run_in(namespace):
    exec("here = 1\\nboom()", globals(), namespace)
"""


class App:
    """A module of its own for each test, and consoles in its frames."""

    def __init__(self) -> None:
        self.module = types.ModuleType("app")
        exec(compile(APP, "app.py", "exec"), vars(self.module))

    def frame(self, function: str, *arguments: object, depth: int = 1) -> types.FrameType:
        """The frame of ``function``, or one called by it, in the traceback of its error."""
        target = self.module
        for name in function.split("."):
            target = getattr(target, name)
        return frame_of(lambda: target(*arguments), depth + 1)

    def method(self) -> Commands:
        return Commands(frame_of(lambda: self.module.Cart().total("tea"), 2))

    def console(self, function: str, *arguments: object, depth: int = 1) -> Commands:
        return Commands(self.frame(function, *arguments, depth=depth))


def frame_of(call: Callable[[], object], depth: int) -> types.FrameType:
    try:
        call()
    except RuntimeError as error:
        found = list(traceback.walk_tb(error.__traceback__))
    return found[depth][0]


class Commands:
    """Runs commands in a namespace, one after the other, and remembers what they show."""

    def __init__(self, frame: types.FrameType | None, names: dict[str, object] | None = None) -> None:
        self.shown: list[object] = []
        self.names_shown: list[str] = []
        self.namespace = Namespace(frame, names or {}, self.show)

    def show(self, value: object, name: str, text: str) -> None:
        self.shown.append(value)
        self.names_shown.append(text or name)

    def run(self, source: str) -> list[object]:
        """What the command shows."""
        self.shown, self.names_shown = [], []
        code = self.namespace.compile(textwrap.dedent(source))
        assert code is not None, "incomplete"
        self.namespace.run(code)
        return self.shown

    def value(self, source: str) -> Any:
        (value,) = self.run(source)
        return value


@pytest.fixture
def app() -> App:
    return App()


# Where names come from


def test_locals_come_before_globals_and_those_before_builtins(app: App):
    console = app.console("simple", "tea")
    assert console.value("item, amount, shadowed, price, len('abc')") == ("tea", 3, "local", 7, 3)


def test_cells_of_enclosing_functions_are_found_and_what_was_not_captured_is_not(app: App):
    console = app.console("outer", depth=2)
    assert console.value("free, x") == ("cell", 1)
    with pytest.raises(NameError):
        console.run("unused")


def test_a_frame_without_a_function_name_works_too(app: App):
    assert app.console("generator", depth=2).value("kept") == 5


def test_a_generator_frame_has_no_name_that_is_none(app: App):
    assert all(name.isidentifier() for name in app.console("generator", depth=2).namespace.names())


def test_a_class_body_sees_its_names_and_the_cells_around_it(app: App):
    console = app.console("class_body", depth=2)
    assert console.value("attribute, enclosing, price") == ("enclosing", "enclosing", 7)


def test_module_globals_are_live(app: App):
    console = app.console("simple", 1)
    console.run("def current(): return price\n")
    app.module.price = 8
    app.module.new_name = "new"
    assert console.value("price, current(), new_name") == (8, 8, "new")
    del app.module.price
    with pytest.raises(NameError, match="'price'"):
        console.run("current()")


def test_builtins_that_the_module_replaced_are_taken(app: App):
    app.module.len = lambda value: "my len"
    assert app.console("simple", 1).value("len('abc')") == "my len"


@pytest.mark.parametrize(
    "source",
    [
        "(lambda: (item, price))()",
        "[(item, price) for _ in '1'][0]",
        "next((item, price) for _ in '1')",
        "{1: (item, price) for _ in '1'}[1]",
        "[[(item, price) for _ in '1'] for _ in '1'][0][0]",
        "[x for x in [(item, price)] if item][0]",
        "eval('(item, price)')",
    ],
)
def test_scopes_inside_an_expression_see_locals_and_globals(app: App, source: str):
    assert app.console("simple", "tea").value(source) == ("tea", 7)


@pytest.mark.parametrize(
    "source",
    [
        """
        def f(): return item, price
        f()
        """,
        """
        def f():
            def g(): return item, price
            return g()
        f()
        """,
        """
        class A:
            item = item
            both = item, price
        A.both
        """,
        """
        class A:
            def f(self): return item, price
        A().f()
        """,
        """
        class A:
            both = [(item, price) for _ in '1'][0]
        A.both
        """,
        """
        def decorate(f): return (item, price)
        @decorate
        def f(): pass
        f
        """,
        """
        def f(x=item): return x, price
        f()
        """,
        """
        import asyncio
        async def f(): return item, price
        asyncio.run(f())
        """,
        """
        exec("both = item, price")
        both
        """,
    ],
)
def test_definitions_see_locals_and_globals(app: App, source: str):
    assert app.console("simple", "tea").value(source) == ("tea", 7)


def test_functions_of_earlier_commands_see_names_of_later_ones(app: App):
    console = app.console("simple", 1)
    console.run("def f(): return later, amount, price\n")
    console.run("later = 'later'; amount = 4; price = 'mine'")
    assert console.value("f()") == ("later", 4, "mine")
    console.run("del price")
    assert console.value("f()") == ("later", 4, 7)


def test_a_function_can_replace_one_of_the_module_for_other_functions_typed_here(app: App):
    console = app.console("simple", 1)
    console.run("def use(): return read_counter()\n")
    console.run("def read_counter(): return 'fixed'\n")
    assert console.value("use()") == "fixed"
    assert app.module.read_counter() == 0


# Assignments


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1", 1),
        ("x: int = 1", 1),
        ("(x := 1)", 1),
        ("[x := 1 for _ in '1']", 1),
        ("any((x := 1) for _ in '1')", 1),
        ("import math as x; x = x.floor(1.5)", 1),
        ("from math import floor as x; x = x(1.5)", 1),
        ("for x in [1]: pass\n", 1),
        ("with __import__('contextlib').nullcontext(1) as x: pass\n", 1),
        ("try: 1/0\nexcept ZeroDivisionError as e: x = len(e.args)\n", 1),
        ("def x(): pass\nx = 1", 1),
        ("x = 0; x += 1", 1),
        ("x, *rest = 1, 2", 1),
        ("match 1:\n    case x: pass\n", 1),
        ("from builtins import *\nx = int(1)", 1),
        ("exec('x = 1')", 1),
        ("x = amount; x -= 2", 1),
    ],
)
def test_assignments_persist_and_touch_neither_module_nor_frame(app: App, source: str, expected: object):
    frame = app.frame("simple", "tea")
    console, module = Commands(frame), dict(vars(app.module))
    console.run(source)
    assert console.value("x") == expected
    assert vars(app.module) == module
    assert "x" not in frame.f_locals


def test_rebinding_a_local_stays_in_the_console(app: App):
    frame = app.frame("simple", "tea")
    console = Commands(frame)
    console.run("item = 'coffee'")
    assert frame.f_locals["item"] == "tea"  # reading f_locals anew must not bring the old value back
    assert console.value("item, (lambda: item)()") == ("coffee", "coffee")


def test_deleting_a_local_uncovers_the_global(app: App):
    console = app.console("simple", 1)
    console.run("del shadowed")
    assert console.value("shadowed") == "global"
    with pytest.raises(NameError):
        console.run("del shadowed")


def test_a_star_import_shadows(app: App):
    console = app.console("simple", 1)
    console.run("from math import *")
    assert console.value("floor(1.5), pi > 3") == (1, True)


def test_annotations_stay_out_of_the_module(app: App):
    app.module.__annotations__ = {}
    app.console("simple", 1).run("x: int = 1")
    assert app.module.__annotations__ == {}


def test_relative_imports_know_their_package(app: App):
    app.module.__package__, app.module.__name__ = "email", "email.app"
    assert app.console("simple", 1).value("from . import charset\ncharset.__name__") == "email.charset"


def test_what_is_defined_says_that_it_belongs_to_the_module(app: App):
    console = app.console("simple", 1)
    assert console.value("class A: pass\n(A.__module__, A.__qualname__)") == ("app", "A")


# global and nonlocal


@pytest.mark.parametrize(
    "source",
    [
        "global x; x = 1",
        "global x\nx = 0\nx += 1",
        "global x, y\nx, y = 1, 2",
        "global x\nfor x in [0, 1]: pass",
        "global x\nimport math as x\nx = x.floor(1.5)",
        "global x\nwith __import__('contextlib').nullcontext(1) as x: pass",
        "global x\n(x := 1)",
        "global x\n[x := 1 for _ in '1']",
        "global x\nany((x := n) for n in [1])",
        "global x\nmatch [1]:\n    case [x]: pass",
        "global x\nmatch {'k': 1}:\n    case {'k': _, **x}: x = 1",
        "global x\nx = 0\nmatch [1]:\n    case [x] if x == 0: x = 5\n    case [x] if x == 1: pass",
        "def f():\n    global x\n    x = 1\nf()",
        "def f():\n    global x\n    x = 0\n    def g():\n        global x\n        x += 1\n    g()\nf()",
        "def f():\n    if True:\n        global x\n        x = 1\nf()",
        "class A:\n    global x\n    x = 1",
        "class A:\n    def f(self):\n        global x\n        x = 1\nA().f()",
        "async def f():\n    global x\n    x = 1\ntry: f().send(None)\nexcept StopIteration: pass",
        "globals()['x'] = 1",
        "exec('x = 1', globals())",
    ],
)
def test_a_global_statement_reaches_the_module(app: App, source: str):
    console = app.console("simple", 1)
    console.run(source + "\n\n")
    assert app.module.x == 1
    assert "x" not in console.namespace.names()
    assert console.value("x") == 1


def test_the_application_sees_a_global_at_once(app: App):
    assert app.console("simple", 1).run("global counter\ncounter = 5\nread_counter()") == [5]


def test_a_global_is_read_past_the_local_that_covers_it(app: App):
    console = app.console("simple", 1)
    console.run(
        "def f():\n    global shadowed\n    return shadowed, [shadowed for _ in '1'], (lambda s=shadowed: s)()\n"
    )
    assert console.value("f()") == ("global", ["global"], "global")
    assert console.value("shadowed") == "local"


@pytest.mark.parametrize(
    "statement",
    [
        "def x(): pass",
        "async def x(): pass",
        "class x: pass",
        "import os as x",
        "import os.path as x",
        "from os import path as x",
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_statements_that_bind_a_name_themselves_reach_the_module(app: App, statement: str, inside: bool):
    console = app.console("simple", 1)
    source = f"global x\n{statement}\n"
    console.run(f"def f():\n{textwrap.indent(source, '    ')}    return x\nf()" if inside else source)
    assert app.module.x.__name__ in ("x", "os", "posixpath", "ntpath")
    assert "x" not in console.namespace.names()


def test_a_caught_exception_reaches_the_module(app: App):
    app.console("simple", 1).run("global x\ntry: 1/0\nexcept ZeroDivisionError as x: pass\n")
    assert isinstance(app.module.x, ZeroDivisionError)


def test_a_global_can_be_deleted(app: App):
    console = app.console("simple", 1)
    console.run("global price; del price")
    assert not hasattr(app.module, "price")
    for source in ("global price; del price", "global price; price"):
        with pytest.raises(NameError, match="name 'price' is not defined"):
            console.run(source)


def test_a_global_that_is_a_builtin_can_be_read(app: App):
    assert app.console("simple", 1).value("global len; len('abc')") == 3


def test_a_loop_variable_of_a_comprehension_is_not_the_global(app: App):
    assert app.console("simple", 1).value("global price\n[price for price in [1, 2]]") == [1, 2]
    assert app.module.price == 7


def test_an_argument_of_a_lambda_is_not_the_global(app: App):
    assert app.console("simple", 1).value("global price\n(lambda price: price)(1)") == 1


def test_a_local_of_an_inner_function_is_not_the_global(app: App):
    source = "def f():\n    global price\n    def g(price): return price\n    return g(1)\nf()"
    assert app.console("simple", 1).value(source) == 1
    assert app.module.price == 7


def test_positions_survive_the_rewriting(app: App):
    with pytest.raises(ZeroDivisionError) as caught:
        app.console("simple", 1).run("global x\nx = 1\nx = 2 + x / 0")
    assert caught.value.__traceback__ is not None
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.lineno, last.line, last.colno, last.end_colno) == (3, "x = 2 + x / 0", 8, 13)


def test_nonlocal_in_a_function_means_a_name_of_the_console(app: App):
    console = app.console("outer", depth=2)
    console.run("def f():\n    nonlocal free\n    free = 'changed'\nf()")
    assert console.value("free") == "changed"
    assert not hasattr(app.module, "free")


def test_nonlocal_of_an_inner_function_means_what_it_always_means(app: App):
    source = """
    def f():
        n = 1
        def g():
            nonlocal n
            n += 1
        g()
        return n
    f()
    """
    assert app.console("simple", 1).value(source) == 2


# What the compiler knows inside a method


def test_private_names_are_those_of_the_class(app: App):
    console = app.method()
    assert console.value("self.__secret, __private") == ("secret", "private")
    assert console.value("[self.__secret for _ in '1'], (lambda: self.__secret)()") == (["secret"], "secret")
    console.run("self.__secret = 'new'")
    assert console.value("self._Cart__secret") == "new"


def test_private_names_of_a_class_typed_here_are_its_own(app: App):
    console = app.method()
    source = "class Other:\n    def __init__(self): self.__x = 1\n\nOther().__dict__"
    assert console.value(source) == {"_Other__x": 1}


def test_super_without_arguments_works_in_a_method(app: App):
    console = app.method()
    assert console.value("super().total()") == "total of Base"


def test_super_in_a_class_typed_here_is_its_own(app: App):
    console = app.method()
    source = "class Mine(Base):\n    def total(self): return super().total() + '!'\n\nMine().total()"
    assert console.value(source) == "total of Base!"


def test_future_statements_of_the_module_hold(app: App):
    assert app.console("simple", 1).value("def f(x: nowhere): pass\nf.__annotations__") == {"x": "nowhere"}


def test_future_statements_hold_for_later_commands():
    console = Commands(None)
    console.run("from __future__ import annotations")
    assert console.value("def f(x: nowhere): pass\nf.__annotations__") == {"x": "nowhere"}


def test_the_future_statements_of_this_package_do_not_hold():
    with pytest.raises(NameError, match="nowhere"):
        Commands(None).run("def f(x: nowhere): pass\n")


# Module frames


def module_frame(source: str, **names: object) -> types.FrameType:
    namespace = {"__name__": "app", **names}
    with pytest.raises(ZeroDivisionError) as caught:
        exec(compile(source, "app.py", "exec"), namespace)
    return list(traceback.walk_tb(caught.value.__traceback__))[-1][0]


@pytest.mark.parametrize(
    "source",
    [
        "x = 2",
        "import math as x; x = x.floor(2.5)",
        "def f():\n    global x\n    x = 2\nf()",
        "global x; x = 2",
        "any((x := n) for n in [2])",
        "[x := 2 for _ in '1']",
        "for x in [2]: pass\n",
        "x += 1",
        "exec('x = 2')",
    ],
)
def test_in_a_module_assignments_change_the_real_globals(source: str):
    frame = module_frame("x = 1\n1 / 0")
    Commands(frame).run(source)
    assert frame.f_globals["x"] == 2


def test_in_a_module_names_can_be_deleted_and_star_imported():
    frame = module_frame("x = 1\n1 / 0")
    console = Commands(frame)
    console.run("del x\nfrom math import *")
    assert "x" not in frame.f_globals
    assert frame.f_globals["floor"](1.5) == 1
    assert console.value("floor(1.5)") == 1


def test_in_a_module_the_functions_belong_to_it():
    frame = module_frame("x = 1\n1 / 0")
    Commands(frame).run("def f(): return x\n")
    assert frame.f_globals["f"].__globals__ is frame.f_globals


def test_in_a_module_locals_and_globals_are_the_module():
    frame = module_frame("x = 1\n1 / 0")
    console = Commands(frame)
    assert console.value("locals()") is frame.f_globals
    assert console.value("vars()") is frame.f_globals
    assert console.value("globals()") is frame.f_globals
    assert console.value("dir()") == sorted(frame.f_globals)


def test_in_a_module_the_helpers_and_the_last_value_stay_out_of_it():
    frame = module_frame("x = 1\n1 / 0")
    console, before = Commands(frame), set(frame.f_globals)
    assert console.value("x + 1") == 2
    assert console.value("_ + 1") == 3
    console.run("dump()")
    assert console.shown[0]["x"] == 1
    assert console.names_shown == ["locals"]
    assert set(frame.f_globals) == before


def test_in_a_module_an_underscore_that_is_assigned_is_the_modules():
    frame = module_frame("1 / 0")
    console = Commands(frame)
    console.run("5")
    console.run("_ = 'mine'")
    assert frame.f_globals["_"] == "mine"
    assert console.value("_") == "mine"
    console.run("6")
    assert console.value("_") == 6
    assert frame.f_globals["_"] == "mine"


# A console of its own, and odd frames


def test_without_a_frame_the_names_are_those_given():
    given = {"app": "the app"}
    console = Commands(None, given)
    console.run("def f():\n    global made\n    made = app\nf()")
    assert console.value("made") == "the app"
    assert console.value("__name__") == "__console__"
    assert console.namespace.names().keys() == {"app", "f", "made"}
    assert given == {"app": "the app"}
    assert console.value("globals() is (lambda: globals())()") is True


def test_the_mapping_given_to_exec_is_copied_when_it_is_a_dict(app: App):
    class Rude(dict):
        def keys(self):
            raise AssertionError("asked")

        __iter__ = keys

    namespace = Rude()
    console = Commands(frame_of(lambda: app.module.run_in(namespace), 3))
    assert console.value("here, price") == (1, 7)


def test_a_mapping_that_is_no_dict_is_not_asked(app: App):
    class Mapping:
        def __init__(self):
            self.names, self.asked = {}, False

        def __getitem__(self, name):
            return self.names[name]

        def __setitem__(self, name, value):
            self.names[name] = value

        def keys(self):
            self.asked = True
            raise AssertionError

    namespace = Mapping()
    console = Commands(frame_of(lambda: app.module.run_in(namespace), 3))
    assert console.value("price") == 7
    assert not namespace.asked


# locals(), globals(), dir(), vars()


def test_locals_are_what_a_person_expects(app: App):
    console = app.console("simple", "tea")
    console.run("mine = 1")
    expected = {"item": "tea", "shadowed": "local", "amount": 3, "mine": 1}
    assert console.value("locals()") == expected
    assert console.value("vars()") == expected
    assert console.value("dir()") == sorted(expected)
    assert console.namespace.names() == expected


def test_locals_in_a_function_typed_here_are_its_own(app: App):
    console = app.console("simple", 1)
    console.run("def f(a):\n    b = a\n    return locals(), vars(), dir()\n")
    assert console.value("f(1)") == ({"a": 1, "b": 1}, {"a": 1, "b": 1}, ["a", "b"])


def test_locals_in_a_class_body_can_be_written(app: App):
    source = "class A:\n    locals()['x'] = 1\n    vars()['y'] = 2\n\nA.x, A.y"
    assert app.console("simple", 1).value(source) == (1, 2)


def test_globals_are_the_modules_real_ones_everywhere(app: App):
    console = app.console("simple", 1)
    assert console.value("globals()") is vars(app.module)
    assert console.value("(lambda: globals())()") is vars(app.module)


def test_dir_and_vars_of_an_object_are_the_builtins(app: App):
    console = app.console("simple", 1)
    assert console.value("dir(item)") == dir(1)
    assert console.value("vars(__import__('types').SimpleNamespace(a=1))") == {"a": 1}


def test_code_given_to_exec_has_its_own_globals(app: App):
    console = app.console("simple", 1)
    assert console.value("own = {}\nexec('g = globals()', own)\nown['g'] is own") is True


# Helpers, and the last value


def test_helpers_are_found_after_the_users_own_names(app: App):
    assert app.console("underscore").value("dump") == "my dump"
    app.module.help = "my help"
    assert app.console("simple", 1).value("help") == "my help"


def test_dump_shows_the_locals(app: App):
    console = app.console("simple", "tea")
    assert console.run("dump()") == [{"item": "tea", "shadowed": "local", "amount": 3}]
    assert console.names_shown == ["locals"]


def test_dump_shows_objects_from_anywhere(app: App):
    console = app.console("simple", "tea")
    assert console.run("def f(): dump(item, price)\nf()") == ["tea", 7]


def test_help_without_an_object_is_one_sentence(capsys: pytest.CaptureFixture[str]):
    Commands(None).run("help()")
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("source", ["help(len)", "help('len')", "help(str.split)", "help('assert')", "help(dict)"])
def test_help_is_plain_text_without_a_pager(source: str, capsys: pytest.CaptureFixture[str]):
    Commands(None).run(source)
    text = capsys.readouterr().out
    assert "\b" not in text
    assert "\x1b" not in text
    assert len(text.splitlines()) > 2


def test_the_last_value_is_underscore(app: App, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(builtins, "_", raising=False)  # whatever showed a value in this process before has set it
    console = app.console("simple", 1)
    with pytest.raises(NameError, match="'_'"):
        console.run("_")
    console.run("41; None")
    assert console.value("_ + 1") == 42
    assert console.value("(lambda: _)()") == 42
    assert "_" not in console.namespace.names()


def test_an_underscore_of_the_frame_is_there_until_a_value_was_shown(app: App):
    console = app.console("underscore")
    assert console.namespace.names()["_"] == "mine"
    console.run("x = _")
    assert console.value("x") == "mine"
    assert console.value("_") == "mine"
    console.run("5")
    assert console.value("_") == 5
    assert console.namespace.names()["_"] == "mine"


# What is shown


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("1", [1]),
        ("None", []),
        ("1; 2; x = 3; x", [1, 2, 3]),
        ("1, 2", [(1, 2)]),
        ("for i in range(2): i\nelse: 'end'\n", [0, 1, "end"]),
        ("if 1: 2\nelif 3: 4\n", [2]),
        ("while True:\n    1\n    break\n", [1]),
        ("try: 1/0\nexcept ZeroDivisionError: 'caught'\nfinally: 'finally'\n", ["caught", "finally"]),
        ("try: raise ExceptionGroup('', [OSError()])\nexcept* OSError: 'group'\n", ["group"]),
        ("match 1:\n    case 1: 'one'\n", ["one"]),
        ("import contextlib\nwith contextlib.nullcontext(): 1\n", [1]),
        ("def f():\n    1\n    return 2\nf()", [2]),
        ("class A:\n    1\n\n", []),
        ("'a text'", ["a text"]),
        ("'a text'\n'and more'", ["a text", "and more"]),
        ("...", [...]),
        ("(x := 1)", [1]),
        ("", []),
        ("# only a comment", []),
        ("pass", []),
    ],
)
def test_top_level_expressions_are_shown_as_the_repl_does(source: str, shown: list[object]):
    assert Commands(None).run(source) == shown


def test_short_expressions_give_their_value_a_name():
    console = Commands(None, {"user": types.SimpleNamespace(password="x", tags=["a"])})
    console.run("user.password; user.tags[0]; user; 1 + 1; str(user)")
    assert console.names_shown == ["user.password", "user.tags[0]", "user", "", ""]


def test_long_expressions_give_no_name():
    console = Commands(None, {"x": {600: 1}})
    assert console.run(f"x[{' + '.join(['1'] * 600)}]") == [1]
    assert console.names_shown == [""]


# Complete or not


@pytest.mark.parametrize(
    "source",
    [
        "def f():",
        "def f():\n",
        "def f():\n    a = 1",
        "def f():\n    a = 1\n    return a",
        "for i in range(3): i",
        "if 1:\n    pass\nelse:",
        "(1 +",
        "x = [\n1,\n",
        "f(",
        "'''text",
        "'''text\n\n",
        "x = \\",
        "@decorator",
        "@decorator\n",
        "try:\n    x\n",
        "class A:\n    def f(self):\n",
        "with a as b:",
        "match x:",
    ],
)
def test_unfinished_input_is_incomplete(source: str):
    assert Namespace(None, {}, lambda *shown: None).compile(source) is None


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    a = 1\n    return a\n",
        "def f():\n    a = 1\n    ",
        "x = 1\nfor i in range(3):\n    i",
        "for i in range(3): i\n",
        "def f():\n    return 1\n\ndef g():\n    return 2",
        "x = 1",
        "x = [\n1,\n]",
        "'''text\n'''",
    ],
)
def test_finished_input_is_complete(source: str):
    assert Namespace(None, {}, lambda *shown: None).compile(source) is not None


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a b", "invalid syntax"),
        ("1 +", "invalid syntax"),
        ("'text", "unterminated string literal"),
        ("return 1", "'return' outside function"),
        ("yield 1", "'yield' outside function"),
        ("lambda: await x", "'await' outside async function"),
        ("*a", "can't use starred expression here"),
        ("def f():\n    async for x in y: pass\n", "outside"),
        ("x = 1\n  y = 2", "unexpected indent"),
        ("nonlocal x", "nonlocal declaration not allowed at module level"),
        ("def f(:", "invalid syntax"),
        ("break", "'break' outside loop"),
    ],
)
def test_what_is_wrong_is_a_syntax_error_that_shows_the_line(app: App, source: str, message: str):
    console = app.console("simple", 1)
    with pytest.raises(SyntaxError, match=message) as caught:
        console.run(source)
    assert caught.value.text is not None
    assert caught.value.text.strip() == source.split("\n")[caught.value.lineno - 1].strip()


# Sources


def test_tracebacks_show_what_was_typed():
    console = Commands(None)
    console.run("def f():\n    return 1 / 0\n")
    with pytest.raises(ZeroDivisionError) as caught:
        console.run("f()")
    lines = [(entry.filename[:9], entry.line) for entry in traceback.extract_tb(caught.value.__traceback__)[-2:]]
    assert lines == [("<console ", "f()"), ("<console ", "return 1 / 0")]


def console_sources() -> set[str]:
    return {name for name in linecache.cache if name.startswith("<console ")}


def test_the_sources_kept_are_bounded_and_removed_at_the_end():
    before = console_sources()
    console = Commands(None)
    for _ in range(150):
        console.run("1")
    linecache.checkcache()
    assert len(console_sources() - before) == 100
    console.namespace.close()
    assert console_sources() == before


def test_two_consoles_never_share_a_source():
    one, other = Commands(None), Commands(None)
    one.run("def f(): 1/0\n")
    other.run("def g(): 2/0\n")
    names = one.namespace.names()["f"].__code__.co_filename, other.namespace.names()["g"].__code__.co_filename
    assert [linecache.getline(name, 1) for name in names] == ["def f(): 1/0\n", "def g(): 2/0\n"]


# Misspelt names, and the end


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the traceback module suggests names since 3.12")
@pytest.mark.parametrize(("wrong", "meant"), [("amuont", "amount"), ("prcie", "price"), ("dumpp", "dump")])
def test_misspelt_names_are_recognised_wherever_they_live(app: App, wrong: str, meant: str):
    with pytest.raises(NameError) as caught:
        app.console("simple", 1).run(wrong)
    assert f"Did you mean: '{meant}'?" in "".join(traceback.format_exception(caught.value))


def test_closing_lets_go_of_the_values_of_the_frame(app: App):
    class Item:
        pass

    console = app.console("simple", Item())
    item = weakref.ref(console.value("item"))
    console.shown.clear()
    console.namespace.close()
    gc.collect()
    assert item() is None
    assert console.namespace.names() == {}


def test_a_function_given_to_the_application_works_after_the_console_is_closed(app: App):
    console = app.console("simple", "tea")
    console.run("def fixed(): return item, price, len('abc')\nglobal boom\nboom = fixed")
    console.namespace.close()
    assert app.module.boom() == ("tea", 7, 3)


def test_the_builtins_module_is_untouched(app: App):
    before = dict(vars(builtins))
    console = app.console("simple", 1)
    console.run("x = 1\n5\ndump()\nhelp = 1")
    assert vars(builtins) == before
