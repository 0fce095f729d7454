"""Runs commands in a console, and looks at what they give."""

from __future__ import annotations

from typing import Any

from debugkit.debug.console.console import Console, Done, Event, Output, Result


def run(console: Console, source: str) -> list[Event]:
    """All events of a command but the last, which says that it was done."""
    *events, last = console.evaluate(source)
    assert isinstance(last, Done)
    assert last.status == "done", events
    return events


def value(console: Console, source: str) -> Any:
    (event,) = run(console, source)
    assert isinstance(event, Result), event
    return event.value


def output(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Output))
