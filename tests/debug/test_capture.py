"""Capture: an exception as data, whatever the exception is made of."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import traceback
import weakref
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType, TracebackType

import jinja2
import pytest

import debugkit
from debugkit.debug.capture import (
    CapturedException,
    CapturedFrame,
    CapturedTraceback,
    RepeatedFrames,
    capture,
    nearest_frame,
    plain_frames,
    walk,
)
from debugkit.settings import Limits

ROOT = Path(debugkit.__file__).parents[1]


def caught(function: Callable[..., object], *args: object) -> BaseException:
    try:
        function(*args)
    except BaseException as error:
        return error
    raise AssertionError("it raised nothing")


def captured(function: Callable[..., object], *args: object, **options: object) -> CapturedTraceback:
    return capture(caught(function, *args), **options)


def names(one: CapturedTraceback | CapturedException) -> list[str]:
    """The functions below the test's own `caught`."""
    exception = one.exception if isinstance(one, CapturedTraceback) else one
    found = [frame.name.rpartition(".")[2] for frame in plain_frames(exception)]
    return [name for name in found if name != "caught"]


def expected_text(exc: BaseException) -> str:
    return "".join(traceback.format_exception(type(exc), exc, exc.__traceback__))


def run(source: str, filename: str = "/app/shop.py", **namespace: object) -> dict[str, object]:
    """Run source as if it stood in a file of that name."""
    namespace["__name__"] = "shop"
    exec(compile(source, filename, "exec"), namespace)
    return namespace


# Frames


def fail() -> None:
    raise ValueError("no stock")


def test_frames_are_listed_outermost_first_with_their_place() -> None:
    exc = caught(fail)
    outer, inner = capture(exc).exception.frames
    assert (outer.name, inner.name) == ("caught", "fail")
    assert inner.filename == __file__
    assert inner.lineno == fail.__code__.co_firstlineno + 1
    assert inner.module == __name__
    assert inner.frame is exc.__traceback__.tb_next.tb_frame
    assert inner.code is fail.__code__
    assert not inner.hidden
    assert not inner.released


def test_the_name_of_a_frame_is_the_qualified_one() -> None:
    class Cart:
        def total(self) -> None:
            [1 / item for item in [0]]

    frames = captured(Cart().total).exception.frames
    name = "test_the_name_of_a_frame_is_the_qualified_one.<locals>.Cart.total"
    assert frames[1].name == name
    assert frames[-1].name in (name, f"{name}.<locals>.<listcomp>")  # PEP 709 inlines it


def test_positions_are_those_of_pep_657_in_bytes_of_utf_8() -> None:
    source = "def f(preis):\n    größe = {}\n    return größe['ä'] + größe[\n        preis]\n"
    f = run(source)["f"]
    first = captured(f, "x").exception.frames[-1].position
    assert (first.lineno, first.end_lineno) == (3, 3)
    assert source.splitlines()[2].encode()[first.colno : first.end_colno].decode() == "größe['ä']"
    f = run(source.replace("größe['ä']", "0"))["f"]
    second = captured(f, "x").exception.frames[-1].position
    assert (second.lineno, second.end_lineno) == (3, 4)
    assert source.splitlines()[3].encode()[: second.end_colno].decode() == "        preis]"


def test_code_without_positions_has_a_line_all_the_same() -> None:
    bare = fail.__code__.replace(co_linetable=b"")
    frame = captured(lambda: exec(bare)).exception.frames[-1]
    assert frame.lineno == fail.__code__.co_firstlineno
    assert (frame.position.colno, frame.position.end_colno) == (None, None)


def test_an_exception_that_was_never_raised_has_no_frames() -> None:
    one = capture(KeyError("price"))
    assert one.exception.frames == ()
    assert one.opened is None
    assert one.frames == {}
    assert one.text == "KeyError: 'price'\n"


def test_another_start_of_the_traceback_can_be_given() -> None:
    exc = caught(fail)
    one = capture(exc, tb=exc.__traceback__.tb_next)
    assert [frame.name for frame in one.exception.frames] == ["fail"]
    assert "in caught" not in one.text
    assert "in fail" in one.text


def test_no_start_means_the_whole_traceback() -> None:
    exc = caught(fail)
    assert capture(exc, tb=None).text == capture(exc).text == expected_text(exc)


def test_frames_are_numbered_in_the_order_of_the_page() -> None:
    def outer() -> None:
        try:
            fail()
        except ValueError as error:
            raise ExceptionGroup("both", [caught(fail), caught(fail)]) from error

    one = captured(outer)
    assert list(one.frames) == list(range(len(one.frames)))
    assert [frame.index for part in walk(one.exception) for frame in plain_frames(part)] == list(one.frames)
    assert one.frame(0) is one.exception.frames[0]
    with pytest.raises(KeyError):
        one.frame(len(one.frames))


