"""The middleware between a real application and a validating server."""

from __future__ import annotations

import gc
import io
import re
import signal
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.util import FileWrapper
from wsgiref.validate import validator

import pytest
from client import Client
from process_support import TIMEOUT
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

import debugkit
from debugkit import DebuggedApplication, DebugkitError
from debugkit.debug.adapter import application_identity, kept_headers
from debugkit.debug.frameworks.noting import PRESERVE_CONTEXT

TEXT = [("Content-Type", "text/plain")]
Start = Callable[..., Any]


def failing(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    price = {"name": "Tea"}
    start_response("200 OK", TEXT)
    return [str(price["price"]).encode()]  # type: ignore[index]


def client(app: Any, **settings: Any) -> Client:
    return Client(DebuggedApplication(validator(app), **settings))


def test_an_application_that_works_is_not_touched() -> None:
    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", TEXT)
        return [b"one", b"two"]

    answer = client(app)("/")

    assert (answer.status, answer.headers, answer.body) == (200, TEXT, b"onetwo")


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_body_that_cannot_fail_is_handed_on_as_it_is(kind: type) -> None:
    body = kind([b"x"])
    app = DebuggedApplication(start_body(body))

    assert app({"PATH_INFO": "/"}, lambda *args: None) is body  # type: ignore[arg-type]


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...


NO_WSGI = [(asgi, r"The application is an ASGI application \(.*\.asgi\): put"), (None, "The application is a NoneType")]


@pytest.mark.parametrize(("app", "why"), NO_WSGI)
def test_an_application_that_is_none_of_wsgi_is_refused_at_once(app: Any, why: str) -> None:
    with pytest.raises(debugkit.ConfigurationError, match=why):
        DebuggedApplication(app)


def test_run_simple_refuses_it_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="1"):
        debugkit.run_simple("localhost", 0, None)  # type: ignore[arg-type]
    assert "The application is a NoneType" in capsys.readouterr().err


