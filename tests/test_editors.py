"""Places of the server as links that open the reader's editor."""

from __future__ import annotations

import pytest

from debugkit import ConfigurationError, editors
from debugkit.editors import EDITORS, EditorPath, editor_paths, filled, listed, mapped
from debugkit.settings import Settings


def test_paths_are_separated_as_in_path_and_a_drive_is_no_separator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setattr(editors, "_IN_CONTAINER", ())
    text = r"/app=~/shop:/lib/=C:\lib:/usr/src=//wsl.localhost/Ubuntu/src/"

    assert editor_paths(text, "DEBUGKIT_EDITOR_PATHS") == (
        EditorPath("/app", "/home/ada/shop"),
        EditorPath("/lib", r"C:\lib"),
        EditorPath("/usr/src", "//wsl.localhost/Ubuntu/src"),
    )
    assert Settings.from_environ({"DEBUGKIT_EDITOR_PATHS": text}) == Settings.from_environ(
        {}, editor_paths=text.replace(r"C:\lib:", r"C:\lib|").replace("shop:", "shop|").split("|")
    )


def test_home_in_a_container_is_not_that_of_the_editor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editors, "_IN_CONTAINER", ("/",))

    assert editor_paths("/app=~/shop", "editor_paths") == (EditorPath("/app", "~/shop"),)


@pytest.mark.parametrize("wrong", ["/app", "app=~/shop", "=/x", "/app="])
def test_a_pair_that_maps_nothing_is_refused_with_an_example(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match=r"DEBUGKIT_EDITOR_PATHS.*/app=~/shop"):
        Settings.from_environ({"DEBUGKIT_EDITOR_PATHS": wrong})


@pytest.mark.parametrize(
    ("pairs", "path", "expected"),
    [
        ("/app=/home/ada/shop", "/app/cart.py", "/home/ada/shop/cart.py"),
        ("/app=/home/ada/shop", "/app", "/home/ada/shop"),
        ("/app=/home/ada/shop", "/application/cart.py", "/application/cart.py"),
        ("/app=/one:/app/lib=/two", "/app/lib/cart.py", "/two/cart.py"),
        (r"/app=D:\shop", "/app/sub/cart.py", r"D:\shop\sub\cart.py"),
        ("/=wsl+Ubuntu", "/home/ada/cart.py", "wsl+Ubuntu/home/ada/cart.py"),
    ],
)
def test_the_closest_folder_tells_where_the_editor_has_a_file(pairs: str, path: str, expected: str) -> None:
    assert mapped(path, editor_paths(pairs, "editor_paths")) == expected


@pytest.mark.parametrize(
    ("name", "path", "link"),
    [
        ("vscode", "/a b/c#d+e.py", "vscode://file//a%20b/c%23d+e.py:42:7"),
        ("vscode-remote", "wsl+Ubuntu/home/c.py", "vscode://vscode-remote/wsl+Ubuntu/home/c.py:42:7"),
        ("pycharm", "/a&b/c+d.py", "pycharm://open?file=/a%26b/c%2Bd.py&line=42&column=7"),
        ("sublime", "/抹茶.py", "subl://open?url=file:///%E6%8A%B9%E8%8C%B6.py&line=42&column=7"),
        ("xdebug", "/c.py", "xdebug:///c.py@42"),
    ],
)
def test_a_link_lands_on_line_and_column(name: str, path: str, link: str) -> None:
    assert filled(EDITORS[name], path, 42, 7) == link


def test_the_page_offers_every_editor_by_a_name_of_its_own() -> None:
    offered = listed()

    assert [editor["name"] for editor in offered] == list(EDITORS)
    assert len({editor["label"] for editor in offered}) == len(EDITORS)
