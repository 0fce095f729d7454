"""The event streams: what a reader gets, in which order, and how its stream ends. Threads, and no sleep."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from client import Answer, Client
from process_support import TIMEOUT

from debugkit import DebuggedApplication, Limits
from debugkit.debug.live import HEARTBEAT, WAITING, Events, Stream

MOUNT = "/__debugkit__"


def events(**choices: Any) -> Events:
    return Events("first", **choices)


def told(piece: bytes) -> tuple[str, Any]:
    """An event taken apart as WHATWG HTML, section 9.2.6, says."""
    fields = dict(line.split(": ", 1) for line in piece.decode().splitlines() if line)
    return fields["event"], json.loads(fields["data"])


def greeted(stream: Stream) -> Any:
    assert next(stream) == b"retry: 200\n\n"
    name, data = told(next(stream))
    assert name == "hello"
    return data


def test_a_stream_begins_with_the_generation_and_how_soon_to_come_back() -> None:
    assert greeted(events().stream()) == {"generation": "first", "failed": False}
    assert greeted(Events("second", failed=True).stream()) == {"generation": "second", "failed": True}


def test_every_reader_hears_every_event_in_order() -> None:
    source = events()
    streams = [source.stream(), source.stream()]
    for number in range(3):
        source.publish("recorded", {"number": number})

    for stream in streams:
        greeted(stream)
        assert [told(next(stream)) for _ in range(3)] == [("recorded", {"number": number}) for number in range(3)]


def test_what_was_published_before_a_reader_came_is_not_repeated() -> None:
    source = events()
    source.publish("recorded", {"number": 0})
    stream = source.stream()
    source.publish("recorded", {"number": 1})
    greeted(stream)

    assert told(next(stream)) == ("recorded", {"number": 1})


@pytest.mark.parametrize(
    "text", ["two\nlines\r\n", "data: injected\n\nevent: hello", "ÿ \u2028 \ud800", "\x00"], ids=ascii
)
def test_no_text_can_end_an_event_or_begin_another(text: str) -> None:
    source = events()
    stream = source.stream()
    source.publish("recorded", {"title": text})
    greeted(stream)
    piece = next(stream)

    assert piece.count(b"\n") == 3
    assert b"\r" not in piece
    assert told(piece) == ("recorded", {"title": text})


def test_a_reader_that_waits_is_woken_by_an_event() -> None:
    source = events(heartbeat=TIMEOUT)
    stream = source.stream()
    greeted(stream)
    heard: list[bytes] = []
    reader = threading.Thread(target=lambda: heard.append(next(stream)))
    reader.start()
    source.publish("recorded", {})
    reader.join(TIMEOUT)

    assert [told(piece) for piece in heard] == [("recorded", {})]


def test_silence_is_filled_with_comments() -> None:
    stream = events(heartbeat=0.001).stream()
    greeted(stream)

    assert [next(stream), next(stream)] == [HEARTBEAT, HEARTBEAT]
    assert HEARTBEAT.startswith(b":")


def test_closing_ends_every_stream_at_once_from_another_thread() -> None:
    source = events(heartbeat=TIMEOUT)
    streams = [source.stream() for _ in range(3)]
    ends: list[list[bytes]] = []
    readers = [threading.Thread(target=lambda stream=stream: ends.append(list(stream))) for stream in streams]
    for reader in readers:
        reader.start()
    source.close()
    for reader in readers:
        reader.join(TIMEOUT)

    assert [len(pieces) for pieces in ends] == [2, 2, 2]
    assert source.readers == 0


def test_what_was_published_just_before_the_end_is_still_given_out() -> None:
    source = events()
    stream = source.stream()
    source.publish("recorded", {"number": 1})
    source.close()
    greeted(stream)

    assert [told(piece) for piece in stream] == [("recorded", {"number": 1})]


def test_after_the_end_a_reader_is_sent_away_without_a_greeting() -> None:
    source = events()
    source.close()
    source.publish("recorded", {})

    assert list(source.stream()) == [b"retry: 200\n\n"]
    assert source.readers == 0


def test_closing_twice_is_closing_once() -> None:
    source = events()
    source.close()
    source.close()

    assert list(source.stream()) == [b"retry: 200\n\n"]


def test_one_reader_too_many_ends_the_oldest() -> None:
    source = events(limit=2)
    oldest, middle, newest = (source.stream() for _ in range(3))

    assert source.readers == 2
    greeted(oldest)
    with pytest.raises(StopIteration):
        next(oldest)
    source.publish("recorded", {})
    for stream in (middle, newest):
        greeted(stream)
        assert told(next(stream)) == ("recorded", {})


def test_a_reader_that_leaves_makes_room() -> None:
    source = events(limit=1)
    first = source.stream()
    first.close()
    assert source.readers == 0

    second = source.stream()
    first.close()  # PEP 3333 servers may close what has ended
    assert source.readers == 1
    assert greeted(second)["generation"] == "first"


def test_a_stream_that_is_closed_before_it_is_read_leaves_nothing_behind() -> None:
    source = events()
    source.stream().close()

    assert source.readers == 0


def test_a_reader_that_does_not_keep_up_is_ended_and_holds_no_memory() -> None:
    source = events()
    slow = source.stream()
    for number in range(WAITING + 10):
        source.publish("recorded", {"number": number})

    assert list(slow) == []
    fast = source.stream()
    assert greeted(fast)["generation"] == "first"


def test_many_threads_publish_come_and_go() -> None:
    source = events(limit=4, heartbeat=0.001)
    done = threading.Event()
    problems: list[BaseException] = []

    def guarded(action: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            try:
                action()
            except BaseException as error:
                problems.append(error)

        return run

    def read() -> None:
        while not done.is_set():
            stream = source.stream()
            for _ in zip(range(5), stream, strict=False):
                pass
            stream.close()

    def publish() -> None:
        for number in range(500):
            source.publish("recorded", {"number": number})

    readers = [threading.Thread(target=guarded(read)) for _ in range(6)]
    writers = [threading.Thread(target=guarded(publish)) for _ in range(2)]
    for thread in [*readers, *writers]:
        thread.start()
    for thread in writers:
        thread.join(TIMEOUT)
    done.set()
    for thread in readers:
        thread.join(TIMEOUT)

    assert problems == []
    assert source.readers == 0


# The address


def failing(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    raise KeyError(environ["PATH_INFO"])


def shop(source: Events | None, **settings: Any) -> Client:
    app = DebuggedApplication(failing, **settings)
    app.debugger.events = source
    return Client(app)


def open_stream(client: Client, **more: Any) -> tuple[str, dict[str, str], Any]:
    """The answer of the address, its body not read."""
    started: list[Any] = []
    environ = client._environ(f"{MOUNT}/events", "GET", b"", more)
    body = client.app(environ, lambda status, headers: started.extend([status, dict(headers)]))
    return started[0], started[1], body


def test_without_a_runner_there_is_nothing_to_hear() -> None:
    answer = shop(None)(f"{MOUNT}/events", HTTP_ACCEPT="text/event-stream")

    assert answer.status == 404
    assert "reloader" in answer.json["explanation"]


def test_a_visitor_gets_a_stream_that_nobody_keeps_and_no_proxy_gathers() -> None:
    status, headers, body = open_stream(shop(events()))

    assert status == "200 OK"
    assert headers["Content-Type"] == "text/event-stream"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Accel-Buffering"] == "no"
    assert "Content-Length" not in headers
    assert greeted(body)["generation"] == "first"


def test_a_new_error_is_told_with_what_a_visitor_may_see() -> None:
    client = shop(events())
    _, _, body = open_stream(client)
    greeted(body)
    answer = client("/cart?token=hush", HTTP_ACCEPT="application/json")

    assert told(next(body)) == (
        "recorded",
        {"id": answer.json["id"], "title": "KeyError: '/cart'", "request": "GET /cart"},
    )


def test_a_secret_in_the_message_is_not_told() -> None:
    client = shop(events())
    _, _, body = open_stream(client)
    greeted(body)
    client("/password=Tr0ub4dor")

    assert b"Tr0ub4dor" not in next(body).partition(b'"request"')[0]


@pytest.mark.parametrize(
    "environ",
    [{"HTTP_HOST": "shop.example"}, {"REMOTE_ADDR": "203.0.113.9"}],
    ids=["foreign host", "public address"],
)
def test_a_stranger_hears_nothing(environ: dict[str, str]) -> None:
    source = events()
    answer = shop(source)(f"{MOUNT}/events", **environ)

    assert (answer.status, answer.text) == (500, "Internal Server Error\n")  # the application knows no such address
    assert source.readers == 0


@pytest.mark.parametrize(("site", "status"), [("cross-site", 500), ("same-site", 403)])
def test_a_page_of_another_site_takes_up_no_thread(site: str, status: int) -> None:
    source = events()
    answer = shop(source)(f"{MOUNT}/events", HTTP_SEC_FETCH_SITE=site, HTTP_ACCEPT="text/event-stream")

    assert answer.status == status
    assert source.readers == 0


def test_head_is_answered_without_a_stream() -> None:
    source = events()
    answer = shop(source)(f"{MOUNT}/events", "HEAD")

    assert (answer.status, answer.body) == (200, b"")
    assert answer.header("Content-Type") == "text/event-stream"
    assert source.readers == 0


def test_the_server_takes_the_reader_off_by_closing_the_body() -> None:
    source = events(heartbeat=0.001)
    _, _, body = open_stream(shop(source))
    assert source.readers == 1
    body.close()

    assert source.readers == 0


def test_a_stream_is_valid_wsgi() -> None:
    source = events()
    source.close()

    assert shop(source)(f"{MOUNT}/events").body == b"retry: 200\n\n"


# What pages know of it


def pages(**settings: Any) -> Client:
    return shop(events(), **settings)


def live(answer: Answer) -> dict[str, str]:
    """The attributes of the page's listener, and where its link leads."""
    element = re.search(r"<dk-live(.*?)>(.*?)</dk-live>", answer.text, re.DOTALL)
    assert element is not None
    found = dict(re.findall(r'data-([a-z]+)="([^"]*)"', element[1]))
    offers = re.findall(r'<a [^>]*href="([^"]*)"[^>]*data-offer|<button[^>]*data-offer[^>]*>([^<]*)<', element[2])
    return found | {"offer": "".join(offers[0]) if offers else ""}


