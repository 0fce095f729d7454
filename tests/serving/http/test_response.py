"""What an application may do by PEP 3333, and what the client sees of it."""

from __future__ import annotations

import io
import select
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving_support import TIMEOUT, application, request, running

from debugkit.serving.config import Timeouts
from debugkit.serving.http.response import FileWrapper, http_date

TEXT = [("Content-Type", "text/plain")]


class Closing:
    """An iterable that notes its close."""

    def __init__(self, parts: Any) -> None:
        self.parts = parts
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        yield from self.parts

    def close(self) -> None:
        self.closed += 1


def failing(*parts: bytes) -> Iterator[bytes]:
    yield from parts
    raise LookupError("no more tea")


# Framing.


def test_one_piece_gets_its_length() -> None:
    with running(application([b"hello"]), check=False) as server, server.client() as client:
        reply = client.get("/")
        assert (reply.body, reply.header("Content-Length")) == (b"hello", "5")
        assert (reply.header("Transfer-Encoding"), reply.header("Connection")) == (None, None)


@pytest.mark.parametrize("body", [[], (), [b""], iter(())], ids=lambda body: type(body).__name__)
def test_no_piece_has_the_length_zero(body: Any) -> None:
    with running(application(body), check=False) as server:
        assert server.get().header("Content-Length") == "0"


def test_several_pieces_are_sent_in_chunks_each_at_once() -> None:
    gate = threading.Event()

    def body(environ: Any) -> Iterator[bytes]:
        yield b"first"
        assert gate.wait(TIMEOUT)
        yield b""
        yield b"second"

    with running(application(body), check=False) as server, server.client() as client:
        client.send(request("GET / HTTP/1.1"))
        assert client.read_until(b"first\r\n").endswith(b"\r\n\r\n5\r\nfirst\r\n")
        gate.set()
        assert client.read_until(b"\r\n0\r\n\r\n") == b"6\r\nsecond\r\n0\r\n\r\n"
        assert client.get("/").body == b"firstsecond"


def test_a_client_of_http_1_0_gets_no_chunks_but_the_end_of_the_connection() -> None:
    with running(application([b"a", b"b"]), check=False) as server, server.client() as client:
        reply = client.get("/", version="1.0")
        assert (reply.body, reply.header("Transfer-Encoding"), reply.header("Connection")) == (b"ab", None, "close")


def test_a_length_given_by_the_application_is_kept() -> None:
    with running(application([b"ab", b"c"], ("Content-Length", "3"))) as server, server.client() as client:
        for _ in range(2):
            reply = client.get("/")
            assert (reply.body, reply.header("Transfer-Encoding")) == (b"abc", None)


def test_a_large_answer_arrives_as_it_was_sent() -> None:
    block = b"0123456789" * 100_000
    with running(application([block, block])) as server:
        assert server.get().body == block * 2
    with running(application([block])) as server:
        assert server.get().body == block


def test_head_gets_the_same_head_and_no_body() -> None:
    with running(application([b"hello"]), check=False) as server, server.client() as client:
        got = client.get("/")
        head = client.send(request("HEAD / HTTP/1.1")).reply(head_only=True)
        assert {name for name, _ in head.headers} == {name for name, _ in got.headers}
        assert head.header("Content-Length") == "5"
        assert client.get("/").body == b"hello"


def test_head_of_an_endless_body_ends() -> None:
    def body(environ: Any) -> Iterator[bytes]:
        while True:
            yield b"more"

    with running(application(body), check=False) as server, server.client() as client:
        assert client.send(request("HEAD / HTTP/1.1")).reply(head_only=True).status == 200
        assert client.send(request("HEAD / HTTP/1.1")).reply(head_only=True).status == 200


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_answers_without_a_body_have_none_whatever_the_application_yields(status: str) -> None:
    with running(application([b"body"], status=status), check=False) as server, server.client() as client:
        for _ in range(2):
            reply = client.get("/")
            assert reply.status == int(status[:3])
            assert reply.header("Transfer-Encoding") is None
        assert client.buffer == b""


