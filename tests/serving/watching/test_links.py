"""The ways to directories, through links and directories that come and go."""

from __future__ import annotations

from pathlib import Path

from debugkit.serving.watching.links import Ways, existing_file, identity_of, nearest


def test_every_step_of_a_way_is_known_and_listened_to_before_it_is_taken(tmp_path: Path) -> None:
    base = tmp_path.resolve()
    (base / "releases/1").mkdir(parents=True)
    (base / "current").symlink_to("stage/../releases/1")
    (base / "stage").mkdir()
    ways, listened = Ways(), []
    assert ways.find(str(base / "current/shop"), listened.append) == set()
    for step in (
        base,
        base / "current",
        base / "stage",
        base / "releases",
        base / "releases/1",
        base / "releases/1/shop",
    ):
        assert ways.over(str(step)) == {str(base / "current/shop")}, step
    assert ways.over(str(base / "releases/2")) == set()
    assert [str(base), str(base), str(base), str(base / "releases"), str(base / "releases/1")] == listened[-5:]
    assert str(base / "releases/1") in ways
    assert str(base / "releases/1/shop") not in ways


def test_a_way_that_leads_elsewhere_is_forgotten_unless_another_needs_it(tmp_path: Path) -> None:
    base = tmp_path.resolve()
    for name in ("one", "two"):
        (base / name).mkdir()
    link = base / "link"
    link.symlink_to("one")
    ways = Ways()
    ways.find(str(link / "a"), lambda directory: None)
    ways.find(str(base / "b"), lambda directory: None)
    link.unlink()
    link.symlink_to("two")
    assert ways.find(str(link / "a"), lambda directory: None) == {str(base / "one")}
    assert ways.over(str(base / "one")) == set()
    assert ways.over(str(base / "two/a")) == {str(link / "a")}
    assert str(base) in ways


def test_links_in_a_ring_end(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    ways = Ways()
    ways.find(str(tmp_path / "one/shop"), lambda directory: None)
    assert ways.over(str(tmp_path.resolve() / "two")) == {str(tmp_path / "one/shop")}


def test_what_does_not_exist_has_no_identity_and_the_nearest_directory_does(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert identity_of(str(tmp_path / "no")) is None
    assert identity_of(str(tmp_path)) == identity_of(str(tmp_path.resolve()))
    assert nearest(str(tmp_path / "no/such/folder")) == str(tmp_path)
    assert existing_file(str(tmp_path / "file/module.py")) == str(tmp_path / "file")
    assert existing_file(str(tmp_path / "no/module.py")) == ""