def test_the_name_of_the_module_may_be_anything() -> None:
    for value in (None, 3, ["x"]):
        code = compile("1 / 0", "/app/x.py", "exec")
        assert captured(exec, code, {"__name__": value}).exception.frames[-1].module == ""


# __traceback_hide__ and __traceback_info__


def hide(word: object, inner: Callable[[], object]) -> object:
    __traceback_hide__ = word  # noqa: F841 - read by capture
    return inner()


def first(inner: Callable[[], object]) -> object:
    return inner()


def last() -> None:
    fail()


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        (True, ["first", "first", "last", "fail"]),
        (1, ["first", "first", "last", "fail"]),
        ("yes", ["first", "first", "last", "fail"]),
        ("before", ["hide", "first", "last", "fail"]),
        ("before_and_this", ["first", "last", "fail"]),
        ("after", ["first", "hide"]),
        ("after_and_this", ["first"]),
        ("reset", ["first", "hide", "first", "last", "fail"]),
        ("reset_and_this", ["first", "first", "last", "fail"]),
        (False, ["first", "hide", "first", "last", "fail"]),
        (None, ["first", "hide", "first", "last", "fail"]),
        (0, ["first", "hide", "first", "last", "fail"]),
        ("", ["first", "hide", "first", "last", "fail"]),
    ],
)
def test_each_word_hides_what_paste_says(word: object, shown: list[str]) -> None:
    exc = caught(first, lambda: hide(word, lambda: first(last)))
    kept = [name for name in names(capture(exc)) if name != "<lambda>"]
    assert kept == shown
    everything = [name for name in names(capture(exc, show_hidden=True)) if name != "<lambda>"]
    assert everything == ["first", "hide", "first", "last", "fail"]


def test_after_hides_until_a_reset() -> None:
    exc = caught(lambda: hide("after", lambda: first(lambda: hide("reset", last))))
    assert names(capture(exc)) == ["<lambda>", "hide", "hide", "last", "fail"]
    exc = caught(lambda: hide("after_and_this", lambda: first(lambda: hide("reset_and_this", last))))
    assert names(capture(exc)) == ["<lambda>", "last", "fail"]


def test_before_ends_what_after_hid() -> None:
    exc = caught(lambda: hide("after", lambda: first(lambda: hide("before", last))))
    assert names(capture(exc)) == ["hide", "last", "fail"]


def test_when_all_frames_would_be_hidden_all_are_shown() -> None:
    def only() -> None:
        __traceback_hide__ = True  # noqa: F841 - read by capture
        fail()

    exc = caught(only)
    start = exc.__traceback__.tb_next
    alone = TracebackType(None, start.tb_frame, start.tb_lasti, start.tb_lineno)
    assert len(capture(exc, tb=alone).exception.frames) == 1
    exc = caught(hide, "after_and_this", last)
    one = capture(exc, tb=exc.__traceback__.tb_next)
    assert names(one) == ["hide", "last", "fail"]
    assert one.opened.name == "fail"


def test_frames_know_that_they_are_hidden_when_they_are_shown_all_the_same() -> None:
    one = captured(hide, True, last, show_hidden=True)
    assert [frame.hidden for frame in one.exception.frames] == [False, True, False, False]


def test_an_object_is_not_asked_whether_it_is_true() -> None:
    class Hostile:
        def __bool__(self) -> bool:
            raise SystemExit

        def __eq__(self, other: object) -> bool:
            raise SystemExit

        __hash__ = None

    assert names(captured(hide, Hostile(), last)) == ["last", "fail"]


def test_hiding_at_the_level_of_a_module_works_too() -> None:
    code = compile("__traceback_hide__ = True\nfail()", "/app/x.py", "exec")
    assert names(captured(exec, code, {"fail": fail})) == ["fail"]


def test_a_mapping_of_the_user_as_locals_is_not_asked() -> None:
    class Locals(dict):
        def get(self, *args: object) -> object:
            raise SystemExit

    code = compile("fail()", "/app/x.py", "exec")
    assert names(captured(exec, code, {"fail": fail}, Locals())) == ["<module>", "fail"]


def test_hidden_frames_stay_in_the_text() -> None:
    assert "in hide" in captured(hide, True, last).text


def informed(info: object) -> None:
    __traceback_info__ = info
    raise ValueError


class Unprintable:
    def __str__(self) -> str:
        raise SystemExit(3)


def test_traceback_info_becomes_text_of_bounded_size() -> None:
    assert captured(informed, ("row", 3)).exception.frames[-1].info == "('row', 3)"
    assert captured(informed, None).exception.frames[-1].info == ""
    assert captured(fail).exception.frames[-1].info == ""
    assert "SystemExit" in captured(informed, Unprintable()).exception.frames[-1].info
    assert len(captured(informed, "x" * 1_000_000).exception.frames[-1].info) < 5_000


