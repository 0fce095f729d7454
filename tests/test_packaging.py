"""What the wheel holds, and that the assets are found wherever the package is installed."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from process_support import TIMEOUT

ROOT = Path(__file__).parents[1]

PROGRAM = """
from debugkit.debug.page import assets, rendering
from debugkit.debug.page.models import MessageView
assert "page.css" in assets.static_files() or assets.static_files()
page = rendering.html("message.html", MessageView("Title", "Explanation", 404, static_url="/static/"))
assert b"Explanation" in page
print(len(assets.static_files()))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(target.glob("*.whl"))


def shipped(folder: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_every_file_of_the_three_trees_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    moved = {f"debugkit/{name}" for folder in ("static", "templates") for name in shipped(folder)}

    assert names == shipped("debugkit") | moved
    assert "debugkit/py.typed" in names


def test_the_license_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]


def test_the_page_renders_from_the_wheel_itself(wheel: Path, tmp_path: Path) -> None:
    run(PROGRAM, tmp_path, wheel)


def test_the_page_renders_from_an_unpacked_wheel(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    run(PROGRAM, tmp_path, tmp_path / "site")


def test_the_page_renders_from_a_bare_checkout(tmp_path: Path) -> None:
    run(PROGRAM, tmp_path, ROOT)


def run(program: str, folder: Path, first: Path) -> None:
    start = f"import sys; sys.path.insert(0, {str(first)!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", start + program], cwd=folder, capture_output=True, text=True, timeout=TIMEOUT
    )
    assert done.returncode == 0, done.stderr
