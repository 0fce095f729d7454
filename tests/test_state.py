"""The folder of a user's state: where it is, and when it is not to be trusted."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from debugkit.state import StateFolder, state_folder, user_folder


def folder(chosen=None, environ=None, platform="linux", home=None, **others) -> StateFolder:
    return state_folder(chosen, environ or {}, platform=platform, home=lambda: home, **others)


def test_linux_keeps_state_where_xdg_says(tmp_path):
    found = folder(environ={"XDG_STATE_HOME": str(tmp_path / "state")})
    assert found == StateFolder(tmp_path / "state" / "debugkit")


@pytest.mark.parametrize("xdg", [None, "", "relative/state"])
def test_without_an_absolute_xdg_folder_it_is_the_default_one(tmp_path, xdg):
    environ = {} if xdg is None else {"XDG_STATE_HOME": xdg}
    assert folder(environ=environ, home=tmp_path).path == tmp_path / ".local/state/debugkit"


def test_macos_and_windows_have_places_of_their_own(tmp_path):
    assert folder(platform="darwin", home=tmp_path).path == tmp_path / "Library/Application Support/debugkit"
    assert folder(platform="win32", home=tmp_path).path == tmp_path / "AppData/Local/debugkit"
    environ = {"LOCALAPPDATA": str(tmp_path / "local")}
    assert folder(platform="win32", environ=environ, home=tmp_path).path == tmp_path / "local/debugkit"


def test_a_chosen_folder_is_taken_as_it_is(tmp_path):
    assert folder(tmp_path / "a" / "b").path == tmp_path / "a" / "b"


def test_folders_that_are_made_are_private(tmp_path):
    previous = os.umask(0)
    try:
        found = folder(home=tmp_path)
    finally:
        os.umask(previous)
    made = [found.path, *list(found.path.parents)[:2]]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700}


def test_a_folder_that_is_there_already_is_used(tmp_path):
    assert folder(tmp_path).path == folder(tmp_path).path == tmp_path


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_that_others_may_write_in_is_refused_and_the_reason_says_what_to_do(tmp_path, mode):
    path = tmp_path / "open"
    path.mkdir()
    path.chmod(mode)
    found = folder(path)
    assert found.path is None
    assert f"chmod go-w {path}" in found.reason


def test_a_folder_of_another_user_is_refused(tmp_path):
    found = folder(tmp_path, uid=lambda: os.geteuid() + 1)
    assert found == StateFolder(None, f"{tmp_path} belongs to another user")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give links away")
def test_a_symbolic_link_of_another_user_is_refused_also_when_it_leads_to_an_own_folder(tmp_path):
    target, link = tmp_path / "own", tmp_path / "link"
    target.mkdir(mode=0o700)
    link.symlink_to(target)
    assert folder(link).path == link
    os.lchown(link, 12345, 12345)
    assert folder(link) == StateFolder(None, f"{link} belongs to another user")


def test_root_makes_no_folder_in_the_home_of_another_user(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    if os.geteuid() == 0:
        os.chown(home, 12345, 12345)
    found = folder(home=home, uid=lambda: 0)
    assert found == StateFolder(None, f"{home} belongs to another user")
    assert list(home.iterdir()) == []


def test_what_is_no_folder_is_refused(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    assert folder(path).path is None
    assert folder(path / "below").path is None
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "missing")
    assert folder(link).path is None


def test_a_folder_that_cannot_be_made_is_no_error_but_a_reason():
    found = folder(Path("/proc/nowhere"))
    assert found.path is None
    assert "/proc/nowhere" in found.reason


def test_a_user_without_home_has_no_folder():
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    assert state_folder(None, {}, platform="linux", home=homeless) == StateFolder(
        None, "Could not determine home directory."
    )


def test_where_users_have_no_numbers_the_folder_is_taken_on_trust(tmp_path):
    tmp_path.chmod(0o777)
    assert folder(tmp_path, uid=lambda: None).path == tmp_path


def test_the_users_own_folder_is_the_one_that_the_environment_names(own_state):
    assert user_folder() == own_state
