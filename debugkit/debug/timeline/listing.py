"""A timeline as rows of texts, and what happened in it several times."""

from __future__ import annotations

from collections import Counter
from typing import Final

from debugkit.debug.timeline.timeline import Moment, Recorded

#: From how many times on a query is called repeated, how many such are named, and characters of each.
_REPEATED: Final = 3
_NAMED: Final = 3
_TEXT: Final = 100


def rows(recorded: Recorded, error: str) -> list[tuple[str, str]]:
    """When and what, and its text: each moment, and last the ``error``. The numbers make the names different."""
    first = recorded.count - len(recorded.moments) + 1
    listed = [(_label(number, moment), _text(moment)) for number, moment in enumerate(recorded.moments, first)]
    return [*listed, (f"{_milliseconds(recorded.at)} error", error)]


def notice(recorded: Recorded) -> str:
    """What is missing, and the queries that were sent again and again."""
    lost = recorded.count - len(recorded.moments)
    sentences = [f"The last {len(recorded.moments):,} of {recorded.count:,}."] if lost else []
    queries = Counter(moment.text for moment in recorded.moments if moment.kind == "sql")
    for text, count in queries.most_common(_NAMED):
        if count >= _REPEATED:
            sentences.append(f"{count:,} times the same query: {text[:_TEXT]}{'…' if len(text) > _TEXT else ''}")
    return " ".join(sentences)


def _label(number: int, moment: Moment) -> str:
    took = f", {moment.seconds * 1e3:,.1f} ms" if moment.seconds else ""
    kind = {"log": "", "warning": "warning ", "sql": "SQL "}[moment.kind]
    return f"{number}. {_milliseconds(moment.at)} {kind}{moment.label}{took}"


def _milliseconds(seconds: float) -> str:
    return f"+{seconds * 1e3:,.1f} ms"


def _text(moment: Moment) -> str:
    return f"{moment.text}\n{moment.where}" if moment.where else moment.text
