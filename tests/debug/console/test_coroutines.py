"""Commands that await: in the loop of the failed request, and where there is none."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import io
import os
import subprocess
import sys
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from typing import Any

import pytest
from client import Client
from console_support import output, run, value

from debugkit import DebuggedApplication, capture
from debugkit.debug.console import coroutines
from debugkit.debug.console.console import Console, Done, Event, Failure, Output

WAIT = 240
#: Stop gives up fast, for what cannot be stopped; and slowly, where a slow machine must not look like that.
IMPATIENT, PATIENT = 0.08, 15.0

untraced = pytest.mark.skipif(
    sys.gettrace() is not None,
    reason="an exception from another thread may land in coverage's own code, which keeps its lock forever then",
)
#: Where an exception from another thread lands in a callback of the garbage collector, Python only prints it.
printed = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")


class Application:
    """An event loop in a thread, as an application's server runs it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.answer(asyncio.sleep(0))  # it runs

    def answer(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(WAIT)

    def stop(self) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(WAIT)
            self.loop.close()


@pytest.fixture
def application() -> Iterator[Application]:
    application = Application()
    yield application
    application.stop()


@pytest.fixture
def consoles() -> Iterator[Callable[..., Console]]:
    """Makes consoles, and closes them in the end."""
    made: list[Console] = []

    def make(*, frame: Any = None, interrupt_seconds: float = PATIENT, **choices: Any) -> Console:
        made.append(Console(frame, interrupt_seconds=interrupt_seconds, **choices))
        return made[-1]

    yield make
    for console in made:
        console.close()


@pytest.fixture(params=["of the request", "of its own"])
def console(request: Any, application: Application, consoles: Callable[..., Console]) -> Console:
    """A console that awaits in either of the two loops."""
    return consoles(loop=application.loop if request.param == "of the request" else None)


def stopped(console: Console, source: str) -> list[Event]:
    """The events of a command that is stopped once it has printed."""
    events = console.evaluate(source)
    assert next(events) == Output("stdout", "running\n")
    assert console.interrupt()
    return list(events)


def failing_frame(coroutine: Any) -> Any:
    with pytest.raises(Exception) as caught:
        asyncio.run(coroutine)
    return list(traceback.walk_tb(caught.value.__traceback__))[-1][0]


async def checkout(item: str) -> None:
    count = 3
    raise ValueError((item, count))


# What awaits


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("await double(21)", 42),
        ("[await double(n) for n in (1, 2)]", [2, 4]),
        ("[n async for n in numbers()]", [0, 1, 2]),
        ("async for n in numbers(): pass\nn", 2),
        ("async with place() as p: pass\np", "inside"),
        ("async def mine(n):\n    return await double(n) + 1\n\nawait mine(1)", 3),
        ("total = 0\nasync for n in numbers():\n    total += await double(n)\n\ntotal", 6),
    ],
)
def test_what_awaits_gives_its_value(console: Console, source: str, expected: object) -> None:
    preamble = """
import asyncio, contextlib
async def double(n):
    await asyncio.sleep(0)
    return n * 2

async def numbers():
    for n in range(3):
        yield n

@contextlib.asynccontextmanager
async def place():
    yield "inside"
"""
    run(console, preamble)
    assert value(console, source) == expected
    assert value(console, "_") == expected


def test_only_what_awaits_runs_in_the_loop_of_the_request(
    application: Application, consoles: Callable[..., Console]
) -> None:
    console = consoles(loop=application.loop)
    run(console, "import asyncio, threading\nasync def where(): return asyncio.get_running_loop()\n")
    assert value(console, "await where()") is application.loop
    assert value(console, "(await where()) and threading.current_thread()") is application.thread
    assert value(console, "threading.current_thread().name") == "debugkit console"


