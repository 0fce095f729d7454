"""HTTP/1.1 as seen on the transport, by RFC 9110 and RFC 9112, with real sockets."""

from __future__ import annotations

import gc
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h11
import pytest
from serving_support import TIMEOUT, Client, Running, Stream, application, request, running

from debugkit.errors import DebugkitError
from debugkit.serving.config import RequestLimits, Timeouts
from debugkit.serving.http.connection import Connection, ServerContext
from debugkit.serving.http.environ import check_head, header_variables, make_environ, set_path
from debugkit.serving.http.request_body import DRAIN_SIZE
from debugkit.serving.http.transport import Malformed
from debugkit.serving.log import Log
from debugkit.serving.server import make_server


def echo(environ: dict[str, Any]) -> list[bytes]:
    return [environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))]


def seen(raw: bytes, *, check: bool = True) -> dict[str, Any]:
    """The environ that an application gets for ``raw``."""
    environs: list[dict[str, Any]] = []

    def note(environ: dict[str, Any]) -> list[bytes]:
        environs.append(environ)
        return [b"ok"]

    with running(application(note), check=check) as server:
        assert server.send(raw).status == 200
    return environs[0]


@pytest.fixture(scope="module")
def echo_server() -> Any:
    def app(environ: dict[str, Any]) -> list[bytes]:
        body = environ["wsgi.input"].read(1_000)
        return [body or environ["PATH_INFO"].encode("latin-1") or b"nothing"]

    with running(application(app)) as server:
        yield server


def test_a_request_may_come_in_single_bytes(echo_server: Running) -> None:
    with echo_server.client() as client:
        for byte in request("GET /slow HTTP/1.1"):
            client.send(bytes([byte]))
        assert client.reply().body == b"/slow"


# Connections.


def test_a_connection_is_kept_for_further_requests(echo_server: Running) -> None:
    with echo_server.client() as client:
        assert [client.get(path).body for path in ("/1", "/2", "/3")] == [b"/1", b"/2", b"/3"]


def test_pipelined_requests_are_answered_in_order(echo_server: Running) -> None:
    post = request("POST / HTTP/1.1", "Content-Length: 4", body=b"post")
    with echo_server.client() as client:
        client.send(request("GET /1 HTTP/1.1") + post + request("GET /3 HTTP/1.1"))
        assert [client.reply().body for _ in range(3)] == [b"/1", b"post", b"/3"]


@pytest.mark.parametrize("header", ["Connection: close", "connection: Keep-Alive, CLOSE"])
def test_a_client_that_wants_to_close_is_told_so_and_closed(echo_server: Running, header: str) -> None:
    with echo_server.client() as client:
        reply = client.get("/x", header)
        assert reply.header("Connection") == "close"
        assert client.rest() == b""


def test_a_client_of_http_1_0_is_closed_after_the_answer(echo_server: Running) -> None:
    with echo_server.client() as client:
        assert client.get("/x", version="1.0").body == b"/x"
        assert client.ended


def test_a_client_of_http_1_0_may_ask_for_its_connection_to_be_kept() -> None:
    with running(application([b"ok"]), check=False) as server, server.client() as client:
        for _ in range(2):
            reply = client.get("/", "Connection: Keep-Alive", version="1.0")
            assert (reply.body, reply.header("Connection")) == (b"ok", "keep-alive")
        assert client.get("/3", "Connection: keep-alive, close", version="1.0").header("Connection") == "close"
        assert client.rest() == b""


def test_a_connection_of_http_1_0_ends_with_an_answer_of_unknown_length() -> None:
    with running(application(lambda environ: iter([b"a", b"b"]))) as server, server.client() as client:
        reply = client.get("/", "Connection: keep-alive", version="1.0")
        assert (reply.body, reply.header("Connection")) == (b"ab", "close")


def test_only_the_word_close_closes(echo_server: Running) -> None:
    with echo_server.client() as client:
        assert client.get("/x", "Connection: close-to-me, enclosed").header("Connection") is None
        assert client.get("/x").status == 200


def test_an_answer_that_begins_while_the_server_stops_says_that_it_is_the_last() -> None:
    stops = threading.Event()

    def wait(environ: dict[str, Any]) -> list[bytes]:
        server.server.request_stop()
        assert stops.wait(TIMEOUT)
        return [b"ok"]

    with running(application(wait), grace=TIMEOUT, on_stop=[stops.set]) as server, server.client() as client:
        reply = client.get("/")
        assert (reply.body, reply.header("Connection")) == (b"ok", "close")
        assert client.rest() == b""


