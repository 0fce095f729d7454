"""The reloader while the ground moves: folders, files, streams and the interpreter itself go and come back."""

from __future__ import annotations

import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from process_support import Process
from reload_support import APP, Project, plain_project, project
from serving_support import TIMEOUT, Client, Program, environ

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
#: The same without the debugger, where no page is looked at: workers start in half the time.
PLAIN_SCRIPT = SCRIPT.replace(", use_debugger=True", "")
PLAIN_COMMAND = ("-m", "debugkit", "run", "--no-debugger", "--port", "0")
PLAIN_STARTS = {"command": (ONE, (*PLAIN_COMMAND, "app.py")), "script": (PLAIN_SCRIPT, ("app.py",))}


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
    with plain_project(site, text) as shop:
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
    with plain_project(folder, ONE, python=command) as shop:
        environment.rename(away)
        texts = iter((TWO, ONE))
        missing = None
        while not missing:  # one process may be ready already
            shop.write(next(texts))
            missing = re.match(r" \* Cannot .*No such file", shop.says(r"^ \* (Reloaded|Cannot start a process .*)")[0])
        away.rename(environment)
        assert shop.wait_for_reload().startswith(" * Reloaded")
        shop.save(APP % "three")
        assert shop.text.startswith("three")


# Links that are turned elsewhere.

RELEASES = {
    "inside": ("current", ONE, (*PLAIN_COMMAND, "app.py")),
    "inside-by-itself": ("current", ONE, PLAIN_COMMAND),
    "inside-as-a-module": ("current", ONE, (*PLAIN_COMMAND, "app:app")),
    "from-above": (".", ONE, (*PLAIN_COMMAND, "current/app.py")),
    "script": ("current", PLAIN_SCRIPT, ("app.py",)),
    "script-from-above": (".", PLAIN_SCRIPT, ("current/app.py",)),
    "module": ("current", PLAIN_SCRIPT, ("-m", "app")),
}


@pytest.mark.parametrize(("folder", "text", "python"), RELEASES.values(), ids=RELEASES.keys())
def test_a_link_that_is_turned_to_another_release_is_served_and_watched(
    tmp_path: Path, folder: str, text: str, python: tuple[str, ...]
) -> None:
    text = f"import word\n{text}".replace('b"one %d" % os.getpid()', "word.word.encode()")
    for name in ("1", "2"):
        release = tmp_path / "releases" / name
        release.mkdir(parents=True)
        (release / "app.py").write_text(text)
        (release / "word.py").write_text(f"word = 'release {name}'")

    def turn(name: str) -> None:
        (tmp_path / "next").symlink_to(f"releases/{name}")
        (tmp_path / "next").rename(tmp_path / "current")

    turn("1")
    place = tmp_path if folder == "." else tmp_path / folder
    (tmp_path / "app.py").symlink_to("current/app.py")  # what the helper writes
    with project(place, text, python=python, PWD=str(place)) as shop:
        assert shop.text == "release 1"
        turn("2")
        shop.wait_for_reload()
        assert shop.text == "release 2"
        shop.save("word = 'mended'\n", "current/word.py" if folder == "." else "word.py")
        assert shop.text == "mended"


@pytest.mark.parametrize(("text", "python"), PLAIN_STARTS.values(), ids=PLAIN_STARTS.keys())
def test_a_volume_of_kubernetes_that_is_updated_is_served(tmp_path: Path, text: str, python: tuple[str, ...]) -> None:
    """As kubelet does it: app.py -> ..data/app.py, ..data -> ..1; then ..data is replaced, and ..1 removed."""

    def update(name: str, text: str) -> None:
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text(text)
        (tmp_path / "..data_tmp").symlink_to(name)
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")

    update("..1", text)
    (tmp_path / "app.py").symlink_to("..data/app.py")
    with project(tmp_path, text, python=python, PWD=str(tmp_path)) as shop:
        update("..2", text.replace("one", "two"))
        shutil.rmtree(tmp_path / "..1")
        while not shop.text.startswith("two"):
            shop.wait_for_reload()


