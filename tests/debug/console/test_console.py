from __future__ import annotations

import contextvars
import gc
import io
import queue
import re
import sys
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from types import FrameType
from typing import Any

import flask
import pytest
from console_support import output, run, value

from debugkit.debug.console.console import Console, Done, Event, Failure, Output, Result
from debugkit.errors import BodyTooLarge, Conflict, Gone

WAIT = 240
#: Stop gives up fast, for what cannot be stopped; and slowly, where a slow machine must not look like that.
IMPATIENT, PATIENT = 0.08, 15.0


untraced = pytest.mark.skipif(
    sys.gettrace() is not None,
    reason="an exception from another thread may land in coverage's own code, which keeps its lock forever then",
)
#: Where an exception from another thread lands in a callback of the garbage collector, Python only prints it.
printed = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def consoles() -> Iterator[Callable[..., Console]]:
    """Makes consoles, and closes them in the end."""
    made: list[Console] = []

    def make(frame: FrameType | None = None, *, interrupt_seconds: float = PATIENT, **choices: Any) -> Console:
        made.append(Console(frame, interrupt_seconds=interrupt_seconds, **choices))
        return made[-1]

    yield make
    for console in made:
        console.close()


@pytest.fixture
def console(consoles: Callable[..., Console]) -> Console:
    return consoles()


def failure(console: Console, source: str) -> str:
    (event,) = run(console, source)
    assert isinstance(event, Failure)
    return event.text


def status(console: Console, source: str) -> str:
    *_, last = console.evaluate(source)
    assert isinstance(last, Done)
    return last.status


def failing_frame(call: Callable[[], object]) -> FrameType:
    """The innermost frame of the error that ``call`` raises."""
    with pytest.raises(Exception) as caught:
        call()
    return list(traceback.walk_tb(caught.value.__traceback__))[-1][0]


def checkout(item: object) -> None:
    count = 3
    raise ValueError((item, count))


class Gate:
    """Lets a command wait for the test. ``reached`` is set by the command, ``go`` by the test."""

    def __init__(self) -> None:
        self.reached, self.go = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.reached.set()
        assert self.go.wait(WAIT)


# Events


def test_an_expression_gives_its_value(console: Console):
    assert run(console, "6 * 7") == [Result("42", 42, "")]


def test_the_frame_is_there(consoles: Callable[..., Console]):
    console = consoles(failing_frame(lambda: checkout("tea")))
    assert run(console, "item") == [Result("'tea'", "tea", "item")]
    assert value(console, "[item for _ in range(count)]") == ["tea"] * 3
    assert console.names() == {"item": "tea", "count": 3}


def test_names_can_be_given_when_there_is_no_frame(consoles: Callable[..., Console]):
    console = consoles(names={"app": "the app"})
    assert value(console, "app") == "the app"
    run(console, "mine = 1")
    assert console.names() == {"app": "the app", "mine": 1}


def test_several_statements_run_in_order_and_show_every_value(console: Console):
    events = run(console, "x = 1\nx\nprint('between')\nx + 1\n")
    assert events == [Result("1", 1, "x"), Output("stdout", "between\n"), Result("2", 2, "")]


def test_output_and_errors_keep_their_order(console: Console):
    events = run(console, "import sys\nprint('out')\nprint('err', file=sys.stderr)\n1/0")
    assert events[:2] == [Output("stdout", "out\n"), Output("stderr", "err\n")]
    assert isinstance(events[2], Failure)


def test_an_unfinished_block_runs_nothing(console: Console):
    (event,) = console.evaluate("x = 1\nfor i in range(3):")
    assert event == Done("incomplete", event.seconds)
    assert "x" not in console.names()


def test_the_time_is_that_of_the_clock(consoles: Callable[..., Console]):
    ticks = iter([10.0, 12.5])
    *_, done = consoles(clock=lambda: next(ticks)).evaluate("1")
    assert done == Done("done", 2.5)


