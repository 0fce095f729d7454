"""What the tests of the debugger share."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from debugkit.debug.redaction.redactor import Redactor
from debugkit.debug.values.describe import Describer
from debugkit.settings import Limits

#: Seconds for foreign code: enough on a busy machine. The tests of deadlines make their own describer.
LONG = 240.0


@pytest.fixture
def describer():
    with Describer(Limits(repr_seconds=LONG), Redactor(environ={})) as describer:
        yield describer


@pytest.fixture
def sigint_of_a_terminal() -> Iterator[None]:
    """SIGINT is a KeyboardInterrupt, also where a shell has this process ignore it (``tests/conftest.py``)."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
