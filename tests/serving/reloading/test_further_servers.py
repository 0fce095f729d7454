"""More than one server in a program that a reloader runs: each answers at its own address, before and after a save."""

from __future__ import annotations

import os
import re
import signal
import socket
from pathlib import Path

import pytest
from process_support import gone
from reload_support import Caller, Project, project
from serving_support import Client

pytestmark = pytest.mark.skipif(os.name != "posix", reason="workers inherit their sockets")

#: A shop, and beside it metrics, which `{start}` has served. A worker says which server of it listens.
PROGRAM = """
import multiprocessing, os, threading
import debugkit
def answering(text):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"%s %d" % (text, os.getpid())]
    return app
def serve_metrics():
    debugkit.run_simple("127.0.0.1", {metrics}, answering(b"metrics {word}"){more})
if __name__ == "__main__":
    if debugkit.is_running_from_reloader():
        debugkit.after_start(lambda url: os.write(1, f"{word} {{url}}\\n".encode()))
    {start}
    debugkit.run_simple("127.0.0.1", {port}, answering(b"shop {word}"), use_reloader=True)
"""
FORK = "multiprocessing.get_context('fork').Process(target=serve_metrics{}).start()"
STARTS = {
    "thread": "threading.Thread(target=serve_metrics, daemon=True).start()",
    "thread-that-is-waited-for": "threading.Thread(target=serve_metrics).start()",
    "fork": FORK.format(", daemon=True"),
    "fork-that-is-waited-for": FORK.format(""),
}
#: Also when it was written with the same arguments as the first.
MORE = {"plain": "", "reloader": ", use_reloader=True"}


class Town:
    """Both addresses, and the program that serves there."""

    def __init__(self, start: str, more: str = "") -> None:
        with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
            self.shop, self.metrics = (int(listener.getsockname()[1]) for listener in (one, other))
        self._start = start
        self._more = more

    def program(self, word: str, start: str | None = None) -> str:
        chosen = self._start if start is None else start
        return PROGRAM.format(start=chosen, shop=0, metrics=self.metrics, port=self.shop, word=word, more=self._more)

    def wait(self, running: Project, word: str) -> None:
        """Until both servers of a worker listen."""
        for _ in range(2):
            running.process.stdout.read_until(rf"^{word} http://127\.0\.0\.1:({self.shop}|{self.metrics})/$")


def answer(port: int) -> tuple[str, int]:
    """What is answered there, and by which process."""
    with Client(port) as client:
        text, _, pid = client.get("/").body.decode().rpartition(" ")
        return text, int(pid)


def answers(port: int) -> set[str]:
    return {answer(port)[0] for _ in range(8)}


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS.keys())
def test_each_server_answers_at_its_own_address_before_and_after_a_save(tmp_path: Path, start: str) -> None:
    town = Town(start)
    with project(tmp_path, town.program("one"), python=("app.py",)) as running:
        town.wait(running, "one")
        assert (answers(town.shop), answers(town.metrics)) == ({"shop one"}, {"metrics one"})
        old = answer(town.metrics)[1]
        said = running.process.mark()
        with Caller(town.shop, keep=False) as caller:
            running.save(town.program("two"))
            town.wait(running, "two")
        assert caller.failures == []
        assert (answers(town.shop), answers(town.metrics)) == ({"shop two"}, {"metrics two"})
        assert gone(old)
        assert "Press Ctrl+C" not in running.terminal[said:]
        assert running.process.end(signal.SIGTERM) == 128 + signal.SIGTERM
        assert "Traceback" not in running.process.stderr.rest()
        assert "Killed the old process" not in running.terminal


def test_a_further_server_that_asks_for_a_reloader_too_is_run_again_with_the_program(tmp_path: Path) -> None:
    town = Town(f"debugkit.is_running_from_reloader() and {STARTS['fork']}", MORE["reloader"])
    with project(tmp_path, town.program("one"), python=("app.py",)) as running:
        town.wait(running, "one")
        assert (answers(town.shop), answers(town.metrics)) == ({"shop one"}, {"metrics one"})


def test_a_further_server_is_gone_when_a_save_takes_it_out(tmp_path: Path) -> None:
    town = Town(STARTS["fork-that-is-waited-for"])
    with project(tmp_path, town.program("one"), python=("app.py",)) as running:
        town.wait(running, "one")
        old = answer(town.metrics)[1]
        running.save(town.program("two", start="pass"))
        assert gone(old)
        with pytest.raises(ConnectionRefusedError):
            answer(town.metrics)


def test_a_forked_server_ends_with_its_worker_even_by_sigkill(tmp_path: Path) -> None:
    town = Town(STARTS["fork"])
    with project(tmp_path, town.program("one"), python=("app.py",)) as running:
        town.wait(running, "one")
        worker, child = answer(town.shop)[1], answer(town.metrics)[1]
        assert worker != child
        os.kill(worker, signal.SIGKILL)
        assert gone(child)


def test_a_changed_port_asks_for_a_start_by_hand(tmp_path: Path) -> None:
    town = Town("pass")
    with project(tmp_path, town.program("one"), python=("app.py",)) as running:
        changed = re.sub(rf"\b{town.shop}\b", str(town.metrics), town.program("two"))
        running.write(changed)
        running.says(rf"The addresses changed\. Restart debugkit to listen on 127\.0\.0\.1 \(port {town.metrics}\)")
        running.wait_for_reload()
        assert answers(town.shop) == {"shop two"}
