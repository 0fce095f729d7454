from __future__ import annotations

import ast
import io
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import pytest
from process_support import TIMEOUT

from debugkit.debug.console.events import Beat, Done, Event, EventQueue, Failure, Output, Result, current_queue

DONE = Done("done", 0.0)
WAIT = 240


@contextmanager
def running(queue: EventQueue) -> Iterator[EventQueue]:
    """A command that runs in the calling thread."""
    assert queue.open()
    try:
        yield queue
    finally:
        queue.close(DONE)
        queue.release()


def events(act: Callable[[], object], limit: int = 1_000) -> list[Event]:
    """What comes of a command that does ``act``."""
    queue = EventQueue(limit)
    with running(queue):
        act()
    return list(queue.events())


@contextmanager
def redirect_stdin(stream: object) -> Iterator[None]:
    old, sys.stdin = sys.stdin, stream
    try:
        yield
    finally:
        sys.stdin = old


class Stranger:
    """A thread of the server, started before the command, that does what it is told."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._pool.submit(int).result(WAIT)

    def does(self, act: Callable[[], object]) -> object:
        return self._pool.submit(act).result(WAIT)

    def close(self) -> None:
        self._pool.shutdown()


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    made = Stranger()
    yield made
    made.close()


# Where output goes


def test_what_the_command_prints_comes_as_events_in_order_and_by_stream():
    def act():
        print("one")
        print("two", file=sys.stderr)
        print("three")

    assert events(act) == [
        Output("stdout", "one\n"),
        Output("stderr", "two\n"),
        Output("stdout", "three\n"),
        DONE,
    ]


def test_neighbouring_pieces_on_one_stream_are_one_event():
    assert events(lambda: print("a", "b", "c", sep="-")) == [Output("stdout", "a-b-c\n"), DONE]


def test_an_empty_write_is_no_event():
    assert events(lambda: sys.stdout.write("")) == [DONE]


def test_other_threads_of_the_server_keep_the_real_streams(stranger: Stranger):
    real, real_error = io.StringIO(), io.StringIO()

    def act():
        stranger.does(lambda: print("log line"))
        stranger.does(lambda: print("error line", file=sys.stderr))
        print("mine")

    with redirect_stdout(real), redirect_stderr(real_error):
        found = events(act)
    assert found == [Output("stdout", "mine\n"), DONE]
    assert (real.getvalue(), real_error.getvalue()) == ("log line\n", "error line\n")


def test_threads_that_the_command_starts_print_into_it():
    def start(thread: threading.Thread) -> None:
        thread.start()
        thread.join(WAIT)

    def act():
        start(threading.Thread(target=print, args=("thread",)))
        start(threading.Timer(0, print, ("timer",)))
        start(threading.Thread(target=lambda: start(threading.Thread(target=print, args=("grandchild",)))))
        with ThreadPoolExecutor(2) as pool:
            pool.submit(print, "pool").result(WAIT)

    text = "".join(event.text for event in events(act) if isinstance(event, Output))
    assert text == "thread\ntimer\ngrandchild\npool\n"


def test_who_holds_the_real_stream_writes_into_the_command_too(stranger: Stranger):
    real, real_error = io.StringIO(), io.StringIO()
    logger = logging.Logger("held")
    with redirect_stdout(real), redirect_stderr(real_error):
        logger.addHandler(logging.StreamHandler())  # holds what sys.stderr is now, as after logging.basicConfig()
        held = sys.stdout

        def act():
            logger.warning("mine")
            held.write("held\n")
            stranger.does(lambda: logger.warning("theirs"))

        found = events(act)
        logger.warning("afterwards")
    assert found == [Output("stderr", "mine\n"), Output("stdout", "held\n"), DONE]
    assert (real.getvalue(), real_error.getvalue()) == ("", "theirs\nafterwards\n")
    assert "write" not in vars(real_error)


IN_A_PROCESS = r"""
import logging, sys, warnings
from debugkit.debug.console.console import Console, Output
from debugkit.serving.log import never_wait