def test_text_arrives_while_the_command_runs(consoles: Callable[..., Console]):
    gate = Gate()
    events = consoles(names={"gate": gate}).evaluate("print('before'); gate(); print('after')")
    assert next(events) == Output("stdout", "before\n")
    gate.go.set()
    assert [type(event) for event in events] == [Output, Done]


def test_threads_of_the_command_print_into_it_and_other_threads_do_not(console: Console):
    real = io.StringIO()
    source = """
import threading, concurrent.futures
threads = [threading.Thread(target=print, args=("thread",)), threading.Timer(0, print, ("timer",))]
for thread in threads:
    thread.start()
    thread.join(240)

with concurrent.futures.ThreadPoolExecutor() as pool:
    pool.submit(print, "pool").result(20)
"""
    with redirect_stdout(real):
        assert output(run(console, source)) == "thread\ntimer\npool\n"
        print("real")
    assert real.getvalue() == "real\n"


def test_nothing_is_replaced_after_the_last_event(console: Console):
    before = (sys.stdin, sys.stdout, sys.stderr, threading.Thread.start)
    for _ in range(20):
        run(console, "print('x')")
        assert (sys.stdin, sys.stdout, sys.stderr, threading.Thread.start) == before


def test_two_consoles_at_once_do_not_mix(consoles: Callable[..., Console]):
    gates = [Gate(), Gate()]
    streams = [
        consoles(names={"gate": gate, "n": number}).evaluate("for _ in range(3): print(n)\ngate()\nprint(n)")
        for number, gate in enumerate(gates)
    ]
    for gate in gates:
        assert gate.reached.wait(WAIT)
    for gate in gates:
        gate.go.set()
    assert [output(list(stream)) for stream in streams] == ["0\n" * 4, "1\n" * 4]


# Errors


def test_an_error_is_the_standard_librarys_text_from_the_typed_code_on(console: Console):
    run(console, "def f(x):\n    return 1 / x\n")
    text = failure(console, "f(0)")
    lines = [line for line in text.splitlines() if set(line.strip()) - set("~^")]
    names = [line.strip().split(",")[0].split('"')[1] for line in lines if line.startswith("  File")]
    assert lines == [
        "Traceback (most recent call last):",
        f'  File "{names[0]}", line 1, in <module>',
        "    f(0)",
        f'  File "{names[1]}", line 2, in f',
        "    return 1 / x",
        "ZeroDivisionError: division by zero",
    ]
    assert text.endswith("\n")


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("try: 1/0\nexcept ZeroDivisionError: {}['k']\n", ["ZeroDivisionError", "During handling", "KeyError: 'k'"]),
        ("try: 1/0\nexcept ZeroDivisionError as e: raise OSError('x') from e\n", ["direct cause", "OSError: x"]),
        (
            "raise ExceptionGroup('many', [ValueError('one'), ExceptionGroup('more', [OSError('two')])])",
            [
                "  + Exception Group Traceback",
                "ExceptionGroup: many (2 sub-exceptions)",
                "ValueError: one",
                "OSError: two",
            ],
        ),
        ("e = ValueError('x'); e.add_note('a note'); raise e", ["ValueError: x", "a note"]),
        ("raise KeyboardInterrupt", ["KeyboardInterrupt"]),
        ("raise GeneratorExit", ["GeneratorExit"]),
        ("raise BaseException('base')", ["BaseException: base"]),
        ("def f(): f()\nf()", ["Previous line repeated", "RecursionError"]),
        ("def f(:", ["line 1\n    def f(:\n          ^\nSyntaxError: invalid syntax"]),
        ("return 1", ["    return 1\n    ^^^^^^^^\nSyntaxError: 'return' outside function"]),
        ("lambda: await x", ["SyntaxError: 'await' outside async function"]),
        ("a\0b", ["null bytes"]),
        ("x = '\udc80'", ["SyntaxError: line 1 contains a lone surrogate ('\\udc80'), which is not a character"]),
        ("eval('1 +')", ['File "<string>", line 1', "SyntaxError"]),
        ("raise ValueError('\\udc80')", ["ValueError: \\udc80"]),
        ("import sys; sys.stdout.write(1)", ["TypeError: write() argument must be str, not int"]),
        ("import nowhere_at_all", ["ModuleNotFoundError: No module named 'nowhere_at_all'"]),
    ],
)
def test_errors_of_all_kinds_are_shown_without_our_own_frames(console: Console, source: str, parts: list[str]):
    text = failure(console, source)
    for part in parts:
        assert part in text
    assert "debugkit" not in text
    assert value(console, "1") == 1


