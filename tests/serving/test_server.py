"""Sockets, threads and the end: what a server promises beyond one connection."""

from __future__ import annotations

import select
import selectors
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from serving_support import TIMEOUT, Client, Program, Stream, application, environ, request, running

from debugkit import DebuggedApplication
from debugkit.serving.config import RequestLimits, Timeouts
from debugkit.serving.connections import IdleConnections
from debugkit.serving.http.connection import Connection
from debugkit.serving.http.transport import Disconnected, Transport, poll_ready, select_ready
from debugkit.serving.listen import bind
from debugkit.serving.log import Log
from debugkit.serving.server import make_server
from debugkit.serving.signals import SIGNALS
from debugkit.serving.tls.certificates import make_ssl_devcert
from debugkit.serving.tls.context import load_ssl_context

OK = application([b"ok"])


def quiet() -> Log:
    return Log(Stream(), environ={})


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


def test_a_server_with_a_certificate_speaks_https_and_half_a_handshake_holds_up_nobody(tmp_path: Path) -> None:
    def body(environ: Any) -> list[bytes]:
        return [environ["wsgi.url_scheme"].encode()]

    certificate, key = make_ssl_devcert(str(tmp_path / "dev"), "localhost")
    trusting = ssl.create_default_context(cafile=certificate)
    with running(application(body), ssl_context=load_ssl_context(certificate, key), threads=1) as server:
        assert server.server.url == f"https://127.0.0.1:{server.port}/"
        silent = [server.client() for _ in range(5)]
        slow = [server.client().send(b"\x16\x03") for _ in range(5)]
        with server.client() as client:
            client.sock = trusting.wrap_socket(client.sock, server_hostname="localhost")
            assert client.get("/").body == b"https"
        for one in silent + slow:
            one.sock.close()


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


def test_with_one_thread_idle_and_slow_clients_hold_up_nobody() -> None:
    with running(OK, threads=1) as server:
        idle = [server.client() for _ in range(50)]
        for client in idle[:25]:
            assert client.get("/").body == b"ok"
        slow = [server.client().send(b"GET / HTTP/1.1\r\nHo") for _ in range(10)]
        for _ in range(10):
            assert server.get().body == b"ok"
        for client in idle + slow:
            client.sock.close()


def test_one_thread_is_told_to_the_application() -> None:
    def body(environ: Any) -> list[bytes]:
        return [str(environ["wsgi.multithread"]).encode()]

    with running(application(body), threads=1) as server:
        assert server.get().body == b"False"


def test_small_answers_are_not_held_back() -> None:
    with running(OK) as server, server.client() as client:
        client.get("/")
        (connection,) = server.server._connections
        assert connection.transport._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


# The end.


def test_the_context_manager_starts_and_stops() -> None:
    before = set(threading.enumerate())
    with make_server("127.0.0.1", 0, OK, log=quiet()) as server:
        with Client(server.port) as client:
            assert client.get("/").body == b"ok"
    for thread in set(threading.enumerate()) - before:
        thread.join(TIMEOUT)
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