def test_the_log_says_how_many_bytes_of_the_body_were_sent() -> None:
    with running(application([b"a" * 100, b"b" * 50])) as server:
        server.get()
        assert re.search(r'"GET / HTTP/1.1" 200 - 150B \d', server.stream.wait_for("200"))
        server.send(request("HEAD / HTTP/1.1", "Connection: close"))
        assert re.search(r'"HEAD / HTTP/1.1" 200 - 0B \d', server.stream.wait_for("HEAD"))


def test_a_silent_connection_is_closed_without_a_word_after_its_time() -> None:
    with running(application([b"ok"]), timeouts=Timeouts(idle=0.01)) as server, server.client() as client:
        assert client.rest() == b""
        assert server.log == ""


def test_a_request_that_never_ends_is_answered_with_408() -> None:
    with running(application([b"ok"]), timeouts=Timeouts(head=0.01)) as server, server.client() as client:
        client.send(b"GET / HTTP/1.1\r\n")
        assert client.reply().status == 408
        assert client.rest() == b""


def test_a_client_that_leaves_before_its_request_is_complete_leaves_no_trace() -> None:
    with running(application([b"ok"])) as server:
        server.client().send(b"GET / HT").sock.close()
        assert server.get().body == b"ok"
    assert server.log.count("\n") == 1


# Request bodies.


def test_a_chunked_body_is_read_to_its_end_without_a_length() -> None:
    def app(environ: dict[str, Any]) -> list[bytes]:
        assert environ["wsgi.input_terminated"] is True
        assert "CONTENT_LENGTH" not in environ
        lines = [environ["wsgi.input"].readline(), *environ["wsgi.input"]]
        return [b"|".join(lines)]

    raw = request("POST / HTTP/1.1", "Transfer-Encoding: chunked", body=b"3\r\na\nb\r\n3\r\n\nc\n\r\n0\r\n\r\n")
    with running(application(app)) as server:
        assert server.send(raw).body == b"a\n|b\n|c\n"


def test_a_body_ends_where_its_length_says_and_the_next_request_follows() -> None:
    def app(environ: dict[str, Any]) -> list[bytes]:
        return [environ["wsgi.input"].read(), b"|", environ["wsgi.input"].read()]

    with running(application(app), check=False) as server, server.client() as client:
        client.send(request("POST / HTTP/1.1", "Content-Length: 3", body=b"abc") + request("GET / HTTP/1.1"))
        assert client.reply().body == b"abc|"
        assert client.reply().body == b"|"


def test_a_large_body_arrives_as_it_was_sent() -> None:
    def app(environ: dict[str, Any]) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        return [str((len(body), body.count(b"x"))).encode()]

    body = b"0123456789abcdefx" * 100_000
    with running(application(app)) as server:
        reply = server.send(request("PUT / HTTP/1.1", f"Content-Length: {len(body)}", body=body))
    assert reply.body == b"(1700000, 100000)"


def test_an_unread_body_is_thrown_away_and_the_connection_kept() -> None:
    with running(application([b"ok"])) as server, server.client() as client:
        client.send(request("POST / HTTP/1.1", "Content-Length: 100000", body=b"x" * 100_000))
        assert client.reply().body == b"ok"
        assert client.get("/").body == b"ok"


def test_an_unread_body_that_is_too_long_closes_the_connection_after_the_answer() -> None:
    sent: list[Client] = []
    with running(application([b"ok"])) as server, server.client() as client:
        client.send(request("POST / HTTP/1.1", f"Content-Length: {10 * DRAIN_SIZE}"))

        upload = threading.Thread(target=lambda: sent.append(client.send(b"x" * (10 * DRAIN_SIZE))))
        upload.start()
        assert client.reply().body == b"ok"
        upload.join(TIMEOUT)
        assert client.rest() == b""
    assert sent, "a client that sends is not cut off before it has read the answer"


def test_an_unread_body_with_broken_chunks_closes_the_connection_without_a_second_answer() -> None:
    raw = request("POST / HTTP/1.1", "Transfer-Encoding: chunked", body=b"oh no\r\n")
    with running(application([b"ok"])) as server, server.client() as client:
        assert client.send(raw).rest().count(b"HTTP/1.1 ") == 1