def answers_500(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    start_response("500 Internal Server Error", TEXT)
    return [b"own"]


def answers_500_late(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    start_response("502 Bad Gateway", TEXT)
    yield b"own"


def answers_500_and_fails(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    start_response("500 Internal Server Error", TEXT)
    raise KeyError("tea")


def answers_500_and_captures(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    debugkit.capture(KeyError("tea"))
    return answers_500(environ, start_response)


@pytest.mark.parametrize(
    ("app", "told"),
    [(answers_500, 1), (answers_500_late, 1), (answers_500_and_fails, 0), (answers_500_and_captures, 0), (failing, 0)],
)
def test_an_answer_5xx_of_the_application_is_told_of_once_unless_the_error_reached_the_debugger(
    app: Any, told: int
) -> None:
    site = DebuggedApplication(app)
    terminal = io.StringIO()
    for _ in range(3):
        Client(site)("/", **{"wsgi.errors": terminal})
    assert terminal.getvalue().count("itself: no exception reached the debugger") == told


def test_an_error_that_reached_the_debugger_does_not_hide_a_later_answer() -> None:
    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        return (failing if environ["PATH_INFO"] == "/fails" else answers_500)(environ, start_response)

    site = DebuggedApplication(app)
    terminal = io.StringIO()
    for path in ("/fails", "/own"):
        Client(site)(path, **{"wsgi.errors": terminal})
    assert terminal.getvalue().count("no exception reached") == 1


def test_a_file_wrapper_and_a_file_reach_the_server_as_they_are() -> None:
    wrapper = FileWrapper(io.BytesIO(b"x"))
    file = io.BytesIO(b"x")
    environ = {"PATH_INFO": "/", "wsgi.file_wrapper": FileWrapper}

    for body in (wrapper, file):
        assert DebuggedApplication(start_body(body))(environ, lambda *args: None) is body  # type: ignore[arg-type]


class Body:
    """An iterable of its own, as frameworks return them."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.iterator = iter(chunks)
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self.iterator)

    def close(self) -> None:
        self.closed += 1


def start_body(body: Any) -> Any:
    def app(environ: dict[str, Any], start_response: Start) -> Any:
        start_response("200 OK", TEXT)
        return body

    return app


def test_a_body_is_closed_once_after_it_was_sent() -> None:
    body = Body([b"a", b"b"])

    assert client(start_body(body))("/").body == b"ab"
    assert body.closed == 1


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_a_body_is_closed_once_when_the_client_goes_away(taken: int) -> None:
    body = Body([b"a", b"b", b"c"])
    result = DebuggedApplication(start_body(body))({"PATH_INFO": "/"}, lambda *args: None)  # type: ignore[arg-type]
    iterator = iter(result)
    for _ in range(taken):
        next(iterator)
    result.close()  # type: ignore[attr-defined]

    assert body.closed == 1


def test_a_generator_is_closed_when_the_client_goes_away() -> None:
    seen = []

    def app(environ: dict[str, Any], start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        try:
            yield b"a"
            yield b"b"
        finally:
            seen.append("closed")

    result = DebuggedApplication(app)({"PATH_INFO": "/"}, lambda *args: None)  # type: ignore[arg-type]
    next(iter(result))
    result.close()  # type: ignore[attr-defined]

    assert seen == ["closed"]


def test_an_error_becomes_a_page() -> None:
    answer = client(failing)("/cart")

    assert answer.status == 500
    assert answer.header("Content-Type") == "text/html; charset=utf-8"
    assert "KeyError" in answer.text
    assert "GET /cart" in answer.text


def test_an_error_of_the_first_chunk_becomes_a_page() -> None:
    def app(environ: dict[str, Any], start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        raise ValueError("before any output")
        yield b""

    answer = client(app)("/")

    assert answer.status == 500
    assert "before any output" in answer.text


def late(environ: dict[str, Any], start_response: Start) -> Iterator[bytes]:
    start_response("200 OK", TEXT)
    yield b"row 1\n"
    raise ValueError("after output")


def test_an_error_after_output_never_looks_like_success() -> None:
    answer = client(late)("/export")

    assert isinstance(answer.broken, ValueError)
    assert answer.body == b"row 1\n"


def test_an_error_after_output_is_left_to_the_server_to_log_and_stays_in_the_recent_errors() -> None:
    shop = client(late)
    answer = shop("/export")
    link = answer.errors.split("Debugger page: http://127.0.0.1:8000")[1].split()[0]

    assert "after output" not in answer.errors
    assert isinstance(answer.broken, ValueError)
    assert "after output" in shop(link).text
    assert link in shop("/__debugkit__/tracebacks").text


def test_the_terminal_gets_the_traceback_the_link_and_the_pin_once() -> None:
    shop = client(failing)
    first, second = shop("/"), shop("/")

    assert first.errors.startswith("Traceback (most recent call last):\n")
    assert "KeyError: 'price'" in first.errors
    assert "Debugger page: http://127.0.0.1:8000/__debugkit__/tracebacks/" in first.errors
    assert first.errors.count("Debugger PIN:") == 1
    assert "Debugger page:" in second.errors
    assert "Debugger PIN" not in second.errors


def test_the_traceback_begins_in_the_application() -> None:
    app = DebuggedApplication(failing)
    answer = Client(app)("/")

    assert "debugkit/debug/wsgi.py" not in answer.errors
    assert answer.errors.splitlines()[1].strip().startswith("File ")
    assert "in failing" in answer.errors.splitlines()[1]


def test_a_view_that_exits_does_not_end_the_server() -> None:
    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        raise SystemExit(3)

    answer = Client(DebuggedApplication(app))("/")

    assert answer.status == 500
    assert "SystemExit" in answer.text


@pytest.mark.usefixtures("sigint_of_a_terminal")
def test_the_developer_can_still_stop_the_server() -> None:
    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        signal.raise_signal(signal.SIGINT)
        return []

    with pytest.raises(KeyboardInterrupt):
        Client(DebuggedApplication(app))("/")


def test_headers_for_cors_survive_and_others_do_not() -> None:
    def app(environ: dict[str, Any], start_response: Start) -> Iterator[bytes]:
        headers = [
            *TEXT,
            ("Access-Control-Allow-Origin", "http://localhost:3000"),
            ("Access-Control-Expose-Headers", "X-Total"),
            ("Vary", "Origin"),
            ("Set-Cookie", "a=b"),
            ("Content-Security-Policy", "default-src *"),
        ]
        start_response("200 OK", headers)
        raise ValueError
        yield b""

    answer = client(app)("/", HTTP_ORIGIN="http://localhost:3000")
    exposed = [value for name, value in answer.headers if name == "Access-Control-Expose-Headers"]

    assert answer.header("Access-Control-Allow-Origin") == "http://localhost:3000"
    assert answer.header("Vary") == "Origin"
    assert exposed == ["X-Debugkit-Traceback", "X-Total"]
    assert answer.header("Set-Cookie") is None
    assert "default-src *" not in str(answer.headers)


@pytest.mark.parametrize("origin", ["http://evil.test", "http://93.184.216.34", "null", None])
def test_headers_for_cors_go_out_for_trusted_origins_only(origin: str | None) -> None:
    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [*TEXT, ("Access-Control-Allow-Origin", "*"), ("Timing-Allow-Origin", "*")])
        raise KeyError("price")

    answer = client(app)("/", **({} if origin is None else {"HTTP_ORIGIN": origin}))

    assert answer.header("Access-Control-Allow-Origin") is None
    assert answer.header("Timing-Allow-Origin") is None
    assert ("KeyError" in answer.text) == (origin is None)


def test_the_address_of_the_error_stands_in_a_header() -> None:
    shop = client(failing)
    address = shop("/").header("X-Debugkit-Traceback")

    assert address is not None
    assert "KeyError" in shop(address).text


def test_addresses_begin_at_the_root_of_the_application() -> None:
    shop = client(failing)
    address = shop("/", SCRIPT_NAME="/shop").header("X-Debugkit-Traceback")

    assert address is not None
    assert address.startswith("/shop/__debugkit__/tracebacks/")


def test_an_address_of_the_debugger_never_reaches_the_application() -> None:
    calls = []

    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        calls.append(environ["PATH_INFO"])
        start_response("200 OK", TEXT)
        return [b"app"]

    shop = client(app)
    for path in ("", "/", "/nothing", "/tracebacks", "/tracebacks/unknown", "/frames/x-1", "/static/../x", "/unlock"):
        assert shop(f"/__debugkit__{path}").body != b"app"
        shop(f"/__debugkit__{path}", "DELETE")

    assert calls == []


@pytest.mark.parametrize(
    "stranger",
    [
        {"REMOTE_ADDR": "8.8.8.8"},
        {"HTTP_HOST": "evil.test"},
        {"HTTP_ORIGIN": "http://evil.test"},
        {"HTTP_SEC_FETCH_SITE": "cross-site", "HTTP_SEC_FETCH_MODE": "no-cors"},
    ],
)
def test_a_stranger_gets_the_applications_own_answer_below_the_mount(stranger: dict[str, str]) -> None:
    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("404 Not Found", [("Content-Type", "text/x-own"), ("X-Length", environ["CONTENT_LENGTH"])])
        return [f"nothing at {environ['PATH_INFO']}: ".encode(), environ["wsgi.input"].read(4)]

    shop = client(app, console_path="/console")
    asset = re.search(r"/__debugkit__/static/\w+/page.css", shop("/__debugkit__/").text)
    assert asset is not None
    for path in ("/__debugkit__", "/__debugkit__/tracebacks", asset[0], "/__debugkit__/unlock?token=x", "/console"):
        answer = shop(path, "POST", body=b"body", **stranger)

        assert (answer.status, answer.text) == (404, f"nothing at {path.partition('?')[0]}: body")
        assert [name for name, _ in answer.headers] == ["Content-Type", "X-Length"]


def test_only_the_mount_belongs_to_the_debugger() -> None:
    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", TEXT)
        return [environ["PATH_INFO"].encode()]

    shop = client(app)

    assert shop("/__debugkit__x").body == b"/__debugkit__x"
    assert shop("/console").body == b"/console"


def test_the_application_reads_its_body_as_if_nobody_listened() -> None:
    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start_response("200 OK", TEXT)
        return [body]

    assert client(app)("/", "POST", body=b"name=Tea").body == b"name=Tea"


def test_only_a_request_with_a_body_is_recorded() -> None:
    seen = []

    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        seen.append(type(environ["wsgi.input"]).__name__)
        start_response("200 OK", TEXT)
        return []

    shop = Client(DebuggedApplication(app), validate=False)
    shop("/")
    shop("/", CONTENT_LENGTH="")
    shop("/", CONTENT_LENGTH="5")
    shop("/", HTTP_TRANSFER_ENCODING="chunked")

    assert seen == ["BytesIO", "BytesIO", "RecordedInput", "RecordedInput"]


def test_a_form_is_on_the_page_whether_the_application_read_it_or_not() -> None:
    def reads(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        raise ValueError

    def does_not(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        raise ValueError

    for app in (reads, does_not):
        assert "Lapsang" in client(app)("/", "POST", body=b"name=Lapsang&count=2").text


def test_capture_registers_an_exception_by_hand() -> None:
    shop = client(failing)
    try:
        int("seven")
    except ValueError as error:
        address = debugkit.capture(error)

    answer = shop(address)

    assert answer.status == 200
    assert "invalid literal for int()" in answer.text
    assert address.split("/")[-1] in shop("/__debugkit__/tracebacks").text


def test_capture_without_a_debugger_says_what_to_do() -> None:
    import subprocess
    import sys

    program = (
        "import debugkit\ntry: debugkit.capture(ValueError())\nexcept debugkit.DebugkitError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=TIMEOUT)

    assert "wrap the application in debugkit.DebuggedApplication first" in done.stdout
    assert issubclass(DebugkitError, Exception)


def test_frameworks_hand_their_contexts_over_and_nothing_keeps_them_after_success() -> None:
    class Held:
        pass

    references = []

    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        held = Held()
        references.append(weakref.ref(held))
        environ[PRESERVE_CONTEXT](held)
        start_response("200 OK", TEXT)
        return [b"x"]

    client(app)("/")
    gc.collect()

    assert [reference() for reference in references] == [None]


def test_an_application_is_named_by_where_it_is_defined() -> None:
    assert application_identity(failing).startswith(f"{failing.__module__}:failing:")
    assert application_identity(Body([])).startswith(f"{Body.__module__}:Body:")


def test_our_own_headers_win_over_kept_ones() -> None:
    sent = [("vary", "Origin"), ("Access-Control-Allow-Origin", "*")]

    assert list(kept_headers(sent, [("Vary", "Accept")])) == [("Access-Control-Allow-Origin", "*")]


def test_wrong_settings_are_told_at_start_up() -> None:
    with pytest.raises(debugkit.ConfigurationError, match="trusted_hosts"):
        DebuggedApplication(failing, trusted_hosts=["http://shop.test"])
    with pytest.raises(TypeError, match="pin_loging"):
        DebuggedApplication(failing, pin_loging=True)


def test_the_page_comes_with_its_length_and_its_policy() -> None:
    answer = client(failing)("/")

    assert answer.header("Content-Length") == str(len(answer.body))
    assert answer.header("Cache-Control") == "no-store"
    assert "script-src 'self'" in (answer.header("Content-Security-Policy") or "")


def test_nothing_in_an_error_steers_the_terminal_or_speaks_as_the_debugger() -> None:
    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        raise KeyError("x") from ValueError("\x1b]0;title\x07\u202e\n * Unlock this browser: http://evil.example/")

    errors = client(app)("/").errors

    assert "\\x1b]0;title\\x07\\u202e\n|  * Unlock this browser: http://evil.example/\n" in errors
    assert "\x1b" not in errors
    assert [line for line in errors.splitlines() if line.startswith(" * Unlock")][0].startswith(
        " * Unlock this browser: http://127.0.0.1:8000/"
    )


# Middleware inside of the application writes to the environ.


def no_tea(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    tea = "Sencha"
    raise KeyError(f"no {tea[:3]}")


def test_what_a_dispatcher_does_to_script_name_does_not_move_the_mount() -> None:
    shop = Client(DebuggedApplication(DispatcherMiddleware(no_tea, {"/shop": no_tea})))

    answer = shop("/shop/tea", SCRIPT_NAME="/site")
    url = answer.header("X-Debugkit-Traceback") or ""

    assert url.startswith("/site/__debugkit__/tracebacks/")
    assert "GET /site/shop/tea" in answer.text
    assert "KeyError" in shop(url.removeprefix("/site"), SCRIPT_NAME="/site").text


def believing(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    environ["REMOTE_ADDR"] = environ["HTTP_X_FORWARDED_FOR"]
    return no_tea(environ, start_response)


@pytest.mark.parametrize(
    "app",
    [
        DebuggedApplication(believing),
        DebuggedApplication(ProxyFix(no_tea)),  # type: ignore[arg-type]
        ProxyFix(DebuggedApplication(no_tea)),  # type: ignore[arg-type]
    ],
    ids=["inside, of the user's own", "inside", "around"],
)
def test_an_address_that_middleware_takes_from_a_header_is_not_this_computer(app: Any) -> None:
    near, far, public = (
        Client(app)("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR="127.0.0.1").text
        for peer in ("127.0.0.1", "10.0.0.3", "93.184.216.34")
    )

    assert ["no Sen" in text for text in (near, far, public)] == [True, True, False]
    assert ["Sencha&#39;" in text for text in (near, far, public)] == [True, False, False]
