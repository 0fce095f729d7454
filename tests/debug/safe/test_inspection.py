"""Foreign code under guard, and looking at objects past every hook of their classes."""

from __future__ import annotations

import contextvars
import gc
import threading
import weakref

import pytest

from debugkit.debug.safe.inspection import (
    MISSING,
    ForeignCodeError,
    Guard,
    NoTimeLeft,
    TookTooLong,
    attribute,
    attributes,
    class_attribute,
    class_name,
    exact_str,
    instance_dict,
    mro,
    printable,
    qualified_name,
)

#: Longer than any test needs, shorter than the patience of a person.
LONG = 240.0


@pytest.fixture
def guard():
    guard = Guard(each=LONG, total=LONG)
    yield guard
    guard.close()


def helpers():
    return [thread for thread in threading.enumerate() if thread.name == "debugkit-guard"]


def forever(started, ended):
    try:
        started.set()
        while True:
            pass
    finally:
        ended.set()


def test_the_result_comes_back(guard):
    assert guard.run(divmod, 7, 2) == (3, 1)


def test_no_thread_is_started_before_it_is_needed():
    before = len(helpers())
    Guard(1, 1)
    assert len(helpers()) == before


def test_all_calls_share_one_helper_thread_which_is_a_daemon(guard):
    first, second = guard.run(threading.current_thread), guard.run(threading.current_thread)
    assert first is second is not threading.current_thread()
    assert first.daemon


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, RecursionError, GeneratorExit])
def test_whatever_foreign_code_raises_stays_inside(guard, error):
    def fail():
        raise error("no")

    with pytest.raises(ForeignCodeError, match=f"^raised {error.__name__}: no$"):
        guard.run(fail)
    assert guard.run(len, "abc") == 3


def test_an_exception_that_cannot_be_printed_is_named(guard):
    class Mute(Exception):
        def __str__(self):
            raise SystemExit

    def fail():
        raise Mute

    with pytest.raises(ForeignCodeError, match=r"^raised .*Mute$"):
        guard.run(fail)


def test_a_long_message_is_cut(guard):
    def fail():
        raise ValueError("x" * 1_000_000)

    with pytest.raises(ForeignCodeError) as raised:
        guard.run(fail)
    assert len(str(raised.value)) < 1_000


def test_endless_recursion_is_an_error_like_others(guard):
    def fail():
        return fail()

    with pytest.raises(ForeignCodeError, match=r"^raised RecursionError"):
        guard.run(fail)


def test_an_endless_loop_is_left_at_its_deadline_and_ended():
    guard, started, ended = Guard(each=0.05, total=LONG), threading.Event(), threading.Event()
    with pytest.raises(TookTooLong, match=r"^took longer than 0\.05 s$"):
        guard.run(forever, started, ended)
    if started.is_set():  # on a busy machine the deadline may be over before it began
        assert ended.wait(LONG)
    guard.close()


def test_a_call_that_waits_costs_its_deadline_and_the_next_one_is_served():
    guard, release = Guard(each=0.05, total=LONG), threading.Event()
    with pytest.raises(TookTooLong):
        guard.run(release.wait, LONG)
    assert Guard(LONG, LONG).run(len, "ab") == 2
    release.set()
    guard.close()


def test_the_total_is_used_up_by_all_calls_together():
    now = iter([0.0, 3.0, 3.0, 6.0])
    guard = Guard(each=LONG, total=5.0, clock=lambda: next(now))
    assert guard.run(len, "a") == 1
    assert guard.run(len, "ab") == 2
    with pytest.raises(NoTimeLeft, match="ran out"):
        guard.run(len, "abc")
    guard.close()


def test_context_variables_of_the_caller_are_seen_and_not_changed(guard):
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("the caller's")

    def look():
        seen = variable.get()
        variable.set("changed")
        return seen

    assert guard.run(look) == "the caller's"
    assert variable.get() == "the caller's"


def test_close_ends_the_helper_thread(guard):
    thread = guard.run(threading.current_thread)
    guard.close()
    thread.join(LONG)
    assert not thread.is_alive()


