"""From the error to the end of its page, in the same process, when everything has been seen once. Processor time."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import Callable, Iterator
from contextlib import closing

from asgi_client import body_message, exchange, http_scope
from harness import cases
from harness.cases import ASGI, Application, answer
from harness.figures import Figure, Row
from harness.packages import installed
from harness.rounds import Effort, computed, paired
from harness.wrappers import asgi_wrappers, wrappers


def measure(effort: Effort) -> Iterator[Figure]:
    apps: dict[str, Application] = {"5 frames": cases.frames(5)}
    if installed("flask"):
        apps["30 frames of Flask"] = cases.flask_application()
    apps |= {"chain of 5": cases.chain, "990 repeated frames": cases.recursion}
    for name, app in effort.of(list(apps.items())):
        targets = {key: wrap(app) for key, wrap in effort.of(list(wrappers().items()))}
        sizes = {key: len(answer(target)) for key, target in targets.items()}
        yield page(name, {key: lambda each=each: answer(each) for key, each in targets.items()}, effort)
        yield Figure(f"{name}: its page", "kB", [Row(key, [size / 1e3]) for key, size in sizes.items()], headline=False)
    if installed("fastapi"):
        yield of_fastapi(effort)


def page(name: str, actions: dict[str, Callable[[], object]], effort: Effort) -> Figure:
    found = paired({key: computed(action, 1e3) for key, action in actions.items()}, effort.turns(6))
    return Figure(f"{name}: error to page", "ms", [Row(key, values) for key, values in found.items()])


def of_fastapi(effort: Effort) -> Figure:
    apps = {key: wrap(cases.fastapi_application()) for key, wrap in effort.of(list(asgi_wrappers().items()))}
    with closing(asyncio.new_event_loop()) as loop, contextlib.redirect_stderr(io.StringIO()):  # tracebacks
        return page("FastAPI", {key: lambda app=app: fail(app, loop) for key, app in apps.items()}, effort)


def fail(app: ASGI, loop: asyncio.AbstractEventLoop) -> None:
    """One request that fails; Starlette raises the error once more, for the server."""

    async def request() -> None:
        done = await exchange(http_scope(), body_message()).run(app)
        assert done.answer().status == 500

    loop.run_until_complete(request())
