"""One process among others: when it begins to listen, what it leaves, and what it says where that cannot be."""

from __future__ import annotations

import gc
import json
import re
import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgi_client import ASGIClient
from client import Client
from debug.processes.servers import folder_of
from process_support import TIMEOUT

from debugkit import DebuggedApplication, DebuggedASGIApplication
from debugkit.debug.messages import Request, Response
from debugkit.debug.processes import snapshots, writer
from debugkit.debug.processes.client import ask, is_answered
from debugkit.debug.processes.folder import sockets
from debugkit.debug.processes.siblings import Picture, Siblings
from debugkit.debug.processes.writer import WAITING

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no private Unix sockets")

MOUNT = "/__debugkit__"
SEVERAL = {"wsgi.multiprocess": True}


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/ok":
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return [b""]
    password, tea = "hunter" + "2", "Sencha"  # noqa: F841
    raise LookupError("no tea left")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setattr(writer, "_LAST", TIMEOUT)  # a busy machine writes for more than a second
    client = Client(DebuggedApplication(app), dict(SEVERAL))
    yield client
    client.app.debugger.siblings.close()  # type: ignore[attr-defined]


def error_of(client: Client) -> str:
    return (client("/").header("X-Debugkit-Traceback") or "").rpartition("/")[2]


def threads() -> set[threading.Thread]:
    """Those of this room."""
    names = ("debugkit-processes", "debugkit-snapshots")
    return {thread for thread in threading.enumerate() if thread.name in names}


# When it begins


def test_before_the_first_error_there_is_no_thread_socket_or_file(client: Client, own_state: Path) -> None:
    before = threads()
    assert client("/ok").status == 200
    client(f"{MOUNT}/tracebacks")
    client(f"{MOUNT}/tracebacks/{'0' * 32}")
    assert (threads() - before, list(own_state.glob("debugkit-*"))) == (set(), [])
    error = error_of(client)
    assert [path.name for path in sockets(folder_of(own_state))] == [error[:8]]
    assert len(threads() - before) == 2


def test_a_server_with_one_process_never_has_any(own_state: Path) -> None:
    client = Client(DebuggedApplication(app))
    before = threads()
    error_of(client)
    assert (threads() - before, list(own_state.glob("debugkit-*"))) == (set(), [])


def test_nothing_is_left_of_an_application_that_is_dropped(own_state: Path) -> None:
    before = threads()
    client = Client(DebuggedApplication(app), dict(SEVERAL))
    error_of(client)
    client.app.debugger.siblings._writer.finish()  # type: ignore[attr-defined]
    (own,) = sockets(folder_of(own_state))
    leaving = threads() - before
    del client
    gc.collect()
    assert not own.exists()
    for thread in leaving:
        thread.join(TIMEOUT)
        assert not thread.is_alive()


def test_an_id_begins_with_its_owner_and_stays_unguessable(client: Client) -> None:
    errors = [error_of(client) for _ in range(20)]
    assert len({error[:8] for error in errors}) == 1
    assert len({error[8:] for error in errors}) == 20
    assert {len(error) for error in errors} == {32}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_hundred_errors_hold_no_more_than_ten(client: Client, own_state: Path) -> None:
    def held(errors: int) -> tuple[int, int]:
        for _ in range(errors):
            assert client("/", HTTP_ACCEPT="*/*").status == 500
        client.app.debugger.siblings._writer.finish()  # type: ignore[attr-defined]
        return len(list(Path("/proc/self/fd").iterdir())), len(threads())

    assert held(10) >= held(90)
    left = snapshots.read_rows(folder_of(own_state))
    assert len(left) <= 2 + 2 * WAITING, "of a flood the newest are written"


# Faults


def test_a_folder_that_was_deleted_is_made_again_with_the_next_error(client: Client, own_state: Path) -> None:
    error_of(client)
    shutil.rmtree(folder_of(own_state))
    error_of(client)
    (own,) = sockets(folder_of(own_state))
    assert is_answered(own)


