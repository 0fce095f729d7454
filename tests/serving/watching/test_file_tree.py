"""What files hold and which of them changed, asked directly: the test says when to look."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from debugkit.serving.watching import fingerprints
from debugkit.serving.watching.file_tree import READ_AT_START, FileTree
from debugkit.serving.watching.filter import Rule, Rules, Scope, is_below, relative_to
from debugkit.serving.watching.fingerprints import LARGEST, MISSING, UNREADABLE, is_later, is_young, read, signature_of

LONG_AGO = 10**9


class Directories:
    """A listener that remembers what it was told, and can act at the last moment before a directory is read."""

    knows_ways = False

    def __init__(self) -> None:
        self.listening: set[str] = set()
        self.trees: set[str] = set()
        self.just_before: dict[str, Any] = {}

    def enter(self, directory: str, *, tree: bool) -> None:
        self.listening.add(directory)
        if tree:
            self.trees.add(directory)
        if act := self.just_before.pop(directory, None):
            act()

    def pass_through(self, directory: str) -> None:
        self.enter(directory, tree=False)

    def leave(self, directory: str) -> None:
        self.listening.discard(directory)
        self.trees.discard(directory)


class Tree:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.directories = Directories()
        self.now = time.time()

    def write(self, name: str, text: str = "") -> Path:
        """A file that was written long ago."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (LONG_AGO, LONG_AGO))
        return path

    def file_tree(self, **scope: Any) -> FileTree:
        made = FileTree(Scope(**{"roots": (self.root,), **scope}), self.directories, clock=lambda: self.now)
        made.begin()
        return made

    def names(self, paths: list[Path]) -> list[str]:
        return [str(path.relative_to(self.root)) for path in paths]

    def seen(self, file_tree: FileTree, *where: str) -> list[str]:
        """What is different in some directories, or everywhere."""
        file_tree.look({str(self.root / name) for name in where} if where else None)
        return self.names(file_tree.take_changes())

    @property
    def listening(self) -> set[str]:
        return {
            str(Path(path).relative_to(self.root)) if is_below(path, str(self.root)) else path
            for path in self.directories.listening
            if path != str(self.root)
        }


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    root = tmp_path / "root"
    root.mkdir()
    made = Tree(root)
    made.write("a.py", "1")
    made.write("package/b.py", "1")
    return made


# -- when to look, and where --


def test_it_is_told_where_something_moved_and_what_is_different(tree: Tree) -> None:
    file_tree = tree.file_tree()
    assert file_tree.count == 2
    assert not file_tree.has_pending
    assert file_tree.look(None) is False
    (tree.root / "package/b.py").write_text("2")
    assert file_tree.look({str(tree.root)}) is False  # not there
    assert file_tree.look({str(tree.root / "package")}) is True
    assert file_tree.has_pending
    assert file_tree.look(None) is False
    assert tree.names(file_tree.take_changes()) == ["package/b.py"]
    assert not file_tree.has_pending
    assert file_tree.take_changes() == []


def test_what_moved_and_moved_back_before_it_was_taken_is_no_change(tree: Tree) -> None:
    file_tree = tree.file_tree()
    for text in ("2", "33", "1"):
        (tree.root / "a.py").write_text(text)
        file_tree.look(None)
    assert file_tree.has_pending
    assert file_tree.take_changes() == []


def test_nothing_that_happens_while_a_directory_is_entered_is_lost(tree: Tree) -> None:
    file_tree = tree.file_tree()
    new = tree.root / "new"
    new.mkdir()
    tree.directories.just_before[str(new)] = lambda: tree.write("new/c.py")
    assert tree.seen(file_tree, "") == ["new/c.py"]


def test_a_directory_that_vanishes_while_it_is_entered_disturbs_nothing(tree: Tree) -> None:
    file_tree = tree.file_tree()
    new = tree.root / "new"
    new.mkdir()
    tree.directories.just_before[str(new)] = new.rmdir
    assert tree.seen(file_tree, "") == []
    assert tree.listening == {"package"}


def test_a_directory_that_cannot_be_read_for_a_moment_has_not_changed(tree: Tree) -> None:
    file_tree = tree.file_tree()
    package = tree.root / "package"

    def lock() -> None:
        package.rename(tree.root / ".package")
        package.symlink_to("package")  # a loop: neither there nor missing

    tree.directories.just_before[str(package)] = lock
    assert tree.seen(file_tree, "package") == []
    package.unlink()
    (tree.root / ".package").rename(package)
    assert tree.seen(file_tree) == []
    (package / "b.py").write_text("2")
    assert tree.seen(file_tree) == ["package/b.py"]


