"""Sockets, threads and the end: what a server promises beyond one connection."""

from __future__ import annotations

import errno
import select
import signal
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from serving_support import TIMEOUT, Client, Process, Stream, application, request, running

from debugkit.errors import ConfigurationError, DebugkitError
from debugkit.serving import listen
from debugkit.serving.listen import AddressInUse, bind
from debugkit.serving.log import Log
from debugkit.serving.server import make_server
from debugkit.serving.wire import Disconnected, Patience, Wire, poll_ready, select_ready

OK = application([b"ok"])


def quiet() -> Log:
    return Log(Stream(), environ={})


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


# Threads.


def test_requests_are_answered_at_the_same_time() -> None:
    together = threading.Barrier(4, timeout=TIMEOUT)

    def body(environ: Any) -> list[bytes]:
        together.wait()
        return [b"met"]

    with running(application(body)) as server:
        clients = [server.client().send(request("GET / HTTP/1.1")) for _ in range(4)]
        assert [client.reply().body for client in clients] == [b"met"] * 4
        for client in clients:
            client.sock.close()


def test_silent_connections_do_not_use_up_the_threads() -> None:
    with running(OK, threads=2) as server:
        silent = [server.client() for _ in range(10)]
        slow = [server.client().send(b"GET / HTT") for _ in range(10)]
        kept = [server.client() for _ in range(10)]
        assert [client.get("/").body for client in kept] == [b"ok"] * 10
        assert server.get().body == b"ok"
        assert [client.send(b"P/1.1\r\nHost: a\r\n\r\n").reply().body for client in slow] == [b"ok"] * 10
        assert [client.get("/").body for client in silent + kept] == [b"ok"] * 20
        for client in silent + slow + kept:
            client.sock.close()


def test_no_more_threads_than_asked_for_and_the_rest_waits() -> None:
    gate = threading.Event()
    running_now: list[str] = []
    begun = threading.Semaphore(0)

    def body(environ: Any) -> list[bytes]:
        running_now.append(threading.current_thread().name)
        begun.release()
        assert gate.wait(TIMEOUT)
        return [b"ok"]

    with running(application(body), threads=2) as server:
        clients = [server.client().send(request("GET / HTTP/1.1")) for _ in range(5)]
        assert begun.acquire(timeout=TIMEOUT)
        assert begun.acquire(timeout=TIMEOUT)
        gate.set()
        assert [client.reply().body for client in clients] == [b"ok"] * 5
        for client in clients:
            client.sock.close()
    assert len(set(running_now)) == 2


def test_one_thread_is_told_to_the_application() -> None:
    def body(environ: Any) -> list[bytes]:
        return [str(environ["wsgi.multithread"]).encode()]

    with running(application(body), threads=1) as server:
        assert server.get().body == b"False"


def test_small_answers_are_not_held_back() -> None:
    with running(OK) as server, server.client() as client:
        client.get("/")
        (connection,) = server.server._connections
        assert connection.wire._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


# The end.


def test_the_context_manager_starts_and_stops() -> None:
    before = set(threading.enumerate())
    with make_server("127.0.0.1", 0, OK, log=quiet()) as server:
        with Client(server.port) as client:
            assert client.get("/").body == b"ok"
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))


def test_a_request_in_flight_is_finished_before_the_end_and_told_to_close() -> None:
    gate, begun = threading.Event(), threading.Event()

    def body(environ: Any) -> list[bytes]:
        begun.set()
        assert gate.wait(TIMEOUT)
        return [b"finished"]

    with running(application(body), grace=TIMEOUT) as server:
        client = server.client().send(request("GET / HTTP/1.1"))
        assert begun.wait(TIMEOUT)
        stopper = threading.Thread(target=server.server.stop)
        stopper.start()
        gate.set()
        assert client.reply().body == b"finished"
        assert client.rest() == b""
        stopper.join(TIMEOUT)
        assert not stopper.is_alive()
        client.sock.close()


def test_a_request_that_never_ends_is_cut_after_the_grace() -> None:
    def body(environ: Any) -> Iterator[bytes]:
        while True:
            yield b"more"

    with running(application(body), check=False, grace=0.01) as server:
        client = server.client().send(request("GET / HTTP/1.1"))
        client.read_until(b"more")
        server.server.stop()
        client.sock.close()


def test_stopping_twice_or_before_the_start_is_no_problem() -> None:
    server = make_server("127.0.0.1", 0, OK, log=quiet())
    server.stop()
    server.stop()
    with pytest.raises(RuntimeError, match="runs once"):
        server.serve_forever()


