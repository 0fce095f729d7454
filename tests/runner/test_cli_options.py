"""The options from three places: which wins, what is refused, and that no row of the table is forgotten."""

from __future__ import annotations

import argparse
import inspect
from pathlib import Path
from typing import Any

import pytest

from debugkit.cli import certificate, make_choices, static_files
from debugkit.errors import ConfigurationError
from debugkit.runner.cli_options import NAMES, OPTIONS, add_options, project_table, resolve
from debugkit.runner.config import Choices
from debugkit.runner.run import run_simple
from debugkit.runner.target import Target


def options(
    *arguments: str, environ: dict[str, str] | None = None, table: dict[str, Any] | None = None
) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return resolve(vars(parser.parse_args(arguments)), environ or {}, table or {}, "pyproject.toml")


def test_without_a_word_the_defaults_hold() -> None:
    assert options() == {option.name: option.value for option in OPTIONS}


def test_the_command_line_wins_over_the_environment_and_that_over_the_project() -> None:
    table, environ = {"port": 1, "host": "a.test", "evalex": False}, {"DEBUGKIT_PORT": "2", "DEBUGKIT_HOST": "b.test"}

    found = options("--port", "3", environ=environ, table=table)

    assert (found["port"], found["host"], found["evalex"]) == (3, "b.test", False)


SAMPLES: dict[str, tuple[str, Any]] = {"text": ("auto", "auto"), "whole": ("7", 7), "number": ("0.5", 0.5)}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_option_can_be_given_in_all_three_places(option: Any) -> None:
    if option.kind == "flag":
        word = f"--no-{option.flag[2:]}" if option.value else option.flag
        assert options(word)[option.name] is not option.value
        assert options(environ={option.variable: "off" if option.value else "ON"})[option.name] is not option.value
        assert options(table={option.name: not option.value})[option.name] is not option.value
    elif option.kind in ("list", "names"):
        assert options(option.flag, "a", option.flag, "b")[option.name] == ("a", "b")
        assert options(environ={option.variable: "a, b"})[option.name] == ("a", "b")
        assert options(table={option.flag[2:]: ["a", "b"]})[option.name] == ("a", "b")
    else:
        text, value = ("vscode", "vscode") if option.name == "editor" else SAMPLES[option.kind]
        assert options(option.flag, text)[option.name] == value
        assert options(environ={option.variable: text})[option.name] == value
        assert options(table={option.name: value})[option.name] == value


def test_several_names_may_stand_in_one_word() -> None:
    assert options("--preload", "pandas,sqlalchemy", "--preload", "django")["preload"] == (
        "pandas",
        "sqlalchemy",
        "django",
    )


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"DEBUGKIT_PORT": "http"}, "Invalid value for DEBUGKIT_PORT: 'http'. Give a whole number"),
        ({"DEBUGKIT_PORT": "-1"}, "Invalid value for DEBUGKIT_PORT: '-1'"),
        ({"DEBUGKIT_RELOAD": "perhaps"}, "Invalid value for DEBUGKIT_RELOAD: 'perhaps'. Give 1, true, yes, on, or"),
        ({"DEBUGKIT_RELOADER_TYPE": "magic"}, "Give one of auto, stat, watchdog"),
        ({"DEBUGKIT_RELOADER_INTERVAL": "0"}, "a number of seconds above 0"),
        ({"DEBUGKIT_RELOADER_INTERVAL": "nan"}, "a number of seconds above 0"),
        ({"DEBUGKIT_EDITOR": "vscod"}, "did you mean vscode"),
    ],
    ids=["word-for-number", "negative", "flag", "choice", "zero", "nan", "editor"],
)
def test_a_value_that_cannot_work_is_a_sentence_that_names_its_place(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        options(environ=environ)
    assert sentence in caught.value.explanation


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"prt": 80}, "did you mean port?"),
        ({"something": 80}, "it can hold target, host, port"),
        ({"port": True}, "for port in pyproject.toml: True"),
        ({"host": 1}, "Invalid value for host in pyproject.toml: 1. Give a text"),
        ({"bind": [1]}, "a list of strings"),
        ({"reload": 1}, "for reload in pyproject.toml: 1"),
        ({"static_files": {"/static": "assets"}}, "a list of strings"),
    ],
    ids=[
        "misspelt",
        "unknown",
        "flag-for-number",
        "number-for-text",
        "numbers-in-list",
        "number-for-flag",
        "table-for-list",
    ],
)
def test_a_wrong_table_is_a_sentence(table: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        options(table=table)
    assert sentence in caught.value.explanation


def test_the_nearest_project_file_counts(tmp_path: Path) -> None:
    inner = tmp_path / "src" / "shop"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.debugkit]\ntarget = 'shop:app'\nport = 1234\n")

    assert project_table(inner) == ({"target": "shop:app", "port": 1234}, str(tmp_path / "pyproject.toml"))

    (inner / "pyproject.toml").write_text("[project]\nname = 'shop'\n")
    assert project_table(inner) == ({}, str(inner / "pyproject.toml"))


@pytest.mark.parametrize("text", ["[tool.debugkit\n", "[tool]\ndebugkit = 1\n"], ids=["no-toml", "no-table"])
def test_a_project_file_that_cannot_be_read_is_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"pyproject\.toml"):
        project_table(tmp_path)


# What they mean.


def choices(*arguments: str) -> Choices:
    return make_choices(options(*arguments), Target("shop"), "shop", explicit=True)


def test_every_parameter_of_run_simple_has_an_option() -> None:
    renamed = {
        "hostname": "host",
        "application": "port",  # the target
        "use_reloader": "reload",
        "use_debugger": "debugger",
        "use_evalex": "evalex",
        "request_handler": "port",  # refused
        "ssl_context": "cert",
    }
    for name in inspect.signature(run_simple).parameters:
        assert renamed.get(name, name) in NAMES


def test_options_become_choices() -> None:
    found = choices("--bind", "[::1]:1", "--bind", "unix:/a", "--no-reload", "--no-threaded", "--processes", "2")

    assert found.addresses == ("[::1]:1", "unix:/a")
    assert (found.reload, found.threaded, found.processes) == (False, False, 2)
    assert choices("--no-debugger").debugger is None
    assert (choices("--no-pin", "--redact", "tea").debugger or {})["redact"] == ("tea",)


def test_a_certificate_is_a_file_with_or_without_a_key_or_made() -> None:
    assert certificate(None, None) is None
    assert certificate("adhoc", None) == "adhoc"
    assert certificate("a.crt", "a.key") == ("a.crt", "a.key")
    assert certificate("both.pem", None) == ("both.pem", None)
    with pytest.raises(ConfigurationError, match="--key requires --cert"):
        choices("--key", "a.key")


def test_static_files_are_addresses_with_paths() -> None:
    assert static_files(["/static=files", "/a=b=c"]) == {"/static": "files", "/a": "b=c"}
    with pytest.raises(ConfigurationError, match="write /static=path"):
        static_files(["static"])
