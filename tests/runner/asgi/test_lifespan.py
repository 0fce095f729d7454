from __future__ import annotations

import asyncio
from typing import Any

import pytest

from debugkit.runner.asgi.lifespan import Lifespan

STARTUP, SHUTDOWN = {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}


class House:
    """A server that runs a lifespan, and what it hears."""

    def __init__(self, application: Any, *, known: bool = False) -> None:
        self.heard: list[str] = []
        self.failures: list[BaseException] = []
        self.lifespan = Lifespan(
            application, known=known, on_ready=self._ready, failed=self.failures.append, say=self.heard.append
        )
        asyncio.run(self._run())

    async def _run(self) -> None:
        messages = [STARTUP, SHUTDOWN]

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            self.heard.append(message["type"].removeprefix("lifespan."))

        await self.lifespan.run({"type": "lifespan"}, receive, send)

    async def _ready(self) -> None:
        self.heard.append("ready")

    @property
    def error(self) -> BaseException | None:
        assert self.lifespan.failure is not None
        return self.lifespan.failure.error


async def well(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def reads_and_raises(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    raise SystemExit("no tea")


async def raises(scope: Any, receive: Any, send: Any) -> None:
    raise ValueError(scope["type"])


async def returns(scope: Any, receive: Any, send: Any) -> None:
    pass


async def fails_as_starlette(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    try:
        raise KeyError("tea")
    except KeyError:
        await send({"type": "lifespan.startup.failed", "message": "a traceback"})
        raise


async def fails_as_quart(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    try:
        raise KeyError("tea")
    except KeyError as error:
        await send({"type": "lifespan.startup.failed", "message": str(error)})


async def fails_in_words(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no water"})


async def fails_first_and_raises_later(scope: Any, receive: Any, send: Any) -> None:
    await fails_in_words(scope, receive, send)
    raise KeyError("tea")


async def cannot_end(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    try:
        raise KeyError("pot")
    except KeyError:
        await send({"type": "lifespan.shutdown.failed", "message": "a traceback"})
        raise


async def ends_early(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    raise KeyError("pot")


def test_the_server_hears_of_the_start_when_the_program_is_ready() -> None:
    assert House(well).heard == ["ready", "startup.complete", "shutdown.complete"]


@pytest.mark.parametrize("application", [raises, returns])
def test_an_application_without_a_lifespan_starts_as_well(application: Any) -> None:
    assert House(application).heard == ["ready", "startup.complete"]


def test_an_application_of_a_framework_that_has_one_must_not_raise() -> None:
    house = House(raises, known=True)
    assert house.heard == ["startup.failed"]
    assert isinstance(house.error, ValueError)


@pytest.mark.parametrize(
    ("application", "kind"),
    [
        (reads_and_raises, SystemExit),
        (fails_as_starlette, KeyError),
        (fails_as_quart, KeyError),
        (fails_first_and_raises_later, KeyError),
    ],
)
def test_what_was_raised_at_the_start_is_kept(application: Any, kind: type) -> None:
    house = House(application)
    assert house.heard == ["startup.failed"]
    assert isinstance(house.error, kind)


def test_a_reason_without_an_exception_is_kept() -> None:
    house = House(fails_in_words)
    assert house.error is None
    assert house.lifespan.failure is not None
    assert house.lifespan.failure.message == "no water"
    assert str(house.lifespan.failure.as_error()) == "The application failed to start: no water"


@pytest.mark.parametrize("application", [cannot_end, ends_early])
def test_what_fails_later_is_printed_once_and_ends_nothing(application: Any) -> None:
    house = House(application)
    assert [type(error) for error in house.failures] == [KeyError]
    assert house.heard[:2] == ["ready", "startup.complete"]