def test_a_body_that_breaks_off_is_an_error_for_the_application_and_not_the_whole() -> None:
    errors: list[BaseException] = []
    done = threading.Event()

    def app(environ: dict[str, Any]) -> list[bytes]:
        try:
            return [environ["wsgi.input"].read(10)]
        except OSError as error:
            errors.append(error)
            raise
        finally:
            done.set()

    with running(application(app)) as server:
        with server.client() as client:
            client.send(request("POST / HTTP/1.1", "Content-Length: 10", body=b"short"))
        assert done.wait(TIMEOUT)
    assert isinstance(errors[0], ConnectionError)
    assert server.log == ""


def test_reading_after_the_answer_never_yields_the_next_request() -> None:
    inputs: list[Any] = []

    def app(environ: dict[str, Any]) -> list[bytes]:
        inputs.append(environ["wsgi.input"])
        return [b"ok"]

    with running(application(app), check=False) as server, server.client() as client:
        client.send(request("POST / HTTP/1.1", "Content-Length: 3", body=b"abc") + request("GET / HTTP/1.1"))
        assert [client.reply().body for _ in range(2)] == [b"ok", b"ok"]
        assert b"GET" not in inputs[0].read()


def test_a_client_that_left_is_not_a_mistake_of_the_application_that_noticed() -> None:
    done = threading.Event()

    def app(environ: dict[str, Any]) -> list[bytes]:
        try:
            return [environ["wsgi.input"].read(10)]
        except OSError as error:
            raise ValueError("unreadable") from error  # as frameworks do
        finally:
            done.set()

    with running(application(app)) as server:
        with server.client() as client:
            client.send(request("POST / HTTP/1.1", "Content-Length: 10", body=b"short"))
        assert done.wait(TIMEOUT)
    assert server.log == ""


def test_a_body_that_the_application_gave_up_is_the_clients_mistake_whatever_the_application_answers() -> None:
    def app(environ: dict[str, Any]) -> list[bytes]:
        try:
            return [environ["wsgi.input"].read(10)]
        except OSError:
            return [b"all is well"]

    raw = request("POST / HTTP/1.1", "Transfer-Encoding: chunked", body=b"oh no\r\n")
    with running(application(app)) as server:
        assert server.send(raw).status == 400
    assert server.log.count("\n") == 1
    assert "Traceback" not in server.log


# Expect: 100-continue.

WAITING = request("POST / HTTP/1.1", "Content-Length: 3", "Expect: 100-continue")


def test_a_client_that_waits_is_told_to_go_on_when_the_application_reads() -> None:
    with running(application(echo)) as server, server.client() as client:
        assert client.send(WAITING).read_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert client.send(b"abc").reply().body == b"abc"
        assert client.get("/", "Content-Length: 0").body == b""


def test_a_client_that_does_not_wait_is_not_told_to_go_on() -> None:
    with running(application(echo)) as server, server.client() as client:
        reply = client.send(WAITING + b"abc").reply()
        assert (reply.status, reply.body) == (200, b"abc")


def test_a_client_that_waits_in_vain_is_closed_since_it_may_send_its_body_or_not() -> None:
    with running(application([b"no"], status="413 Too Large")) as server, server.client() as client:
        reply = client.send(WAITING).reply()
        assert (reply.status, reply.header("Connection")) == (413, "close")
        assert client.rest() == b""


# A connection alone, without a server around it.


def connect(log: list[str], **options: Any) -> tuple[Client, Connection]:
    """A client, and its connection to a server that notes what it logs."""

    def access(peer: str, line: str, status: int, size: int, seconds: float) -> None:
        log.append(f"{line} {status}")

    environ = {"wsgi.url_scheme": "http"}
    context = ServerContext(environ=environ, access=access, failed=lambda error: log.append(repr(error)), **options)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = Client(listener.getsockname()[1])
        return client, Connection(listener.accept()[0], ("127.0.0.1", 1), context)


@contextmanager
def limited(answer: Any, **sizes: Any) -> Iterator[tuple[Client, list[str]]]:
    """A client of a server with limits, and the lines that are logged."""
    log: list[str] = []
    timeouts = Timeouts(closing=0.1, idle=TIMEOUT)
    client, connection = connect(log, app=application(answer), timeouts=timeouts, limits=RequestLimits(**sizes))
    thread = threading.Thread(target=lambda: connection.serve(lambda: TIMEOUT))
    thread.start()
    with client:
        yield client, log
    thread.join(TIMEOUT)
    assert not thread.is_alive()


