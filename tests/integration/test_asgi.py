"""``debugkit run`` on ASGI applications, with real uvicorn and real reloads."""

from __future__ import annotations

import select
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from integration.processes import Browser
from reload_support import Caller, Project, project
from serving_support import TIMEOUT, Client, Program, request
from teahouse_support import made_database, serving
from tls_support import TlsClient, careless

RUN = ("-m", "debugkit", "run", "--port", "0", "main:app")

#: Its import, which each process repeats, takes a quarter of that of FastAPI, which is made of it.
STARLETTE = """
import asyncio
import time
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute

@asynccontextmanager
async def lifespan(app):
    print("the kettle is on", flush=True)
    yield
    print("the kettle is off", flush=True)

async def hello(request):
    return PlainTextResponse("one")

async def fails(request):
    cups, tea = {"green": 2}, request.query_params.get("tea", "black")
    return cups[tea]

async def blocks(request):
    print("it blocks", flush=True)
    time.sleep(60)

async def pieces():
    yield "first"
    await asyncio.Event().wait()

async def stream(request):
    return StreamingResponse(pieces())

async def breaks(request):
    async def broken():
        yield "first"
        raise KeyError("late")
    return StreamingResponse(broken())

async def socket(websocket):
    await websocket.accept()
    await asyncio.Event().wait()

views = hello, fails, blocks, stream, breaks
routes = [Route("/" + view.__name__.removeprefix("hello"), view) for view in views]
app = Starlette(lifespan=lifespan, routes=[*routes, WebSocketRoute("/socket", socket)])
"""


def browser_of(served: Project) -> Browser:
    server: Any = SimpleNamespace(port=served.port, wait_for=served.process.wait_for)
    return Browser(server)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with project(tmp_path_factory.mktemp("asgi"), STARLETTE, python=RUN, name="main.py") as served:
        yield served


def test_an_error_has_its_page_and_a_console_in_its_frame(served: Project) -> None:
    browser = browser_of(served).unlock()
    frame = browser.frame_id(browser.error("/fails?tea=white"), "fails")
    assert browser.value(frame, "cups, tea") == "({'green': 2}, 'white')"


def test_the_terminal_is_as_with_wsgi(served: Project) -> None:
    served.get("/")
    served.says(r'^127\.0\.0\.1 - - \[.*\] "GET / HTTP/1\.1" 200 - 3B [\d.]+m?s$')
    served.get("/fails?tea=oolong")
    served.says(r"^KeyError: 'oolong'$")
    served.says(r"^ \* Debugger page: http://127\.0\.0\.1:\d+/__debugkit__/tracebacks/\w+$")
    served.says(r'"GET /fails\?tea=oolong HTTP/1\.1" 500 - ')
    assert not served.get("/breaks").complete
    served.says(r"^ \* Debugger page: ")
    served.says(r"^KeyError: 'late'$")
    served.says(r'"GET /breaks HTTP/1\.1" 200 - 5B ')
    assert served.terminal.count("KeyError: 'oolong'") == served.terminal.count("KeyError: 'late'") == 1
    assert "uvicorn" not in served.terminal.lower().replace("site-packages/uvicorn/", "")
    assert "ASGI application" not in served.terminal
    assert "__debugkit__/frames" not in served.terminal


def test_what_cannot_start_is_a_page_that_heals(served: Project) -> None:
    served.save(f"{STARLETTE}\ndef (", "main.py")
    assert "SyntaxError" in served.text
    served.save(STARLETTE.replace("on", "on", 1).replace('print("the kettle is on", flush=True)', "1 / 0"), "main.py")
    reply = served.get()
    assert (reply.status, reply.body.count(b"ZeroDivisionError")) == (500, 1)
    assert b'File "' in reply.body
    assert b"runner" not in reply.body
    served.save(STARLETTE.replace("one", "two"), "main.py")
    assert served.text == "two"


