"""Measure the ASGI middleware beside Starlette's in one run:  python tests/benchmarks/asgi.py [--quick]

Both are around the same application. Times are medians of rounds in which the peers take turns: compare the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from run import rounds
from starlette.middleware.errors import ServerErrorMiddleware

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))
from asgi_client import body_message, exchange, http_scope

from debugkit import DebuggedASGIApplication

App = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]


def answering(parts: int) -> App:
    """An application that works, and answers in so many parts."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(parts):
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return app


def failing() -> App:
    app = FastAPI()

    @app.get("/")
    async def fails(item: str = "Tea") -> int:
        prices = {"Cake": 3}
        return prices[item]

    return app


async def receive() -> Any: ...


async def send(message: Any) -> None: ...


def call(app: App) -> None:
    """One request that waits for nothing, without a loop, which would cost more than all that is measured."""
    try:
        app(http_scope(), receive, send).send(None)
    except StopIteration:
        pass


def fail(app: App, loop: asyncio.AbstractEventLoop) -> None:
    """One request that fails; Starlette raises the error once more, for the server."""

    async def request() -> None:
        done = await exchange(http_scope(), body_message()).run(app)
        assert done.answer().status == 500

    loop.run_until_complete(request())


def peers(app: App) -> dict[str, App]:
    return {
        "bare": app,
        "debugkit": DebuggedASGIApplication(app, pin_logging=False),
        "Starlette": ServerErrorMiddleware(app, debug=True),
    }


def table(title: str, unit: float, name: str, rows: dict[str, dict[str, float]]) -> None:
    print(f"\n{title:<34}{'bare':>12}{'debugkit':>12}{'Starlette':>12}   ({name})")
    for label, times in rows.items():
        cells = "".join(f"{times[peer] * unit:>12.2f}" if peer in times else f"{'':>12}" for peer in COLUMNS)
        print(f"{label:<34}{cells}")


COLUMNS = ("bare", "debugkit", "Starlette")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    quick = parser.parse_args().quick
    count, repeat = (5, 50) if quick else (200, 200)
    passing: dict[str, dict[str, float]] = {}
    for parts in (0, 100):
        apps = peers(answering(parts))
        passing[f"answer of {parts + 1} parts"] = rounds(
            {n: partial(call, app) for n, app in apps.items()}, count, repeat
        )
    table("A request that does not fail", 1e6, "microseconds", passing)
    loop = asyncio.new_event_loop()
    apps = peers(failing())
    del apps["bare"]
    sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - tracebacks
    times = rounds({name: partial(fail, app, loop) for name, app in apps.items()}, 3 if quick else 50)
    table("An error of FastAPI to its page", 1e3, "milliseconds", {"KeyError, 20 frames": times})
    loop.close()


if __name__ == "__main__":
    main()
