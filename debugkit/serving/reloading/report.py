"""What the terminal hears of a reload: which files changed, how long it took from the save, and where the time went."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from debugkit import terminal_text
from debugkit.frozen import frozen
from debugkit.serving.watching import fingerprints

#: Seconds after which a request is not one that has waited for the reload, as the page does that heals.
AT_ONCE = 1.0


@frozen
class Reload:
    """When it was saved, and served, on the clock of the report."""

    saved: float
    served: float


class Report:
    """``folder`` is the one that the names of files begin below; ``timing``: the steps are to be told too."""

    def __init__(
        self, say: Callable[[str], None], folder: str, *, timing: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say = say
        self._folder = folder
        self._timing = timing
        self._clock = clock
        self._saved: float | None = None  # the first change that nobody serves yet
        self._reload: Reload | None = None  # the last one, until somebody has had an answer
        self._last = 0.0
        self._steps: dict[str, float] = {}

    def changed(self, paths: Sequence[str]) -> None:
        if self._saved is None:
            self._reload = None
            self._saved = self._last = self._clock() - fingerprints.age(paths)
            self._steps = {}
        self.step("noticed")
        self._say(f" * {terminal_text.files(paths, self._folder)} changed.")

    def step(self, name: str) -> None:
        """A step has come to its end. What comes more than once, as when somebody saves again, is added up."""
        now = self._clock()
        self._steps[name] = self._steps.get(name, 0.0) + now - self._last
        self._last = now

    def handled(self, paths: Sequence[str]) -> None:
        """The program goes on as it is."""
        self._saved = None
        self._say(f" * {terminal_text.files(paths, self._folder)}: applied without a restart.")

    def ignored(self) -> None:
        self._saved = None

    def serves(self, *, failed: bool, warm: bool) -> bool:
        """The next worker serves. False: nothing had changed."""
        if self._saved is None:
            return False
        self.step("its turn")
        took = f"{self._clock() - self._saved:.2f} s{', warm' if warm else ''}"
        self._say(f" * Waiting for a change ({took})." if failed else f" * Reloaded in {took}.")
        if self._timing:
            steps = ", ".join(f"{name} {seconds * 1e3:.0f} ms" for name, seconds in self._steps.items())
            self._say(f"   Of that: {steps}.")
            self._reload = Reload(self._saved, self._clock())
        self._saved = None
        return True

    def answered(self, seconds: float) -> None:
        """The first request since has its answer, ``seconds`` after it came."""
        reload, self._reload = self._reload, None
        if reload is None:
            return
        now = self._clock()
        text = f"{seconds * 1e3:.0f} ms"
        # Who asks later than that was not waiting for it.
        if now - seconds < reload.served + AT_ONCE:
            text = f"{(now - reload.saved) * 1e3:.0f} ms after the save, {text} after it was asked for"
        self._say(f"   First answer: {text}.")
