"""What the terminal hears of a reload, with a clock that the test sets."""

from __future__ import annotations

import pytest

from debugkit.serving.reloading.report import Report


class Terminal:
    """A report of a project in ``/shop``, whose files nobody has: a save counts from the moment it is noticed."""

    def __init__(self, *, timing: bool) -> None:
        self.lines: list[str] = []
        self.now = 100.0
        self.report = Report(self.lines.append, "/shop", timing=timing, clock=lambda: self.now)

    def step(self, name: str, seconds: float) -> None:
        self.now += seconds
        self.report.step(name)


def test_the_time_of_a_reload_is_told_step_by_step_and_steps_that_come_again_are_added_up() -> None:
    terminal = Terminal(timing=True)
    terminal.report.changed(["/shop/app.py"])
    terminal.step("decided", 0.001)
    terminal.step("started", 0.002)
    terminal.now += 0.010
    terminal.report.changed(["/shop/menu/tea.py"])  # saved again before anybody served the first
    terminal.step("started", 0.003)
    terminal.step("loaded", 0.020)
    terminal.now += 0.004
    assert terminal.report.serves(failed=False, warm=True)
    assert terminal.lines == [
        " * app.py changed.",
        " * menu/tea.py changed.",
        " * Reloaded in 0.04 s, warm.",
        "   Of that: noticed 10 ms, decided 1 ms, started 5 ms, loaded 20 ms, its turn 4 ms.",
    ]
    assert not terminal.report.serves(failed=False, warm=True)


@pytest.mark.parametrize(
    ("failed", "warm", "line"),
    [
        (False, False, " * Reloaded in 0.50 s."),
        (True, False, " * Waiting for a change (0.50 s)."),
        (True, True, " * Waiting for a change (0.50 s, warm)."),
    ],
)
def test_how_a_reload_ended_is_one_line(failed: bool, warm: bool, line: str) -> None:
    terminal = Terminal(timing=False)
    terminal.report.changed(["/shop/app.py"])
    terminal.now += 0.5
    assert terminal.report.serves(failed=failed, warm=warm)
    assert terminal.lines[1:] == [line]


def test_a_change_without_a_restart_is_no_reload() -> None:
    terminal = Terminal(timing=True)
    terminal.report.changed(["/shop/menu.html"])
    terminal.report.handled(["/shop/menu.html"])
    terminal.report.changed(["/shop/notes.txt"])
    terminal.report.ignored()
    assert not terminal.report.serves(failed=False, warm=False)
    assert terminal.lines == [
        " * menu.html changed.",
        " * menu.html: applied without a restart.",
        " * notes.txt changed.",
    ]


def test_the_first_answer_counts_from_the_save_for_whoever_has_waited_for_it() -> None:
    terminal = Terminal(timing=True)
    terminal.report.answered(0.003)  # nothing was saved
    for waiting in (0.9, 60.0):
        terminal.report.changed(["/shop/app.py"])
        terminal.now += 0.050
        assert terminal.report.serves(failed=False, warm=True)
        terminal.now += waiting + 0.012
        for _ in range(2):
            terminal.report.answered(0.012)
    assert [line for line in terminal.lines if "answer" in line] == [
        "   First answer: 962 ms after the save, 12 ms after it was asked for.",
        "   First answer: 12 ms.",
    ]


def test_no_first_answer_is_told_when_somebody_has_saved_again_or_nobody_has_asked() -> None:
    for timing in (True, False):
        terminal = Terminal(timing=timing)
        terminal.report.changed(["/shop/app.py"])
        assert terminal.report.serves(failed=False, warm=True)
        if timing:
            terminal.report.changed(["/shop/app.py"])
        terminal.report.answered(0.012)
        assert not [line for line in terminal.lines if "answer" in line]
