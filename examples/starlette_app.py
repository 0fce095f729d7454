"""debugkit in a Starlette application.

Start it with ``debugkit run examples/starlette_app.py``, ``python examples/starlette_app.py``, or, in the folder
``examples``, ``uvicorn starlette_app:app --reload``.
"""

import asyncio

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

from debugkit import DebuggedASGIApplication, run_simple

FORKS = {"Anna": 2, "Ben": 0}


async def index(request):
    return HTMLResponse('All is well. <a href="/share?people=0">Share a cake among nobody</a>')


async def share(request):
    people = int(request.query_params["people"])
    return PlainTextResponse(f"Everybody gets {12 // people} pieces.")


async def forks(request):
    """Two of three guests fail at the same time: the page shows both."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(lend(guest)) for guest in ("Anna", "Ben", "Cleo")]
    return PlainTextResponse(str([task.result() for task in tasks]))


async def lend(guest):
    await asyncio.sleep(0)
    return 4 // FORKS[guest]


routes = [Route("/", index), Route("/share", share), Route("/forks", forks)]
app = DebuggedASGIApplication(Starlette(routes=routes))

if __name__ == "__main__":
    run_simple("127.0.0.1", 8000, app, use_reloader=True)