# Repeated frames


def recursive(depth: int) -> int:
    return 1 // depth if depth == 0 else recursive(depth - 1) + 1


def even(depth: int) -> object:
    return odd(depth - 1) if depth else fail()


def odd(depth: int) -> object:
    return even(depth - 1)


def test_recursion_is_one_entry_with_its_count() -> None:
    frames = captured(recursive, 900).exception.frames
    repeated = [one for one in frames if isinstance(one, RepeatedFrames)]
    assert len(repeated) == 1
    assert len(frames) <= 8
    assert repeated[0].count + len(frames) - 1 == 902
    assert repeated[0].frames == (frames[3],)


def test_mutual_recursion_is_one_entry_with_its_cycle() -> None:
    frames = captured(even, 900).exception.frames
    (repeated,) = (one for one in frames if isinstance(one, RepeatedFrames))
    assert [one.name for one in repeated.frames] == ["even", "odd"]
    assert repeated.count % 2 == 0
    assert repeated.count + len(frames) - 1 == 903
    place = frames.index(repeated)
    assert frames[place - 2 : place] == repeated.frames
    assert [one.name for one in frames[place + 1 :]][-2:] == ["even", "fail"]


def test_a_cycle_of_eight_frames_is_found() -> None:
    functions = "\n".join(
        f"def f{n}(depth):\n    return f{(n + 1) % 8}(depth - 1) if depth else 1 / 0" for n in range(8)
    )
    frames = captured(run(functions)["f0"], 400).exception.frames
    (repeated,) = (one for one in frames if isinstance(one, RepeatedFrames))
    assert [one.name for one in repeated.frames] == [f"f{n}" for n in range(8)]


def test_a_cycle_that_itself_holds_repeats_is_found_as_a_whole() -> None:
    source = "def f(depth):\n    return g(depth, 6)\n"
    source += (
        "def g(depth, times):\n    return 1 / depth if depth == 0 else g(depth, times - 1) if times else f(depth - 1)"
    )
    one = captured(run(source)["f"], 30)
    assert len([part for part in one.exception.frames if isinstance(part, RepeatedFrames)]) <= 2
    assert len(one.exception.frames) < 60


def test_a_few_repeats_are_listed_one_by_one() -> None:
    frames = captured(recursive, 3).exception.frames
    assert all(isinstance(one, CapturedFrame) for one in frames)
    assert len(frames) == 5


def test_the_same_function_at_different_lines_does_not_repeat() -> None:
    source = "def f(n):\n" + "".join(f"    if n == {n}: return f(n - 1)\n" for n in range(1, 30)) + "    1 / 0"
    assert not [one for one in captured(run(source)["f"], 29).exception.frames if isinstance(one, RepeatedFrames)]


def test_frames_that_do_not_repeat_are_cut_in_the_middle() -> None:
    source = "def f(n):\n" + "".join(f"    if n == {n}: return f(n - 1)\n" for n in range(1, 60)) + "    1 / 0"
    exc = caught(run(source)["f"], 59)
    frames = capture(exc, limits=Limits(frames=20)).exception.frames
    assert len(frames) == 21
    assert frames[10] == RepeatedFrames(41, ())
    assert frames[0].name == "caught"
    assert frames[-1].lineno == 61


def test_a_cut_never_names_a_cycle_that_is_not_listed() -> None:
    source = "def f(n):\n" + "".join(f"    if n == {n}: return f(n - 1)\n" for n in range(1, 60)) + "    return g(40)\n"
    source += "def g(n):\n    return g(n - 1) if n else 1 / 0"
    for most in range(2, 20):
        frames = captured(run(source)["f"], 59, limits=Limits(frames=most)).exception.frames
        left_out = [place for place, one in enumerate(frames) if isinstance(one, RepeatedFrames)]
        for place in left_out:
            cycle = frames[place].frames
            assert not cycle or frames[place - len(cycle) : place] == cycle
        assert sum(frames[place].count - 1 for place in left_out) + len(frames) == 102


def test_frames_left_out_are_not_kept() -> None:
    exc = caught(recursive, 900)
    assert len(capture(exc).frames) < 10


# Chains


def chained(how: str) -> None:
    try:
        fail()
    except ValueError as error:
        if how == "cause":
            raise KeyError("price") from error
        if how == "none":
            raise KeyError("price") from None
        raise KeyError("price")  # noqa: B904 - the context is what is tested