def test_links_are_no_longer_followed_when_they_are_gone(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/there.py").write_text("")
    for name in ("there.py", "missing.py"):
        (tree.root / "package" / name).symlink_to(tmp_path / "outside" / name)
    file_tree = tree.file_tree()
    assert tree.listening == {"package", f"{tmp_path}/outside"}
    shutil.rmtree(tree.root / "package")
    assert tree.seen(file_tree) == ["package/b.py", "package/there.py"]
    assert tree.listening == set()


def test_an_awaited_directory_that_appears_at_the_last_moment_is_not_missed(tree: Tree, tmp_path: Path) -> None:
    late = tmp_path / "late/deep/x.toml"

    def appear() -> None:
        late.parent.mkdir(parents=True)
        late.write_text("")

    tree.directories.just_before[str(tmp_path)] = appear
    file_tree = tree.file_tree(extra=(str(late),))
    assert file_tree.count == 3
    assert str(late.parent) in tree.listening
    assert str(tmp_path) not in tree.listening


def test_excluded_directories_are_never_entered(tree: Tree) -> None:
    for name in (".git/x.py", "node_modules/a/x.py", "env/pyvenv.cfg", "env/lib/x.py", "data/raw/x.py", "b/cache/x.py"):
        tree.write(name)
    file_tree = tree.file_tree(exclude=("data/", "*/cache/*"))
    assert file_tree.count == 2
    assert tree.listening == {"package", "b"}
    assert tree.seen(file_tree) == []


def test_directories_are_left_when_they_are_gone(tree: Tree) -> None:
    tree.write("package/sub/deep/c.py")
    file_tree = tree.file_tree()
    assert tree.listening == {"package", "package/sub", "package/sub/deep"}
    shutil.rmtree(tree.root / "package")
    assert tree.seen(file_tree, "") == ["package/b.py", "package/sub/deep/c.py"]
    assert tree.listening == set()
    assert file_tree.count == 1


def test_a_directory_that_is_replaced_is_entered_again(tree: Tree) -> None:
    tree.write("package/sub/c.py", "1")
    file_tree = tree.file_tree()
    shutil.copytree(tree.root / "package", tree.root / "copy")
    (tree.root / "package").rename(tree.root / ".old")
    (tree.root / "copy").rename(tree.root / "package")
    entered: list[str] = []
    for name in ("package", "package/sub"):
        tree.directories.just_before[str(tree.root / name)] = lambda name=name: entered.append(name)
    assert tree.seen(file_tree, "") == []
    assert entered == ["package", "package/sub"]


def test_a_tree_may_be_deeper_than_the_stack(tree: Tree) -> None:
    deep = "/".join(["d"] * 600)
    tree.write(f"{deep}/deep.py", "1")
    file_tree = tree.file_tree()
    assert file_tree.count == 3
    (tree.root / deep / "deep.py").write_text("2")
    assert tree.seen(file_tree, deep) == [f"{deep}/deep.py"]
    (tree.root / "d").rename(tree.root / ".d")
    assert tree.seen(file_tree, "") == [f"{deep}/deep.py"]
    assert tree.listening == {"package"}


def test_one_directory_may_be_named_below_one_that_is_pruned(tree: Tree) -> None:
    tree.write(".venv/lib/site-packages/mine/x.py")
    tree.write(".venv/lib/site-packages/other/x.py")
    mine = tree.root / ".venv/lib/site-packages/mine"
    file_tree = tree.file_tree(roots=(tree.root, mine))
    assert file_tree.count == 3
    assert tree.listening == {"package", ".venv/lib/site-packages/mine"}


def test_an_extra_directory_inside_a_root_comes_back_with_all_its_files(tree: Tree) -> None:
    tree.write("package/web/x.html")
    file_tree = tree.file_tree(extra=(str(tree.root / "package/web"),))
    assert file_tree.count == 3
    (tree.root / "package").rename(tree.root / ".away")
    assert tree.seen(file_tree) == ["package/b.py", "package/web/x.html"]
    (tree.root / ".away").rename(tree.root / "package")
    assert tree.seen(file_tree) == ["package/b.py", "package/web/x.html"]
    assert file_tree.count == 3


def test_a_pattern_without_stars_across_directories_is_not_sought_everywhere(tree: Tree, tmp_path: Path) -> None:
    for name in ("conf/a.toml", "conf/sub/b.toml", "conf/sub/deep/c.toml"):
        path = tmp_path / "else" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    file_tree = tree.file_tree(extra=(f"{tmp_path}/else/conf/*/*.toml",))
    assert file_tree.count == 3
    assert tree.listening == {"package", f"{tmp_path}/else/conf", f"{tmp_path}/else/conf/sub"}


def test_a_pattern_that_matches_a_directory_speaks_for_all_in_it(tree: Tree) -> None:
    tree.write("package/templates/x.html")
    tree.write("package/templates/mail/y.txt")
    assert tree.file_tree(extra=("templates/",)).count == 4


def test_a_path_with_wildcards_in_its_name_is_itself_when_it_exists(tree: Tree) -> None:
    page = tree.write("pages/[id].html")
    tree.write("pages/i.html")
    assert tree.file_tree(extra=(str(page),)).count == 3


def test_where_something_happened_last_is_known(tree: Tree) -> None:
    for number in range(30):
        tree.write(f"p{number}/m.py")
    fresh = tree.root / "p17/m.py"
    os.utime(fresh)
    file_tree = tree.file_tree()
    assert str(fresh.parent) in file_tree.recent()
    other = next(path for path in tree.root.glob("p*") if str(path) not in file_tree.recent())
    (other / "m.py").write_text("2")
    file_tree.look(None)
    assert str(other) in file_tree.recent()
    assert len(file_tree.recent()) == 6


def test_it_knows_whether_a_write_matters(tree: Tree, tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text("")
    (tree.root / "link.py").symlink_to(outside)
    file_tree = tree.file_tree(extra=(str(tree.root / "later.toml"),))
    assert file_tree.where_to_look(str(tree.root), "a.py", written=True) == {str(tree.root)}
    assert file_tree.where_to_look(str(tmp_path), "outside.py", written=True) == {str(tmp_path)}
    assert not file_tree.where_to_look(str(tree.root), "app.log", written=True)
    assert not file_tree.where_to_look(str(tree.root / "nowhere"), "a.py", written=True)


def test_a_link_that_is_turned_at_the_last_moment_is_entered_where_it_leads(tmp_path: Path) -> None:
    for name in "12":
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text(name)
    link = tmp_path / "current"

    def turn() -> None:
        (tmp_path / "new").symlink_to("2")
        (tmp_path / "new").rename(link)

    for last in (tmp_path, link):
        link.unlink(missing_ok=True)
        link.symlink_to("1")
        listener = Directories()
        listener.knows_ways = True
        file_tree = FileTree(Scope((link,)), listener)
        listener.just_before[str(last)] = turn
        file_tree.begin()
        file_tree.look(file_tree.where_to_look(str(tmp_path), "current", written=False))
        assert str(link) in listener.listening
        (tmp_path / "2/a.py").write_text(f"changed before {last.name} was read")
        file_tree.look(file_tree.where_to_look(str(link), "a.py", written=True))
        assert file_tree.take_changes() == [link / "a.py"]


# -- what counts as different --


def test_a_second_write_in_the_same_tick_is_seen(tree: Tree) -> None:
    """A file system that counts in seconds: the signature stays, the content does not."""
    path = tree.root / "a.py"
    os.utime(path, (int(tree.now), int(tree.now)))
    file_tree = tree.file_tree()
    before = signature_of(path.stat())
    known = file_tree._fingerprint(str(path))
    assert known is not None
    path.write_text("2")
    os.utime(path, (int(tree.now), int(tree.now)))
    known.signature = signature_of(path.stat())  # as if ctime were as coarse as mtime
    assert known.signature[:3] == before[:3]
    assert tree.seen(file_tree) == ["a.py"]


def test_a_file_of_which_only_the_signature_is_known_counts_as_changed_when_it_moves(tree: Tree) -> None:
    for number in range(READ_AT_START):
        tree.write(f"many/m{number}.py", "1")
    file_tree = tree.file_tree()
    last = tree.root / f"many/m{READ_AT_START - 1}.py"
    unread = [
        path for path in (last, *(tree.root / "many").iterdir()) if _digest(file_tree, path) == fingerprints.UNREAD
    ]
    assert len(unread) == 2
    unread[0].touch()
    assert tree.seen(file_tree) == tree.names([unread[0]])
    assert file_tree.read_some(100) is False
    unread[1].touch()
    assert tree.seen(file_tree) == []


def _digest(file_tree: FileTree, path: Path) -> bytes:
    known = file_tree._fingerprint(str(path))
    assert known is not None
    return known.digest


def test_files_written_a_moment_ago_are_read_before_the_start_is_over(tree: Tree) -> None:
    for number in range(READ_AT_START):
        tree.write(f"many/m{number}.py", "1")
    for path in (tree.root / "many").iterdir():
        os.utime(path, (tree.now, tree.now))
    file_tree = tree.file_tree()
    assert all(_digest(file_tree, path) != fingerprints.UNREAD for path in (tree.root / "many").iterdir())


def test_a_change_between_the_start_and_the_first_reading_is_not_lost(tree: Tree) -> None:
    for number in range(READ_AT_START + 1):
        tree.write(f"many/m{number}.py", "1")
    file_tree = tree.file_tree()
    [first, *_] = [path for path in (tree.root / "many").iterdir() if _digest(file_tree, path) == fingerprints.UNREAD]
    first.write_text("2")
    file_tree.read_some(100)
    assert tree.seen(file_tree) == tree.names([first])


def test_a_file_that_is_deleted_before_it_was_read_is_a_change(tree: Tree) -> None:
    for number in range(READ_AT_START + 1):
        tree.write(f"many/m{number}.py", "1")
    file_tree = tree.file_tree()
    shutil.rmtree(tree.root / "many")
    assert file_tree.read_some(100) is False
    assert len(tree.seen(file_tree)) == READ_AT_START + 1


def test_large_files_are_compared_by_their_signature_alone(tree: Tree) -> None:
    big = tree.write("big.bin")
    os.truncate(big, LARGEST + 1)
    os.utime(big, (LONG_AGO, LONG_AGO))
    file_tree = tree.file_tree(extra=(str(big),))
    big.chmod(0o600)
    assert tree.seen(file_tree) == []
    os.utime(big, (LONG_AGO, LONG_AGO + 1))
    assert tree.seen(file_tree) == ["big.bin"]


def test_a_file_taken_back_while_it_is_pending_is_forgotten_with_its_directory(tree: Tree) -> None:
    file_tree = tree.file_tree()
    tree.write("env/x.py")
    file_tree.look(None)
    assert file_tree.has_pending
    tree.write("env/pyvenv.cfg")
    assert tree.seen(file_tree) == []
    assert tree.listening == {"package"}
    (tree.root / "env/pyvenv.cfg").unlink()
    assert tree.seen(file_tree) == ["env/x.py"]


# -- files that are added --


def test_added_files_are_compared_from_the_moment_of_their_import(tree: Tree, tmp_path: Path) -> None:
    old, new = tmp_path / "old.py", tmp_path / "new.py"
    for path in (old, new):
        path.write_text("1")
    file_tree = tree.file_tree()
    file_tree.add([str(old)], time.time() + 60)
    file_tree.add([str(new)], time.time() - 60)
    assert file_tree.take_changes() == [new]
    assert file_tree.count == 4
    file_tree.add([str(new)], time.time() - 60)
    assert file_tree.take_changes() == []


def test_adding_a_file_hides_no_other_change_in_its_directory(tree: Tree, tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("1")
    file_tree = tree.file_tree(extra=(f"{tmp_path}/*.toml",))
    (tmp_path / "new.toml").write_text("1")
    file_tree.add([str(module)], time.time() + 60)
    assert file_tree.take_changes() == [tmp_path / "new.toml"]


def test_an_added_pattern_holds_for_files_that_are_there_and_for_later_ones(tree: Tree) -> None:
    tree.write("package/templates/a.html")
    pattern = f"{tree.root}/package/**/*.html"
    file_tree = tree.file_tree()
    file_tree.add([pattern], time.time() + 60)
    assert file_tree.count == 3
    assert not file_tree.has_pending
    tree.write("package/templates/b.html")
    (tree.root / "package/templates/a.html").write_text("2")
    assert tree.seen(file_tree) == ["package/templates/a.html", "package/templates/b.html"]
    file_tree.add([pattern], 0)
    assert file_tree.take_changes() == []


def test_what_an_added_pattern_matches_counts_as_changed_if_it_was_written_since(tree: Tree) -> None:
    tree.write("a.html")
    os.utime(tree.write("b.html"), (time.time() + 120,) * 2)
    file_tree = tree.file_tree()
    file_tree.add([f"{tree.root}/*.html"], time.time() + 60)
    assert file_tree.take_changes() == [tree.root / "b.html"]


def test_adding_a_pattern_hides_no_other_change(tree: Tree) -> None:
    file_tree = tree.file_tree()
    tree.write("package/new.py")
    tree.write("package/new.html")
    file_tree.add([f"{tree.root}/package/*.html"], time.time() + 60)
    assert file_tree.take_changes() == [tree.root / "package/new.py"]


def test_a_file_whose_name_looks_like_a_pattern_is_added_as_a_file(tree: Tree) -> None:
    page = tree.write("pages/[id].html")
    tree.write("pages/i.html")
    file_tree = tree.file_tree()
    file_tree.add([str(page)], time.time())
    assert file_tree.count == 3


@pytest.mark.parametrize(
    "name", ["<frozen importlib>", "relative.py", "*.html", "/no/such/directory/x.py", ""], ids=str
)
def test_what_is_no_file_is_not_added(tree: Tree, name: str) -> None:
    file_tree = tree.file_tree()
    before = tree.listening
    file_tree.add([name], 0)
    assert file_tree.count == 2
    assert tree.listening == before
    assert file_tree.take_changes() == []


def test_one_rule_says_whether_a_file_is_later() -> None:
    assert is_later((2 * 10**9, 1, 1, 0), 1.5)
    assert is_later((0, 1, 1, 2 * 10**9), 1.5)  # put in its place later, with an older time
    assert is_later((10**9, 1, 1, 0), 1.9)  # may have been written at 1.99, on a file system that counts in seconds
    assert not is_later((10**9 + 1, 1, 1, 0), 1.9)


def test_a_file_is_young_within_a_tick_and_one_from_the_future_is_not() -> None:
    assert is_young((99 * 10**9, 0, 0, 0), 100.0)
    assert not is_young((90 * 10**9, 0, 0, 0), 100.0)
    assert not is_young((200 * 10**9, 0, 0, 0), 100.0)


# -- reading --


def test_the_same_content_has_the_same_digest(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"x" * 3_000_000)
    other.write_bytes(b"x" * 3_000_000)
    assert read(str(one))[1] == read(str(other))[1]
    other.write_bytes(b"x" * 2_999_999 + b"y")
    assert read(str(one))[1] != read(str(other))[1]
    assert read(str(one))[0] == signature_of(one.stat())


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[dict[str, str]]:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket"))
        os.mkfifo(tmp_path / "fifo")
        (tmp_path / "loop").symlink_to("loop")
        yield {name: str(tmp_path / name) for name in ("socket", "fifo", "loop", "none", "socket/below")} | {
            "directory": str(tmp_path),
            "memory": "/proc/self/mem",
        }


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs odd files")
@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("none", MISSING),
        ("socket/below", MISSING),
        ("socket", UNREADABLE),
        ("fifo", UNREADABLE),
        ("loop", UNREADABLE),
        ("directory", UNREADABLE),
        pytest.param(
            "memory", UNREADABLE, marks=pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="Linux")
        ),
    ],
    ids=str,
)
def test_reading_what_cannot_be_read_raises_nothing_and_never_waits(
    odd: dict[str, str], name: str, digest: bytes
) -> None:
    assert read(odd[name]) == (None, digest)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is unreadable to root")
