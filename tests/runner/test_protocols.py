from __future__ import annotations

import subprocess
import sys
from typing import Any

import asgi_apps
import pytest
from process_support import TIMEOUT

from debugkit import ConfigurationError, DebuggedApplication, DebuggedASGIApplication, make_server
from debugkit.runner.config import Choices, wrap
from debugkit.runner.protocols import protocol_of, refusal


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...


def wsgi(environ: Any, start_response: Any) -> list[bytes]:
    return []


def stand_in(module: str, name: str) -> Any:
    """An object of a class that another package has."""
    return type(name, (), {"__module__": module, "__call__": lambda self: self})()


def test_the_protocol_is_that_of_the_signature() -> None:
    assert [protocol_of(app) for app in (asgi, wsgi, lambda *args: None, print)] == ["asgi", "wsgi", "wsgi", "wsgi"]
    assert [refusal(app) for app in (asgi, wsgi)] == ["", ""]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Litestar of itself
@pytest.mark.parametrize("name", ["starlette", "fastapi", "quart", "litestar"])
def test_the_frameworks_speak_asgi(name: str) -> None:
    assert protocol_of(asgi_apps.ASGI_APPLICATIONS[name]()) == "asgi"


@pytest.mark.parametrize(
    ("application", "why"),
    [
        (stand_in("aiohttp.web_app", "Application"), "run it with aiohttp.web.run_app."),
        (stand_in("quart_trio.app", "QuartTrio"), "serve that with hypercorn --worker-class trio."),
        (lambda scope: None, "is an ASGI 2 application"),
        (3, "is a int, which is not callable"),
        (lambda: None, "is not a WSGI application"),
    ],
)
def test_what_can_be_served_by_neither_is_refused_by_name(application: Any, why: str) -> None:
    assert why in refusal(application)


def test_an_application_gets_the_debugger_of_its_protocol() -> None:
    assert isinstance(wrap(asgi, Choices(debugger={}))[0], DebuggedASGIApplication)
    assert isinstance(wrap(wsgi, Choices(debugger={}))[0], DebuggedApplication)
    assert wrap(asgi, Choices()) == (asgi, None)


def test_a_debugger_that_is_there_already_stays_the_only_one() -> None:
    application = DebuggedASGIApplication(asgi, pin="4711")
    assert wrap(application, Choices(debugger={})) == (application, application.debugger)


def test_a_debugger_among_the_middleware_of_fastapi_comes_to_the_outside() -> None:
    application = asgi_apps.fastapi()
    application.add_middleware(DebuggedASGIApplication, pin="4711")
    wrapped, debugger = wrap(application, Choices(debugger={}))
    assert wrapped.app is application
    assert wrapped.debugger is debugger
    assert wrapped.pin == "4711"
    assert [entry.cls.__name__ for entry in application.user_middleware] == ["SessionMiddleware"]


@pytest.mark.parametrize(
    ("choice", "option"),
    [
        ({"threaded": False}, "--no-threaded"),
        ({"static_files": {"/static": "static"}}, "--static-files"),
        ({"passthrough_errors": True}, "--passthrough-errors"),
    ],
)
def test_choices_without_a_meaning_for_asgi_are_refused_by_name(choice: Any, option: str) -> None:
    with pytest.raises(ConfigurationError, match=option):
        wrap(asgi, Choices(**choice))


def test_make_server_refuses_asgi_in_a_sentence() -> None:
    for application in (asgi, asgi_apps.starlette()):
        with pytest.raises(ConfigurationError, match=r"serve an ASGI application with debugkit\.run_simple"):
            make_server("127.0.0.1", 0, application)


def test_wsgi_loads_no_event_loop() -> None:
    program = """
import sys
from debugkit.runner.config import Choices, wrap
import debugkit.runner.serve
wrap(lambda environ, start_response: [], Choices(debugger={}))
print({"asyncio", "uvicorn", "concurrent.futures"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=TIMEOUT)
    assert (done.stdout, done.stderr) == ("set()\n", "")
