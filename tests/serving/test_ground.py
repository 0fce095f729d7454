"""The reloader while the ground moves: folders, files, streams and the interpreter itself go and come back."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from reload_support import APP, project
from serving_support import TIMEOUT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="workers inherit their sockets")

ONE, TWO = (APP % word for word in ("one", "two"))
SCRIPT = """
import os
from debugkit import run_simple
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"one %d" % os.getpid()]
if __name__ == "__main__":
    run_simple("127.0.0.1", 0, app, use_reloader=True, use_debugger=True)
"""
STARTS = {
    "command": (ONE, ("-m", "debugkit", "run", "app.py", "--port", "0")),
    "script": (SCRIPT, ("app.py",)),
}


def git(folder: Path, *words: str) -> None:
    user = ("-c", "user.name=tea", "-c", "user.email=tea@localhost")
    subprocess.run(["git", *user, *words], cwd=folder, check=True, capture_output=True, timeout=TIMEOUT)


# The program's folder.


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@pytest.mark.parametrize(("text", "python"), STARTS.values(), ids=STARTS.keys())
def test_a_branch_without_the_served_folder_is_a_page_and_the_way_back_heals(
    tmp_path: Path, text: str, python: tuple[str, ...]
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    git(tmp_path, "init", "-q", "-b", "site")
    (site / "app.py").write_text(text)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "site")
    git(tmp_path, "checkout", "-q", "--orphan", "docs")
    git(tmp_path, "rm", "-q", "-rf", ".")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "docs")
    git(tmp_path, "checkout", "-q", "site")
    with project(site, text, python=python) as shop:
        for _ in range(2):
            git(tmp_path, "checkout", "-q", "docs")
            assert shop.wait_for_reload() == " * Waiting for a change"
            assert not site.exists()
            reply = shop.get("/", "Accept: text/html")
            assert reply.status == 500
            assert "cannot be entered (No such file or directory)" in reply.body.decode()
            git(tmp_path, "checkout", "-q", "site")
            assert shop.wait_for_reload() == " * Reloaded"
            assert shop.text.startswith("one")


def test_a_folder_that_takes_the_place_of_the_served_one_is_entered(tmp_path: Path) -> None:
    text = ONE.replace('b"one %d" % os.getpid()', "open('menu.txt', 'rb').read()")
    site, other = tmp_path / "site", tmp_path / "other"
    for folder, word in ((site, "tea"), (other, "coffee")):
        folder.mkdir()
        (folder / "menu.txt").write_text(word)
    (other / "app.py").write_text(f"# another\n{text}")
    with project(site, text) as shop:
        assert shop.text == "tea"
        site.rename(tmp_path / "before")
        other.rename(site)
        while not shop.wait_for_reload().startswith(" * Reloaded"):  # there was no folder for a moment
            pass
        assert shop.text == "coffee"


def test_an_interpreter_that_is_made_anew_is_waited_for(tmp_path: Path) -> None:
    environment, away = tmp_path / "environment", tmp_path / "away"
    environment.symlink_to(sys.prefix)
    python = environment / Path(sys.executable).relative_to(sys.prefix)
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "launch.py").write_text(
        f"import sys; sys.executable = {str(python)!r}\nfrom debugkit.cli import main; sys.exit(main())\n"
    )
    command = ("launch.py", "run", "app.py", "--port", "0", "--exclude-patterns", "launch.py")
    with project(folder, ONE, python=command) as shop:
        environment.rename(away)
        texts = iter((TWO, ONE))
        missing = None
        while not missing:  # one process may be ready already
            shop.write(next(texts))
            missing = re.match(r" \* No .*No such file", shop.says(r"^ \* (Reloaded|No process can be started .*)")[0])
        away.rename(environment)
        assert shop.wait_for_reload().startswith(" * Reloaded")
        shop.save(APP % "three")
        assert shop.text.startswith("three")


# What the application writes to the channel of its reloader.

BABBLE = {
    "text": b"tea\n",
    "half-a-line": b"tea",
    "no-object": b"[1, 2]\n",
    "unknown-kind": b'{"kind": "tea"}\n',
    "kind-of-a-wrong-type": b'{"kind": ["serving"]}\n',
    "no-kind": b"{}\n",
    "missing-fields": b'{"kind": "serving"}\n',
    "more-fields": b'{"kind": "held", "tea": 1}\n',
    "field-of-a-wrong-type": b'{"kind": "imported", "files": [1], "since": 0.0}\n',
    "no-text": b"\xff\xfe\n",
    "nested": b"[" * 100_000 + b"\n",
}


@pytest.mark.parametrize("data", BABBLE.values(), ids=BABBLE.keys())
def test_whatever_the_application_writes_to_the_channel_is_ignored_with_a_line(tmp_path: Path, data: bytes) -> None:
    name = tmp_path / "babble"
    name.write_bytes(data)
    text = (
        "from debugkit.serving.control import current\n"
        f"current()._channel.sock.sendall(open({str(name)!r}, 'rb').read())\n{ONE}"
    )
    with project(tmp_path, text) as shop:
        first = shop.text
        assert shop.terminal.count("Ignored what the program has written to the reloader's own channel") == 1
        assert shop.text == first
        assert shop.save(TWO).startswith(" * Reloaded")
        assert shop.text.startswith("two")