def test_without_a_loop_it_runs_in_one_of_the_consoles_that_stays(consoles: Callable[..., Console]) -> None:
    console = consoles()
    run(console, "import asyncio, threading\nasync def where(): return asyncio.get_running_loop()\n")
    first = value(console, "await where()")
    assert value(console, "(await where()) and threading.current_thread().name") == "debugkit console"
    run(console, "event = asyncio.Event()\nwaiting = asyncio.create_task(event.wait())\nawait asyncio.sleep(0)")
    run(console, "event.set()")
    assert value(console, "await waiting") is True
    assert value(console, "await where()") is first
    console.close()
    assert first.is_closed()


def test_a_command_sees_and_binds_the_names_of_its_frame(
    application: Application, consoles: Callable[..., Console]
) -> None:
    console = consoles(frame=failing_frame(checkout("tea")), loop=application.loop)
    run(console, "import asyncio\nawait asyncio.sleep(0); count += 1\nglobal leaf; leaf = item")
    assert value(console, "(await asyncio.sleep(0, item), count, WAIT, sorted(locals()))") == (
        "tea",
        4,
        WAIT,
        ["asyncio", "count", "item"],
    )
    assert globals().pop("leaf") == "tea"


def test_context_variables_are_those_of_the_request_and_stay_set(
    application: Application, consoles: Callable[..., Console]
) -> None:
    context = contextvars.copy_context()
    context.run(user.set, "Ada")
    console = consoles(context=context, loop=application.loop, names={"user": user})
    run(console, "import asyncio")
    assert value(console, "await asyncio.sleep(0, user.get())") == "Ada"
    run(console, "await asyncio.sleep(0); _ = user.set('Grace')")
    assert value(console, "user.get()") == "Grace"
    assert (user.get(), context[user]) == ("nobody", "Ada")


def test_a_coroutine_that_nobody_awaits_is_a_value(console: Console) -> None:
    run(console, "async def tea(): return 'Assam'\n")
    assert type(value(console, "tea()")).__name__ == "coroutine"
    assert value(console, "await _") == "Assam"


def test_what_does_not_await_imports_no_asyncio() -> None:
    program = """
import sys
from debugkit.debug.console.console import Console
print(list(Console(None).evaluate("6 * 7"))[0].text, "asyncio" in sys.modules)
print(list(Console(None).evaluate("[n async for n in (lambda: 1)()]"))[0].text[-40:], "asyncio" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=WAIT)
    lines = done.stdout.splitlines()
    assert (lines[0], lines[-1][-4:]) == ("42 False", "True"), done


def test_the_console_of_an_error_awaits_in_the_loop_that_it_was_captured_in(application: Application) -> None:
    client = Client(DebuggedApplication(lambda environ, start_response: [], pin="off"))

    async def request() -> str:
        try:
            await checkout("tea")
        except ValueError as error:
            return capture(error)
        return ""

    url = application.answer(request())
    problem = client(f"{url}.json").json
    frame = problem["exceptions"][0]["frames"][-1]["id"]
    source = "import threading\nthread = threading.current_thread()\nawait asyncio.sleep(0, (thread.ident, item))"
    event, *_ = client.post(f"/__debugkit__/frames/{frame}/evaluate", {"source": source}).events
    assert event["text"] == f"({application.thread.ident}, 'tea')"


# Output


def test_output_of_a_command_reaches_it_and_that_of_others_does_not(
    application: Application, consoles: Callable[..., Console]
) -> None:
    real, turn = io.StringIO(), threading.Event()

    async def request() -> None:
        print("a request")
        turn.set()

    console = consoles(loop=application.loop, names={"turn": turn})
    source = """
import asyncio, sys, threading
print("first")
while not turn.is_set(): await asyncio.sleep(0)
print("second", file=sys.stderr)
async def task(): print("task")
await asyncio.create_task(task())
await asyncio.to_thread(print, "pool")
thread = threading.Thread(target=print, args=("thread",)); thread.start(); thread.join()
"""
    with redirect_stdout(real):
        events = console.evaluate(source)
        assert next(events) == Output("stdout", "first\n")
        application.answer(request())
        rest = list(events)
    assert rest[0] == Output("stderr", "second\n")
    assert output(rest[1:]) == "task\npool\nthread\n"
    assert real.getvalue() == "a request\n"


def test_a_task_that_outlives_its_command_prints_where_the_program_does(
    application: Application, consoles: Callable[..., Console]
) -> None:
    real = io.StringIO()
    console = consoles(loop=application.loop)
    source = """