# What may not be read.

#: Root reads everything without these two capabilities of its: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH (capabilities(7)).
BOUND = (
    "import ctypes, os, sys; libc = ctypes.CDLL(None); [libc.prctl(24, number, 0, 0, 0) for number in (1, 2)]; "
    "os.execv({0!r}, [{0!r}, *sys.argv[1:]])"
)
BOUND_PYTHON = ("-c", BOUND.format(sys.executable), "-m", "debugkit", "run", "app.py", "--port", "0")
needs_modes = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="root reads everything")


@needs_modes
@pytest.mark.parametrize("kind", ["stat", "watchdog"])
def test_a_folder_that_may_not_be_entered_costs_no_other_change(tmp_path: Path, kind: str) -> None:
    for name in ("before", "later"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "m.py").write_text("")
    options = ("--reloader-type", kind, "--reloader-interval", "0.05")
    (tmp_path / "before").chmod(0)
    try:
        with plain_project(tmp_path, ONE, *options, python=BOUND_PYTHON) as shop:
            assert shop.save(TWO).startswith(" * Reloaded")
            (tmp_path / "later").chmod(0)
            assert shop.save(ONE).startswith(" * Reloaded")
            (tmp_path / "later").chmod(0o700)
            assert shop.save("x = 1\n", "later/m.py").startswith(" * Reloaded")
            assert shop.text.startswith("one")
    finally:
        (tmp_path / "before").chmod(0o700)


@needs_modes
@pytest.mark.parametrize("mode", [0o000, 0o600], ids=["closed", "not-to-be-entered"])
def test_a_served_folder_that_is_closed_for_a_while_is_a_page_and_heals(tmp_path: Path, mode: int) -> None:
    site = tmp_path / "site"
    site.mkdir()
    menu = tmp_path / "menu.yaml"
    with project(site, ONE, "--extra-files", str(menu), python=BOUND_PYTHON) as shop:
        site.chmod(mode)
        menu.write_text("tea: 1\n")
        shop.says(r"menu\.yaml\b.* changed")
        assert shop.wait_for_reload() == " * Waiting for a change"
        assert "cannot be entered (Permission denied)" in shop.get("/", "Accept: text/html").body.decode()
        site.chmod(0o700)
        shop.write(TWO)
        while not shop.text.startswith("two"):
            shop.wait_for_reload()


@needs_modes
@pytest.mark.parametrize("name", ["app.py", "pyproject.toml"])
def test_a_file_that_may_not_be_read_for_a_while_is_a_page_and_heals(tmp_path: Path, name: str) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.debugkit]\npin = false\n")
    with project(tmp_path, ONE, python=BOUND_PYTHON) as shop:
        (tmp_path / name).chmod(0)
        assert shop.wait_for_reload() == " * Waiting for a change"
        assert "Permission denied" in shop.get("/", "Accept: text/html").body.decode()
        (tmp_path / name).chmod(0o600)
        assert shop.wait_for_reload().startswith(" * Reloaded")
        assert shop.text.startswith("one")


@needs_modes
def test_a_pyproject_that_may_not_be_read_at_the_start_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(ONE)
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "pyproject.toml").chmod(0)
    with Program(cwd=tmp_path, python=BOUND_PYTHON) as process:
        assert process.wait() == 1
        assert re.fullmatch(
            r"debugkit: \S+pyproject\.toml cannot be read: .*Permission denied.*\n", process.stderr.rest()
        )


# What the program is started with.

NOISE = """
import os
import debugkit
@debugkit.after_start
def tell(url):
    open({told!r}, "w").write(url)
def make_noise():
    print("noise", flush=True)
    for number in range(3):
        try:
            os.write(number, b"noise")
        except OSError:  # stdin may be for reading only
            pass
"""


