"""Applications that take the connection over, as WebSocket libraries do."""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from serving_support import TIMEOUT, Client, application, request, running

from debugkit.serving.config import Timeouts
from debugkit.serving.http.hijack import HijackableSocket
from debugkit.serving.http.transport import Transport

UPGRADE = request("GET /chat HTTP/1.1", "Connection: Upgrade", "Upgrade: tea")
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tea\r\n\r\n"


def taking(work: Any, *, key: str = "debugkit.socket") -> Any:
    """An application that hands the connection to ``work`` and then answers as frameworks do."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        work(environ[key])
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return [b""]

    return app


def talk(sock: Any) -> None:
    sock.sendall(SWITCHED)
    while data := sock.recv(100):
        sock.sendall(data.upper())
        if data.endswith(b"bye"):
            return


@pytest.mark.parametrize("key", ["debugkit.socket", "werkzeug.socket"])
def test_the_application_talks_and_the_server_adds_nothing(key: str) -> None:
    with running(taking(talk, key=key), check=False) as server:
        with server.client() as client:
            assert client.send(UPGRADE).read_until(b"\r\n\r\n") == SWITCHED
            client.send(b"hello")
            assert client.read_until(b"HELLO") == b"HELLO"
            assert client.send(b"bye").rest() == b"BYE"
        server.stream.wait_for('"GET /chat HTTP/1.1" 101 -')
    assert "Traceback" not in server.log
    assert server.log.count("\n") == 1


def test_an_application_that_took_over_need_not_call_start_response() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        talk(environ["debugkit.socket"])
        return []

    with running(app, check=False) as server:
        with server.client() as client:
            assert client.send(UPGRADE).read_until(b"\r\n\r\n") == SWITCHED
            assert client.send(b"bye").rest() == b"BYE"
        server.stream.wait_for('" 101 -')
    assert "Traceback" not in server.log


@pytest.mark.parametrize("error", [LookupError("no tea"), ConnectionError("gone")], ids=["mistake", "disconnection"])
def test_an_error_after_taking_over_is_not_answered(error: Exception) -> None:
    def fail(sock: Any) -> None:
        sock.sendall(SWITCHED)
        raise error

    with running(taking(fail), check=False) as server:
        with server.client() as client:
            assert client.send(UPGRADE).rest() == SWITCHED
        server.stream.wait_for('" 101 -')
    # The client that left is nobody's mistake.
    assert ("LookupError: no tea" in server.log) == isinstance(error, LookupError)
    assert ("Traceback" in server.log) == isinstance(error, LookupError)


def test_an_error_before_taking_over_is_answered() -> None:
    def fail(sock: Any) -> None:
        raise LookupError("no tea")

    with running(taking(fail), check=False) as server:
        assert server.send(UPGRADE).status == 500
        assert "LookupError: no tea" in server.stream.wait_for('" 500 -')


def test_looking_at_the_socket_takes_nothing_over() -> None:
    def look(sock: Any) -> None:
        assert sock.getpeername()[0] == "127.0.0.1"
        assert sock.family == socket.AF_INET
        assert not select.select([sock], [], [], 0)[0]
        assert not hasattr(sock, "shape")
        assert "HijackableSocket" in repr(sock)

    with running(taking(look), check=False) as server, server.client() as client:
        for _ in range(2):
            assert client.get("/").status == 200


def test_an_upgrade_that_the_application_ignores_is_an_ordinary_request() -> None:
    with running(application([b"no"])) as server, server.client() as client:
        for _ in range(2):
            assert client.send(UPGRADE).reply().body == b"no"


def test_data_that_came_before_the_connection_was_taken_over_is_refused_and_not_lost() -> None:
    with running(taking(talk), check=False) as server:
        reply = server.send(UPGRADE + b"too early")
        assert (reply.status, reply.body) == (400, b"The client sent data before the connection was taken over.\n")
    assert "Traceback" not in server.log
    assert server.log.count("\n") == 1


def test_a_socket_has_no_deadline_any_more_when_it_is_taken_over() -> None:
    ours, theirs = socket.socketpair()
    transport = Transport(ours, Timeouts(transfer=0.01))
    hijackable = HijackableSocket(transport)
    with theirs:
        assert hijackable.gettimeout() == 0
        theirs.sendall(b"tea")
        assert hijackable.recv(10) == b"tea"
        assert hijackable.gettimeout() is None
        transport.close()


def test_closing_ends_the_reading_of_a_thread_that_the_application_left_behind() -> None:
    threads: list[threading.Thread] = []
    received: list[bytes] = []

    def leave(sock: Any) -> None:
        sock.sendall(SWITCHED)
        threads.append(threading.Thread(target=lambda: received.append(sock.recv(100))))
        threads[0].start()

    with running(taking(leave), check=False, timeouts=Timeouts(closing=0.01)) as server, server.client() as client:
        assert client.send(UPGRADE).rest() == SWITCHED
        threads[0].join(TIMEOUT)
        assert received == [b""]


def test_a_thread_that_the_application_left_behind_may_say_a_last_word() -> None:
    returned = threading.Event()

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        sock = environ["debugkit.socket"]
        sock.sendall(SWITCHED)
        threading.Thread(target=lambda: (returned.wait(TIMEOUT), sock.sendall(b"goodbye"))).start()
        return Closing()

    class Closing:
        def __iter__(self) -> Iterator[bytes]:
            return iter(())

        def close(self) -> None:
            returned.set()

    with running(app, check=False) as server, server.client() as client:
        assert client.send(UPGRADE).rest() == SWITCHED + b"goodbye"


def test_a_server_that_stops_ends_connections_that_were_taken_over() -> None:
    begun = threading.Event()

    def stay(sock: Any) -> None:
        sock.sendall(SWITCHED)
        begun.set()
        while sock.recv(100):
            pass

    with running(taking(stay), check=False, grace=0.05) as server:
        client = server.client()
        client.send(UPGRADE)
        assert begun.wait(TIMEOUT)
    assert client.rest() == SWITCHED
    client.sock.close()


# The libraries that people use.


def frame(opcode: int, payload: bytes) -> bytes:
    """A frame as clients send it: masked (RFC 6455, 5.2), here with zeros."""
    return struct.pack("!BB4x", 0x80 | opcode, 0x80 | len(payload)) + payload


HANDSHAKE = request(
    *("GET /echo HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


def flask_app() -> Any:
    flask = pytest.importorskip("flask")
    app = flask.Flask("chat")

    @pytest.importorskip("flask_sock").Sock(app).route("/echo")
    def echo(ws: Any) -> None:
        while (text := ws.receive()) != "bye":
            ws.send(text.upper())

    return app


def plain_app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    library = pytest.importorskip("simple_websocket")
    ws = library.Server.accept(environ)
    try:
        while (text := ws.receive()) != "bye":
            ws.send(text.upper())
        ws.close()
    except library.ConnectionClosed:
        pass
    return []


@pytest.fixture(params=["flask-sock", "simple-websocket"])
def chat(request: pytest.FixtureRequest) -> Any:
    pytest.importorskip("simple_websocket")
    return flask_app() if request.param == "flask-sock" else plain_app


def shake_hands(client: Client) -> None:
    head = client.send(HANDSHAKE).read_until(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head  # the answer to that key, by RFC 6455, 1.3


def test_a_websocket_echoes_and_is_closed_by_the_server(chat: Any) -> None:
    with running(chat, check=False) as server:
        with server.client() as client:
            shake_hands(client)
            for text in (b"tea", b"x" * 125):
                assert client.send(frame(1, text)).read_until(text.upper())[2:] == text.upper()
            client.send(frame(1, b"bye"))
            assert client.rest().startswith(b"\x88\x02\x03\xe8")  # closed, for the reason 1000: done
        server.stream.wait_for('"GET /echo HTTP/1.1" 101 -')
    assert "Traceback" not in server.log


def test_a_websocket_is_closed_by_the_client(chat: Any) -> None:
    with running(chat, check=False) as server:
        with server.client() as client:
            shake_hands(client)
            client.send(frame(8, b"\x03\xe8"))
            assert client.rest() == b"\x88\x02\x03\xe8"
        server.stream.wait_for('" 101 -')
    assert "Traceback" not in server.log


def test_a_websocket_whose_client_vanishes_leaves_no_traceback(chat: Any) -> None:
    with running(chat, check=False) as server:
        with server.client() as client:
            shake_hands(client)
        server.stream.wait_for('" 101 -')
    assert "Traceback" not in server.log


def test_a_real_client_of_websockets_talks_to_flask() -> None:
    client = pytest.importorskip("simple_websocket").Client
    with running(flask_app(), check=False) as server:
        ws = client(f"ws://127.0.0.1:{server.port}/echo")
        ws.send("tea")
        assert ws.receive(TIMEOUT) == "TEA"
        ws.send("x" * 100_000)
        assert ws.receive(TIMEOUT) == "X" * 100_000
        ws.close()
        ws.thread.join(TIMEOUT)
        server.stream.wait_for('"GET /echo HTTP/1.1" 101 -')
    assert "Traceback" not in server.log
