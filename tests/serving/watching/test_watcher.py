"""Watching: one contract for each way of watching, then what only one of them does.

Nothing here waits for time to pass: that something is *no* change is seen when the next change is reported alone.
"""

from __future__ import annotations

import errno
import os
import queue
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import set_errno
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from process_support import TIMEOUT

from debugkit.errors import ConfigurationError
from debugkit.serving.watching.file_tree import FileTree
from debugkit.serving.watching.inotify import OVERFLOW, Calls, Inotify, calls
from debugkit.serving.watching.observer import ObserverSource
from debugkit.serving.watching.watcher import LONGEST, Polling, Scope, Source, Watcher, make_watcher

ROOT = Path(__file__).parents[3]
LINUX = sys.platform.startswith("linux")

KINDS = ["stat", "watchdog"]
needs_inotify = pytest.mark.skipif(not LINUX, reason="needs inotify")


class Project:
    """A directory, watched, and what is reported of it."""

    def __init__(self, root: Path, kind: str) -> None:
        self.root = root
        self.kind = kind
        self.batches: queue.Queue[list[Path]] = queue.Queue()
        self.said: list[str] = []
        self.watcher: Watcher | None = None
        self._gate = threading.Lock()
        self._turns = count()

    def watch(self, source: Source | None = None, *, quiet: float = 0.005, **scope: Any) -> Watcher:
        """Watch, with less patience than users get: what belongs together is done while the watcher is `held`."""
        chosen = Scope(**{"roots": (self.root,), **scope})
        self.watcher = Watcher(
            lambda source: FileTree(chosen, source),
            source or self.source(),
            self._report,
            interval=0.005,
            say=self.said.append,
            quiet=quiet,
        )
        self.watcher.start()
        return self.watcher

    def source(self) -> Source:
        if self.kind == "stat":
            return Polling(0.005)
        return Inotify(self.said.append, calls()) if LINUX else ObserverSource()

    def _report(self, batch: list[Path]) -> None:
        self.batches.put(batch)
        with self._gate:
            pass

    @contextmanager
    def held(self) -> Iterator[None]:
        """The watcher's thread delivers a batch until the end of the block, and sees all that happens in it at once."""
        with self._gate:
            self.write("sentinel.py", f"held {next(self._turns)}")
            assert self.changes() == ["sentinel.py"]
            yield

    def write(self, name: str, text: str = "") -> Path:
        """Make a file in one step, or write it anew."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.root.parent / "written"
        beside.write_text(text)
        return beside.replace(path)

    def changes(self) -> list[str]:
        """The next batch, as names below the directory."""
        return [str(path.relative_to(self.root)) for path in self.batches.get(timeout=TIMEOUT)]

    def changes_until(self, *names: str) -> set[str]:
        """All that is reported until these were."""
        seen: set[str] = set()
        while not seen.issuperset(names):
            seen.update(self.changes())
        return seen

    def nothing_but(self, text: str) -> None:
        """Change one more file, and see that it alone is reported."""
        self.write("sentinel.py", text)
        assert self.changes() == ["sentinel.py"]


@pytest.fixture(params=KINDS)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    root = tmp_path / "project"
    root.mkdir()
    made = Project(root, request.param)
    made.write("a.py", "one = 1\n")
    made.write("package/b.py", "two = 2\n")
    made.write("sentinel.py", "at rest")
    yield made
    if made.watcher is not None:
        made.watcher.close()


# -- the ways to save --


def in_place(path: Path, text: str) -> None:
    path.write_text(text)


def vim(path: Path, text: str) -> None:
    (path.parent / "4913").write_text("")
    (path.parent / "4913").unlink()
    path.rename(f"{path}~")
    path.write_text(text)
    Path(f"{path}~").unlink()


def atomic(path: Path, text: str) -> None:
    beside = path.with_name(".new")
    beside.write_text(text)
    beside.replace(path)


def pycharm(path: Path, text: str) -> None:
    Path(f"{path}___jb_tmp___").write_text(text)
    path.rename(f"{path}___jb_old___")
    Path(f"{path}___jb_tmp___").rename(path)
    Path(f"{path}___jb_old___").unlink()


def older(path: Path, text: str) -> None:
    beside = path.with_name(".new")
    beside.write_text(text)
    os.utime(beside, (10**9, 10**9))
    beside.replace(path)


def with_its_old_time(path: Path, text: str) -> None:
    status = path.stat()
    path.write_text(text)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def removed_first(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text)


def through_a_link(path: Path, text: str) -> None:
    beside = path.with_name(".new")
    beside.write_text(text)
    path.unlink()
    path.hardlink_to(beside)
    beside.unlink()


WAYS = [in_place, vim, atomic, pycharm, older, with_its_old_time, removed_first, through_a_link]


@pytest.mark.parametrize("save", WAYS, ids=[way.__name__ for way in WAYS])
def test_a_save_is_reported_once_with_the_real_name(project: Project, save: Callable[[Path, str], None]) -> None:
    project.watch()
    with project.held():
        save(project.root / "package/b.py", "six = 6\n")
    assert project.changes() == ["package/b.py"]
    project.nothing_but("moved")


@pytest.mark.parametrize("save", WAYS, ids=[way.__name__ for way in WAYS])
def test_saving_what_was_there_is_no_change(project: Project, save: Callable[[Path, str], None]) -> None:
    project.watch()
    with project.held():
        save(project.root / "package/b.py", "two = 2\n")
        project.write("sentinel.py", "moved")
    assert project.changes() == ["sentinel.py"]


def test_two_saves_of_equal_length_in_one_second_are_two_changes(project: Project) -> None:
    project.watch()
    for text in ("one = 2\n", "one = 3\n", "one = 4\n"):
        project.write("a.py", text)
        assert project.changes() == ["a.py"]


def test_what_is_written_to_a_file_that_stays_open_is_seen(project: Project) -> None:
    project.watch()
    with (project.root / "a.py").open("a") as file:
        for line in ("two = 2\n", "three = 3\n"):
            file.write(line)
            file.flush()
            assert project.changes() == ["a.py"]


# -- what is no change --


def touch(path: Path) -> None:
    path.touch()


def change_mode(path: Path) -> None:
    path.chmod(0o600)


def read(path: Path) -> None:
    path.read_text()


def compile_(path: Path) -> None:
    import py_compile

    py_compile.compile(str(path))


def swap_file(path: Path) -> None:
    path.with_name(f".{path.name}.swp").write_text("vim")


def lock(path: Path) -> None:
    path.with_name(f".#{path.name}").symlink_to("me@host.1234")


def move_and_return(path: Path) -> None:
    path.rename(path.with_name("elsewhere.py"))
    path.with_name("elsewhere.py").rename(path)


def move_directory_and_return(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))
    path.parent.with_name("elsewhere").rename(path.parent)


def come_and_go(path: Path) -> None:
    path.with_name("new.py").write_text("")
    path.with_name("new.py").unlink()


def text_file(path: Path) -> None:
    path.with_name("notes.txt").write_text("not in scope")


def replace_directory_by_its_copy(path: Path) -> None:
    shutil.copytree(path.parent, path.parent.with_name("copy"))
    shutil.rmtree(path.parent)
    path.parent.with_name("copy").rename(path.parent)


QUIET = [
    *(touch, change_mode, read, compile_, swap_file, lock, text_file),
    *(come_and_go, move_and_return, move_directory_and_return, replace_directory_by_its_copy),
]


@pytest.mark.parametrize("act", QUIET, ids=[act.__name__.strip("_") for act in QUIET])
def test_it_is_no_change_to(project: Project, act: Callable[[Path], None]) -> None:
    project.watch()
    with project.held():
        act(project.root / "package/b.py")
        project.write("sentinel.py", "moved")
    assert project.changes() == ["sentinel.py"]
    project.write("package/b.py", "three = 3\n")
    assert project.changes() == ["package/b.py"]


@pytest.mark.parametrize(
    "name",
    [".git/hook.py", "a/__pycache__/b.py", "node_modules/x/b.py", "lib/site-packages/c.py", "env/lib/d.py"],
    ids=str,
)
def test_trees_without_source_do_not_count(project: Project, name: str) -> None:
    project.write("env/pyvenv.cfg")
    project.write(name, "before")
    watcher = project.watch()
    assert watcher.watched == 3
    with project.held():
        project.write(name, "after")
        project.write(str(Path(name).with_name("new.py")), "after")
        project.write("sentinel.py", "moved")
    assert project.changes() == ["sentinel.py"]


def test_an_environment_that_is_made_while_watching_does_not_count(project: Project) -> None:
    project.watch()
    (project.root / "env").mkdir()
    project.write("env/pyvenv.cfg")
    project.write("env/bin/activate_this.py")
    project.nothing_but("moved")


def test_a_directory_that_turns_out_to_be_an_environment_does_not_count(project: Project) -> None:
    project.watch()
    project.write("env/early.py")
    assert project.changes() == ["env/early.py"]
    with project.held():
        project.write("env/bin/activate_this.py")
        project.write("env/early.py", "2")
        project.write("env/pyvenv.cfg")
        project.write("sentinel.py", "moved")
    assert project.changes() == ["sentinel.py"]
    assert project.watcher is not None
    assert project.watcher.watched == 3


def test_what_the_user_excludes_does_not_count(project: Project) -> None:
    project.write("generated/c.py")
    watcher = project.watch(exclude=("generated/", "*_pb2.py", "/package/b.py"), extra=("*.txt",))
    assert watcher.watched == 2
    project.write("generated/c.py", "1")
    project.write("package/b.py", "1")
    project.write("package/x_pb2.py", "1")
    project.nothing_but("moved")


# -- files and directories come and go --


def test_a_new_file_is_a_change(project: Project) -> None:
    project.watch()
    project.write("package/new.py")
    assert project.changes() == ["package/new.py"]


def test_a_deleted_file_is_a_change(project: Project) -> None:
    project.watch()
    (project.root / "a.py").unlink()
    assert project.changes() == ["a.py"]
    project.write("a.py", "one = 1\n")
    assert project.changes() == ["a.py"]


def test_a_renamed_file_is_two_changes(project: Project) -> None:
    project.watch()
    (project.root / "a.py").rename(project.root / "package/c.py")
    assert project.changes_until("a.py", "package/c.py") == {"a.py", "package/c.py"}


def test_a_new_directory_full_of_files_is_seen_whole(project: Project, tmp_path: Path) -> None:
    project.watch()
    for number in range(20):
        project.write(f"new/deep/er/n{number}.py")  # not held: some are there before the directory is watched
    names = {f"new/deep/er/n{number}.py" for number in range(20)}
    assert project.changes_until(*names) == names
    project.write("new/deep/er/n3.py", "1")
    assert project.changes() == ["new/deep/er/n3.py"]


def test_a_directory_moved_in_is_seen_whole_and_watched(project: Project, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "sub").mkdir(parents=True)
    (outside / "sub/c.py").write_text("")
    project.watch()
    outside.rename(project.root / "inside")
    assert project.changes() == ["inside/sub/c.py"]
    project.write("inside/sub/c.py", "1")
    assert project.changes() == ["inside/sub/c.py"]


def test_a_directory_that_is_renamed_is_watched_under_its_new_name(project: Project) -> None:
    project.write("package/sub/c.py")
    project.watch()
    (project.root / "package").rename(project.root / "other")
    names = {"package/b.py", "package/sub/c.py", "other/b.py", "other/sub/c.py"}
    assert project.changes_until(*names) == names
    project.write("other/sub/c.py", "1")
    assert project.changes() == ["other/sub/c.py"]
    (project.root / "other").rename(project.root / "package")
    assert project.changes_until(*names) == names
    project.write("package/sub/c.py", "2")
    assert project.changes() == ["package/sub/c.py"]


def test_a_directory_that_takes_the_place_of_another_is_watched(project: Project) -> None:
    project.write("package/sub/c.py", "old")
    project.write(".other/sub/c.py", "new")
    project.watch()
    with project.held():
        (project.root / "package").rename(project.root / ".old")
        (project.root / ".other").rename(project.root / "package")
    assert project.changes() == ["package/b.py", "package/sub/c.py"]
    project.write("package/sub/c.py", "newer")
    assert project.changes() == ["package/sub/c.py"]
    (project.root / ".old/sub/c.py").write_text("not watched any more")
    project.nothing_but("moved")


def test_a_directory_that_is_made_again_at_once_is_watched(project: Project) -> None:
    project.watch()
    for text in ("1", "22"):
        with project.held():
            shutil.rmtree(project.root / "package")
            project.write("package/b.py", text)
        assert project.changes() == ["package/b.py"]
    project.write("package/b.py", "333")
    assert project.changes() == ["package/b.py"]


def test_switching_branches_is_one_batch(project: Project) -> None:
    names = [f"package/p{number % 5}/m{number}.py" for number in range(200)]
    for name in names:
        project.write(name, "branch = 1\n")
    project.watch()
    with project.held():
        for name in names:
            project.write(name, "branch = 2\n")
    assert project.changes() == sorted(names)


def test_the_root_may_be_missing_and_come_later(project: Project) -> None:
    shutil.rmtree(project.root)
    project.root.parent.joinpath("other").mkdir()
    watcher = project.watch()
    assert watcher.watched == 0
    project.write("deep/a.py", "1")
    assert project.changes() == ["deep/a.py"]
    shutil.rmtree(project.root)
    assert project.changes() == ["deep/a.py"]
    project.write("deep/a.py", "2")
    assert project.changes() == ["deep/a.py"]


# -- files beyond the roots --


def test_an_extra_file_counts_whatever_its_name(project: Project) -> None:
    settings = project.write(".env", "A=1")
    watcher = project.watch(extra=(str(settings),))
    assert watcher.watched == 4
    project.write(".env", "A=2")
    assert project.changes() == [".env"]


@pytest.mark.parametrize("name", ["new.toml", "not/yet/there/new.toml"], ids=str)
def test_an_extra_file_may_come_later(project: Project, name: str) -> None:
    project.watch(extra=(str(project.root / name),))
    project.write(name, "1")
    assert project.changes() == [name]
    shutil.rmtree(project.root / "not", ignore_errors=True)
    (project.root / name).unlink(missing_ok=True)
    assert project.changes() == [name]
    project.write(name, "2")
    assert project.changes() == [name]


def test_an_extra_directory_counts_with_all_its_files(project: Project) -> None:
    project.write("templates/index.html", "1")
    project.watch(extra=(str(project.root / "templates"),))
    project.write("templates/index.html", "2")
    assert project.changes() == ["templates/index.html"]
    project.write("templates/mail/welcome.txt", "1")
    assert project.changes() == ["templates/mail/welcome.txt"]
    project.write("templates/4913", "")
    project.write("templates/index.html~", "")
    project.nothing_but("moved")


@pytest.mark.parametrize("pattern", ["{root}/conf/*.toml", "conf/*.toml", "*.toml", "**/conf/*.toml"], ids=str)
def test_a_file_that_comes_later_counts_if_a_pattern_matches(project: Project, pattern: str) -> None:
    project.write("conf/a.toml", "1")
    watcher = project.watch(extra=(pattern.format(root=project.root),))
    assert watcher.watched == 4
    project.write("conf/b.toml", "1")
    assert project.changes() == ["conf/b.toml"]
    project.write("conf/c.yaml", "2")
    project.write("conf/a.toml", "2")
    assert project.changes() == ["conf/a.toml"]


def test_an_extra_file_that_is_excluded_does_not_count(project: Project) -> None:
    log = project.write("logs/debug.log")
    watcher = project.watch(extra=(str(log), str(project.root / "logs")), exclude=("*.log",))
    assert watcher.watched == 3
    log.write_text("1")
    project.nothing_but("moved")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A module beyond the roots, long since written."""
    path = tmp_path / "library/.hidden/module.py"
    path.parent.mkdir(parents=True)
    path.write_text("1")
    return path


