"""Threads and what they wait for, in this process and in programs where greenlets have taken their place."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest
from process_support import TIMEOUT

from debugkit.debug.safe import real_threads

DEBUGKIT = (
    "from debugkit.debug.safe import no_database, real_threads; from debugkit.debug.safe.async_exceptions import *"
)
GEVENT = "from gevent import monkey; monkey.patch_all()"
EVENTLET = "import eventlet; eventlet.monkey_patch()"

#: Checked in one program for each way to patch, since starting one takes longer than all checks.
PROGRAM = """
import ctypes, os, sys, threading, time
raw = ctypes.pythonapi.PyThread_get_thread_ident
raw.restype = ctypes.c_ulong
assert real_threads.get_ident() == raw() != threading.get_ident(), "the identifier is a greenlet's"

class Stop(BaseException):
    pass

def loop(turning, ended):
    try:
        turning.set()
        while True:
            pass
    except Stop:
        ended.set()

turning, ended = real_threads.Event(), real_threads.Event()
thread = real_threads.start(loop, turning, ended, name="loop")
assert turning.wait(240), "no thread runs beside this one"
assert thread.is_alive()
raise_in_thread(thread.ident, Stop)
assert ended.wait(240), "nothing was raised"

interval = sys.getswitchinterval()
sys.setswitchinterval(50)  # it runs when this thread waits for it, and not before
let_end = real_threads.Event()
thread = real_threads.start(let_end.wait, 20, name="waiter")
begun = thread.ident in sys._current_frames()
sys.setswitchinterval(interval)
assert begun, "a thread has been started that does not run yet: no exception reaches it"
let_end.set()

def sleep(slept):
    time.sleep(0.001)
    slept.set()

def sleepers(number):
    for _ in range(number):
        slept = real_threads.Event()
        thread = real_threads.start(sleep, slept, name="sleeper")
        assert slept.wait(240)
        while thread.is_alive():
            os.sched_yield()
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0

assert sleepers(2) == sleepers(10), "descriptors are left open"
assert type(no_database._kept.lock) is real_threads.RLock, "a lock of greenlets is between threads"
"""


@pytest.mark.parametrize("patch", [GEVENT, EVENTLET], ids=["gevent", "eventlet"])
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_threads_are_real_when_greenlets_stand_in_their_place(patch: str, late: bool) -> None:
    if importlib.util.find_spec(patch.split()[1].rstrip(";")) is None:
        pytest.skip(f"{patch.split()[1]} is not installed")
    program = "\n".join([DEBUGKIT, patch, PROGRAM] if late else [patch, DEBUGKIT, PROGRAM])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 0, done.stderr


def test_what_does_not_happen_is_waited_for_until_the_time_is_over() -> None:
    event = real_threads.Event()
    assert not event.wait(0.001)
    event.set()
    assert event.wait(0)
    assert event.wait(0), "to wait does not undo it"
    with pytest.raises(real_threads.Empty):
        real_threads.get(real_threads.SimpleQueue(), 0.001)


def test_a_greenlet_that_waits_lets_the_others_of_its_thread_go_on() -> None:
    gevent = pytest.importorskip("gevent")
    happened, queue, steps = real_threads.Event(), real_threads.SimpleQueue[int](), []

    def waits() -> None:
        steps.append(real_threads.get(queue))
        steps.append(happened.wait(TIMEOUT))

    def goes_on() -> None:
        queue.put(1)
        gevent.sleep(0)
        happened.set()

    gevent.joinall([gevent.spawn(waits), gevent.spawn(goes_on)], timeout=TIMEOUT)
    assert steps == [1, True]
