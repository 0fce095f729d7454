"""A start that failed: every address answers with the reason, in every form, and to strangers with nothing."""

from __future__ import annotations

import gc
import re
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from client import CHROME, Client

from debugkit import DebuggedApplication, Limits
from debugkit.debug.live import Events
from debugkit.debug.startup_error import FailedStart

MOUNT = "/__debugkit__"
ENDED = "The program ended with exit status 3 before it could serve."
NOTICE = "The application failed to start. Save a change and this page reloads by itself."


def never(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    raise AssertionError("the application that could not start is never called")


def raised(source: str, filename: str = "/srv/shop/app.py") -> BaseException:
    """What running a module raises, without the frames that ran it."""
    try:
        exec(compile(source, filename, "exec"), {"__name__": "shop", "limit": 3})
    except BaseException as error:
        trace = error.__traceback__
        return error.with_traceback(trace.tb_next if trace else None)
    raise AssertionError("the source works")


def failed(error: BaseException | None, message: str = "", *, events: bool = True, **settings: Any) -> Client:
    debugged = DebuggedApplication(never, **settings)
    debugged.debugger.events = Events("g7", failed=True) if events else None
    return Client(FailedStart(debugged, error, message))


def debugger(client: Client) -> Any:
    return client.app._debugger  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
def test_every_request_is_answered_with_the_page_of_the_one_error(method: str) -> None:
    client = failed(raised("import teapots"))
    answers = [client(path, method) for path in ("/", "/cart?size=2", "/favicon.ico")]

    assert {answer.status for answer in answers} == {500}
    assert all("No module named &#39;teapots&#39;" in answer.text for answer in answers)
    assert len({answer.header("X-Debugkit-Traceback") for answer in answers}) == 1
    assert len(debugger(client).registry.recent_groups()) == 1
    assert debugger(client).registry.recent_groups()[0][0].occurrences == 1


def test_the_page_says_on_top_what_to_do() -> None:
    page = failed(raised("import teapots"))("/").text

    assert page.index(NOTICE) < page.index("<main")


def test_without_a_runner_nobody_promises_that_the_page_reloads() -> None:
    page = failed(raised("import teapots"), events=False)("/").text

    assert "The application failed to start. Save a change and reload this page." in page
    assert "<dk-live" not in page


def test_the_error_of_a_request_has_no_such_line() -> None:
    debugged = DebuggedApplication(never)
    debugged.debugger.events = Events("g1")

    assert NOTICE not in Client(debugged)("/").text


def test_a_syntax_error_is_shown_in_its_file_and_line() -> None:
    page = failed(raised("limit = 3\ndef total(items:\n    pass\n"))("/").text

    assert "SyntaxError" in page
    assert re.search(r"app\.py<b>:2</b>", page)


def test_the_console_works_in_the_frame_that_failed() -> None:
    client = failed(raised("import teapots"))
    client.unlock(debugger(client).pin_auth.pin)
    frame = re.search(rf"{MOUNT}/frames/([A-Za-z0-9]+-\d+)/evaluate", client("/").text)
    assert frame is not None

    assert client.post(f"{MOUNT}/frames/{frame[1]}/evaluate", {"source": "limit + 1"}).events[0]["text"] == "4"


def test_what_lies_below_the_mount_works_as_ever() -> None:
    client = failed(raised("import teapots"))

    assert "teapots" in client(f"{MOUNT}/tracebacks").text
    assert client(client("/").header("X-Debugkit-Traceback") or "").status == 200
    style = re.search(rf"{MOUNT}/static/\S+/page\.css", client("/").text)
    assert style is not None
    assert client(style[0]).header("Content-Type") == "text/css; charset=utf-8"


def test_a_program_that_exits_while_it_is_loaded_has_a_page_too() -> None:
    page = failed(raised("raise SystemExit('no database')"))("/").text

    assert "SystemExit" in page
    assert "no database" in page


def test_an_error_that_poses_as_nothing_is_still_an_error() -> None:
    class Empty(Exception):
        def __bool__(self) -> bool:
            return False

    assert "Empty" in failed(Empty("nothing"))("/").text


def test_other_clients_get_the_form_they_can_use() -> None:
    client = failed(raised("import teapots"))

    problem = client("/", HTTP_ACCEPT="application/json")
    assert problem.header("Content-Type") == "application/problem+json"
    assert problem.json["title"] == "ModuleNotFoundError: No module named 'teapots'"
    text = client("/", HTTP_ACCEPT="*/*")
    assert text.header("Content-Type") == "text/plain; charset=utf-8"
    assert "No module named 'teapots'" in text.text
    assert client("/", "HEAD").body == b""


@pytest.mark.parametrize("error", ["import teapots", None], ids=["error", "message"])
@pytest.mark.parametrize("accept", [CHROME, "application/json", "*/*"], ids=["html", "json", "text"])
def test_a_stranger_learns_nothing(error: str | None, accept: str) -> None:
    client = failed(raised(error) if error else None, ENDED)
    answer = client("/", HTTP_HOST="shop.example", HTTP_ACCEPT=accept)

    assert (answer.status, answer.text) == (500, "Internal Server Error\n")
    assert answer.header("X-Debugkit-Traceback") is None


def test_who_looks_at_the_error_keeps_it_alive() -> None:
    now = [0.0]
    debugged = DebuggedApplication(never, limits=Limits(max_age=100))
    debugged.debugger.registry._clock = lambda: now[0]
    client = Client(FailedStart(debugged, raised("import teapots")))
    for moment in (0.0, 90.0, 180.0, 270.0):
        now[0] = moment
        assert "let go" not in client("/").text


def test_only_the_registry_holds_the_error() -> None:
    error = raised("class NoTeapot(Exception): ...\nraise NoTeapot")
    client = failed(error)
    held = weakref.ref(error)
    del error
    gc.collect()
    assert held() is not None
    client.app.entry.captured.release()  # type: ignore[attr-defined]
    gc.collect()

    assert held() is None


# A message


def test_without_an_error_the_page_says_what_happened() -> None:
    answer = failed(None, ENDED)("/cart")

    assert answer.status == 500
    assert "<h1>The application failed to start</h1>" in answer.text
    assert f"<p>{ENDED}</p>" in answer.text
    assert "Save a change and this page reloads by itself." in answer.text
    assert 'data-generation="g7"' in answer.text


def test_a_message_is_text_and_no_markup() -> None:
    assert "<img" not in failed(None, "<img src=x>")("/").text


def test_a_message_in_other_forms() -> None:
    client = failed(None, ENDED)

    assert client("/", HTTP_ACCEPT="application/json").json == {
        "type": "about:blank",
        "title": "The application failed to start",
        "status": 500,
        "detail": ENDED,
    }
    assert client("/", HTTP_ACCEPT="*/*").text == f"The application failed to start.\n{ENDED}\n"
    assert client("/", "HEAD").body == b""


def test_a_message_is_no_error_in_the_list() -> None:
    client = failed(None, ENDED)

    assert client(f"{MOUNT}/tracebacks", HTTP_ACCEPT="application/json").json["errors"] == []


@pytest.mark.parametrize(("method", "heals"), [("GET", "reload"), ("POST", "ask")])
@pytest.mark.parametrize("error", ["import teapots", None], ids=["error", "message"])
def test_the_page_heals_as_its_request_allows(error: str | None, method: str, heals: str) -> None:
    page = failed(raised(error) if error else None, ENDED)("/cart", method).text

    assert f'data-heals="{heals}"' in page
    assert ("Send the POST again" in page) == (method == "POST")


def test_what_to_do_about_it_stands_on_the_page() -> None:
    client = Client(
        FailedStart(DebuggedApplication(never), raised("import teapots"), advice="teapots is missing. Install it.")
    )

    assert client("/", HTTP_ACCEPT="application/json").json["hint"] == "teapots is missing. Install it."
    assert "teapots is missing. Install it." in client("/").text
