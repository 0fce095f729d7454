"""What each kind of viewer sees, and which addresses they are offered."""

from __future__ import annotations

import pytest

from debugkit.debug.access.trust import assess
from debugkit.debug.access.viewer import Level, Viewer
from debugkit.debug.messages import Request
from debugkit.settings import Settings

BASE = "/shop/__debugkit__"


def viewer(level: Level, *, local: bool = True, evalex: bool = True, pin_security: bool = True) -> Viewer:
    return Viewer(level, local, BASE, evalex, pin_security)


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("local", [True, False])
def test_values_are_for_developers_and_for_the_computer_that_runs_the_server(level: Level, local: bool) -> None:
    assert viewer(level, local=local).sees_values is (local or level >= Level.DEVELOPER)


def test_a_visitor_can_unlock_where_there_is_a_console_and_a_pin() -> None:
    assert viewer(Level.VISITOR).unlock_url == f"{BASE}/unlock"
    assert viewer(Level.VISITOR, evalex=False).unlock_url == ""
    assert viewer(Level.VISITOR, pin_security=False).unlock_url == ""
    assert viewer(Level.DEVELOPER).unlock_url == ""


def test_only_a_session_can_be_locked() -> None:
    assert viewer(Level.DEVELOPER).lock_url == f"{BASE}/lock"
    assert viewer(Level.RUNNER, pin_security=False).lock_url == ""
    assert viewer(Level.VISITOR).lock_url == ""


def test_a_viewer_knows_the_settings_and_the_root_of_their_request() -> None:
    asked = Request("GET", "", "", {"host": "localhost"}, "/shop", "http", "127.0.0.1")

    found = assess(asked, Settings(evalex=False, pin_security=False))

    assert (found.base, found.evalex, found.pin_security) == (BASE, False, False)
    assert found.reason == "Consoles are disabled (evalex=False)."


def test_viewers_of_the_same_kind_are_equal() -> None:
    """Parts of pages are kept by who is looking."""
    assert len({viewer(Level.VISITOR), viewer(Level.VISITOR), viewer(Level.DEVELOPER)}) == 2
