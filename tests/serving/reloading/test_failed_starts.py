"""Programs that cannot start: what the real server shows meanwhile, and that the next save heals it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from reload_support import APP, Project, project
from serving_support import Client, Reply

pytestmark = pytest.mark.skipif(os.name != "posix", reason="workers inherit their sockets")

ONE, TWO = (APP % word for word in ("one", "two"))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Reply]]:
    """A server whose program fails at its very first start, and the answer then. It stays whatever happens."""
    folder = tmp_path_factory.mktemp("failing")
    text, variables = "import nothing_of_this_name\n", {"DEBUGKIT_STATE_DIR": str(folder / "state")}
    with project(folder, text, "--no-pin", **variables) as shop:
        yield shop, shop.get("/", "Accept: text/html")


@pytest.fixture
def failing(first: tuple[Project, Reply]) -> Project:
    return first[0]


def test_a_failure_at_the_very_first_start_is_a_page_and_heals(first: tuple[Project, Reply]) -> None:
    shop, reply = first
    assert reply.status == 500
    assert b"nothing_of_this_name" in reply.body
    assert b"The application failed to start" in reply.body
    assert b"debugkit/cli.py" not in reply.body
    assert shop.save(ONE).startswith(" * Reloaded")
    assert shop.text.startswith("one")


FAILURES = {
    "syntax": ("def (", "SyntaxError"),
    "import": ("import nothing_of_this_name", "ModuleNotFoundError"),
    "exit": ("import sys; sys.exit(3)", "SystemExit"),
    "hard-exit": ("import os; os._exit(3)", "ended with exit status 3"),
    "killed": ("import os; os.kill(os.getpid(), 9)", "was ended by SIGKILL"),
    "name-gone": ("other = 1", "There is no application in"),
}


@pytest.mark.parametrize(("text", "expected"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failure_at_start_is_a_page_and_heals(failing: Project, text: str, expected: str) -> None:
    assert failing.save(f"{text}\n").startswith(" * Waiting for a change")
    reply = failing.get("/", "Accept: text/html")
    assert reply.status == 500
    assert expected in reply.body.decode()
    assert failing.save(f"# after {expected}\n{TWO}").startswith(" * Reloaded")
    assert failing.text.startswith("two")


def test_a_console_runs_in_the_frames_of_a_failed_start(failing: Project) -> None:
    failing.save("def tea():\n    cups = 7\n    return cups / 0\ntea()\n")
    page = failing.get("/", "Accept: application/json").body.decode()
    frame = re.findall(r'"id":\s*"([0-9a-f]+-\d+)"', page)[-1]
    body = b'{"source": "cups * 6"}'
    with Client(failing.port) as client:
        head = (
            f"POST /__debugkit__/frames/{frame}/evaluate HTTP/1.1\r\nHost: localhost\r\nX-Debugkit: 1\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        reply = client.send(head.encode() + body).reply()
    assert '"42"' in reply.body.decode()
