"""What `.env` and `.flaskenv` say, and who wins."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from debugkit.errors import ConfigurationError
from debugkit.runner.environment import EnvFiles, read


def test_env_wins_over_flaskenv_and_the_environment_over_both(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TEA=env\nCUPS=env\n")
    (tmp_path / ".flaskenv").write_text("TEA=flaskenv\nPOT=flaskenv\n")
    files = read(tmp_path, {})
    assert files.values == {"TEA": "env", "CUPS": "env", "POT": "flaskenv"}
    environ = {"CUPS": "mine"}
    files.apply(environ, debug=True)
    assert (environ["TEA"], environ["CUPS"], environ["POT"]) == ("env", "mine", "flaskenv")


def test_files_above_the_folder_count_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TEA=far\n")
    (tmp_path / "shop" / "web").mkdir(parents=True)
    assert read(tmp_path / "shop" / "web", {}) == EnvFiles({"TEA": "far"}, (str(tmp_path / ".env"),))
    (tmp_path / "shop" / ".env").write_text("TEA=near\n")
    assert read(tmp_path / "shop" / "web", {}).values == {"TEA": "near"}


def test_the_debugger_sets_what_flask_run_debug_sets_unless_somebody_else_has() -> None:
    for values, given, debug, flags in [
        ({}, {}, True, ("1", "true")),
        ({}, {}, False, (None, "true")),
        ({"FLASK_DEBUG": "0"}, {}, True, ("0", "true")),
        ({}, {"FLASK_DEBUG": "0", "FLASK_RUN_FROM_CLI": "false"}, True, ("0", "false")),
    ]:
        environ = dict(given)
        EnvFiles(values).apply(environ, debug=debug)
        assert (environ.get("FLASK_DEBUG"), environ.get("FLASK_RUN_FROM_CLI")) == flags


@pytest.mark.parametrize(("text", "skipped"), [("1", True), ("yes", True), ("0", False), ("false", False), ("", False)])
def test_flask_skip_dotenv_is_read_as_flask_reads_it(tmp_path: Path, text: str, skipped: bool) -> None:
    from flask.helpers import get_load_dotenv

    (tmp_path / ".env").write_text("TEA=env\n")
    assert (not read(tmp_path, {"FLASK_SKIP_DOTENV": text}).values) is skipped
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLASK_SKIP_DOTENV", text)
        assert get_load_dotenv() is not skipped


def test_without_python_dotenv_there_are_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("TEA=env\n")
    monkeypatch.setitem(sys.modules, "dotenv", None)
    assert read(tmp_path, {}) == EnvFiles()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"TEA=\xff\n")
    with pytest.raises(ConfigurationError, match=rf"{tmp_path}/\.env cannot be read: "):
        read(tmp_path, {})


def test_reading_sets_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TEA_OF_THE_FILES=env\n")
    before = dict(os.environ)
    assert read(tmp_path).values == {"TEA_OF_THE_FILES": "env"}
    assert dict(os.environ) == before
