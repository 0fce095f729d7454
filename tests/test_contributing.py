"""What CONTRIBUTING.rst sends people to is there, and versions agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import debugkit

ROOT = Path(__file__).parents[1]
CONTRIBUTING = (ROOT / ".github" / "CONTRIBUTING.rst").read_text("utf-8")
RECIPES = CONTRIBUTING.partition("\nRecipes\n---")[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_files_and_folders_that_it_names_are_there() -> None:
    named = set(re.findall(r"(?<![\w/.])((?:\.ci|\.github|debugkit|tests|examples)/[\w./-]*)", CONTRIBUTING))

    assert len(named) > 15
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("attribute", "debugkit/debug/safe/inspection.py"),
        ("makers", "debugkit/debug/page/panels.py"),
        ("_table(", "debugkit/debug/page/panels.py"),
        ("class Panel", "debugkit/debug/framework_report.py"),
        ("class FrameworkReport", "debugkit/debug/framework_report.py"),
        ("ROUTES", "debugkit/debug/http/routes.py"),
        ("NEEDED", "tests/debug/http/test_routes.py"),
        ("class Framework", "debugkit/debug/frameworks/framework.py"),
        ("PACKAGES", "debugkit/debug/frameworks/known.py"),
        ("def respond(", "debugkit/debug/http/routes.py"),
        ("def failed_response(", "debugkit/debug/http/error_response.py"),
        ("class Request", "debugkit/debug/messages.py"),
        ("class Response", "debugkit/debug/messages.py"),
    ],
)
def test_what_a_recipe_begins_with_is_in_the_file_that_it_names(name: str, path: str) -> None:
    assert name.removeprefix("class ").removeprefix("def ").removeprefix("_").partition("(")[0] in RECIPES
    assert path in CONTRIBUTING
    assert name in (ROOT / path).read_text("utf-8")


@pytest.mark.parametrize("name", ["record", "report"])
def test_the_methods_that_an_adapter_calls_exist(name: str) -> None:
    from debugkit.debug.debugger import Debugger

    assert f"``Debugger.{name}``" in RECIPES
    assert callable(getattr(Debugger, name))


def test_the_extras_of_the_set_up_exist() -> None:
    (extras,) = re.findall(r'pip install -e "\.\[([\w,]+)\]"', CONTRIBUTING)

    assert set(extras.split(",")) <= PROJECT["optional-dependencies"].keys()


def test_the_newest_changes_are_those_of_the_version() -> None:
    changes = (ROOT / "CHANGES.rst").read_text("utf-8")
    versions = re.findall(r"^(\d+(?:\.\d+)+)\n-+$", changes, re.M)

    assert versions[0] == PROJECT["version"] == debugkit.__version__
    assert versions == sorted(versions, key=lambda version: [int(part) for part in version.split(".")], reverse=True)


def test_the_tested_versions_of_python_begin_with_the_oldest_allowed() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    (listed,) = re.findall(r"python: \[(.+)\]", workflow)

    assert PROJECT["requires-python"] == f">={re.findall(r'[0-9.]+', listed)[0]}"
    assert "run: .ci/run" in workflow
