"""What the runner decides before anything is started."""

from __future__ import annotations

from pathlib import Path

from debugkit.runner.run import watched_folders


def test_a_home_folder_is_never_watched_as_a_whole(tmp_path: Path) -> None:
    assert watched_folders([str(Path.home()), str(tmp_path), tmp_path.anchor]) == (str(tmp_path),)