def test_a_page_names_the_code_that_made_it_and_where_to_listen() -> None:
    assert live(pages()("/cart", SCRIPT_NAME="/shop")) == {
        "events": f"/shop{MOUNT}/events",
        "generation": "first",
        "heals": "reload",
        "offer": "Show the new result",
    }


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_what_is_not_safe_is_never_repeated_by_itself(method: str) -> None:
    found = live(pages()("/cart", method))

    assert (found["heals"], found["offer"]) == ("ask", f"Send {method} /cart again")


def past(client: Client, path: str, method: str = "GET", **more: Any) -> dict[str, str]:
    """The listener of an error's permanent page."""
    address = client(path, method, **more).header("X-Debugkit-Traceback")
    return live(client(f"{address}", **more))


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/cart", "/cart"),
        ("/cart?size=2&colour=red", "/cart?size=2&amp;colour=red"),
        ("/caf\xc3\xa9 menu", "/caf%C3%A9%20menu"),
        ("//evil.example/cart", "/.//evil.example/cart"),
        ("/\\evil.example", "/%5Cevil.example"),
    ],
    ids=["path", "query", "quoted", "two slashes", "backslash"],
)
def test_the_permanent_page_of_a_get_leads_to_its_request_on_this_host(path: str, url: str) -> None:
    assert past(pages(), path) == {
        "events": f"{MOUNT}/events",
        "generation": "first",
        "heals": "past",
        "offer": url,
    }