import asyncio
event = asyncio.Event()
async def later():
    await event.wait()
    print("late")

task = asyncio.create_task(later())
await asyncio.sleep(0)
"""
    run(console, source)
    with redirect_stdout(real):
        application.loop.call_soon_threadsafe(console.names()["event"].set)
        application.answer(asyncio.wait_for(console.names()["task"], WAIT))
    assert real.getvalue() == "late\n"


# Errors


def test_an_error_is_shown_from_the_typed_code_on(console: Console) -> None:
    run(console, "import asyncio\nasync def fail():\n    await asyncio.sleep(0)\n    raise LookupError('tea')\n")
    (event,) = run(console, "await fail()")
    assert isinstance(event, Failure)
    lines = [line for line in event.text.splitlines() if line.strip("~^ ")]
    assert lines[0] == "Traceback (most recent call last):"
    assert [line.split(", ")[-1] for line in lines if line.startswith("  File")] == ["in <module>", "in fail"]
    assert lines[-1] == "LookupError: tea"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("raise KeyboardInterrupt", "KeyboardInterrupt\n"),
        ("raise asyncio.CancelledError", "asyncio.exceptions.CancelledError\n"),
        ("raise GeneratorExit", "GeneratorExit\n"),
        ("next(iter(()))", "StopIteration\n"),
        ("done = asyncio.current_task().cancel(); await asyncio.sleep(9)", "asyncio.exceptions.CancelledError\n"),
        ("await asyncio.wait_for(asyncio.sleep(9), 0)", "TimeoutError\n"),
        ("await 1", "TypeError: object int can't be used in 'await' expression\n"),
        ("await asyncio.gather(fail(), fail())", "ZeroDivisionError: division by zero\n"),
    ],
)
def test_whatever_it_raises_is_shown_and_the_loop_keeps_running(console: Console, source: str, says: str) -> None:
    run(console, "import asyncio\nasync def fail(): 1/0\n")
    (event,) = run(console, f"await asyncio.sleep(0)\n{source}")
    assert isinstance(event, Failure)
    assert event.text.endswith(says)
    assert "debugkit" not in event.text
    assert value(console, "await asyncio.sleep(0, 'on')") == "on"


@pytest.mark.parametrize("source", ["exit(3)", "raise SystemExit(3)", "__import__('sys').exit(3)"])
def test_leaving_ends_nothing(console: Console, source: str) -> None:
    note, done = console.evaluate(f"import asyncio\nawait asyncio.sleep(0)\n{source}")
    assert note.text == "exit(3) ends nothing here: the server keeps running.\n"
    assert done.status == "exited"
    assert value(console, "await asyncio.sleep(0, 'on')") == "on"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_process_that_it_forks_is_no_copy_of_the_loop(console: Console) -> None:
    source = "import asyncio, os\nchild = os.fork()\nawait asyncio.sleep(0)\nos.waitpid(child, 0)[1]"
    assert value(console, source) == 0
    assert value(console, "await asyncio.sleep(0, 'on')") == "on"


def test_a_repr_that_raises_is_no_crash(console: Console) -> None:
    source = "class Bad:\n    def __repr__(self): raise SystemExit\n\nawait __import__('asyncio').sleep(0, Bad())"
    (event,) = run(console, source)
    assert "whose repr() raised SystemExit" in event.text
    assert value(console, "await __import__('asyncio').sleep(0, 1)") == 1


# Stop


@pytest.mark.parametrize(
    "source",
    [
        "await asyncio.sleep(60)",
        "await asyncio.Event().wait()",
        "async with asyncio.timeout(60): await asyncio.sleep(60)",
        "while True: await asyncio.sleep(0)",
        "while True: pass",
        "while True: time.sleep(0.001)",
        "try: await asyncio.sleep(60)\nexcept asyncio.CancelledError: pass\nwhile True: pass",
        "class Slow:\n    def __repr__(self):\n        while True: pass\n\nSlow()",
    ],
)
def test_stop_ends_what_awaits_and_the_loop_keeps_running(console: Console, source: str) -> None:
    run(console, "import asyncio, time")
    source = "print('running')\nawait asyncio.sleep(0)\n" + source
    *events, done = stopped(console, source)
    assert done == Done("interrupted", done.seconds)
    assert not output(events)
    assert not [event for event in events if isinstance(event, Failure)]
    assert value(console, "await asyncio.sleep(0, 'on')") == "on"


def test_requests_are_answered_while_a_command_waits(
    application: Application, consoles: Callable[..., Console]
) -> None:
    console = consoles(loop=application.loop)
    events = console.evaluate("print('running'); import asyncio; await asyncio.sleep(60)")
    assert next(events) == Output("stdout", "running\n")
    assert application.answer(asyncio.sleep(0, "ok")) == "ok"
    assert console.interrupt()
    assert list(events)[-1].status == "interrupted"


def test_a_stopped_coroutine_tidies_up(console: Console) -> None:
    source = """
