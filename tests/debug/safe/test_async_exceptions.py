from __future__ import annotations

import ctypes
import sys
import threading

import pytest

from debugkit.debug.safe.async_exceptions import _Taken, raise_in_thread

WAIT = 240


class Stop(BaseException):
    pass


class Loop(threading.Thread):
    """Runs Python code until something is raised in it."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.running = threading.Event()
        self.raised: BaseException | None = None

    def run(self) -> None:
        try:
            self.running.set()
            while True:
                pass
        except BaseException as error:
            self.raised = error


def test_a_thread_that_runs_python_code_raises_it() -> None:
    thread = Loop()
    thread.start()
    assert thread.running.wait(WAIT)
    raise_in_thread(thread.ident, Stop)
    thread.join(WAIT)

    assert isinstance(thread.raised, Stop)


def test_a_thread_that_waits_raises_it_when_it_wakes() -> None:
    lock, waiting, raised = threading.Lock(), threading.Event(), []

    def wait() -> None:
        try:
            waiting.set()
            lock.acquire()
            while True:
                pass
        except Stop:
            raised.append(True)

    thread = threading.Thread(target=wait, daemon=True)
    with lock:
        thread.start()
        assert waiting.wait(WAIT)
        raise_in_thread(thread.ident, Stop)
    thread.join(WAIT)

    assert raised == [True]


def test_a_thread_that_has_ended_is_no_error() -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join(WAIT)
    raise_in_thread(thread.ident, Stop)


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="the states of threads are CPython's")
@pytest.mark.skipif(sys.gettrace() is not None, reason="a traced thread waits while the sign is up")
def test_a_thread_that_does_not_run_yet_is_not_taken_for_the_one_that_starts_it() -> None:
    api = ctypes.pythonapi
    api.PyInterpreterState_Get.restype = api.PyThreadState_New.restype = ctypes.c_void_p

    def start_slowly() -> None:
        state = ctypes.c_void_p(api.PyThreadState_New(ctypes.c_void_p(api.PyInterpreterState_Get())))
        before = sys.getrefcount(_Taken)
        raise_in_thread(None, Stop)
        left.append(sys.getrefcount(_Taken) - before)
        api.PyThreadState_Clear(state)
        api.PyThreadState_Delete(state)
        raise_in_thread(None, Stop)  # takes the sign down

    left: list[int] = []
    starting = threading.Thread(target=start_slowly, daemon=True)
    starting.start()
    starting.join(WAIT)

    assert left == [0], "it raises what was meant for another"


@pytest.mark.skipif(sys.gettrace() is not None, reason="the trace function of this run would be lost")
def test_traced_threads_go_on_while_another_waits_with_an_exception_to_raise() -> None:
    lock, waiting, counted = threading.Lock(), threading.Event(), []

    def wait() -> None:
        try:
            waiting.set()
            lock.acquire()
        except Stop:
            pass

    def count() -> None:
        sys.settrace(lambda *args: None)
        for number in range(100):
            counted.append(abs(number))

    waiter, traced = threading.Thread(target=wait, daemon=True), threading.Thread(target=count, daemon=True)
    with lock:
        waiter.start()
        assert waiting.wait(WAIT)
        raise_in_thread(waiter.ident, Stop)
        traced.start()
        traced.join(WAIT)
        assert not traced.is_alive()
    waiter.join(WAIT)

    assert len(counted) == 100