@pytest.mark.parametrize("how", ["cause", "context"])
def test_what_led_to_an_exception_is_listed_behind_it(how: str) -> None:
    one = captured(chained, how).exception
    (led,) = one.chain
    assert (one.type_name, one.relation, one.suppressed) == ("KeyError", "", False)
    assert (led.type_name, led.message, led.relation) == ("ValueError", "no stock", how)
    assert names(led) == ["chained", "fail"]
    assert led.chain == ()


def test_a_context_hidden_by_from_none_is_not_listed() -> None:
    one = captured(chained, "none").exception
    assert one.chain == ()
    assert one.suppressed


def test_a_cause_comes_before_a_context() -> None:
    def both() -> None:
        try:
            fail()
        except ValueError:
            raise KeyError("price") from OSError("disk")

    one = captured(both).exception
    assert [(led.type_name, led.relation) for led in one.chain] == [("OSError", "cause")]
    assert not one.suppressed


def test_a_long_chain_keeps_both_of_its_ends() -> None:
    exc: BaseException = ValueError("root")
    for number in range(300):
        following = KeyError(number)
        following.__context__ = exc
        exc = following
    chain = capture(exc, limits=Limits(exceptions=10)).exception.chain
    assert [one.message for one in chain] == ["298", "297", "296", "295", "3", "2", "1", "0", "root"]


def test_circles_of_causes_and_contexts_end() -> None:
    one, two, three = ValueError(1), KeyError(2), OSError(3)
    one.__context__, two.__cause__, three.__context__ = two, three, one
    found = capture(one).exception
    assert [led.type_name for led in found.chain] == ["KeyError", "OSError"]
    own = ValueError("own")
    own.__cause__ = own
    assert capture(own).exception.chain == ()


# Groups


def grouped() -> None:
    raise ExceptionGroup("both", [caught(fail), ExceptionGroup("inner", [caught(chained, "cause")])])


def test_each_member_of_a_group_has_its_own_frames_and_chain() -> None:
    group = captured(grouped).exception
    plain, inner = group.members
    assert (plain.relation, plain.type_name, names(plain)) == ("member", "ValueError", ["fail"])
    (deep,) = inner.members
    assert (deep.type_name, names(deep)) == ("KeyError", ["chained"])
    assert [led.relation for led in deep.chain] == ["cause"]
    assert group.message == "both (2 sub-exceptions)"


def test_an_exception_in_a_chain_may_be_a_group() -> None:
    def outer() -> None:
        try:
            grouped()
        except ExceptionGroup as error:
            raise KeyError("price") from error

    (led,) = captured(outer).exception.chain
    assert [member.type_name for member in led.members] == ["ValueError", "ExceptionGroup"]


def test_a_member_that_is_also_the_context_is_listed_as_both() -> None:
    def wrap() -> None:
        try:
            fail()
        except ValueError as error:
            raise ExceptionGroup("wrapped", [error])  # noqa: B904

    one = captured(wrap).exception
    assert [led.type_name for led in one.chain] == ["ValueError"]
    assert [member.type_name for member in one.members] == ["ValueError"]


def test_a_cause_that_holds_its_own_effect_ends() -> None:
    group = ExceptionGroup("head", [ValueError(1)])
    group.__cause__ = ExceptionGroup("holds the head", [group, KeyError(2)])
    one = capture(group).exception
    assert [member.type_name for member in one.chain[0].members] == ["KeyError"]
    assert one.chain[0].members_left_out == 1


def test_the_tree_is_bounded_and_says_so() -> None:
    group = ExceptionGroup("many", [ValueError(number) for number in range(1_000)])
    group.__cause__ = KeyError("root")
    one = capture(group, limits=Limits(exceptions=10)).exception
    assert len(list(walk(one))) == 10
    assert one.chain[0].message == "'root'"
    assert len(one.members) + one.members_left_out == 1_000


def test_groups_in_groups_without_end_are_bounded() -> None:
    exc: Exception = ValueError("deep")
    for _ in range(400):
        exc = ExceptionGroup("level", [exc])
    assert len(list(walk(capture(exc).exception))) == Limits().exceptions


def test_one_exception_shared_by_many_is_no_explosion() -> None:
    shared: Exception = ValueError("shared")
    for _ in range(30):
        shared = ExceptionGroup("twice", [shared, shared])
    assert len(list(walk(capture(shared, limits=Limits(exceptions=50)).exception))) == 50


# What exceptions say of themselves


class OutOfStock(Exception):
    pass


def test_types_are_named_as_the_traceback_names_them() -> None:
    assert capture(KeyError()).exception.type_name == "KeyError"
    assert capture(OutOfStock()).exception.type_name == f"{__name__}.OutOfStock"
    assert capture(run("class E(Exception): pass")["E"]()).exception.type_name == "shop.E"
    main = type("E", (Exception,), {"__module__": "__main__"})
    assert capture(main()).exception.type_name == "E"