def test_a_module_that_was_imported_counts(project: Project, library: Path) -> None:
    watcher = project.watch()
    watcher.add([str(library), str(project.root / "a.py"), "<string>", "/no/such/file.py"], time.time() + 60)
    project.nothing_but("1")
    assert watcher.watched == 4
    library.with_name("other.py").write_text("not imported")
    library.write_text("2")
    assert project.batches.get(timeout=TIMEOUT) == [library]


def test_a_module_that_was_saved_after_its_import_is_a_change(project: Project, library: Path) -> None:
    watcher = project.watch()
    watcher.add([str(library)], time.time() - 60)
    assert project.batches.get(timeout=TIMEOUT) == [library]
    watcher.add([str(library)], time.time() - 60)
    project.nothing_but("moved")


def test_a_pattern_may_be_added_while_watching(project: Project) -> None:
    project.write("conf/a.toml", "1")
    watcher = project.watch()
    watcher.add([f"{project.root}/**/*.toml"], time.time() + 60)
    project.nothing_but("added")
    assert watcher.watched == 4
    project.write("conf/new/b.toml", "1")
    assert project.changes() == ["conf/new/b.toml"]
    project.write("conf/a.toml", "2")
    assert project.changes() == ["conf/a.toml"]


def test_a_module_in_an_archive_counts_as_the_archive(project: Project, library: Path) -> None:
    archive = library.with_name("app.zip")
    archive.write_bytes(b"1")
    watcher = project.watch()
    watcher.add([f"{archive}/package/module.py"], time.time() + 60)
    project.nothing_but("1")
    archive.write_bytes(b"2")
    assert project.batches.get(timeout=TIMEOUT) == [archive]


