"""The worker's end of the channel, in this process."""

from __future__ import annotations

import cmd
import io
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import IO, Any

import pytest
from serving_support import TIMEOUT

from debugkit import hooks
from debugkit.serving.reloading.channel import Channel
from debugkit.serving.reloading.command_line import Program
from debugkit.serving.reloading.control import Control, decision
from debugkit.serving.reloading.messages import (
    Changed,
    Decision,
    Message,
    PromptOpen,
    Serve,
    Shutdown,
    WorkerConfig,
    encode,
)
from debugkit.serving.reloading.prompts import at_prompt

PROGRAM = Program("command", "pass", (), (), "/", ("-c",))
CONFIG = WorkerConfig(PROGRAM, sockets=(), addresses=("127.0.0.1",), port=0)


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(TIMEOUT)
        theirs.settimeout(TIMEOUT)
        yield Channel(ours), Channel(theirs)


FORKS = """
import os, socket, sys
from debugkit.serving.reloading.channel import Channel
from debugkit.serving.reloading.control import take
take(Channel(socket.socket(fileno=int(sys.argv[1]))), print)
if os.fork():
    os._exit(0)
sys.stdin.read()  # lives on until the test is over
print("was alive")
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows does not fork")
def test_a_process_that_a_worker_forks_does_not_keep_the_channel_open() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(TIMEOUT)
        Channel(ours).send(CONFIG)
        command = [sys.executable, "-c", FORKS, str(theirs.fileno())]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, pass_fds=[theirs.fileno()]) as process:
            theirs.close()
            while ours.recv(65_536):  # what it reports; then the end, though the child still lives
                pass
            assert process.communicate(timeout=TIMEOUT)[0] == b"was alive\n"


OBEYS = """
import socket, sys
from debugkit.serving.reloading.channel import Channel
from debugkit.serving.reloading.control import take
control = take(Channel(socket.socket(fileno=int(sys.argv[1]))), print)
control.serving(lambda: None, failed=False)
print("serves")
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows hands no sockets on")
def test_what_follows_the_configuration_in_one_piece_is_obeyed() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(encode(CONFIG) + b"\n" + encode(Serve()) + b"\n")
        command = [sys.executable, "-c", OBEYS, str(theirs.fileno())]
        with subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[theirs.fileno()]) as process:
            assert process.communicate(timeout=TIMEOUT)[0] == b"serves\n"


class Prompt(cmd.Cmd):
    """A prompt that waits for a line from a pipe."""

    use_rawinput = False

    def __init__(self, lines: IO[str]) -> None:
        super().__init__(stdin=lines, stdout=io.StringIO())
        self.is_open = threading.Event()

    def preloop(self) -> None:
        self.is_open.set()

    def do_leave(self, line: str) -> bool:
        return True


def test_every_change_is_held_while_a_prompt_is_open_and_all_are_told_when_it_is_left(
    ends: tuple[Channel, Channel],
) -> None:
    channel, supervisor = ends
    reader, writer = os.pipe()
    with os.fdopen(reader) as lines, os.fdopen(writer, "w") as keys:
        asking = Prompt(lines)
        prompt = threading.Thread(target=asking.cmdloop, daemon=True)
        prompt.start()
        assert asking.is_open.wait(TIMEOUT)
        assert at_prompt()
        control = Control(channel, CONFIG, print)  # its thread is not started: it ends this process with the channel
        for name in ("a.py", "b.py"):
            control._obey(Changed((name,)))
            control._look_at_the_prompt()
            assert supervisor.receive() == [PromptOpen()]
        keys.write("leave\n")
        keys.flush()
        prompt.join(TIMEOUT)
        control._look_at_the_prompt()
        assert supervisor.receive() == [Decision("restart", ("a.py", "b.py"))]


@pytest.mark.parametrize("message", [None, PromptOpen(), CONFIG], ids=["no message", "a worker's", "a second one"])
def test_what_the_supervisor_never_says_is_ignored_with_one_line(
    ends: tuple[Channel, Channel], message: Message | None
) -> None:
    lines: list[str] = []
    control = Control(ends[0], CONFIG, lines.append)
    for _ in range(2):
        control._obey(message)
    assert lines == [" * Ignored an unknown message from the reloader."]
    assert control.config is CONFIG


@pytest.mark.skipif(os.name != "posix", reason="Windows hands no sockets on")
def test_what_comes_before_the_configuration_is_ignored() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(encode(Shutdown(reload=False)) + b"\n{}\n")
        ours.sendall(encode(CONFIG) + b"\n" + encode(Serve()) + b"\n")
        command = [sys.executable, "-c", OBEYS, str(theirs.fileno())]
        with subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[theirs.fileno()]) as process:
            assert process.communicate(timeout=TIMEOUT)[0] == b"serves\n"


# What `on_change` handlers say.


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found: list[Any] = []
    monkeypatch.setattr("debugkit.serving.reloading.control.changing", found)
    return found


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], "restart"),
        (["ignore"], "ignore"),
        (["handled", "ignore"], "handled"),
        (["ignore", "restart", "handled"], "restart"),
        (["perhaps", "ignore"], "restart"),
        ([None], "restart"),
    ],
    ids=["nobody", "ignore", "handled", "restart", "unknown", "nothing"],
)
def test_the_strongest_answer_counts(handlers: list[Any], answers: list[Any], expected: str) -> None:
    handlers += [lambda paths, answer=answer: answer for answer in answers]
    assert decision(["a.py"], print) == expected


def test_a_handler_that_fails_means_a_restart_and_is_said(handlers: list[Any]) -> None:
    def careless(paths: list[str]) -> str:
        raise LookupError("no tea")

    said: list[str] = []
    handlers.append(careless)
    assert decision(["a.py"], said.append) == "restart"
    assert "careless failed: LookupError: no tea" in said[0]


def test_hooks_register_and_return_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, decorate in (
        ("started", hooks.after_start),
        ("leaving", hooks.before_reload),
        ("changing", hooks.on_change),
    ):
        kept: list[Any] = []
        monkeypatch.setattr(hooks, name, kept)
        assert decorate(print) is print  # type: ignore[operator]
        assert kept == [print]
