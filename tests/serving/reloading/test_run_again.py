"""A program is run again as it was started, with real servers and tools: from the same folder, by the same command."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from process_support import gone
from serving_support import Client, Program

pytestmark = pytest.mark.skipif(os.name != "posix", reason="workers inherit their sockets")

#: Says which program it is, which process, and whether Python would end at a prompt; can do something first.
APP = """\
import os, sys
{first}
from debugkit import run_simple
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{{WORD}} {{os.getpid()}} {{sys.flags.inspect}} {{'PYTHONINSPECT' in os.environ}}".encode()]
WORD = "{word}"
if __name__ == "__main__":
    run_simple("127.0.0.1", 0, app, use_reloader=True)
"""


def write(folder: Path, name: str, first: str = "", word: str = "right") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(APP.format(first=first, word=word))


def first_word(port: int) -> str:
    with Client(port) as client:
        return client.get("/").body.decode().split()[0]


def answers_and_reloads(folder: Path, name: str, *python: str, **variables: str) -> int:
    """Serve, save, and see the new answer. Returns the exit status after Ctrl+C."""
    with Program(python=python, cwd=folder, **variables) as program:
        port = program.port()
        program.read_until(r"^ \* Reloading with")
        assert first_word(port) == "right"
        path = folder / name
        path.write_text(path.read_text().replace('"right"', '"better"'))
        program.read_until(r"^ \* Reloaded in")
        assert first_word(port) == "better"
        return program.end(signal.SIGINT)


TOOLS = {
    "coverage": ("-m", "coverage", "run", "--data-file=measured"),
    "cProfile": ("-m", "cProfile", "-o", "measured"),
    "trace": ("-m", "trace", "--count", "--file=measured", "-C", "counts"),
}


@pytest.mark.parametrize(
    ("tool", "name"), [*((tool, "sub/app.py") for tool in TOOLS.values()), (TOOLS["coverage"], "app.py")], ids=str
)
def test_what_measures_a_program_measures_the_one_that_serves(tmp_path: Path, tool: tuple[str, ...], name: str) -> None:
    write(tmp_path, name)
    assert answers_and_reloads(tmp_path, name, *tool, name) == 128 + signal.SIGINT
    if "coverage" in tool:
        import coverage

        data = coverage.CoverageData(str(tmp_path / "measured"))
        data.read()
        assert 5 in (data.lines(str(tmp_path / name)) or []), "the lines of the view are missing"
    else:
        assert (tmp_path / "measured").stat().st_size


MODULES = {
    "inserts-a-path": ("pack", "sys.path.insert(0, '/usr')"),
    "module-in-a-package": ("pack.app", "sys.path.insert(0, '/usr')"),
    "replaces-a-path": ("pack", "sys.path[0] = '/usr'"),
    "goes-elsewhere": ("pack", "import debugkit; os.chdir('data')"),
    "goes-elsewhere-first": ("pack", "os.chdir('data')"),
    "replaces-a-path-and-goes": ("pack.app", "os.chdir('data'); sys.path[0] = '/usr'"),
}


@pytest.mark.parametrize(("module", "first"), MODULES.values(), ids=MODULES.keys())
def test_a_module_that_changes_where_it_is_runs_again(tmp_path: Path, module: str, first: str) -> None:
    (tmp_path / "data").mkdir()
    name = "pack/__main__.py" if module == "pack" else "pack/app.py"
    write(tmp_path, name, first)
    assert answers_and_reloads(tmp_path, name, "-m", module, PWD=str(tmp_path)) == 128 + signal.SIGINT


@pytest.mark.parametrize(
    ("tool", "first"),
    [
        ((), "os.chdir('data')"),
        ((), "import debugkit; os.chdir('data')"),
        (("-m", "coverage", "run"), "os.chdir('data')"),
    ],
    ids=["before", "after", "coverage"],
)
def test_a_program_is_not_taken_for_another_of_its_name(tmp_path: Path, tool: tuple[str, ...], first: str) -> None:
    write(tmp_path, "app.py", first)
    write(tmp_path, "data/app.py", word="wrong")
    assert answers_and_reloads(tmp_path, "app.py", *tool, "app.py") == 128 + signal.SIGINT


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """The two ends of a terminal: a user's, and a program's."""
    ends = os.openpty()
    yield ends
    for end in ends:
        os.close(end)


INSPECTED = {"option": (("-i",), {}), "cluster": (("-iB",), {}), "variable": ((), {"PYTHONINSPECT": "1"})}


@pytest.mark.parametrize(("options", "variables"), INSPECTED.values(), ids=INSPECTED.keys())
def test_a_prompt_asked_for_comes_when_the_server_has_ended(
    tmp_path: Path, terminal: tuple[int, int], options: tuple[str, ...], variables: dict[str, str]
) -> None:
    write(tmp_path, "app.py")
    with Program(python=(*options, "app.py"), cwd=tmp_path, stdin=terminal[1], **variables) as program:
        with Client(program.port()) as client:
            word, worker, *inspected = client.get("/").body.decode().split()
        assert (word, inspected) == ("right", ["0", "False"])
        program.send_signal(signal.SIGINT)
        assert gone(int(worker))
        os.write(terminal[0], b"print('the prompt of', WORD, app.__name__)\nexit()\n")
        program.stdout.wait_for("the prompt of right app")
        assert program.wait() == 0