def test_a_syntax_error_has_no_header(console: Console):
    assert failure(console, "a b").startswith("  File ")


def test_errors_with_hostile_text_are_shown_somehow(console: Console):
    source = (
        "class Hostile(Exception):\n    def __str__(self): raise SystemExit\n    __repr__ = __str__\n\nraise Hostile"
    )
    assert "Hostile" in failure(console, source)


def test_a_chain_that_leads_in_a_circle_ends(console: Console):
    source = "a, b = ValueError('a'), OSError('b')\na.__cause__, b.__cause__ = b, a\nraise a"
    assert "ValueError: a" in failure(console, source)


def test_an_enormous_error_is_cut_in_the_middle(consoles: Callable[..., Console]):
    console = consoles(output_size=1_000)
    text = failure(console, "raise ValueError('x' * 10_000_000 + 'end')")
    assert len(text) < 1_100
    assert text.startswith("Traceback")
    assert text.endswith("xend\n")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("exit()", "exit()"),
        ("quit()", "exit()"),
        ("raise SystemExit", "exit()"),
        ("import sys; sys.exit(3)", "exit(3)"),
        ("import sys; sys.exit('bye')", "exit('bye')"),
        ("import sys; sys.exit(object())", "exit()"),
        ("try: exit()\nfinally: 1\n", "exit()"),
    ],
)
def test_leaving_ends_nothing(console: Console, source: str, says: str):
    *_, note, done = console.evaluate(source)
    assert note == Output("stderr", f"{says} ends nothing here: the server keeps running.\n")
    assert done == Done("exited", done.seconds)
    assert value(console, "1") == 1


def test_asking_for_input_is_an_error_at_once(console: Console):
    assert "no standard input" in failure(console, "input()")
    assert "breakpoint() is not available" in failure(console, "breakpoint()")


def test_the_debugger_of_the_terminal_cannot_hang(console: Console):
    events = run(console, "import pdb\npdb.Pdb().set_trace()\nx = 1")
    assert "no standard input" in events[-1].text
    assert value(console, "sum(range(3))") == 3


# Values


def test_a_long_value_is_cut(consoles: Callable[..., Console]):
    console = consoles(output_size=100)
    for source in (
        "'x' * 10_000_000",
        "b'x' * 1_000_000",
        "list(range(10**6))",
        "dict.fromkeys(range(10**6))",
        "set(range(10**6))",
        "tuple(range(10**6))",
        "[['x' * 1000]]",
    ):
        (event,) = run(console, source)
        assert len(event.text) == 100
        assert event.text.endswith("…")


def test_a_value_of_exactly_the_limit_is_not_cut(consoles: Callable[..., Console]):
    (event,) = run(consoles(output_size=100), "'x' * 98")
    assert event.text == repr("x" * 98)


@pytest.mark.parametrize("error", ["ValueError('boom')", "SystemExit", "GeneratorExit", "RecursionError"])
def test_a_repr_that_raises_is_no_crash(console: Console, error: str):
    run(console, f"class Broken:\n    def __repr__(self): raise {error}\n")
    (event,) = run(console, "Broken()")
    assert event.text.startswith("<Broken object at 0x")
    assert f"whose repr() raised {error.split('(')[0]}" in event.text
    assert type(event.value).__name__ == "Broken"
    assert value(console, "type(_).__name__") == "Broken"


def test_a_repr_may_print(console: Console):
    run(console, "class Loud:\n    def __repr__(self):\n        print('loud')\n        return 'Loud'\n")
    assert [event.text for event in run(console, "Loud()")] == ["loud\n", "Loud"]