def test_requests_that_are_cut_off_are_named_once_without_their_secrets_and_idle_clients_are_not() -> None:
    gate, begun = threading.Event(), threading.Semaphore(0)

    def body(environ: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/":
            return [b"ok"]
        begun.release()
        gate.wait(TIMEOUT)
        return [b"late"]

    with running(application(body), check=False, grace=0.01) as server:
        with server.client() as idle, server.client() as first, server.client() as second:
            assert idle.get("/").status == 200
            for client, path in ((first, "/updates?token=secret"), (second, "/updates?token=other")):
                client.send(request(f"GET {path} HTTP/1.1"))
                assert begun.acquire(timeout=TIMEOUT)
            server.server.stop()
        gate.set()
        said = [line for line in server.log.splitlines() if "Cut off" in line]
        assert said == [" * Cut off while still being answered: GET /updates?[not logged] HTTP/1.1"]


def test_stopping_twice_or_before_the_start_is_no_problem() -> None:
    server = make_server("127.0.0.1", 0, OK, log=quiet())
    server.stop()
    server.stop()
    with pytest.raises(RuntimeError, match="runs only once"):
        server.serve_forever()


def test_a_server_starts_once() -> None:
    with make_server("127.0.0.1", 0, OK, log=quiet()) as server:
        with pytest.raises(RuntimeError, match="runs only once"):
            server.start()
        assert not server.wait(0)
    assert server.wait(0)


def test_to_request_a_stop_returns_at_once_and_may_be_repeated() -> None:
    gate, begun = threading.Event(), threading.Event()

    def body(environ: Any) -> list[bytes]:
        begun.set()
        assert gate.wait(TIMEOUT)
        return [b"finished"]

    with running(application(body), grace=TIMEOUT) as server, server.client() as client:
        client.send(request("GET / HTTP/1.1"))
        assert begun.wait(TIMEOUT)
        for _ in range(3):
            server.server.request_stop()
        assert not server.server.wait(0)
        gate.set()
        assert client.reply().body == b"finished"
        assert server.server.wait(TIMEOUT)
        server.server.request_stop()


def test_a_stop_that_was_requested_before_the_start_counts() -> None:
    server = make_server("127.0.0.1", 0, OK, log=quiet())
    server.request_stop()
    assert server.serve_forever() == 0


def test_an_application_may_stop_its_own_server() -> None:
    def body(environ: Any) -> list[bytes]:
        server.request_stop()
        return [b"bye"]

    server = make_server("127.0.0.1", 0, application(body), log=quiet(), grace=TIMEOUT)
    with Client(server.port) as client:
        client.send(request("GET / HTTP/1.1"))
        assert server.serve_forever() == 0
        assert client.reply().body == b"bye"
        assert client.rest() == b""


def test_endless_answers_end_when_stopping_begins_and_not_after_the_grace() -> None:
    ends = threading.Event()

    def body(environ: Any) -> Iterator[bytes]:
        yield b"event"
        assert ends.wait(TIMEOUT)
        yield b"the end"

    with running(application(body), grace=600, on_stop=[ends.set]) as server, server.client() as client:
        client.send(request("GET / HTTP/1.1")).read_until(b"event")
        server.server.stop()
        client.read_until(b"the end")


def test_a_hook_that_fails_is_told_and_the_next_one_is_called() -> None:
    called: list[str] = []

    def fail() -> None:
        raise LookupError("no tea")

    with running(OK, on_stop=[fail, lambda: called.append("second")]) as server:
        pass
    assert called == ["second"]
    assert "LookupError: no tea" in server.log


class TellingIdle(IdleConnections[Connection]):
    """Tells how many connections are idle."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        super().__init__(selector)
        self._grown = threading.Condition()

    def add(self, connection: Connection) -> None:
        with self._grown:
            super().add(connection)
            self._grown.notify_all()

    def holds(self, count: int) -> bool:
        with self._grown:
            return self._grown.wait_for(lambda: len(self) == count, TIMEOUT)


def test_a_request_that_has_arrived_on_an_idle_connection_is_answered_before_the_end() -> None:
    clients: list[Client] = []

    def ask() -> None:  # runs when the server has begun to stop
        for client in clients:
            client.send(request("GET /late HTTP/1.1"))

    with running(OK, on_stop=[ask]) as server:
        idle = server.server._idle = TellingIdle(server.server._selector)
        clients += [server.client() for _ in range(5)]
        for client in clients[:4]:
            client.get("/")
        assert idle.holds(5)  # their threads have left them
        server.server.stop()
        for client in clients:
            reply = client.reply()
            assert (reply.body, reply.header("Connection")) == (b"ok", "close")
            assert client.rest() == b""
            client.sock.close()
    assert server.log.count("/late") == 5


def test_idle_connections_are_closed_at_the_end_without_a_word() -> None:
    with running(OK, grace=600) as server, server.client() as silent, server.client() as kept:
        assert kept.get("/").body == b"ok"  # so the other one, which came before, has been accepted too
        server.server.stop()
        assert kept.rest() == b""
        assert silent.rest() == b""


def test_a_connection_that_the_application_took_over_ends_when_stopping_begins() -> None:
    def body(environ: Any) -> Iterator[bytes]:
        (connection,) = server.server._connections
        sock = connection.transport.hijack()
        sock.sendall(b"taken over")
        assert sock.recv(1) == b""
        yield b""

    with running(application(body), check=False, grace=600) as server, server.client() as client:
        client.send(request("GET / HTTP/1.1")).read_until(b"taken over")
        server.server.stop()


def test_a_connection_that_nobody_accepted_yet_is_for_the_process_that_has_the_socket_next() -> None:
    (ours,) = bind("127.0.0.1", 0)
    theirs = ours.dup()
    waiting: list[Client] = []

    def come() -> None:  # the first server has begun to stop, and accepts nobody any more
        waiting.append(Client(theirs.getsockname()[1]).send(request("GET / HTTP/1.1")))

    with make_server("", 0, application([b"first"]), sockets=[ours], log=quiet(), on_stop=[come]):
        pass
    with make_server("", 0, application([b"second"]), sockets=[theirs], log=quiet()):
        assert waiting[0].reply().body == b"second"
    waiting[0].sock.close()


def test_threads_of_the_application_do_not_keep_the_server() -> None:
    gate = threading.Event()
    thread = threading.Thread(target=gate.wait, args=[TIMEOUT])

    def body(environ: Any) -> list[bytes]:
        thread.start()
        server.request_stop()
        return [b"ok"]

    server = make_server("127.0.0.1", 0, application(body), log=quiet())
    with Client(server.port) as client:
        client.send(request("GET / HTTP/1.1"))
        assert server.serve_forever() == 0
    assert thread.is_alive()
    gate.set()
    thread.join(TIMEOUT)


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
@pytest.mark.parametrize("number", SIGNALS)
def test_signals_end_serve_forever_and_the_handlers_from_before_return(number: signal.Signals) -> None:
    before = {one: signal.getsignal(one) for one in SIGNALS}

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


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signal")
def test_a_program_that_was_told_to_ignore_the_end_of_its_terminal_does() -> None:
    def body(environ: Any) -> list[bytes]:
        signal.raise_signal(signal.SIGHUP)
        return [b"still here"]

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        server = make_server("127.0.0.1", 0, application(body), log=quiet())
        replies: list[bytes] = []

        def ask() -> None:
            with Client(server.port) as client:
                replies.append(client.get("/").body)
            server.request_stop()

        thread = threading.Thread(target=ask)
        thread.start()
        assert server.serve_forever() == 0
        thread.join(TIMEOUT)
        assert replies == [b"still here"]
    finally:
        signal.signal(signal.SIGHUP, before)


def test_only_the_signals_that_were_asked_for_are_handled() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[Any] = []

    def body(environ: Any) -> list[bytes]:
        seen.append(signal.getsignal(signal.SIGINT))
        server.request_stop()
        return [b"ok"]

    server = make_server("127.0.0.1", 0, application(body), log=quiet())
    with Client(server.port) as client:
        client.send(request("GET / HTTP/1.1"))
        server.serve_forever([signal.SIGTERM])
    assert seen == [before]


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


# The transport.


def pair(transfer: float = 0.01) -> tuple[Transport, socket.socket]:
    ours, theirs = socket.socketpair()
    theirs.settimeout(TIMEOUT)
    return Transport(ours, Timeouts(transfer=transfer)), theirs


def test_nothing_received_in_time_is_none_and_the_end_is_empty() -> None:
    transport, theirs = pair()
    assert transport.receive(0) is None
    theirs.close()
    assert transport.receive(TIMEOUT) == b""
    transport.close()


def test_a_client_that_takes_nothing_is_disconnected() -> None:
    transport, theirs = pair()
    with pytest.raises(Disconnected, match="does not take"):
        transport.send(b"x" * 50_000_000)
    transport.close()
    theirs.close()


def test_sending_to_a_client_that_left_is_disconnected() -> None:
    transport, theirs = pair()
    theirs.close()
    with pytest.raises(Disconnected):
        for _ in range(100):
            transport.send(b"x" * 100_000)
    transport.close()


def test_a_wire_that_was_closed_is_disconnected_and_can_be_closed_again() -> None:
    transport, theirs = pair()
    transport.close()
    with pytest.raises(Disconnected):
        transport.receive(0)
    with pytest.raises(Disconnected):
        transport.send(b"x")
    transport.close(unread=True)
    transport.reset()
    transport.interrupt()
    theirs.close()


def test_interrupting_ends_a_wait_in_another_thread() -> None:
    transport, theirs = pair(transfer=600)
    received: list[bytes | None] = []
    thread = threading.Thread(target=lambda: received.append(transport.receive()))
    thread.start()
    transport.interrupt()
    thread.join(TIMEOUT)
    assert received == [b""]
    transport.close()
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


def test_the_context_manager_may_end_before_the_server_has_begun() -> None:
    for _ in range(50):
        with make_server("127.0.0.1", 0, OK, log=quiet()):
            pass


# Deadlines of idle connections.


def test_an_idle_connection_is_closed_without_a_word_after_its_time() -> None:
    with running(OK, timeouts=Timeouts(idle=0.2)) as server, server.client() as client:
        assert client.get("/").body == b"ok"
        assert client.rest() == b""
    assert server.log.count("\n") == 1


def test_a_request_that_never_ends_is_answered_with_408() -> None:
    with running(OK, timeouts=Timeouts(head=0.2)) as server, server.client() as client:
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
    with Program(python=("-c", program)) as process, Client(process.port()) as client:
        assert client.get("/").body == b"ok"
        assert process.end(signal.SIGTERM) == 128 + signal.SIGTERM


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors as Linux does")
def test_without_descriptors_the_server_says_so_once_and_serves_on() -> None:
    program = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))\n"
        "from debugkit.serving.server import make_server\n"
        "from debugkit.serving.log import Log\n"
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
        "    return [b'ok']\n"
        "server = make_server('127.0.0.1', 0, app)\n"
        "Log().say(server.url + '\\nPress Ctrl+C')\n"
        "server.serve_forever()"
    )
    with Program(python=("-c", program)) as process:
        port = process.port()
        silent = [Client(port) for _ in range(60)]
        process.read_until("Temporarily not accepting connections: .*Too many open files")
        with Client(port) as client:  # silent ones make room
            assert client.get("/").body == b"ok"
        for one in silent:
            one.sock.close()
        process.end(signal.SIGTERM)
        rest = process.stderr.rest()
    assert rest.count("Cannot accept") < 5


def test_a_server_can_be_used_by_a_program_that_has_no_other_threads() -> None:
    program = (
        "from debugkit.serving.server import make_server\n"
        "import threading\n"
        "make_server('127.0.0.1', 0, None).stop()\n"
        "assert threading.active_count() == 1"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], env=environ(), timeout=TIMEOUT)
    assert done.returncode == 0


def test_a_body_over_the_limit_is_refused_with_an_answer_that_reaches_the_client() -> None:
    with running(application([b"ok"]), limits=RequestLimits(body=10)) as server:
        assert server.send(request("POST / HTTP/1.1", "Content-Length: 10", body=b"x" * 10)).status == 200
        assert server.send(request("POST / HTTP/1.1", "Content-Length: 11", body=b"x" * 11)).status == 413


def test_a_client_that_leaves_in_the_middle_of_its_upload_is_no_error_of_the_application() -> None:
    ended = threading.Event()

    def body(environ: dict[str, Any]) -> list[bytes]:
        try:
            return [environ["wsgi.input"].read()]
        finally:
            ended.set()

    with running(DebuggedApplication(application(body)), check=False) as server:
        with server.client() as client:
            client.send(request("POST / HTTP/1.1", "Content-Length: 1000", body=b"x"))
        assert ended.wait(TIMEOUT)
        assert server.get("/").status == 200
    assert "Traceback" not in server.log