def test_a_folder_that_others_may_enter_is_refused_with_the_reason(client: Client, own_state: Path) -> None:
    error_of(client)
    folder_of(own_state).chmod(0o755)
    refused = client.post(f"{MOUNT}/values/{'0' * 32}-v1x0", {"offset": 0})
    assert refused.status in (403, 404)
    page = client(f"{MOUNT}/tracebacks/{'0' * 32}")
    assert page.status == 404
    assert "in another worker process, which cannot be asked: other users may enter" in page.text
    assert "gunicorn --workers 1 --threads 8" in page.text


def test_where_no_state_can_be_saved_the_terminal_and_the_answer_say_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    client = Client(DebuggedApplication(app, state_dir=tmp_path / "file"), dict(SEVERAL))
    errors = [client("/") for _ in range(3)]
    assert {error.status for error in errors} == {500}
    assert capsys.readouterr().err.count("other processes cannot ask this one for its errors") == 1
    answer = client(f"{MOUNT}/tracebacks/{'0' * 32}.json", HTTP_ACCEPT="application/json")
    assert "in another worker process" in answer.json["explanation"]
    alone = Client(client.app)
    answer = alone(f"{MOUNT}/tracebacks/{'0' * 32}.json", HTTP_ACCEPT="application/json")
    assert answer.json["explanation"].endswith("Errors are forgotten when the server restarts.")


def test_a_disk_that_is_full_is_told_once_and_costs_no_page(
    client: Client, own_state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    resource = pytest.importorskip("resource")
    error_of(client)  # the lock-out and the secret are on the disk by now
    client.app.debugger.siblings._writer.finish()  # type: ignore[attr-defined]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        siblings = client.app.debugger.siblings  # type: ignore[attr-defined]
        for _ in range(2):
            error_of(client)
        siblings._writer.finish()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert siblings._explained == {s for s in siblings._explained if "errors are lost with the process" in s}
    assert len(siblings._explained) == 1
    assert len(snapshots.read_rows(folder_of(own_state))) == 1


@pytest.fixture
def silent(client: Client, own_state: Path) -> Iterator[str]:
    """The token of a process that listens and never answers."""
    error_of(client)
    client.app.debugger.siblings.patience = 0.02  # type: ignore[attr-defined]
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder_of(own_state) / ("f" * 8)))
        listening.listen()
        yield "f" * 8


def test_an_owner_that_does_not_answer_is_a_clear_answer(client: Client, silent: str) -> None:
    answer = client(f"{MOUNT}/tracebacks/{silent}{'0' * 24}", HTTP_ACCEPT="application/json")
    assert (answer.status, answer.json["error"]) == (504, "no_answer")
    assert "The worker process that has this error does not answer" in answer.json["explanation"]


def test_the_list_says_when_it_is_not_complete(client: Client, silent: str) -> None:
    page = client(f"{MOUNT}/tracebacks")
    assert page.status == 200
    assert "no tea left" in page.text
    assert "1 of the worker processes did not answer: their errors are not listed." in page.text


def test_a_large_request_and_a_wrong_one_are_refused_as_by_the_owner_itself(client: Client) -> None:
    error = error_of(client)
    client.unlock(client.app.debugger.pin_auth.pin)  # type: ignore[attr-defined]
    for owner in (error[:8], "0" * 8):
        for body, status in (({"source": "x" * 1_000_001}, 413), ({"source": 7}, 400)):
            assert client.post(f"{MOUNT}/frames/{owner}{'0' * 24}-0/evaluate", body).status == status


# Two applications


def test_two_applications_in_one_process_do_not_mix(own_state: Path) -> None:
    first, second = Client(DebuggedApplication(app), dict(SEVERAL)), Client(DebuggedApplication(app), dict(SEVERAL))
    errors = [error_of(first), error_of(second)]
    for client, own, other in ((first, *errors), (second, *reversed(errors))):
        rows = client(f"{MOUNT}/tracebacks", HTTP_ACCEPT="application/json").json["errors"]
        assert [row["url"] for row in rows] == [f"{MOUNT}/tracebacks/{own}"]
        assert client(f"{MOUNT}/tracebacks/{own}").status == 200
        assert client(f"{MOUNT}/tracebacks/{other}").status == 404
    assert len(list(own_state.glob("debugkit-*"))) == 2
    for client in (first, second):
        client.app.debugger.siblings.close()  # type: ignore[attr-defined]


