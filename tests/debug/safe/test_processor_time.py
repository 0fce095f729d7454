"""What is done in pieces has a bound on its processor time, and a busy machine does not take all of it."""

from __future__ import annotations

import pytest

from debugkit.debug.safe.processor_time import ProcessorTime


class Clock:
    """A clock that is set by hand, and counts how often it is read."""

    now = 0.0
    read = 0

    def __call__(self) -> float:
        self.read += 1
        return self.now


def test_time_spent_waiting_for_the_processor_costs_half_at_most() -> None:
    wall, thread = Clock(), Clock()
    left = ProcessorTime(2.0, thread, wall)

    def wait() -> None:
        wall.now += 100.0

    def work() -> None:
        wall.now += 0.6
        thread.now += 0.6

    left.run(wait)
    left.run(wait)
    left.run(work)
    assert not left.used_up
    left.run(work)
    assert left.used_up


def test_the_slow_clock_of_the_thread_is_not_read_for_what_takes_little_time() -> None:
    wall, thread = Clock(), Clock()
    left = ProcessorTime(2.0, thread, wall)

    for _ in range(9):
        left.run(lambda: setattr(wall, "now", wall.now + 0.1))
    assert thread.read == 0


def test_what_raises_costs_time_as_well() -> None:
    wall, thread = Clock(), Clock()
    left = ProcessorTime(1.0, thread, wall)

    def fail(clock: Clock) -> None:
        clock.now += 1.0
        raise ValueError

    for clock in (wall, thread):
        with pytest.raises(ValueError):
            left.run(fail, clock)
    assert left.used_up