def test_a_repr_that_is_a_liar_is_taken_as_it_is(console: Console):
    run(
        console,
        "class Text(str):\n    def __getitem__(self, key): raise OSError\n    def __len__(self): raise OSError\n"
        "class Liar:\n    def __repr__(self): return Text('text')\n",
    )
    (event,) = run(console, "Liar()")
    assert (event.text, type(event.text)) == ("text", str)


def test_dump_gives_the_locals_as_one_value(consoles: Callable[..., Console]):
    console = consoles(failing_frame(lambda: checkout("tea")))
    assert run(console, "dump()") == [Result("locals", {"item": "tea", "count": 3}, "locals")]
    assert run(console, "dump(item)") == [Result("'tea'", "tea", "")]


def test_help_is_output(console: Console):
    assert "Return the number of items" in output(run(console, "help(len)"))


@untraced
@printed
def test_output_without_end_is_cut_and_can_be_stopped(consoles: Callable[..., Console]):
    console = consoles(output_size=1_000, interrupt_seconds=15.0)
    events = console.evaluate("while True: print('0123456789')\n")
    size = 0
    for event in events:
        if isinstance(event, Output) and "cut" in event.text:
            assert event.text == "\noutput cut after 1000 characters\n"
            assert console.interrupt()
        elif isinstance(event, Output):
            size += len(event.text)
    assert size == 1_000
    assert event == Done("interrupted", event.seconds)


# What people paste


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("    x = 1\n    x", 1),
        ("\tif True:\n\t\tx = 1\n\tx", 1),
        ("    # a comment\n    x = 1\n    x", 1),
        ("# a comment\n    x = 1\n    x", 1),
        (">>> x = 1\n>>> x\n", 1),
        (">>> x = 1\n>>> x\n1\n", 1),
        (">>> def f():\n...     return 1\n...\n>>> f()\n1", 1),
        ("    >>> def f():\n    ...     return 1\n    >>> f()", 1),
        (">>> if 1:\n...     1", 1),
        ("x = 1\r\nx\r\n", 1),
        ("x = 1\rx\r", 1),
        ("def f():\r\n    return 1\r\n\r\nf()", 1),
        ("1   \n\n\n", 1),
        ("\n\n  \n1", 1),
        ("\ufeff1", 1),
        ("\x0c1\n\x0c\n", 1),
        ("x = '''\n  a\n'''\nlen(x)", 5),
        ("'\x0c\x1d\u2028'.isspace() and 1", 1),
    ],
)
def test_a_paste_runs_as_a_person_expects(console: Console, source: str, expected: object):
    assert value(console, source) == expected


@pytest.mark.parametrize("source", ["", "\n", "   ", "# comment", "\n# one\n  # two\n"])
def test_nothing_to_run_is_done(console: Console, source: str):
    assert run(console, source) == []


# One command at a time


def test_a_second_command_while_one_runs_is_a_conflict(consoles: Callable[..., Console]):
    gate = Gate()
    console = consoles(names={"gate": gate})
    events = console.evaluate("gate()")
    with pytest.raises(Conflict, match="still running"):
        console.evaluate("1")
    gate.go.set()
    assert [type(event) for event in events] == [Done]
    assert value(console, "1") == 1


def test_a_command_that_is_too_long_is_refused(consoles: Callable[..., Console]):
    console = consoles(source_size=10)
    with pytest.raises(BodyTooLarge, match="11 characters; the limit is 10"):
        console.evaluate("x" * 11)
    assert value(console, "1234567890") == 1234567890


def test_all_commands_run_on_one_thread_of_the_consoles_own(console: Console):
    idents = {value(console, "__import__('threading').get_ident()") for _ in range(5)}
    assert len(idents) == 1
    assert threading.get_ident() not in idents


def test_the_thread_is_made_when_needed_and_is_no_reason_to_stay(consoles: Callable[..., Console]):
    before = set(threading.enumerate())
    console = consoles()
    assert set(threading.enumerate()) <= before
    thread = value(console, "__import__('threading').current_thread()")
    assert thread.daemon
    console.close()
    thread.join(WAIT)
    assert not thread.is_alive()


