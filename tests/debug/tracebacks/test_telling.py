"""Which exception and which frames tell most: the reader's own code first, whoever raised the last error."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from capture_support import captured, chained, fail, run

from debugkit.debug.tracebacks.model import CapturedTraceback, replaced
from debugkit.debug.tracebacks.telling import FULL_FRAMES, MOST_EXCEPTIONS, app_frames, links

LIBRARY = "/venv/lib/python3.13/site-packages/orm/session.py"
SAVE = """
def save(convert, how):
    try:
        flush(convert)
    except Exception as error:
        if how == "cause":
            raise RuntimeError("not saved") from error
        raise RuntimeError("not saved")

def flush(convert):
    try:
        return convert()
    except Exception as error:
        raise LookupError("not flushed") from error
"""


def saved(convert: Callable[[], object], how: str = "cause") -> None:
    run(SAVE, LIBRARY)["save"](convert, how)  # type: ignore[operator]


@pytest.mark.parametrize("how", ["cause", "context"])
def test_an_error_that_a_library_raised_in_the_place_of_one_of_the_application_opens_on_that(how: str) -> None:
    error = captured(saved, fail, how)

    assert opened(error) == "fail"
    assert replaced(error.exception).type_name == "ValueError"


def test_an_error_of_a_library_alone_opens_on_the_call_of_the_application() -> None:
    error = captured(saved, lambda: int("many", base=99))
    broken = captured(lambda: run(SAVE, LIBRARY)["flush"](None))  # type: ignore[operator]

    assert opened(error) == "<lambda>"
    assert opened(broken) == "<lambda>"
    assert replaced(broken.exception) is broken.exception


def test_an_error_that_the_application_raised_itself_from_another_opens_where_it_did() -> None:
    error = captured(chained, "cause")

    assert opened(error) == "chained"
    assert replaced(error.exception) is error.exception


def test_an_error_that_only_libraries_raised_opens_on_the_first_frame_of_the_application_among_its_causes() -> None:
    def raised_later() -> None:
        try:
            fail()
        except ValueError as error:
            failure = error
        exec(compile("raise KeyError('x') from failure", LIBRARY, "exec"), {"failure": failure})

    error = captured(raised_later)
    error.exception.frames = tuple(frame for frame in error.exception.frames if frame.foreign)  # type: ignore[union-attr]

    assert opened(error) == "fail"


SESSION = """
class Session:
    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        raise RuntimeError("no rollback")
"""


def rolled_back() -> None:
    with run(SESSION, LIBRARY)["Session"]():  # type: ignore[operator]
        fail()


def test_an_error_on_leaving_a_block_of_the_application_is_no_stand_in_for_the_one_in_it() -> None:
    assert opened(captured(rolled_back)) == "rolled_back"


def opened(error: CapturedTraceback) -> str:
    assert error.opened is not None
    return error.opened.name.rpartition(".")[2]


# Steps


def raised_anew() -> None:
    try:
        fail()
    except ValueError as error:
        raise ValueError(*error.args) from error


def test_neighbours_that_say_the_same_are_one_step() -> None:
    (step,) = links(captured(raised_anew).exception)
    two = links(captured(chained, "cause").exception)

    assert [exception.message for exception in step.exceptions] == ["no stock", "no stock"]
    assert [step.last.type_name for step in two] == ["ValueError", "KeyError"]


# Frames in full


def long_chain(length: int) -> None:
    if length == 1:
        fail()
    try:
        long_chain(length - 1)
    except Exception as error:
        raise RuntimeError(f"step {length}") from error


def told(error: CapturedTraceback) -> list[tuple[str, str]]:
    return [(shown.role, shown.exception.message) for shown in app_frames(error)]


def test_the_root_cause_is_told_first_then_each_step_to_the_result() -> None:
    messages = [message for role, message in told(captured(long_chain, 6)) if role]

    assert messages == ["no stock", "step 2", "step 3", "step 4", "step 5", "step 6"]


def test_of_a_long_chain_both_ends_are_told_and_no_more_than_there_is_room_for() -> None:
    listed = told(captured(long_chain, 30))

    assert len(listed) == MOST_EXCEPTIONS
    assert listed[0] == ("root cause", "no stock")
    assert listed[-1] == ("led to", "step 30")


def test_callers_follow_where_there_is_room_nearest_first() -> None:
    frames = [shown.frame.name for shown in app_frames(captured(lambda: first_of_many(7)))]

    assert frames[:2] == ["fail", "first_of_many"]
    assert len(frames) == FULL_FRAMES


def first_of_many(depth: int) -> None:
    first_of_many(depth - 1) if depth else fail()


def test_members_of_a_group_are_told_after_the_chain() -> None:
    def both() -> None:
        raise ExceptionGroup("both", [captured_error(fail), captured_error(chained, "none")])

    roles = [role for role, _ in told(captured(both)) if role]

    assert roles == ["also raised", "also raised"]


def captured_error(function: Callable[..., object], *args: object) -> Exception:
    try:
        function(*args)
    except Exception as error:
        return error
    raise AssertionError
