"""An owner that listens, and others that ask it: streams, faults, and what neither of them waits for."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from process_support import TIMEOUT

from debugkit.debug.messages import Request, Response
from debugkit.debug.processes.client import OwnerGone, OwnerSilent, ask, is_answered
from debugkit.debug.processes.listener import MOST, Listener

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no private Unix sockets")

REQUEST = Request("POST", "x", "", {"host": "localhost"}, "", "http", "127.0.0.1")


class Owner:
    """Answers by the path of a request."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.closed = threading.Event()

    def __call__(self, request: Request) -> Response:
        if request.path == "stream":
            return Response(200, (), self.stream())
        if request.path == "fails":
            return Response(200, (), self.failing())
        return Response(200, (("X-Path", request.path),), request.method.encode() + request.read_body(100))

    def stream(self) -> Iterator[bytes]:
        try:
            yield b"first\n"
            self.go.wait(TIMEOUT)
            while True:
                yield b"more\n" * 1_000
        finally:
            self.closed.set()

    def failing(self) -> Iterator[bytes]:
        yield b"first\n"
        raise OSError("the disk is gone")


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
def path(own_state: Path) -> Path:
    return own_state / "s"


@pytest.fixture
def listener(path: Path, owner: Owner) -> Iterator[Listener]:
    with closing(Listener(path, owner, most=100)) as listener:
        yield listener


def asked(path: Path, address: str, body: bytes = b"", **more: object) -> Response:
    request = Request("POST", address, "", {}, "", "http", "127.0.0.1")
    return ask(path, request, body, **more)  # type: ignore[arg-type]


def test_a_request_is_answered(listener: Listener, path: Path) -> None:
    response = asked(path, "here", b" and a body")
    assert (response.status, response.headers, response.body) == (200, (("X-Path", "here"),), b"POST and a body")


def test_many_ask_at_the_same_time_and_a_stream_keeps_nobody_waiting(
    listener: Listener, path: Path, owner: Owner
) -> None:
    stream = asked(path, "stream")
    assert next(iter(stream.body)) == b"first\n"  # type: ignore[call-overload]
    answers: list[object] = []
    threads = [threading.Thread(target=lambda: answers.append(asked(path, "x").body)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert answers == [b"POST"] * 20
    stream.body.close()  # type: ignore[union-attr]
    owner.go.set()


def test_who_leaves_a_stream_closes_it_for_the_owner(listener: Listener, path: Path, owner: Owner) -> None:
    stream = asked(path, "stream")
    assert next(iter(stream.body)) == b"first\n"  # type: ignore[call-overload]
    stream.body.close()  # type: ignore[union-attr]
    owner.go.set()
    assert owner.closed.wait(TIMEOUT)


def test_a_stream_that_breaks_off_ends_with_the_last_words(listener: Listener, path: Path) -> None:
    assert b"".join(asked(path, "fails", last_words=b"the end\n").body) == b"first\nthe end\n"  # type: ignore[arg-type]
    assert b"".join(asked(path, "fails").body) == b"first\n"  # type: ignore[arg-type]


def test_a_body_that_is_too_long_is_dropped_and_the_next_request_answered(listener: Listener, path: Path) -> None:
    with pytest.raises(OwnerGone):
        asked(path, "x", bytes(101))
    assert asked(path, "x", bytes(100)).status == 200


def test_what_is_not_of_this_protocol_is_dropped(listener: Listener, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.settimeout(TIMEOUT)
        stranger.connect(str(path))
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with suppress(ConnectionResetError):  # where not all that was sent has been read
            assert stranger.recv(100) == b""
    assert asked(path, "x").status == 200


def test_connections_are_bounded_and_freed(listener: Listener, path: Path, owner: Owner) -> None:
    streams = [asked(path, "stream") for _ in range(MOST)]
    with pytest.raises((OwnerGone, OwnerSilent)):
        asked(path, "x")
    for stream in streams:
        stream.body.close()  # type: ignore[union-attr]
    owner.go.set()
    while True:  # as soon as the owner has noticed
        try:
            assert asked(path, "x").status == 200
            break
        except OwnerGone:
            continue


def test_an_owner_that_does_not_answer_has_a_deadline(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        with pytest.raises(OwnerSilent):
            ask(path, REQUEST, b"", patience=0.02)


def test_an_owner_that_is_gone_is_told_and_its_socket_removed(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert path.exists()
    with pytest.raises(OwnerGone):
        ask(path, REQUEST, b"")
    assert not path.exists()
    assert not is_answered(path)


def test_closing_removes_the_socket(path: Path, owner: Owner) -> None:
    listener = Listener(path, owner, most=100)
    assert is_answered(path)
    listener.close()
    assert not path.exists()


def test_a_socket_in_its_place_is_not_taken_for_its_own(path: Path, owner: Owner) -> None:
    listener = Listener(path, owner, most=100)
    path.unlink()
    assert not listener.is_reachable
    other = Listener(path, owner, most=100)
    assert not listener.is_reachable
    listener.close()
    assert is_answered(path)
    other.close()


def test_a_socket_that_is_swept_away_while_it_begins_to_listen_is_not_reachable(
    path: Path, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between bind(2) and listen(2) it refuses connections, as one that a process has left behind does."""

    class Swept(socket.socket):
        def listen(self, *backlog: int) -> None:
            assert not is_answered(path)
            super().listen(*backlog)

    with monkeypatch.context() as patch:
        patch.setattr(socket, "socket", Swept)
        listener = Listener(path, owner, most=100)
    assert not listener.is_reachable
    listener.close()


def test_an_owner_that_is_killed_ends_its_streams_with_the_last_words(path: Path) -> None:
    program = f"""
import sys, threading
from pathlib import Path
from debugkit.debug.messages import Response
from debugkit.debug.processes.listener import Listener
def stream():
    yield b"first\\n"
    threading.Event().wait()
Listener(Path({str(path)!r}), lambda request: Response(200, (), stream()), most=1)
print("listens", flush=True)
sys.stdin.read()
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"listens\n"
        body = iter(ask(path, REQUEST, b"", last_words=b"the end\n").body)  # type: ignore[arg-type]
        assert next(body) == b"first\n"
        process.kill()
        assert list(body) == [b"the end\n"]
    with pytest.raises(OwnerGone):
        ask(path, REQUEST, b"")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_does_not_keep_the_socket_of_its_parent(own_state: Path) -> None:
    program = """
import os, sys
from client import Client
from debugkit import DebuggedApplication
from pathlib import Path

def app(environ, start_response):
    raise LookupError

application = DebuggedApplication(app)
client = Client(application, {"wsgi.multiprocess": True})
def owner():
    return client("/").header("X-Debugkit-Traceback").rpartition("/")[2][:8]

mine = owner()
(folder,) = Path(os.environ["XDG_RUNTIME_DIR"]).glob("debugkit-*")
if os.fork() == 0:
    sys.stdin.readline()  # the parent has ended by then, without a word
    from debugkit.debug.processes.client import is_answered
    print(is_answered(folder / mine), owner() == mine, flush=True)
os._exit(0)
"""
    support = Path(__file__).parents[2] / "support"
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(support), str(support.parents[1])])}
    command = [sys.executable, "-W", "ignore", "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ) as parent:
        assert parent.wait(TIMEOUT) == 0
        assert parent.communicate(b"go\n", TIMEOUT)[0] == b"False False\n"
