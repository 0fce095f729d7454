"""debugkit in a FastAPI application: a page with consoles, also in the place of what a lifespan cannot start.

Start it with ``debugkit run examples/fastapi_app.py``, ``python examples/fastapi_app.py``, or
``fastapi dev examples/fastapi_app.py``.
"""

from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket
from fastapi.responses import HTMLResponse

from debugkit import DebuggedASGIApplication, run_simple

CAKES = {}


@asynccontextmanager
async def lifespan(app):
    CAKES["carrot"] = 12
    yield
    CAKES.clear()


app = FastAPI(lifespan=lifespan)
app.add_middleware(DebuggedASGIApplication)


@app.get("/", response_class=HTMLResponse)
async def index():
    return 'All is well. <a href="/share?people=0">Share a cake among nobody</a>'


@app.get("/share")
async def share(people: int, cake: str = "carrot"):
    return {"pieces": CAKES[cake] // people}


@app.websocket("/eat")
async def eat(websocket: WebSocket, cake: str = "carrot"):
    await websocket.accept()
    while True:
        CAKES[cake] -= int(await websocket.receive_text())
        await websocket.send_json(CAKES)


if __name__ == "__main__":
    run_simple("127.0.0.1", 8000, app, use_reloader=True)
