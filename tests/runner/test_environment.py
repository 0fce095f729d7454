"""What `.env` and `.flaskenv` say, and who wins."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from debugkit.errors import ConfigurationError
from debugkit.runner.environment import EnvFiles, read
from debugkit.serving.watching.patterns import Patterns, is_pattern


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
    assert read(tmp_path / "shop" / "web", {}).values == {"TEA": "far"}
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
    assert read(tmp_path, {}).values == {}


def test_what_is_there_is_watched_and_what_may_come_as_far_up_as_the_repository_goes(tmp_path: Path) -> None:
    def watched(folder: Path) -> list[str]:
        """Of the files that could be: what is watched in a project whose folders may hold wildcards."""
        patterns = read(folder, {}).watched
        there = [path for path in patterns if not is_pattern(path)]
        names = (str(place / name) for place in (folder, *folder.parents) for name in (".env", ".flaskenv", "env"))
        matcher = Patterns([text for text in patterns if is_pattern(text)])
        return there + [name for name in names if matcher.match("", name)]

    (tmp_path / ".flaskenv").write_text("TEA=far\n")
    web = tmp_path / "shop[1]" / "web"
    web.mkdir(parents=True)
    far = str(tmp_path / ".flaskenv")
    near = [str(web / ".env"), str(web / ".flaskenv")]
    assert watched(web) == [far, *near]
    (web.parent / ".git").mkdir()
    assert watched(web) == [far, *near, str(web.parent / ".env"), str(web.parent / ".flaskenv")]
    assert read(web, {"FLASK_SKIP_DOTENV": "1"}).watched == ()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"TEA=\xff\n")
    with pytest.raises(ConfigurationError, match=rf"{tmp_path}/\.env cannot be read: "):
        read(tmp_path, {})


def test_reading_sets_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TEA_OF_THE_FILES=env\n")
    before = dict(os.environ)
    assert read(tmp_path).values == {"TEA_OF_THE_FILES": "env"}
    assert dict(os.environ) == before