def open_stream(port: int) -> Client:
    client = Client(port).send(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
    client.read_until(b"first")
    return client


def open_socket(port: int) -> Client:
    lines = ["GET /socket HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: websocket"]
    lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", ""]
    client = Client(port).send("\r\n".join(lines).encode())
    assert b" 101 " in client.read_until(b"\r\n\r\n")
    return client


def test_reloads_lose_no_request_and_wait_for_no_open_stream(served: Project) -> None:
    """By hand: 20 reloads."""
    with ExitStack() as stack:
        kept = [stack.enter_context(open_stream(served.port)) for _ in range(20)]
        kept.append(stack.enter_context(open_socket(served.port)))
        callers = [stack.enter_context(Caller(served.port, keep=keep)) for keep in (True, False)]
        for number in range(2):
            served.save(STARLETTE.replace("one", f"reload {number}"), "main.py")
            assert served.text == f"reload {number}"
            for caller in callers:
                caller.wait_for(f"reload {number}")
            stack.enter_context(open_stream(served.port))
        for client in kept:
            client.rest()
    assert [caller.failures for caller in callers] == [[], []]
    served.process.wait_for(r"Cut off while still being answered: GET /stream")
    assert "connection open" not in served.terminal


def test_a_loop_that_the_application_blocks_does_not_hold_up_a_reload(served: Project) -> None:
    served.save(STARLETTE.replace("one", "before"), "main.py")
    with Client(served.port).send(request("GET /blocks HTTP/1.1")) as blocked:
        served.process.stdout.read_until("it blocks")
        served.save(STARLETTE.replace("one", "after"), "main.py")
        assert served.text == "after"
        assert select.select([blocked.sock], [], [], 0)[0] == []  # nobody had to be killed for that


def test_the_application_ends_with_each_reload_and_with_the_server(tmp_path: Path) -> None:
    with project(tmp_path, STARLETTE, python=RUN, name="main.py") as served:
        served.save(STARLETTE.replace("one", "two"), "main.py")
        assert served.process.end(signal.SIGINT) == 130
        lines = served.process.stdout.rest().split("\n")
    assert sorted(lines) == ["", *["the kettle is off"] * 2, *["the kettle is on"] * 2]
    assert "Traceback" not in served.terminal


def test_an_application_that_does_not_start_ends_at_the_second_signal(tmp_path: Path) -> None:
    text = STARLETTE.replace("    yield\n", "    await asyncio.Event().wait()\n    yield\n", 1)
    (tmp_path / "main.py").write_text(text)
    with Program("--no-reload", cwd=tmp_path, python=RUN) as process:
        process.stdout.read_until("the kettle is on")
        process.send_signal(signal.SIGINT)
        assert process.end(signal.SIGTERM) in (130, 143)  # signals that follow at once have no order
        assert "Traceback" not in process.log


def answer(port: int, path: str = "/") -> bytes:
    with TlsClient(port, careless()) as client:
        return client.get(path).body


def test_several_processes_serve_tls_and_a_unix_socket_and_reload(tmp_path: Path) -> None:
    text = "import os\n" + STARLETTE.replace('PlainTextResponse("one")', 'PlainTextResponse(f"one {os.getpid()}")')
    options = ("--processes", "2", "--cert", "adhoc", "--bind", "127.0.0.1:0", "--bind", "unix:tea.sock")
    with project(tmp_path, text, *options, python=RUN, name="main.py") as served:

        def ask(path: str) -> list[str]:
            return answer(served.port, path).decode().split(" ")

        assert ask("/")[0] == "one"
        assert {ask("/")[1] for _ in range(100)}.isdisjoint({str(served.process.pid)})
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(TIMEOUT)
            sock.connect(str(tmp_path / "tea.sock"))
            with careless().wrap_socket(sock, server_hostname="localhost") as tls:
                tls.sendall(b"GET /fails HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                assert b" 500 " in tls.recv(65536)
        served.says('^unix: - - .*"GET /fails HTTP/1.1" 500')
        served.save(text.replace('print("the kettle is on", flush=True)', "1 / 0"), "main.py")
        assert {b"ZeroDivisionError" in answer(served.port) for _ in range(20)} == {True}
        served.save(text.replace("one", "two"), "main.py")
        assert ask("/")[0] == "two"
        served.process.stop()
        lines = served.process.stdout.rest()
    assert lines.count("the kettle is on") == lines.count("the kettle is off") == 4
    assert not (tmp_path / "tea.sock").exists()


def test_without_uvicorn_one_sentence_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text('raise ModuleNotFoundError("hidden by the test", name="uvicorn")')
    (tmp_path / "main.py").write_text("async def app(scope, receive, send): ...")
    with Program(cwd=tmp_path, python=RUN) as process:
        assert process.wait() == 1
        (line,) = [line for line in process.stderr.rest().splitlines() if line.startswith("debugkit:")]
    assert line.endswith("and that is not installed: pip install 'debugkit[asgi]'")
    assert "Traceback" not in process.log


def test_run_simple_serves_asgi_with_a_reloader_too(tmp_path: Path) -> None:
    script = (
        f"{STARLETTE}\nimport debugkit\ndebugkit.run_simple('127.0.0.1', 0, app, use_reloader=True, use_debugger=True)"
    )
    with project(tmp_path, script, python=("main.py",), name="main.py") as served:
        assert served.get("/fails").header("X-Debugkit-Traceback")
        served.save(script.replace("one", "two"), "main.py")
        assert served.text == "two"
        assert served.process.end() == 143


def test_runserver_plus_serves_the_asgi_application_of_a_project_with_its_static_files(tmp_path: Path) -> None:
    with serving("--asgi", "0", database=made_database(tmp_path)) as house:
        guest = house.guest()
        assert guest("/").status == guest("/static/house.css").status == 200
        guest.error("/tastings/next/")
        guest.unlock()
        frame = guest.frame_id(guest.error("/tastings/kettles/"), "warmest")
        assert guest.value(frame, "type(request).__name__") == "'ASGIRequest'"
        assert house.end(signal.SIGINT) == 130
