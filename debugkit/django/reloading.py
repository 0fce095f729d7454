"""Django's signals of its reloader, sent for ours: what receivers want to be watched is watched, and what they have
dealt with needs no restart. Templates and translations refresh that way, as do the pages of django-browser-reload.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.autoreload import BaseReloader, autoreload_started, file_changed

from debugkit import hooks
from debugkit.serving.reloading.control import current

if TYPE_CHECKING:
    from debugkit.debug.live import Events

Watch = Callable[[list[str]], None]


class Reloader(BaseReloader):
    """What receivers are given as the sender: they call `watch_dir`, or add to ``extra_files``.

    ``watch`` gets paths and patterns that are to be watched too; ``events`` tells open pages that code has changed.
    """

    def __init__(self, watch: Watch, events: Callable[[], Events | None] = lambda: None) -> None:
        super().__init__()
        self._watch = watch
        self._events = events

    def watch_dir(self, path: str | Path, glob: str) -> None:
        """Watch the files below ``path`` that match ``glob``, also those that will be made."""
        super().watch_dir(path, glob)
        self._watch(patterns({Path(path).absolute(): {glob}}))

    def start(self) -> None:
        """Ask the receivers what they want to be watched. The application must be complete."""
        autoreload_started.send(sender=self)
        self._watch_files()

    def _watch_files(self) -> None:
        self._watch([str(Path(path).absolute()) for path in self.extra_files])

    def changed(self, paths: Sequence[str]) -> str:
        """Tell the receivers; answer as a handler of `debugkit.on_change` does."""
        handled = [self._tell(Path(path)) for path in paths]
        self._watch_files()
        if not all(handled):
            return "restart"
        if events := self._events():
            # An error page that was made before is out of date, as it is after a restart.
            events.generation = secrets.token_hex(4)
            events.publish("hello", {"generation": events.generation, "failed": events.failed})
        return "handled"

    def _tell(self, path: Path) -> bool:
        """True: a receiver has dealt with the change. All of them hear of it."""
        return any(answer for _, answer in file_changed.send(sender=self, file_path=path))

    def tick(self) -> Iterable[Any]:
        """Nothing: a supervisor in another process watches."""
        return ()


def follow(events: Callable[[], Events | None], extra_files: Iterable[str | Path] = ()) -> None:
    """Under a supervisor, have the receivers hear of its changes. The application must be complete."""
    if control := current():
        reloader = Reloader(lambda paths: control.watch(paths, control.born), events)
        reloader.extra_files.update(extra_files)
        reloader.start()
        hooks.on_change(reloader.changed)


def patterns(globs: dict[Path, set[str]]) -> list[str]:
    """Django's globs in directories, as patterns of ours with an absolute path."""
    return [f"{literal(str(directory))}/{glob}" for directory, names in globs.items() for glob in sorted(names)]


def literal(path: str) -> str:
    """A pattern that matches nothing but ``path``."""
    return re.sub(r"([*?[])", r"[\1]", path)
