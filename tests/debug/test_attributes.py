"""Arguments and attributes of DebuggedApplication, as people know them from Werkzeug."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import werkzeug.debug
from client import Client

from debugkit import ConfigurationError, DebuggedApplication, Settings

NAMES = ["trusted_hosts", "pin", "evalex", "console_path", "pin_cookie_name", "pin_logging"]


def failing(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    raise KeyError("tea")


@pytest.fixture
def app() -> DebuggedApplication:
    return DebuggedApplication(failing)


def shows_the_error(app: DebuggedApplication, host: str) -> bool:
    return "KeyError" in Client(app)("/", HTTP_HOST=host).text


def test_every_argument_is_spelled_out_typed_and_documented() -> None:
    parameters = dict(inspect.signature(DebuggedApplication).parameters)

    assert not [one for one in parameters.values() if one.kind in (one.VAR_KEYWORD, one.VAR_POSITIONAL)]
    assert parameters.keys() == {*Settings.__dataclass_fields__, "app", "request_key", "identity"}
    assert all(parameter.annotation is not parameter.empty for parameter in parameters.values())
    documented = [line.strip() for line in (DebuggedApplication.__doc__ or "").splitlines()]
    assert [name for name in parameters if not any(line.startswith(f"``{name}``: ") for line in documented)] == []


def test_every_argument_of_werkzeug_is_one_here_in_the_same_order() -> None:
    theirs = inspect.signature(werkzeug.debug.DebuggedApplication).parameters
    ours = inspect.signature(DebuggedApplication).parameters

    assert [name for name in ours if name in theirs] == list(theirs)


@pytest.mark.parametrize("name", NAMES)
def test_an_attribute_is_one_of_werkzeug_too(name: str, app: DebuggedApplication) -> None:
    theirs = werkzeug.debug.DebuggedApplication(failing, pin_logging=False)

    assert hasattr(theirs, name)
    assert hasattr(app, name)


def test_a_host_that_is_appended_is_trusted_at_once(app: DebuggedApplication) -> None:
    assert not shows_the_error(app, "shop.test")

    app.trusted_hosts.append("shop.test")

    assert shows_the_error(app, "shop.test")
    assert not shows_the_error(app, "api.shop.test")


def test_a_leading_dot_trusts_the_name_and_all_below_it(app: DebuggedApplication) -> None:
    app.trusted_hosts += [".shop.test"]

    assert shows_the_error(app, "shop.test:8000")
    assert shows_the_error(app, "api.shop.test")
    assert app.trusted_hosts == ["shop.test", "*.shop.test"]


def test_assigning_hosts_takes_the_place_of_those_before(app: DebuggedApplication) -> None:
    app.trusted_hosts = ["one.test", "two.test"]
    app.trusted_hosts.remove("one.test")
    app.trusted_hosts[0:1] = ["three.test"]

    assert list(app.trusted_hosts) == ["three.test"]
    assert not shows_the_error(app, "two.test")
    assert shows_the_error(app, "localhost")


def test_a_host_that_cannot_work_is_refused_and_changes_nothing(app: DebuggedApplication) -> None:
    app.trusted_hosts.append("shop.test")

    with pytest.raises(ConfigurationError, match="Any website"):
        app.trusted_hosts.append("*")

    assert app.trusted_hosts == ["shop.test"]


def test_a_pin_that_is_assigned_unlocks_and_ends_sessions_of_the_one_before(app: DebuggedApplication) -> None:
    client = Client(app)
    client.unlock(app.pin)
    mount = "/__debugkit__"
    entry = client("/").header("X-Debugkit-Traceback").rpartition("/")[2]
    frame = client(f"{mount}/tracebacks/{entry}.json").json["exceptions"][0]["frames"][-1]["id"]
    path = f"{mount}/frames/{frame}/evaluate"
    assert client.post(path, {"source": "1"}).status == 200

    app.pin = "1234-5678"

    assert client.post(path, {"source": "1"}).status == 403
    client.unlock("12345678")
    assert client.post(path, {"source": "1"}).status == 200
    assert app.pin == "1234-5678"


@pytest.mark.parametrize("off", [None, "off"])
def test_without_a_pin_this_computer_alone_runs_code(app: DebuggedApplication, off: str | None) -> None:
    app.pin = off

    assert app.pin is None
    assert not app.settings.pin_security
    assert Client(app).post("/__debugkit__/unlock", {"pin": "1"}).json["error"] == "no_pin"


def test_what_cannot_be_a_pin_is_refused(app: DebuggedApplication) -> None:
    pin = app.pin

    with pytest.raises(ConfigurationError, match="cannot be a PIN"):
        app.pin = "tea"

    assert app.pin == pin


def test_a_console_path_that_is_assigned_is_served(app: DebuggedApplication) -> None:
    assert "KeyError" in Client(app)("/console").text

    app.console_path = "/console"
    assert "KeyError" not in Client(app)("/console").text

    app.console_path = None
    assert "KeyError" in Client(app)("/console").text


def test_evalex_can_be_switched_off(app: DebuggedApplication) -> None:
    app.evalex = False

    assert not app.evalex
    assert Client(app).post("/__debugkit__/unlock", {"pin": app.pin}).status == 403


def test_with_pin_logging_off_the_terminal_gets_no_pin(app: DebuggedApplication) -> None:
    app.pin_logging = False
    assert app.debugger.banner("http://localhost/") == []

    app.pin_logging = True
    assert app.debugger.banner("http://localhost/")[0] == f" * Debugger PIN: {app.pin}"


def test_the_cookie_of_a_session_has_the_name_that_is_told(app: DebuggedApplication) -> None:
    answer = Client(app).post("/__debugkit__/unlock", {"pin": app.pin})

    assert (answer.header("Set-Cookie") or "").startswith(f"{app.pin_cookie_name}=")
    with pytest.raises(AttributeError):
        app.pin_cookie_name = "tea"  # type: ignore[misc]