def test_serve_forever_ends_when_another_thread_stops_it() -> None:
    server = make_server("127.0.0.1", 0, OK, log=quiet())
    results: list[int] = []
    thread = threading.Thread(target=lambda: results.append(server.serve_forever()))
    thread.start()
    with Client(server.port) as client:
        assert client.get("/").body == b"ok"
    server.stop()
    thread.join(TIMEOUT)
    assert results == [0]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_serve_forever_and_the_handlers_from_before_return(number: signal.Signals) -> None:
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}

    def body(environ: Any) -> list[bytes]:
        signal.raise_signal(number)
        return [b"ok"]

    server = make_server("127.0.0.1", 0, application(body), log=quiet())
    replies: list[bytes] = []

    def ask() -> None:
        with Client(server.port) as client:
            replies.append(client.get("/").body)

    thread = threading.Thread(target=ask)
    thread.start()
    assert server.serve_forever() == number
    thread.join(TIMEOUT)
    assert replies == [b"ok"]
    assert {one: signal.getsignal(one) for one in before} == before


def test_a_second_signal_does_not_wait_for_requests() -> None:
    gate = threading.Event()

    def body(environ: Any) -> list[bytes]:
        signal.raise_signal(signal.SIGINT)
        server.stopping.wait(TIMEOUT)  # type: ignore[attr-defined]
        signal.raise_signal(signal.SIGINT)
        gate.wait(TIMEOUT)
        return [b"never"]

    server = make_server("127.0.0.1", 0, application(body), log=quiet(), grace=600)
    server.stopping = _Stopping(server)  # type: ignore[attr-defined]
    client = Client(server.port).send(request("GET / HTTP/1.1"))
    assert server.serve_forever() == signal.SIGINT
    gate.set()
    client.sock.close()


class _Stopping:
    """Waits until the server refuses connections: then the first signal has been handled."""

    def __init__(self, server: Any) -> None:
        self.port = server.port

    def wait(self, seconds: float) -> None:
        for _ in range(10_000):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=seconds).close()
            except OSError:
                return


def test_passthrough_errors_end_serve_forever_with_the_exception_of_the_application() -> None:
    def body(environ: Any) -> list[bytes]:
        raise LookupError("for the debugger outside")

    server = make_server("127.0.0.1", 0, application(body), log=quiet(), passthrough_errors=True)
    client = Client(server.port).send(request("GET / HTTP/1.1"))
    with pytest.raises(LookupError, match="for the debugger outside"):
        server.serve_forever()
    client.sock.close()


def test_a_mistake_of_the_server_costs_one_connection() -> None:
    class Breaking(Log):
        broken = True

        def access(self, peer: str, line: str, status: int, size: int = 0, seconds: float = 0.0) -> None:
            if "/break" in line:
                raise RuntimeError("cannot log")

    stream = Stream()
    with make_server("127.0.0.1", 0, OK, log=Breaking(stream, environ={}), threads=1) as server:
        with Client(server.port) as client:
            assert client.send(request("GET /break HTTP/1.1")).rest().endswith(b"ok")
        with Client(server.port) as client:
            assert client.get("/").body == b"ok"
    assert "RuntimeError: cannot log" in stream.getvalue()


# Addresses.


def test_port_zero_is_a_free_port_and_the_url_names_it() -> None:
    with make_server("127.0.0.1", 0, OK, log=quiet()) as server:
        assert server.port > 0
        assert server.url == f"http://127.0.0.1:{server.port}/"


def test_localhost_is_both_loopback_addresses_on_one_port() -> None:
    with make_server("localhost", 0, OK, log=quiet()) as server:
        assert server.url == f"http://localhost:{server.port}/"
        for host in ["127.0.0.1", *(["::1"] if has_ipv6() else [])]:
            with Client(server.port, host) as client:
                assert client.get("/").body == b"ok"


def test_localhost_is_in_use_when_one_of_its_addresses_is() -> None:
    if not has_ipv6():
        pytest.skip("no IPv6 on this computer")
    (taken,) = bind("::1", 0)
    with taken, pytest.raises(AddressInUse):
        bind("localhost", taken.getsockname()[1])


def test_localhost_is_127_0_0_1_alone_without_ipv6() -> None:
    def without_ipv6(host: str, port: int) -> socket.socket:
        if ":" in host:
            raise ConfigurationError("no IPv6")
        return bind(host, port)[0]

    (only,) = bind("localhost", 0, listen=without_ipv6)
    with only:
        assert only.getsockname()[0] == "127.0.0.1"


def test_localhost_tries_another_port_when_only_one_of_its_addresses_has_it_free() -> None:
    asked: list[str] = []

    def taken_once(host: str, port: int) -> socket.socket:
        asked.append(host)
        if asked == ["127.0.0.1", "::1"]:
            raise AddressInUse("taken")
        return bind("127.0.0.1", 0)[0]

    for sock in bind("localhost", 0, listen=taken_once):
        sock.close()
    assert asked == ["127.0.0.1", "::1", "127.0.0.1", "::1"]


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_ipv6_addresses_stand_in_brackets_in_the_url(host: str) -> None:
    if not has_ipv6():
        pytest.skip("no IPv6 on this computer")
    with make_server(host, 0, OK, log=quiet()) as server:
        assert server.url == f"http://[::1]:{server.port}/"


@pytest.mark.parametrize("host", ["", "0.0.0.0"])
def test_all_addresses_are_reached_at_loopback(host: str) -> None:
    with make_server(host, 0, OK, log=quiet()) as server:
        assert server.url == f"http://127.0.0.1:{server.port}/"
        with Client(server.port) as client:
            assert client.get("/").body == b"ok"


