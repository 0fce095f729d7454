"""Frames that have not ended see what a command assigns (PEP 667)."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest
from console_support import value
from process_support import TIMEOUT

from debugkit.debug.console.console import Console

pytestmark = pytest.mark.skipif(sys.version_info < (3, 13), reason="CPython writes to the locals of a frame since 3.13")


@pytest.fixture
def consoles() -> Iterator[Any]:
    made: list[Console] = []

    def make(frame: FrameType | None) -> Console:
        made.append(Console(frame))
        return made[-1]

    yield make
    for console in made:
        console.close()


def run(console: Console, source: str) -> None:
    list(console.evaluate(source))


def test_a_generator_that_waits_goes_on_with_what_was_assigned(consoles: Any) -> None:
    def numbers() -> Iterator[object]:
        number, step = 1, 1
        while True:
            yield number
            number += step

    generator = numbers()
    next(generator)
    console = consoles(generator.gi_frame)
    run(console, "step = 10\nunknown = 5")
    assert next(generator) == 11
    run(console, "number = 100; 1 / 0")
    assert next(generator) == 110, "also when the command failed"
    assert value(console, "number") == 110
    assert value(console, "unknown") == 5


def test_a_coroutine_that_waits_goes_on_with_what_was_awaited(consoles: Any) -> None:
    async def worker(ready: asyncio.Event) -> object:
        result: object = None
        await ready.wait()
        return result

    async def main() -> object:
        ready = asyncio.Event()
        coroutine = worker(ready)
        task = asyncio.create_task(coroutine)
        await asyncio.sleep(0)
        run(consoles(coroutine.cr_frame), "import asyncio\nresult = await asyncio.sleep(0, 'tea')")
        ready.set()
        return await task

    assert asyncio.run(main()) == "tea"


def test_a_frame_below_in_a_thread_that_goes_on_sees_it_too(consoles: Any) -> None:
    waiting, goes_on = threading.Event(), threading.Event()
    frames, results = [], []

    def outer() -> None:
        total = 1
        shared = 1

        def inner() -> int:
            frames.append(sys._getframe(1))
            waiting.set()
            goes_on.wait(TIMEOUT)
            return shared

        result = inner()
        results.append((total, result))

    thread = threading.Thread(target=outer)
    thread.start()
    waiting.wait(TIMEOUT)
    console = consoles(frames[0])
    run(console, "total += 41; shared = 7")
    goes_on.set()
    thread.join(TIMEOUT)
    assert results == [(42, 7)]

    run(console, "total = 'later'")
    assert value(console, "total") == "later"
    assert frames[0].f_locals["total"] == 42, "a frame that has ended stays as it was"


def test_a_frame_that_has_ended_keeps_its_values_for_the_page(consoles: Any) -> None:
    def failing() -> None:
        price = 1
        raise ValueError(price)

    with pytest.raises(ValueError, match="1") as caught:
        failing()
    frame = caught.tb.tb_next.tb_frame  # type: ignore[union-attr]
    console = consoles(frame)
    run(console, "price = 2")
    assert value(console, "price") == 2
    assert frame.f_locals["price"] == 1


def test_a_generator_is_not_kept_alive(consoles: Any) -> None:
    closed = []

    def numbers() -> Iterator[int]:
        number = 1
        try:
            yield number
        finally:
            closed.append(number)

    generator = numbers()
    next(generator)
    console = consoles(generator.gi_frame)
    run(console, "number = 2")
    del generator
    gc.collect()
    assert closed == [2]
    run(console, "number = 3")
    assert value(console, "number") == 3


def test_no_code_of_the_values_runs_when_they_are_compared(consoles: Any) -> None:
    class Hostile:
        def __eq__(self, other: object) -> bool:
            raise AssertionError("asked")

        __ne__ = __bool__ = __hash__ = __eq__  # type: ignore[assignment]

    def values() -> Iterator[object]:
        hostile: object = Hostile()
        while True:
            yield hostile

    generator = values()
    next(generator)
    console = consoles(generator.gi_frame)
    run(console, "old = hostile\nhostile = type(old)()")
    assert next(generator) is value(console, "hostile")
