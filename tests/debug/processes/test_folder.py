"""Where processes meet: the same place for all of one server, for this user alone, and short enough for a socket."""

from __future__ import annotations

import os
import socket
import stat
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from debugkit.debug.processes.folder import SUN_PATH, Unusable, meeting_place, require, sockets
from debugkit.debug.processes.sweeping import OLD, sweep

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no private Unix sockets")

NAME = f"debugkit-{'0' * 16}"


def place(own_state: Path, key: str = "key", where: str = "/shop") -> Path:
    return meeting_place(key, where, {"XDG_RUNTIME_DIR": str(own_state)})


def test_all_processes_of_a_server_find_the_same_folder_and_others_another_one(own_state: Path) -> None:
    assert place(own_state) == place(own_state)
    assert len({place(own_state), place(own_state, "other"), place(own_state, where="/blog")}) == 3
    assert place(own_state).parent == own_state
    assert list(own_state.iterdir()) == [], "looking makes nothing"


def test_a_runtime_folder_that_is_missing_relative_or_too_deep_is_passed_over(own_state: Path) -> None:
    deep = own_state / ("d" * 90)
    deep.mkdir()
    for base in (str(own_state / "missing"), "run", "", str(deep)):
        found = meeting_place("key", "/shop", {"XDG_RUNTIME_DIR": base})
        assert len(os.fsencode(found)) + len("/01234567") < SUN_PATH
        assert own_state not in found.parents


def test_processes_that_share_no_secret_do_not_meet(own_state: Path) -> None:
    with pytest.raises(Unusable, match="no state can be saved"):
        place(own_state, "")


def test_the_folder_is_made_for_its_user_alone(own_state: Path) -> None:
    path = own_state / NAME
    with pytest.raises(FileNotFoundError):
        require(path)
    require(path, make=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    require(path, make=True)


@pytest.mark.parametrize("mode", [0o710, 0o701, 0o770, 0o755, 0o777])
def test_a_folder_that_others_may_enter_is_refused(own_state: Path, mode: int) -> None:
    path = own_state / NAME
    path.mkdir()
    path.chmod(mode)
    with pytest.raises(Unusable, match="other users may enter"):
        require(path, make=True)


def test_a_link_and_a_file_in_its_place_are_refused(own_state: Path) -> None:
    (own_state / "real").mkdir(mode=0o700)
    (own_state / "link").symlink_to(own_state / "real")
    (own_state / "file").touch(mode=0o700)
    for name in ("link", "file"):
        with pytest.raises(Unusable):
            require(own_state / name, make=True)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can give a folder away")
def test_the_folder_of_another_user_is_refused(own_state: Path) -> None:
    path = own_state / NAME
    path.mkdir(mode=0o700)
    os.chown(path, 12345, -1)
    with pytest.raises(Unusable, match="belongs to another user"):
        require(path)


def test_what_others_left_is_swept_away_when_nobody_answers_there(own_state: Path) -> None:
    folders = {name: own_state / f"debugkit-{name * 16}" for name in "abcd"}
    for path in (*folders.values(), own_state / "debugkit-notes"):
        path.mkdir(mode=0o700)
    with ExitStack() as stack:
        for name in "abc":
            listening = stack.enter_context(socket.socket(socket.AF_UNIX))
            listening.bind(str(folders[name] / "s"))
            if name == "b":
                listening.listen()
            else:
                listening.close()
        now = folders["a"].stat().st_mtime
        sweep(folders["a"], now)
        assert sockets(folders["a"]) == []
        assert all(path.exists() for path in folders.values()), "they are young"
        sweep(folders["a"], now + OLD + 60)
        assert {name for name, path in folders.items() if path.exists()} == {"a", "b"}
        assert (own_state / "debugkit-notes").exists()