@pytest.mark.parametrize("idle_seconds", [0.0, 0.01])
def test_an_idle_thread_ends_and_a_new_one_comes_when_needed(consoles: Callable[..., Console], idle_seconds: float):
    console = consoles(idle_seconds=idle_seconds)
    thread = value(console, "x = 1; __import__('threading').current_thread()")
    thread.join(WAIT)
    assert not thread.is_alive()
    other = value(console, "__import__('threading').current_thread()")
    assert other is not thread
    assert value(console, "x") == 1


# Stop


def stopped(console: Console, source: str) -> list[Event]:
    """What comes of a command that is stopped once it has printed "running". The print is left out."""
    events = console.evaluate(source)
    assert next(events) == Output("stdout", "running\n")
    assert console.interrupt()
    return list(events)


RUNNING = "print('running')\n"


def test_nothing_to_stop_is_false(console: Console):
    assert not console.interrupt()
    run(console, "1")
    assert not console.interrupt()


@pytest.mark.parametrize(
    "source",
    [
        "while True: pass",
        "while True: x = [i for i in range(1000)]",
        "def f():\n    while True: yield 1\n\nsum(f())",
        "while True:\n    try:\n        while True: pass\n    finally:\n        pass\n",
        "import time\nwhile True: time.sleep(0.001)",
        "def f(): return f()\n\nwhile True:\n    try: f()\n    except RecursionError: pass\n",
        "class Slow:\n    def __repr__(self):\n        while True: pass\n\nSlow()",
        "class Slow(Exception):\n    def __str__(self):\n        while True: pass\n\nraise Slow",
        "try:\n    while True: pass\nexcept KeyboardInterrupt: print('caught')\nwhile True: pass",
    ],
)
@printed
def test_what_runs_python_code_can_be_stopped(console: Console, source: str):
    thread = value(console, "__import__('threading').get_ident()")
    *events, done = stopped(console, RUNNING + source + "\n")
    assert done == Done("interrupted", done.seconds)
    assert not [event for event in events if isinstance(event, Output) and "abandoned" in event.text]
    assert value(console, "__import__('threading').get_ident()") == thread


# Between two calls that C code makes, no exception of another thread can come.
WAITING = """
import functools, operator, queue, time, hashlib
def wait(*call): list(map(operator.call, [functools.partial(waiting.put, 1), functools.partial(*call)]))
"""


@pytest.mark.parametrize(
    "source",
    [
        "wait(lock.acquire, True, 60)",
        "wait(time.sleep, 0.5)",
        "wait(queue.SimpleQueue().get, True, 0.5)",
        "wait(hashlib.pbkdf2_hmac, 'sha256', b'', b'', 1_000_000)",
        "with suppress(BaseException): wait(lock.acquire, True, 60)\n",
        """
def swallow():
    while lock.locked():
        try:
            while lock.locked(): pass
        except BaseException: pass

while lock.locked():
    try:
        waiting.put(1)
        while lock.locked(): swallow()
    except BaseException: pass
""",
    ],
)
def test_what_cannot_be_stopped_is_left_alone(consoles: Callable[..., Console], source: str):
    lock, waiting, late = threading.Lock(), queue.SimpleQueue(), []
    console = consoles(
        interrupt_seconds=IMPATIENT, names={"lock": lock, "waiting": waiting, "late": late, "suppress": suppress}
    )
    run(console, WAITING)
    thread = value(console, "__import__('threading').current_thread()")
    real = io.StringIO()
    with redirect_stdout(real), lock:
        events = console.evaluate(f"made = 'before'\n{source}\nprint('late')\nlate.append(1)")
        assert waiting.get(timeout=WAIT)
        assert console.interrupt()
        note, done = events
        assert note.text.startswith("still ")
        assert note.text.endswith("; abandoned\n")
        assert done == Done("interrupted", done.seconds)
        # The next command has a new thread, and the same names.
        assert value(console, "__import__('threading').current_thread()") is not thread
        assert value(console, "made") == "before"
    thread.join(WAIT)
    assert not thread.is_alive()
    assert late == [1] * ("BaseException" in source)  # the others ended when they woke up
    assert real.getvalue() == ""
    assert type(sys.stdout).__module__ != "debugkit.debug.console.streams"


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("event.wait(60)", r"still running line \d+ of .*threading\.py; abandoned\n"),
        ("lock.acquire(timeout=60)", r"still running line 2 of <console \d+>; abandoned\n"),
        ("with lock: pass", r"still running line 2 of <console \d+>; abandoned\n"),
    ],
)
def test_the_note_says_where_it_waits(consoles: Callable[..., Console], source: str, place: str):
    lock, event = threading.Lock(), threading.Event()
    console = consoles(interrupt_seconds=IMPATIENT, names={"lock": lock, "event": event})
    with lock:
        for _ in range(50):  # until the interruption comes after the wait began
            note, *_ = stopped(console, f"{RUNNING}{source}\n")
            if isinstance(note, Output):
                break
        assert re.fullmatch(place, note.text)
    event.set()


