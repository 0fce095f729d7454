"""README.rst says what the code does: arguments, variables, keys, examples and the public addresses."""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import json
import re
import runpy
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from serving_support import TIMEOUT, Program

import debugkit
from debugkit.debug.http.routes import ROUTES
from debugkit.editors import EDITORS
from debugkit.runner.cli_options import project_table, resolve
from debugkit.settings import VARIABLES, Settings
from debugkit.state import user_folder

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.rst").read_text("utf-8")


def section(title: str) -> str:
    """The text below a heading, up to the next one of its kind or above."""
    [body] = re.findall(
        rf"^{re.escape(title)}\n([-~])\1+\n(.*?)(?=^[^\n]+\n(?:-{{4,}}|\1{{4,}})\n|\Z)", README, re.M | re.S
    )
    return str(body[1])


def rows(title: str) -> list[str]:
    """The first column of the tables below a heading."""
    return re.findall(r"^``([^`]+)`` {2,}", section(title), re.M)


def server_title(block: str) -> str:
    """The heading above an example."""
    before = README[: README.index(textwrap.indent(block, "    ", lambda line: bool(line.strip())))]
    title: str = re.findall(r"^(.+)\n[-~]+$", before, re.M)[-1]
    number = before.rpartition(title)[2].count("code-block:: python")
    return title.lower().replace(" ", "-") + (f"-{number}" if number > 1 else "")


def arguments() -> list[str]:
    names = [name for name in inspect.signature(debugkit.DebuggedApplication).parameters if name != "settings"]
    return sorted({*names, *Settings.__dataclass_fields__})


def test_its_pictures_are_those_that_the_script_takes_of_the_real_page() -> None:
    script = runpy.run_path(str(ROOT / "examples" / "photograph.py"))
    taken = {script["FOLDER"] / photograph.name for photograph in script["PHOTOGRAPHS"]}
    shown = re.findall(r"^\.\. image:: (\S+)\n   :alt: \w", README, re.M)

    assert set(script["FOLDER"].iterdir()) == taken
    assert len(shown) == README.count("image::") == 2
    assert {ROOT / name for name in shown} <= taken
    assert all(path.stat().st_size < 150_000 for path in taken)


def test_every_argument_is_in_the_table_and_no_other() -> None:
    table = section("DebuggedApplication").partition("These attributes")[0]

    assert sorted(re.findall(r"^``(\w+)``", table, re.M)) == arguments()


def test_every_environment_variable_is_in_the_table_with_its_meaning() -> None:
    table = re.findall(r"^``([A-Z_]+)``\s+(.+)$", section("Environment variables"), re.M)

    assert table == [(variable.name, variable.meaning.replace("`", "``")) for variable in VARIABLES]


def test_the_default_values_are_the_ones_of_the_code() -> None:
    defaults = dict(re.findall(r"^``(\w+)``\s+``([^`]+)``", section("DebuggedApplication"), re.M))
    parameters = inspect.signature(debugkit.DebuggedApplication).parameters

    for name, text in defaults.items():
        if name == "limits":
            continue
        field = Settings.__dataclass_fields__.get(name)
        real = field.default if field is not None else parameters[name].default
        assert ast.literal_eval(text) == real, name


def test_every_limit_is_in_the_table_with_its_default_and_no_other() -> None:
    table = re.findall(r"^``(\w+)``\s+``([^`]+)``", section("Limits"), re.M)

    assert [(name, ast.literal_eval(value)) for name, value in table] == [
        (field.name, field.default) for field in dataclasses.fields(debugkit.Limits)
    ]


def test_every_editor_is_named() -> None:
    paragraph = section("Debuggers and editors").partition("Known names are")[2].partition(";")[0]

    assert re.findall(r"``([\w-]+)``", paragraph) == list(EDITORS)


def test_every_address_is_in_the_table_with_who_may_ask_and_no_other() -> None:
    samples = {
        "<id>": "a1",
        "<frame id>": "a1-0",
        "<handle>": "a1-v1",
        "<file>": "page.css",
        "<n>": "1",
        "?token=<token>": "",
    }
    documented = set()
    for method, path, level in re.findall(r"^``(GET|POST) /([^`]*)``\s+(\w+)", section("Addresses"), re.M):
        for name, sample in samples.items():
            path = path.replace(name, sample)
        route = next(route for route in ROUTES if route.method == method and route.path.fullmatch(path))
        assert route.level.name.lower().replace("runner", "developer") == level, path
        documented.add(route)

    assert documented == set(ROUTES)