def test_a_module_that_is_excluded_does_not_count(project: Project, library: Path) -> None:
    watcher = project.watch(exclude=("library/",))
    watcher.add([str(library)], time.time() - 60)
    project.nothing_but("moved")
    assert watcher.watched == 3


# -- odd files --


def test_a_file_behind_a_link_counts(project: Project, library: Path) -> None:
    (project.root / "linked.py").symlink_to(library)
    watcher = project.watch()
    assert watcher.watched == 4
    library.write_text("2")
    assert project.changes() == ["linked.py"]
    atomic(library, "3")
    assert project.changes() == ["linked.py"]


def test_a_link_that_is_set_anew_is_a_change_if_the_content_is(project: Project, library: Path) -> None:
    link = project.root / "linked.py"
    link.symlink_to(library)
    library.with_name("same.py").write_text("1")
    library.with_name("other.py").write_text("2")
    project.watch()
    with project.held():
        link.unlink()
        link.symlink_to(library.with_name("same.py"))
        project.write("sentinel.py", "moved")
    assert project.changes() == ["sentinel.py"]
    with project.held():
        link.unlink()
        link.symlink_to(library.with_name("other.py"))
    assert project.changes() == ["linked.py"]
    library.with_name("other.py").write_text("3")
    assert project.changes() == ["linked.py"]


