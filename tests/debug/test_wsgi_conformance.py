"""What breaks PEP 3333 is a page that names the application's own line, under any server."""

from __future__ import annotations

import functools
import http.client
import io
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler
from wsgiref.simple_server import make_server as make_plain_server

import pytest
from client import Client
from process_support import TIMEOUT
from serving_support import running
from werkzeug.middleware.proxy_fix import ProxyFix

from debugkit import DebuggedApplication
from debugkit.debug.wsgi_conformance import stops_the_program

Start = Callable[..., Any]
TEXT = [("Content-Type", "text/plain")]
HERE = Path(__file__)


# Mistakes. Each is marked where it is made, by its name.


def text(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", TEXT)
    return "text"  # text: text: write return [text.encode()]


def text_in_a_list(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", TEXT)
    return ["text"]  # text_in_a_list: an object of str. PEP 3333 requires bytes


def text_behind_bytes(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", TEXT)
    return (b"bytes", "text")  # text_behind_bytes: an object of str. PEP 3333 requires bytes


def bytes_alone(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", TEXT)
    return b"bytes"  # bytes_alone: bytes, whose items are numbers: write return [data]


def dictionary(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", TEXT)
    return {"name": environ["PATH_INFO"]}  # dictionary: a dict, whose items are its keys


def empty_dictionary(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", TEXT)
    return {}  # empty_dictionary: a dict, whose items are its keys


def none(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", TEXT)  # none: None: is a return missing?


def number(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", TEXT)
    return 7  # number: an object of type int, which is not iterable


def coroutine(environ: Any, start_response: Start) -> Any:
    async def answer() -> Any:
        return [b"x"]

    return answer()  # coroutine: a coroutine: it is an async def


def too_short(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", [*TEXT, ("Content-Length", "6")])
    return [b"four"]  # too_short: says Content-Length: 6, and the body has only 4 bytes


def too_long(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", [*TEXT, ("content-length", "3")])
    return [b"fo", b"ur"]  # too_long: says Content-Length: 3, and the body has more than 3 bytes


def empty(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", [*TEXT, ("Content-Length", "6")])
    return []  # empty: says Content-Length: 6, and the body has only 0 bytes


def generated_too_short(environ: Any, start_response: Start) -> Any:  # generated_too_short: has only 0 bytes
    start_response("200 OK", [*TEXT, ("Content-Length", "6")])
    yield from ()


def generated_too_long(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", [*TEXT, ("Content-Length", "3")])
    yield b"four"  # generated_too_long: and the body has more than 3 bytes


def not_started(environ: Any, start_response: Start) -> Any:
    return [b"bytes"]  # not_started: did not call start_response


def file_not_started(environ: Any, start_response: Start) -> Any:
    return io.BytesIO(b"bytes")  # file_not_started: did not call start_response


def generator_not_started(environ: Any, start_response: Start) -> Any:
    yield b"bytes"  # generator_not_started: did not call start_response


def generator_never_started(environ: Any, start_response: Start) -> Any:  # generator_never_started: did not call
    yield from ()


def text_from_a_generator(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", TEXT)
    yield "text"  # text_from_a_generator: yielded an object of str. PEP 3333 requires bytes


def headers_in_a_dict(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", dict(TEXT))  # headers_in_a_dict: a list of tuples, not dict
    return [b"x"]


def header_of_a_number(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", [*TEXT, ("X-Count", 7)])  # header_of_a_number: header names and values to be strings
    return [b"x"]


def header_of_bytes(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", [(b"X-Name", "x")])  # header_of_bytes: header names and values to be strings
    return [b"x"]


def length_in_words(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", [*TEXT, ("Content-Length", "four")])  # length_in_words: must be one number of bytes
    return [b"four"]


def status_of_a_number(environ: Any, start_response: Start) -> Any:
    start_response(200, TEXT)  # status_of_a_number: the status to be a string
    return [b"x"]


def interrupted(environ: Any, start_response: Start) -> Any:
    raise KeyboardInterrupt  # interrupted: KeyboardInterrupt


def generator_exit(environ: Any, start_response: Start) -> Any:
    raise GeneratorExit  # generator_exit: GeneratorExit


def interrupted_generator(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", TEXT)
    raise KeyboardInterrupt  # interrupted_generator: KeyboardInterrupt
    yield b""


class ExitingBody:
    def __iter__(self) -> ExitingBody:
        return self

    def __next__(self) -> bytes:
        raise GeneratorExit  # exiting_iterator: GeneratorExit


def exiting_iterator(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", TEXT)
    return ExitingBody()


class Site:
    def __call__(self, environ: Any, start_response: Start) -> Any:
        start_response("200 OK", TEXT)
        return "text"  # a_site: text: write return [text.encode()]

    def method(self, environ: Any, start_response: Start) -> Any:
        return "text"  # a_method: text: write return [text.encode()]


def two_ways(environ: Any, start_response: Start) -> Any:  # two_ways: text: write return
    start_response("200 OK", TEXT)
    if environ["PATH_INFO"] == "/":
        return environ["PATH_INFO"]
    return environ["QUERY_STRING"]


def many_ways(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", TEXT)
    if environ["PATH_INFO"] == "/x":
        return {"a": environ}
    if environ["PATH_INFO"] == "/y":
        return [environ["PATH_INFO"].encode(), b"x"]
    if environ["PATH_INFO"] == "/":
        return f"at {environ['PATH_INFO']}"  # many_ways: text: write return
    return None


def two_constants(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", TEXT)
    if environ["PATH_INFO"] == "/":
        return "here"  # two_constants: text: write return
    return "there"


MISTAKES: dict[str, Any] = {
    app.__name__: app
    for app in (
        *(text, text_in_a_list, text_behind_bytes, bytes_alone, dictionary, empty_dictionary, none, number, coroutine),
        *(too_short, too_long, empty, generated_too_short, generated_too_long),
        *(not_started, file_not_started, generator_not_started, generator_never_started, text_from_a_generator),
        *(headers_in_a_dict, header_of_a_number, header_of_bytes, length_in_words),
        *(status_of_a_number, interrupted, generator_exit, interrupted_generator, exiting_iterator),
        *(two_ways, many_ways, two_constants),
    )
} | {"a_site": Site(), "a_method": Site().method}


def expected(name: str) -> tuple[int, str]:
    """The line of the mistake, and what must be said of it."""
    for lineno, line in enumerate(HERE.read_text("utf-8").splitlines(), 1):
        if found := re.search(rf"# {name}: (.*)", line):
            return lineno, found[1]
    raise AssertionError(name)


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_a_page_that_opens_the_applications_own_line(name: str) -> None:
    lineno, sentence = expected(name)
    shop = Client(DebuggedApplication(MISTAKES[name]))
    answer = shop("/")

    assert answer.status == 500
    frames = shop(f"{answer.header('X-Debugkit-Traceback')}.json").json["exceptions"][0]["frames"]
    opened = [frame for frame in frames if not frame["library"]][-1]
    assert opened["name"] != "<module>"
    assert (opened["filename"], opened["lineno"]) == (str(HERE), lineno)
    assert sentence in shop(f"{answer.header('X-Debugkit-Traceback')}.txt").text
    assert f"{HERE.name}:{lineno}" in answer.text
    assert answer.errors.count("Traceback (most recent call last)") <= 2


@contextmanager
def ours(app: Any) -> Iterator[int]:
    with running(app, check=False) as server:
        yield server.port


@contextmanager
def plain(app: Any) -> Iterator[int]:
    with make_plain_server("127.0.0.1", 0, app, handler_class=Silent) as server:
        yield from served(server, server.server_port)


@contextmanager
def werkzeug(app: Any) -> Iterator[int]:
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, app)
    yield from served(server, server.server_port)
    server.server_close()


def served(server: Any, port: int) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield port
    finally:
        server.shutdown()
        thread.join()


class Silent(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.parametrize("server", [ours, plain, werkzeug])
def test_a_mistake_is_a_page_under_every_server_which_serves_on(server: Any) -> None:
    def app(environ: dict[str, Any], start_response: Start) -> Any:
        name = environ["PATH_INFO"][1:]
        if name in MISTAKES:
            return MISTAKES[name](environ, start_response)
        start_response("200 OK", TEXT)
        return [b"fine"]

    with server(DebuggedApplication(app)) as port:
        for name in MISTAKES:
            if name == "exiting_iterator":
                continue  # the application around it is called rightly
            if server is werkzeug and name.startswith("header_of"):
                continue  # it writes any object
            answer = fetch(port, f"/{name}")
            assert (name, answer[0]) == (name, 500)
            if name not in ("two_ways", "many_ways", "two_constants", "file_not_started"):
                assert expected(name)[1].partition(":")[0].encode() in answer[1], name
        assert fetch(port, "/") == (200, b"fine")


def fetch(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "wrapped",
    [ProxyFix(text), functools.partial(text), ProxyFix(ProxyFix(functools.partial(text)))],
    ids=["middleware of a library", "partial", "both"],
)
def test_the_middleware_of_libraries_is_looked_through(wrapped: Any) -> None:
    answer = Client(DebuggedApplication(wrapped))("/")

    assert f"{HERE.name}:{expected('text')[0]}" in answer.text


def test_a_length_that_breaks_in_the_middle_never_looks_like_success_and_is_among_the_recent_errors() -> None:
    def app(environ: dict[str, Any], start_response: Start) -> Any:
        start_response("200 OK", [*TEXT, ("Content-Length", environ["QUERY_STRING"])])
        yield b"four"
        yield b"more"

    shop = Client(DebuggedApplication(app))
    for length, given in (("6", b"four"), ("10", b"fourmore")):
        answer = shop("/", QUERY_STRING=length)
        assert (type(answer.broken).__name__, answer.body) == ("ApplicationError", given)
        link = answer.errors.split("Debugger page: http://127.0.0.1:8000")[1].split()[0]
        assert f"Content-Length: {length}" in shop(link).text


class Lazy:
    """A body that is no list, and notes that it was closed."""

    closed = 0

    def __getitem__(self, index: int) -> bytes:
        return [b"a", b"b"][index]

    def close(self) -> None:
        self.closed += 1


def written(environ: Any, start_response: Start) -> Any:
    write = start_response("200 OK", [*TEXT, ("Content-Length", "8")])
    write(b"four")
    return [b"more"]


def head(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", [*TEXT, ("Content-Length", "1234")])
    return []


def unchanged(environ: Any, start_response: Start) -> Any:
    start_response("304 Not Modified", [("Content-Length", "1234")])
    return []


def late_start(environ: Any, start_response: Start) -> Any:
    yield b""
    start_response("200 OK", [*TEXT, ("Content-Length", "8")])
    yield b"four"
    yield b"more"


def second_start(environ: Any, start_response: Start) -> Any:
    start_response("200 OK", [*TEXT, ("Content-Length", "1")])
    try:
        raise ValueError
    except ValueError as error:
        start_response("404 Not Found", [*TEXT, ("Content-Length", "8")], (ValueError, error, error.__traceback__))
    return iter([b"fourmore"])


@pytest.mark.parametrize("app", [written, head, unchanged, late_start, second_start])
def test_what_pep_3333_allows_is_no_mistake(app: Any) -> None:
    answer = Client(DebuggedApplication(app), validate=False)("/", "HEAD" if app is head else "GET")

    assert answer.errors == ""
    assert answer.status in (200, 304, 404)
    assert answer.body == (b"" if app in (head, unchanged) else b"fourmore")


def test_a_body_of_the_old_protocol_of_iteration_is_sent_and_closed() -> None:
    body = Lazy()

    def app(environ: Any, start_response: Start) -> Any:
        start_response("200 OK", TEXT)
        return body

    assert Client(DebuggedApplication(app))("/").body == b"ab"
    assert body.closed == 1


def test_an_application_that_hides_itself_gets_the_sentence_without_a_place() -> None:
    class Hidden:
        __slots__ = ()

        def __getattribute__(self, name: str) -> Any:
            raise LookupError(name)

        __call__ = staticmethod(lambda environ, start_response: "text")  # type: ignore[assignment]

    answer = Client(DebuggedApplication(Hidden(), identity="hidden"), validate=False)("/")  # type: ignore[arg-type]
    assert answer.status == 500
    assert "PEP 3333" in answer.text


def test_an_application_that_took_the_connection_over_has_not_forgotten_to_answer() -> None:
    answer = DebuggedApplication(lambda environ, start_response: [])(
        {"PATH_INFO": "/", "HTTP_UPGRADE": "websocket"}, lambda *args: pytest.fail("an answer was begun")
    )

    assert list(answer) == []


def caught(raising: Callable[[], object]) -> BaseException:
    try:
        raising()
    except BaseException as error:
        return error
    raise AssertionError


@pytest.mark.usefixtures("sigint_of_a_terminal")
def test_a_signal_is_told_from_a_statement_of_the_application() -> None:
    def own() -> None:
        raise KeyboardInterrupt

    def from_a_signal() -> None:
        signal.raise_signal(signal.SIGINT)

    assert not stops_the_program(caught(own))
    assert stops_the_program(caught(from_a_signal))
    assert stops_the_program(KeyboardInterrupt())
    assert not stops_the_program(SystemExit())


def test_a_handler_of_the_programs_own_still_stops_it() -> None:
    def handle(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, handle)
    try:
        assert stops_the_program(caught(lambda: signal.raise_signal(signal.SIGINT)))
    finally:
        signal.signal(signal.SIGINT, before)


def refused_head(environ: Any, start_response: Start) -> Any:
    start_response("500 Internal Server Error", [("Connection", "close")])
    return [b"own"]


def refused_late(environ: Any, start_response: Start) -> Any:
    start_response("500 Internal Server Error", [("Connection", "close")])
    yield b"own"


def refused_at_the_end(environ: Any, start_response: Start) -> Any:
    start_response("500 Internal Server Error", [("Connection", "close")])
    yield from ()


class Body(list[bytes]):
    closed = False

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("app", [refused_head, refused_late, refused_at_the_end])
def test_an_answer_5xx_that_the_server_refuses_is_a_page_of_the_application(app: Any) -> None:
    """wsgiref refuses headers that are the server's own (PEP 3333, "Other HTTP Features")."""
    with plain(DebuggedApplication(app)) as port:
        status, body = fetch(port, "/")

    assert status == 500
    assert f"The server refuses the status or a header of {app.__name__} ({HERE}".encode() in body
    assert b"AssertionError: Hop-by-hop header" in body


def test_a_body_whose_answer_5xx_the_server_refuses_is_closed() -> None:
    body = Body()

    def app(environ: Any, start_response: Start) -> Any:
        start_response("500 Internal Server Error", TEXT)
        return body

    def refusing(status: str, headers: Any, exc_info: Any = None) -> Any:
        if exc_info is None:
            raise AssertionError(status)

    answer = DebuggedApplication(app)({"PATH_INFO": "/", "wsgi.errors": io.StringIO()}, refusing)

    assert b"".join(answer) == b"Internal Server Error\n"
    assert body.closed


def header_of_a_number_in_a_failure(environ: Any, start_response: Start) -> Any:
    start_response("500 Internal Server Error", [("X-Price", 5)])
    return [b"own"]


def test_a_mistake_in_the_head_of_an_answer_5xx_is_raised_where_it_is_made() -> None:
    answer = Client(DebuggedApplication(header_of_a_number_in_a_failure), validate=False)("/")

    assert "header names and values to be strings, not int" in answer.text
    assert "header_of_a_number_in_a_failure" in answer.text
