"""Values of built-in and standard-library types, read without being consumed or converted."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import io
import pathlib
import re
import threading
import types
import uuid
import zoneinfo

import pytest

LONG = 240.0


class Plain:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


def function(a, b=2):
    return a + b


def generate():
    yield 1


@pytest.mark.parametrize(
    ("value", "text", "kind", "name"),
    [
        (None, "None", "constant", "NoneType"),
        (True, "True", "constant", "bool"),
        (..., "Ellipsis", "constant", "ellipsis"),
        (NotImplemented, "NotImplemented", "constant", "NotImplementedType"),
        (42, "42", "number", "int"),
        (-1.5, "-1.5", "number", "float"),
        (float("nan"), "nan", "number", "float"),
        (float("-inf"), "-inf", "number", "float"),
        (2j, "2j", "number", "complex"),
        (memoryview(b"abc"), "<memoryview of 3 bytes>", "container", "memoryview"),
        ([], "[]", "container", "list"),
        ([1, "a"], "[1, 'a']", "container", "list"),
        ((1,), "(1,)", "container", "tuple"),
        ((1, 2), "(1, 2)", "container", "tuple"),
        (set(), "set()", "container", "set"),
        ({1}, "{1}", "container", "set"),
        (frozenset(), "frozenset()", "container", "frozenset"),
        (frozenset({1}), "frozenset({1})", "container", "frozenset"),
        ({}, "{}", "container", "dict"),
        ({"a": 1, 2: None}, "{'a': 1, 2: None}", "container", "dict"),
        (collections.OrderedDict(a=1), "OrderedDict({'a': 1})", "container", "collections.OrderedDict"),
        (collections.Counter("aa"), "Counter({'a': 2})", "container", "collections.Counter"),
        (collections.defaultdict(list, a=[1]), "defaultdict(list, {'a': [1]})", "container", "collections.defaultdict"),
        (collections.deque([1, 2]), "deque([1, 2])", "container", "collections.deque"),
        (range(3), "range(0, 3)", "container", "range"),
        (range(0, 9, 2), "range(0, 9, 2)", "container", "range"),
        (slice(1, None), "slice(1, None, None)", "object", "slice"),
        ({"a": 1}.keys(), "dict_keys(['a'])", "container", "dict_keys"),
        ({"a": 1}.values(), "dict_values([1])", "container", "dict_values"),
        ({"a": 1}.items(), "dict_items({'a': 1})", "container", "dict_items"),
        (types.MappingProxyType({"a": 1}), "mappingproxy({'a': 1})", "container", "mappingproxy"),
        (datetime.date(2025, 1, 2), "date(2025-01-02)", "constant", "datetime.date"),
        (datetime.time(1, 2), "time(01:02:00)", "constant", "datetime.time"),
        (datetime.timedelta(1), "timedelta(1 day, 0:00:00)", "constant", "datetime.timedelta"),
        (
            datetime.datetime(2025, 1, 2, tzinfo=zoneinfo.ZoneInfo("UTC")),
            "datetime(2025-01-02 00:00:00+00:00)",
            "constant",
            "datetime.datetime",
        ),
        (decimal.Decimal("1.20"), "Decimal('1.20')", "number", "decimal.Decimal"),
        (fractions.Fraction(1, 3), "Fraction(1, 3)", "number", "fractions.Fraction"),
        (uuid.UUID(int=0), f"UUID('{uuid.UUID(int=0)}')", "constant", "uuid.UUID"),
        (re.compile("a+"), "re.compile('a+')", "object", "re.Pattern"),
        (re.match("a+", "aab"), "<re.Match span=(0, 2), match='aa'>", "object", "re.Match"),
        (re.match(b"a+", bytearray(b"aab")), "<re.Match span=(0, 2)>", "object", "re.Match"),
        (object(), "<object>", "object", "object"),
        (len, "<built-in function len>", "object", "builtin_function_or_method"),
        ([].append, "<built-in method append of list>", "object", "builtin_function_or_method"),
        (Plain(a=1).__init__, "<bound method Plain.__init__ of <Plain a=1>>", "object", "method"),
        (io.BytesIO(b"abc"), "<BytesIO of 3 bytes, at 0>", "object", "BytesIO"),
        (io.StringIO("abc"), "<StringIO, at 0>", "object", "StringIO"),
        (threading.Lock(), "<unlocked _thread.lock>", "object", None),
        (iter([1]), "<list_iterator>", "object", "list_iterator"),
    ],
)
def test_a_built_in_value_in_one_line(describer, value, text, kind, name):
    node = describer.describe(value)
    assert (node.text, node.kind) == (text, kind)
    assert name is None or node.type == name
    assert not node.redacted


def test_paths_functions_and_modules_say_where_they_are(describer):
    assert describer.describe(pathlib.PurePosixPath("/x")).text == "PurePosixPath('/x')"
    line = function.__code__.co_firstlineno
    assert describer.describe(function).text == f"<function {__name__}:function, test_builtins.py:{line}>"
    assert "collections/__init__.py" in describer.describe(collections).text.replace("\\\\", "/")


def test_closed_and_released_buffers_are_described(describer):
    buffer, text, view = io.BytesIO(), io.StringIO(), memoryview(b"")
    buffer.close()
    text.close()
    view.release()
    assert [describer.describe(value).text for value in (buffer, text, view)] == [
        "<BytesIO, closed>",
        "<StringIO, closed>",
        "<memoryview, released>",
    ]


def test_numbers_that_are_too_long_are_not_converted(describer):
    assert describer.describe(10**100_000).text == "<int of about 100,001 digits>"
    assert describer.describe(range(10**100_000)).text == "range(0, <int of about 100,001 digits>)"
    assert describer.describe(decimal.Decimal("1E+100000")).text == "Decimal('1.0000000000E+100000')"
    assert describer.describe(fractions.Fraction(1, 10**5_000)).text == "Fraction(1, <int of about 5,001 digits>)"


def test_a_time_zone_of_the_application_is_named_and_not_asked(describer):
    class Zone(datetime.tzinfo):
        def utcoffset(self, when):
            raise RuntimeError

    assert describer.describe(datetime.datetime(2025, 1, 2, tzinfo=Zone())).text == "datetime(2025-01-02 00:00:00 Zone)"


def test_iterators_generators_and_files_stay_where_they_are(describer, tmp_path):
    path = tmp_path / "file"
    path.write_text("abc", encoding="utf-8")
    numbers, mapped, generator = iter([1, 2]), map(str, [1, 2]), generate()
    with path.open(encoding="utf-8") as file:
        for value in (numbers, mapped, generator, file, zip([1], [2], strict=True), enumerate([1])):
            assert describer.describe(value).text.startswith("<")
            describer.children(value)
        assert file.read() == "abc"
    assert next(numbers) == 1
    assert next(mapped) == "1"
    assert next(generator) == 1


def test_generators_and_coroutines_say_where_they_wait(describer):
    async def coroutine():
        pass

    generator, waiting = generate(), coroutine()
    line = generate.__code__.co_firstlineno
    assert describer.describe(generator).text == f"<generator generate, at line {line}>"
    list(generator)
    assert describer.describe(generator).text == "<generator generate, finished>"
    assert describer.describe(waiting).text.startswith("<coroutine test_generators")
    waiting.close()


@pytest.mark.parametrize("make", [list, tuple, set, frozenset, collections.deque, dict.fromkeys])
def test_pages_of_every_container_hold_all_of_it(describer, make):
    value, found, offset = make(range(120)), [], 0
    while offset is not None:
        page = describer.children(value, "", offset)
        found += [int(child.label) if isinstance(value, dict) else child.value for child in page.items]
        offset = page.next_offset
    assert sorted(found) == list(range(120))


def test_a_function_opens_into_what_it_closes_over(describer):
    outer = 3

    def inner():
        return outer + unset

    if not outer:
        unset = 1
    children = describer.children(inner)
    assert [(child.label, child.node.text) for child in children.items] == [("outer", "3"), ("unset", "<not set yet>")]


def test_another_thread_changing_a_dict_breaks_nothing(describer):
    value, stop = {0: 0}, threading.Event()

    def change():
        number = 0
        while not stop.is_set():
            number += 1
            value[number] = number
            value.pop(number - 5, None)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(200):
            assert describer.describe(value).kind == "container"
            assert describer.children(value).total is not None
    finally:
        stop.set()
        thread.join(LONG)