def test_a_file_that_becomes_readable_is_a_change(tree: Tree) -> None:
    path = tree.root / "a.py"
    path.chmod(0)
    file_tree = tree.file_tree()
    assert tree.seen(file_tree) == []
    path.chmod(0o600)
    assert tree.seen(file_tree) == ["a.py"]


# -- what counts --


def test_rules_say_what_counts_where(tmp_path: Path) -> None:
    root = str(tmp_path)
    rules = Rules(Scope(roots=(tmp_path,), extra=("*.html",), exclude=("/docs",)))
    rule = rules.trees[root]
    assert rules.counts(rule, f"{root}/a.py")
    assert rules.counts(rule, f"{root}/a.html")
    assert not rules.counts(rule, f"{root}/a.txt")
    assert not rules.counts(rule, f"{root}/.#a.py")
    assert rules.below(rule, f"{root}/package") == rule
    assert not rules.below(rule, f"{root}/docs")
    assert rules.below(rule, f"{root}/package/docs")
    assert not rules.below(Rule(), f"{root}/package")


def test_exclusions_hold_for_trees_beyond_the_roots_too(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    rules = Rules(Scope(roots=(here,), extra=(str(there),), exclude=("/data", "*.tmp")))
    assert not rules.below(rules.trees[str(there)], f"{there}/data")
    assert rules.below(rules.trees[str(there)], f"{there}/sub")
    assert not rules.counts(rules.trees[str(there)], f"{there}/x.tmp")
    assert not rules.add_file(f"{tmp_path}/x.tmp")
    assert rules.add_file(f"{tmp_path}/data/x.py")


def test_a_directory_is_not_below_one_whose_name_begins_like_it() -> None:
    assert is_below("/srv/app/a.py", "/srv/app")
    assert is_below("/srv", "/")
    assert not is_below("/srv/app2/a.py", "/srv/app")
    assert not is_below("/srv/app", "/srv/app")
    assert relative_to("/srv/app/a/b.py", "/srv/app") == "a/b.py"
    assert relative_to("/srv/app", "/") == "srv/app"
