"""Capture: an exception as data, whatever the exception is made of."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from types import TracebackType

import jinja2
import pytest
from capture_support import (
    Unprintable,
    captured,
    caught,
    chained,
    even,
    expected_text,
    fail,
    first,
    grouped,
    hide,
    last,
    misspelt,
    multi_line,
    names,
    noted,
    recursive,
    run,
)
from process_support import TIMEOUT

import debugkit
from debugkit.debug.tracebacks.capture import MOST_EXCEPTIONS, capture
from debugkit.debug.tracebacks.model import (
    CapturedFrame,
    CapturedTraceback,
    RepeatedFrames,
    nearest_frame,
    plain_frames,
    walk,
)
from debugkit.settings import Limits

ROOT = Path(debugkit.__file__).parents[1]


# Frames


def test_frames_are_listed_outermost_first_with_their_place() -> None:
    exc = caught(fail)
    outer, inner = capture(exc).exception.frames
    assert (outer.name, inner.name) == ("caught", "fail")
    assert inner.filename == fail.__code__.co_filename
    assert inner.lineno == fail.__code__.co_firstlineno + 1
    assert inner.module == fail.__module__
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
        __traceback_hide__ = True
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


def test_traceback_info_becomes_text_of_bounded_size() -> None:
    assert captured(informed, ("row", 3)).exception.frames[-1].info == "('row', 3)"
    assert captured(informed, None).exception.frames[-1].info == ""
    assert captured(fail).exception.frames[-1].info == ""
    assert "SystemExit" in captured(informed, Unprintable()).exception.frames[-1].info
    assert len(captured(informed, "x" * 1_000_000).exception.frames[-1].info) < 5_000


# Repeated frames


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
    chain = capture(exc, most_exceptions=10).exception.chain
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
    one = capture(group, most_exceptions=10).exception
    assert len(list(walk(one))) == 10
    assert one.chain[0].message == "'root'"
    assert len(one.members) + one.members_left_out == 1_000


def test_groups_in_groups_without_end_are_bounded() -> None:
    exc: Exception = ValueError("deep")
    for _ in range(400):
        exc = ExceptionGroup("level", [exc])
    assert len(list(walk(capture(exc).exception))) == MOST_EXCEPTIONS


def test_one_exception_shared_by_many_is_no_explosion() -> None:
    shared: Exception = ValueError("shared")
    for _ in range(30):
        shared = ExceptionGroup("twice", [shared, shared])
    assert len(list(walk(capture(shared, most_exceptions=50).exception))) == 50


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ 1 / 0 }}", ["top-level template code"]),
        ("{% block body %}{{ 1 / 0 }}{% endblock %}", ["top-level template code", "block 'body'"]),
        ("{% macro row() %}{{ 1 / 0 }}{% endmacro %}{{ row() }}", ["top-level template code", "template"]),
    ],
)
def test_a_template_frame_has_the_name_that_jinja_gives_it(text: str, expected: list[str]) -> None:
    one = template_error(jinja2.Environment(loader=jinja2.DictLoader({"cart.html": text})), "cart.html")
    frames = [frame for frame in plain_frames(one.exception) if frame.filename == "<template cart.html>"]
    assert [frame.name for frame in frames] == expected
    assert [frame.code.co_name for frame in frames] == expected
    assert "<module>" not in names(one)


def test_a_template_without_a_file_has_its_line() -> None:
    one = template_error(jinja2.Environment(loader=jinja2.DictLoader({"cart.html": FAILING})), "cart.html")
    assert (one.exception.frames[-1].filename, one.exception.frames[-1].lineno) == ("<template cart.html>", 3)


# A capture among others


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
        __traceback_hide__ = True
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
        thread.join(TIMEOUT)
    assert all(frame.frame is None for frame in one.frames.values())


# Cost


@pytest.fixture
def modules_after_capture() -> set[str]:
    program = (
        "import sys\nfrom debugkit.debug.tracebacks.capture import capture\n"
        "try: {}['price']\nexcept KeyError as error: one = capture(error)\n"
        "one.opened, one.fingerprint, one.text\nprint(*sys.modules)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_capture_reads_no_metadata_of_packages(modules_after_capture: set[str]) -> None:
    assert "importlib.metadata" not in modules_after_capture
    assert "debugkit.debug.tracebacks.capture" in modules_after_capture
