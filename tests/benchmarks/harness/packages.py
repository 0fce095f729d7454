"""Which peers are installed, and in which version. Imports none of them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterable, Iterator

#: Each package that is measured, or is imported by what is measured: module, name on PyPI.
PACKAGES = {
    "debugkit": "debugkit",
    "werkzeug": "Werkzeug",
    "flask": "Flask",
    "django": "Django",
    "django_extensions": "django-extensions",
    "fastapi": "fastapi",
    "starlette": "starlette",
    "uvicorn": "uvicorn",
    "uvicorn_hmr": "uvicorn-hmr",
    "gunicorn": "gunicorn",
    "waitress": "waitress",
    "cheroot": "cheroot",
    "hupper": "hupper",
    "backlash": "backlash",
    "watchdog": "watchdog",
    "watchfiles": "watchfiles",
    "sqlalchemy": "SQLAlchemy",
    "pandas": "pandas",
    "numpy": "numpy",
}
#: Why a package cannot be installed here, where that is known.
OLDEST = {"uvicorn_hmr": (3, 12)}


def installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def missing(needs: Iterable[str]) -> list[str]:
    return [PACKAGES.get(name, name) for name in needs if not installed(name)]


def versions() -> Iterator[str]:
    for module, name in PACKAGES.items():
        if installed(module):
            yield f"{name} {importlib.metadata.version(name)}"


def skipped() -> Iterator[str]:
    """A line for each peer that is not measured, with the reason."""
    for module, name in PACKAGES.items():
        oldest = OLDEST.get(module)
        if not installed(module):
            reason = "is not installed"
            if oldest and sys.version_info < oldest:
                reason += f", and needs Python {'.'.join(map(str, oldest))}"
            yield f"{name} {reason}."
