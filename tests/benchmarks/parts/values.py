"""What a large value among the locals adds to the page, in processor time. Werkzeug and backlash show none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness import cases
from harness.cases import LARGE, answer
from harness.figures import Figure, Row
from harness.rounds import Effort, computed, paired
from harness.wrappers import wrappers


def measure(effort: Effort) -> Iterator[Figure]:
    wraps = {name: wrap for name, wrap in wrappers().items() if name in ("debugkit", "Django")}
    empty = cases.holding(lambda: None)
    for label, make in effort.of(list(LARGE.items()), 1):
        app = cases.holding(make)
        yield Figure(
            label, "ms added", [Row(name, added(wrap(empty), wrap(app), effort)) for name, wrap in wraps.items()]
        )


def added(without: cases.Application, having: cases.Application, effort: Effort) -> list[float]:
    actions: dict[str, Callable[[], float]] = {
        name: computed(lambda app=app: answer(app), 1e3)  # type: ignore[misc]
        for name, app in (("without", without), ("with", having))
    }
    found = paired(actions, effort.turns(2))
    return [one - other for one, other in zip(found["with"], found["without"], strict=False)]
