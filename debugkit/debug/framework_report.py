"""What a framework knows of an error beyond its traceback, as plain data for the page. Knows no framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final


class _Hidden:
    """The type of `HIDDEN`."""

    def __repr__(self) -> str:
        return "HIDDEN"


#: Stands for a value that the framework was told to keep secret.
HIDDEN: Final = _Hidden()


@dataclass(frozen=True, slots=True)
class Table:
    """A headed table of a panel. Values are described when somebody looks; texts are shown as they are."""

    title: str
    rows: tuple[tuple[str, object], ...] = ()
    notice: str = ""


@dataclass(frozen=True, slots=True)
class ExtraPanel:
    """A panel that is added to the page, or takes the place of the one with this name."""

    name: str
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One place where something was looked for: by whom, where, and what came of it."""

    by: str
    place: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Search:
    """A search that found nothing: what was looked for, with what, and every place in order."""

    wanted: str
    engine: str
    attempts: tuple[Attempt, ...]
    notice: str = ""


@dataclass(frozen=True, slots=True)
class FrameworkReport:
    """What a framework adds to one error.

    ``status`` is the HTTP status of the answer; ``raised_during`` names the handler of the request
    ("shop.views.checkout"); ``hint`` is a sentence for the top of the page that may quote values. ``facts`` are rows
    of the request's panel. ``names`` are at hand in every console of the error. ``hidden`` has, by the index of a
    frame, what is shown instead of its variables: `HIDDEN`, or a copy without secrets. ``secret_names`` (variables,
    keys, attributes) and ``secret_texts`` are secret wherever they turn up on the error's pages.
    """

    status: int = 500
    raised_during: str = ""
    hint: str = ""
    searches: tuple[Search, ...] = ()
    facts: tuple[tuple[str, object], ...] = field(default=(), repr=False)
    panels: tuple[ExtraPanel, ...] = field(default=(), repr=False)
    names: Mapping[str, object] = field(default_factory=dict, repr=False)
    hidden: Mapping[int, Mapping[str, object]] = field(default_factory=dict, repr=False)
    secret_names: frozenset[str] = frozenset()
    secret_texts: frozenset[str] = field(default=frozenset(), repr=False)

    def released(self) -> FrameworkReport:
        """Without the live objects: what stays with an error whose frames were released."""
        return replace(self, facts=(), panels=(), names={}, hidden={})


NOTHING: Final = FrameworkReport()
