"""What a framework knows of an error beyond its traceback, as plain data for the page. Knows no framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Final, Generic, NamedTuple, TypeVar

from debugkit.frozen import frozen


class _Hidden:
    """The type of `HIDDEN`."""

    def __repr__(self) -> str:
        return "HIDDEN"


#: Replaces a value that the framework marked as secret.
HIDDEN: Final = _Hidden()


#: A name and its value, which is described when somebody looks; a text is shown as it is.
Pair = tuple[str, object]
Row = TypeVar("Row")


class Table(NamedTuple, Generic[Row]):
    """A headed table of a panel. Its rows are `Pair`s until they are described for a page."""

    title: str
    rows: tuple[Row, ...] = ()
    notice: str = ""
    text: str = ""  # a body shown as it is, instead of rows


class Panel(NamedTuple, Generic[Row]):
    """A tab below the frames. A framework's is added to the page, or takes the place of the one with its name."""

    name: str
    tables: tuple[Table[Row], ...] = ()
    error: str = ""  # why it could not be made
    typed: bool = False  # shows the types of its values

    @property
    def slug(self) -> str:
        """The name for ids and JSON."""
        return self.name.lower()


@frozen
class Attempt:
    """One place that was searched: by whom, where, and the outcome."""

    by: str
    place: str
    outcome: str


@frozen
class Search:
    """A search that found nothing: what was wanted, by which engine, and every place in order."""

    wanted: str
    engine: str
    attempts: tuple[Attempt, ...]
    notice: str = ""


@frozen
class FrameworkReport:
    """What a framework adds to one error.

    ``status`` is the HTTP status of the answer; ``captured_at`` is where the program handed over an exception that no
    request failed with ("/app/jobs.py:12 in nightly"); ``raised_during`` names the handler of the request
    ("shop.views.checkout"); ``hint`` is a sentence for the top of the page that may quote values. ``facts`` are rows
    of the request's panel. ``names`` are at hand in every console of the error. ``hidden`` has, by the index of a
    frame, what is shown instead of its variables: `HIDDEN`, or a copy without secrets. ``secret_names`` (variables,
    keys, attributes) and ``secret_texts`` are secret wherever they turn up on the error's pages.
    """

    status: int = 500
    captured_at: str = ""
    raised_during: str = ""
    hint: str = ""
    searches: tuple[Search, ...] = ()
    facts: tuple[tuple[str, object], ...] = field(default=(), repr=False)
    panels: tuple[Panel[Pair], ...] = field(default=(), repr=False)
    names: Mapping[str, object] = field(default_factory=dict, repr=False)
    hidden: Mapping[int, Mapping[str, object]] = field(default_factory=dict, repr=False)
    secret_names: frozenset[str] = frozenset()
    secret_texts: frozenset[str] = field(default=frozenset(), repr=False)

    def released(self) -> FrameworkReport:
        """Without the live objects: what stays with an error whose frames were released."""
        return self if self is NOTHING else replace(self, facts=(), panels=(), names={}, hidden={})


NOTHING: Final = FrameworkReport()