def test_a_client_whose_time_is_over_is_told_so_without_waiting_for_it() -> None:
    log: list[str] = []
    client, connection = connect(log, app=application([b"ok"]), timeouts=Timeouts(closing=600))
    with client:
        client.send(b"GET / HTTP/1.1\r\n")
        waits = iter([TIMEOUT, 0.0])
        assert connection.serve(lambda: next(waits))
        connection.deadline = 0.0
        connection.expire()
        assert client.reply().status == 408
        assert client.rest() == b""
    assert log == ["- (The rest of the request did not come in time.) 408"]


def test_a_client_that_takes_nothing_is_not_told_when_its_time_is_over() -> None:
    client, connection = connect([], app=application([b"ok"]), timeouts=Timeouts(transfer=600))
    with client:
        client.send(b"GET / HTTP/1.1\r\n")
        waits = iter([TIMEOUT, 0.0])
        assert connection.serve(lambda: next(waits))
        with pytest.raises(BlockingIOError):
            while True:
                connection.transport.sock.send(bytes(100_000))
        connection.deadline = 0.0
        connection.expire()
        assert not client.rest().strip(b"\0")


# Limits of size.


def read_all(environ: dict[str, Any]) -> list[bytes]:
    return [environ["wsgi.input"].read()]


def read_carelessly(environ: dict[str, Any]) -> list[bytes]:
    try:
        return [environ["wsgi.input"].read()]
    except Exception:
        return [b"all is well"]


@pytest.mark.parametrize("size", [5, 6, 10_000_000])
def test_a_body_of_more_than_its_limit_is_refused_before_the_application_is_called(size: int) -> None:
    with limited(read_all, body=5) as (client, log):
        client.send(request("POST / HTTP/1.1", f"Content-Length: {size}"))
        client.send(b"x" * size)
        reply = client.reply()
    if size == 5:
        assert (reply.status, reply.body) == (200, b"xxxxx")
    else:
        assert (reply.status, reply.body) == (
            413,
            f"The request's body has {size} bytes, and 5 are allowed.\n".encode(),
        )
        assert log == [f"POST / HTTP/1.1 (The request's body has {size} bytes, and 5 are allowed.) 413"]


def test_a_client_that_asks_first_is_refused_before_it_sends() -> None:
    with limited(read_all, body=5) as (client, _):
        client.send(request("POST / HTTP/1.1", "Content-Length: 6", "Expect: 100-continue"))
        assert client.reply().status == 413
        assert client.rest() == b""


@pytest.mark.parametrize("body", [read_all, read_carelessly])
def test_chunks_of_more_than_the_limit_are_refused_whatever_the_application_makes_of_it(body: Any) -> None:
    with limited(body, body=5) as (client, log):
        client.send(request("POST / HTTP/1.1", "Transfer-Encoding: chunked", body=b"3\r\nabc\r\n3\r\ndef\r\n"))
        reply = client.reply()
        assert (reply.status, reply.body) == (413, b"The request's body has more than 5 bytes.\n")
        client.send(b"x" * 100_000)
        assert client.rest() == b""
    assert log == ["POST / HTTP/1.1 (The request's body has more than 5 bytes.) 413"]


@pytest.mark.parametrize(
    ("sizes", "status"),
    [({"line": 13}, 414), ({"line": 14}, 200), ({"head": 34}, 431), ({"head": 35}, 200), ({"headers": 0}, 431)],
    ids=str,
)
def test_each_part_of_a_head_has_its_limit(sizes: dict[str, int], status: int) -> None:
    with limited([b"ok"], **sizes) as (client, _):
        assert client.send(request("GET / HTTP/1.1")).reply().status == status


# Environ.


def test_the_environ_says_what_pep_3333_wants() -> None:
    environ = seen(request("GET /a%20b/%C3%A4?q=%20 HTTP/1.1", "Host: shop.test:1", "Accept: a", "Accept: b"))
    wanted = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a b/Ã¤",
        "QUERY_STRING": "q=%20",
        "REQUEST_URI": "/a%20b/%C3%A4?q=%20",
        "RAW_URI": "/a%20b/%C3%A4?q=%20",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "shop.test:1",
        "HTTP_ACCEPT": "a, b",
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.version": (1, 0),
        "wsgi.input_terminated": True,
    }
    assert {key: environ.get(key) for key in wanted} == wanted
    assert environ["SERVER_PORT"].isdecimal()
    assert environ["REMOTE_PORT"].isdecimal()
    assert environ["SERVER_SOFTWARE"].startswith("debugkit/")