def test_every_answer_has_a_date_and_only_one() -> None:
    with running(application([b"ok"], ("date", "Sat, 21 Nov 2026 12:00:00 GMT"))) as server:
        assert [value for name, value in server.get().headers if name.lower() == "date"] == [
            "Sat, 21 Nov 2026 12:00:00 GMT"
        ]
    with running(application([b"ok"])) as server:
        date = server.get().header("Date")
    assert date is not None
    assert date.endswith(" GMT")
    assert http_date(1795262591) == "Date: Sat, 21 Nov 2026 12:03:11 GMT"


def test_answers_do_not_say_which_server_sent_them() -> None:
    with running(application([b"ok"])) as server:
        assert server.get().header("Server") is None


# start_response.


def bad(*arguments: Any) -> Any:
    """An application that calls start_response with these."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response(*arguments)
        return [b"never"]

    return app


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((200, TEXT), "The status must be text"),
        (("OK", TEXT), "The status must be text"),
        (("100 Continue", TEXT), "The status must be text"),
        (("200 OK\r\nX: y", TEXT), "The status must be text"),
        (("200 日本", TEXT), "The status must be text"),
        (("200 OK", tuple(TEXT)), "The headers must be a list"),
        (("200 OK", {"Content-Type": "text/plain"}), "The headers must be a list"),
        (("200 OK", [("X Y", "z")]), "cannot have the name 'X Y'"),
        (("200 OK", [("X\n", "z")]), "cannot have the name"),
        (("200 OK", [("", "z")]), "cannot have the name"),
        (("200 OK", [(b"X", "z")]), "cannot have the name"),
        (("200 OK", [("X", b"z")]), "must be text, not bytes"),
        (("200 OK", [("X", None)]), "must be text, not NoneType"),
        (("200 OK", [("X", "a\r\nY: z")]), "a character that HTTP forbids"),
        (("200 OK", [("X", "a\0")]), "a character that HTTP forbids"),
        (("200 OK", [("X", "抹茶")]), "a character that HTTP forbids"),
        (("200 OK", [("Transfer-Encoding", "chunked")]), "PEP 3333 forbids applications"),
        (("200 OK", [("Upgrade", "websocket")]), "PEP 3333 forbids applications"),
        (("200 OK", [("Content-Length", "five")]), "is not one number of bytes"),
        (("200 OK", [("Content-Length", "-5")]), "is not one number of bytes"),
        (("200 OK", [("Content-Length", "1"), ("content-length", "2")]), "is not one number of bytes"),
    ],
    ids=repr,
)
def test_what_cannot_be_sent_is_an_error_while_the_application_runs(arguments: Any, sentence: str) -> None:
    with running(bad(*arguments), check=False) as server:
        reply = server.get()
        assert (reply.status, reply.body) == (500, b"Internal Server Error\n")
        assert sentence in server.stream.wait_for("ApplicationError")


def test_header_values_may_be_latin_1_and_hold_tabs() -> None:
    with running(application([b"ok"], ("X", "é\té")), check=False) as server:
        assert server.get().header("X") == "é\té"


def test_connection_keep_alive_of_an_application_is_left_out() -> None:
    with running(application([b"ok"], ("Connection", "keep-alive"), ("Keep-Alive", "5")), check=False) as server:
        reply = server.get()
        assert (reply.status, reply.header("Connection"), reply.header("Keep-Alive")) == (200, None, None)


def test_connection_close_of_an_application_closes() -> None:
    with running(application([b"ok"], ("Connection", "close")), check=False) as server, server.client() as client:
        assert client.get("/").header("Connection") == "close"
        assert client.rest() == b""


def test_a_second_call_without_exc_info_is_an_error() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", TEXT)
        start_response("404 Not Found", TEXT)
        return [b"never"]

    with running(app, check=False) as server:
        assert server.get().status == 500
        assert "called twice" in server.stream.wait_for("ApplicationError")


def test_exc_info_replaces_an_answer_that_has_not_begun() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [*TEXT, ("Content-Length", "100"), ("X-First", "1")])
        try:
            raise LookupError
        except LookupError:
            start_response("503 Busy", TEXT, sys.exc_info())
        return [b"sorry"]

    with running(app) as server:
        reply = server.get()
        assert (reply.status, reply.body, reply.header("X-First")) == (503, b"sorry", None)


def test_exc_info_is_raised_again_when_the_answer_has_begun() -> None:
    raised: list[BaseException] = []

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b"begun"
        try:
            raise LookupError("too late")
        except LookupError:
            try:
                start_response("500 Oh", TEXT, sys.exc_info())
            except LookupError as error:
                raised.append(error)
                raise

    with running(app) as server, server.client() as client:
        reply = client.get("/")
        assert (reply.status, reply.body, reply.complete) == (200, b"begun", False)
        assert "LookupError: too late" in server.stream.wait_for("too late")
    assert str(raised[0]) == "too late"


def test_start_response_may_come_with_the_first_piece() -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("201 Created", TEXT)
        yield b"late"

    with running(app) as server:
        assert (server.get().status, server.get().body) == (201, b"late")


@pytest.mark.parametrize(
    "body", [[b"x"], [], [b"x", b"y"], iter([b"x"]), iter([])], ids=["one", "none", "two", "iterator", "empty iterator"]
)
def test_an_application_that_forgets_start_response_is_told(body: Any) -> None:
    with running(lambda environ, start_response: body, check=False) as server:
        assert server.get().status == 500
        assert "did not call start_response" in server.stream.wait_for("ApplicationError")


@pytest.mark.parametrize(
    "body", ["text", ["text"], ["a", "b"], [1], b"abc", [bytearray(b"x")], [None]], ids=lambda body: type(body).__name__
)
def test_a_body_must_be_made_of_bytes(body: Any) -> None:
    with running(application(body), check=False) as server:
        assert server.get().status == 500
        assert "must be made of bytes, not of" in server.stream.wait_for("ApplicationError")


def test_an_application_that_returns_nothing_is_an_error() -> None:
    with running(application(lambda environ: None), check=False) as server:  # type: ignore[arg-type,return-value]
        assert server.get().status == 500
        assert "NoneType" in server.stream.wait_for("TypeError")


# write().


def test_write_sends_before_what_is_returned() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", TEXT)
        write(b"one ")
        write(b"")
        write(b"two ")
        return [b"three"]

    with running(app, check=False) as server, server.client() as client:
        for _ in range(2):
            assert client.get("/").body == b"one two three"


# close().


@pytest.mark.parametrize("parts", [[], [b"a"], [b"a", b"b"]])
def test_close_is_called_once_after_the_body(parts: list[bytes]) -> None:
    body = Closing(parts)
    with running(application(body), check=False) as server:
        assert server.get().body == b"".join(parts)
    assert body.closed == 1


def test_close_is_called_when_the_body_fails() -> None:
    early, late = Closing(failing()), Closing(failing(b"a"))
    with running(application(early), check=False) as server:
        server.get()
    with running(application(late), check=False) as server:
        server.get()
    assert (early.closed, late.closed) == (1, 1)


def test_close_is_called_when_start_response_was_forgotten() -> None:
    body = Closing([b"x"])
    with running(lambda environ, start_response: body, check=False) as server:
        assert server.get().status == 500
    assert body.closed == 1


def test_close_is_called_when_the_client_leaves() -> None:
    closed = threading.Event()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 65_536
        finally:
            closed.set()

    with running(application(lambda environ: endless()), check=False) as server:
        with server.client() as client:
            client.send(request("GET / HTTP/1.1")).read_until(b"x")
        assert closed.wait(TIMEOUT)
    assert "Traceback" not in server.log


@pytest.mark.skipif(not hasattr(select, "poll"), reason="this system does not tell that a client has left")
def test_a_body_that_yields_nothing_is_closed_when_the_client_has_left() -> None:
    begun, closed = threading.Event(), threading.Event()

    def body(environ: Any) -> Iterator[bytes]:
        try:
            yield b"begun"
            while True:
                begun.set()
                yield b""
        finally:
            closed.set()

    with running(application(body), check=False, timeouts=Timeouts(closing=0.0)) as server:
        client = server.client().send(request("GET / HTTP/1.1"))
        client.read_until(b"begun")
        assert begun.wait(TIMEOUT)
        client.sock.close()
        assert closed.wait(TIMEOUT)
        assert "Traceback" not in server.log


def test_a_client_that_has_only_finished_sending_gets_its_answer_between_pieces_of_nothing() -> None:
    finished = threading.Event()

    def body(environ: Any) -> Iterator[bytes]:
        assert finished.wait(TIMEOUT)
        yield from (b"", b"tea", b"", b" and ", b"", b"cake")

    with running(application(body), timeouts=Timeouts(closing=0.0)) as server, server.client() as client:
        client.send(request("GET / HTTP/1.1")).sock.shutdown(socket.SHUT_WR)
        finished.set()
        assert client.reply().body == b"tea and cake"


def test_an_error_in_close_is_logged_and_the_answer_complete() -> None:
    class Failing(Closing):
        def close(self) -> None:
            raise LookupError("cannot close")

    with running(application(Failing([b"all"])), check=False) as server:
        reply = server.get()
        assert (reply.status, reply.body, reply.complete) == (200, b"all", True)
        server.stream.wait_for("LookupError: cannot close")


# Failures.


@pytest.mark.parametrize("error", [LookupError, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_an_exception_before_the_answer_is_a_plain_500_and_a_traceback_in_the_log(error: type[BaseException]) -> None:
    def app(environ: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/fails":
            raise error("secret of the house")
        return [b"ok"]

    with running(application(app), check=False) as server, server.client() as client:
        reply = client.get("/fails")
        assert (reply.status, reply.body) == (500, b"Internal Server Error\n")
        assert f"{error.__name__}: secret of the house" in server.stream.wait_for("secret of the house")
        server.stream.wait_for('"GET /fails HTTP/1.1" 500 -')
        assert client.get("/").body == b"ok"


def test_an_exception_after_the_first_piece_never_looks_complete() -> None:
    with running(application(lambda environ: failing(b"half"))) as server, server.client() as client:
        reply = client.get("/")
        assert (reply.body, reply.complete) == (b"half", False)
        server.stream.wait_for("LookupError: no more tea")


def test_an_exception_below_the_length_never_looks_complete() -> None:
    app = application(lambda environ: failing(b"half"), ("Content-Length", "8"))
    with running(app) as server, server.client() as client:
        reply = client.get("/")
        assert (reply.body, reply.complete) == (b"half", False)


def test_an_exception_with_neither_chunks_nor_length_resets_the_connection() -> None:
    with running(application(lambda environ: failing(b"half"))) as server, server.client() as client:
        assert not client.get("/", version="1.0").complete


def test_an_echo_that_breaks_off_with_neither_chunks_nor_length_resets_the_connection() -> None:
    def echo(environ: Any) -> Iterator[bytes]:
        yield environ["wsgi.input"].read(4)
        yield environ["wsgi.input"].read(4)

    with running(application(echo), timeouts=Timeouts(transfer=0.05)) as server, server.client() as client:
        client.send(request("POST / HTTP/1.0", "Content-Length: 8", body=b"half"))
        assert not client.reply().complete


def test_a_body_shorter_than_its_length_is_an_error() -> None:
    app = application([b"ab", b"c"], ("Content-Length", "5"))
    with running(app, check=False) as server, server.client() as client:
        reply = client.get("/")
        assert (reply.body, reply.complete) == (b"abc", False)
        server.stream.wait_for("ended 2 bytes before its Content-Length, 5 bytes")


def test_a_body_longer_than_its_length_is_cut_and_an_error() -> None:
    app = application([b"ab", b"cdef"], ("Content-Length", "3"))
    with running(app, check=False) as server, server.client() as client:
        assert client.get("/").body == b"abc"
        assert client.rest() == b""
        server.stream.wait_for("longer than its Content-Length, 3 bytes")


def test_what_is_written_behind_a_body_in_one_piece_is_an_error_and_not_sent() -> None:
    class Late(list[bytes]):
        def close(self) -> None:
            self.write(b" and more")  # type: ignore[attr-defined]

    def app(environ: Any, start_response: Any) -> list[bytes]:
        body = Late([b"tea"])
        body.write = start_response("200 OK", TEXT)  # type: ignore[attr-defined]
        return body

    with running(app, check=False) as server, server.client() as client:
        assert client.get("/").body == b"tea"
        assert client.rest() == b""
        server.stream.wait_for("longer than its Content-Length, 3 bytes")


@pytest.mark.parametrize("length", ["1", "5"])
def test_one_piece_of_another_length_is_an_error_before_anything_is_sent(length: str) -> None:
    with running(application([b"abc"], ("Content-Length", length)), check=False) as server:
        assert server.get().status == 500
        server.stream.wait_for(f"The body has 3 bytes, and its Content-Length says {length}")


def test_the_length_of_an_answer_to_head_needs_no_body() -> None:
    with running(application([], ("Content-Length", "5")), check=False) as server, server.client() as client:
        reply = client.send(request("HEAD / HTTP/1.1")).reply(head_only=True)
        assert (reply.status, reply.header("Content-Length")) == (200, "5")


# wsgi.file_wrapper.


def test_files_are_sent_and_closed() -> None:
    files: list[io.BytesIO] = []

    def body(environ: Any) -> Any:
        files.append(io.BytesIO(b"x" * 200_000))
        return environ["wsgi.file_wrapper"](files[0], 1024)

    with running(application(body)) as server:
        assert server.get().body == b"x" * 200_000
    assert files[0].closed


def sending(path: Path, *headers: tuple[str, str], start: int = 0, status: str = "200 OK", **options: Any) -> Any:
    """An application that sends the file at ``path`` from ``start`` on."""

    def app(environ: Any, start_response: Any) -> Any:
        start_response(status, [("Content-Type", "application/octet-stream"), *headers])
        file = path.open("rb", **options)
        file.seek(start)
        return environ["wsgi.file_wrapper"](file, 8_192)

    return app


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    path = tmp_path / "letters"
    path.write_bytes(b"abcdefghij" * 100_000)
    return path


@pytest.mark.parametrize("options", [{}, {"buffering": 0}], ids=["buffered", "raw"])
def test_a_file_from_disk_arrives_whole_whatever_the_blocks(letters: Path, options: dict[str, Any]) -> None:
    with running(sending(letters, **options), check=False) as server, server.client() as client:
        for _ in range(2):
            reply = client.get("/")
            assert reply.body == letters.read_bytes()
        assert "200 - 1.0MB" in server.stream.wait_for("MB")


def test_a_file_is_sent_from_where_it_was_read_to(letters: Path) -> None:
    with running(sending(letters, start=999_995), check=False) as server:
        assert server.get().body == b"fghij"


def test_no_more_of_a_file_is_sent_than_the_length_says(letters: Path) -> None:
    memory = application(lambda environ: environ["wsgi.file_wrapper"](io.BytesIO(b"abcdef")), ("Content-Length", "3"))
    for app in (sending(letters, ("Content-Length", "3")), memory):
        with running(app, check=False) as server, server.client() as client:
            assert [client.get("/").body for _ in range(2)] == [b"abc", b"abc"]


def test_a_file_that_is_shorter_than_its_length_never_looks_complete(letters: Path) -> None:
    with running(sending(letters, ("Content-Length", "1000001")), check=False) as server:
        reply = server.get()
        assert (len(reply.body), reply.complete) == (1_000_000, False)
        server.stream.wait_for("ended 1 bytes before its Content-Length, 1000001 bytes")


def test_head_of_a_file_sends_nothing_of_it(letters: Path) -> None:
    with running(sending(letters, ("Content-Length", "1000000")), check=False) as server, server.client() as client:
        reply = client.send(request("HEAD / HTTP/1.1")).reply(head_only=True)
        assert reply.header("Content-Length") == "1000000"
        assert client.send(request("HEAD / HTTP/1.1")).reply(head_only=True).status == 200


def test_a_file_behind_an_answer_without_a_body_is_not_sent(letters: Path) -> None:
    with running(sending(letters, status="304 Not Modified"), check=False) as server, server.client() as client:
        assert [client.get("/").status for _ in range(2)] == [304, 304]


def test_a_file_may_follow_what_was_written(letters: Path) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)(b"first ")
        return environ["wsgi.file_wrapper"](letters.open("rb"))

    with running(app, check=False) as server:
        assert server.get().body == b"first " + letters.read_bytes()


def test_a_file_without_start_response_is_an_error(letters: Path) -> None:
    files: list[Any] = []

    def app(environ: Any, start_response: Any) -> Any:
        files.append(letters.open("rb"))
        return environ["wsgi.file_wrapper"](files[0])

    with running(app, check=False) as server:
        assert server.get().status == 500
        server.stream.wait_for("did not call start_response")
    assert files[0].closed


def test_a_client_that_leaves_in_the_middle_of_a_file_leaves_no_trace(letters: Path) -> None:
    letters.write_bytes(bytes(50_000_000))
    with running(sending(letters), check=False) as server:
        with server.client() as client:
            client.send(request("GET / HTTP/1.1")).read_until(b"\0")
        server.stream.wait_for("200 - ")
    assert "Traceback" not in server.log


def test_a_file_without_close_is_no_problem() -> None:
    class Reader:
        parts = iter([b"a", b""])

        def read(self, size: int) -> bytes:
            return next(self.parts)

    wrapper = FileWrapper(Reader())
    assert list(wrapper) == [b"a"]
    wrapper.close()


# What says the length of a body that is never sent (RFC 9110, 8.6).


@pytest.mark.parametrize("body", [[], [b""], [b"four"], (b"", b""), "generator", "written"])
@pytest.mark.parametrize(
    ("status", "given", "sent"),
    [
        ("204 No Content", None, None),
        ("204 No Content", "0", None),
        ("204 No Content", "4", None),
        ("304 Not Modified", None, None),
        ("304 Not Modified", "0", None),  # no framework means by it that the 200 would be empty
        ("304 Not Modified", "1234", "1234"),
    ],
)
def test_an_answer_that_never_has_a_body_says_no_length_but_that_of_the_200(
    body: Any, status: str, given: str | None, sent: str | None
) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        write = start_response(status, [("Content-Length", given)] if given else [])
        if body == "written":
            write(b"four")
            return []
        return iter([b"four"]) if body == "generator" else body

    with running(app, check=False) as server, server.client() as client:
        for _ in range(2):  # nothing but the head was sent: the next answer is found where it begins
            reply = client.get("/")
            assert (reply.status, reply.header("Content-Length")) == (int(status[:3]), sent)
            assert reply.header("Transfer-Encoding") is None


@pytest.mark.parametrize("status", ["100 Continue", "101 Switching Protocols", "103 Early Hints"])
def test_an_application_cannot_send_an_interim_answer_with_or_without_a_length(status: str) -> None:
    with running(application([b""], ("Content-Length", "0"), status=status), check=False) as server:
        reply = server.get("/")
    assert (reply.status, reply.header("Content-Length")) == (500, "22")