def test_the_same_application_meets_itself_in_other_processes(own_state: Path) -> None:
    def siblings(name: str) -> Siblings[str]:
        one: Siblings[str] = Siblings(name, lambda: "key", print)
        one.attach(one, lambda request: Response(200, (), one.take_token().encode()), lambda error: None, most=100)
        one.recorded("error", multiprocess=True)
        return one

    # Two objects in this process stand for the same one in two.
    first, second = siblings("as in the first process"), siblings("as in the second process")
    (path,) = second.others()
    assert ask(path, Request("GET", "", "", {}, "", "http", ""), b"").body == first.take_token().encode()
    assert first.owner_of(f"{second.take_token()}{'0' * 24}") in first.others()
    first.close()
    second.close()


# What it leaves


def test_what_is_left_holds_every_form_with_and_without_values_and_no_secret(client: Client, own_state: Path) -> None:
    error = error_of(client)
    client.app.debugger.siblings._writer.finish()  # type: ignore[attr-defined]
    folder = folder_of(own_state)
    row = snapshots.read_rows(folder)[error]
    assert (row["title"], row["live"], row["count"]) == ("LookupError: no tea left", False, 1)
    for form in ("html", "json", "markdown", "text"):
        bodies = []
        for values in ("with", "without"):
            document = snapshots.read_document(folder, error, f"{form} {values} values")
            assert document is not None
            assert "no tea left" in document.body
            assert "hunter2" not in document.body
            bodies.append(document.body)
        if form != "text":
            assert ["Sencha&#39;" in body or "'Sencha'" in body for body in bodies] == [True, False]
    page = snapshots.read_document(folder, error, "html with values")
    assert page is not None
    assert "has ended" in page.body
    assert "data-evaluate" not in page.body
    assert "unlock" not in re.sub(r'<link rel="modulepreload".*', "", page.body).lower()


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    scope["root_path"] = "/mounted"  # as routers do
    raise LookupError("no tea left")


@pytest.mark.parametrize(
    "make", [lambda: Client(DebuggedApplication(app)), lambda: ASGIClient(DebuggedASGIApplication(asgi_app))]
)
def test_addresses_in_what_is_left_stand_below_the_root_of_the_application(make: Any, own_state: Path) -> None:
    client = make()
    root = {"SCRIPT_NAME": "/a shop"} if isinstance(client, Client) else {"root_path": "/a shop"}
    error = (client("/", **root).header("X-Debugkit-Traceback") or "").rpartition("/")[2]
    debugger = client.app.debugger
    debugger.siblings.recorded(debugger.registry.get(error), multiprocess=True)
    debugger.siblings.close()

    page = snapshots.read_document(folder_of(own_state), error, "html with values")

    assert page is not None
    assert 'href="/a%20shop/__debugkit__/static/' in page.body
    assert 'href="/__debugkit__' not in page.body


def test_what_cannot_be_written_is_told_once_and_the_thread_goes_on(own_state: Path) -> None:
    said: list[str] = []
    drawn: list[str] = []
    done = threading.Event()

    def draw(error: str) -> Picture | None:
        drawn.append(error)
        if error == "second":
            done.set()
        return Picture(error, {"title": "x"}, {})

    siblings: Siblings[str] = Siblings("shop", lambda: "key", said.append)
    siblings.attach(siblings, lambda request: Response(200), draw, most=100)
    siblings.recorded("first", multiprocess=True)
    folder_of(own_state).chmod(0o755)
    siblings.recorded("second", multiprocess=True)
    siblings.recorded("second", multiprocess=True)
    assert done.wait(TIMEOUT)
    siblings.close()
    assert json.dumps(said).count("errors are lost") == 1
