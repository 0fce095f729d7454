"""The environment that an application finds under ``debugkit run``: what `flask run --debug` would have set.

Flask's rules hold: what the user has set wins, then `.env`, then `.flaskenv`. Imports no framework.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import field
from glob import escape
from pathlib import Path

from debugkit.errors import ConfigurationError
from debugkit.frozen import frozen
from debugkit.serving.paths import exists

#: The files, the one that wins first.
FILES = (".env", ".flaskenv")
#: Templates are read again when they change (Flask, Pyramid, Chameleon), and Flask explains a missing key of a form.
DEBUG = {"FLASK_DEBUG": "1", "PYRAMID_RELOAD_TEMPLATES": "1", "CHAMELEON_RELOAD": "1"}
#: A call of `app.run()` in the module is ignored: it would serve in place of us.
FROM_CLI = {"FLASK_RUN_FROM_CLI": "true"}


@frozen
class EnvFiles:
    """What the files say, and what to watch: them, and patterns of those that may come."""

    values: Mapping[str, str] = field(default_factory=dict)
    watched: tuple[str, ...] = ()

    def apply(self, environ: MutableMapping[str, str], *, debug: bool) -> None:
        """Set in ``environ`` what the user has not; ``debug``: the debugger is to see errors."""
        for name, value in {**FROM_CLI, **(DEBUG if debug else {}), **self.values}.items():
            environ.setdefault(name, value)


def read(folder: Path, environ: Mapping[str, str] = os.environ) -> EnvFiles:
    """The files of the project in ``folder``, or above it; no values where python-dotenv is not installed.

    Raises `ConfigurationError` for a file that cannot be read.
    """
    if environ.get("FLASK_SKIP_DOTENV", "").lower() not in ("", "0", "false", "no"):
        return EnvFiles()
    paths = [path for name in reversed(FILES) if (path := _nearest(folder, name))]
    return EnvFiles(_values(paths), (*map(str, paths), *_coming(folder)))


def _values(paths: Sequence[Path]) -> dict[str, str]:
    """What files say, the last one winning."""
    if not paths:
        return {}
    try:
        from dotenv import dotenv_values
    except ImportError:
        return {}
    values: dict[str, str] = {}
    for path in paths:
        try:
            variables = dotenv_values(path, encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path} cannot be read: {error}.") from error
        values.update({name: value for name, value in variables.items() if value is not None})
    return values


def _coming(folder: Path) -> Iterator[str]:
    """Patterns of files that would win when they come: in the folder, and above it as far as its repository goes.

    Patterns, since the path of what is not there yet would be that of a folder too, as of a virtual environment.
    """
    places = [folder, *folder.parents]
    top = next((place for place in places if exists(place / ".git")), folder)
    for place in places[: places.index(top) + 1]:
        yield from (f"{escape(str(place))}{os.sep}[.]{name[1:]}" for name in FILES)


def _nearest(folder: Path, name: str) -> Path | None:
    """In the folder or the nearest one above it, as python-dotenv looks for it; some may not be looked into."""
    places = (parent / name for parent in (folder, *folder.parents))
    return next((path for path in places if os.path.isfile(path)), None)  # noqa: PTH113 - a Path raises there
