"""Files that are whole, locked and for their owner alone."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from process_support import TIMEOUT
from serving_support import Program, environ

from debugkit.private_files import create, is_private, locked, replace

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes and no such locks")


def test_a_new_file_has_its_mode_and_content(tmp_path: Path) -> None:
    create(tmp_path / "a", b"one\ntwo\r\n", 0o600)
    assert (tmp_path / "a").read_bytes() == b"one\ntwo\r\n"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert is_private(tmp_path / "a")


def test_a_file_is_never_created_twice(tmp_path: Path) -> None:
    create(tmp_path / "a", b"first", 0o600)
    with pytest.raises(FileExistsError):
        create(tmp_path / "a", b"second", 0o600)
    assert (tmp_path / "a").read_bytes() == b"first"


def test_a_disk_that_is_full_leaves_no_file_behind(tmp_path: Path) -> None:
    program = """
import resource, signal, sys
from pathlib import Path
from debugkit.private_files import create
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    create(Path(sys.argv[1]), bytes(5000), 0o600)
except OSError as error:
    print(type(error).__name__)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a")],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        env=environ(),
    )
    assert (done.stdout, done.stderr) == ("OSError\n", "")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    create(tmp_path / "a", b"first and long", 0o644)
    replace(tmp_path / "a", b"second", 0o600)
    assert (tmp_path / "a").read_bytes() == b"second"
    assert is_private(tmp_path / "a")
    assert len(list(tmp_path.iterdir())) == 1


def test_what_cannot_be_replaced_stays_and_no_draft_is_left(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError):
        replace(tmp_path / "a", b"second", 0o600)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("kind", ["missing", "folder", "link", "readable"])
def test_what_others_may_have_made_or_read_is_not_private(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a"
    if kind == "folder":
        path.mkdir(mode=0o700)
    elif kind == "link":
        create(tmp_path / "b", b"", 0o600)
        path.symlink_to(tmp_path / "b")
    elif kind == "readable":
        create(path, b"", 0o604)
    assert not is_private(path)


def test_a_lock_keeps_other_processes_out_until_it_ends(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from debugkit.private_files import locked
print("started", flush=True)
with locked(Path(sys.argv[1])):
    print(Path(sys.argv[2]).read_text(), flush=True)
"""
    state = tmp_path / "state"
    with Program(python=("-c", program, str(tmp_path / "lock"), str(state))) as other:
        with locked(tmp_path / "lock"):
            assert other.stdout.line() == "started\n"
            state.write_text("written under the lock")
        assert other.stdout.rest() == "written under the lock\n"


def test_a_lock_is_no_link_to_another_file(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError), locked(tmp_path / "lock"):
        pass
    assert not (tmp_path / "elsewhere").exists()