import asyncio
print("running")
try:
    await asyncio.sleep(60)
finally:
    await asyncio.sleep(0)
    print("tidy")
"""
    *events, done = stopped(console, source)
    assert (output(events), done.status) == ("tidy\n", "interrupted")


def test_an_error_on_the_way_out_is_shown(console: Console) -> None:
    failed, done = stopped(console, "import asyncio\nprint('running')\ntry: await asyncio.sleep(60)\nfinally: 1/0\n")
    assert "ZeroDivisionError" in failed.text
    assert done.status == "interrupted"


@untraced
@printed
def test_stop_hits_nothing_but_the_command(application: Application, consoles: Callable[..., Console]) -> None:
    """KeyboardInterrupt would end the loop if it came in a callback or between two."""
    console = consoles(loop=application.loop)
    run(console, "import asyncio")
    for _ in range(15):
        events = console.evaluate(
            "print('running')\nwhile True:\n    for i in range(200): pass\n    await asyncio.sleep(0)"
        )
        next(events)
        command = console._running
        threads = [threading.Thread(target=command._interruption.interrupt) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT)
        console.interrupt()
        assert list(events)[-1].status in ("done", "interrupted")
        assert application.answer(asyncio.sleep(0, "ok")) == "ok"


@pytest.mark.parametrize("elsewhere", [True, False], ids=["of the request", "of its own"])
def test_what_ignores_its_cancellation_is_abandoned(
    application: Application, consoles: Callable[..., Console], elsewhere: bool
) -> None:
    go = threading.Event()
    console = consoles(loop=application.loop if elsewhere else None, interrupt_seconds=IMPATIENT, names={"go": go})
    source = """
import asyncio, threading
loop, thread = asyncio.get_running_loop(), threading.current_thread()
print("running")
async def ignore():
    while not go.is_set():
        try: await asyncio.sleep(0)
        except BaseException: pass

while not go.is_set():
    try: await ignore()  # what comes between two turns of its loop ends it
    except BaseException: pass

