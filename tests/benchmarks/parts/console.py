"""A command, ``1 + 1``, in a frame of an error: from the request to the end of its answer, over HTTP.

Each in the debugger's own protocol. A connection is kept where the server keeps it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlencode

from harness.client import Browser
from harness.figures import Figure, Row
from harness.peers import Peer, side_by_side
from harness.projects import FAILING
from harness.rounds import Effort, paired, timed
from harness.servers import Server

from parts.first import debuggers

MOUNT = "/__debugkit__"
PIN = "111-222-333"
#: Starlette's and Django's pages have no console.
WITHOUT = ("Django runserver", "uvicorn --reload", "uvicorn-hmr")


def measure(effort: Effort) -> Iterator[Figure]:
    for project in effort.of(list(FAILING), 1):
        peers = effort.of([peer for peer in debuggers(project) if peer.name not in WITHOUT])
        with ExitStack() as stack:
            started = side_by_side(peers, project, stack, variables=pin)
            commands = {name: command(name, server, stack) for name, server in started.servers.items()}
            for server in started.servers.values():
                server.rest()
            found = paired({name: timed(run, 1e3, 5) for name, run in commands.items()}, effort.turns(10))
            rows = [Row(name, found[name], server.memory()) for name, server in started.servers.items()]
        yield Figure(f"{project.name}: a command in a frame", "ms", rows + started.absent)


def pin(peer: Peer) -> dict[str, str]:
    return {"WERKZEUG_DEBUG_PIN": PIN if "debugkit" in peer.name else "off"}


def command(name: str, server: Server, stack: ExitStack) -> Callable[[], object]:
    browser = stack.enter_context(Browser(server.port))
    return ours(browser, server.port) if "debugkit" in name else werkzeugs(browser)


def ours(browser: Browser, port: int) -> Callable[[], object]:
    """Unlocks with the PIN, and asks as the page's script does."""
    own = {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{port}", "Accept": "*/*"}
    failed = browser("/fail")
    unlocked = browser(f"{MOUNT}/unlock", "POST", json.dumps({"pin": PIN}).encode(), **own, **{"X-Debugkit": "1"})
    session = {
        "Cookie": unlocked.headers["Set-Cookie"].partition(";")[0],
        "X-Debugkit": json.loads(unlocked.body)["key"],
    }
    problem = json.loads(browser(f"{failed.headers['X-Debugkit-Traceback']}.json", **session).body)
    frame = problem["exceptions"][-1]["frames"][-1]["id"]
    body = json.dumps({"source": "1 + 1"}).encode()

    def run() -> None:
        events = browser(f"{MOUNT}/frames/{frame}/evaluate", "POST", body, **own, **session).body
        assert b'"text": "2"' in events or b'"text":"2"' in events, events

    return run


def werkzeugs(browser: Browser) -> Callable[[], object]:
    """Werkzeug's protocol, which backlash has kept."""
    page = browser("/fail").body.decode()
    frames, secrets = re.findall(r'id="frame-(\d+)"', page), re.findall(r'SECRET = "(\w+)"', page)
    query = urlencode({"__debugger__": "yes", "cmd": "1 + 1", "frm": frames[-1], "s": secrets[0]})

    def run() -> None:
        answer = browser(f"/?{query}").body
        assert b"2" in answer, answer[:200]
        assert b"&gt;&gt;&gt;" in answer or b">>>" in answer, answer[:200]

    return run
