"""An exception that was noted for a request, and what the application answers then."""

from __future__ import annotations

import contextvars
import gc
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from client import Answer, Client

from debugkit import DebuggedApplication
from debugkit.debug.frameworks.noting import PRESERVE_CONTEXT, RequestNotes, note, notes_of

TEXT = [("Content-Type", "text/plain")]
Start = Callable[..., Any]
App = Callable[[dict[str, Any], Start], Iterable[bytes]]


class Tea(Exception):
    """What only the test raises."""


def handling(status: str, *body: bytes) -> App:
    """An application that catches its error, as frameworks do, and answers with a body that is there already."""

    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        try:
            raise Tea("cold")
        except Tea as error:
            note(environ, error)
        start_response(status, TEXT)
        return list(body)

    return app


class Body:
    """The body of a framework: an iterable of its own, which must be closed."""

    closed = 0

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        type(self).closed += 1


def late(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    yield from handling("500 Internal Server Error", b"own")(environ, start_response)


def late_and_empty(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    handling("500 Internal Server Error")(environ, start_response)
    yield from ()


def of_its_own_kind(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    return Body(handling("500 Internal Server Error", b"own")(environ, start_response))


def with_a_length(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    def start(status: str, headers: list[tuple[str, str]]) -> Any:
        return start_response(status, [*headers, ("Content-Length", "3")])

    return handling("503 Service Unavailable", b"own")(environ, start)


def replacing(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    """Gives the exception to the server, as PEP 3333 has it, and notes nothing."""
    start_response("200 OK", TEXT)
    try:
        raise Tea("cold")
    except Tea:
        start_response("500 Internal Server Error", TEXT, sys.exc_info())
    return [b"own"]


def get(app: App, method: str = "GET") -> Answer:
    return Client(DebuggedApplication(app))("/", method)


@pytest.mark.parametrize(
    "app",
    [handling("500 Internal Server Error", b"own"), late, late_and_empty, of_its_own_kind, with_a_length, replacing],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_page_takes_the_place_of_an_answer_5xx_to_an_error_that_was_noted(app: App, method: str) -> None:
    answer = get(app, method)

    assert (answer.status, bool(answer.header("X-Debugkit-Traceback"))) == (500, True)
    assert ("Tea" in answer.text) is (method == "GET")
    assert "no exception reached" not in answer.errors
    assert "Tea: cold" in answer.errors


def test_the_answer_that_is_replaced_is_closed() -> None:
    Body.closed = 0
    get(of_its_own_kind)

    assert Body.closed == 1


@pytest.mark.parametrize("status", ["200 OK", "303 See Other", "404 Not Found", "499 Closed"])
def test_what_a_program_makes_of_an_error_stays_below_500(status: str) -> None:
    answer = get(handling(status, b"own"))

    assert (answer.status, answer.body, answer.errors) == (int(status[:3]), b"own", "")


def test_an_error_belongs_to_its_own_request() -> None:
    apps = iter((handling("200 OK", b"own"), answers_500))
    site = Client(DebuggedApplication(lambda environ, start_response: next(apps)(environ, start_response)))

    assert [site("/").body, site("/").body] == [b"own", b"busy"]


def answers_500(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    start_response("503 Service Unavailable", TEXT)
    return [b"busy"]


def test_the_traceback_of_a_noted_error_begins_with_the_first_frame_that_it_has() -> None:
    names = [line for line in get(handling("500 Internal Server Error")).errors.splitlines() if "File " in line]

    assert len(names) == 1
    assert names[0].endswith("in app")


def test_an_error_that_comes_out_after_it_was_noted_is_shown_once() -> None:
    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        try:
            raise Tea("cold")
        except Tea as error:
            note(environ, error)
            raise

    answer = get(app)

    assert answer.errors.count("Tea: cold") == 1
    assert "in app\n" in answer.errors


def test_a_request_without_a_debugger_and_one_of_werkzeugs_note_nothing() -> None:
    contexts: list[Any] = []
    for environ in ({}, {PRESERVE_CONTEXT: contexts.append}, {PRESERVE_CONTEXT: None}):
        note(environ, Tea())
        assert notes_of(environ) is None
    assert contexts == []


def test_of_two_debuggers_around_one_application_the_inner_one_answers() -> None:
    inner = DebuggedApplication(handling("500 Internal Server Error"))
    outer = DebuggedApplication(inner)
    answer = Client(outer)("/")

    assert answer.errors.count("Tea: cold") == 1
    path = answer.header("X-Debugkit-Traceback")
    assert path is not None
    assert inner.debugger.registry.get(path.rpartition("/")[2]) is not None


def test_the_context_variables_are_those_of_the_moment_when_it_was_noted() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    notes = RequestNotes()
    token = variable.set("tea")
    notes.note(Tea())
    variable.reset(token)

    assert notes.context_now()[variable] == "tea"


def test_nothing_keeps_an_error_that_was_answered_otherwise() -> None:
    errors: list[weakref.ref[Tea]] = []

    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        try:
            raise Tea
        except Tea as error:
            errors.append(weakref.ref(error))
            note(environ, error)
        start_response("200 OK", TEXT)
        return [b"x"]

    get(app)
    gc.collect()

    assert errors[0]() is None
