"""Exceptions whose fields raise: they are read, printed and served all the same."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from capture_support import caught
from client import Client
from serving_support import running

from debugkit import DebuggedApplication
from debugkit.debug.startup_error import FailedStart
from debugkit.raised import printed, traceback_of
from debugkit.serving.log import Log
from debugkit.serving.reloading.modules import files_of

FIELDS = ("__traceback__", "__cause__", "__context__", "__suppress_context__", "__notes__", "args", "with_traceback")


def raising(error: type[BaseException]) -> property:
    def read(self: object) -> object:
        raise error("no")

    return property(read)


def hostile(error: type[BaseException]) -> BaseException:
    """An exception that raises another one whatever it is asked."""
    names: dict[str, Any] = dict.fromkeys((*FIELDS, "client_is_gone"), raising(error))

    def said(self: object) -> str:
        raise error("no")

    cls = type("Hostile", (Exception,), {**names, "__str__": said, "__repr__": said, "__getattribute__": said})

    def fail() -> None:
        basket = "apples"
        raise cls(basket)

    return caught(fail)


ERRORS = (ValueError, SystemExit, RecursionError, GeneratorExit)


@pytest.mark.parametrize("error", ERRORS)
def test_an_exception_that_raises_when_it_is_read_is_printed_with_its_place(error: type[BaseException]) -> None:
    exc = hostile(error)

    assert traceback_of(exc) is not None
    assert "Hostile" in printed(exc)
    assert "in fail" in printed(exc)


def test_an_ordinary_exception_is_printed_as_python_does() -> None:
    assert printed(caught(lambda: 1 / 0)).endswith("ZeroDivisionError: division by zero\n")
    assert printed(KeyError("x"), caught(lambda: 1 / 0).__traceback__).startswith("Traceback (most recent call last)")


@pytest.mark.parametrize("error", ERRORS)
def test_the_files_of_an_exception_are_found_whatever_it_says(error: type[BaseException]) -> None:
    assert __file__ in files_of(hostile(error))


class Broken(io.StringIO):
    """A terminal that is gone in an unusual way."""

    def write(self, text: str) -> int:
        raise AttributeError("write")


@pytest.mark.parametrize("stream", [Broken(), io.BytesIO()])
def test_the_log_outlives_its_stream(stream: Any) -> None:
    Log(stream).failed(hostile(SystemExit))


def failing(error: type[BaseException]) -> Callable[..., Iterable[bytes]]:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        basket = "apples"
        raise hostile(error) from KeyError(basket)

    return app


@pytest.mark.parametrize("error", ERRORS)
def test_an_exception_that_raises_when_it_is_read_has_its_page(error: type[BaseException]) -> None:
    answer = Client(DebuggedApplication(failing(error)))("/")

    assert answer.status == 500
    assert answer.text.rstrip().endswith("</html>")
    assert "Hostile" in answer.text
    assert "apples" in answer.text


def test_an_answer_that_has_begun_is_broken_off_for_such_an_exception() -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"one"
        raise hostile(ValueError)

    for application in (app, DebuggedApplication(app)):
        with running(application, check=False) as server:
            reply = server.get("/")
        assert reply.body == b"one"
        assert not reply.complete
        assert "Hostile" in server.log


class Bytes(io.BytesIO):
    """What Django's test client gives as `wsgi.errors`."""


@pytest.mark.parametrize("stream", [Bytes(), Broken(), None, object()])
def test_whatever_the_terminal_is_the_client_gets_the_page(stream: Any) -> None:
    client = Client(DebuggedApplication(failing(ValueError)), validate=False)

    answer = client("/", **{"wsgi.errors": stream})

    assert answer.status == 500
    assert "Hostile" in answer.text
    if isinstance(stream, Bytes):
        assert b"Debugger page: " in stream.getvalue()


def test_a_terminal_without_unicode_shows_it_escaped() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), "ascii")

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        raise ValueError("größe")

    Client(DebuggedApplication(app), validate=False)("/", **{"wsgi.errors": stream})

    assert b"gr\\xf6\\xdfe" in stream.buffer.getvalue()  # type: ignore[attr-defined]


def test_a_debugger_that_cannot_record_answers_all_the_same() -> None:
    application = DebuggedApplication(failing(ValueError))
    told: list[str] = []

    def broken(*args: object, **more: object) -> Any:
        raise hostile(SystemExit)

    application.debugger.record = broken  # type: ignore[method-assign]  # a defect that nobody foresaw
    application.debugger._print_line = told.append

    assert Client(application)("/").status == 500
    assert "The debugger failed" in told[0]


@pytest.mark.parametrize("error", ERRORS)
def test_a_program_that_ends_in_such_an_exception_is_replaced_by_its_page(error: type[BaseException]) -> None:
    application = DebuggedApplication(failing(error))
    FailedStart(application, hostile(error))

    answer = Client(application)("/")

    assert answer.status == 500
    assert "failed to start" in answer.text
    assert "Hostile" in answer.text