@untraced
@printed
def test_an_interruption_never_reaches_the_next_command(console: Console):
    for turn in range(150):
        events = console.evaluate(f"for i in range({turn * 40}): pass\n")
        stop = threading.Thread(target=console.interrupt)
        stop.start()
        *rest, done = events
        stop.join(WAIT)
        assert done.status in ("done", "interrupted")
        assert rest == []
        assert value(console, "sum(range(500))") == 124750


def test_stop_works_under_a_tracing_debugger(consoles: Callable[..., Console]):
    lock, waiting = threading.Lock(), queue.SimpleQueue()
    console = consoles(interrupt_seconds=IMPATIENT, names={"lock": lock, "waiting": waiting})

    def trace(frame: FrameType, event: str, argument: object) -> object:
        return trace

    before = sys.gettrace(), threading.gettrace()
    threading.settrace(trace)
    sys.settrace(trace)
    try:
        run(console, WAITING)
        for _ in range(3):
            assert stopped(console, RUNNING + "while True: pass\n")[-1].status == "interrupted"
        with lock:
            events = console.evaluate("wait(lock.acquire, True, 60)")
            assert waiting.get(timeout=WAIT)
            assert console.interrupt()
            assert "abandoned" in output(list(events))
            assert value(console, "sum(range(100))") == 4950
    finally:
        sys.settrace(before[0])
        threading.settrace(before[1])


