"""The worker's end of the channel, in this process."""

from __future__ import annotations

import cmd
import io
import json
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
from debugkit.serving.reloading.control import Channel, Control, decision
from debugkit.serving.reloading.prompts import at_prompt


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Channel(ours), theirs


def message(told: IO[str]) -> Any:
    """The next one; lines that are empty stand between them."""
    return json.loads(next(line for line in told if line.strip()))


def test_messages_arrive_in_one_piece_however_they_are_cut(ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    data = b"".join(json.dumps({"kind": "changed", "paths": [name]}).encode() + b"\n" for name in ("a", "\u00e9"))
    found: list[dict[str, Any]] = []
    for byte in data:
        other.sendall(bytes([byte]))
        found += channel.receive()
    assert [message["paths"] for message in found] == [["a"], ["\u00e9"]]


def test_a_message_is_understood_though_something_else_left_half_a_line_before_it(
    ends: tuple[Channel, socket.socket],
) -> None:
    channel, other = ends
    other.sendall(b"half a line")
    Channel(other).send("serving", failed=False)
    found: list[dict[str, Any]] = []
    while len(found) < 2:
        found += channel.receive()
    assert found == [{}, {"kind": "serving", "failed": False}]


def test_the_end_of_the_other_side_is_told(ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    other.close()
    channel.send("serving", failed=False)
    with pytest.raises(EOFError):
        channel.receive()


FORKS = """
import os, socket, sys
from debugkit.serving.reloading.control import Channel, take
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
        ours.sendall(b'{"kind": "hello"}\n')
        command = [sys.executable, "-c", FORKS, str(theirs.fileno())]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, pass_fds=[theirs.fileno()]) as process:
            theirs.close()
            while ours.recv(65_536):  # what it reports; then the end, though the child still lives
                pass
            assert process.communicate(timeout=TIMEOUT)[0] == b"was alive\n"


OBEYS = """
import socket, sys
from debugkit.serving.reloading.control import Channel, take
control = take(Channel(socket.socket(fileno=int(sys.argv[1]))), print)
control.serving(lambda: None, failed=False)
print("serves")
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows hands no sockets on")
def test_what_follows_the_hello_in_one_piece_is_obeyed() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b'{"kind": "hello"}\n{"kind": "serve"}\n')
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
    ends: tuple[Channel, socket.socket],
) -> None:
    channel, other = ends
    other.settimeout(TIMEOUT)
    told = other.makefile("r", encoding="utf-8")
    reader, writer = os.pipe()
    with os.fdopen(reader) as lines, os.fdopen(writer, "w") as keys, told:
        asking = Prompt(lines)
        prompt = threading.Thread(target=asking.cmdloop, daemon=True)
        prompt.start()
        assert asking.is_open.wait(TIMEOUT)
        assert at_prompt()
        control = Control(channel, {}, print)  # its thread is not started: it ends this process with the channel
        for name in ("a.py", "b.py"):
            control._obey({"kind": "changed", "paths": [name]})
            control._look_at_the_prompt()
            assert message(told) == {"kind": "held"}
        keys.write("leave\n")
        keys.flush()
        prompt.join(TIMEOUT)
        control._look_at_the_prompt()
        assert message(told) == {"kind": "verdict", "answer": "restart", "paths": ["a.py", "b.py"]}


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