def test_a_guard_that_is_forgotten_ends_its_thread_too():
    guard = Guard(LONG, LONG)
    thread = guard.run(threading.current_thread)
    del guard
    gc.collect()
    thread.join(LONG)
    assert not thread.is_alive()


def test_a_closed_guard_can_be_used_again(guard):
    guard.close()
    assert guard.run(len, "ab") == 2


def test_values_of_a_call_do_not_live_until_the_next(guard):
    class Value:
        pass

    value = Value()
    gone, seen = threading.Event(), weakref.ref(value)
    weakref.finalize(value, gone.set)
    guard.run(id, value)
    del value
    assert gone.wait(LONG)
    assert seen() is None


# Looking past hooks


class Meta(type):
    """A metaclass that lies about everything."""

    def __getattribute__(cls, name):
        raise RuntimeError(f"asked for {name}")

    def __hash__(cls):
        raise RuntimeError("asked for a hash")

    def __eq__(cls, other):
        raise RuntimeError("asked for equality")


class Liar(metaclass=Meta):
    """Its hooks raise; what it holds can be seen nevertheless."""

    def __init__(self):
        object.__setattr__(self, "price", 3)

    def __getattribute__(self, name):
        raise RuntimeError(f"asked for {name}")

    __class__ = property(lambda self: 1 / 0)

    @property
    def total(self):
        raise RuntimeError("asked for total")


class Slotted:
    __slots__ = ("_hidden", "price", "unset")

    def __init__(self):
        self._hidden, self.price = 1, 2


def test_a_class_that_lies_is_looked_at_without_asking_it():
    assert class_name(Liar) == "Liar"
    assert qualified_name(Liar).endswith(".Liar")
    assert mro(Liar)[-1] is object
    assert attributes(Liar()) == {"price": 3}
    assert attribute(Liar(), "price") == 3


def test_properties_are_no_attributes_of_the_instance():
    assert attribute(Liar(), "total") is MISSING
    assert type(class_attribute(Liar, "total")) is property


def test_slots_that_are_set_are_attributes_public_ones_first():
    assert list(attributes(Slotted()).items()) == [("price", 2), ("_hidden", 1)]
    assert attribute(Slotted(), "unset") is MISSING
    assert instance_dict(Slotted()) is None


def test_a_class_that_hides_its_dict_is_not_asked():
    class Hiding:
        @property
        def __dict__(self):
            raise RuntimeError

    assert attributes(Hiding()) == {}


def test_many_attributes_are_cut():
    class Many:
        pass

    many = Many()
    many.__dict__.update({f"a{number}": number for number in range(5_000)})
    assert len(attributes(many)) == 1_000


def test_a_str_subclass_becomes_plain_text():
    class Text(str):
        __slots__ = ()
        __str__ = __repr__ = lambda self: "lies"

    assert type(exact_str(Text("abc"))) is str
    assert exact_str(Text("abc")) == "abc"
    assert exact_str(3) == ""


@pytest.mark.parametrize(
    ("cls", "name"),
    [(int, "int"), (threading.Event, "threading.Event"), (type(len), "builtin_function_or_method")],
)
def test_classes_are_named_as_people_read_them(cls, name):
    assert qualified_name(cls) == name


def test_a_local_class_is_named_without_its_function():
    class Local:
        pass

    assert class_name(Local) == "Local"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain é 🎉", "plain é 🎉"),
        ("a\n   b", "a b"),
        ("\x00\x1b", "\\x00\\x1b"),
        ("\ud800", "\\ud800"),
        ("\u202e", "\\u202e"),
    ],
)
def test_a_text_becomes_one_line_that_can_be_sent(text, expected):
    assert printable(text) == expected
    printable(text).encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a  \n b", "a b"),
        ("a\n\n\tb\r\n", "a b "),
        ("\n a", " a"),
        ("a \t b\x07", "a \\t b\\x07"),
        ("a \n \x07", "a \\x07"),
    ],
)
def test_line_breaks_become_one_blank(text, shown):
    assert printable(text) == shown


def test_a_long_run_of_blanks_is_read_once():
    """Backtracking from each blank would take minutes here."""
    assert printable("\x07" + " " * 200_000) == "\\x07" + " " * 200_000
