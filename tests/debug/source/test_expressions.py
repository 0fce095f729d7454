"""The values of the expressions on a line, in the frame that failed, without side effects."""

from __future__ import annotations

import asyncio
import sys
import textwrap
import types
from dataclasses import dataclass

import pytest

from debugkit.debug.safe.processor_time import ProcessorTime
from debugkit.debug.source.expressions import expression_values


@dataclass
class Position:
    lineno: int | None = None
    end_lineno: int | None = None
    colno: int | None = None


@dataclass
class Frame:
    """What `expression_values` reads of a captured frame."""

    frame: types.FrameType | None
    code: types.CodeType | None
    lineno: int
    position: Position


class Failure:
    """A program that failed: its lines, and the frame at ``depth`` from the innermost."""

    def __init__(self, source: str, depth: int = 0, names: dict | None = None):
        self.lines = textwrap.dedent(source).lstrip("\n").splitlines()
        self.error = self._run(names or {})
        traceback, tracebacks = self.error.__traceback__, []
        while traceback is not None:
            tracebacks.append(traceback)
            traceback = traceback.tb_next
        self.traceback = tracebacks[-1 - depth]

    def _run(self, names: dict) -> BaseException:
        try:
            exec(compile("\n".join(self.lines), "program.py", "exec"), names)
        except Exception as error:
            return error
        raise AssertionError("the program does not fail")

    @property
    def frame(self) -> Frame:
        code, lineno = self.traceback.tb_frame.f_code, self.traceback.tb_lineno
        positions = list(code.co_positions())[self.traceback.tb_lasti // 2]
        return Frame(self.traceback.tb_frame, code, lineno, Position(*positions[:3]))

    def values(self, first: int = 1, last: int | None = None, left: ProcessorTime | None = None, **options):
        left = left or ProcessorTime(1e6)
        return expression_values(self.frame, tuple(self.lines), first, last or len(self.lines), left, **options)

    def shown(self, **options) -> dict[str, object]:
        return {value.text: value.value for value in self.values(**options)}

    def failing(self, **options) -> dict[str, object]:
        return {value.text: value.value for value in self.values(**options) if value.failing}


CART = '''
import json

class Cart:
    rate = 2

    @property
    def dangerous(self):
        raise SystemExit

    def total(self, tax=1):
        amount = 0
        text = """
at the margin
"""
        for item in self.items:
            amount += item["price"] * item["count"] * self.rate * self.dangerous
        return json.dumps(amount)

cart = Cart()
cart.items = [{"name": "Tea", "count": 2}]
cart.total()
'''


def test_names_attributes_and_items_on_the_failing_line():
    failure = Failure(CART)
    item = {"name": "Tea", "count": 2}
    found = failure.failing(first=9, last=16)
    assert found.pop("self").__class__.__name__ == "Cart"
    assert found == {"amount": 0, "item": item, "item['count']": 2, "self.rate": 2}


def test_lines_before_the_failing_one_have_values_too():
    found = Failure(CART).shown(first=9, last=16)
    assert found["tax"] == 1
    assert found["text"] == "\nat the margin\n"
    assert found["self.items"] == [{"name": "Tea", "count": 2}]


def test_every_place_is_that_of_the_expression_in_the_file():
    failure = Failure(CART)
    for value in failure.values(9, 16):
        shown = failure.lines[value.lineno - 1][value.colno : value.end_colno]
        assert value.lineno == value.end_lineno
        assert shown.replace('"', "'") == value.text


def test_columns_are_characters_also_behind_wide_ones():
    failure = Failure("größe, ñ = {'ü': 1}, 'ä🎉'; größe['ö'], ñ\n")
    places = {value.text: failure.lines[0][value.colno : value.end_colno] for value in failure.values()}
    assert places == {"größe": "größe", "ñ": "ñ"}
    assert len([value for value in failure.values() if value.text == "ñ"]) == 1


def test_an_expression_over_several_lines_says_where_it_ends():
    failure = Failure(
        """
        row = {"a": {"b": None}}
        x = (row
             ["a"]
             ["b"]).c
        """
    )
    (value,) = [value for value in failure.values() if value.text == "row['a']['b']"]
    assert (value.lineno, value.colno, value.end_lineno, value.end_colno) == (2, 5, 4, 10)
    assert value.failing


def test_all_lines_of_the_failing_expression_are_failing():
    failure = Failure(
        """
        a, b = 1, None
        c = (a +
             b)
        d = a
        """
    )
    assert {(value.text, value.lineno) for value in failure.values() if value.failing} == {("a", 2), ("b", 3)}


def test_without_a_position_the_line_of_the_frame_is_failing():
    failure = Failure("a = 1\na / 0\n")
    frame = failure.frame
    frame.position = Position()
    assert [value.lineno for value in expression_values(frame, tuple(failure.lines), 1, 2) if value.failing] == [2]


def test_nothing_of_the_application_runs():
    ran = []

    class Watching(dict):
        def __getattr__(self, name):
            ran.append(name)

        def __getitem__(self, key):
            ran.append(key)

        def __eq__(self, other):
            ran.append("eq")
            return True

        def __hash__(self):
            ran.append("hash")
            return hash("key")

        __class__ = property(lambda self: ran.append("class"))

    watching = Watching()
    source = (
        "watching.some, watching['key'], watching[watching], plain[watching], plain['key'], call().x, -watching, 1 / 0"
    )
    plain = {watching: 1}
    ran.clear()
    failure = Failure(
        f"if ran: {source}\n1 / 0\n", names={"ran": ran, "watching": watching, "plain": plain, "call": ran.append}
    )
    assert set(failure.shown()) == {"ran", "watching", "plain"}
    assert ran == []


def test_calls_and_arithmetic_are_not_evaluated():
    assert set(Failure("n = 9\nlist(range(n)), n ** n ** n ** n if n < 0 else 1, 1 / 0\n").shown()) == {"n"}


def test_items_with_computed_keys_are_found():
    found = Failure("rows, i = [{'k': 5}], 0\nrows[i]['k'] + rows[-1]['k'] + None\n").failing()
    assert found == {
        "rows": [{"k": 5}],
        "i": 0,
        "rows[i]": {"k": 5},
        "rows[i]['k']": 5,
        "rows[-1]": {"k": 5},
        "rows[-1]['k']": 5,
    }


def test_names_without_a_value_yet_are_left_out():
    assert Failure("a = 1\nb = a / 0\nc = b\n").shown() == {"a": 1}


def test_modules_functions_classes_and_builtins_are_noise():
    source = "import json\ndef f(): pass\nclass C: pass\nx = [json, f, C, len]\nf() / 1\n"
    failure = Failure(source)
    assert set(failure.shown()) == {"x", "f"}
    assert set(failure.failing()) == {"f"}


def test_a_shadowed_builtin_is_no_noise():
    assert Failure("list = [1]\nlist()\n").failing() == {"list": [1]}


def test_methods_are_noise_also_on_the_failing_line():
    assert Failure("item = {}\nitem.get(1) + 1\n").failing() == {"item": {}}


def test_names_of_functions_defined_inside_are_not_mixed_up_with_those_of_the_frame():
    source = """
    x = "outer"
    def inner(x):
        return x.y
    key = lambda x: x.z
    rows = [x.w for x in []]
    x.fail
    """
    lines = [value.lineno for value in Failure(source).values() if value.text == "x"]
    assert lines == [1, 6]


COMPREHENSION = """
def f(rate):
    x = "outer"
    return [x["price"] * rate + table[x] for x in [{"name": 1}]]
table = {"outer": 1}
f(2)
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="PEP 709: comprehensions have no frame of their own")
def test_a_comprehension_with_a_frame_shows_its_own_variable():
    found = Failure(COMPREHENSION).failing(first=1, last=3)
    assert found["x"] == {"name": 1}
    assert found["rate"] == 2


def test_the_function_around_a_comprehension_does_not_show_an_outer_variable_for_it():
    depth = 0 if sys.version_info >= (3, 12) else 1
    assert Failure(COMPREHENSION, depth=depth).failing(first=1, last=3) == {"rate": 2, "table": {"outer": 1}}


def test_the_parameters_of_a_lambda_in_a_default_are_not_those_of_the_function():
    found = Failure("y = 5\ndef f(x, key=lambda y: y.z):\n    x.fail\nf(1)\n").values(2, 3)
    assert {(value.text, value.lineno) for value in found} == {("x", 2), ("x", 3)}


def test_a_generator_expression_is_a_frame_of_its_own():
    source = "rows = [{'a': 1}]\nsum(row['b'] for row in rows)\n"
    assert Failure(source).failing()["row"] == {"a": 1}
    assert set(Failure(source, depth=1).failing()) == {"rows"}


def test_a_lambda_shows_its_parameters():
    source = "row = 'outer'\nkey = lambda row, other=3: row['b']\nkey({'a': 1})\n"
    assert Failure(source).failing() == {"row": {"a": 1}, "other": 3}


def test_a_decorated_method_and_an_async_one_are_found():
    source = """
    def same(f): return f
    class Shop:
        @same
        @same
        async def open(self, door, *keys, when=None):
            return door.knob
    shop = Shop()
    run(shop.open(1, 2))
    """
    found = Failure(source, names={"run": asyncio.run}).shown(first=3, last=6)
    assert (found["door"], found["keys"], found["when"]) == (1, (2,), None)


def test_only_the_failing_line_is_looked_at_where_that_is_asked():
    failure = Failure("def f(a):\n    b = a\n    return b['k']\nf({})\n")
    assert {value.text for value in failure.values(failing_only=True)} == {"b"}


def test_a_class_body_shows_its_names():
    assert Failure("class A:\n    size = 3\n    rest = size.none\n").failing() == {"size": 3}


def test_expressions_inside_an_f_string_are_found():
    failure = Failure("item = {'name': None}\nprice = None\nf\"{item['name']}: {price:.2f}\"\n")
    assert failure.failing() == {"item": {"name": None}, "item['name']": None, "price": None}
    for value in failure.values():
        assert failure.lines[value.lineno - 1][value.colno : value.end_colno] == value.text


def test_a_window_that_is_cut_in_the_middle_of_a_statement_is_parsed_around_the_failing_line():
    source = "a = [\n    1,\n    2,\n]\nb = None\nc = a[0] + b\nd = (\n    3,\n"
    failure = Failure(source + ")\n")
    assert failure.failing(first=3, last=7) == {"a": [1, 2], "a[0]": 1, "b": None}


def test_a_line_that_cannot_be_parsed_shows_its_names():
    failure = Failure("a, b = 1, None\nfoo = (a + 'b' +\n       b)\n")
    frame = failure.frame
    frame.lineno, frame.position = 2, Position(2, 2)
    values = expression_values(frame, tuple(failure.lines), 2, 2)
    assert {(value.text, value.colno, value.failing) for value in values} == {("a", 7, True)}


def test_a_block_of_a_long_file_is_cut_around_the_failing_line():
    source = "".join(f"x{number} = {number}\n" for number in range(3_000)) + "x5 + None\n"
    found = Failure(source).values()
    assert found[-1].text == "x5"
    assert found[-1].failing
    assert len(found) <= 600


def test_of_a_very_long_line_the_names_around_the_error_are_found():
    names = ", ".join(f"n{number}" for number in range(20_000))
    program = f"{' = '.join(f'n{number}' for number in range(20_000))} = 'ä'\nx = [{names}, n7 + 1, {names}]\n"
    failing = Failure(program).failing(first=2, last=2)
    assert failing.keys() >= {"n19999", "n7", "n0"}
    assert 10 < len(failing) <= 500


def test_when_time_is_up_only_the_failing_lines_are_evaluated():
    failure = Failure("a = 1\nb = 2\na / 0 + b\n")
    assert [value.lineno for value in failure.values(left=ProcessorTime(0))] == [3, 3]


def test_a_large_dict_is_no_obstacle():
    source = "data = dict.fromkeys(range(200_000))\nkey = 1\ndata[key].none\n"
    assert {"data", "key"} <= set(Failure(source).failing())


@pytest.mark.parametrize(("first", "last"), [(5, 4), (100, 200), (-3, 0)])
def test_an_empty_block_has_no_expressions(first, last):
    assert expression_values(Failure("1 / 0\n").frame, ("1 / 0",), first, last) == ()


def test_a_frame_that_is_gone_has_no_expressions():
    assert expression_values(Frame(None, None, 1, Position()), ("a",), 1, 1) == ()


def test_source_that_changed_since_is_no_obstacle():
    failure = Failure("a = 1\na / 0\n")
    assert expression_values(failure.frame, ("something else", "= [", "\x00"), 1, 3) == ()


def test_a_namespace_that_is_not_a_dict_is_not_asked():
    source = """
    class Namespace(dict):
        def __getitem__(self, name):
            asked.append(name)
            return dict.__getitem__(self, name)
        def keys(self):
            raise RuntimeError
    class Meta(type):
        def __prepare__(name, bases):
            return Namespace()
    class A(metaclass=Meta):
        size = 3
        del asked[:]
        1 / 0
    """
    asked = []
    failure = Failure(source, names={"asked": asked})
    asked.clear()
    assert failure.shown(first=10, last=13)["size"] == 3
    assert asked == []
