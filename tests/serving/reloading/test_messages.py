"""Messages between supervisor and workers: from data to a line and back, and what is none."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from serving_support import TIMEOUT

from debugkit.serving.reloading.bootstrap import SupervisorConfig
from debugkit.serving.reloading.channel import Channel
from debugkit.serving.reloading.command_line import Program
from debugkit.serving.reloading.messages import (
    KINDS,
    Answered,
    Changed,
    Decision,
    Imported,
    ListenersClosed,
    Loaded,
    Message,
    Preload,
    Preloaded,
    PromptOpen,
    Ready,
    Serve,
    Shutdown,
    StartRefused,
    WorkerConfig,
    decode,
    encode,
)

PROGRAM = Program("script", "shop.py", ("--tea",), ("-X", "utf8"), "/srv/\udcff", ("python", "shop.py"))
CONFIG = WorkerConfig(
    PROGRAM,
    sockets=(3, 4),
    addresses=("127.0.0.1", "unix:/run/tea"),
    port=None,
    environ={"RUN_MAIN": "true"},
    debugger={"pin": None, "trusted_hosts": ["tea.test"]},
    tls=("cert.pem", None),
    certificate="PEM",
    supervisor="abc",
    number=2,
    message="It ended.",
)
MESSAGES: list[Message] = [
    Imported(("a.py", "\u00e9.py"), 1.5),
    Loaded({"json": "/json.py"}, ("/lib", "/shop"), ("/shop",), {"TEA": "green"}, obstacle="a thread"),
    Preload(("json",), {"re": "/re.py"}, ("/lib", "/shop"), ("/shop",), PROGRAM, {"TEA": "green"}, skip=("re",)),
    Preloaded({"json": "/json.py"}, skip={"re": "needs the program"}),
    StartRefused(1),
    PromptOpen(),
    Decision("handled", ("a.py",)),
    Ready(failed=True),
    ListenersClosed(),
    Answered(0.25),
    CONFIG,
    replace(CONFIG, debugger=None, tls="adhoc", certificate=None, port=0),
    Changed(()),
    Serve(),
    Shutdown(reload=False),
]


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(TIMEOUT)
        yield Channel(ours), theirs


def receive(channel: Channel, count: int) -> list[Message | None]:
    messages: list[Message | None] = []
    while len(messages) < count:
        messages += channel.receive()
    return messages


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_arrives_as_it_was_sent(message: Message, ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    Channel(other).send(message)
    assert receive(channel, 1) == [message]


def test_every_kind_of_message_is_among_those_tried() -> None:
    assert {type(message) for message in MESSAGES} == set(KINDS.values())


def test_what_a_supervisor_is_told_survives_its_way_to_another_process() -> None:
    config = SupervisorConfig(CONFIG, roots=("/srv",), extra_files=("*.yaml",), reloader_interval=2)
    assert SupervisorConfig.load(config.dump()) == config


def changed(fields: dict[str, Any], message: Message = CONFIG) -> bytes:
    return json.dumps({**json.loads(encode(message)), **fields}).encode()


@pytest.mark.parametrize(
    "line",
    [
        b"tea",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"[" * 100_000,
        b"{}",
        b'{"kind": "Tea"}',
        b'{"kind": ["Serve"]}',
        b'{"kind": "Ready"}',
        b'{"kind": "Ready", "failed": 1}',
        b'{"kind": "Serve", "tea": 1}',
        b'{"kind": "PromptOpen", "tea": 1}',
        b'{"kind": "StartRefused", "status": true}',
        b'{"kind": "StartRefused", "status": null}',
        b'{"kind": "Changed", "paths": "a.py"}',
        b'{"kind": "Changed", "paths": [1]}',
        b'{"kind": "Decision", "answer": "perhaps", "paths": []}',
        b'{"kind": "Decision", "answer": ["restart"], "paths": []}',
        b'{"kind": "Imported", "files": [], "since": "now"}',
        b'{"kind": "Imported", "files": [1], "since": 0.0}',
        changed({"program": None}),
        changed({"program": {}}),
        changed({"environ": {"a": 1}}),
        changed({"debugger": []}),
        changed({"tls": 1}),
        changed({"port": 1.5}),
    ],
    ids=lambda line: line[:60].decode("latin-1"),
)
def test_what_is_no_message_is_none(line: bytes) -> None:
    assert decode(line) is None


# The channel.


def test_messages_arrive_in_one_piece_however_they_are_cut(ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    messages: list[Message | None] = [Changed(("a",)), Changed(("\u00e9",))]
    received: list[Message | None] = []
    for message in messages:
        for byte in encode(message) + b"\n":  # type: ignore[arg-type]  # none of these is None
            other.sendall(bytes([byte]))
            received += channel.receive()
    assert received == messages


def test_a_message_is_understood_though_something_else_left_half_a_line_before_it(
    ends: tuple[Channel, socket.socket],
) -> None:
    channel, other = ends
    other.sendall(b"half a line")
    Channel(other).send(Ready(failed=False))
    assert receive(channel, 2) == [None, Ready(failed=False)]


def test_the_end_of_the_other_side_is_reported(ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    other.close()
    channel.send(ListenersClosed())
    with pytest.raises(EOFError):
        channel.receive()