@pytest.mark.parametrize(
    ("start", "closed"),
    [("command", ">&-"), ("command", "2>&-"), ("command", "<&- >&- 2>&-"), ("script", "<&- >&- 2>&-")],
    ids=str,
)
def test_closed_streams_are_nobodys_socket(tmp_path: Path, start: str, closed: str) -> None:
    """What the application prints, and what C code writes to the descriptors, reaches no socket."""
    text, python = PLAIN_STARTS[start]
    told = tmp_path / "told"
    os.mkfifo(told)
    text = NOISE.format(told=str(told)) + text.replace("    start_response(", "    make_noise()\n    start_response(")
    (tmp_path / "app.py").write_text(text)
    command = ("sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, *python)
    with Process(command, cwd=tmp_path, env=environ()) as process:
        for word in ("one", "two"):
            with Client(int(told.read_text().rsplit(":", 1)[1].strip("/"))) as client:
                for _ in range(2):
                    reply = client.get("/")
                    assert (reply.status, reply.body.split()[0]) == (200, word.encode())
            (tmp_path / "app.py").write_text(text.replace('b"one', 'b"two'))
        assert process.end(signal.SIGTERM) == 128 + signal.SIGTERM


NOBODY = ("unshare", "--user", "--map-user=54321", "env", "-u", "HOME", "-u", "DEBUGKIT_STATE_DIR")


@pytest.mark.skipif(
    subprocess.run([*NOBODY, "true"], capture_output=True).returncode != 0 if shutil.which("unshare") else True,
    reason="needs a user without a name",
)
@pytest.mark.parametrize(("text", "python"), STARTS.values(), ids=STARTS.keys())
def test_a_user_without_a_home_and_a_name_is_served(tmp_path: Path, text: str, python: tuple[str, ...]) -> None:
    (tmp_path / "app.py").write_text(text)
    with Process([*NOBODY, sys.executable, "-W", "error", *python], cwd=tmp_path, env=environ()) as process:
        shop = Project(tmp_path, process)  # type: ignore[arg-type]
        shop.port = int(process.read_until(r"https?://\S+:(\d+)/$")[1])
        process.read_until(r"^ \* Reloading with")
        assert shop.text.startswith("one")
        assert shop.save(text.replace("one", "two")).startswith(" * Reloaded")
        assert shop.text.startswith("two")
        process.stop()


@pytest.mark.parametrize("state", ["state", "nowhere/state"], ids=["kept", "in-memory"])
def test_all_workers_serve_with_one_adhoc_certificate(tmp_path: Path, state: str) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (tmp_path / "nowhere").touch()
    options = ("--cert", "adhoc")
    with plain_project(site, ONE, *options, DEBUGKIT_STATE_DIR=str(tmp_path / state)) as shop:

        def certificate() -> str:
            return ssl.get_server_certificate(("127.0.0.1", shop.port), timeout=TIMEOUT)

        first = certificate()
        for text in (TWO, "def (", ONE):
            shutil.rmtree(tmp_path / "state", ignore_errors=True)
            shop.save(text)
            assert certificate() == first


# What the application writes to the channel of its reloader.

#: What is none in other ways is tried in test_messages.py.
BABBLE = (
    b"tea\n",
    b"\xff\xfe\n",
    b"[" * 100_000 + b"\n",
    b'{"kind": "Shutdown", "reload": true}\n',  # a message, but one of the supervisor's
    b"half a line",
)


def test_whatever_the_application_writes_to_the_channel_is_ignored_with_a_line(tmp_path: Path) -> None:
    text = "from debugkit.serving.reloading.control import current\n"
    for number, data in enumerate(BABBLE):
        name = tmp_path / f"babble-{number}"
        name.write_bytes(data)
        text += f"current()._channel.sock.sendall(open({str(name)!r}, 'rb').read())\n"
    with plain_project(tmp_path, text + ONE) as shop:
        first = shop.text
        assert shop.terminal.count("Ignored data that the program wrote to the reloader's own channel") == 1
        assert shop.text == first
        assert shop.save(TWO).startswith(" * Reloaded")
        assert shop.text.startswith("two")
