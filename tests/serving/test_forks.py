"""What a process that the application forks has of the server: nothing that would outlive it."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path

import pytest
from process_support import gone
from reload_support import project
from serving_support import Client, Program, request

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for processes that are not our children")

#: A view that goes on in a child, which lives until somebody opens the gate; `{end}` is how the child ends.
APP = """
import os
def app(environ, start_response):
    child = os.fork()
    if not child:
        open("gate").read()
        {end}
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d" % child]
"""


def is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("end", ["os._exit(0)", "pass"], ids=["ended", "falls-out-of-the-view"])
def test_a_process_that_a_view_forks_keeps_neither_its_client_nor_the_port(tmp_path: Path, end: str) -> None:
    (tmp_path / "app.py").write_text(APP.format(end=end))
    os.mkfifo(tmp_path / "gate")
    with Program("run", "app.py", "--port", "0", "--no-reload", cwd=tmp_path) as process:
        port = process.port()
        with Client(port) as client:
            # Without a length known to HTTP/1.0 clients that ask for the end of the connection: the child lives on.
            head, _, body = client.send(request("GET / HTTP/1.0")).rest().partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        child = int(body)
        assert process.end(signal.SIGINT) == 128 + signal.SIGINT
        assert is_free(port)
        os.kill(child, 0)
        with (tmp_path / "gate").open("w"):
            pass
        assert gone(child)


def test_a_fork_in_the_console_leaves_nobody_behind(tmp_path: Path) -> None:
    with project(tmp_path, "1 / 0\n", "--no-pin") as shop:
        problem = json.loads(shop.get("/", "Accept: application/json").body)
        frame = problem["exceptions"][-1]["frames"][-1]["id"]
        body = json.dumps({"source": "import os; os.fork()"}).encode()
        with Client(shop.port) as client:
            head = request(
                f"POST /__debugkit__/frames/{frame}/evaluate HTTP/1.1",
                *("X-Debugkit: 1", "Content-Type: application/json", f"Content-Length: {len(body)}"),
                body=body,
            )
            events = [json.loads(line) for line in client.send(head).reply().body.splitlines() if line]
        value, done = (event for event in events if event["kind"] != "command")
        assert (value["kind"], done["kind"]) == ("value", "done")
        assert gone(int(value["text"]))
        assert shop.process.end(signal.SIGINT) == 128 + signal.SIGINT
        assert is_free(shop.port)
