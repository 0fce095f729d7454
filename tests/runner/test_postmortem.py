"""``--pm``: a prompt in the terminal at an error, and then the page."""

from __future__ import annotations

import pdb
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from serving_support import Client, Program, request

from debugkit import ConfigurationError
from debugkit.runner import postmortem

FAILS = """
def app(environ, start_response):
    cups = {"green": 2}
    return [cups["black"]]
"""


def raised() -> KeyError:
    try:
        raise KeyError("tea")
    except KeyError as error:
        return error


def test_the_name_of_an_error_neither_steers_the_terminal_nor_runs_code(monkeypatch: pytest.MonkeyPatch) -> None:
    class Meta(type):
        @property
        def __name__(cls) -> str:  # type: ignore[override]
            raise AssertionError("it ran")

    sentences: list[str] = []
    monkeypatch.setattr(pdb, "post_mortem", lambda trace: None)
    postmortem.post_mortem("pdb", sentences.append)(Meta("Tea\x1b[2J", (Exception,), {})(), None)

    assert sentences[0].startswith(" * Tea\\x1b[2J: stopped")


def test_two_errors_take_turns_at_the_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once: list[int] = []
    inside = threading.Semaphore(1)

    def prompt(trace: Any) -> None:
        at_once.append(1 if inside.acquire(blocking=False) else 2)
        inside.release()

    monkeypatch.setattr(pdb, "post_mortem", prompt)
    sentences: list[str] = []
    stop, error = postmortem.post_mortem("pdb", sentences.append), raised()
    threads = [threading.Thread(target=stop, args=(error, error.__traceback__)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert at_once == [1, 1, 1, 1]
    assert sentences[0].startswith(" * KeyError: stopped where it was raised.")


def test_a_debugger_that_is_not_installed_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="pip install no_such_debugger, or use --pm"):
        postmortem.require("no_such_debugger")


def test_the_page_waits_until_the_prompt_is_left(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(FAILS)
    with Program("run", "app.py", "--port", "0", "--pm", cwd=tmp_path, stdin=subprocess.PIPE) as process:
        with Client(process.port()) as client:
            client.send(request("GET / HTTP/1.1", "Accept: text/plain"))
            process.wait_for("KeyError: stopped where it was raised")
            process.tell("p 'cups are', cups\nq\n")
            process.stdout.read_until(r"\('cups are', \{'green': 2\}\)")
            assert b"KeyError: 'black'" in client.reply().body


@pytest.mark.parametrize("option", ["--no-debugger", "--processes=2"])
def test_a_prompt_needs_the_debugger_and_the_terminal_for_itself(tmp_path: Path, option: str) -> None:
    (tmp_path / "app.py").write_text(FAILS)
    with Program("run", "app.py", "--pm", option, cwd=tmp_path) as process:
        assert process.wait() == 1
        assert process.stderr.rest().startswith("debugkit: --pm requires the debugger, and one process")