def test_notes_are_kept() -> None:
    exc = ValueError("x")
    exc.add_note("one\ntwo")
    exc.add_note("\ud800")
    assert capture(exc).exception.notes == ("one\ntwo", "\\ud800")


class NotesRaise(Exception):
    @property
    def __notes__(self) -> object:
        raise SystemExit


@pytest.mark.parametrize(
    ("notes", "shown"),
    [(None, ()), ("text", ("'text'",)), (3, ("3",)), ([3, "x"], ("3", "x")), ((), ()), (["x" * 9], ("x" * 9,))],
)
def test_notes_may_be_anything(notes: object, shown: tuple[str, ...]) -> None:
    exc = ValueError("x")
    exc.__notes__ = notes
    one = capture(exc)
    assert one.exception.notes == shown
    assert one.text == expected_text(exc)


def test_notes_that_raise_are_said_to() -> None:
    one = capture(NotesRaise("x"))
    assert "SystemExit" in one.exception.notes[0]
    exc = ValueError("x")
    exc.__notes__ = [Unprintable()] * 500
    notes = capture(exc).exception.notes
    assert "SystemExit" in notes[0]
    assert len(notes) < 100


def hostile(name: str, body: Callable[[object], object]) -> BaseException:
    return type(name, (Exception,), {"__str__": body})("x")


def exits(self: object) -> str:
    raise SystemExit(1)


def interrupts(self: object) -> str:
    raise KeyboardInterrupt


def recurses(self: object) -> str:
    return str(self)


def raises_itself(self: object) -> str:
    raise self


@pytest.mark.parametrize("body", [exits, interrupts, recurses, raises_itself, lambda self: 3, lambda self: None])
def test_a_str_that_fails_is_named(body: Callable[[object], object]) -> None:
    one = capture(hostile("Odd", body))
    assert one.exception.type_name.endswith("Odd")
    assert "raised" in one.exception.message
    assert "Odd" in one.text


class LyingStr(str):
    def __len__(self) -> int:
        raise SystemExit

    def encode(self, *args: object) -> bytes:
        raise SystemExit

    def isascii(self) -> bool:
        raise SystemExit


def test_a_str_of_another_class_is_made_plain() -> None:
    message = capture(hostile("Odd", lambda self: LyingStr("text"))).exception.message
    assert (type(message), message) == (str, "text")


def test_fields_that_a_subclass_overrides_are_read_past_it() -> None:
    class Odd(ExceptionGroup):
        __cause__ = __context__ = __suppress_context__ = __traceback__ = exceptions = property(exits)

    one = capture(Odd("group", [ValueError(1)]))
    assert [member.type_name for member in one.exception.members] == ["ValueError"]
    assert "Odd: group (1 sub-exception)" in one.text
    assert "SystemExit" in one.text


def test_a_class_that_lies_about_itself_is_captured() -> None:
    class Meta(type):
        __name__ = __mro__ = __dict__ = property(exits)

        def __subclasscheck__(cls, other: type) -> bool:
            raise SystemExit

        def __hash__(cls) -> int:
            raise SystemExit

    class Odd(Exception, metaclass=Meta):
        @property
        def __class__(self) -> type:
            raise SystemExit

    one = capture(Odd("x"))
    assert one.exception.type_name.endswith("Odd")
    assert one.exception.message == "x"
    assert "Odd: x" in one.text


def test_lone_surrogates_are_written_out_everywhere() -> None:
    exc = caught(exec, compile("raise ValueError('\\ud800')", "/app/\udcff.py", "exec"))
    one = capture(exc)
    assert one.exception.message == "\\ud800"
    assert one.exception.frames[-1].filename == "/app/\\udcff.py"
    one.text.encode("utf-8")
    assert "\\ud800" in one.text


def test_a_long_message_is_cut_in_the_middle_with_a_line_that_says_so() -> None:
    one = capture(ValueError("a" * 10_000 + "z" * 10_000), limits=Limits(text_size=1_000))
    for text in (one.text, one.exception.message):
        assert len(text) < 1_100
        assert "characters left out" in text
    assert one.text.startswith("ValueError: aaa")
    assert one.text.endswith("zzz\n")


def test_a_capture_without_stack_left_still_says_something() -> None:
    exc, found = ValueError("x"), []

    def sink() -> None:
        try:
            sink()
        except RecursionError:
            found.append(capture(exc))
            raise

    with pytest.raises(RecursionError):
        sink()
    assert all("ValueError" in one.text for one in found)
    assert found[-1].text == "ValueError: x\n"


