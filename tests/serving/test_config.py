"""What a server is made of."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest
from serving_support import application

from debugkit.serving.config import RequestLimits, ServerConfig, Timeouts


def test_whoever_has_asked_for_the_end_kills_later_than_all_that_ends_by_itself() -> None:
    timeouts = Timeouts()
    assert timeouts.last_resort > timeouts.cut + 2 * timeouts.parting


@pytest.mark.parametrize(
    "config", [ServerConfig(app=application([])), Timeouts(), RequestLimits()], ids=lambda config: type(config).__name__
)
def test_nobody_writes_into_a_configuration(config: object) -> None:
    for field in fields(config):  # type: ignore[arg-type]  # all of them are dataclasses
        with pytest.raises(FrozenInstanceError):
            setattr(config, field.name, None)


def test_the_time_line_names_every_timeout() -> None:
    assert [field.name for field in fields(Timeouts) if f"``{field.name}``" not in str(Timeouts.__doc__)] == []
