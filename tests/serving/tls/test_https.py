"""HTTPS from end to end: a real server, clients that verify its certificate, and clients that should be elsewhere."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from serving_support import TIMEOUT, application, request
from tls_support import Peer, TlsClient, careless, certificate, secure, trusting

from debugkit.serving.config import Timeouts

OK = application([b"ok"])


def echo(environ: dict[str, Any]) -> list[bytes]:
    return [environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))]


def test_pythons_own_client_accepts_the_certificate_when_told_to_trust_it() -> None:
    with secure(OK) as server:
        assert server.server.url == f"https://127.0.0.1:{server.port}/"
        for name in ("127.0.0.1", "localhost"):
            with urllib.request.urlopen(f"https://{name}:{server.port}/", context=trusting()) as answer:
                assert answer.read() == b"ok"


def test_other_clients_refuse_it_and_the_log_stays_quiet() -> None:
    with secure(OK) as server:
        for _ in range(3):
            with pytest.raises(ssl.SSLCertVerificationError, match="self-signed certificate"):
                TlsClient(server.port, ssl.create_default_context())
        assert server.get().body == b"ok"
        server.stream.wait_for("GET /")
        assert server.log.count("\n") == 1


def test_a_name_that_the_certificate_does_not_hold_for_is_refused() -> None:
    with secure(OK) as server, pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        TlsClient(server.port, name="other.test")


def test_curl_accepts_the_certificate_when_told_to_trust_it(tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    (tmp_path / "tls.crt").write_text(certificate().pem)
    with secure(OK) as server:
        command = [curl, "-sS", "--cacert", str(tmp_path / "tls.crt"), "--noproxy", "*", "-w", " %{http_version}"]
        done = subprocess.run([*command, server.server.url], capture_output=True, text=True, timeout=TIMEOUT)
    assert (done.stdout, done.stderr) == ("ok 1.1", "")


def test_the_application_learns_that_the_request_came_over_tls() -> None:
    def body(environ: dict[str, Any]) -> list[bytes]:
        return [f"{environ['wsgi.url_scheme']} {environ['HTTPS']} {environ['SERVER_PORT']}".encode()]

    with secure(application(body)) as server:
        assert server.get().body == f"https on {server.port}".encode()


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(["h2", "http/1.1"], "http/1.1"), (["h2"], None), ([], None)],
    ids=["both", "only h2", "none"],
)
def test_the_protocol_that_is_agreed_on_is_http_1_1(offered: list[str], chosen: str | None) -> None:
    context = trusting()
    if offered:
        context.set_alpn_protocols(offered)
    with secure(OK) as server, TlsClient(server.port, context) as client:
        assert client.tls.selected_alpn_protocol() == chosen
        assert client.get("/").body == b"ok"


def test_many_requests_go_over_one_connection() -> None:
    with secure(OK) as server, server.client() as client:
        assert [client.get("/").body for _ in range(5)] == [b"ok"] * 5
        client.send(request("GET / HTTP/1.1") * 3)
        assert [client.reply().body for _ in range(3)] == [b"ok"] * 3


def test_an_idle_connection_goes_on() -> None:
    with secure(OK, threads=1) as server, server.client() as first, server.client() as second:
        for _ in range(3):
            assert first.get("/").body == b"ok"
            assert second.get("/").body == b"ok"


def test_a_client_that_asks_first_is_told_to_go_on() -> None:
    with secure(application(echo)) as server, server.client() as client:
        client.send(request("POST / HTTP/1.1", "Content-Length: 5", "Expect: 100-continue"))
        assert client.read_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert client.send(b"hello").reply().body == b"hello"


def test_megabytes_go_both_ways() -> None:
    data = bytes(range(256)) * 20_000
    with secure(application(echo)) as server, server.client() as client:
        reply = client.send(request("POST / HTTP/1.1", f"Content-Length: {len(data)}", body=data)).reply()
        assert (reply.status, reply.body == data) == (200, True)
        assert client.send(request("POST / HTTP/1.1", "Content-Length: 4", body=b"more")).reply().body == b"more"


def test_a_file_is_sent_encrypted(tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"not for other eyes" * 50_000)

    def body(environ: dict[str, Any]) -> Any:
        return environ["wsgi.file_wrapper"](path.open("rb"))

    with secure(application(body), check=False) as server:
        assert server.get().body == path.read_bytes()


def test_an_answer_without_a_length_ends_with_a_goodbye() -> None:
    with secure(application(iter([b"one", b"two"])), check=False) as server, server.client() as client:
        reply = client.get("/", version="1.0")
        assert (reply.body, client.ended) == (b"onetwo", True)


def test_an_answer_that_breaks_off_ends_without_one() -> None:
    def body(environ: dict[str, Any]) -> Any:
        yield b"one"
        raise LookupError("in the middle")

    with secure(application(body), check=False) as server, server.client() as client:
        with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):
            client.get("/", version="1.0")
            client.rest()


def test_an_application_can_take_the_encrypted_connection_over() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        sock = environ["werkzeug.socket"]
        sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n")
        while data := sock.recv(100):
            sock.sendall(data.upper())
        return []

    with secure(app, check=False) as server, server.client() as client:
        client.send(request("GET / HTTP/1.1", "Connection: Upgrade", "Upgrade: echo"))
        assert client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
        for word in (b"one", b"two"):
            client.send(word)
            assert client.read_until(word.upper()) == word.upper()
        client.sock.shutdown(socket.SHUT_WR)
        assert " 101 " in server.stream.wait_for("GET /")


def test_silent_clients_delay_nobody() -> None:
    with secure(OK, threads=2) as server:
        silent = [server.plain() for _ in range(6)]
        halfway = [server.plain() for _ in range(6)]
        peers = [Peer(client.sock) for client in halfway]
        for peer in peers:
            peer.sock.sendall(peer.shake_hands()[:50])
        assert [server.get().body for _ in range(3)] == [b"ok"] * 3
        for client in silent + halfway:
            client.sock.close()


def test_a_client_that_waits_before_it_begins_is_answered() -> None:
    with secure(OK) as server:
        sock = socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT)
        assert server.get().body == b"ok"
        with careless().wrap_socket(sock) as tls:
            tls.sendall(request("GET / HTTP/1.0"))
            assert tls.recv(1000).startswith(b"HTTP/1.1 200 OK")


def test_plain_http_gets_one_clear_line() -> None:
    with secure(OK) as server, server.plain() as client:
        reply = client.get("/path", "X-Long: " + "x" * 5000)
        assert reply.status == 400
        assert reply.header("Content-Type") == "text/plain; charset=utf-8"
        assert b"open it with https://" in reply.body
        assert client.rest() == b""
        assert server.stream.wait_for("open it with https://").count("\n") == 1


def test_noise_is_one_line_in_the_log() -> None:
    with secure(OK) as server:
        with server.plain() as client:
            client.send(b"\x16\x03\x01\x00\x05hello" * 10)
            try:
                assert b"HTTP" not in client.rest()
            except ConnectionResetError:
                pass
        assert server.stream.wait_for("The TLS handshake failed: ").count("\n") == 1
        assert server.get().body == b"ok"


def test_clients_that_hang_up_during_the_handshake_leave_no_line() -> None:
    with secure(OK) as server:
        for size in (0, 1, 50):
            with server.plain() as client:
                client.send(Peer(client.sock).shake_hands()[:size])
        assert server.get().body == b"ok"
        server.stream.wait_for("GET /")
        assert server.log.count("\n") == 1


def test_a_client_that_takes_too_long_is_hung_up_on() -> None:
    with secure(OK, timeouts=Timeouts(idle=0.05, head=0.05)) as server, server.plain() as client:
        client.send(Peer(client.sock).shake_hands()[:50])
        with suppress(ConnectionResetError):  # on a busy machine it was so already when this was sent
            assert client.rest() == b""
        assert server.log == ""


def test_a_request_in_flight_ends_well_when_the_server_stops() -> None:
    begun, gate = threading.Event(), threading.Event()

    def body(environ: dict[str, Any]) -> list[bytes]:
        begun.set()
        assert gate.wait(TIMEOUT)
        return [b"finished"]

    with secure(application(body)) as server, server.client() as client, server.client() as idle:
        client.send(request("GET / HTTP/1.1"))
        assert begun.wait(TIMEOUT)
        server.server.request_stop()
        assert idle.rest() == b""
        gate.set()
        assert client.reply().body == b"finished"
        assert client.rest() == b""
