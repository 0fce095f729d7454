"""Any object in one line, and page by page: bounded, redacted, and without running its code."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import io
import pathlib
import re
import sys
import threading
import time
import types
import uuid
import zoneinfo

import pytest

from debugkit.debug.guard import Guard
from debugkit.debug.redaction import REDACTED, Redactor
from debugkit.debug.values import Describer
from debugkit.settings import Limits

LONG = 10.0


@pytest.fixture
def describer():
    # Enough time for foreign code on a busy machine; the tests of deadlines make their own.
    with Describer(Limits(repr_seconds=LONG, values_seconds=LONG), Redactor(environ={})) as describer:
        yield describer


class Color(enum.Enum):
    RED = 1


class Right(enum.Flag):
    READ = 1
    WRITE = 2


class Plain:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Slotted:
    __slots__ = ("_hidden", "price")

    def __init__(self):
        self._hidden, self.price = 1, 2


Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass
class Item:
    name: str
    price: object = None
    password: str = "hunter2"
    cache: dict = dataclasses.field(default_factory=dict, repr=False)


class OutOfStock(Exception):
    def __init__(self, name, left):
        super().__init__(name)
        self.left = left

    def __str__(self):
        raise RuntimeError("not to be called")

    __repr__ = __str__


def function(a, b=2):
    return a + b


def generate():
    yield 1


# One line


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
        ("it's", '"it\'s"', "string", "str"),
        ("a\n\x00\ud800\u202e", r"'a\n\x00\ud800\u202e'", "string", "str"),
        (b"ab\xff", r"b'ab\xff'", "string", "bytes"),
        (bytearray(b"ab"), "bytearray(b'ab')", "string", "bytearray"),
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
        (types.SimpleNamespace(a=1), "namespace(a=1)", "object", "types.SimpleNamespace"),
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
        (Color.RED, "<Color.RED: 1>", "constant", None),
        (Right.READ | Right.WRITE, "<Right.READ|WRITE: 3>", "constant", None),
        (KeyError("price"), "KeyError('price')", "object", "KeyError"),
        (OutOfStock("tea", 0), "OutOfStock('tea')", "object", None),
        (Point(1, 2), "Point(x=1, y=2)", "object", None),
        (Item("tea"), f"Item(name='tea', price=None, password={REDACTED})", "object", None),
        (Plain(), "<Plain>", "object", None),
        (Plain(_b=1, a="x"), "<Plain a='x', _b=1>", "object", None),
        (Slotted(), "<Slotted price=2, _hidden=1>", "object", None),
        (object(), "<object>", "object", "object"),
        (len, "<built-in function len>", "object", "builtin_function_or_method"),
        ([].append, "<built-in method append of list>", "object", "builtin_function_or_method"),
        (Plain(a=1).__init__, "<bound method Plain.__init__ of <Plain a=1>>", "object", "method"),
        (int, "<class 'int'>", "object", "type"),
        (collections.OrderedDict, "<class 'collections.OrderedDict'>", "object", "type"),
        (sys, "<module 'sys'>", "object", "module"),
        (io.BytesIO(b"abc"), "<BytesIO of 3 bytes, at 0>", "object", "BytesIO"),
        (io.StringIO("abc"), "<StringIO, at 0>", "object", "StringIO"),
        (threading.Lock(), "<unlocked _thread.lock>", "object", None),
        (iter([1]), "<list_iterator>", "object", "list_iterator"),
    ],
)
def test_a_value_in_one_line(describer, value, text, kind, name):
    node = describer.describe(value)
    assert (node.text, node.kind) == (text, kind)
    assert name is None or node.type == name
    assert not node.redacted


def test_paths_functions_and_modules_say_where_they_are(describer):
    assert describer.describe(pathlib.PurePosixPath("/x")).text == "PurePosixPath('/x')"
    line = function.__code__.co_firstlineno
    assert describer.describe(function).text == f"<function {__name__}:function, test_values.py:{line}>"
    assert "collections/__init__.py" in describer.describe(collections).text.replace("\\\\", "/")


def test_a_type_is_named_with_its_module(describer):
    assert describer.describe(Plain()).type == f"{__name__}.Plain"
    assert describer.describe(pathlib.Path()).type.startswith("pathlib.P")


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


def test_subclasses_of_containers_are_read_by_the_methods_of_their_base(describer):
    def hostile(*args):
        raise RuntimeError("not to be called")

    bases = {list: [1], tuple: (1,), set: {1}, dict: {"a": 1}, frozenset: {1}, collections.deque: [1]}
    hooks = dict.fromkeys(
        ["__iter__", "__len__", "__getitem__", "__repr__", "__bool__", "__contains__", "items"], hostile
    )
    for base, content in bases.items():
        value = base.__new__(type("Hostile", (base,), hooks), content)
        base.__init__(value, content) if base not in (tuple, frozenset) else None
        node = describer.describe(value)
        assert node.text.startswith("Hostile(")
        assert "1" in node.text
        assert describer.children(value).total == 1


def test_attributes_of_a_container_subclass_are_among_its_children(describer):
    class Basket(list):
        pass

    basket = Basket([1, 2])
    basket.owner = "Ann"
    assert describer.describe(basket).text == "Basket([1, 2])"
    children = describer.children(basket)
    assert [(child.label, child.node.text) for child in children.items] == [("0", "1"), ("1", "2"), ("owner", "'Ann'")]
    assert children.total == 3


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


# Bounds


def test_every_line_is_bounded_and_can_be_sent(describer):
    deep = [[[[[[1]]]]]]
    wide = {f"key{number}" * 20: "value" * 1_000 for number in range(100)}
    odd = type("Odd\n" * 100, (), {})()
    for value in (
        deep,
        wide,
        [wide] * 100,
        "x" * 10_000,
        "\x00" * 10_000,
        odd,
        Plain(**{"x" * 5_000: 1}),
        b"\xff" * 9_999,
    ):
        node = describer.describe(value)
        assert 0 < len(node.text) <= 200
        assert "\n" not in node.text + node.type
        (node.text + node.type).encode()
        for child in describer.children(value).items:
            (child.label + child.node.text).encode()


def test_a_long_string_says_how_long_it_is(describer):
    text = describer.describe("abc" * 1_000).text
    assert text.startswith("'abcabc")
    assert text.endswith("…' (3,000 characters)")
    assert describer.describe(b"ab" * 1_000).text.endswith("…' (2,000 bytes)")


def test_all_keys_of_a_dict_are_seen_although_one_value_is_long(describer):
    value = {"name": "Tea", "description": "long " * 1_000, "price": None, "tags": list(range(50)), "count": 3}
    text = describer.describe(value).text
    for key in value:
        assert repr(key) in text
    assert "'price': None" in text
    assert "'count': 3" in text


def test_what_short_parts_leave_is_given_to_the_long_ones(describer):
    text = describer.describe({"long": "x" * 1_000, "short": 1}).text
    assert len(text) > 150
    assert text.endswith("'short': 1}")


def test_parts_left_out_are_counted(describer):
    assert describer.describe(list(range(100_000))).text == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, … 99,990 more]"


def test_a_list_of_records_shows_few_of_them_well(describer):
    rows = [{"id": number, "name": f"row {number}", "price": number / 2} for number in range(50)]
    assert describer.describe(rows).text.startswith("[{'id': 0, 'name': 'row 0', 'price': 0.0}, {'id': 1")


def test_nesting_ends_at_the_depth_of_the_limits(describer):
    assert describer.describe([[[[[[1]]]]]]).text == "[[[[[…]]]]]"


def test_a_cycle_is_marked(describer):
    value = [1]
    value.append(value)
    record = {"me": None}
    record["me"] = record
    assert describer.describe(value).text == "[1, <cycle: list>]"
    assert describer.describe(record).text == "{'me': <cycle: dict>}"


def test_the_same_value_twice_is_no_cycle(describer):
    shared = [1]
    assert describer.describe([shared, shared]).text == "[[1], [1]]"


@pytest.mark.parametrize(
    "value",
    [list(range(1_000_000)), dict.fromkeys(range(100_000)), "x" * 10_000_000, b"x" * 10_000_000, 10**100_000],
    ids=["list", "dict", "str", "bytes", "int"],
)
def test_large_values_are_not_copied(describer, value):
    describer.describe(value)
    started = time.perf_counter()
    for _ in range(100):
        describer.describe(value)
    # A hundredth of this is measured; one copy of any of them takes longer than its share.
    assert time.perf_counter() - started < 1.0


# Nothing is consumed


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


def test_properties_and_getattr_do_not_run(describer):
    class Lazy:
        def __init__(self):
            self.__dict__["known"] = 1

        def __getattr__(self, name):
            raise RuntimeError("not to be called")

        @property
        def total(self):
            raise RuntimeError("not to be called")

    assert describer.describe(Lazy()).text == "<Lazy known=1>"
    assert [child.label for child in describer.children(Lazy()).items] == ["known"]


class Meta(type):
    def __getattribute__(cls, name):
        raise RuntimeError

    __hash__ = __eq__ = __instancecheck__ = __subclasscheck__ = __call__ = lambda *args: 1 / 0


class Hostile(metaclass=Meta):
    def __getattribute__(self, name):
        raise RuntimeError

    __class__ = property(lambda self: 1 / 0)
    __hash__ = __eq__ = __len__ = __bool__ = __iter__ = __getitem__ = __str__ = __format__ = lambda *args: 1 / 0


def test_an_object_that_lies_everywhere_is_shown(describer):
    value = object.__new__(Hostile)
    assert describer.describe(value).text == "<Hostile>"
    assert describer.describe([value, {"a": value}]).text == "[<Hostile>, {'a': <Hostile>}]"
    assert describer.describe(Hostile).text.endswith("Hostile'>")
    assert describer.children(value).items == ()


# Foreign reprs


class Shown:
    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


def test_a_repr_that_somebody_wrote_is_shown_and_attributes_are_its_children(describer):
    node = describer.describe(Shown("<shown>"))
    assert (node.text, node.kind, node.openable) == ("<shown>", "object", True)
    assert [child.label for child in describer.children(Shown("x")).items] == ["text"]


def test_a_repr_of_several_lines_becomes_one(describer):
    assert describer.describe(Shown("a\n   b\x1b[0m\ud800")).text == "a b\\x1b[0m\\ud800"


def test_a_useless_repr_is_replaced_by_the_attributes(describer):
    assert describer.describe(Shown("<app.Shown object at 0x7f00>")).text.startswith("<Shown text=")


def test_a_gigantic_repr_is_cut(describer):
    assert len(describer.describe(Shown("x" * 1_000_000)).text) == 200


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, RecursionError])
def test_a_repr_that_raises_is_an_error_of_its_value_only(describer, error):
    class Widget:
        def __init__(self):
            self.size = 1

        def __repr__(self):
            raise error("no")

    node = describer.describe([Widget(), 1])
    assert node.text == f"[<Widget: repr raised {error.__name__}: no>, 1]"
    node = describer.describe(Widget())
    assert (node.text, node.kind, node.openable) == (f"<Widget: repr raised {error.__name__}: no>", "error", True)


def test_a_repr_that_returns_no_text_is_an_error(describer):
    assert describer.describe(Shown(3)).kind == "error"


def test_a_repr_that_never_ends_costs_its_deadline_once_for_a_class():
    class Widget:
        def __init__(self, number):
            self.number = number

        def __repr__(self):
            while True:
                pass

    with Describer(Limits(repr_seconds=0.05, values_seconds=LONG), Redactor(environ={})) as describer:
        node = describer.describe(Widget(1))
        assert (node.text, node.kind) == ("<Widget: repr took longer than 0.05 s>", "error")
        assert describer.describe(Widget(2)).text == "<Widget number=2>"
        assert describer.describe(Shown("still served")).text == "still served"


def test_when_the_time_is_used_up_attributes_are_shown():
    with Describer(Limits(), Redactor(environ={}), Guard(each=1, total=0)) as describer:
        assert describer.describe(Shown("never")).text == "<Shown text='never'>"


def test_foreign_code_is_asked_once_for_a_value(describer):
    calls = []

    class Counting:
        def __repr__(self):
            calls.append(1)
            return "counted"

    value = Counting()
    assert {describer.describe(value).text for _ in range(3)} == {"counted"}
    assert calls == [1]


def test_no_thread_is_started_for_values_without_foreign_code():
    before = threading.active_count()
    with Describer(Limits(), Redactor(environ={})) as describer:
        for value in ({"a": [1, "x"]}, Plain(a=1), Item("tea"), KeyError("x"), generate, Color.RED):
            describer.describe(value)
            describer.children(value)
        assert threading.active_count() == before


def test_a_text_class_with_its_own_repr_keeps_its_text(describer):
    class Hidden(str):
        __slots__ = ()

        def __repr__(self):
            return "<hidden>"

    node = describer.describe(Hidden("x" * 1_000))
    assert node.text == "<hidden>"
    assert "xxx" not in str(describer.children(Hidden("x" * 1_000)))


def test_a_text_class_without_one_is_shown_as_text(describer):
    class Name(str):
        __slots__ = ()

    assert describer.describe(Name("Ann")).text == "Name('Ann')"


# Secrets


def test_a_secret_name_hides_the_value_and_its_children(describer):
    node = describer.describe(["hunter2"], "passwords")
    assert (node.text, node.kind, node.redacted, node.openable) == (REDACTED, "redacted", True, False)
    assert describer.children(["hunter2"], "passwords").items == ()


@pytest.mark.parametrize("value", [None, True, "", len, int, sys])
def test_what_cannot_be_a_secret_is_shown_under_a_secret_name(describer, value):
    assert not describer.describe(value, "password").redacted


@pytest.mark.parametrize(
    "value",
    [
        {"password": "hunter2"},
        {"user": {"api_key": "hunter2"}},
        [("Authorization", "hunter2")],
        ("secret", "hunter2"),
        Plain(token="hunter2"),
        Item("x", password="hunter2"),
        types.SimpleNamespace(secret="hunter2"),
        {"password": "hunter2"}.values(),
        {"password": "hunter2"}.items(),
        types.MappingProxyType({"password": "hunter2"}),
        Shown("<User name='x' password='hunter2'>"),
        Shown("password=hunter2"),
        Shown("postgres://a:hunter2@b/c"),
        "postgres://a:hunter2@b/c",
        b"Authorization: hunter2",
        "x" * 150 + " password=hunter2hunter2hunter2",
        collections.namedtuple("Login", "user password")("x", "hunter2"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_secrets_are_hidden_at_every_depth(describer, value):
    assert "hunter" not in describer.describe(value).text
    todo = [(value, "")]
    while todo:
        item, name = todo.pop()
        for child in describer.children(item, name).items:
            if child.node.redacted:
                assert not describer.children(child.value, child.label).items
            if type(item) is not Shown:  # its attribute is the text itself
                assert "hunter" not in child.label + child.node.text
            if child.node.openable:
                todo.append((child.value, child.label))


def test_a_type_called_secret_hides_its_value(describer):
    class SecretStr:
        def __init__(self):
            self.value = "hunter2"

    class Secretary(SecretStr):
        pass

    class Password(SecretStr):
        pass

    assert describer.describe(SecretStr()).redacted
    assert describer.describe(Password()).redacted
    assert describer.describe([SecretStr()]).text == f"[{REDACTED}]"
    assert describer.children(SecretStr()).items == ()


def test_a_class_whose_name_only_begins_like_a_secret_is_shown(describer):
    class SecretaryForm:
        pass

    assert describer.describe(SecretaryForm()).text == "<SecretaryForm>"


def test_the_value_of_a_secret_variable_of_the_environment_is_hidden_everywhere():
    redactor = Redactor(environ={"API_SECRET": "sk_live_12345"})
    with Describer(Limits(), redactor) as describer:
        assert describer.describe("sk_live_12345").redacted
        assert describer.describe(b"sk_live_12345").redacted
        assert "sk_live" not in describer.describe({"x": ["a sk_live_12345 b"], "sk_live_12345": 1}).text
        assert "sk_live" not in str([c.label for c in describer.children({"sk_live_12345": 1}).items])


def test_a_secret_at_the_edge_of_a_line_is_hidden_as_a_whole():
    redactor = Redactor(environ={"API_SECRET": "s" * 100})
    with Describer(Limits(), redactor) as describer:
        for before in range(80, 220, 7):
            text = describer.describe("a" * before + "s" * 100 + "b" * 5_000).text
            assert "ss" not in text


def test_a_secret_at_the_edge_of_a_piece_of_a_string_is_hidden_as_a_whole():
    redactor = Redactor(environ={"API_SECRET": "s" * 100})
    with Describer(Limits(value_string=500), redactor) as describer:
        text = "a" * 450 + "s" * 100 + "b" * 500
        pieces = [child.node.text for offset in range(3) for child in describer.children(text, "", offset).items]
        assert "s" not in "".join(pieces)


# Children


def labels(children):
    return [child.label for child in children.items]


def test_children_come_in_pages(describer):
    value = list(range(120))
    first, second, third = (describer.children(value, "", offset) for offset in (0, 50, 100))
    assert (labels(first)[0], first.next_offset, first.total) == ("0", 50, 120)
    assert (labels(second)[0], second.next_offset) == ("50", 100)
    assert (labels(third)[-1], third.next_offset) == ("119", None)
    assert describer.children(value, "", 500).items == ()
    assert labels(describer.children(value, "", -5))[0] == "0"


@pytest.mark.parametrize("make", [list, tuple, set, frozenset, collections.deque, dict.fromkeys])
def test_pages_of_every_container_hold_all_of_it(describer, make):
    value, found, offset = make(range(120)), [], 0
    while offset is not None:
        page = describer.children(value, "", offset)
        found += [int(child.label) if isinstance(value, dict) else child.value for child in page.items]
        offset = page.next_offset
    assert sorted(found) == list(range(120))


def test_labels_are_keys_names_and_numbers(describer):
    assert labels(describer.children({"a": 1, 2: 3, (1, "x"): 4})) == ["'a'", "2", "(1, 'x')"]
    assert labels(describer.children(Point(1, 2))) == ["x", "y"]
    assert labels(describer.children(Item("x"))) == ["name", "price", "password", "cache"]
    assert labels(describer.children(OutOfStock("tea", 0))) == ["0", "left"]
    assert labels(describer.children(Slotted())) == ["price", "_hidden"]
    assert labels(describer.children({"a": 1}.values())) == ["'a'"]


def test_children_hold_the_value_itself(describer):
    inner = [1]
    assert describer.children({"a": inner}).items[0].value is inner


def test_what_has_no_children_is_not_openable(describer):
    for value in (1, "short", None, [], {}, Plain(), object(), Color.RED):
        assert not describer.describe(value).openable
        assert describer.children(value).items == ()


def test_a_long_string_opens_into_its_pieces(describer):
    text = "0123456789" * 500
    assert describer.describe(text).openable
    first, last = describer.children(text), describer.children(text, "", 2)
    assert (first.total, first.next_offset, last.next_offset) == (3, 1, None)
    assert first.items[0].node.text == text[:2_000]
    assert last.items[0].node.text == text[4_000:]
    assert not first.items[0].node.openable


def test_a_function_opens_into_what_it_closes_over(describer):
    outer = 3

    def inner():
        return outer + unset

    if not outer:
        unset = 1
    children = describer.children(inner)
    assert [(child.label, child.node.text) for child in children.items] == [("outer", "3"), ("unset", "<not set yet>")]


def test_a_class_and_a_module_open_into_their_names(describer):
    assert "total" in labels(describer.children(type("A", (), {"total": 1})))
    assert describer.children(types.ModuleType("m")).total > 0


def test_a_repr_that_changes_the_dict_it_is_in_breaks_nothing(describer):
    class Changing:
        def __repr__(self):
            value["more"] = len(value)
            return "changing"

    value = {Changing(): 1, "b": 2}
    assert describer.describe(value).text == "{changing: 1, 'b': 2}"
    assert "more" in value


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


def test_exhausting_the_stack_is_not_the_end(describer):
    def deeper():
        try:
            return deeper()
        except RecursionError:
            return describer.describe([[{"a": [1]}]])

    assert deeper().type.endswith("list")
