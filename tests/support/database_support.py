"""Databases in memory for failures that a test provokes, whose frames keep them until somebody disposes of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy

_engines: list[sqlalchemy.Engine] = []


def memory_engine() -> sqlalchemy.Engine:
    """An engine that lasts until the end of `disposing`."""
    engine = sqlalchemy.create_engine("sqlite://")
    _engines.append(engine)
    return engine


@contextmanager
def disposing() -> Iterator[None]:
    """Closes at its end what `memory_engine` has opened: from 3.13 on, Python warns of a connection that is left."""
    yield
    while _engines:
        _engines.pop().dispose()