def test_a_port_in_use_is_a_sentence_that_says_what_to_do() -> None:
    (taken,) = bind("127.0.0.1", 0)
    port = taken.getsockname()[1]
    with taken, pytest.raises(DebugkitError, match=rf"Port {port} is in use .* choose another port"):
        make_server("127.0.0.1", port, OK)


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_number_that_is_no_port_is_told(port: int) -> None:
    with pytest.raises(ConfigurationError, match=f"{port} is not a port"):
        bind("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no such name", "192.0.2.1", "::ffff:1:2:3"])
def test_an_address_of_another_computer_is_told(host: str) -> None:
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1"):
        bind(host, 0)


def test_a_port_that_the_system_keeps_is_told() -> None:
    assert "above 1023" in listen._explain(PermissionError(errno.EACCES, "no"), "127.0.0.1", 80).explanation


# The wire.


def pair(transfer: float = 0.01) -> tuple[Wire, socket.socket]:
    ours, theirs = socket.socketpair()
    theirs.settimeout(TIMEOUT)
    return Wire(ours, Patience(transfer=transfer)), theirs


def test_nothing_received_in_time_is_none_and_the_end_is_empty() -> None:
    wire, theirs = pair()
    assert wire.receive(0) is None
    theirs.close()
    assert wire.receive(TIMEOUT) == b""
    wire.close()


def test_a_client_that_takes_nothing_is_disconnected() -> None:
    wire, theirs = pair()
    with pytest.raises(Disconnected, match="does not take"):
        wire.send(b"x" * 50_000_000)
    wire.close()
    theirs.close()


def test_sending_to_a_client_that_left_is_disconnected() -> None:
    wire, theirs = pair()
    theirs.close()
    with pytest.raises(Disconnected):
        for _ in range(100):
            wire.send(b"x" * 100_000)
    wire.close()


def test_a_wire_that_was_closed_is_disconnected_and_can_be_closed_again() -> None:
    wire, theirs = pair()
    wire.close()
    with pytest.raises(Disconnected):
        wire.receive(0)
    with pytest.raises(Disconnected):
        wire.send(b"x")
    wire.close(unread=True)
    wire.reset()
    wire.interrupt()
    theirs.close()


def test_interrupting_ends_a_wait_in_another_thread() -> None:
    wire, theirs = pair(transfer=600)
    received: list[bytes | None] = []
    thread = threading.Thread(target=lambda: received.append(wire.receive()))
    thread.start()
    wire.interrupt()
    thread.join(TIMEOUT)
    assert received == [b""]
    wire.close()
    theirs.close()


@pytest.mark.parametrize("ready", [poll_ready, select_ready])
def test_both_ways_to_wait_agree(ready: Any) -> None:
    if not hasattr(select, "poll"):
        pytest.skip("this system has one way only")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert ready(ours, writing=True, seconds=0)
        assert not ready(ours, writing=False, seconds=0)
        theirs.send(b"x")
        assert ready(ours, writing=False, seconds=TIMEOUT)


def test_a_client_that_resets_the_connection_leaves_no_trace() -> None:
    with running(OK) as server:
        with server.client() as client:
            client.get("/")
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert server.get().body == b"ok"
    assert server.log.count("\n") == 2


class Unable:
    """Stands for a listening socket whose `accept` fails."""

    def __init__(self, error: OSError) -> None:
        self.error = error

    def accept(self) -> Any:
        raise self.error


def test_a_connection_that_another_process_took_is_no_problem() -> None:
    with running(OK) as server:
        server.server._accept(Unable(BlockingIOError()))
        assert server.get().body == b"ok"
    assert "Cannot" not in server.log


# Deadlines of connections that are parked.


def test_a_parked_connection_is_closed_without_a_word_after_its_time() -> None:
    with running(OK, patience=Patience(idle=0.2)) as server, server.client() as client:
        assert client.get("/").body == b"ok"
        assert client.rest() == b""
    assert server.log.count("\n") == 1


def test_a_parked_request_that_never_ends_is_answered_with_408() -> None:
    with running(OK, patience=Patience(head=0.2)) as server, server.client() as client:
        assert client.send(b"GET / HTTP/1.1\r\n").reply().status == 408
        assert client.rest() == b""


# A process.


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
def test_a_process_that_serves_ends_in_time_while_a_browser_is_connected() -> None:
    program = (
        "from debugkit.serving.server import make_server\n"
        "from debugkit.serving.log import Log\n"
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
        "    return [b'ok']\n"
        "server = make_server('127.0.0.1', 0, app)\n"
        "Log().say(server.url + '\\nPress Ctrl+C')\n"
        "raise SystemExit(128 + server.serve_forever())"
    )
    with Process(python=("-c", program)) as process, Client(process.port()) as client:
        assert client.get("/").body == b"ok"
        assert process.end(signal.SIGTERM) == 128 + signal.SIGTERM