def shape(data: Any) -> Any:
    """The keys of JSON data, and those of the first member of each list."""
    if isinstance(data, dict):
        return {key: shape(value) for key, value in data.items()}
    return [shape(member) for member in data[:1]] if isinstance(data, list) else None


def test_the_json_of_an_error_has_the_keys_of_the_example() -> None:
    def app(environ: dict[str, Any], start_response: object) -> list[bytes]:
        item = {"name": "Tea"}
        return [item["price"]]  # type: ignore[list-item]

    [block] = re.findall(r"code-block:: json\n\n((?:    .*\n|\n)+)", README)
    environ: dict[str, Any] = {"HTTP_ACCEPT": "application/json", "REMOTE_ADDR": "127.0.0.1", "QUERY_STRING": "a=1"}
    setup_testing_defaults(environ)
    wrapped = debugkit.DebuggedApplication(app, pin_logging=False)
    problem = json.loads(b"".join(wrapped(environ, lambda status, headers, exc_info=None: lambda data: None)))
    example = json.loads(block)

    del problem["exceptions"][0]["frames"][0]["values"][1:]
    del problem["request"]["request"][0]  # the example shows the second section
    problem["request"] = {name: problem["request"][name] for name in example["request"]}
    assert shape(example) == shape(problem)


def test_the_keys_are_the_ones_of_the_script() -> None:
    lines = section("The page").splitlines()
    keys = {key for line in lines if line.startswith("``") for key in re.findall(r"``(\S)``", line[:11])}
    script = (ROOT / "static" / "keys.js").read_text("utf-8")

    assert keys == {"j", "k", "c", "e", "x", "y", "r", "/", "?"}
    for key in keys:
        assert f'"{key}"' in script or f"{key}:" in script, key


BLOCKS = [textwrap.dedent(block) for block in re.findall(r"code-block:: python\n\n((?:    .*\n|\n)+)", README)]


@pytest.mark.parametrize("block", [block for block in BLOCKS if "run_simple" not in block])
def test_the_examples_run(block: str, capsys: pytest.CaptureFixture[str]) -> None:
    def app(environ: dict[str, object], start_response: object) -> list[bytes]:
        return []

    def job() -> None:
        raise ValueError

    watched = debugkit.DebuggedApplication(app)
    names = {"app": app, "job": job, "INSTALLED_APPS": [], "__name__": "readme"}
    exec(compile(block, "README.rst", "exec"), names)
    assert watched


SERVERS = {title: block for block in BLOCKS if "run_simple" in block for title in [server_title(block)]}


@pytest.mark.parametrize("title", SERVERS)
def test_the_servers_of_the_examples_serve(title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the paths of Unix sockets must be short
    (tmp_path / "app.py").write_text(SERVERS[title].replace("8000", "0"))
    with Program(python=("app.py",), cwd=tmp_path) as process:
        place = process.read_until(r"^    (?:https?://(\S+):(\d+)/|unix:(\S+))$")
        process.read_until("Press Ctrl")
        host, port, path = place.groups()
        with socket.socket(socket.AF_UNIX if path else socket.AF_INET) as sock:
            sock.settimeout(TIMEOUT)
            sock.connect(path or ("127.0.0.1", int(port)))
            if "https" in place[0]:
                sock = trusting(tmp_path).wrap_socket(sock, server_hostname=host)
            with sock:
                sock.sendall(b"GET / HTTP/1.0\r\nHost: shop.test\r\n\r\n")
                answer = b"".join(iter(lambda: sock.recv(65536), b""))
        assert answer.endswith((b"Hello World!", b"This is shop.test"))
        assert process.end(signal.SIGTERM) == 128 + signal.SIGTERM
        if "after_start" in SERVERS[title]:
            assert process.stdout.rest().startswith("started by a reloader\nready at http://localhost:")


def trusting(folder: Path) -> ssl.SSLContext:
    """A client's context that trusts the certificate which the example uses, and no other."""
    own = folder / "shop.crt"
    found = own if own.exists() else user_folder() / "tls.crt"  # type: ignore[operator]
    return ssl.create_default_context(cafile=found)


@pytest.mark.parametrize("command", re.findall(r"^    debugkit (run examples/plain.*)$", README, re.M))
def test_the_commands_of_the_readme_serve(command: str) -> None:
    words = [word.replace("8000", "0") for word in shlex.split(command)]
    with Program(*words, *(["--port", "0"] if "--bind" not in words else [])) as process:
        process.read_until(r"^    https?://")
        process.read_until("Press Ctrl")
        assert process.end(signal.SIGTERM) == 128 + signal.SIGTERM


def test_the_project_file_of_the_readme_is_understood(tmp_path: Path) -> None:
    block = re.findall(r"code-block:: toml\n\n((?:    .*\n|\n)+)", README)[0]
    (tmp_path / "pyproject.toml").write_text(textwrap.dedent(block))
    table, source = project_table(tmp_path)

    assert resolve({}, {}, table, source)["exclude_patterns"] == ("scratch/",)
    assert (ROOT / table["target"]).is_file()


def test_every_argument_of_run_simple_is_named() -> None:
    paragraph = section("run_simple").partition("Its arguments are those")[2]

    named = [name for name in re.findall(r"``(\w+)``", paragraph) if name not in ("run_simple", "request_handler")]

    assert named == [name for name in inspect.signature(debugkit.run_simple).parameters if name != "request_handler"]


def test_every_option_of_the_command_line_is_in_the_table_and_no_other() -> None:
    # Of an option that can be switched, the table has the form that changes something.
    options = [option.replace("--no-", "--") for option in rows("The command line")]
    offered = re.findall(r"^  (?:-h, )?(--[a-z-]+)", help_text(), re.M)

    assert options == [option for option in offered if option != "--help"]


def test_every_option_of_the_errors_command_is_described() -> None:
    from debugkit.servers.arguments import add_arguments

    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)

    for action in parser._actions:
        for option in action.option_strings:
            assert f"``{option}" in section("Scripts and assistants"), option