def test_the_link_knows_where_the_application_is_mounted() -> None:
    client = pages()
    address = client("/cart", SCRIPT_NAME="/shop").header("X-Debugkit-Traceback") or ""

    assert live(client(address.removeprefix("/shop"), SCRIPT_NAME="/shop"))["offer"] == "/shop/cart"


@pytest.mark.parametrize("path", ["/cart?token=d41d8cd98f00b204", "/reset/password=Tr0ub4dor"])
def test_no_link_holds_a_secret(path: str) -> None:
    assert past(pages(), path)["offer"] == ""


def test_the_permanent_page_of_a_post_leads_nowhere() -> None:
    assert past(pages(), "/cart", "POST") | {"offer": ""} == past(pages(), "/cart", "POST")


def test_an_error_that_was_let_go_leads_nowhere() -> None:
    client = pages(limits=Limits(live_tracebacks=1))
    address = client("/cart").header("X-Debugkit-Traceback")
    client("/other")

    assert live(client(f"{address}"))["offer"] == ""


def test_the_page_of_a_frame_is_about_a_past_error() -> None:
    client = pages()
    frame = re.search(rf"{MOUNT}/frames/[A-Za-z0-9]+-\d+", client("/cart").text)
    assert frame is not None

    assert live(client(frame[0]))["heals"] == "past"
    assert "<dk-live" not in client(frame[0], HTTP_X_DEBUGKIT="1").text


def test_the_list_is_sent_as_a_part_to_the_script_of_its_page() -> None:
    client = pages()
    client("/cart")
    part = client(f"{MOUNT}/tracebacks", HTTP_X_DEBUGKIT="1", HTTP_ACCEPT="text/html").text

    assert part.lstrip().startswith('<div class="list"')
    assert part in client(f"{MOUNT}/tracebacks").text
    assert live(client(f"{MOUNT}/tracebacks"))["heals"] == "list"


def test_without_a_runner_no_page_listens() -> None:
    client = shop(None)

    assert "<dk-live" not in client("/cart").text
    assert "data-poll" in client(f"{MOUNT}/tracebacks").text.partition("<dk-recents")[2].partition(">")[0]