def test_a_dangling_link_counts_as_soon_as_there_is_a_file(project: Project, library: Path) -> None:
    (project.root / "linked.py").symlink_to(library.with_name("later.py"))
    project.watch()
    project.nothing_but("1")
    library.with_name("later.py").write_text("1")
    assert project.changes() == ["linked.py"]


def test_files_swapped_by_a_link_between_directories_are_seen(project: Project) -> None:
    """As Kubernetes mounts settings: conf.py -> ..data/conf.py, ..data -> ..1, and then ..data -> ..2."""
    for number in ("1", "2"):
        project.write(f"..{number}/conf.py", number)
    (project.root / "..data").symlink_to("..1")
    (project.root / "conf.py").symlink_to("..data/conf.py")
    project.watch()
    (project.root / "..new").symlink_to("..2")
    (project.root / "..new").rename(project.root / "..data")
    assert project.changes() == ["conf.py"]


@pytest.mark.parametrize("way", ["current", "current/shop", "loop/current/shop"], ids=str)
@pytest.mark.parametrize("target", ["{base}/releases/{name}", "releases/{name}", "stage/../releases/{name}"], ids=str)
def test_a_link_on_the_way_that_is_turned_elsewhere_is_a_change(
    project: Project, tmp_path: Path, way: str, target: str
) -> None:
    """As releases are switched: current -> releases/1, and then current -> releases/2."""

    def turn(name: str) -> None:
        (tmp_path / "new").symlink_to(target.format(base=tmp_path, name=name))
        (tmp_path / "new").rename(tmp_path / "current")

    names = ("app.py", "package/old.py", "package/same.py"), ("app.py", "package/new.py", "package/same.py")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "stage").mkdir()
    for number, files in zip("12", names, strict=True):
        for name in files:
            path = tmp_path / f"releases/{number}{way.partition('current')[2]}/{name}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("same" if "same" in name else number)
    turn("1")
    project.root = tmp_path / way
    project.watch()
    turn("2")
    assert project.changes() == ["app.py", "package/new.py", "package/old.py"]
    for name in ("app.py", "package/same.py"):  # the new ones are watched
        (project.root / name).write_text("changed")
        assert project.changes() == [name]
    turn("1")
    (tmp_path / "releases/2").rename(tmp_path / "releases/away")
    assert project.changes() == ["app.py", "package/new.py", "package/old.py", "package/same.py"]
    (project.root / "package/old.py").write_text("changed")
    assert project.changes() == ["package/old.py"]


def test_a_directory_above_that_is_renamed_and_replaced_is_a_change(project: Project, tmp_path: Path) -> None:
    for name in ("blue", "green"):
        (tmp_path / name / "site/shop").mkdir(parents=True)
        (tmp_path / name / "site/shop/app.py").write_text(name)
    project.root = tmp_path / "blue/site/shop"
    project.watch()
    (tmp_path / "blue").rename(tmp_path / "away")
    (tmp_path / "green").rename(tmp_path / "blue")
    assert project.changes() == ["app.py"]
    project.write("app.py", "red")
    assert project.changes() == ["app.py"]


