"""The same program, run again: real interpreters, started in every way that Python knows."""

from __future__ import annotations

import subprocess
import sys
import zipapp
from pathlib import Path

import pytest
from process_support import TIMEOUT
from serving_support import environ

from debugkit.errors import ConfigurationError
from debugkit.serving.reloading.command_line import (
    Program,
    first_folder,
    split,
    this_program,
    without_debugger,
    without_prompt,
)

#: Tells what a program can see of how it was started.
TELL = """
import json, sys
print(json.dumps([__name__, sys.argv, sys.orig_argv[1:], sys.path[0], __spec__ and __spec__.name,
                  globals().get("__file__"), sys.modules["__main__"].__dict__ is globals(), sys.warnoptions]))
"""
#: What a worker does: gets the program as plain values and runs it.
AGAIN = """
import json, sys
sys.path[:] = [one for one in sys.path if one]
from debugkit.serving.reloading.command_line import Program
from debugkit.serving.reloading.messages import from_json
from_json(Program, json.loads(sys.argv[1])).run()
"""
#: Prepended to a program: print it as plain values and end.
SELF = """
import dataclasses, json, sys
from debugkit.serving.reloading.command_line import this_program
print(json.dumps(dataclasses.asdict(this_program())))
"""


def python(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environ(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "a place with spaces"
    (folder / "pack").mkdir(parents=True)
    (folder / "pack" / "__init__.py").touch()
    return folder


CASES = {
    "script": ["tell.py", "one", "--two"],
    "script-in-a-folder": ["pack/tell.py"],
    "module": ["-m", "pack.tell", "-x"],
    "module-in-one-word": ["-mpack.tell"],
    "package": ["-m", "pack"],
    "options": ["-B", "-W", "ignore::UserWarning", "-Xdev", "tell.py"],
    "options-in-one-word": ["-BWignore", "tell.py", "-W", "mine"],
    "folder": ["pack", "one"],
    "archive": ["tell.pyz", "one"],
    "absolute": ["{place}/tell.py"],
}


@pytest.mark.parametrize("command", CASES.values(), ids=CASES.keys())
def test_a_program_that_runs_again_sees_what_it_saw_the_first_time(place: Path, command: list[str]) -> None:
    command = [word.format(place=place) for word in command]

    def write(text: str) -> None:
        for name in ("tell.py", "pack/tell.py", "pack/__main__.py"):
            (place / name).write_text(text)
        zipapp.create_archive(place / "pack", place / "tell.pyz")

    write(TELL)
    first = python(*command, cwd=place)
    write(SELF)
    itself = python(*command, cwd=place)
    write(TELL)
    options, *_ = split(["python", *command])
    again = python(*options, "-c", AGAIN, itself, cwd=place)

    assert again == first


def test_a_command_runs_again(tmp_path: Path) -> None:
    text = "import sys; print(__name__, sys.argv, '__file__' in globals())"
    program = Program("command", text, ("one",), (), str(tmp_path), ())
    arguments = f"'command', {text!r}, ('one',), (), '.', ()"
    code = f"from debugkit.serving.reloading.command_line import Program; Program({arguments}).run()"

    assert python("-c", text, "one", cwd=tmp_path) == python("-c", code, cwd=tmp_path)
    assert program.root == tmp_path


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("app.py --port 80", ((), "script", "app.py", ("--port", "80"))),
        ("-m shop -c x", ((), "module", "shop", ("-c", "x"))),
        ("-uBm shop", (("-uB",), "module", "shop", ())),
        ("-c print() a", ((), "command", "print()", ("a",))),
        ("-X dev -W error app.py", (("-Xdev", "-Werror"), "script", "app.py", ())),
        ("-Xdev -bb app.py", (("-Xdev", "-bb"), "script", "app.py", ())),
        ("--check-hash-based-pycs never app.py", (("--check-hash-based-pycs", "never"), "script", "app.py", ())),
        ("-", ((), "stdin", "-", ())),
        ("", ((), "stdin", "", ())),
        ("-i", (("-i",), "stdin", "", ())),
    ],
    ids=lambda value: value if isinstance(value, str) and value else "none",
)
def test_a_command_line_is_taken_apart_as_python_does(words: str, expected: object) -> None:
    assert split(["python", *words.split()]) == expected


def test_a_program_read_from_stdin_cannot_run_again() -> None:
    with pytest.raises(ConfigurationError, match="put the code into a file"):
        this_program(["python", "-"])


@pytest.mark.parametrize("name", ["app.py", "pack/app.py", "../app.py", "pack", "pack.pyz"])
def test_a_script_is_found_after_the_working_directory_has_changed(place: Path, name: str) -> None:
    text = (
        "import os; os.mkdir('elsewhere'); os.chdir('elsewhere')\n"
        "from debugkit.serving.reloading.command_line import this_program\nprint(this_program().folder)"
    )
    if name.endswith(".py"):
        (place / name).write_text(text)
    else:
        (place / "pack" / "__main__.py").write_text(text)
        zipapp.create_archive(place / "pack", place / "pack.pyz")

    assert python(name, cwd=place).strip() == str(place)


DEBUGGED = {
    "-m debugpy --listen 5678 app.py one": "app.py one",
    "-m debugpy --wait-for-client --listen :5 -m shop -x": "-m shop -x",
    "-Xdev -m debugpy --configure-qt none --connect 5678 -c pass": "-Xdev -c pass",
    "/lib/debugpy/launcher/../../debugpy --connect 5 --log-to-stderr --adapter-access-token t a.py": "a.py",
    "/lib/pydevd.py --multiprocess --client 127.0.0.1 --port 1 --file app.py --file x": "app.py --file x",
    "/lib/pydevd.py --module --port 1 --file shop one": "-m shop one",
    "app.py -m debugpy --listen 5678": "app.py -m debugpy --listen 5678",
}


@pytest.mark.parametrize(("words", "expected"), DEBUGGED.items())
def test_a_debugger_is_not_started_again_by_what_it_runs(words: str, expected: str) -> None:
    assert without_debugger(["python", *words.split()]) == ("python", *expected.split())


@pytest.mark.parametrize(
    ("options", "expected"),
    [(["-i"], ()), (["-iB", "-Xdev"], ("-B", "-Xdev")), (["-Wignore", "--invented"], ("-Wignore", "--invented"))],
    ids=["alone", "cluster", "values"],
)
def test_the_prompt_at_the_end_is_not_an_option_of_a_worker(options: list[str], expected: tuple[str, ...]) -> None:
    assert without_prompt(options) == expected


def test_a_script_that_cannot_be_found_again_is_a_clear_error() -> None:
    with pytest.raises(ConfigurationError, match="the working directory has changed"):
        first_folder("script", "nowhere-to-be-found.py")


def test_the_root_is_where_the_modules_of_the_program_are(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()

    assert Program("script", "pack/app.py", (), (), str(tmp_path), ()).root == tmp_path / "pack"
    assert Program("script", "pack", (), (), str(tmp_path), ()).root == tmp_path / "pack"
    assert Program("module", "pack.app", (), (), str(tmp_path), ()).root == tmp_path