def test_cookies_of_several_headers_are_joined_as_cookies() -> None:
    assert seen(request("GET / HTTP/1.1", "Cookie: a=1", "Cookie: b=2"))["HTTP_COOKIE"] == "a=1; b=2"


def test_headers_with_an_underscore_cannot_pose_as_others() -> None:
    environ = seen(request("GET / HTTP/1.1", "X_Real_IP: 1.2.3.4", "Content_Length: 5", "X-Other: kept"))
    assert "HTTP_X_REAL_IP" not in environ
    assert "CONTENT_LENGTH" not in environ
    assert environ["HTTP_X_OTHER"] == "kept"


def test_the_header_proxy_cannot_pose_as_the_variable_http_proxy() -> None:
    assert "HTTP_PROXY" not in seen(request("GET / HTTP/1.1", "Proxy: http://evil.test"))


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/", "/", ""),
        ("//evil.test/x", "//evil.test/x", ""),
        ("/a//b/../c", "/a//b/../c", ""),
        ("/?", "/", ""),
        ("/a?b?c", "/a", "b?c"),
        ("/%2F%3F%25", "//?%", ""),
        ("/%zz%", "/%zz%", ""),
        ("http://shop.test", "/", ""),
        ("http://shop.test?a=b", "/", "a=b"),
        ("HTTPS://shop.test:443/x?y", "/x", "y"),
        ("http://shop.test//x", "//x", ""),
    ],
)
def test_the_target_is_a_path_whatever_it_looks_like(target: str, path: str, query: str) -> None:
    environ: dict[str, Any] = {"REQUEST_METHOD": "GET"}
    set_path(environ, target)
    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == (path, query)


@pytest.mark.parametrize("head", [b"A\r\n\r\n", b"A\r\nB: \xe4\t\xff\r\n\r\n"])
def test_a_clean_head_is_let_through(head: bytes) -> None:
    check_head(head)


@pytest.mark.parametrize("byte", [*range(9), 10, 11, 12, 13, *range(14, 32), 127])
def test_no_control_character_is_let_through_whatever_the_parser_thinks_of_it(byte: int) -> None:
    with pytest.raises(Malformed):
        check_head(b"A\r\nB: %c!\r\n\r\n" % byte)


def test_the_host_of_an_absolute_target_wins_over_the_header() -> None:
    assert seen(request("GET http://real.test/ HTTP/1.1", "Host: other.test"))["HTTP_HOST"] == "real.test"


def test_options_with_a_star_asks_about_the_whole_server() -> None:
    environ = seen(request("OPTIONS * HTTP/1.1"))
    assert (environ["PATH_INFO"], environ["REQUEST_URI"]) == ("", "*")


def test_two_requests_share_nothing_of_the_environ() -> None:
    base: dict[str, Any] = {"SCRIPT_NAME": ""}
    head = h11.Request(method="GET", target="/a", headers=[("Host", "a"), ("X", "1")])
    variables = header_variables(head.headers)
    one = make_environ(head, variables, base)
    one["HTTP_X"] = "2"
    two = make_environ(h11.Request(method="GET", target="/b", headers=[("Host", "a")]), {"HTTP_HOST": "a"}, base)
    assert variables == {"HTTP_HOST": "a", "HTTP_X": "1"}
    assert base == {"SCRIPT_NAME": ""}
    assert "HTTP_X" in one
    assert "HTTP_X" not in two


def test_a_request_leaves_nothing_to_the_garbage_collector(echo_server: Running) -> None:
    with echo_server.client() as client:
        client.get("/first")
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                assert client.get("/again").status == 200
            assert gc.collect() < 20
        finally:
            gc.enable()


def test_an_error_says_which_status_it_becomes() -> None:
    assert Malformed("too long", 431).status == 431


def test_clients_over_ipv6_and_ipv4_are_named_by_their_addresses() -> None:
    addresses: list[str] = []

    def note(environ: dict[str, Any]) -> list[bytes]:
        addresses.append(environ["REMOTE_ADDR"])
        return [b"ok"]

    try:
        server = make_server("::", 0, application(note), log=Log(Stream()))
    except DebugkitError:
        pytest.skip("no IPv6 on this computer")
    with server:
        for host in ("::1", "127.0.0.1"):
            with Client(server.port, host) as client:
                client.get("/")
    assert addresses == ["::1", "127.0.0.1"]
