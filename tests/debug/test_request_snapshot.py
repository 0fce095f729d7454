from __future__ import annotations

import io
import re
from typing import Any
from urllib.parse import quote

import pytest
from client import Client

from debugkit import DebuggedApplication
from debugkit.debug.request_snapshot import RECORDED, RecordedInput, iri, take_snapshot


def environ(**more: Any) -> dict[str, Any]:
    return {"REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": "/cart", "QUERY_STRING": "", **more}


def recorded(body: bytes, limit: int = 100) -> RecordedInput:
    return RecordedInput(io.BytesIO(body), limit)


def into(method: Any, size: int) -> bytes:
    buffer = bytearray(size)
    return bytes(buffer[: method(buffer)])


@pytest.mark.parametrize(
    "read",
    [
        lambda stream: [stream.read()],
        lambda stream: [stream.read(4), stream.read(3), stream.read()],
        lambda stream: [stream.readline(), stream.readline(2), stream.read()],
        lambda stream: stream.readlines(),
        lambda stream: list(stream),
        lambda stream: [stream.read1(4), stream.read1()],
        lambda stream: [into(stream.readinto, 4), into(stream.readinto1, 100)],
    ],
    ids=["read", "read(n)", "readline", "readlines", "iteration", "read1", "readinto"],
)
def test_the_application_reads_the_same_as_without_recording(read: Any) -> None:
    body = b"one\ntwo\nthree"
    stream = recorded(body)

    assert read(stream) == read(io.BytesIO(body))
    assert bytes(stream.recorded) == body


def test_no_more_than_the_limit_is_recorded() -> None:
    stream = recorded(b"x" * 1000, limit=10)

    assert len(stream.read()) == 1000
    assert (len(stream.recorded), stream.total) == (10, 1000)


def test_other_methods_of_the_stream_stay_within_reach() -> None:
    assert recorded(b"abc").seekable()


def test_what_the_application_left_unread_is_read_for_the_page() -> None:
    stream = recorded(b"name=Tea&count=2")
    stream.read(4)
    snapshot = take_snapshot(environ(CONTENT_LENGTH="16", **{RECORDED: stream}))

    assert snapshot.body == b"name=Tea&count=2"
    assert snapshot.body_length == 16


def test_reading_for_the_page_stops_at_the_announced_length_and_at_the_limit() -> None:
    source = io.BytesIO(b"x" * 50 + b"next request")
    take_snapshot(environ(CONTENT_LENGTH="50", **{RECORDED: RecordedInput(source, 100)}))
    assert source.read() == b"next request"

    source = io.BytesIO(b"x" * 500)
    snapshot = take_snapshot(environ(CONTENT_LENGTH="500", **{RECORDED: RecordedInput(source, 100)}))
    assert (len(snapshot.body), snapshot.body_length) == (100, 500)


def test_a_body_without_a_length_is_never_waited_for() -> None:
    source = io.BytesIO(b"chunk")
    snapshot = take_snapshot(environ(HTTP_TRANSFER_ENCODING="chunked", **{RECORDED: RecordedInput(source, 100)}))

    assert source.read() == b"chunk"
    assert snapshot.body_notice == "The application did not read the body."