def test_every_option_of_the_django_command_is_in_the_table_and_no_other() -> None:
    from debugkit.django.options import add_arguments

    table = section("Django's runserver_plus").partition("Settings may")[0]
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser, checks=True)
    offered = {(action.option_strings or [action.dest])[0] for action in parser._actions}

    assert set(re.findall(r"^``([a-z0-9-]+)``", table, re.M)) == offered


def test_every_setting_of_the_django_command_is_in_the_table_and_no_other() -> None:
    from debugkit.django import options

    asked: set[str] = set()

    class Settings:
        def __getattr__(self, name: str) -> object:
            asked.add(name)
            raise AttributeError(name)

    options.resolve({"print_sql": True}, Settings())
    options.resolve({}, Settings())

    named = {name for name in rows("Django's runserver_plus") if name.startswith("DEBUGKIT_")}
    assert named == {name for name in asked if name.startswith("DEBUGKIT_")}
    assert {name.removeprefix("DEBUGKIT_") for name in named} == {
        name.removeprefix("RUNSERVERPLUS_") for name in asked if name.startswith("RUNSERVERPLUS_")
    }


def help_text() -> str:
    command = [sys.executable, "-m", "debugkit", "run", "--help"]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True).stdout


def test_the_commands_are_the_ones_of_the_continuous_integration() -> None:
    command = 'pip install -e ".[test]" && python -m pytest'

    assert f"    {command}\n" in README
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert command in script


def test_the_benchmark_is_described_and_its_figures_say_where_they_come_from() -> None:
    text, folder = " ".join(section("Benchmarks").split()), ROOT / "tests" / "benchmarks"
    parts = re.findall(r'^    "(\w+)": ', (folder / "parts" / "__init__.py").read_text("utf-8"), re.M)
    options = re.findall(r'"(--\w+)"', (folder / "run.py").read_text("utf-8"))

    assert parts
    assert options
    for name in parts + options:
        assert re.search(rf"``{name}\b", text), name
    assert re.search(r"\d{4}-\d\d-\d\d, .+, \d+ cores, .+Python \d+\.\d+", text)
    assert re.search(r"debugkit \d\S*, Werkzeug \d", text)
    assert "from one noisy machine" in text


def test_the_example_that_the_readme_runs_is_there() -> None:
    assert "debugkit run examples/shop/app.py" in README
    assert (ROOT / "examples" / "shop" / "app.py").is_file()


def test_changes_name_the_version_of_the_package() -> None:
    assert f"\n{debugkit.__version__}\n---" in (ROOT / "CHANGES.rst").read_text("utf-8")
    assert f'version = "{debugkit.__version__}"' in (ROOT / "pyproject.toml").read_text("utf-8")