print("late")
"""
    real = io.StringIO()
    with redirect_stdout(real):
        *_, note, done = stopped(console, source)
        assert note.text.startswith("still running line ")
        assert note.text.endswith("; abandoned\n")
        assert done.status == "interrupted"
        assert value(console, "await asyncio.sleep(0, loop is asyncio.get_running_loop())") is elsewhere
        go.set()
        assert value(console, "await asyncio.sleep(0, 'on')") == "on"
        if not elsewhere:
            console.names()["thread"].join(WAIT)
            assert console.names()["loop"].is_closed()
    assert "late" not in real.getvalue()


def test_closing_ends_what_awaits(console: Console) -> None:
    events = console.evaluate("import asyncio\nprint('running')\nawait asyncio.sleep(60)")
    next(events)
    console.close()
    assert list(events)[-1].status == "interrupted"


# A loop that fails


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coroutines, "_TAKE_SECONDS", 0.05)
    monkeypatch.setattr(coroutines, "_LOOK_SECONDS", 0.05)


@pytest.mark.usefixtures("soon")
def test_a_blocked_loop_is_told_and_takes_nothing_later(
    application: Application, consoles: Callable[..., Console]
) -> None:
    console = consoles(loop=application.loop)
    blocked, go = threading.Event(), threading.Event()

    def block() -> None:
        blocked.set()
        go.wait(WAIT)

    application.loop.call_soon_threadsafe(block)
    assert blocked.wait(WAIT)
    run(console, "import asyncio")
    (note,) = run(console, "late = await asyncio.sleep(0, 'late')")
    assert note.text.startswith("The event loop is blocked: it has not begun with the command within 0.05 seconds.")
    assert "threading.py, in wait" in note.text
    go.set()
    application.answer(asyncio.sleep(0))
    assert value(console, "await asyncio.sleep(0, 'on')") == "on"
    assert "late" not in console.names()


def test_stop_works_while_the_loop_is_blocked(application: Application, consoles: Callable[..., Console]) -> None:
    console = consoles(loop=application.loop)
    blocked, go = threading.Event(), threading.Event()
    application.loop.call_soon_threadsafe(lambda: (blocked.set(), go.wait(WAIT)))
    assert blocked.wait(WAIT)
    events = console.evaluate("print('never')\nawait None")
    assert console.interrupt()
    assert [event for event in events if isinstance(event, Output)] == []
    go.set()
    application.answer(asyncio.sleep(0))


def test_a_command_that_blocks_the_loop_is_abandoned_and_named(
    application: Application, consoles: Callable[..., Console], soon: None
) -> None:
    lock = threading.Lock()
    console = consoles(loop=application.loop, interrupt_seconds=IMPATIENT, names={"lock": lock})
    with lock:
        note, _ = stopped(console, "async def wait():\n    print('running')\n    lock.acquire()\n\nawait wait()")
        assert note.text.startswith("still running line 3 of <console ")
        (note,) = run(console, "await None")
        assert "It is in line 3 of <console " in note.text


@pytest.mark.usefixtures("soon")
def test_a_loop_that_ends_meanwhile_is_told(application: Application, consoles: Callable[..., Console]) -> None:
    console = consoles(loop=application.loop)
    events = console.evaluate("import asyncio\nprint('running')\nawait asyncio.sleep(60)")
    next(events)
    application.stop()
    note, done = events
    assert (note.text, done.status) == ("The event loop of the request has ended, and the command with it.\n", "done")
    note, result = run(console, "await asyncio.sleep(0, 'on')")
    assert note.text == "The event loop of the request has ended: commands that await run in a loop of their own.\n"
    assert result.text == "'on'"
    assert value(console, "await asyncio.sleep(0, 'on')") == "on"


def test_stopping_the_consoles_own_loop_ends_nothing_else(consoles: Callable[..., Console]) -> None:
    console = consoles()
    (note,) = run(console, "import asyncio\nasyncio.get_running_loop().stop()\nawait asyncio.sleep(60)")
    assert note.text.startswith("The event loop of the console has not finished the command: Event loop stopped ")
    assert value(console, "await asyncio.sleep(0, 'on')") == "on"


def test_nothing_of_a_command_is_kept_while_the_thread_waits(
    application: Application, consoles: Callable[..., Console]
) -> None:
    console = consoles(loop=application.loop)

    class Cup:
        pass

    cup = Cup()
    kept = weakref.ref(cup)
    console._namespace._names["cup"] = cup
    run(console, "import asyncio\nawait asyncio.sleep(0, cup) and None; del cup\n")
    run(console, "await asyncio.sleep(0)")
    del cup
    gc.collect()
    assert kept() is None