def test_a_client_that_is_gone_does_not_cost_the_page() -> None:
    class Gone(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ConnectionResetError

    snapshot = take_snapshot(environ(CONTENT_LENGTH="5", **{RECORDED: RecordedInput(Gone(), 100)}))

    assert snapshot.body_notice == "The body could not be read completely (ConnectionResetError)."


def test_the_line_names_the_request_without_its_query() -> None:
    snapshot = take_snapshot(environ(SCRIPT_NAME="/shop", PATH_INFO="/caf\xc3\xa9 a", QUERY_STRING="token=s3cret"))

    assert snapshot.line == "POST /shop/caf%C3%A9%20a"


def test_headers_come_back_under_their_own_names() -> None:
    snapshot = take_snapshot(
        environ(HTTP_X_REQUEST_ID="7", HTTP_HOST="localhost", CONTENT_TYPE="text/plain", CONTENT_LENGTH="")
    )

    assert snapshot.headers == {"x-request-id": "7", "host": "localhost", "content-type": "text/plain"}


@pytest.mark.parametrize("length", ["-1", "+5", "5x", "٣", "1e3"])
def test_a_length_that_is_no_number_counts_as_none(length: str) -> None:
    assert take_snapshot(environ(CONTENT_LENGTH=length)).body_length is None


CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked"}


@pytest.mark.parametrize(
    ("headers", "limit", "read", "complete"),
    [
        ({"CONTENT_LENGTH": "5"}, 100, lambda stream: None, True),
        ({"CONTENT_LENGTH": "5"}, 4, lambda stream: stream.read(), False),
        ({"CONTENT_LENGTH": "9"}, 100, lambda stream: stream.read(), False),
        (CHUNKED, 100, lambda stream: stream.read(), True),
        (CHUNKED, 4, lambda stream: stream.read(), False),
        (CHUNKED, 100, lambda stream: stream.read(5), False),
        (CHUNKED, 100, lambda stream: (stream.read(5), stream.read(5)), True),
        (CHUNKED, 100, lambda stream: (stream.read(5), stream.read(0)), False),
        (CHUNKED, 100, lambda stream: list(stream), True),
        (CHUNKED, 100, lambda stream: stream.readlines(), True),
        (CHUNKED, 100, lambda stream: stream.readline(), False),
    ],
)
def test_a_snapshot_knows_whether_it_has_all_of_the_body(
    headers: dict[str, str], limit: int, read: Any, complete: bool
) -> None:
    stream = recorded(b"1\n345", limit)
    read(stream)

    assert take_snapshot(environ(**{RECORDED: stream}, **headers)).body_complete is complete


def test_a_request_without_a_body_has_all_of_it() -> None:
    assert take_snapshot(environ()).body_complete
    assert not take_snapshot(environ(CONTENT_LENGTH="5")).body_complete


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("/%E6%8A%B9%E8%8C%B6", "/抹茶"),
        ("GET /caf%C3%A9/%F0%9F%8D%B5", "GET /café/🍵"),
        ("/a%20b%2Fc%3F%25%00", "/a%20b%2Fc%3F%25%00"),  # ASCII stays: decoded, it would mean something else
        ("/%FF%E6%8A%B9%E6%8A", "/%FF抹%E6%8A"),  # what is no UTF-8
        ("/%ED%A0%80", "/%ED%A0%80"),  # nor is a surrogate
        ("/%E2%80%AEexe", "/%E2%80%AEexe"),  # U+202E turns what follows around
        ("/%C2%A0%C2%85%E2%80%A8%EE%80%80", "/%C2%A0%C2%85%E2%80%A8%EE%80%80"),  # blank, control, line, private
        ("/%D9%85%DB%8C%E2%80%8C%D8%AE", "/می\u200cخ"),
    ],
)
def test_an_address_is_shown_as_people_write_it_and_steers_nothing(address: str, shown: str) -> None:
    assert iri(address) == shown
    assert quote(shown, safe="/%+ ") == address


def fails(environ: dict[str, Any], start_response: Any) -> Any:
    raise ValueError("every request fails")


def test_the_page_shows_the_address_as_people_write_it_and_texts_have_it_as_it_was_sent() -> None:
    client = Client(DebuggedApplication(fails))
    answer = client("/抹茶".encode().decode("latin-1"), HTTP_ACCEPT="text/html")
    encoded = "/%E6%8A%B9%E8%8C%B6"

    shown = re.sub("<[^>]*>", " ", answer.text)
    assert "GET /抹茶" in shown
    assert encoded not in shown
    address = answer.header("X-Debugkit-Traceback") or ""
    for form in (".txt", ".md", ".json"):
        text = client(address + form).text
        assert encoded in text, form
        assert "抹茶" not in text, form