def test_an_exception_captured_while_another_is_handled_stays_as_it_was() -> None:
    exc = ValueError("first")
    try:
        fail()
    except ValueError:
        assert capture(exc).exception.chain == ()
    assert exc.__context__ is None


# Syntax errors


def compiled(source: str, filename: str = "/app/prices.py") -> CodeType:
    return compile(source, filename, "exec")


def pointed_at(source: str) -> tuple[CapturedFrame, str]:
    """The frame that a syntax error adds, and the piece of source it marks."""
    frame = captured(compiled, source).exception.frames[-1]
    line = source.splitlines()[frame.lineno - 1].encode()
    return frame, line[frame.position.colno : frame.position.end_colno].decode()


def test_a_syntax_error_adds_the_place_it_points_at() -> None:
    one = captured(compiled, "a = 1\nb = 2 3\n")
    frame = one.exception.frames[-1]
    assert (frame.filename, frame.lineno, frame.name) == ("/app/prices.py", 2, "<module>")
    assert frame.frame is None
    assert frame.code is None
    assert frame.pointed_at
    assert one.frame(frame.index) is frame
    assert one.opened is frame
    assert not one.exception.message.endswith("line 2)")


def test_its_characters_become_bytes() -> None:
    frame, marked = pointed_at("größe = 'ä' = 3\n")
    assert marked == "'ä'"
    assert frame.position.colno == len("größe = ".encode())


def test_an_indentation_error_points_too() -> None:
    frame, _ = pointed_at("if x:\npass\n")
    assert frame.lineno == 2


def test_a_syntax_error_over_two_lines_ends_where_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "prices.py"
    path.write_text("f(ä for ä in b,\n    ö)\n", "utf-8")
    position = captured(compiled, path.read_text("utf-8"), str(path)).exception.frames[-1].position
    assert position.lineno == 1
    assert position.end_lineno in (1, 2)
    assert position.colno is not None


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (("/a.py", 3, 2, "abc", 3, 3), (3, 3, 1, 2)),
        (("/a.py", 3, 2, "abc", 0, 0), (3, 3, 1, 2)),
        (("/a.py", 3, 2, "abc", None, None), (3, 3, 1, 2)),
        (("/a.py", 3, 2, "abc", -1, -1), (3, 3, 1, 2)),
        (("/a.py", 3, 2, "abc", 3, 1), (3, 3, 1, 2)),
        (("/a.py", 3, 0, "abc", 3, 0), (3, 3, None, None)),
        (("/a.py", 3, None, None), (3, 3, None, None)),
        (("/a.py", 3, 9, "abc"), (3, 3, 8, 9)),
        (("/missing.py", 3, 2, "abc", 5, 2), (3, 5, 1, None)),
    ],
)
def test_offsets_may_be_missing_or_wrong(details: tuple[object, ...], expected: tuple[object, ...]) -> None:
    (frame,) = capture(SyntaxError("bad", details)).exception.frames
    position = frame.position
    assert (position.lineno, position.end_lineno, position.colno, position.end_colno) == expected


@pytest.mark.parametrize(
    "details",
    [
        ("/a.py", None, 2, "abc"),
        ("/a.py", 0, 2, "abc"),
        ("/a.py", "3", 2, "abc"),
        (3, 3, 2, "abc"),
        ("/a.py", [], {}, ()),
    ],
)
def test_a_syntax_error_that_points_nowhere_adds_nothing(details: tuple[object, ...]) -> None:
    assert capture(SyntaxError("bad", details)).exception.frames == ()


def test_a_syntax_error_without_details_is_captured() -> None:
    exc = SyntaxError()
    one = capture(exc)
    assert one.exception.frames == ()
    assert one.exception.message == "<no detail available>"
    assert one.text == expected_text(exc)


def test_the_place_in_a_library_does_not_win() -> None:
    filename = str(Path(traceback.__file__))
    one = captured(compiled, "1 2", filename)
    assert one.exception.frames[-1].library.name == "Python"
    assert one.opened.name == "compiled"


def test_the_place_in_a_string_does_not_win() -> None:
    one = captured(compiled, "1 2", "<string>")
    assert one.exception.frames[-1].filename == "<string>"
    assert one.opened.name == "compiled"


# Templates


def template_error(environment: jinja2.Environment, name: str) -> CapturedTraceback:
    return captured(lambda: environment.get_template(name).render(items=[{"price": 0}]))


FAILING = "{% block body %}\n{% for item in items %}\n{{ 1 / item.price }}\n{% endfor %}\n{% endblock %}"


def test_a_template_frame_has_the_template_s_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "cart.html").write_text(FAILING, "utf-8")
    one = template_error(jinja2.Environment(loader=jinja2.FileSystemLoader(tmp_path)), "cart.html")
    frame = one.exception.frames[-1]
    assert (frame.filename, frame.lineno, frame.name) == (str(tmp_path / "cart.html"), 3, "block 'body'")
    assert one.opened is frame
    assert frame.library is None
    assert "top-level template code" in names(one)


