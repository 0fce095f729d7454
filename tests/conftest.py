"""Fixtures for all tests: settings that touch nothing outside of the test's own folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The secret and the attempts live in a folder of this test, also for processes that it starts."""
    folder = tmp_path_factory.mktemp("state")
    folder.chmod(0o700)
    monkeypatch.setenv("DEBUGKIT_STATE_DIR", str(folder))
    for name in ("WERKZEUG_DEBUG_PIN", "DEBUGKIT_TRUSTED_HOSTS", "DEBUGKIT_TRUSTED_PEERS", "DEBUGKIT_EDITOR"):
        monkeypatch.delenv(name, raising=False)
    return folder