def test_stopping_twice_at_once_does_no_harm(console: Console):
    events = console.evaluate("print('running')\nwhile True: pass\n")
    next(events)
    threads = [threading.Thread(target=console.interrupt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert list(events)[-1].status == "interrupted"
    assert value(console, "1") == 1


def test_an_error_on_the_way_out_is_shown(console: Console):
    failed, done = stopped(console, "try:\n    print('running')\n    while True: pass\nfinally: 1/0\n")
    assert "ZeroDivisionError" in failed.text
    assert done.status == "interrupted"


def test_closing_the_events_stops_the_command(consoles: Callable[..., Console]):
    ended = threading.Event()
    console = consoles(names={"ended": ended})
    events = console.evaluate("try:\n    print('running')\n    while True: pass\nfinally: ended.set()\n")
    next(events)
    events.close()
    assert ended.is_set()
    assert value(console, "1") == 1


def test_dropping_the_events_before_the_first_stops_the_command(consoles: Callable[..., Console]):
    console = consoles()
    events = console.evaluate("while True: pass\n")
    del events
    gc.collect()
    assert value(console, "1") == 1


# Contexts


variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")


def test_commands_see_the_context_variables_of_the_request(consoles: Callable[..., Console]):
    context = contextvars.Context()
    context.run(variable.set, "request")
    console = consoles(context=context, names={"variable": variable})
    assert value(console, "variable.get()") == "request"
    run(console, "token = variable.set('changed')")
    assert value(console, "variable.get()") == "changed"
    assert context[variable] == "request"
    assert variable.get(None) is None


def test_without_a_context_there_are_no_context_variables_of_ours(consoles: Callable[..., Console]):
    token = variable.set("ours")
    assert value(consoles(names={"variable": variable}), "variable.get('none')") == "none"
    variable.reset(token)


def test_one_context_serves_several_consoles_at_once(consoles: Callable[..., Console]):
    context = contextvars.Context()
    gate = Gate()
    first = consoles(context=context, names={"gate": gate}).evaluate("gate(); 1")
    assert gate.reached.wait(WAIT)
    assert value(consoles(context=context), "2") == 2
    gate.go.set()
    assert [type(event) for event in first] == [Result, Done]


class Manager:
    """A context manager that notes what happens, and fails where it is told to."""

    def __init__(self, log: list[str], name: str, fails: str = "") -> None:
        self.log, self.name, self.fails = log, name, fails

    def __enter__(self) -> None:
        self.log.append(f"enter {self.name}")
        if self.fails == "enter":
            raise SystemExit("no entry")

    def __exit__(self, *error: object) -> None:
        self.log.append(f"exit {self.name}")
        if self.fails == "exit":
            raise RuntimeError("no exit")


def test_context_managers_are_entered_around_each_command(consoles: Callable[..., Console]):
    log: list[str] = []
    console = consoles(context_managers=[Manager(log, "a"), Manager(log, "b")], names={"log": log})
    run(console, "log.append('command')")
    assert log == ["enter a", "enter b", "command", "exit b", "exit a"]
    failure(console, "1/0")
    assert log[5:] == ["enter a", "enter b", "exit b", "exit a"]


@pytest.mark.parametrize(("fails", "says"), [("enter", "cannot be entered"), ("exit", "cannot be left")])
def test_a_context_that_fails_is_explained_and_the_command_runs(
    consoles: Callable[..., Console], fails: str, says: str
):
    log: list[str] = []
    console = consoles(context_managers=[Manager(log, "a", fails), Manager(log, "b")])
    for _ in range(2):
        events = run(console, "40 + 2")
        (failed,) = (event for event in events if isinstance(event, Failure))
        assert says in failed.text.splitlines()[0]
        assert f"no {'entry' if fails == 'enter' else 'exit'}" in failed.text
        assert Result("42", 42, "") in events
    assert log.count("exit b") == 2


def test_a_context_that_cannot_be_entered_in_time_is_left_alone(consoles: Callable[..., Console]):
    gate, ran, before = Gate(), [], set(threading.enumerate())

    @contextmanager
    def slow() -> Iterator[None]:
        gate()
        yield

    console = consoles(interrupt_seconds=IMPATIENT, context_managers=[slow()], names={"ran": ran})
    events = console.evaluate("ran.append(1)")
    assert gate.reached.wait(WAIT)
    (thread,) = {thread for thread in threading.enumerate() if thread.name == "debugkit console"} - before
    assert console.interrupt()
    assert list(events)[-1].status == "interrupted"
    gate.go.set()
    thread.join(WAIT)
    assert ran == []


def test_an_error_whose_class_has_no_name_to_give_is_an_answer_too(console: Console):
    source = """class Meta(type):
    __name__ = __module__ = property(lambda cls: 1 / 0)

raise Meta("Tea", (Exception,), {})
"""
    assert failure(console, source).startswith("Tea, whose traceback cannot be printed (ZeroDivisionError)")
    assert value(console, "1 + 1") == 2


def test_a_command_ends_whatever_the_console_makes_of_it(console: Console):
    source = """class Exit(SystemExit):
    code = property(lambda self: 1 / 0)

raise Exit
"""
    assert "ZeroDivisionError" in failure(console, source)
    assert value(console, "1 + 1") == 2


# Flask


def flask_failure() -> tuple[FrameType, contextvars.Context, list[Any]]:
    """The frame, context and context managers of a view that failed, collected as Werkzeug's middleware does."""
    app = flask.Flask("shop")
    found: list[Any] = []

    @app.route("/cart/<item>", methods=["POST"])
    def cart(item: str) -> str:
        flask.g.user = "Ada"
        found.append(contextvars.copy_context())
        raise LookupError(item)

    app.testing = False
    app.config["PROPAGATE_EXCEPTIONS"] = True
    contexts: list[Any] = []
    client = app.test_client()
    with pytest.raises(LookupError) as caught:
        client.post(
            "/cart/tea?count=3",
            data={"note": "fast"},
            environ_overrides={"werkzeug.debug.preserve_context": contexts.append},
        )
    return list(traceback.walk_tb(caught.value.__traceback__))[-1][0], found[0], contexts


NAMES = "from flask import request, g, current_app, url_for, session\n"


def test_flask_objects_work_after_the_request_ended(consoles: Callable[..., Console]):
    frame, _, contexts = flask_failure()
    assert len(contexts) == 2
    console = consoles(frame, context_managers=contexts)
    run(console, NAMES)
    for _ in range(2):
        assert value(console, "request.path, request.method, request.args['count']") == ("/cart/tea", "POST", "3")
        assert value(console, "current_app.name, g.user, url_for('cart', item='x')") == ("shop", "Ada", "/cart/x")
        assert value(console, "item, request.view_args") == ("tea", {"item": "tea"})
    run(console, "g.user = 'Grace'")
    assert value(console, "g.user") == "Grace"
    assert not flask.has_request_context()


def test_flask_objects_work_with_the_context_of_the_failed_request_too(consoles: Callable[..., Console]):
    frame, context, contexts = flask_failure()
    console = consoles(frame, context=context, context_managers=contexts)
    run(console, NAMES)
    assert value(console, "request.path, g.user, current_app.name") == ("/cart/tea", "Ada", "shop")


def test_flask_objects_work_in_two_consoles_at_once_and_after_one_was_left_alone(consoles: Callable[..., Console]):
    frame, context, contexts = flask_failure()
    first, second = (
        consoles(frame, interrupt_seconds=IMPATIENT, context=context, context_managers=contexts) for _ in range(2)
    )
    for console in (first, second):
        run(console, NAMES)
    thread = value(
        first,
        "import threading, queue\nlock, waiting = threading.Lock(), queue.SimpleQueue()\nthreading.current_thread()",
    )
    run(first, WAITING + "waiting = queue.SimpleQueue()")
    lock, waiting = first.names()["lock"], first.names()["waiting"]
    lock.acquire()
    events = first.evaluate("wait(lock.acquire, True, 60)")
    assert waiting.get(timeout=WAIT)
    first.interrupt()
    assert "abandoned" in output(list(events))
    for _ in range(2):
        assert value(second, "request.path") == "/cart/tea"
        assert value(first, "request.path") == "/cart/tea"
    lock.release()
    thread.join(WAIT)
    for _ in range(2):
        assert value(second, "request.path") == "/cart/tea"
        assert value(first, "request.path") == "/cart/tea"


# The end


class Item:
    pass


def test_closing_lets_go_of_everything(consoles: Callable[..., Console]):
    before = set(threading.enumerate())
    items = [Item()]
    manager = Manager([], "a")
    console = consoles(failing_frame(lambda: checkout(items[0])), context_managers=[manager])
    run(console, "item\nitem\nx = [item]\n")
    with pytest.raises(Gone, match="closed"):
        console.close() or console.evaluate("1")
    assert console.names() == {}
    references = weakref.ref(items.pop()), weakref.ref(manager)
    del manager
    for thread in set(threading.enumerate()) - before:  # it may still hold what it is ending with
        thread.join(WAIT)
    gc.collect()
    assert [reference() for reference in references] == [None, None]


def test_closing_stops_what_runs(console: Console):
    events = console.evaluate("print('running')\nwhile True: pass\n")
    next(events)
    console.close()
    assert list(events)[-1].status == "interrupted"


def test_closing_twice_does_no_harm(console: Console):
    console.close()
    console.close()


def test_nothing_of_a_command_is_kept_while_the_thread_waits(console: Console):
    run(console, "import weakref\nclass Item: pass\n")
    events = run(console, "weakref.ref(Item())")
    gc.collect()
    assert events[0].value() is None
    run(console, "def f():\n    item = Item()\n    global kept\n    kept = weakref.ref(item)\n    1/0\n")
    failure(console, "f()")
    gc.collect()
    assert value(console, "kept() is None") is True