def test_a_template_without_a_file_has_its_line() -> None:
    one = template_error(jinja2.Environment(loader=jinja2.DictLoader({"cart.html": FAILING})), "cart.html")
    assert (one.exception.frames[-1].filename, one.exception.frames[-1].lineno) == ("<template>", 3)


def test_a_template_that_is_no_template_is_pointed_at_once(tmp_path: Path) -> None:
    (tmp_path / "cart.html").write_text("a\nb\n{% for %}", "utf-8")
    one = template_error(jinja2.Environment(loader=jinja2.FileSystemLoader(tmp_path)), "cart.html")
    places = [(frame.filename, frame.lineno) for frame in plain_frames(one.exception)]
    assert places.count((str(tmp_path / "cart.html"), 3)) == 1
    assert (one.opened.filename, one.opened.lineno) == (str(tmp_path / "cart.html"), 3)


def test_a_broken_template_without_a_file_is_pointed_at_once() -> None:
    one = template_error(jinja2.Environment(loader=jinja2.DictLoader({"cart.html": "a\nb\n{% for %}"})), "cart.html")
    places = [frame.lineno for frame in plain_frames(one.exception) if frame.library is None and frame.lineno == 3]
    assert places == [3]


def test_an_error_of_another_language_says_where_by_its_attributes() -> None:
    class TemplateSyntaxError(Exception):
        def __init__(self, lineno: object, filename: object, name: object = None) -> None:
            self.lineno, self.filename, self.name = lineno, filename, name

    (frame,) = capture(TemplateSyntaxError(7, "/app/cart.html")).exception.frames
    assert (frame.filename, frame.lineno) == ("/app/cart.html", 7)
    (frame,) = capture(TemplateSyntaxError(7, None, "cart.html")).exception.frames
    assert frame.filename == "cart.html"
    for lineno, filename in (
        (None, "/app/cart.html"),
        ("7", "/app/cart.html"),
        (7, None),
        (0, "/x"),
        (7, Unprintable()),
    ):
        assert capture(TemplateSyntaxError(lineno, filename)).exception.frames == ()
    assert capture(OSError(2, "missing", "/app/cart.html")).exception.frames == ()


# Text


def deep_group() -> None:
    exc: Exception = ValueError("deep")
    for _ in range(12):
        exc = ExceptionGroup("level", [exc, KeyError("side")])
    raise exc


def wide_group() -> None:
    raise ExceptionGroup("wide", [caught(fail) for _ in range(20)])


def multi_line() -> object:
    values = [1, 2, 0]
    return (
        values[0]
        / values[2]
    )  # fmt: skip


def noted() -> None:
    exc = ValueError("a\nb")
    exc.add_note("first\nsecond")
    raise exc


def misspelt() -> object:
    return valuess  # noqa: F821


FAILURES: list[Callable[[], object]] = [
    fail,
    grouped,
    deep_group,
    wide_group,
    multi_line,
    noted,
    misspelt,
    lambda: chained("cause"),
    lambda: chained("context"),
    lambda: chained("none"),
    lambda: recursive(3),
    lambda: recursive(4),
    lambda: recursive(900),
    lambda: even(900),
    lambda: even(899),
    lambda: compiled("größe = 'ä' = 3\n"),
    lambda: compiled("if x:\npass\n"),
    lambda: compiled("f(\n"),
    lambda: int("x"),
    lambda: {}["price"],
    lambda: "".pirce,
    lambda: __import__("jsn"),
    lambda: hide(True, last),
    lambda: run("größe = {}\ngröße['ä'] + 1"),
    lambda: exec("1 / 0"),
    lambda: sys.exit("bye"),
]


@pytest.mark.parametrize("function", FAILURES)
def test_the_text_is_that_of_the_traceback_module(function: Callable[[], object]) -> None:
    exc = caught(function)
    assert capture(exc).text == expected_text(exc)


def test_the_text_has_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in captured(fail).text


def test_the_text_is_what_was_when_it_was_captured() -> None:
    exc = ValueError("before")
    one = capture(exc)
    exc.args = ("after",)
    assert one.text == "ValueError: before\n"


def test_repeated_frames_cost_the_text_no_time() -> None:
    """Counted, not timed: the traceback module formats each distinct frame once."""
    formatted: list[str] = []

    def count(frame: FrameType, event: str, arg: object) -> None:
        if event == "call" and frame.f_code is traceback.StackSummary.format_frame_summary.__code__:
            formatted.append(event)

    exc, before = caught(even, 900), sys.getprofile()
    sys.setprofile(count)
    try:
        capture(exc)
    finally:
        sys.setprofile(before)
    assert 0 < len(formatted) < 10


