"""README.rst says what the code does: arguments, variables, keys, examples and the public addresses."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import debugkit
from debugkit.settings import VARIABLES, Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.rst").read_text("utf-8")


def arguments() -> list[str]:
    names = [name for name in inspect.signature(debugkit.DebuggedApplication).parameters if name != "settings"]
    return sorted({*names, *Settings.__dataclass_fields__})


def test_every_argument_stands_in_the_table_and_no_other() -> None:
    found = re.findall(r"^``(\w+)``", README.partition("Arguments of")[2].partition("Environment variables")[0], re.M)

    assert sorted(found) == arguments()


def test_every_environment_variable_stands_in_the_table_with_its_meaning() -> None:
    found = re.findall(r"^``([A-Z_]+)``\s+(.+)$", README.partition("Environment variables;")[2], re.M)

    assert found == [(variable.name, variable.meaning.replace("`", "``")) for variable in VARIABLES]


def test_the_default_values_are_the_ones_of_the_code() -> None:
    section = README.partition("Arguments of")[2].partition("Environment variables")[0]
    defaults = dict(re.findall(r"^``(\w+)``\s+``([^`]+)``", section, re.M))
    parameters = inspect.signature(debugkit.DebuggedApplication).parameters

    for name, text in defaults.items():
        if name == "limits":
            continue
        field = Settings.__dataclass_fields__.get(name)
        real = field.default if field is not None else parameters[name].default
        assert ast.literal_eval(text) == real, name


def test_the_keys_are_the_ones_of_the_script() -> None:
    section = README.partition("The page\n--------")[2].partition("The console runs")[0]
    keys = {key for line in section.splitlines() if line.startswith("``") for key in re.findall(r"``(\S)``", line[:11])}
    script = (ROOT / "static" / "keys.js").read_text("utf-8")

    assert keys == {"j", "k", "c", "y", "?"}
    for key in keys:
        assert f'"{key}"' in script or f"{key}:" in script, key


@pytest.mark.parametrize("block", re.findall(r"code-block:: python\n\n((?:    .*\n|\n)+)", README))
def test_the_examples_run(block: str, capsys: pytest.CaptureFixture[str]) -> None:
    def app(environ: dict[str, object], start_response: object) -> list[bytes]:
        return []

    def job() -> None:
        raise ValueError

    watched = debugkit.DebuggedApplication(app)
    exec(compile(textwrap.dedent(block), "README.rst", "exec"), {"app": app, "job": job, "__name__": "readme"})
    assert watched


def test_every_option_of_the_command_line_stands_in_the_table_and_no_other() -> None:
    section = README.partition("The command line\n-----")[2].partition("In a program")[0]
    options = re.findall(r"^``(--[a-z-]+)``", section, re.M)
    offered = re.findall(r"^  (?:-h, )?(--[a-z-]+)", help_text(), re.M)

    assert options == [option for option in offered if option != "--help"]


def help_text() -> str:
    command = [sys.executable, "-m", "debugkit", "run", "--help"]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout


def test_the_commands_are_the_ones_of_the_continuous_integration() -> None:
    command = 'pip install -e ".[test]" && python -m pytest'

    assert f"    {command}\n" in README
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert command in script


def test_the_example_that_the_readme_runs_is_there() -> None:
    assert "debugkit run examples/shop/app.py" in README
    assert (ROOT / "examples" / "shop" / "app.py").is_file()


def test_changes_name_the_version_of_the_package() -> None:
    assert f"\n{debugkit.__version__}\n---" in (ROOT / "CHANGES.rst").read_text("utf-8")
    assert f'version = "{debugkit.__version__}"' in (ROOT / "pyproject.toml").read_text("utf-8")