def test_a_directory_that_is_removed_while_a_process_works_in_it_is_seen_and_its_return_too(project: Project) -> None:
    """The kernel tells the directory itself nothing of that before the process leaves."""
    project.watch()
    with subprocess.Popen([sys.executable, "-c", "input()"], cwd=project.root, stdin=subprocess.PIPE):
        shutil.rmtree(project.root)
        project.changes_until("a.py", "package/b.py", "sentinel.py")
        project.root.mkdir()
        project.write("a.py", "one = 1\n")
        assert project.changes() == ["a.py"]


@needs_inotify
def test_what_others_do_on_the_way_is_not_looked_at(project: Project, tmp_path: Path) -> None:
    looks: list[Any] = []

    class Looking(Inotify):
        def wait(self, timeout: float | None) -> set[str] | None:
            found = super().wait(timeout)
            looks.append(found)
            return found

    if project.kind == "stat":
        pytest.skip("looks everywhere")
    project.watch(Looking(project.said.append, calls()))
    for number in range(3):
        (tmp_path / f"other{number}").mkdir()
        (tmp_path / f"file{number}").write_text("")
    project.nothing_but("changed")
    assert {str(tmp_path)} not in looks
    assert set().union(*filter(None, looks)) == {str(project.root)}


def test_links_that_go_round_in_circles_disturb_nothing(project: Project) -> None:
    (project.root / "loop.py").symlink_to("loop.py")
    (project.root / "package/up").symlink_to(project.root)
    watcher = project.watch()
    assert watcher.watched == 3
    project.write("package/b.py", "1")
    assert project.changes() == ["package/b.py"]


@pytest.mark.skipif(not LINUX, reason="only Linux has names that are any bytes")
def test_names_that_are_not_utf_8_are_watched(project: Project) -> None:
    name = os.fsdecode(b"caf\xe9/m\xff.py")
    project.write(name, "1")
    project.watch()
    project.write(name, "2")
    assert project.changes() == [name]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_what_looks_like_a_module_but_is_no_file_disturbs_nothing(project: Project) -> None:
    os.mkfifo(project.root / "fifo.py")
    (project.root / "directory.py").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(project.root / "socket.py"))
        watcher = project.watch(extra=(str(project.root),))
        assert watcher.watched == 3
        project.write("directory.py/c.py", "1")
        assert project.changes() == ["directory.py/c.py"]


def test_a_file_that_becomes_a_directory_and_back_is_seen(project: Project) -> None:
    project.watch()
    with project.held():
        (project.root / "a.py").unlink()
        project.write("a.py/c.py", "1")
    assert project.changes() == ["a.py", "a.py/c.py"]
    with project.held():
        shutil.rmtree(project.root / "a.py")
        project.write("a.py", "1")
    assert project.changes() == ["a.py", "a.py/c.py"]


def test_one_file_may_be_in_scope_for_many_reasons_and_is_reported_once(project: Project) -> None:
    root = str(project.root)
    watcher = project.watch(
        roots=(project.root, project.root / "package"), extra=(root, f"{root}/package/b.py", "*.py")
    )
    assert watcher.watched == 3
    project.write("package/b.py", "1")
    assert project.changes() == ["package/b.py"]
    project.nothing_but("moved")


# -- life of a watcher --


def test_a_change_while_a_batch_is_delivered_is_never_lost(project: Project) -> None:
    project.watch()
    with project.held():
        project.write("a.py", "1")
        project.write("sentinel.py", "again")
    assert project.changes() == ["a.py", "sentinel.py"]


@pytest.mark.parametrize("kind", ["stat", "watchdog", "auto"], ids=str)
def test_a_watcher_may_be_closed_by_what_it_calls(tmp_path: Path, kind: str) -> None:
    closed = threading.Event()

    def close(batch: list[Path]) -> None:
        watcher.close()
        assert batch == [tmp_path / "a.py"]
        closed.set()

    watcher = make_watcher(Scope(roots=(tmp_path,)), close, kind=kind, interval=0.01, say=print)
    watcher.start()
    (tmp_path / "a.py").write_text("1")
    assert closed.wait(TIMEOUT)


def test_a_watcher_that_was_never_started_can_be_closed(tmp_path: Path) -> None:
    for kind in ("stat", "watchdog", "auto"):
        make_watcher(Scope(roots=(tmp_path,)), print, kind=kind, say=print).close()


def test_nothing_is_left_open_by_a_closed_watcher(project: Project) -> None:
    threads = set(threading.enumerate())
    descriptors = opened()
    watcher = project.watch()
    project.nothing_but("moved")
    watcher.close()
    watcher.close()
    watcher.add([str(project.root / "a.py")], 0)
    assert set(threading.enumerate()) <= threads
    assert opened() <= descriptors


def opened() -> set[str]:
    """The descriptors of this process, where the system tells."""
    return {path.name for path in Path("/proc/self/fd").iterdir()} if LINUX else set()


def test_a_watcher_has_a_kind_and_does_not_keep_the_process_alive(project: Project) -> None:
    before = set(threading.enumerate())
    watcher = project.watch()
    assert watcher.kind == ("stat" if project.kind == "stat" else "watchdog")
    assert all(thread.daemon for thread in set(threading.enumerate()) - before)
    assert project.said == []