def test_when_the_traceback_module_fails_the_text_is_plain() -> None:
    class Odd(Exception):
        @property
        def __suppress_context__(self) -> bool:
            raise SystemExit

    def outer() -> None:
        try:
            fail()
        except ValueError as error:
            raise Odd("strange") from error

    text = captured(outer).text
    assert "ValueError: no stock\n" in text
    assert "direct cause" in text
    assert "Odd: strange\n" in text
    assert ".outer\n" in text
    assert "SystemExit" in text
    assert text.index("ValueError: no stock") < text.index("Odd: strange")


# The frame to open, and grouping


def own_and_library() -> None:
    import json

    json.loads("{")


def test_the_nearest_frame_of_the_application_is_opened() -> None:
    one = captured(own_and_library)
    assert one.opened.name == "own_and_library"
    assert one.exception.frames[-1].library.name == "Python"


def test_when_all_frames_are_a_library_s_the_innermost_is_opened() -> None:
    exc = caught(own_and_library)
    one = capture(exc, tb=exc.__traceback__.tb_next.tb_next)
    assert one.opened is one.exception.frames[-1]


def test_a_head_without_frames_opens_in_its_members_or_chain() -> None:
    exc = ExceptionGroup("bare", [caught(fail)])
    assert capture(exc).opened.name == "fail"
    bare = KeyError("x")
    bare.__cause__ = caught(fail)
    assert capture(bare).opened.name == "fail"


def test_a_group_opens_where_the_application_raised_it() -> None:
    assert captured(grouped).opened.name == "grouped"


def test_a_hidden_frame_is_not_opened_when_it_is_shown() -> None:
    def helper() -> None:
        __traceback_hide__ = True  # noqa: F841 - read by capture
        raise ValueError

    assert captured(lambda: first(helper), show_hidden=True).opened.name == "first"


def test_each_exception_has_its_own_nearest_frame() -> None:
    one = captured(chained, "cause").exception
    assert nearest_frame(one).name == "chained"
    assert nearest_frame(one.chain[0]).name == "fail"


def test_the_same_error_has_the_same_fingerprint() -> None:
    assert captured(fail).fingerprint == captured(fail).fingerprint
    assert captured(recursive, 5).fingerprint == captured(recursive, 50).fingerprint


def test_another_place_type_or_chain_has_another_fingerprint() -> None:
    found = [captured(function).fingerprint for function in (fail, grouped, noted, multi_line, misspelt)]
    found += [captured(chained, how).fingerprint for how in ("cause", "context", "none")]
    assert len(set(found)) == len(found)


# Release


class Payload:
    pass


def hold() -> weakref.ref[Payload]:
    payload = Payload()
    payload.data = bytearray(1_000_000)
    raise KeyError(weakref.ref(payload))


def test_release_lets_go_of_everything_live_and_keeps_what_is_plain() -> None:
    one = captured(hold)
    alive = one.exception.exception.args[0]
    text, opened = one.text, one.opened
    gc.collect()
    assert alive() is not None
    one.release()
    one.release()
    gc.collect()
    assert alive() is None
    assert one.text == text
    assert one.opened is opened
    assert (opened.frame, opened.code, opened.released) == (None, None, True)
    assert (opened.name, opened.lineno) == ("hold", hold.__code__.co_firstlineno + 3)
    assert opened.library is None
    assert one.exception.exception is None
    assert one.fingerprint


def test_release_reaches_the_whole_tree() -> None:
    one = captured(grouped)
    one.release()
    assert all(part.exception is None for part in walk(one.exception))
    assert all(frame.released for frame in one.frames.values())
    assert len(list(walk(one.exception))) == 5


def test_what_is_asked_for_first_after_release_is_the_same() -> None:
    exc = caught(fail)
    one, other = capture(exc), capture(exc)
    one.release()
    assert one.fingerprint == other.fingerprint
    assert one.opened.name == other.opened.name


def test_threads_may_release_at_the_same_time() -> None:
    one = captured(even, 900)
    threads = [threading.Thread(target=one.release) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert all(frame.frame is None for frame in one.frames.values())


# Cost


@pytest.fixture
def modules_after_capture() -> set[str]:
    program = (
        "import sys\nfrom debugkit.debug.capture import capture\n"
        "try: {}['price']\nexcept KeyError as error: one = capture(error)\n"
        "one.opened, one.fingerprint, one.text\nprint(*sys.modules)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_capture_reads_no_metadata_of_packages(modules_after_capture: set[str]) -> None:
    assert "importlib.metadata" not in modules_after_capture
    assert "debugkit.debug.capture" in modules_after_capture
