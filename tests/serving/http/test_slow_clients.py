"""Clients that send their bodies and take their answers slowly: they hold up nobody, and lose nothing."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving_support import TIMEOUT, Client, Program, application, request, running

from debugkit.serving.config import THREADS
from debugkit.serving.tls.certificates import make_ssl_devcert
from debugkit.serving.tls.context import load_ssl_context

SIZED = request("POST /slow HTTP/1.1", "Content-Length: 3", body=b"t")
CHUNKED = request("POST /slow HTTP/1.1", "Transfer-Encoding: chunked", body=b"3\r\nt")
#: What makes the slow request whole.
REST = {SIZED: b"ea", CHUNKED: b"ea\r\n0\r\n\r\n"}
#: More than the system's buffers take of an answer.
LARGE = 8 << 20
#: More than there are threads.
MANY = 70

ECHO = application(lambda environ: [environ["wsgi.input"].read() or b"quick"])


@pytest.mark.parametrize("slow", [SIZED, CHUNKED], ids=["sized", "chunked"])
def test_slow_bodies_hold_up_nobody_and_are_read_to_their_end(slow: bytes) -> None:
    with running(ECHO, threads=2, check=False) as server:
        clients = [server.client().send(slow) for _ in range(10)]
        assert [server.get().body for _ in range(5)] == 5 * [b"quick"]
        for client in clients:
            assert client.send(REST[slow]).reply().body == b"tea"
            client.sock.close()


def test_slow_bodies_over_https_hold_up_nobody(tmp_path: Path) -> None:
    certificate, key = make_ssl_devcert(str(tmp_path / "dev"), "localhost")
    trusting = ssl.create_default_context(cafile=certificate)

    def secure(port: int) -> Client:
        client = Client(port)
        client.sock = trusting.wrap_socket(client.sock, server_hostname="localhost")
        return client

    with running(ECHO, ssl_context=load_ssl_context(certificate, key), threads=2, check=False) as server:
        clients = [secure(server.port).send(SIZED) for _ in range(5)]
        with secure(server.port) as quick:
            assert quick.get("/").body == b"quick"
        for client in clients:
            assert client.send(REST[SIZED]).reply().body == b"tea"
            client.sock.close()


def test_bodies_that_the_application_does_not_read_hold_up_nobody() -> None:
    with running(application([b"unread"]), threads=2, check=False) as server:
        clients = [server.client().send(SIZED) for _ in range(10)]
        assert [client.reply().body for client in clients] == 10 * [b"unread"]
        assert server.get().body == b"unread"
        for client in clients:
            client.sock.close()


def test_clients_that_do_not_take_their_answers_hold_up_nobody() -> None:
    def body(environ: dict[str, Any]) -> list[bytes]:
        return [bytes(LARGE) if environ["PATH_INFO"] == "/large" else b"quick"]

    with running(application(body), threads=2) as server:
        clients = [server.client().send(request("GET /large HTTP/1.1")) for _ in range(5)]
        assert [server.get().body for _ in range(5)] == 5 * [b"quick"]
        for client in clients:
            assert client.reply().body == bytes(LARGE)
            client.sock.close()


def test_an_application_still_gets_each_piece_of_a_body_when_it_comes() -> None:
    def body(environ: dict[str, Any]) -> Iterator[bytes]:
        while data := environ["wsgi.input"].read1(100):
            yield data

    with running(application(body), threads=2, check=False) as server:
        clients = [server.client().send(request("POST / HTTP/1.1", "Content-Length: 6")) for _ in range(5)]
        for piece in (b"gr", b"ee", b"n."):
            for client in clients:
                client.send(piece).read_until(piece)
        for client in clients:
            client.sock.close()


def test_an_application_that_is_told_of_one_thread_is_never_called_twice_at_the_same_time() -> None:
    reads = threading.Event()
    calls: list[str] = []

    def body(environ: dict[str, Any]) -> list[bytes]:
        calls.append(environ["PATH_INFO"])
        reads.set()
        data = environ["wsgi.input"].read()
        calls.append(f"{environ['PATH_INFO']} is done")
        return [data]

    with (
        running(application(body), threads=1, check=False) as server,
        server.client() as slow,
        server.client() as quick,
    ):
        slow.send(SIZED)
        assert reads.wait(TIMEOUT)
        quick.send(request("GET / HTTP/1.1"))
        slow.send(REST[SIZED]).reply()
        quick.reply()
    assert calls == ["/slow", "/slow is done", "/", "/ is done"]


def test_more_slow_bodies_than_threads_stop_neither_the_application_nor_the_debugger(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("""
def app(environ, start_response):
    data = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [data or b"quick"]
""")
    assert MANY > THREADS
    run = ("-m", "debugkit", "run", "app.py", "--port", "0", "--no-reload")
    with Program(cwd=tmp_path, python=run) as program:
        port = program.port()
        clients = [Client(port).send(SIZED) for _ in range(MANY)]
        for path, status in (("/", 200), ("/__debugkit__/tracebacks", 200), ("/__debugkit__/nothing", 404)):
            with Client(port) as client:
                assert client.get(path).status == status
        for client in clients:
            assert client.send(REST[SIZED]).reply().body == b"tea"
            client.sock.close()
        program.stop()