# -- choosing --


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'auto', 'watchdog' or 'stat'"):
        make_watcher(Scope(roots=(tmp_path,)), print, kind="inotify", say=print)


@pytest.mark.parametrize("interval", [0.0, -1.0, float("nan")], ids=str)
def test_an_interval_of_nothing_is_refused(tmp_path: Path, interval: float) -> None:
    with pytest.raises(ConfigurationError, match="interval"):
        make_watcher(Scope(roots=(tmp_path,)), print, interval=interval, say=print)


def test_a_pattern_that_is_none_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is not a pattern"):
        make_watcher(Scope(roots=(tmp_path,), exclude=("/",)), print, say=print)


WITHOUT_WATCHDOG = """
import sys
sys.modules["watchdog"] = None
from pathlib import Path
from debugkit.errors import ConfigurationError
from debugkit.serving.watching.watcher import Scope, make_watcher
sys.platform = sys.argv[1]
print(make_watcher(Scope(), print, say=lambda line: print("said:", line)).kind)
try:
    make_watcher(Scope(), print, kind="watchdog", say=print)
except ConfigurationError as error:
    print(error)
"""


def watch_without_watchdog(platform: str) -> list[str]:
    """What a program prints that has no package watchdog."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_WATCHDOG, platform],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=TIMEOUT,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_without_watchdog_it_is_said_what_happens_instead() -> None:
    said, kind, error = watch_without_watchdog("darwin")
    assert said.startswith("said: watchdog cannot be imported")
    assert kind == "stat"
    assert "pip install watchdog" in error


@needs_inotify
def test_linux_has_events_without_the_package_watchdog() -> None:
    assert watch_without_watchdog("linux") == ["watchdog"]


needs_linux = pytest.mark.skipif(not LINUX, reason="reads /proc/mounts")


@needs_linux
@pytest.mark.parametrize("system", ["nfs4", "9p", "vboxsf", "fuse.sshfs", "virtiofs"], ids=str)
def test_a_file_system_without_events_is_looked_at_and_it_is_said(tmp_path: Path, system: str) -> None:
    said: list[str] = []
    root = tmp_path / "with blank"
    root.mkdir()
    escaped = str(root).replace(" ", "\\040")
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nserver:/x {escaped} {system} rw 0 0\nbroken line\n")
    scope = Scope(roots=(tmp_path, root / "project"))
    assert make_watcher(scope, print, say=said.append, mounts=mounts).kind == "stat"
    assert [line for line in said if system in line and str(root / "project") in line]
    assert make_watcher(scope, print, kind="watchdog", say=said.append, mounts=mounts).kind == "watchdog"
    assert make_watcher(Scope(roots=(tmp_path,)), print, say=said.append, mounts=mounts).kind == "watchdog"
    assert make_watcher(scope, print, say=said.append, mounts=tmp_path / "none").kind == "watchdog"
    assert len(said) == 1


# -- looking at regular times --


class Costly(Polling):
    """Polling with a clock that only the test moves, and passes of a known cost."""

    def __init__(self, interval: float) -> None:
        self.now = self.spent = 1000.0
        super().__init__(interval, clock=lambda: self.now, cost=lambda: self.spent)


def after_a_look_that_cost(seconds: float, tmp_path: Path) -> Costly:
    source = Costly(0.001)
    source.open(FileTree(Scope(roots=(tmp_path,)), source))
    source.now += 0.001
    assert source.wait(None) is None
    source.spent += seconds
    assert source.wait(0) == set()
    return source


def test_looking_everywhere_may_cost_less_than_a_hundredth_of_the_time(tmp_path: Path) -> None:
    source = after_a_look_that_cost(0.05, tmp_path)
    source.now += 100 * 0.05
    assert source.wait(None) == set()  # between that: where something happened last
    source.now += 100 * 0.05
    assert source.wait(None) is None


def test_the_next_look_is_never_further_away_than_some_seconds(tmp_path: Path) -> None:
    source = after_a_look_that_cost(60, tmp_path)
    source.now += 9.9
    assert source.wait(None) == set()
    source.now += 0.2
    assert source.wait(None) is None


# -- inotify --


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Project]:
    """A project for events, with a tree that is left out."""
    root = tmp_path / "project"
    made = Project(root, "watchdog")
    for number in range(30):
        made.write(f"d{number}/m.py", "1")
        made.write(f"node_modules/p{number}/index.py", "1")
    made.write("sentinel.py")
    yield made
    if made.watcher is not None:
        made.watcher.close()


def inotify(project: Project, functions: Calls) -> Watcher:
    return project.watch(Inotify(project.said.append, functions))


def watches() -> int:
    """How many inotify watches this process has, by what the kernel says."""
    return sum(
        path.read_text().count("inotify wd:") for path in Path("/proc/self/fdinfo").iterdir() if path.exists()
    )  # fmt: skip


@needs_inotify
def test_only_directories_that_count_have_a_watch_and_there_is_one_thread(many: Project) -> None:
    before, threads = watches() + len(many.root.parents), threading.active_count()  # the way there has some too
    many.watch()
    assert watches() - before == 31
    assert threading.active_count() - threads == 1
    shutil.rmtree(many.root / "d7")
    assert many.changes() == ["d7/m.py"]
    (many.root / "d8").rename(many.root / "node_modules/d8")
    assert many.changes() == ["d8/m.py"]
    many.nothing_but("moved")
    assert watches() - before == 29


@needs_inotify
def test_a_directory_behind_two_names_is_one_watch_and_both_are_reported(many: Project, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(many.root / "d3")
    before = watches() + len(many.root.parents)
    many.watch(roots=(many.root, tmp_path / "alias"))
    assert watches() - before == 31
    many.write("d3/m.py", "2")
    assert many.batches.get(timeout=TIMEOUT) == [tmp_path / "alias/m.py", many.root / "d3/m.py"]


@needs_inotify
def test_events_that_were_lost_are_said_once_and_found_by_looking(many: Project) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    many.watch()
    for number in ("1", "2"):
        with many.held():
            overflow(many.root, limit)
            many.write(f"d5/new/n{number}.py", number)
            shutil.rmtree(many.root / f"d{number}")
        assert many.changes() == [f"d{number}/m.py", f"d5/new/n{number}.py"]
        many.write(f"d5/new/n{number}.py", "still watched")
        assert many.changes() == [f"d5/new/n{number}.py"]
        many.write("sentinel.py", number)
        assert many.changes() == ["sentinel.py"]
    assert many.said == [OVERFLOW]


def overflow(directory: Path, limit: int) -> None:
    """Make more events than the kernel keeps: renames there and back, which it cannot merge."""
    one, other = directory / "one", directory / "other"
    one.touch()
    for _ in range(limit // 4 + 100):
        one.rename(other)
        other.rename(one)
    one.unlink()


def failing_add(number: int, allowed: int) -> Calls:
    """inotify that refuses after so many directories."""
    real = calls()
    known: set[bytes] = set()

    def add(descriptor: int, path: bytes, mask: int) -> int:
        if len(known | {path}) > allowed:
            set_errno(number)
            return -1
        known.add(path)
        return real.add(descriptor, path, mask)

    return replace(real, add=add)


@needs_inotify
@pytest.mark.parametrize("allowed", [0, 10], ids=["none", "some"])
def test_watches_that_are_used_up_are_said_and_the_files_are_looked_at(many: Project, allowed: int) -> None:
    watcher = inotify(many, failing_add(errno.ENOSPC, allowed))
    assert watcher.kind == "stat"
    assert watcher.watched == 31
    [line] = many.said
    assert "fs.inotify.max_user_watches" in line
    many.write("d29/m.py", "2")
    assert many.changes() == ["d29/m.py"]


@needs_inotify
def test_watches_that_are_used_up_later_lose_no_change(many: Project) -> None:
    watcher = inotify(many, failing_add(errno.ENOSPC, 32 + len(many.root.parents)))
    assert watcher.kind == "watchdog"
    names = {f"new{number}/n.py" for number in range(5)}
    for name in names:
        many.write(name)
    assert many.changes_until(*names) == names
    assert watcher.kind == "stat"
    many.write("new4/n.py", "2")
    assert many.changes() == ["new4/n.py"]
    assert len(many.said) == 1


@needs_inotify
def test_instances_that_are_used_up_are_said_and_the_files_are_looked_at(many: Project) -> None:
    def init() -> int:
        set_errno(errno.EMFILE)
        return -1

    watcher = inotify(many, replace(calls(), init=init))
    assert watcher.kind == "stat"
    assert ["fs.inotify.max_user_instances" in line for line in many.said] == [True]
    many.write("d29/m.py", "2")
    assert many.changes() == ["d29/m.py"]


@needs_inotify
def test_an_error_that_nobody_expects_is_named(many: Project) -> None:
    watcher = inotify(many, failing_add(errno.ENOMEM, 3))
    assert watcher.kind == "stat"
    assert [os.strerror(errno.ENOMEM) in line for line in many.said] == [True]


@needs_inotify
def test_a_directory_that_may_not_be_watched_is_left_alone(many: Project) -> None:
    watcher = inotify(many, failing_add(errno.EACCES, 31 + len(many.root.parents)))
    with many.held():
        many.write("new/n.py")
    assert many.changes() == ["new/n.py"]
    assert watcher.kind == "watchdog"
    assert many.said == []


@needs_inotify
def test_a_log_that_is_written_all_the_time_is_not_looked_at(many: Project) -> None:
    """Writes to a file that does not count wake the thread, and nothing more."""
    log = many.write("d1/app.log")
    looked: list[str] = []

    class Counting(Inotify):
        def wait(self, timeout: float | None) -> set[str] | None:
            where = super().wait(timeout)
            looked.extend(where or ())
            return where

    many.watch(Counting(many.said.append, calls()))
    with log.open("a") as file:
        for number in range(100):
            file.write(f"{number}\n")
            file.flush()
    many.nothing_but("moved")
    assert str(many.root / "d1") not in looked
    assert str(many.root) in looked


class Patient(Inotify):
    """Remembers how long it was to wait for more. What is done in `unseen` it sees at once."""

    def __init__(self) -> None:
        super().__init__(lambda line: None, calls())
        self.pauses: list[float] = []
        self.meanwhile: list[Callable[[], object]] = []  # what happens before it looks again
        self._gate = threading.Event()
        self._at_gate = threading.Event()

    def wait(self, timeout: float | None) -> set[str] | None:
        if timeout is None:
            self._at_gate.set()
            assert self._gate.wait(TIMEOUT)
        elif self._at_gate.is_set():
            self.pauses += [timeout] if timeout else []
            if self.meanwhile:
                self.meanwhile.pop(0)()
        return super().wait(timeout)

    @contextmanager
    def unseen(self) -> Iterator[None]:
        assert self._at_gate.wait(TIMEOUT)
        yield
        self._gate.set()


FINISHED = [in_place, vim, atomic]


@needs_inotify
@pytest.mark.parametrize("save", FINISHED, ids=[save.__name__ for save in FINISHED])
def test_a_finished_save_is_reported_without_waiting_for_another(
    many: Project, save: Callable[[Path, str], None]
) -> None:
    source = Patient()
    many.watch(source, quiet=LONGEST)
    with source.unseen():
        save(many.root / "d3/m.py", "changed")
    assert many.changes() == ["d3/m.py"]
    assert source.pauses == []


@needs_inotify
def test_a_save_that_is_seen_half_done_is_reported_as_soon_as_it_is_finished(many: Project) -> None:
    source = Patient()
    many.watch(source, quiet=LONGEST)
    with source.unseen():
        file = (many.root / "d3/m.py").open("w")
        source.meanwhile.append(file.close)
        file.write("changed")
        file.flush()
    assert many.changes() == ["d3/m.py"]
    assert len(source.pauses) == 1


@needs_inotify
def test_what_is_not_finished_or_not_alone_is_waited_for(many: Project) -> None:
    source = Patient()
    many.watch(source, quiet=LONGEST)
    with source.unseen():
        file = (many.root / "d1/m.py").open("w")
        file.write("changed")
        file.flush()
    with file:  # nobody has closed it
        assert many.changes() == ["d1/m.py"]
        assert source.pauses
    many.nothing_but("closed")
    for act in (
        lambda: many.write("d2/new.py", "new"),  # an editor may make it for a moment
        lambda: (many.root / "d2/new.py").unlink(),  # something may come in its place
    ):
        source.pauses.clear()
        act()
        assert many.changes() == ["d2/new.py"]
        assert source.pauses


@needs_inotify
def test_saves_that_follow_each_other_are_one_batch(many: Project) -> None:
    source = Patient()
    many.watch(source, quiet=LONGEST)
    with source.unseen():
        source.meanwhile += [lambda name=name: many.write(name, "changed") for name in ("d2/m.py", "d3/m.py")]
        many.write("d1/m.py", "changed")
    assert many.changes() == ["d1/m.py", "d2/m.py", "d3/m.py"]
    assert source.pauses


@needs_inotify
def test_more_calls_than_the_pipe_holds_wake_the_thread_all_the_same(many: Project, library: Path) -> None:
    watcher = many.watch()
    with many.held():
        for _ in range(70_000):
            watcher.add((), 0)
        watcher.add([str(library)], time.time() - 60)
    assert many.batches.get(timeout=TIMEOUT) == [library]


# -- watchdog's observer, which is for macOS --


@pytest.fixture
def observed(tmp_path: Path) -> Iterator[Project]:
    root = tmp_path / "project"
    made = Project(root, "watchdog")
    for name in ("a.py", "package/b.py", "sentinel.py"):
        made.write(name, "1")
    yield made
    if made.watcher is not None:
        made.watcher.close()


def test_the_observer_is_told_of_whole_trees_and_its_events_are_understood(observed: Project, tmp_path: Path) -> None:
    watcher = observed.watch(ObserverSource(), extra=(str(observed.root / "later/x.toml"),))
    assert (watcher.kind, watcher.watched) == ("watchdog", 3)
    observed.write("package/b.py", "2")
    assert observed.changes() == ["package/b.py"]
    observed.write("later/x.toml", "1")
    assert observed.changes_until("later/x.toml") == {"later/x.toml"}
    (observed.root / "package").rename(observed.root / "other")
    assert observed.changes_until("package/b.py", "other/b.py") == {"package/b.py", "other/b.py"}
    observed.write("other/b.py", "3")
    assert observed.changes() == ["other/b.py"]
    (observed.root / "a.py").touch()
    observed.nothing_but("moved")


def test_the_observer_looks_after_modules_elsewhere_and_names_them_as_they_were_given(
    observed: Project, library: Path, tmp_path: Path
) -> None:
    (tmp_path / "alias").symlink_to(library.parent)
    watcher = observed.watch(ObserverSource())
    watcher.add([str(tmp_path / "alias/module.py")], time.time() + 60)
    observed.nothing_but("added")
    library.write_text("2")
    assert observed.batches.get(timeout=TIMEOUT) == [tmp_path / "alias/module.py"]


def test_the_observer_knows_a_directory_by_all_its_names(observed: Project, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(observed.root / "package")
    observed.watch(ObserverSource(), roots=(observed.root, tmp_path / "alias"))
    observed.write("package/b.py", "2")
    wanted = {tmp_path / "alias/b.py", observed.root / "package/b.py"}
    seen: set[Path] = set()
    while seen != wanted:
        seen.update(observed.batches.get(timeout=TIMEOUT))
        assert seen <= wanted


def test_the_observer_leaves_nothing_open(observed: Project) -> None:
    before = set(threading.enumerate())
    watcher = observed.watch(ObserverSource())
    observed.nothing_but("moved")
    watcher.close()
    watcher.close()
    assert set(threading.enumerate()) == before


@needs_inotify
def test_a_tree_that_the_observer_cannot_watch_is_looked_at(observed: Project) -> None:
    class Refused(ObserverSource):
        def _started(self) -> Any:
            raise OSError(errno.ENOSPC, "inotify watch limit reached")

    watcher = observed.watch(Refused())
    assert watcher.kind == "stat"
    assert ["inotify watch limit reached" in line for line in observed.said] == [True]
    observed.nothing_but("moved")