errors = never_wait(sys.stderr)  # what an application gets as wsgi.errors, and Flask's logger with it
console = Console(sys._getframe())
def shown(source, console=console):
    return "".join(event.text for event in console.evaluate(source) if isinstance(event, Output))
texts = [
    shown("logging.getLogger('x').warning('last resort')\nlogging.getLogger('x').info('below')"),
    shown("errors.write('wsgi.errors\\n') and None"),
    shown("warnings.warn('careful')"),
]
logging.basicConfig(format="%(message)s", level="INFO")
texts.append(shown("logging.info('configured')"))
again = Console((lambda: sys._getframe())())
texts += [len(shown("warnings.warn('in a function')", again)) > 20 for _ in range(2)]
print(texts)
errors.write("afterwards\n")
errors.flush()
"""


def test_logging_and_warnings_show_what_they_would_in_a_terminal():
    done = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.stderr == "afterwards\n", done.stderr
    warning = "<console 3>:1: UserWarning: careful\n  warnings.warn('careful')\n"
    assert ast.literal_eval(done.stdout) == ["last resort\n", "wsgi.errors\n", warning, "configured\n", True, True]


def test_a_write_that_the_command_replaced_stays():
    stream, written = io.StringIO(), []
    with redirect_stderr(stream):
        events(lambda: setattr(stream, "write", written.append))
        sys.stderr.write("own")
    assert written == ["own"]


def test_a_write_that_somebody_had_replaced_before_is_put_back():
    stream, written = io.StringIO(), []
    own = stream.write = written.append
    with redirect_stderr(stream):
        assert events(lambda: stream.write("mine")) == [Output("stderr", "mine"), DONE]
        stream.write("own")
    assert (written, stream.write) == (["own"], own)


def test_a_stream_that_takes_no_attribute_is_left_as_it_is():
    class Slotted:
        __slots__ = ()

        def write(self, text: str) -> int:
            return len(text)

    with redirect_stderr(Slotted()):
        assert events(lambda: print("mine", file=sys.stderr)) == [Output("stderr", "mine\n"), DONE]


def test_an_error_in_such_a_thread_is_shown_too():
    def act():
        thread = threading.Thread(target=threading.__excepthook__, args=(_hook_arguments(ValueError("boom")),))
        thread.start()
        thread.join(WAIT)

    found = events(act)
    assert [event.stream for event in found[:-1]] == ["stderr"]
    assert "ValueError: boom" in found[0].text


def _hook_arguments(error: BaseException) -> threading.ExceptHookArgs:
    return threading.ExceptHookArgs((type(error), error, None, threading.current_thread()))


def test_a_thread_that_outlives_the_command_prints_to_the_real_stream_afterwards():
    go, real = threading.Event(), io.StringIO()
    thread = threading.Thread(target=lambda: (go.wait(WAIT), print("late")))
    with redirect_stdout(real):
        assert events(thread.start) == [DONE]
        go.set()
        thread.join(WAIT)
    assert real.getvalue() == "late\n"


def test_what_was_left_alone_prints_to_nowhere():
    opened, go, real = threading.Event(), threading.Event(), io.StringIO()
    queue = EventQueue(1_000)

    def orphan() -> None:
        queue.open()
        opened.set()
        go.wait(WAIT)
        print("late")
        sys.stdout.buffer.write(b"late")
        queue.release()

    thread = threading.Thread(target=orphan)
    with redirect_stdout(real):
        thread.start()
        opened.wait(WAIT)
        queue.close(DONE, "abandoned", dropped=True)
        print("ours")
        go.set()
        thread.join(WAIT)
        assert sys.stdout is real
    assert real.getvalue() == "ours\n"
    assert list(queue.events()) == [Output("stderr", "abandoned\n"), DONE]


def test_two_commands_at_once_do_not_mix(stranger: Stranger):
    first, second = EventQueue(1_000), EventQueue(1_000)

    before = sys.stdout
    first.open()
    stranger.does(second.open)
    print("first")
    stranger.does(lambda: print("second"))
    first.close(DONE)
    first.release()
    assert sys.stdout is not before  # the second still runs
    stranger.does(lambda: print("second again"))
    second.close(DONE)
    stranger.does(second.release)
    assert sys.stdout is before
    assert list(first.events()) == [Output("stdout", "first\n"), DONE]
    assert list(second.events()) == [Output("stdout", "second\nsecond again\n"), DONE]


def test_text_arrives_while_the_command_runs():
    queue, go = EventQueue(1_000), threading.Event()

    def act():
        with running(queue):
            print("before")
            go.wait(WAIT)
            print("after")

    thread = threading.Thread(target=act)
    thread.start()
    found = queue.events()
    assert next(found) == Output("stdout", "before\n")
    go.set()
    assert list(found) == [Output("stdout", "after\n"), DONE]
    thread.join(WAIT)


def test_a_command_that_says_nothing_beats():
    queue = EventQueue(1_000)
    found = queue.events(beat=0.001)
    assert (next(found), next(found)) == (Beat(), Beat())
    queue.close(DONE)
    assert [event for event in found if event != Beat()] == [DONE]


# What stands in sys


def test_nothing_is_replaced_while_no_command_runs():
    def state() -> tuple[object, ...]:
        return (sys.stdin, sys.stdout, sys.stderr, sys.breakpointhook, threading.Thread.start)

    before = state()
    with running(EventQueue(1_000)):
        during = state()
    assert all(one is not other for one, other in zip(before, during, strict=True))
    assert all(one is other for one, other in zip(before, state(), strict=True))


def test_a_stream_that_the_command_put_into_sys_stays():
    mine, real = io.StringIO(), sys.stdout

    def act():
        sys.stdout = mine
        print("to mine")

    try:
        assert events(act) == [DONE]
        assert sys.stdout is mine
    finally:
        sys.stdout = real
    assert mine.getvalue() == "to mine\n"


class Wrapper:
    """What colour libraries put around ``sys.stdout`` for good."""

    def __init__(self, inner: object) -> None:
        self.inner = inner

    def write(self, text: str) -> int:
        return self.inner.write(text.upper())


def test_a_wrapper_around_the_router_does_not_lead_in_a_circle():
    real = io.StringIO()

    def wrap():
        sys.stdout = Wrapper(sys.stdout)

    with redirect_stdout(real):
        events(wrap)
        print("between")
        assert events(lambda: print("inside")) == [Output("stdout", "inside\n"), DONE]
        print("after")
    assert real.getvalue() == "BETWEEN\nAFTER\n"


def test_a_command_is_heard_also_while_an_older_one_has_lost_its_router(stranger: Stranger):
    older, newer, mine = EventQueue(1_000), EventQueue(1_000), io.StringIO()
    real = sys.stdout
    stranger.does(older.open)
    with redirect_stdout(mine):  # as pytest does between two tests
        with running(newer):
            print("newer")
            stranger.does(lambda: print("older"))
        print("ours")
    stranger.does(lambda: (older.close(DONE), older.release()))
    assert sys.stdout is real
    assert list(newer.events()) == [Output("stdout", "newer\n"), DONE]
    assert list(older.events()) == [Output("stdout", "older\n"), DONE]
    assert mine.getvalue() == "ours\n"


def test_a_router_that_was_kept_passes_on_to_the_real_stream_and_can_be_put_back():
    kept, real = [], io.StringIO()
    with redirect_stdout(real):
        events(lambda: kept.append(sys.stdout))
        sys.stdout = kept[0]
        print("kept")
        assert events(lambda: print("inside")) == [Output("stdout", "inside\n"), DONE]
        assert sys.stdout is real
    assert real.getvalue() == "kept\n"


def test_a_patched_thread_start_stays_and_keeps_working():
    original = threading.Thread.start
    started = []

    def patch():
        inner = threading.Thread.start

        def start(thread):
            started.append(thread)
            inner(thread)

        threading.Thread.start = start

    def run():
        thread = threading.Thread(target=print, args=("from thread",))
        thread.start()
        thread.join(WAIT)

    try:
        events(patch)
        assert events(run) == [Output("stdout", "from thread\n"), DONE]
        assert len(started) == 1
    finally:
        threading.Thread.start = original


def test_a_process_without_streams_has_none_afterwards(stranger: Stranger):
    with redirect_stdout(None), redirect_stdin(None):
        found = events(lambda: (print("mine"), stranger.does(lambda: print("theirs"))))
        assert sys.stdout is None
        assert sys.stdin is None
    assert found == [Output("stdout", "mine\n"), DONE]


# How the streams behave


def test_the_stream_has_what_programs_ask_of_standard_output():
    def act():
        assert sys.stdout.encoding == "utf-8"
        assert sys.stdout.writable()
        assert not sys.stdout.isatty()
        assert not sys.stdout.closed
        assert sys.stdout.name == "<stdout>"
        assert sys.stdout.write("four") == 4
        sys.stdout.writelines([" and", " more\n"])
        sys.stdout.flush()
        sys.stdout.reconfigure(line_buffering=True)
        with pytest.raises(io.UnsupportedOperation):
            sys.stdout.fileno()
        with sys.stdout as stream:
            stream.write("inside\n")

    assert events(act) == [Output("stdout", "four and more\ninside\n"), DONE]


def test_closing_the_stream_does_nothing():
    def act():
        sys.stdout.close()
        sys.stdin.close()
        sys.stdout.buffer.close()
        print("still here")

    assert events(act) == [Output("stdout", "still here\n"), DONE]


def test_bytes_can_be_written_also_in_the_middle_of_a_character():
    def act():
        for byte in "é→".encode():
            assert sys.stdout.buffer.write(bytes([byte])) == 1
        sys.stderr.buffer.write(memoryview(b"view\xff"))
        sys.stderr.buffer.flush()

    assert events(act) == [Output("stdout", "é→"), Output("stderr", "view\N{REPLACEMENT CHARACTER}"), DONE]


def test_writing_something_else_than_text_is_a_type_error():
    def act():
        with pytest.raises(TypeError, match="must be str, not bytes"):
            sys.stdout.write(b"bytes")

    assert events(act) == [DONE]


def test_a_text_that_pretends_to_be_longer_is_taken_as_it_is():
    class Liar(str):
        def __getitem__(self, key):
            raise RuntimeError

        def encode(self, *arguments):
            raise RuntimeError

        def isascii(self):
            raise RuntimeError

    found = events(lambda: sys.stdout.write(Liar("é")))
    assert found == [Output("stdout", "é"), DONE]
    assert type(found[0].text) is str


def test_lone_surrogates_are_escaped():
    assert events(lambda: print("a\udc80b")) == [Output("stdout", "a\\udc80b\n"), DONE]


def test_a_text_printed_while_another_is_written_is_not_lost():
    class Noisy:
        def __str__(self):
            print("inner")
            return "outer"

    assert events(lambda: print(Noisy())) == [Output("stdout", "inner\nouter\n"), DONE]


# Input


@pytest.mark.parametrize(
    "ask",
    [
        input,
        lambda: input("Name? "),
        lambda: sys.stdin.read(),
        lambda: sys.stdin.readline(),
        lambda: sys.stdin.readlines(),
        lambda: sys.stdin.buffer.read(),
        lambda: next(sys.stdin),
        lambda: list(sys.stdin),
        lambda: sys.stdin.fileno(),
    ],
)
def test_asking_for_input_fails_at_once(ask: Callable[[], object]):
    def act():
        with pytest.raises(io.UnsupportedOperation):
            ask()

    assert events(act)[-1] == DONE


def test_the_refusal_says_what_to_do():
    def act():
        with pytest.raises(io.UnsupportedOperation, match="no standard input: assign the value to a name"):
            input()

    events(act)


def test_other_threads_can_still_read_input(stranger: Stranger):
    answers: list[object] = []
    with redirect_stdin(io.StringIO("line\nnext\n")):
        events(lambda: answers.append(stranger.does(lambda: (sys.stdin.readline(), list(sys.stdin)))))
    assert answers == [("line\n", ["next\n"])]


def test_a_breakpoint_is_refused_and_those_of_other_threads_are_not(stranger: Stranger):
    reached: list[str] = []

    def act():
        with pytest.raises(io.UnsupportedOperation, match="breakpoint"):
            breakpoint()

    assert events(act) == [DONE]
    original, sys.breakpointhook = sys.breakpointhook, lambda: reached.append("custom")
    try:
        events(lambda: (breakpoint(), stranger.does(breakpoint)))
    finally:
        sys.breakpointhook = original
    assert reached == ["custom", "custom"]


# Bounds


def test_output_is_cut_at_the_limit_and_says_so_once():
    def act():
        for number in range(50):
            print(number % 10, end="")
            print("#", end="", file=sys.stderr if number % 7 == 0 else sys.stdout)

    found = events(act, limit=40)
    assert found[-2:] == [Output("stderr", "\noutput cut after 40 characters\n"), DONE]
    text = "".join(event.text for event in found[:-2])
    assert text == "0#1#2#3#4#5#6#7#8#9#0#1#2#3#4#5#6#7#8#9#"


def test_output_of_exactly_the_limit_is_not_cut():
    assert events(lambda: sys.stdout.write("x" * 40), limit=40) == [Output("stdout", "x" * 40), DONE]


def test_one_huge_write_is_cut():
    found = events(lambda: sys.stdout.write("x" * 5_000_000), limit=40)
    assert found == [Output("stdout", "x" * 40), Output("stderr", "\noutput cut after 40 characters\n"), DONE]


def test_what_comes_after_the_cut_is_not_kept():
    queue = EventQueue(100)
    with running(queue):
        for _ in range(10_000):
            print("0123456789")
    assert queue._queue.qsize() < 30


def test_results_are_bounded_in_size():
    def act():
        queue = current_queue()
        for _ in range(10):
            queue.show(Result("x" * 30, None, ""))

    found = events(act, limit=100)
    assert [type(event) for event in found] == [Result] * 4 + [Output, Done]
    assert found[-2].text == "more results are not shown\n"


def test_results_are_bounded_in_number():
    def act():
        for number in range(5_000):
            current_queue().show(Result("", number, ""))

    found = events(act)
    assert sum(isinstance(event, Result) for event in found) == 1_000
    assert found[-2:] == [Output("stderr", "more results are not shown\n"), DONE]


def test_errors_and_notes_come_through_after_the_cut():
    queue = EventQueue(10)
    with running(queue):
        print("x" * 50)
        queue.fail("Traceback")
        queue.note("a note")
    assert list(queue.events())[-3:] == [Failure("Traceback"), Output("stderr", "a note\n"), DONE]


# The life of a queue


def test_a_command_ends_once():
    queue = EventQueue(10)
    assert not queue.ended
    assert queue.open()
    assert queue.close(DONE)
    assert queue.ended
    assert not queue.close(Done("interrupted", 1.0))
    queue.release()
    assert list(queue.events()) == [DONE]


def test_a_command_left_alone_before_it_began_never_begins():
    queue, before = EventQueue(10), sys.stdout
    assert queue.close(DONE, dropped=True)
    assert not queue.open()
    assert sys.stdout is before
    assert current_queue() is None


def test_a_thread_belongs_to_its_command_only_while_that_runs():
    assert current_queue() is None
    with running(EventQueue(10)) as queue:
        assert current_queue() is queue
    assert current_queue() is None
