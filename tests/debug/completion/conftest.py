"""Completes in names that a test has, as the console of a frame does."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from debugkit.debug.completion.completer import Completer, Completion
from debugkit.debug.redaction.redactor import Redactor
from debugkit.debug.safe.inspection import Guard
from debugkit.debug.values.describe import Describer
from debugkit.settings import Limits

#: Completes at the mark ``|`` in a source, or at its end.
Complete = Callable[..., Completion]


@pytest.fixture
def complete() -> Iterator[Complete]:
    limits = replace(Limits(), value_text=80, repr_seconds=0.0)
    with Describer(limits, Redactor(environ={}), Guard(0.0, 0.0)) as describer:

        def at(source: str, hidden: tuple[str, ...] = (), **names: Any) -> Completion:
            before, _, after = source.partition("|")
            scopes = (names, {"__builtins__": {}, "__package__": "shop.pages"}, vars(builtins))
            return Completer(scopes, describer, hidden).complete(before + after, len(before))

        yield at
